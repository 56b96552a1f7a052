// A stapled OCSP response, RFC 6960: what it says of the leaf, and whether the leaf's issuer said it.
#include "alerts/cert/private.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509_vfy.h>

enum {
	EARLY_S = 300,                // clocks of responder and sensor may differ so much
	AGE_MAX_S = 10 * 24 * 3600,   // without a next update; no public authority lets one live longer
};

static bool issued(struct cert_work *w, X509 *x, X509 *leaf)
{
	return X509_check_issued(x, leaf) == X509_V_OK && cert_work_signed(w, leaf, X509_get0_pubkey(x)) == SIGNED_YES;
}

// Roots are rarely sent. Of several of one name in the store, the one whose key made the signature.
static X509 *stored_issuer(X509_STORE *store, X509 *leaf, struct cert_work *w)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *named = NULL;
	X509 *found = NULL;

	if (ctx && X509_STORE_CTX_init(ctx, store, leaf, NULL))
		named = X509_STORE_CTX_get1_certs(ctx, X509_get_issuer_name(leaf));
	for (int i = 0; !found && i < sk_X509_num(named); i++) {
		X509 *x = sk_X509_value(named, i);
		if (issued(w, x, leaf) && X509_up_ref(x))
			found = x;
	}
	sk_X509_pop_free(named, X509_free);
	X509_STORE_CTX_free(ctx);
	return found;
}

// The certificate whose key signed the leaf, of those that were sent and then of the store. To be freed.
static X509 *issuer_of(X509_STORE *store, const struct cert_chain *c, struct cert_work *w)
{
	X509 *leaf = c->link[0].x509;

	for (unsigned i = 1; leaf && i < c->n; i++) {
		X509 *x = c->link[i].x509;
		if (x && issued(w, x, leaf))
			return X509_up_ref(x) ? x : NULL;
	}
	return leaf && store ? stored_issuer(store, leaf, w) : NULL;
}

// Of the responder's certificates that came along, any may turn out to be the signer.
static bool signers_afford(struct cert_work *w, const OCSP_BASICRESP *basic, X509 *issuer)
{
	const STACK_OF(X509) *sent = OCSP_resp_get0_certs(basic);
	struct cert_names names = {0};
	bool fine = cert_work_afford(w, X509_get0_pubkey(issuer));
	uint32_t left = w->left;

	cert_work_count(&names, issuer);
	for (int i = 0; fine && i < sk_X509_num(sent); i++) {
		X509 *x = sk_X509_value(sent, i);
		w->left = left;
		cert_work_count(&names, x);
		fine = cert_work_afford(w, X509_get0_pubkey(x));
	}
	return fine && cert_work_compare(w, &names);
}

// Signed by the issuer, or by one to whom it gave a certificate for that: the issuer alone is trusted, and nothing the
// response brings may stand between.
static bool verified(const OCSP_BASICRESP *basic, X509 *issuer)
{
	X509_STORE *store = X509_STORE_new();
	STACK_OF(X509) *issuers = sk_X509_new_null();
	bool fine = store && issuers && sk_X509_push(issuers, issuer) && X509_STORE_add_cert(store, issuer);

	if (fine) {
		X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_NO_CHECK_TIME);
		X509_VERIFY_PARAM_set_auth_level(X509_STORE_get0_param(store), 0);
		fine = OCSP_basic_verify((OCSP_BASICRESP *)basic, issuers, store, OCSP_NOCHAIN) == 1;
	}
	sk_X509_free(issuers);
	X509_STORE_free(store);
	return fine;
}

// Is this answer about the leaf? The responder chooses the hash of the names it uses.
static bool about(const OCSP_SINGLERESP *single, X509 *leaf, X509 *issuer)
{
	const OCSP_CERTID *theirs = OCSP_SINGLERESP_get0_id(single);
	ASN1_OBJECT *algorithm = NULL;
	ASN1_INTEGER *serial = NULL;

	OCSP_id_get0_info(NULL, &algorithm, NULL, &serial, (OCSP_CERTID *)theirs);
	const EVP_MD *md = algorithm ? EVP_get_digestbyobj(algorithm) : NULL;
	if (!md || ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(leaf)) != 0)
		return false;
	OCSP_CERTID *ours = OCSP_cert_to_id(md, leaf, issuer);
	bool same = ours && OCSP_id_cmp(ours, theirs) == 0;
	OCSP_CERTID_free(ours);
	return same;
}

static void take(struct cert_staple *out, OCSP_SINGLERESP *single)
{
	ASN1_GENERALIZEDTIME *this_update = NULL, *next_update = NULL;
	int reason = -1;
	int status = OCSP_single_get0_status(single, &reason, NULL, &this_update, &next_update);

	out->status = status == V_OCSP_CERTSTATUS_GOOD	    ? STAPLE_GOOD
		      : status == V_OCSP_CERTSTATUS_REVOKED ? STAPLE_REVOKED
							    : STAPLE_UNKNOWN;
	out->hold = reason == OCSP_REVOKED_STATUS_CERTIFICATEHOLD;
	out->this_update_s = cert_read_time(this_update, 0);
	out->next_update_s = cert_read_time(next_update, 0);
}

static void find(struct cert_staple *out, OCSP_BASICRESP *basic, X509 *leaf, X509 *issuer)
{
	for (int i = 0; i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
		if (about(single, leaf, issuer)) {
			take(out, single);
			return;
		}
	}
}

static void read_basic(struct cert_staple *out, X509_STORE *store, const struct cert_chain *c, OCSP_BASICRESP *basic)
{
	struct cert_work w = {.left = CERT_WORK_MAX};
	X509 *issuer = issuer_of(store, c, &w);

	if (issuer && signers_afford(&w, basic, issuer) && verified(basic, issuer))
		find(out, basic, c->link[0].x509, issuer);
	X509_free(issuer);
	out->costly = w.costly;
}

void cert_staple_read(struct cert_staple *out, X509_STORE *store, const struct cert_chain *c, const uint8_t *ocsp, size_t len)
{
	const uint8_t *at = ocsp;

	*out = (struct cert_staple){.status = STAPLE_UNREADABLE, .costly = len > CERT_DER_MAX};
	OCSP_RESPONSE *response = out->costly ? NULL : d2i_OCSP_RESPONSE(NULL, &at, (long)len);
	if (response && at == ocsp + len) {
		bool successful = OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL;
		OCSP_BASICRESP *basic = successful ? OCSP_response_get1_basic(response) : NULL;
		// "Try later" and the like: signed by nobody, and nothing is said of the leaf.
		if (!successful || basic)
			out->status = STAPLE_UNVERIFIED;
		if (basic)
			read_basic(out, store, c, basic);
		OCSP_BASICRESP_free(basic);
	}
	OCSP_RESPONSE_free(response);
}

// A revocation does not end with the response that told it.
uint8_t cert_staple_at(const struct cert_staple *s, int64_t now_s)
{
	bool tells = s->status == STAPLE_GOOD || s->status == STAPLE_UNKNOWN || (s->status == STAPLE_REVOKED && s->hold);
	int64_t end_s = s->next_update_s ? s->next_update_s : s->this_update_s + AGE_MAX_S;

	if (tells && (now_s > end_s || now_s < s->this_update_s - EARLY_S))
		return STAPLE_STALE;
	return s->status;
}

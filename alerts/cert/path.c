// From the leaf to the trust store, by OpenSSL, with everything said that is wrong and not only the first.
//
// Dates decide nothing here (they are findings of their own; those of the intermediates are handed on), and neither do
// key lengths (level 0: findings, too) and the purpose of keys: an extended key usage that lacks serverAuth is odd, but
// it is no missing path, which is what the finding says.
#include "alerts/cert/private.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

// What one run found wrong.
struct walk {
	bool unable;       // to say anything
	bool self, root_unknown, incomplete, broken;
	X509 *suspect;     // the issuer whose key did not make the signature below it
	struct cert_window window;
};

static const struct cert_window always = {.not_before_s = INT64_MIN, .not_after_s = INT64_MAX};

static struct cert_window window_of(const X509 *x)
{
	return (struct cert_window){.not_before_s = cert_read_time(X509_get0_notBefore(x), INT64_MIN),
		.not_after_s = cert_read_time(X509_get0_notAfter(x), INT64_MAX)};
}

static bool same_authority(const X509 *a, const X509 *b)
{
	return X509_NAME_cmp(X509_get_subject_name(a), X509_get_subject_name(b)) == 0 &&
	       EVP_PKEY_eq(X509_get0_pubkey(a), X509_get0_pubkey(b)) == 1;
}

// An authority whose certificate was renewed may be sent twice, old and new, and either makes the path.
static void narrow(struct cert_window *w, const X509 *x, const struct cert_chain *c)
{
	struct cert_window own = window_of(x);

	for (unsigned i = 1; i < c->n; i++) {
		const X509 *other = c->link[i].x509;
		if (!other || !same_authority(other, x))
			continue;
		struct cert_window its = window_of(other);
		own.not_before_s = its.not_before_s < own.not_before_s ? its.not_before_s : own.not_before_s;
		own.not_after_s = its.not_after_s > own.not_after_s ? its.not_after_s : own.not_after_s;
	}
	w->not_before_s = own.not_before_s > w->not_before_s ? own.not_before_s : w->not_before_s;
	w->not_after_s = own.not_after_s < w->not_after_s ? own.not_after_s : w->not_after_s;
}

// A root ends a path, for us as for OpenSSL.
static bool is_root(X509 *x)
{
	return (X509_get_extension_flags(x) & EXFLAG_SS) != 0;
}

static struct cert_window window_of_path(const STACK_OF(X509) *path, const struct cert_chain *c)
{
	struct cert_window w = always;

	for (int i = 1; i < sk_X509_num(path); i++)
		if (!is_root(sk_X509_value(path, i)))
			narrow(&w, sk_X509_value(path, i), c);
	return w;
}

// Without a store: what was sent, as long as each is by its name the issuer of the one before.
static struct cert_window window_as_sent(const struct cert_chain *c)
{
	struct cert_window w = always;

	for (unsigned i = 1; i < c->n && c->link[i - 1].x509 && c->link[i].x509; i++) {
		X509 *x = c->link[i].x509, *below = c->link[i - 1].x509;
		if (is_root(below) || is_root(x) || X509_NAME_cmp(X509_get_issuer_name(below), X509_get_subject_name(x)) != 0)
			break;
		narrow(&w, x, c);
	}
	return w;
}

// An algorithm that OpenSSL does not have makes no wrong signature, and no issuer fits to it.
static bool foreign_signature(X509_STORE_CTX *ctx)
{
	X509 *x = X509_STORE_CTX_get_current_cert(ctx);

	return !x || cert_read_hash(x) == HASH_UNKNOWN;
}

static void note_signature(struct walk *w, X509_STORE_CTX *ctx)
{
	STACK_OF(X509) *path = X509_STORE_CTX_get0_chain(ctx);

	w->unable |= foreign_signature(ctx);
	w->broken = true;
	w->suspect = sk_X509_value(path, X509_STORE_CTX_get_error_depth(ctx) + 1);
}

// Called for each trouble; 1 goes on, so that a forged signature is seen below an unknown root, too.
static int note(int ok, X509_STORE_CTX *ctx)
{
	struct walk *w = X509_STORE_CTX_get_app_data(ctx);

	if (ok)
		return 1;
	switch (X509_STORE_CTX_get_error(ctx)) {
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		w->self = true;
		break;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_CERT_UNTRUSTED:
	case X509_V_ERR_CERT_REJECTED:
		w->root_unknown = true;
		break;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		w->unable |= foreign_signature(ctx);
		w->incomplete = true;
		break;
	case X509_V_ERR_CERT_SIGNATURE_FAILURE:
		note_signature(w, ctx);
		break;
	case X509_V_ERR_OUT_OF_MEM:
	case X509_V_ERR_UNSPECIFIED:
	case X509_V_ERR_CERT_CHAIN_TOO_LONG:
	case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
		w->unable = true;
		break;
	default:
		w->broken = true;
	}
	return 1;
}

static struct walk run(X509_STORE *store, const struct cert_chain *c, STACK_OF(X509) *sent)
{
	struct walk w = {.window = always};
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	if (!ctx || !X509_STORE_CTX_init(ctx, store, c->link[0].x509, sent)) {
		w.unable = true;
	} else {
		X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
		X509_VERIFY_PARAM_set_auth_level(param, 0);
		X509_VERIFY_PARAM_set_trust(param, X509_TRUST_SSL_SERVER);
		X509_STORE_CTX_set_app_data(ctx, &w);
		X509_STORE_CTX_set_verify_cb(ctx, note);
		if (X509_verify_cert(ctx) < 0)
			w.unable = true;
		w.window = window_of_path(X509_STORE_CTX_get0_chain(ctx), c);
	}
	X509_STORE_CTX_free(ctx);
	return w;
}

static bool clean(const struct walk *w)
{
	return !w->unable && !w->self && !w->root_unknown && !w->incomplete && !w->broken;
}

// A certification authority that changed its key and kept its name: OpenSSL takes the first of two that fit by name.
// True: there was another, and now it is the only one.
static bool drop_suspect(const struct walk *w, STACK_OF(X509) *sent)
{
	int at = -1;
	bool namesake = false;

	for (int i = 0; w->suspect && i < sk_X509_num(sent); i++) {
		X509 *x = sk_X509_value(sent, i);
		if (x == w->suspect)
			at = i;
		else
			namesake |= X509_NAME_cmp(X509_get_subject_name(x), X509_get_subject_name(w->suspect)) == 0;
	}
	if (at < 0 || !namesake)
		return false;
	(void)sk_X509_delete(sent, at);
	return true;
}

static bool names_afford(const struct cert_chain *c, struct cert_work *w)
{
	struct cert_names n = {0};

	for (unsigned i = 0; i < c->n; i++)
		if (c->link[i].x509)
			cert_work_count(&n, c->link[i].x509);
	return cert_work_compare(w, &n);
}

// What was sent behind the leaf, but keys that we do not verify with.
static STACK_OF(X509) *others(const struct cert_chain *c, struct cert_work *w, bool *left_out)
{
	STACK_OF(X509) *sent = sk_X509_new_null();

	for (unsigned i = 1; sent && i < c->n; i++) {
		X509 *x = c->link[i].x509;
		if (x && !cert_work_afford(w, X509_get0_pubkey(x)))
			*left_out = true;
		else if (x && !sk_X509_push(sent, x))
			*left_out = true;
	}
	return sent;
}

static enum peer_trust told(const struct walk *w, enum cert_signed self, bool left_out)
{
	if (w->unable)
		return TRUST_NOT_JUDGED;
	if (clean(w))
		return TRUST_OK;
	if (w->self)
		return self == SIGNED_YES ? TRUST_SELF_SIGNED : self == SIGNED_NO ? TRUST_BROKEN : TRUST_NOT_JUDGED;
	// What we did not open might have been what is missing.
	if (left_out)
		return TRUST_NOT_JUDGED;
	if (w->broken)
		return TRUST_BROKEN;
	return w->root_unknown ? TRUST_ROOT_UNKNOWN : TRUST_INCOMPLETE;
}

uint8_t cert_path_judge(struct cert_window *window, X509_STORE *store, const struct cert_chain *c, enum cert_signed self,
                        struct cert_work *w)
{
	bool left_out = c->left_out;
	uint32_t before = w->left;

	*window = window_as_sent(c);
	if (!store || !c->n || !c->link[0].x509 || !names_afford(c, w))
		return TRUST_NOT_JUDGED;
	STACK_OF(X509) *sent = others(c, w, &left_out);
	if (!sent)
		return TRUST_NOT_JUDGED;
	uint32_t spent = before - w->left;
	struct walk walk = run(store, c, sent);
	if (walk.broken && drop_suspect(&walk, sent)) {
		// The second try costs what the first did.
		bool dear = spent > w->left;
		w->costly |= dear;
		left_out |= dear;
		struct walk again = dear ? walk : run(store, c, sent);
		if (!again.broken)
			walk = again;
	}
	sk_X509_free(sent);
	*window = walk.window;
	return told(&walk, self, left_out);
}

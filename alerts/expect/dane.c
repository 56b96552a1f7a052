// OpenSSL's DANE code on a connection that is never made.
#include "alerts/expect/dane.h"

#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdio.h>
#include <string.h>

#include "alerts/cert/private.h"

enum { DANE_TA = 2, DANE_EE = 3, DANE_CERT = 0, DANE_SPKI = 1, DANE_FULL = 0, DANE_SHA256 = 1, DANE_SHA512 = 2 };

// ---- the set -------------------------------------------------------------------------------------------------

static bool decodes(const struct policy_tlsa *r)
{
	const unsigned char *p = r->data;

	if (r->selector == DANE_CERT) {
		X509 *x = cert_chain_parse(r->data, r->len);
		X509_free(x);
		return x != NULL;
	}
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, r->len);
	bool whole = key && p == r->data + r->len;
	EVP_PKEY_free(key);
	return whole;
}

static bool usable(const struct policy_tlsa *r)
{
	if ((r->usage != DANE_TA && r->usage != DANE_EE) || r->selector > DANE_SPKI)
		return false;
	switch (r->mtype) {
	case DANE_FULL:
		return r->len > 0 && decodes(r);
	case DANE_SHA256:
		return r->len == SHA256_DIGEST_LENGTH;
	case DANE_SHA512:
		return r->len == SHA512_DIGEST_LENGTH;
	default:
		return false;
	}
}

void dane_set_read(struct dane_set *out, const struct policy_tlsa_set *t)
{
	uint32_t good = 0;
	uint8_t n_of[4][2][3] = {0};

	*out = (struct dane_set){0};
	for (uint8_t i = 0; i < t->n; i++) {
		const struct policy_tlsa *r = &t->tlsa[i];
		if (!usable(r)) {
			out->n_unusable++;
			continue;
		}
		out->n_usable++;
		good |= 1u << i;
		n_of[r->usage][r->selector][r->mtype]++;
	}
	for (uint8_t i = 0; i < t->n; i++) {
		const struct policy_tlsa *r = &t->tlsa[i];
		if (!(good & 1u << i))
			continue;
		if (r->mtype == DANE_SHA256 && n_of[r->usage][r->selector][DANE_SHA512]) {
			out->agility_differs |= n_of[r->usage][r->selector][DANE_SHA512] < n_of[r->usage][r->selector][DANE_SHA256];
			continue;
		}
		out->counted |= 1u << i;
		out->n_counted++;
	}
}

// ---- comparing -----------------------------------------------------------------------------------------------

static void what(struct dane_match *out, const struct policy_tlsa *r, const char *how)
{
	snprintf(out->what, sizeof(out->what), "%u %u %u %s", r->usage, r->selector, r->mtype, how);
}

// The nearest to blame where nothing fits: the first record that counts.
static void blame(struct dane_match *out, const struct policy_tlsa_set *t, const struct dane_set *set, uint8_t outcome, const char *how)
{
	out->outcome = outcome;
	for (uint8_t i = 0; i < t->n; i++)
		if (set->counted & 1u << i) {
			out->record = (int8_t)i;
			what(out, &t->tlsa[i], how);
			return;
		}
}

// A raw key is its SubjectPublicKeyInfo: only 3 1 x can name it. RFC 7250, RFC 7671 5.1.
static void compare_key(struct dane_match *out, const struct dane_shown *s, const struct policy_tlsa_set *t, const struct dane_set *set)
{
	uint8_t digest[SHA512_DIGEST_LENGTH];

	for (uint8_t i = 0; i < t->n; i++) {
		const struct policy_tlsa *r = &t->tlsa[i];
		const uint8_t *data = digest;
		size_t len = r->len;
		if (!(set->counted & 1u << i) || r->usage != DANE_EE || r->selector != DANE_SPKI)
			continue;
		if (r->mtype == DANE_SHA256)
			SHA256(s->octets, s->len, digest);
		else if (r->mtype == DANE_SHA512)
			SHA512(s->octets, s->len, digest);
		else {
			data = s->octets;
			len = s->len;
		}
		if (len == r->len && memcmp(data, r->data, len) == 0) {
			out->outcome = DANE_OUTCOME_MATCH;
			out->record = (int8_t)i;
			what(out, r, "raw key");
			return;
		}
	}
	blame(out, t, set, DANE_OUTCOME_MISMATCH, "raw key differs");
}

static bool only_anchors_by_digest(const struct policy_tlsa_set *t, const struct dane_set *set)
{
	for (uint8_t i = 0; i < t->n; i++)
		if (set->counted & 1u << i && (t->tlsa[i].usage != DANE_TA || t->tlsa[i].mtype == DANE_FULL))
			return false;
	return true;
}

static int8_t record_of(const struct policy_tlsa_set *t, uint8_t usage, uint8_t selector, uint8_t mtype, const uint8_t *data, size_t len)
{
	for (uint8_t i = 0; i < t->n; i++) {
		const struct policy_tlsa *r = &t->tlsa[i];
		if (r->usage == usage && r->selector == selector && r->mtype == mtype && r->len == len && memcmp(r->data, data, len) == 0)
			return (int8_t)i;
	}
	return -1;
}

static void matched(struct dane_match *out, SSL *ssl, const struct policy_tlsa_set *t)
{
	uint8_t usage, selector, mtype;
	const unsigned char *data;
	size_t len;
	char how[24];
	int depth = SSL_get0_dane_tlsa(ssl, &usage, &selector, &mtype, &data, &len);

	out->outcome = DANE_OUTCOME_MATCH;
	if (depth < 0)
		return;
	out->depth = (uint8_t)depth;
	out->record = record_of(t, usage, selector, mtype, data, len);
	snprintf(how, sizeof(how), "at depth %d", depth);
	if (out->record >= 0)
		what(out, &t->tlsa[out->record], how);
}

static void failed(struct dane_match *out, int error, const struct policy_tlsa_set *t, const struct dane_set *set)
{
	switch (error) {
	case X509_V_ERR_DANE_NO_MATCH:
		if (only_anchors_by_digest(t, set))
			blame(out, t, set, DANE_OUTCOME_TA_MISSING, "anchor not sent");
		else
			blame(out, t, set, DANE_OUTCOME_MISMATCH, "fits nothing shown");
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
		blame(out, t, set, DANE_OUTCOME_TA_NAME, "name differs");
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		blame(out, t, set, DANE_OUTCOME_TA_DATE, "out of date");
		break;
	default:
		blame(out, t, set, DANE_OUTCOME_TA_CHAIN, "chain is broken");
	}
}

// Under one budget of signatures and names, as everywhere (alerts/cert/cert.h).
static bool affordable(const struct cert_chain *c)
{
	struct cert_work work = {.left = CERT_WORK_MAX};
	struct cert_names names = {0};

	for (unsigned i = 0; i < c->n; i++) {
		EVP_PKEY *key = c->link[i].x509 ? X509_get0_pubkey(c->link[i].x509) : NULL;
		if (key && !cert_work_afford(&work, key))
			return false;
		if (c->link[i].x509)
			cert_work_count(&names, c->link[i].x509);
	}
	return cert_work_compare(&work, &names);
}

static bool set_up(SSL *ssl, const struct policy_tlsa_set *t, const struct dane_set *set, const char *const *names, size_t n_names)
{
	if (SSL_dane_enable(ssl, names[0]) <= 0)
		return false;
	SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS); // RFC 7672 3.1.1
	for (size_t i = 1; i < n_names; i++)
		if (!SSL_add1_host(ssl, names[i]))
			return false;
	for (uint8_t i = 0; i < t->n; i++)
		if (set->counted & 1u << i &&
		    SSL_dane_tlsa_add(ssl, t->tlsa[i].usage, t->tlsa[i].selector, t->tlsa[i].mtype, t->tlsa[i].data, t->tlsa[i].len) <= 0)
			return false;
	return true;
}

static int verify(SSL *ssl, X509_STORE *nobody, const struct cert_chain *c, STACK_OF(X509) *sent, int64_t now_s)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int error = X509_V_ERR_OUT_OF_MEM;

	if (ctx && X509_STORE_CTX_init(ctx, nobody, c->link[0].x509, sent)) {
		X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
		X509_STORE_CTX_set_default(ctx, "ssl_server");
		X509_VERIFY_PARAM_set1(param, SSL_get0_param(ssl));
		X509_VERIFY_PARAM_set_time(param, (time_t)now_s);
		X509_VERIFY_PARAM_set_auth_level(param, 0); // how strong keys are is another finding
		X509_STORE_CTX_set0_dane(ctx, SSL_get0_dane(ssl));
		error = X509_verify_cert(ctx) > 0 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	}
	X509_STORE_CTX_free(ctx);
	return error;
}

static void compare_chain(struct dane_match *out, const struct cert_chain *c, const struct policy_tlsa_set *t, const struct dane_set *set,
                          const char *const *names, size_t n_names, int64_t now_s)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = ctx && SSL_CTX_dane_enable(ctx) > 0 ? SSL_new(ctx) : NULL;
	X509_STORE *nobody = X509_STORE_new();
	STACK_OF(X509) *sent = sk_X509_new_null();

	out->outcome = DANE_OUTCOME_COSTLY;
	for (unsigned i = 0; sent && i < c->n; i++)
		if (c->link[i].x509)
			sk_X509_push(sent, c->link[i].x509);
	if (ssl && nobody && sent && set_up(ssl, t, set, names, n_names)) {
		int error = verify(ssl, nobody, c, sent, now_s);
		if (error == X509_V_OK)
			matched(out, ssl, t);
		else
			failed(out, error, t, set);
	}
	sk_X509_free(sent);
	X509_STORE_free(nobody);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
}

void dane_compare(struct dane_match *out, const struct dane_shown *shown, const struct policy_tlsa_set *t,
                  const char *const *names, size_t n_names, int64_t now_s)
{
	struct dane_set set;
	struct cert_chain c;

	*out = (struct dane_match){.record = -1};
	dane_set_read(&set, t);
	if (!set.n_counted || !shown->len || !n_names)
		return;
	if (shown->raw_key) {
		compare_key(out, shown, t, &set);
		return;
	}
	cert_chain_open(&c, shown->octets, shown->len, CERT_CHAIN_MAX);
	if (c.n && c.link[0].x509 && affordable(&c))
		compare_chain(out, &c, t, &set, names, n_names, now_s);
	else
		out->outcome = DANE_OUTCOME_COSTLY;
	cert_chain_close(&c);
}

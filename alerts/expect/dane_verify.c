// One comparison by OpenSSL's DANE code, on a connection that is never made: as a sending server would do it.
//
// DANE-EE(3) costs a digest. DANE-TA(2) costs signatures: of what was sent, and of certificates and keys that stand in
// DNS whole. All of them have one budget; what is beyond it is left out, and then only what fits nevertheless is told.
#include "alerts/expect/dane_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

int dane_openssl_open(struct dane_openssl *o)
{
	o->ctx = SSL_CTX_new(TLS_client_method());
	o->nobody = X509_STORE_new();
	if (o->ctx && o->nobody && SSL_CTX_dane_enable(o->ctx) > 0)
		return 0;
	dane_openssl_close(o);
	return -ENOMEM;
}

void dane_openssl_close(struct dane_openssl *o)
{
	SSL_CTX_free(o->ctx);
	X509_STORE_free(o->nobody);
	*o = (struct dane_openssl){0};
}

// ---- what it may cost ----------------------------------------------------------------------------------------

// What is given to OpenSSL.
struct given {
	SSL *ssl;
	STACK_OF(X509) *sent;
	bool anchors;   // DANE-TA(2) records are among them
	bool left_out;  // something was not that might fit
	bool failed;    // no memory
	struct cert_work work;
	struct cert_names names;
};

// A key of a kind that OpenSSL cannot verify with costs nothing.
static bool afford(struct given *g, const EVP_PKEY *key)
{
	bool before = g->work.costly;

	g->work.costly = false;
	(void)cert_work_afford(&g->work, key);
	bool fine = !g->work.costly;
	g->work.costly |= before;
	g->left_out |= !fine;
	return fine;
}

// A certificate or key that DNS has whole takes part in building the path, sent or not.
static bool afford_record(struct given *g, const struct policy_tlsa *r)
{
	bool fine = true;

	if (r->mtype != TLSA_FULL || r->usage != TLSA_TA)
		return true;
	if (r->selector == TLSA_CERT) {
		X509 *x = cert_chain_parse(r->data, r->len);
		if (x) {
			cert_work_count(&g->names, x);
			fine = afford(g, X509_get0_pubkey(x));
		}
		X509_free(x);
	} else {
		const uint8_t *at = r->data;
		EVP_PKEY *key = d2i_PUBKEY(NULL, &at, r->len);
		fine = !key || afford(g, key);
		EVP_PKEY_free(key);
	}
	return fine;
}

static void give_record(struct given *g, const struct policy_tlsa *r)
{
	int rc = SSL_dane_tlsa_add(g->ssl, r->usage, r->selector, r->mtype, r->data, r->len);

	g->failed |= rc < 0;
	g->anchors |= rc > 0 && r->usage == TLSA_TA;
}

// All of one usage; which of them count OpenSSL finds by itself, and leaves out what is not usable.
static void give_records(struct given *g, const struct policy_tlsa_set *t, uint8_t usage)
{
	for (uint8_t i = 0; i < dane_n(t); i++)
		if (t->tlsa[i].usage == usage && t->tlsa[i].len && afford_record(g, &t->tlsa[i]))
			give_record(g, &t->tlsa[i]);
}

static void give_chain(struct given *g, const struct cert_chain *c)
{
	for (unsigned i = 1; i < c->n; i++) {
		X509 *x = c->link[i].x509;
		if (x && afford(g, X509_get0_pubkey(x)) && !sk_X509_push(g->sent, x))
			g->failed = true;
		if (x)
			cert_work_count(&g->names, x);
	}
	cert_work_count(&g->names, c->link[0].x509);
	g->left_out |= c->left_out;
}

// ---- asking --------------------------------------------------------------------------------------------------

// What was found wrong on the way, once an anchor fitted.
struct walk {
	bool no_match, unable, name;
	int chain, date;             // X509_V_ERR_; 0 none
	int chain_depth, date_depth;
};

static void note_first(int *error, int *depth, X509_STORE_CTX *ctx)
{
	if (*error)
		return;
	*error = X509_STORE_CTX_get_error(ctx);
	*depth = X509_STORE_CTX_get_error_depth(ctx);
}

// Called for each trouble; 1 goes on, so that all of them are known and the worst can be told.
static int note(int ok, X509_STORE_CTX *ctx)
{
	struct walk *w = X509_STORE_CTX_get_app_data(ctx);

	if (ok)
		return 1;
	switch (X509_STORE_CTX_get_error(ctx)) {
	case X509_V_ERR_DANE_NO_MATCH:
		w->no_match = true;
		return 0;
	case X509_V_ERR_OUT_OF_MEM:
	case X509_V_ERR_UNSPECIFIED:
		w->unable = true;
		return 0;
	case X509_V_ERR_HOSTNAME_MISMATCH:
		w->name = true;
		break;
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CERT_NOT_YET_VALID:
		note_first(&w->date, &w->date_depth, ctx);
		break;
	default:
		note_first(&w->chain, &w->chain_depth, ctx);
	}
	return 1;
}

static bool set_names(X509_VERIFY_PARAM *param, const struct dane_question *q)
{
	// A wildcard is a whole label, RFC 7672 3.2.3.
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	for (size_t i = 0; i < q->n_names; i++)
		if (!X509_VERIFY_PARAM_add1_host(param, q->names[i], 0))
			return false;
	return true;
}

static struct walk ask(struct given *g, const struct dane_openssl *o, const struct dane_question *q)
{
	struct walk w = {0};
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	if (!ctx || !X509_STORE_CTX_init(ctx, o->nobody, q->chain->link[0].x509, g->sent) ||
	    !X509_STORE_CTX_set_default(ctx, "ssl_server") || !set_names(X509_STORE_CTX_get0_param(ctx), q)) {
		w.unable = true;
	} else {
		X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
		if (q->now_s)
			X509_VERIFY_PARAM_set_time(param, (time_t)q->now_s);
		else
			X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
		X509_VERIFY_PARAM_set_auth_level(param, 0);
		X509_STORE_CTX_set_app_data(ctx, &w);
		X509_STORE_CTX_set_verify_cb(ctx, note);
		X509_STORE_CTX_set0_dane(ctx, SSL_get0_dane(g->ssl));
		w.unable |= X509_verify_cert(ctx) < 0;
	}
	X509_STORE_CTX_free(ctx);
	return w;
}

// ---- telling -------------------------------------------------------------------------------------------------

static void say(struct dane_match *out, const struct policy_tlsa *r, int depth, const char *how)
{
	snprintf(out->what, sizeof(out->what), "%u %u %u at depth %d%s", r->usage, r->selector, r->mtype, depth, how);
}

// The record that OpenSSL found, if any. True: there is one.
static bool found(struct dane_match *out, SSL *ssl, const struct policy_tlsa_set *t)
{
	uint8_t usage, selector, mtype;
	const unsigned char *data = NULL;
	size_t len;
	int depth = SSL_get0_dane_tlsa(ssl, &usage, &selector, &mtype, &data, &len);

	if (depth < 0 || !data)
		return false;
	out->depth = (uint8_t)(depth < UINT8_MAX ? depth : UINT8_MAX);
	for (uint8_t i = 0; i < dane_n(t) && out->record < 0; i++) {
		const struct policy_tlsa *r = &t->tlsa[i];
		if (r->usage == usage && r->selector == selector && r->mtype == mtype && r->len == len && memcmp(r->data, data, len) == 0)
			out->record = (int8_t)i;
	}
	return out->record >= 0;
}

// Of what is wrong below an anchor that fits the worst: what does not hold, then the name, then the date.
static void tell_found(struct dane_match *out, const struct walk *w, const struct policy_tlsa *r, bool named)
{
	char how[sizeof(out->what)] = "";

	out->outcome = DANE_OUTCOME_MATCH;
	if (w->chain) {
		out->outcome = DANE_OUTCOME_TA_CHAIN;
		snprintf(how, sizeof(how), "; at %d: %s", w->chain_depth, X509_verify_cert_error_string(w->chain));
	} else if (r->usage == TLSA_TA && (w->name || !named)) {
		out->outcome = DANE_OUTCOME_TA_NAME;
		snprintf(how, sizeof(how), "; at 0: none of the names");
	} else if (w->date) {
		out->outcome = DANE_OUTCOME_TA_DATE;
		snprintf(how, sizeof(how), "; at %d: %s", w->date_depth, X509_verify_cert_error_string(w->date));
	}
	say(out, r, out->depth, how);
}

static bool counts(const struct dane_question *q, unsigned i, uint8_t usage)
{
	return q->set->counted & 1u << i && q->t->tlsa[i].usage == usage;
}

// A record of an anchor that was sent although nothing leads there, or of the leaf.
static bool tell_stray_anchor(struct dane_match *out, const struct dane_question *q)
{
	for (unsigned at = q->chain->n; at-- > 0;)
		for (unsigned i = 0; i < dane_n(q->t); i++) {
			const struct cert_link *l = &q->chain->link[at];
			if (!counts(q, i, TLSA_TA) || !dane_fits(&q->t->tlsa[i], l->der, l->len, false))
				continue;
			out->outcome = at ? DANE_OUTCOME_TA_CHAIN : DANE_OUTCOME_MISMATCH;
			out->record = (int8_t)i;
			out->depth = (uint8_t)at;
			say(out, &q->t->tlsa[i], (int)at, at ? ", nothing leads there" : ", the leaf is no anchor");
			return true;
		}
	return false;
}

// A digest that would fit, if there were no stronger ones beside it.
static bool tell_outranked(struct dane_match *out, const struct dane_question *q)
{
	for (unsigned i = 0; i < dane_n(q->t); i++) {
		const struct policy_tlsa *r = &q->t->tlsa[i];
		unsigned first = r->usage == TLSA_TA, end = r->usage == TLSA_TA ? q->chain->n : 1;
		if ((r->usage != TLSA_TA && r->usage != TLSA_EE) || r->selector > TLSA_SPKI || r->mtype != TLSA_SHA256 ||
		    q->set->counted & 1u << i)
			continue;
		for (unsigned at = first; at < end; at++) {
			if (!dane_fits(r, q->chain->link[at].der, q->chain->link[at].len, false))
				continue;
			out->record = (int8_t)i;
			out->depth = (uint8_t)at;
			say(out, r, (int)at, ", but stronger digests count");
			return true;
		}
	}
	return false;
}

static bool only_anchor_digests(const struct dane_question *q)
{
	for (unsigned i = 0; i < dane_n(q->t); i++)
		if (q->set->counted & 1u << i && (q->t->tlsa[i].usage != TLSA_TA || q->t->tlsa[i].mtype == TLSA_FULL))
			return false;
	return true;
}

// Does the chain that was sent reach an authority that issued itself? Then no anchor is left out.
static bool whole(const struct cert_chain *c)
{
	X509 *x = c->link[0].x509;

	for (unsigned steps = 0; x && steps <= c->n; steps++) {
		X509 *issuer = NULL;
		if (X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0)
			return true;
		for (unsigned i = 1; i < c->n && !issuer; i++)
			if (c->link[i].x509 && X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(c->link[i].x509)) == 0)
				issuer = c->link[i].x509;
		x = issuer;
	}
	return false;
}

static void tell_nothing_found(struct dane_match *out, const struct dane_question *q)
{
	out->outcome = DANE_OUTCOME_MISMATCH;
	if (tell_stray_anchor(out, q) || tell_outranked(out, q))
		return;
	if (only_anchor_digests(q) && !whole(q->chain)) {
		out->outcome = DANE_OUTCOME_TA_MISSING;
		snprintf(out->what, sizeof(out->what), "no anchor sent of %u promised", q->set->n_counted);
	} else {
		snprintf(out->what, sizeof(out->what), "none of %u records fits", q->set->n_counted);
	}
}

static void tell(struct dane_match *out, const struct given *g, const struct walk *w, const struct dane_question *q)
{
	if (w->unable || g->failed)
		out->outcome = DANE_OUTCOME_COSTLY;
	else if (!w->no_match && found(out, g->ssl, q->t))
		tell_found(out, w, &q->t->tlsa[out->record], q->n_names > 0);
	else
		tell_nothing_found(out, q);
	// The leaf is there, so its name stands; anything else might look different with what was left out.
	if (g->left_out && out->outcome != DANE_OUTCOME_MATCH && out->outcome != DANE_OUTCOME_TA_NAME)
		out->outcome = DANE_OUTCOME_COSTLY;
	if (out->outcome == DANE_OUTCOME_COSTLY)
		snprintf(out->what, sizeof(out->what), "more than is opened");
}

static bool open_ssl(struct given *g, const struct dane_openssl *o)
{
	SSL_free(g->ssl);
	g->ssl = SSL_new(o->ctx);
	if (!g->ssl || SSL_dane_enable(g->ssl, NULL) <= 0)
		return false;
	SSL_dane_set_flags(g->ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS); // RFC 7672 3.1.1
	return true;
}

// Without anchors nothing but the leaf's octets counts, whatever was sent beside it.
static bool give(struct given *g, const struct dane_openssl *o, const struct dane_question *q)
{
	g->sent = sk_X509_new_null();
	if (!g->sent || !open_ssl(g, o))
		return false;
	give_records(g, q->t, TLSA_EE);
	give_records(g, q->t, TLSA_TA);
	if (!g->anchors)
		return true;
	give_chain(g, q->chain);
	if (cert_work_compare(&g->work, &g->names))
		return true;
	// Too many names: only the leaf can still fit.
	g->left_out = true;
	g->anchors = false;
	if (!open_ssl(g, o))
		return false;
	give_records(g, q->t, TLSA_EE);
	return true;
}

void dane_verify(struct dane_match *out, const struct dane_openssl *o, const struct dane_question *q)
{
	struct given g = {.work = {.left = CERT_WORK_MAX}};
	struct walk w = {.unable = true};

	if (give(&g, o, q))
		w = ask(&g, o, q);
	tell(out, &g, &w, q);
	sk_X509_free(g.sent);
	SSL_free(g.ssl);
	ERR_clear_error();
}

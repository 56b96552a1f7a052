// Entry points of DANE: what is remembered is not asked again, the rest goes to OpenSSL, or is digests of octets.
#include "alerts/expect/dane_private.h"

#include "alerts/expect/name.h"
#include "alerts/record_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

struct dane_memory {
	struct dane_openssl openssl;
	struct dane_cache *cache;
	struct dane_counts counts;
};

int dane_open(struct dane_memory **out)
{
	struct dane_memory *d = calloc(1, sizeof(*d));
	int r = d ? dane_cache_open(&d->cache) : -ENOMEM;

	if (!r)
		r = dane_openssl_open(&d->openssl);
	if (r)
		dane_close(&d);
	*out = d;
	return r;
}

void dane_close(struct dane_memory **d)
{
	if (!*d)
		return;
	dane_openssl_close(&(*d)->openssl);
	dane_cache_close(&(*d)->cache);
	free(*d);
	*d = NULL;
}

struct dane_counts dane_counts(const struct dane_memory *d)
{
	return d->counts;
}

// ---- questions by digest -------------------------------------------------------------------------------------

enum { DATA = 64 }; // octets of a record as they are; longer ones by their digest

struct spelled {
	size_t len;
	uint8_t octets[64 + POLICY_TLSA_MAX * (5 + DATA) + DANE_NAMES_MAX * (POLICY_NAME + 1)];
};

static void spell(struct spelled *s, const void *p, size_t len)
{
	if (len)
		memcpy(s->octets + s->len, p, len);
	s->len += len;
}

static void spell_set(struct spelled *s, const struct policy_tlsa_set *t)
{
	for (uint8_t i = 0; i < dane_n(t); i++) {
		const struct policy_tlsa *r = &t->tlsa[i];
		uint8_t head[5] = {r->usage, r->selector, r->mtype, (uint8_t)(r->len >> 8), (uint8_t)r->len}, digest[32];
		spell(s, head, sizeof(head));
		if (r->len > DATA)
			record_sha256(digest, r->data, r->len);
		spell(s, r->len > DATA ? digest : r->data, r->len > DATA ? sizeof(digest) : r->len);
	}
}

// Lengths come first, so that no two questions are spelled alike.
static void key_of(uint8_t key[32], const struct dane_shown *shown, const struct policy_tlsa_set *t, const struct dane_question *q)
{
	struct spelled s = {.len = 0};
	uint8_t head[4] = {'c', shown->raw_key, q->now_s != 0, (uint8_t)q->n_names}, digest[32];

	spell(&s, head, sizeof(head));
	if (!shown->sha256)
		record_sha256(digest, shown->octets, shown->len);
	spell(&s, shown->sha256 ? shown->sha256 : digest, sizeof(digest));
	for (size_t i = 0; i < q->n_names; i++)
		spell(&s, q->names[i], strlen(q->names[i]) + 1);
	spell_set(&s, t);
	record_sha256(key, s.octets, s.len);
}

static bool cheap(const struct policy_tlsa_set *t)
{
	for (uint8_t i = 0; i < dane_n(t); i++)
		if (t->tlsa[i].mtype == TLSA_FULL)
			return false;
	return true;
}

void dane_read(struct dane_memory *d, struct dane_set *out, const struct policy_tlsa_set *t)
{
	struct spelled s = {.len = 0};
	uint8_t key[32];

	if (cheap(t)) {
		dane_set_read(out, t);
		return;
	}
	spell(&s, "s", 1);
	spell_set(&s, t);
	record_sha256(key, s.octets, s.len);
	const struct dane_answer *known = dane_cache_find(d->cache, key, 0);
	if (!known) {
		struct dane_answer *a = dane_cache_add(d->cache, key);
		dane_set_read(&a->set, t);
		a->from_s = INT64_MIN;
		a->until_s = INT64_MAX;
		known = a;
	}
	*out = known->set;
}

// ---- for how long an answer holds ----------------------------------------------------------------------------

// Both sides of a date, because libraries do not agree on which of them the date itself is.
static void bound_by(struct dane_answer *a, int64_t date_s, int64_t now_s)
{
	for (int64_t s = date_s - 1; s <= date_s + 1; s++) {
		if (s <= now_s && s > a->from_s)
			a->from_s = s;
		if (s > now_s && s - 1 < a->until_s)
			a->until_s = s - 1;
	}
}

static void bound_by_certificate(struct dane_answer *a, const X509 *x, int64_t now_s)
{
	// Nothing to be read: the same at any time.
	bound_by(a, cert_read_time(X509_get0_notBefore(x), INT64_MIN / 2), now_s);
	bound_by(a, cert_read_time(X509_get0_notAfter(x), INT64_MAX / 2), now_s);
}

static void bound(struct dane_answer *a, const struct dane_question *q)
{
	a->from_s = INT64_MIN;
	a->until_s = INT64_MAX;
	if (!q->now_s)
		return;
	for (unsigned i = 0; i < q->chain->n; i++)
		if (q->chain->link[i].x509)
			bound_by_certificate(a, q->chain->link[i].x509, q->now_s);
	for (uint8_t i = 0; i < dane_n(q->t); i++) {
		const struct policy_tlsa *r = &q->t->tlsa[i];
		bool anchor = r->usage == TLSA_TA && r->selector == TLSA_CERT && r->mtype == TLSA_FULL && r->len;
		X509 *x = anchor ? cert_chain_parse(r->data, r->len) : NULL;
		if (x)
			bound_by_certificate(a, x, q->now_s);
		X509_free(x);
	}
}

// ---- comparing -----------------------------------------------------------------------------------------------

// The leaf's octets against DANE-EE(3): of a raw key (RFC 7250), and of a leaf that nobody opened.
static bool leaf_fits(struct dane_match *out, const struct dane_question *q, const uint8_t *octets, size_t len, bool key)
{
	for (uint8_t i = 0; i < dane_n(q->t); i++) {
		const struct policy_tlsa *r = &q->t->tlsa[i];
		if (!(q->set->counted & 1u << i) || r->usage != TLSA_EE || !dane_fits(r, octets, len, key))
			continue;
		out->outcome = DANE_OUTCOME_MATCH;
		out->record = (int8_t)i;
		snprintf(out->what, sizeof(out->what), "%u %u %u %s", r->usage, r->selector, r->mtype, key ? "of a raw key" : "at depth 0");
		return true;
	}
	return false;
}

static void compare_key(struct dane_match *out, const struct dane_question *q, const struct dane_shown *shown)
{
	if (leaf_fits(out, q, shown->octets, shown->len, true))
		return;
	out->outcome = DANE_OUTCOME_MISMATCH;
	snprintf(out->what, sizeof(out->what), "none of %u records fits the raw key", q->set->n_counted);
}

static void compare_chain(const struct dane_memory *d, struct dane_match *out, const struct dane_question *q)
{
	const struct cert_link *leaf = &q->chain->link[0];

	if (!q->chain->n) // octets, but no certificate in them
		return;
	if (leaf->x509) {
		dane_verify(out, &d->openssl, q);
	} else if (!leaf_fits(out, q, leaf->der, leaf->len, false)) {
		out->outcome = leaf->large ? DANE_OUTCOME_COSTLY : DANE_OUTCOME_MISMATCH;
		snprintf(out->what, sizeof(out->what), leaf->large ? "more than is opened" : "the leaf is no certificate");
	}
}

static void compare(const struct dane_memory *d, struct dane_answer *a, const struct dane_shown *shown, struct dane_question *q)
{
	struct cert_chain chain = {0};
	struct dane_set set;

	a->match = (struct dane_match){.record = -1};
	dane_set_read(&set, q->t);
	q->set = &set;
	q->chain = &chain;
	if (!shown->raw_key)
		cert_chain_open(&chain, shown->octets, shown->len, CERT_CHAIN_MAX);
	if (set.n_counted && shown->raw_key)
		compare_key(&a->match, q, shown);
	else if (set.n_counted)
		compare_chain(d, &a->match, q);
	bound(a, q);
	cert_chain_close(&chain);
	ERR_clear_error();
}

void dane_compare(struct dane_memory *d, struct dane_match *out, const struct dane_shown *shown, const struct policy_tlsa_set *t,
                  const char *const *names, size_t n_names, int64_t now_s)
{
	struct dane_question q = {.t = t, .now_s = now_s};
	uint8_t key[32];

	*out = (struct dane_match){.record = -1};
	if (!t->n || !shown->len)
		return;
	// OpenSSL takes ".example.com" for every name below, and an empty name for none.
	for (size_t i = 0; i < n_names && q.n_names < DANE_NAMES_MAX; i++)
		q.n_names += name_from_wire(q.names[q.n_names], (const uint8_t *)names[i], strlen(names[i]));
	key_of(key, shown, t, &q);
	const struct dane_answer *known = dane_cache_find(d->cache, key, now_s);
	if (known) {
		d->counts.hits++;
	} else {
		struct dane_answer *a = dane_cache_add(d->cache, key);
		compare(d, a, shown, &q);
		d->counts.misses++;
		known = a;
	}
	*out = known->match;
}

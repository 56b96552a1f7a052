// The entry points: what was learned before is taken from the cache, the rest is opened once.
#include "alerts/cert/private.h"

#include "alerts/record_parts.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

enum { REFERENCE_MAX = 255 }; // octets of a reference name, as of an SNI

struct cert {
	X509_STORE *store; // NULL: none
	struct cert_cache *cache;
	struct cert_keep *kept;
	struct cert_counts counts;
	char store_name[CERT_STORE_NAME];
	int64_t store_newest_s;
};

int cert_open(struct cert **out, const struct cert_config *config)
{
	const struct cert_config none = {0};
	struct cert *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	config = config ? config : &none;
	int r = cert_cache_open(&c->cache, config->cache_max ? config->cache_max : CERT_CACHE_MAX);
	if (!r)
		r = cert_kept_open(&c->kept, config->kept_max ? config->kept_max : CERT_KEPT_MAX);
	if (!r && config->trust_store)
		r = cert_store_load(&c->store, c->store_name, &c->store_newest_s, config->trust_store);
	if (r)
		cert_close(&c);
	*out = c;
	return r;
}

void cert_close(struct cert **c)
{
	if (!*c)
		return;
	X509_STORE_free((*c)->store);
	cert_kept_close(&(*c)->kept);
	cert_cache_close(&(*c)->cache);
	free(*c);
	*c = NULL;
}

int64_t cert_store_newest(const struct cert *c)
{
	return c->store_newest_s;
}

const char *cert_store_name(const struct cert *c)
{
	return c->store_name;
}

struct cert_counts cert_counts(const struct cert *c)
{
	struct cert_counts counts = c->counts;

	counts.kept = cert_cache_kept(c->cache);
	return counts;
}

static uint8_t saturated(unsigned n)
{
	return (uint8_t)(n > UINT8_MAX ? UINT8_MAX : n);
}

// How weak a hash is; the weaker the larger.
static int weakness(uint8_t hash)
{
	return hash == HASH_MD5 ? 3 : hash == HASH_SHA1 ? 2 : hash == HASH_SHA224 ? 1 : 0;
}

static bool weak_key(const struct certificate *x)
{
	bool rsa = x->key == KEY_RSA || x->key == KEY_RSA_PSS;

	return (rsa && x->key_bits < 2048) || (x->key == KEY_EC && x->key_bits < 256);
}

// Bits of the two kinds do not compare; of two that are too short, the RSA key is the weaker one nearly always.
static bool weaker_key(const struct certificate *x, const struct cert_learned *l)
{
	bool known_ec = l->chain_weak_key == KEY_EC, ec = x->key == KEY_EC;

	if (!weak_key(x) || l->chain_weak_key == KEY_NONE)
		return weak_key(x);
	return ec == known_ec ? x->key_bits < l->chain_weak_bits : known_ec;
}

static void learn_intermediate(struct cert_learned *l, X509 *x)
{
	struct certificate one = {.hash = cert_read_hash(x)};

	cert_read_key(&one, X509_get0_pubkey(x));
	if (weaker_key(&one, l)) {
		l->chain_weak_key = one.key;
		l->chain_weak_bits = one.key_bits;
	}
	if (weakness(one.hash) > weakness(l->chain_weak_hash))
		l->chain_weak_hash = one.hash;
}

// Roots are trusted by being there, not by their signature; one whose signature we did not try may be one.
static void learn_intermediates(struct cert_learned *l, const struct cert_chain *chain, struct cert_work *w)
{
	for (unsigned i = 1; i < chain->n; i++) {
		X509 *x = chain->link[i].x509;
		if (x && cert_work_self_signed(w, x) == SIGNED_NO)
			learn_intermediate(l, x);
	}
}

static enum cert_signed learn_first(struct cert_learned *l, const struct cert_chain *chain, struct cert_work *w)
{
	if (!chain->n)
		return SIGNED_NO;
	cert_read(&l->first, &chain->link[0]);
	if (!chain->link[0].x509)
		return SIGNED_NO;
	enum cert_signed self = cert_work_self_signed(w, chain->link[0].x509);
	l->first.self_signed = self == SIGNED_YES;
	return self;
}

static void learn_server(struct cert *c, struct cert_learned *l, const struct cert_chain *chain)
{
	struct cert_work w = {.left = CERT_WORK_MAX};
	enum cert_signed self = learn_first(l, chain, &w);

	for (unsigned i = 0; i < chain->n; i++)
		l->n_opened += chain->link[i].x509 != NULL;
	l->n_certs = saturated(chain->n_sent);
	learn_intermediates(l, chain, &w);
	l->trust = cert_path_judge(&l->window, c->store, chain, self, &w);
	l->vendor = chain->n && chain->link[0].x509 ? cert_vendor_of(chain->link[0].x509) : NULL;
	l->costly = chain->left_out || w.costly;
}

// Of a client only its own certificate is read.
static void learn_client(struct cert_learned *l, const struct cert_chain *chain)
{
	struct cert_work w = {.left = CERT_WORK_MAX};

	(void)learn_first(l, chain, &w);
	memset(l->first.san_off, 0, sizeof(l->first.san_off));
	memset(l->first.san_len, 0, sizeof(l->first.san_len));
	memset(l->first.san_text, 0, sizeof(l->first.san_text));
	l->first.n_sans_kept = 0;
	l->costly = w.costly || (chain->n && chain->link[0].large);
}

static struct cert_entry *learn(struct cert *c, const uint8_t digest[32], const uint8_t *list, size_t len, bool client)
{
	struct cert_chain chain;
	bool evicted;

	struct cert_entry *e = cert_cache_find(c->cache, digest, client);
	if (e) {
		c->counts.hits++;
		return e;
	}
	e = cert_cache_add(c->cache, digest, client, &evicted);
	cert_chain_open(&chain, list, len, client ? 1 : CERT_CHAIN_MAX);
	if (client)
		learn_client(&e->learned, &chain);
	else
		learn_server(c, &e->learned, &chain);
	cert_chain_close(&chain);
	c->counts.misses++;
	c->counts.evicted += evicted;
	c->counts.costly += e->learned.costly;
	return e;
}

// The certificate is opened again for a name it was not compared with: who asks has its octets in hand, so the cache
// keeps neither them nor all names, and most servers are asked for under one.
static uint8_t match(const uint8_t *list, size_t len, const char *reference)
{
	struct cert_chain chain;
	uint8_t names = NAMES_NOT_ASKED;

	cert_chain_open(&chain, list, len, 1);
	if (chain.n && chain.link[0].x509)
		names = cert_names_match(chain.link[0].x509, reference);
	cert_chain_close(&chain);
	return names;
}

static uint8_t names_of(struct cert_entry *e, const uint8_t *list, size_t len, const char *reference)
{
	char lower[REFERENCE_MAX + 1];
	uint8_t digest[32];
	size_t n = reference ? strlen(reference) : 0;

	if (!n || !e->learned.first.present || e->learned.first.unreadable)
		return NAMES_NOT_ASKED;
	if (n > REFERENCE_MAX)
		return NAMES_DIFFER;
	for (size_t i = 0; i <= n; i++)
		lower[i] = (char)tolower((unsigned char)reference[i]);
	record_sha256(digest, lower, n);
	for (unsigned i = 0; i < CERT_REFERENCES; i++)
		if (e->names[i] != NAMES_NOT_ASKED && memcmp(digest, e->reference[i], sizeof(digest)) == 0)
			return e->names[i];
	unsigned at = e->n_references++ % CERT_REFERENCES;
	e->names[at] = match(list, len, lower);
	memcpy(e->reference[at], digest, sizeof(digest));
	return e->names[at];
}

// Without the octets there is no digest either, so that it always leads to them. The last bit of a raw key's is turned:
// see cert.h.
static void keep(struct cert *c, struct peer *p, const uint8_t digest[32], const uint8_t *octets, size_t len, bool raw_key)
{
	memcpy(p->chain_sha256, digest, sizeof(p->chain_sha256));
	p->chain_sha256[31] ^= raw_key;
	p->chain_inherited = false;
	if (!cert_kept_add(c->kept, p->chain_sha256, octets, len, raw_key))
		memset(p->chain_sha256, 0, sizeof(p->chain_sha256));
}

void cert_take_chain(struct cert *c, struct peer *p, const uint8_t *list, size_t len, const char *reference)
{
	uint8_t digest[32];

	record_sha256(digest, list, len);
	struct cert_entry *e = learn(c, digest, list, len, false);
	const struct cert_learned *l = &e->learned;
	p->server = l->first;
	p->raw_key = false;
	p->costly = l->costly;
	p->n_certs = l->n_certs;
	p->n_opened = l->n_opened;
	p->chain_weak_key = l->chain_weak_key;
	p->chain_weak_bits = l->chain_weak_bits;
	p->chain_weak_hash = l->chain_weak_hash;
	p->trust = l->trust;
	p->chain_not_before_s = l->window.not_before_s;
	p->chain_not_after_s = l->window.not_after_s;
	snprintf(p->vendor, sizeof(p->vendor), "%s", l->vendor ? l->vendor : "");
	p->names = names_of(e, list, len, reference);
	keep(c, p, digest, list, len, false);
	ERR_clear_error();
}

void cert_take_client(struct cert *c, struct peer *p, const uint8_t *list, size_t len)
{
	uint8_t digest[32];

	record_sha256(digest, list, len);
	p->client = learn(c, digest, list, len, true)->learned.first;
	ERR_clear_error();
}

void cert_take_key(struct cert *c, struct peer *p, const uint8_t *spki, size_t len)
{
	const uint8_t *at = spki;
	bool large = len > CERT_DER_MAX;
	EVP_PKEY *key = large ? NULL : d2i_PUBKEY(NULL, &at, (long)len);

	p->raw_key = true;
	p->costly = large;
	p->n_certs = p->n_opened = p->chain_weak_key = p->chain_weak_hash = p->trust = p->names = 0;
	p->chain_weak_bits = 0;
	p->chain_not_before_s = INT64_MIN;
	p->chain_not_after_s = INT64_MAX;
	p->vendor[0] = '\0';
	p->server = (struct certificate){.not_before_s = INT64_MIN, .not_after_s = INT64_MAX};
	p->server.unreadable = !key || at != spki + len;
	record_sha256(p->server.spki_sha256, spki, len);
	if (!p->server.unreadable)
		cert_read_key(&p->server, key);
	EVP_PKEY_free(key);
	keep(c, p, p->server.spki_sha256, spki, len, true);
	c->counts.costly += large;
	ERR_clear_error();
}

static void staple_of(struct cert *c, struct cert_staple *out, const uint8_t *list, size_t list_len, const uint8_t *ocsp,
                      size_t ocsp_len)
{
	struct cert_chain chain;

	cert_chain_open(&chain, list, list_len, CERT_CHAIN_MAX);
	cert_staple_read(out, c->store, &chain, ocsp, ocsp_len);
	cert_chain_close(&chain);
}

void cert_take_staple(struct cert *c, struct peer *p, const uint8_t *list, size_t list_len, const uint8_t *ocsp,
                      size_t ocsp_len, int64_t now_s)
{
	uint8_t digest[32];

	record_sha256(digest, list, list_len);
	struct cert_entry *e = learn(c, digest, list, list_len, false);
	record_sha256(digest, ocsp, ocsp_len);
	if (!e->staple_known || memcmp(digest, e->ocsp, sizeof(digest)) != 0) {
		staple_of(c, &e->staple, list, list_len, ocsp, ocsp_len);
		memcpy(e->ocsp, digest, sizeof(digest));
		e->staple_known = true;
		c->counts.costly += e->staple.costly;
	}
	p->staple = cert_staple_at(&e->staple, now_s);
	p->staple_next_update_s = e->staple.next_update_s;
	p->costly |= e->staple.costly;
	ERR_clear_error();
}

bool cert_kept_find(struct cert *c, const uint8_t sha256[32], struct cert_kept *out)
{
	return cert_kept_get(c->kept, sha256, out);
}

uint8_t cert_kept_names(struct cert *c, const uint8_t sha256[32], const char *reference)
{
	struct cert_kept k;

	if (!cert_kept_get(c->kept, sha256, &k) || k.raw_key)
		return NAMES_NOT_ASKED;
	uint8_t names = names_of(learn(c, sha256, k.octets, k.len, false), k.octets, k.len, reference);
	ERR_clear_error();
	return names;
}

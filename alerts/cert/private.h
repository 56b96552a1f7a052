// What the files of alerts/cert share: a chain opened, what may still be spent on it, and what was learned of it.
#pragma once

#include "alerts/cert/cert.h"

#include <openssl/ocsp.h>
#include <openssl/x509.h>

// work.c: signatures cost time, and whoever sends certificates chooses how much. A chain has a budget.

enum {
	CERT_WORK_MAX = 40000,    // a third of a microsecond each on a machine of 2023: ten P-384 keys, or 2400 RSA-2048 ones
	CERT_RSA_E_BITS_MAX = 64, // of a public exponent; 17 nearly everywhere, and above 3072 bits OpenSSL takes no more
	CERT_DSA_BITS_MAX = 3072, // the largest of FIPS 186-4
	CERT_NAMES_MAX = 2048,    // names of all certificates of a chain; a large public leaf has 250
	CERT_COMPARED_MAX = 65536, // names times constraints: OpenSSL compares every one with every other above it
};

struct cert_work {
	uint32_t left;
	bool costly;
};

enum cert_signed { SIGNED_NO, SIGNED_YES, SIGNED_NOT_TRIED };

// False: not this key, because it would cost too much (then w->costly) or because we do not know its kind. Spends.
bool cert_work_afford(struct cert_work *w, const EVP_PKEY *key);
// Did `key` sign `x`? Within what is left.
enum cert_signed cert_work_signed(struct cert_work *w, X509 *x, EVP_PKEY *key);
// Did its own? SIGNED_NO at once where subject and issuer differ.
enum cert_signed cert_work_self_signed(struct cert_work *w, X509 *x);

// Names and name constraints of certificates that are to be verified together.
struct cert_names {
	int64_t names, constraints;
};

void cert_work_count(struct cert_names *n, const X509 *x);
// False: too many (then w->costly).
bool cert_work_compare(struct cert_work *w, const struct cert_names *n);

// chain.c

struct cert_link {
	const uint8_t *der;
	size_t len;
	bool large;   // over CERT_DER_MAX, not opened
	X509 *x509;   // NULL: not opened, or no X.509
};

struct cert_chain {
	struct cert_link link[CERT_CHAIN_MAX];
	unsigned n;      // of them, in use
	unsigned n_sent; // whole entries of the list
	bool left_out;   // something was sent that we did not open
};

// At most `max` certificates of a list; what is broken in its framing ends it. The list must stay while this is open.
void cert_chain_open(struct cert_chain *c, const uint8_t *list, size_t len, unsigned max);
void cert_chain_close(struct cert_chain *c);
// One DER certificate and nothing behind it; NULL otherwise.
X509 *cert_chain_parse(const uint8_t *der, size_t len);

// read.c

// All of *out but `self_signed`. The leaf of a chain: x may be NULL.
void cert_read(struct certificate *out, const struct cert_link *link);
void cert_read_key(struct certificate *out, const EVP_PKEY *key);
// enum peer_hash of a certificate's signature.
uint8_t cert_read_hash(X509 *x);
// Unix time; `otherwise` where it is none.
int64_t cert_read_time(const ASN1_TIME *t, int64_t otherwise);

// der.c: SubjectPublicKeyInfo as it stands in a certificate; false where the DER is not plain.
bool cert_der_spki(const uint8_t *der, size_t len, const uint8_t **spki, size_t *spki_len);

// text.c

void cert_text_name(char *out, size_t size, const X509_NAME *name);
void cert_text_serial(char *out, size_t size, const ASN1_INTEGER *serial);
// n_sans and those that are kept.
void cert_text_sans(struct certificate *out, const X509 *x);

// path.c

// When all intermediates are valid; roots are trusted by being in the store, whatever their dates.
struct cert_window {
	int64_t not_before_s, not_after_s; // INT64_MIN and INT64_MAX: nothing is known against it
};

// enum peer_trust. `self` is what is known of the leaf's own signature. `window` is of the path that was built, or, where
// there was nothing to build it with, of what was sent in order.
uint8_t cert_path_judge(struct cert_window *window, X509_STORE *store, const struct cert_chain *c, enum cert_signed self,
                        struct cert_work *w);

// names.c: enum peer_names. RFC 9525.
uint8_t cert_names_match(X509 *leaf, const char *reference);

// vendor.c: the name of a known default certificate, or NULL.
const char *cert_vendor_of(X509 *leaf);

// staple.c: what a response says of the leaf, whatever the time is.
struct cert_staple {
	uint8_t status;     // enum peer_staple but STAPLE_STALE
	bool hold;          // revoked for a while: that ends
	bool costly;
	int64_t this_update_s, next_update_s; // 0: none
};

// The leaf's issuer is looked for in the chain, and in `store` (NULL: there is none).
void cert_staple_read(struct cert_staple *out, X509_STORE *store, const struct cert_chain *c, const uint8_t *ocsp, size_t len);
// enum peer_staple at that time.
uint8_t cert_staple_at(const struct cert_staple *s, int64_t now_s);

// store.c

enum { CERT_STORE_NAME = 320 };

int cert_store_load(X509_STORE **out, char name[CERT_STORE_NAME], int64_t *newest_s, const char *path);

// kept.c: octets by digest, for cert_kept_find().

struct cert_keep;

int cert_kept_open(struct cert_keep **out, size_t octets_max);
void cert_kept_close(struct cert_keep **s);
// False: empty, too long, or no memory. What was used longest ago makes room.
bool cert_kept_add(struct cert_keep *s, const uint8_t digest[32], const uint8_t *octets, size_t len, bool raw_key);
bool cert_kept_get(struct cert_keep *s, const uint8_t digest[32], struct cert_kept *out);

// cache.c: chains by the digest of their octets.

enum { CERT_REFERENCES = 4 }; // names that a leaf was compared with: an SNI, a base domain, a next hop and one to spare

struct cert_learned {
	struct certificate first; // the leaf
	bool costly;
	uint8_t n_certs, n_opened, chain_weak_key, chain_weak_hash, trust;
	uint16_t chain_weak_bits;
	struct cert_window window;
	const char *vendor;       // of the table; NULL none
};

struct cert_entry {
	uint32_t hash_next;
	uint32_t older, newer;    // by use
	bool client;              // a client's list: only `first` was read
	bool staple_known;
	uint8_t n_references;     // compared with so far; wraps
	uint8_t names[CERT_REFERENCES]; // enum peer_names, against the last references
	uint8_t digest[32], reference[CERT_REFERENCES][32], ocsp[32];
	struct cert_staple staple; // of the last response
	struct cert_learned learned;
};

struct cert_cache;

int cert_cache_open(struct cert_cache **out, uint32_t n_max);
void cert_cache_close(struct cert_cache **c);
// NULL: not there. Found, it is the one used last.
struct cert_entry *cert_cache_find(struct cert_cache *c, const uint8_t digest[32], bool client);
// A new one, zeroed but for its key; the one used longest ago may leave for it (*evicted). Valid until the next call.
struct cert_entry *cert_cache_add(struct cert_cache *c, const uint8_t digest[32], bool client, bool *evicted);
uint32_t cert_cache_kept(const struct cert_cache *c);

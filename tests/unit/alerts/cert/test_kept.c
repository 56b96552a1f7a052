// What was shown is kept by digest: octet by octet, bounded, and no kind is taken for another.
#include "tests/unit/alerts/cert/cert_fixture.h"

#include "alerts/record_parts.h"

static X509 *leaf, *root;
static struct list whole;
static const uint8_t nothing[32];

static void chains(void **state)
{
	struct cert *c = open_cert(NULL, 0);
	struct peer p = {.chain_inherited = true};
	struct cert_kept k;
	uint8_t digest[32];

	take(c, &p, &whole, NULL);
	record_sha256(digest, whole.octets, whole.len);
	assert_memory_equal(p.chain_sha256, digest, 32);
	assert_false(p.chain_inherited);
	assert_true(cert_kept_find(c, digest, &k));
	assert_true(!k.raw_key && k.len == whole.len && k.octets != whole.octets);
	assert_memory_equal(k.octets, whole.octets, whole.len);
	digest[31] ^= 1;
	assert_false(cert_kept_find(c, digest, &k));
	assert_true(!k.octets && !k.len);
	assert_false(cert_kept_find(c, nothing, &k));
	// A client's is nobody's to compare.
	cert_take_client(c, &p, whole.octets, whole.len - 3);
	record_sha256(digest, whole.octets, whole.len - 3);
	assert_false(cert_kept_find(c, digest, &k));
	// None, after one.
	cert_take_chain(c, &p, NULL, 0, NULL);
	assert_memory_equal(p.chain_sha256, nothing, 32);
	cert_close(&c);
}

// The same octets as a list and as a key: two things.
static void keys(void **state)
{
	struct cert *c = open_cert(NULL, 0);
	struct peer chain = {0}, key = {0};
	struct cert_kept k;
	unsigned char *spki = NULL;
	size_t len = (size_t)i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &spki);

	for (int round = 0; round < 2; round++) {
		cert_take_chain(c, &chain, spki, len, NULL);
		cert_take_key(c, &key, spki, len);
		assert_memory_not_equal(chain.chain_sha256, key.chain_sha256, 32);
		assert_true(cert_kept_find(c, chain.chain_sha256, &k) && !k.raw_key && k.len == len);
		assert_true(cert_kept_find(c, key.chain_sha256, &k) && k.raw_key && k.len == len);
		assert_memory_equal(k.octets, spki, len);
		assert_int_equal(cert_kept_names(c, key.chain_sha256, "mx.example.com"), NAMES_NOT_ASKED);
	}
	OPENSSL_free(spki);
	cert_close(&c);
}

static void names(void **state)
{
	static const struct {
		const char *reference;
		uint8_t want;
	} rows[] = {{"mx.example.com", NAMES_MATCH}, {"MX.example.COM", NAMES_MATCH}, {"mx.example.net", NAMES_DIFFER},
		{"example.com", NAMES_DIFFER}, {"a.example.org", NAMES_MATCH}, {"b.example.org", NAMES_MATCH},
		{"", NAMES_NOT_ASKED}, {NULL, NAMES_NOT_ASKED}};
	struct cert *c = open_cert(NULL, 1);
	struct peer p = {0}, other = {0};
	static struct list garbage;

	take(c, &p, &whole, "mx.example.com");
	garbage.len = 0;
	list_octets(&garbage, (const uint8_t *)"0", 1);
	// Twice: learned, and remembered; then again when the cache of what was learned has lost it.
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
			assert_int_equal(cert_kept_names(c, p.chain_sha256, rows[i].reference), rows[i].want);
		if (round == 1)
			take(c, &other, &garbage, NULL);
	}
	assert_int_equal(cert_kept_names(c, other.chain_sha256, "mx.example.com"), NAMES_NOT_ASKED);
	assert_int_equal(cert_kept_names(c, nothing, "mx.example.com"), NAMES_NOT_ASKED);
	cert_close(&c);
}

static void nth(struct list *l, unsigned n, size_t len)
{
	memset(l->octets, 0x30, len);
	memcpy(l->octets, &n, sizeof(n));
	l->len = len;
}

static bool there(struct cert *c, unsigned n, size_t len)
{
	static struct list l;
	uint8_t digest[32];
	struct cert_kept k;

	nth(&l, n, len);
	record_sha256(digest, l.octets, l.len);
	return cert_kept_find(c, digest, &k) && k.len == len && memcmp(k.octets, l.octets, len) == 0;
}

// The one used longest ago leaves, as many as it takes; what does not fit at all pushes nobody out.
static void bounded(void **state)
{
	enum { LEN = 1000, ROOM = 20000, MANY = 40 };
	static struct list l;
	const struct cert_config config = {.kept_max = ROOM};
	struct cert *c;
	struct peer p = {0};
	unsigned n = 0;

	assert_int_equal(cert_open(&c, &config), 0);
	for (unsigned i = 0; i < MANY; i++) {
		nth(&l, i, LEN);
		take(c, &p, &l, NULL);
		assert_true(there(c, 0, LEN)); // asked for each time, so it is never the oldest
		assert_true(there(c, i, LEN));
	}
	for (unsigned i = 1; i < MANY; i++)
		n += there(c, i, LEN);
	assert_true(n >= ROOM / LEN - 4 && n < ROOM / LEN);
	assert_false(there(c, 1, LEN));
	nth(&l, 1000, 2 * ROOM);
	take(c, &p, &l, NULL);
	assert_memory_equal(p.chain_sha256, nothing, 32);
	assert_true(there(c, 0, LEN));
	nth(&l, 1001, ROOM - 200);
	take(c, &p, &l, NULL);
	assert_true(there(c, 1001, ROOM - 200));
	for (unsigned i = 0; i < MANY; i++)
		assert_false(there(c, i, LEN));
	cert_close(&c);
}

static void longest(void **state)
{
	static struct list l;
	struct cert *c = open_cert(NULL, 0);
	struct peer p = {0};

	nth(&l, 1, CERT_KEPT_LEN_MAX);
	take(c, &p, &l, NULL);
	assert_true(there(c, 1, CERT_KEPT_LEN_MAX));
	nth(&l, 2, CERT_KEPT_LEN_MAX + 1);
	take(c, &p, &l, NULL);
	assert_memory_equal(p.chain_sha256, nothing, 32);
	cert_close(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chains),
		cmocka_unit_test(keys),
		cmocka_unit_test(names),
		cmocka_unit_test(bounded),
		cmocka_unit_test(longest),
	};
	EVP_PKEY *key = make_key("P-256", 0);

	root = make(&(struct make){.subject = "CN=Root", .key = key, .extension = {MAKE_CA}});
	leaf = make(&(struct make){.subject = "CN=leaf", .issuer = "CN=Root", .key = key,
		.extension = {{NID_subject_alt_name, "DNS:mx.example.com,DNS:*.example.org"}}});
	list_x509(&whole, leaf);
	list_x509(&whole, root);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	make_end();
	return failed;
}

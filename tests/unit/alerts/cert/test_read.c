// One certificate: what is read of keys, signatures, dates, names and extensions.
#include "tests/unit/alerts/cert/cert_fixture.h"

#include "alerts/record_parts.h"

static void keys(void **state)
{
	static const struct {
		const char *kind;
		int bits;
		uint8_t key;
		int key_bits;
		const char *curve;
		uint8_t hash;
	} rows[] = {
		{"RSA", 1024, KEY_RSA, 1024, "", HASH_SHA256},
		{"RSA", 2047, KEY_RSA, 2047, "", HASH_SHA256},
		{"RSA", 2048, KEY_RSA, 2048, "", HASH_SHA256},
		{"RSA-PSS", 2048, KEY_RSA_PSS, 2048, "", HASH_SHA256},
		{"P-224", 0, KEY_EC, 224, "secp224r1", HASH_SHA256},
		{"P-256", 0, KEY_EC, 256, "prime256v1", HASH_SHA256},
		{"P-384", 0, KEY_EC, 384, "secp384r1", HASH_SHA256},
		{"brainpoolP256r1", 0, KEY_EC, 256, "brainpoolP256r1", HASH_SHA256},
		{"ED25519", 0, KEY_ED25519, 256, "", HASH_OTHER},
		{"ED448", 0, KEY_ED448, 456, "", HASH_OTHER},
		{"DSA", 1024, KEY_DSA, 1024, "", HASH_SHA256},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		EVP_PKEY *key = make_key(rows[i].kind, rows[i].bits);
		struct certificate got = taken(make(&(struct make){.subject = "CN=x", .key = key}), NULL).server;
		assert_int_equal(got.key, rows[i].key);
		assert_int_equal(got.key_bits, rows[i].key_bits);
		assert_string_equal(got.curve, rows[i].curve);
		assert_int_equal(got.hash, rows[i].hash);
		assert_true(got.present && !got.unreadable && got.self_issued && got.self_signed);
	}
	make_end();
}

static void hashes(void **state)
{
	const struct {
		const EVP_MD *md;
		uint8_t hash;
		bool tried;
	} rows[] = {
		{EVP_md5(), HASH_MD5, true},
		{EVP_sha1(), HASH_SHA1, true},
		{EVP_sha224(), HASH_SHA224, true},
		{EVP_sha256(), HASH_SHA256, true},
		{EVP_sha384(), HASH_SHA384, true},
		{EVP_sha512(), HASH_SHA512, true},
		{EVP_sha3_256(), HASH_OTHER, true},
		{EVP_ripemd160(), HASH_UNKNOWN, false},
	};
	EVP_PKEY *key = make_key("RSA", 2048);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct make m = {.subject = "CN=x", .key = key};
		X509 *x = make_unsigned(&m);
		if (!X509_sign(x, key, rows[i].md))
			continue; // not in this OpenSSL
		struct certificate got = taken(x, NULL).server;
		assert_int_equal(got.hash, rows[i].hash);
		assert_int_equal(got.self_signed, rows[i].tried);
	}
	make_end();
}

static void pss_signature_of_an_ordinary_key(void **state)
{
	struct make m = {.subject = "CN=x", .key = make_key("RSA", 2048)};
	X509 *x = make_unsigned(&m);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;

	assert_true(EVP_DigestSignInit(ctx, &pctx, EVP_sha384(), NULL, m.key) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING) > 0);
	assert_true(X509_sign_ctx(x, ctx) > 0);
	struct certificate got = taken(x, NULL).server;
	assert_int_equal(got.key, KEY_RSA);
	assert_int_equal(got.hash, HASH_SHA384);
	assert_true(got.self_signed);
	EVP_MD_CTX_free(ctx);
	make_end();
}

static void digests(void **state)
{
	X509 *x = make(&(struct make){.subject = "CN=x", .key = make_key("P-256", 0)});
	unsigned char *der = NULL, *spki = NULL;
	int len = i2d_X509(x, &der), spki_len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
	uint8_t want[32];

	struct certificate got = taken(x, NULL).server;
	record_sha1(want, der, (size_t)len);
	assert_memory_equal(got.sha1, want, 20);
	record_sha256(want, der, (size_t)len);
	assert_memory_equal(got.sha256, want, 32);
	record_sha256(want, spki, (size_t)spki_len);
	assert_memory_equal(got.spki_sha256, want, 32);
	OPENSSL_free(der);
	OPENSSL_free(spki);
	make_end();
}

static void dates(void **state)
{
	struct make m = {.subject = "CN=x", .key = make_key("P-256", 0), .born_s = 4102444800, .days = 365};
	struct certificate got = taken(make(&m), NULL).server;

	// 2100: GeneralizedTime.
	assert_int_equal(got.not_before_s, 4102444800);
	assert_int_equal(got.not_after_s, 4102444800 + 365 * MAKE_DAY_S);

	X509 *x = make_unsigned(&m);
	ASN1_STRING_set(X509_getm_notBefore(x), "yesterday", -1);
	ASN1_STRING_set(X509_getm_notAfter(x), "20240230000000Z", -1);
	make_sign(x, m.key, NULL);
	got = taken(x, NULL).server;
	assert_true(got.not_before_s == INT64_MIN && got.not_after_s == INT64_MAX);
	make_end();
}

static void extensions(void **state)
{
	EVP_PKEY *key = make_key("P-256", 0);
	struct make plain = {.subject = "CN=x", .key = key};
	struct make stapled = {.subject = "CN=x", .key = key, .extension = {{NID_tlsfeature, "status_request"}}};
	struct make other = {.subject = "CN=x", .key = key, .extension = {{NID_tlsfeature, "10"}}};
	struct make ca = {.subject = "CN=x", .key = key, .extension = {MAKE_CA}};

	assert_false(taken(make(&plain), NULL).server.must_staple);
	assert_true(taken(make(&stapled), NULL).server.must_staple);
	assert_false(taken(make(&other), NULL).server.must_staple);
	assert_false(taken(make(&plain), NULL).server.is_ca);
	assert_true(taken(make(&ca), NULL).server.is_ca);
	make_end();
}

static void self_signed_is_proved(void **state)
{
	EVP_PKEY *key = make_key("P-256", 0), *other = make_key("P-256", 0);
	struct make own = {.subject = "CN=x", .key = key};
	struct make pretended = {.subject = "CN=x", .key = key, .signer = other};
	struct make issued = {.subject = "CN=x", .issuer = "CN=y", .key = key};

	struct certificate got = taken(make(&own), NULL).server;
	assert_true(got.self_issued && got.self_signed);
	got = taken(make(&pretended), NULL).server;
	assert_true(got.self_issued && !got.self_signed);
	got = taken(make(&issued), NULL).server;
	assert_true(!got.self_issued && !got.self_signed);
	make_end();
}

static void serials(void **state)
{
	static const struct {
		const char *hex, *want;
	} rows[] = {
		{"0", "00"},
		{"0A1B", "0A:1B"},
		{"FF", "00:FF"}, // as it stands in the DER
		{"-80", "80"},
		{"FF00000000000000000000000000000000000001",
		 "00:FF:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:01"},
		{"112233445566778899AABBCCDDEEFF112233445566778899AA", // 25 octets: the beginning
		 "11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:11:22:33:44:55:66"},
	};
	struct make m = {.subject = "CN=x", .key = make_key("P-256", 0)};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		X509 *x = make_unsigned(&m);
		BIGNUM *n = NULL;
		assert_true(BN_hex2bn(&n, rows[i].hex));
		assert_non_null(BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)));
		BN_free(n);
		make_sign(x, m.key, NULL);
		assert_string_equal(taken(x, NULL).server.serial, rows[i].want);
	}
	make_end();
}

static void raw_keys(void **state)
{
	EVP_PKEY *key = make_key("P-256", 0);
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	struct cert *c = open_cert(NULL, 0);
	struct peer p = {.n_certs = 7, .trust = TRUST_OK, .vendor = "x", .server = {.present = true, .subject = "CN=old"}};
	uint8_t want[32], longer[256];

	cert_take_key(c, &p, guarded(der, (size_t)len), (size_t)len);
	record_sha256(want, der, (size_t)len);
	assert_true(p.raw_key && !p.server.present && !p.server.unreadable);
	assert_memory_equal(p.server.spki_sha256, want, 32);
	assert_int_equal(p.server.key, KEY_EC);
	assert_int_equal(p.server.key_bits, 256);
	assert_string_equal(p.server.curve, "prime256v1");
	assert_true(p.server.not_before_s == INT64_MIN && p.server.not_after_s == INT64_MAX);
	assert_true(!p.n_certs && !p.trust && !p.vendor[0] && !p.server.subject[0] && !p.costly);

	// One octet behind it, one octet less, none, too many.
	memcpy(longer, der, (size_t)len);
	longer[len] = 0;
	cert_take_key(c, &p, longer, (size_t)len + 1);
	assert_true(p.server.unreadable && p.server.key == KEY_NONE);
	cert_take_key(c, &p, guarded(der, (size_t)len - 1), (size_t)len - 1);
	assert_true(p.server.unreadable);
	cert_take_key(c, &p, guarded(der, 0), 0);
	assert_true(p.server.unreadable && !p.costly);
	uint8_t *large = calloc(1, CERT_DER_MAX + 1);
	cert_take_key(c, &p, large, CERT_DER_MAX + 1);
	assert_true(p.server.unreadable && p.costly);
	free(large);
	OPENSSL_free(der);
	cert_close(&c);
	make_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys),
		cmocka_unit_test(hashes),
		cmocka_unit_test(pss_signature_of_an_ordinary_key),
		cmocka_unit_test(digests),
		cmocka_unit_test(dates),
		cmocka_unit_test(extensions),
		cmocka_unit_test(self_signed_is_proved),
		cmocka_unit_test(serials),
		cmocka_unit_test(raw_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

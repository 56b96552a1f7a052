// ServerKeyExchange by itself: every shape of it, and every shape cut off anywhere.
#include "dissect/tls/key_exchange.h"

#include "dissect/tls/names.h"
#include "tests/unit/dissect/tls/made.h"
#include "tests/unit/feed.h"

#include <xxhash.h>

enum { TLS10 = 0x0301, TLS12 = 0x0303, BODY_MAX = 1 << 17 };

#define SIGNED "0804 <2 05*256>"
#define OLD_SIGNED "<2 05*256>"
#define PRIME_POINTS "01 <1 07*32> <1 01> <1 02> <1 04*65> <1 09*32> <1 01> <1 04*65>"

struct row {
	const char *name;
	uint16_t suite, version;
	const char *body;
	struct tls_key_exchange want;
	const char *prime; // digest of these octets
	size_t unsigned_len; // octets before the signature: less is bad, more is never less
	bool bad;
};

static const struct row rows[] = {
	{"a named curve", 0xc02f, TLS12, "03 001d <1 04*32>" SIGNED, {.group = 29, .scheme = 0x0804}, .unsigned_len = 36},
	{"ECDSA", 0xc02b, TLS12, "03 0017 <1 04*65> 0403 <2 05*70>", {.group = 23, .scheme = 0x0403}, .unsigned_len = 69},
	{"a named curve, TLS 1.0", 0xc013, TLS10, "03 0017 <1 04*65>" OLD_SIGNED, {.group = 23}, .unsigned_len = 69},
	{"a named curve, anonymous", 0xc018, TLS12, "03 0017 <1 04*65>", {.group = 23}, .unsigned_len = 69},
	{"a curve nobody knows", 0xc02f, TLS12, "03 1234 <1 04*65>" SIGNED, {.group = 0x1234, .scheme = 0x0804}, .unsigned_len = 69},
	{"an explicit prime curve", 0xc02f, TLS12, PRIME_POINTS SIGNED, {.group = GROUP_EXPLICIT_PRIME, .scheme = 0x0804},
		.unsigned_len = 1 + 33 + 2 + 2 + 66 + 33 + 2 + 66},
	{"an explicit binary curve", 0xc02f, TLS12, "02 0123" SIGNED, {.group = GROUP_EXPLICIT_CHAR2}, .unsigned_len = 1},
	{"a kind of curve that does not exist", 0xc02f, TLS12, "04 0017 <1 04*65>" SIGNED, .bad = true},

	{"DHE", 0x009e, TLS12, "<2 ff*128> <2 02> <2 03*128>" SIGNED, {.dh_bits = 1024, .scheme = 0x0804}, "ff*128", 130 + 3 + 130},
	{"DHE, leading zeros", 0x009e, TLS12, "<2 0000 7f ff*127> <2 02> <2 03*128>" SIGNED, {.dh_bits = 1023, .scheme = 0x0804}, "7f ff*127",
		132 + 3 + 130},
	{"DHE, one bit", 0x009e, TLS12, "<2 00 01> <2 02> <2 03>" SIGNED, {.dh_bits = 1, .scheme = 0x0804}, "01", 10},
	{"DHE, a prime of zeros", 0x009e, TLS12, "<2 00*64> <2 02> <2 03>" SIGNED, {.scheme = 0x0804}, .unsigned_len = 72},
	{"DHE, no prime at all", 0x009e, TLS12, "<2> <2 02> <2 03>" SIGNED, {.scheme = 0x0804}, .unsigned_len = 8},
	{"DHE with DSS", 0x0032, TLS12, "<2 ff*64> <2 02> <2 03*64> 0202 <2 05*46>", {.dh_bits = 512, .scheme = 0x0202}, "ff*64", 66 + 3 + 66},
	{"DHE, TLS 1.0", 0x0033, TLS10, "<2 ff*128> <2 02> <2 03*128>" OLD_SIGNED, {.dh_bits = 1024}, "ff*128", 130 + 3 + 130},
	{"DHE, EXPORT", 0x0014, TLS10, "<2 ff*64> <2 02> <2 03*64>" OLD_SIGNED, {.dh_bits = 512}, "ff*64", 66 + 3 + 66},
	{"DH, anonymous", 0x00a6, TLS12, "<2 ff*128> <2 02> <2 03*128>", {.dh_bits = 1024}, "ff*128", 130 + 3 + 130},
	{"DH, anonymous, and octets behind it", 0x00a6, TLS12, "<2 ff*128> <2 02> <2 03*128> 0804 0000", {.dh_bits = 1024}, "ff*128",
		130 + 3 + 130},

	{"PSK, a hint", 0x008c, TLS12, "<2 68696e74>", .unsigned_len = 6},
	{"PSK, an empty hint", 0x008c, TLS12, "<2>", .unsigned_len = 2},
	{"RSA_PSK", 0x0094, TLS12, "<2 68696e74>", .unsigned_len = 6},
	{"DHE_PSK", 0x00aa, TLS12, "<2 68696e74> <2 ff*128> <2 02> <2 03*128>", {.dh_bits = 1024}, "ff*128", 6 + 130 + 3 + 130},
	{"ECDHE_PSK", 0xc037, TLS12, "<2 68696e74> 03 0017 <1 04*65>", {.group = 23}, .unsigned_len = 6 + 69},

	{"RSA, EXPORT", 0x0003, TLS10, "<2 80*64> <2 010001>" OLD_SIGNED, {.rsa_bits = 512}, .unsigned_len = 66 + 5},
	{"RSA, EXPORT, a leading zero", 0x0008, TLS10, "<2 00 40*64> <2 03>" OLD_SIGNED, {.rsa_bits = 511}, .unsigned_len = 67 + 3},

	{"a suite that has none", 0x002f, TLS12, "03 0017 <1 04*65>" SIGNED, .bad = true},
	{"a suite of TLS 1.3", 0x1301, TLS12, "03 0017 <1 04*65>" SIGNED, .bad = true},
	{"a suite nobody knows", 0xffee, TLS12, "03 0017 <1 04*65>" SIGNED, .bad = true},
	{"GREASE", 0x0a0a, TLS12, "03 0017 <1 04*65>" SIGNED, .bad = true},
};

static uint64_t digest_of(const char *hex)
{
	uint8_t prime[512];
	return hex ? XXH3_64bits(prime, made_octets(hex, prime, sizeof(prime))) : 0;
}

static void check(const struct tls_key_exchange *got, const struct row *r, bool signature)
{
	assert_int_equal(got->group, r->want.group);
	assert_int_equal(got->dh_bits, r->want.dh_bits);
	assert_int_equal(got->rsa_bits, r->want.rsa_bits);
	assert_int_equal(got->scheme, signature ? r->want.scheme : 0);
	assert_true(got->dh_prime == digest_of(r->prime));
}

// Whole, and cut off at every octet: bad until all that is read is there; the signature itself is not read.
static void test_rows(void **state)
{
	static uint8_t body[BODY_MAX];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		size_t len = made_octets(r->body, body, sizeof(body));
		print_message("%s\n", r->name);
		for (size_t n = 0; n <= len; n++) {
			struct tls_key_exchange got;
			enum parse said = tls_key_exchange_parse(bytes_of(feed_guard(body, n), n), r->suite, r->version, &got);
			bool bad = r->bad || n < r->unsigned_len;
			assert_int_equal(said, bad ? PARSE_BAD : PARSE_DONE);
			if (!bad)
				check(&got, r, n >= r->unsigned_len + 4);
		}
	}
}

// A well-known prime is known, with leading zeros as well.
static void test_known_prime(void **state)
{
	static const char oakley2[] =
		"ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437"
		"4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7edee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff";
	static const char *const zeros[] = {"", "00", "00*9"};
	for (size_t i = 0; i < 3; i++) {
		char hex[512];
		uint8_t body[512];
		struct tls_key_exchange got;
		snprintf(hex, sizeof(hex), "<2 %s %s> <2 02> <2 03*128>", zeros[i], oakley2);
		size_t len = made_octets(hex, body, sizeof(body));
		assert_int_equal(tls_key_exchange_parse(bytes_of(feed_guard(body, len), len), 0x00a6, TLS12, &got), PARSE_DONE);
		assert_int_equal(got.dh_bits, 1024);
		const struct tls_prime *prime = tls_prime_find(got.dh_prime);
		assert_non_null(prime);
		assert_int_equal(prime->bits, 1024);
	}
}

// The longest number there can be does not wrap around to a small one.
static void test_huge_prime(void **state)
{
	static const struct {
		const char *body;
		uint16_t bits;
	} huge[] = {{"<2 01*8191> <2 02> <2 03>", 65521}, {"<2 ff*8191> <2 02> <2 03>", 65528}, {"<2 01*8192> <2 02> <2 03>", 65529},
		{"<2 ff*8192> <2 02> <2 03>", UINT16_MAX}, {"<2 ff*65535> <2 02> <2 03>", UINT16_MAX}};
	static uint8_t body[BODY_MAX];
	for (size_t i = 0; i < sizeof(huge) / sizeof(huge[0]); i++) {
		struct tls_key_exchange got;
		size_t len = made_octets(huge[i].body, body, sizeof(body));
		assert_int_equal(tls_key_exchange_parse(bytes_of(feed_guard(body, len), len), 0x00a6, TLS12, &got), PARSE_DONE);
		assert_int_equal(got.dh_bits, huge[i].bits);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_known_prime),
		cmocka_unit_test(test_huge_prime),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

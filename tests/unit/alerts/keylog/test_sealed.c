// Flights that OpenSSL does not write: records sealed here, octet for octet, and those that RFC 8448 printed.
#include "alerts/keylog/flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/keylog/protection.h"
#include "tests/unit/alerts/keylog/rfc8448.h"
#include "tests/unit/feed.h"

static struct flight_room *room;

// A server's.
static enum flight_result open_octets(struct flight *out, uint16_t suite, const uint8_t *secret, size_t secret_len,
                                      const uint8_t *records, size_t len)
{
	return flight_open_records(room, out, suite, secret, secret_len, false, feed_guard(records, len), len);
}

// Content, type and padding as given, one record after the other.
struct sealer {
	struct protection keys;
	uint8_t records[2 * FLIGHT_LEN_MAX];
	size_t len;
};

static void seal(struct sealer *s, const void *content, size_t len, uint8_t type, size_t padding)
{
	uint8_t *at = s->records + s->len, inner[2048] = {0};
	size_t inner_len = len + 1 + padding, body = inner_len + 16;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12];
	int n;

	memcpy(inner, content, len);
	inner[len] = type;
	memcpy(nonce, s->keys.iv, 12);
	nonce[11] ^= (uint8_t)s->keys.seq++;
	memcpy(at, (const uint8_t[]){23, 3, 3, (uint8_t)(body >> 8), (uint8_t)body}, 5);
	assert_true(EVP_EncryptInit_ex2(ctx, EVP_aes_128_gcm(), s->keys.key, nonce, NULL));
	assert_true(EVP_EncryptUpdate(ctx, NULL, &n, at, 5) && EVP_EncryptUpdate(ctx, at + 5, &n, inner, (int)inner_len));
	assert_true(EVP_EncryptFinal_ex(ctx, at + 5 + n, &n));
	assert_true(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, 16, at + 5 + inner_len));
	EVP_CIPHER_CTX_free(ctx);
	s->len += 5 + body;
}

static void sealed_by_hand(void **state)
{
	static const uint8_t secret[32] = {1, 2, 3}, verify[] = {15, 0, 0, 2, 8, 4}, finished[] = {20, 0, 0, 0};
	static const struct {
		const char *name;
		const char *content; // of a second record, behind a CertificateVerify
		size_t len;
		uint8_t type;
		size_t padding;
		enum flight_result want;
		uint8_t alert;
	} rows[] = {
		{"Finished", "\24\0\0\0", 4, 22, 0, FLIGHT_OPENED, 0},
		{"Finished, padded", "\24\0\0\0", 4, 22, 1000, FLIGHT_OPENED, 0},
		{"bad_certificate", "\2\52", 2, 21, 0, FLIGHT_OPENED, 42},
		{"unknown_ca, padded", "\2\60", 2, 21, 3, FLIGHT_OPENED, 48},
		{"an alert of three octets", "\2\60\0", 3, 21, 0, FLIGHT_INCOMPLETE, 0},
		{"application data", "MAIL", 4, 23, 0, FLIGHT_INCOMPLETE, 0},
		{"nothing but padding", "", 0, 0, 30, FLIGHT_INCOMPLETE, 0},
		{"an empty handshake record", "", 0, 22, 0, FLIGHT_OPENED, 0},
		{"a message nobody knows", "\77\0\0\1x", 5, 22, 0, FLIGHT_OPENED, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct sealer s;
		struct flight f;
		s.len = 0;
		assert_int_equal(protection_init(&s.keys, 0x1301, secret, sizeof(secret)), PROTECTION_SET);
		seal(&s, verify, 3, 22, 0);
		seal(&s, verify + 3, 3, 22, 9);
		seal(&s, rows[i].content, rows[i].len, rows[i].type, rows[i].padding);
		seal(&s, finished, sizeof(finished), 22, 0);
		protection_fini(&s.keys);
		if (open_octets(&f, 0x1301, secret, sizeof(secret), s.records, s.len) != rows[i].want)
			fail_msg("%s", rows[i].name);
		assert_int_equal(f.verify_scheme, 0x0804);
		assert_int_equal(f.alert, rows[i].alert != 0);
		assert_int_equal(f.alert_code, rows[i].alert);
		assert_int_equal(f.alert_level, rows[i].alert ? 2 : 0);
	}
}

// A flight larger than we hold: what came before is told. One that just fits is opened.
static void beyond_the_room(void **state)
{
	static const uint8_t secret[32] = {9}, verify[] = {15, 0, 0, 2, 8, 4}, finished[] = {20, 0, 0, 0};
	static const uint8_t large[1024] = {99, 0, 3, 252};

	for (size_t n = 63; n <= 65; n++) {
		static struct sealer s;
		struct flight f;
		s.len = 0;
		assert_int_equal(protection_init(&s.keys, 0x1301, secret, sizeof(secret)), PROTECTION_SET);
		seal(&s, verify, sizeof(verify), 22, 0);
		for (size_t i = 0; i < n; i++)
			seal(&s, large, sizeof(large), 22, 0);
		seal(&s, finished, sizeof(finished), 22, 0);
		protection_fini(&s.keys);
		assert_int_equal(open_octets(&f, 0x1301, secret, sizeof(secret), s.records, s.len),
			n == 63 ? FLIGHT_OPENED : FLIGHT_INCOMPLETE);
		assert_int_equal(f.verify_scheme, 0x0804);
	}
}

// Records under other keys in front: a client's may be early data. A server has none, so what an application traffic secret
// under the label of a handshake's would open, further on, is not looked for.
static void behind_other_keys(void **state)
{
	static const uint8_t other[32] = {1}, secret[32] = {2}, verify[] = {15, 0, 0, 2, 8, 4}, finished[] = {20, 0, 0, 0};
	static struct sealer s;
	struct flight f;

	s.len = 0;
	assert_int_equal(protection_init(&s.keys, 0x1301, other, sizeof(other)), PROTECTION_SET);
	seal(&s, "MAIL", 4, 23, 0);
	seal(&s, finished, sizeof(finished), 22, 0);
	protection_fini(&s.keys);
	assert_int_equal(protection_init(&s.keys, 0x1301, secret, sizeof(secret)), PROTECTION_SET);
	seal(&s, verify, sizeof(verify), 22, 0);
	seal(&s, finished, sizeof(finished), 22, 0);
	protection_fini(&s.keys);
	assert_int_equal(flight_open_records(room, &f, 0x1301, secret, 32, true, s.records, s.len), FLIGHT_OPENED);
	assert_int_equal(f.verify_scheme, 0x0804);
	assert_int_equal(flight_open_records(room, &f, 0x1301, secret, 32, false, s.records, s.len), FLIGHT_WRONG);
	assert_int_equal(f.verify_scheme, 0);
	// change_cipher_spec has no keys, whoever sends it.
	memmove(s.records + 6, s.records, s.len);
	memcpy(s.records, "\24\3\3\0\1\1", 6);
	assert_int_equal(flight_open_records(room, &f, 0x1301, other, 32, false, s.records, s.len + 6), FLIGHT_INCOMPLETE);
	assert_int_equal(flight_open_records(room, &f, 0x1301, secret, 32, false, s.records, s.len + 6), FLIGHT_WRONG);
}

// RFC 8448 3: its server's flight in one record, and its client's.
static void published(void **state)
{
	struct flight f;

	assert_int_equal(open_octets(&f, 0x1301, rfc8448_server_secret, 32, rfc8448_server_flight, sizeof(rfc8448_server_flight)),
		FLIGHT_OPENED);
	assert_int_equal(f.certificates_len, 3 + 432);
	assert_memory_equal(f.certificates, "\0\1\260\60\202\1\254", 7);
	assert_int_equal(f.verify_scheme, 0x0804);
	assert_false(f.certificate_request || f.raw_key || f.staple || f.alpn_len);
	assert_int_equal(open_octets(&f, 0x1301, rfc8448_client_secret, 32, rfc8448_client_flight, sizeof(rfc8448_client_flight)),
		FLIGHT_OPENED);
	assert_false(f.certificate);
}

static int open_room(void **state)
{
	return flight_room_open(&room);
}

static int close_room(void **state)
{
	flight_room_close(&room);
	return room != NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sealed_by_hand),
		cmocka_unit_test(beyond_the_room),
		cmocka_unit_test(behind_other_keys),
		cmocka_unit_test(published),
	};
	return cmocka_run_group_tests(tests, open_room, close_room);
}

// Messages of an opened flight that OpenSSL does not send: each row is the body of one, between two good ones.
#include "alerts/keylog/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

static struct messages m;

static void add(uint8_t type, const void *body, size_t len)
{
	uint8_t *at = m.plain + m.len;

	assert_true(m.len + 4 + len <= sizeof(m.plain));
	memcpy(at, (const uint8_t[]){type, (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len}, 4);
	memcpy(at + 4, body, len);
	m.len += 4 + len;
}

static const struct {
	const char *name;
	uint8_t type;
	const char *body;
	size_t len;
	struct flight want;       // numbers and flags
	const char *certificates; // want.certificates_len of them
	const char *staple;
} rows[] = {
	{"no extensions", 8, "\0\0", 2, {0}, "", ""},
	{"a raw key and a protocol", 8, "\0\x0e\0\x14\0\1\2\0\x10\0\5\0\3\2h2", 16, {.raw_key = true, .alpn_len = 2}, "", ""},
	{"X.509", 8, "\0\5\0\x14\0\1\0", 7, {0}, "", ""},
	{"an empty certificate_type", 8, "\0\4\0\x14\0\0", 6, {0}, "", ""},
	{"a protocol beyond its list", 8, "\0\x9\0\x10\0\5\0\3\5h2", 11, {0}, "", ""},
	{"extensions beyond the message", 8, "\0\x9\0\x14\0\1\2", 7, {0}, "", ""},
	{"an extension beyond the extensions", 8, "\0\5\0\x14\0\5\2", 7, {0}, "", ""},
	{"no octet at all", 8, "", 0, {0}, "", ""},
	{"a request", 13, "\0\0\0", 3, {.certificate_request = true}, "", ""},
	{"no certificate", 11, "\0\0\0\0", 4, {.certificate = true}, "", ""},
	{"no list", 11, "\0", 1, {0}, "", ""},
	{"a context beyond the message", 11, "\5\0\0\0\0", 5, {0}, "", ""},
	{"a list beyond the message", 11, "\0\0\0\7\0\0\1A\0\0", 10, {0}, "", ""},
	{"one", 11, "\0\0\0\6\0\0\1A\0\0", 10, {.certificate = true, .certificates_len = 4}, "\0\0\1A", ""},
	{"one with a context", 11, "\2xy\0\0\6\0\0\1A\0\0", 12, {.certificate = true, .certificates_len = 4}, "\0\0\1A", ""},
	{"two, extensions between", 11, "\0\0\0\x11\0\0\1A\0\5\0\x12\0\1x\0\0\1B\0\0", 21,
		{.certificate = true, .certificates_len = 8}, "\0\0\1A\0\0\1B", ""},
	{"two, the second without extensions", 11, "\0\0\0\x0a\0\0\1A\0\0\0\0\1B", 14,
		{.certificate = true, .certificates_len = 4}, "\0\0\1A", ""},
	{"a staple", 11, "\0\0\0\x0f\0\0\1A\0\x9\0\5\0\5\1\0\0\1S", 19,
		{.certificate = true, .certificates_len = 4, .staple_len = 1}, "\0\0\1A", "S"},
	{"a staple of the second", 11, "\0\0\0\x15\0\0\1A\0\0\0\0\1B\0\x9\0\5\0\5\1\0\0\1S", 25,
		{.certificate = true, .certificates_len = 8}, "\0\0\1A\0\0\1B", ""},
	{"a staple of another kind", 11, "\0\0\0\x0f\0\0\1A\0\x9\0\5\0\5\2\0\0\1S", 19,
		{.certificate = true, .certificates_len = 4}, "\0\0\1A", ""},
	{"a staple beyond its extension", 11, "\0\0\0\x0f\0\0\1A\0\x9\0\5\0\5\1\0\0\2S", 19,
		{.certificate = true, .certificates_len = 4}, "\0\0\1A", ""},
	{"brotli", 25, "\0\2\0\0\4\0\0\1x", 9, {.certificate = true, .compressed = true}, "", ""},
	{"zstd", 25, "\0\3\0\0\4\0\0\1x", 9, {.certificate = true, .compressed = true}, "", ""},
	{"zlib that is none", 25, "\0\1\0\0\4\0\0\1x", 9, {.certificate = true, .compressed = true}, "", ""},
	{"zlib of more than we hold", 25, "\0\1\1\0\1\0\0\1x", 9, {.certificate = true, .compressed = true}, "", ""},
	{"a compressed one beyond the message", 25, "\0\1\0\0\4\0\0\2x", 9, {0}, "", ""},
	{"half a scheme", 15, "\4", 1, {0}, "", ""},
	{"a ticket", 4, "\0\0\0\0", 4, {0}, "", ""},
};

static void each(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct flight f = {0};
		messages_init(&m);
		add(99, "?", 1);
		add(rows[i].type, rows[i].body, rows[i].len);
		size_t whole = m.len;
		// It comes in two records, cut anywhere; then Finished.
		m.len = whole - 1;
		messages_read(&m, &f);
		m.len = whole;
		messages_read(&m, &f);
		assert_false(m.finished);
		add(20, "", 0);
		add(15, "\10\4\0\0", 4);
		messages_read(&m, &f);
		const struct flight *w = &rows[i].want;
		if (f.certificate != w->certificate || f.compressed != w->compressed || f.raw_key != w->raw_key ||
		    f.certificate_request != w->certificate_request || f.certificates_len != w->certificates_len ||
		    f.staple_len != w->staple_len || f.alpn_len != w->alpn_len || f.verify_scheme != 0 || !m.finished)
			fail_msg("%s", rows[i].name);
		assert_int_equal(f.certificates != NULL, f.certificates_len > 0);
		assert_memory_equal(f.certificates_len ? f.certificates : m.list, rows[i].certificates, f.certificates_len);
		assert_memory_equal(f.staple_len ? f.staple : m.list, rows[i].staple, f.staple_len);
		assert_memory_equal(f.alpn, "h2", f.alpn_len);
	}
}

static size_t compress_to(uint8_t *out, size_t room, const uint8_t *plain, size_t len, size_t said)
{
	uLongf n = (uLongf)(room - 8);
	assert_int_equal(compress2(out + 8, &n, plain, (uLong)len, 9), Z_OK);
	memcpy(out, (const uint8_t[]){0, 1, (uint8_t)(said >> 16), (uint8_t)(said >> 8), (uint8_t)said, 0, (uint8_t)(n >> 8), (uint8_t)n}, 8);
	return 8 + n;
}

// One with zlib: as said, with a length that is not true, and as much as there is room for.
static void compressed(void **state)
{
	static uint8_t plain[FLIGHT_LEN_MAX + 1], packed[4096];
	static const size_t lens[] = {19, FLIGHT_LEN_MAX, FLIGHT_LEN_MAX + 1};

	for (size_t i = 0; i < 3; i++) {
		size_t len = lens[i], inner = len - 4 - 5 - 9;
		memset(plain, 'A', sizeof(plain));
		memcpy(plain, (const uint8_t[]){0, (uint8_t)((len - 4) >> 16), (uint8_t)((len - 4) >> 8), (uint8_t)(len - 4)}, 4);
		memcpy(plain + 4, (const uint8_t[]){(uint8_t)(inner >> 16), (uint8_t)(inner >> 8), (uint8_t)inner}, 3);
		memcpy(plain + 7 + inner, "\0\x9\0\5\0\5\1\0\0\1S", 11);
		for (int lie = -1; lie <= 1; lie++) {
			struct flight f = {0};
			messages_init(&m);
			add(25, packed, compress_to(packed, sizeof(packed), plain, len, len + (size_t)lie));
			messages_read(&m, &f);
			bool good = lie == 0 && len <= FLIGHT_LEN_MAX;
			assert_true(f.certificate);
			assert_int_equal(f.compressed, !good);
			assert_int_equal(f.certificates_len, good ? 3 + inner : 0);
			assert_int_equal(f.staple_len, good);
			assert_true(!good || (f.certificates[3 + inner - 1] == 'A' && f.staple[0] == 'S'));
		}
	}
}

// Only the first certificate is read: a thousand that inflate cost what one does.
static void the_first_counts(void **state)
{
	struct flight f = {0};

	messages_init(&m);
	add(11, "\0\0\0\6\0\0\1A\0\0", 10);
	for (int i = 0; i < 1000; i++) {
		add(11, "\0\0\0\6\0\0\1B\0\0", 10);
		add(25, "\0\2\0\0\4\0\0\1x", 9);
	}
	messages_read(&m, &f);
	assert_int_equal(m.done, m.len);
	assert_false(f.compressed);
	assert_memory_equal(f.certificates, "\0\0\1A", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each),
		cmocka_unit_test(compressed),
		cmocka_unit_test(the_first_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

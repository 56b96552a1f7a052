// The JSON emitter: escaping, structure, overflow, rollback; every output is read back by another implementation.
#include "alerts/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

static const struct {
	const char *name, *in;
	size_t len;
	const char *want;
} strings[] = {
	{"empty", "", 0, "\"\""},
	{"plain", "mx1.example", 11, "\"mx1.example\""},
	{"quote and backslash", "a\"b\\c", 5, "\"a\\\"b\\\\c\""},
	{"slash stays", "a/b", 3, "\"a/b\""},
	{"short escapes", "\b\t\n\f\r", 5, "\"\\b\\t\\n\\f\\r\""},
	{"NUL", "a\0b", 3, "\"a\\u0000b\""},
	{"first and last control", "\x01\x1f", 2, "\"\\u0001\\u001f\""},
	{"space and tilde are plain", " ~", 2, "\" ~\""},
	{"DEL", "\x7f", 1, "\"\\u007f\""},
	{"two octets, first", "\xc2\x80", 2, "\"\\u0080\""},
	{"two octets, last", "\xdf\xbf", 2, "\"\\u07ff\""},
	{"three octets, first", "\xe0\xa0\x80", 3, "\"\\u0800\""},
	{"before the surrogates", "\xed\x9f\xbf", 3, "\"\\ud7ff\""},
	{"after the surrogates", "\xee\x80\x80", 3, "\"\\ue000\""},
	{"three octets, last", "\xef\xbf\xbf", 3, "\"\\uffff\""},
	{"four octets, first", "\xf0\x90\x80\x80", 4, "\"\\ud800\\udc00\""},
	{"four octets, last", "\xf4\x8f\xbf\xbf", 4, "\"\\udbff\\udfff\""},
	{"beyond Unicode", "\xf4\x90\x80\x80", 4, "\"\\\\xf4\\\\x90\\\\x80\\\\x80\""},
	{"surrogate in UTF-8", "\xed\xa0\x80", 3, "\"\\\\xed\\\\xa0\\\\x80\""},
	{"overlong slash", "\xc0\xaf", 2, "\"\\\\xc0\\\\xaf\""},
	{"overlong in three", "\xe0\x80\xaf", 3, "\"\\\\xe0\\\\x80\\\\xaf\""},
	{"overlong in four", "\xf0\x80\x80\xaf", 4, "\"\\\\xf0\\\\x80\\\\x80\\\\xaf\""},
	{"lone continuation", "\x80", 1, "\"\\\\x80\""},
	{"cut sequence", "a\xe2\x82", 3, "\"a\\\\xe2\\\\x82\""},
	{"cut, then plain", "\xe2\x82z", 3, "\"\\\\xe2\\\\x82z\""},
	{"Latin-1", "gr\xfc\xdf", 4, "\"gr\\\\xfc\\\\xdf\""},
	{"never a lead octet", "\xfe\xff", 2, "\"\\\\xfe\\\\xff\""},
};

static void escapes_strings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		char out[128];
		struct json j;
		json_init(&j, out, sizeof(out));
		json_put_string(&j, strings[i].in, strings[i].len);
		assert_true(json_ok(&j));
		out[json_len(&j)] = '\0';
		assert_string_equal(out, strings[i].want);
	}
}

// Every pair of octets is a valid, pure ASCII string without control octets, at most six octets for each.
static void any_two_octets(void **state)
{
	(void)state;
	for (unsigned v = 0; v < 65536; v++) {
		const uint8_t in[2] = {(uint8_t)(v >> 8), (uint8_t)v};
		char out[32];
		struct json j;
		json_init(&j, out, sizeof(out));
		json_put_string(&j, in, sizeof(in));
		assert_true(json_ok(&j));
		assert_true(json_len(&j) <= 2 + 6 * sizeof(in));
		for (size_t i = 0; i < json_len(&j); i++)
			assert_in_range(out[i], 0x20, 0x7e);
		json_t *back = json_loadb(out, json_len(&j), JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		assert_non_null(back);
		json_decref(back);
	}
}

static void numbers(void **state)
{
	static const struct {
		uint64_t value;
		const char *want;
	} row[] = {{0, "0"}, {9, "9"}, {10, "10"}, {4294967296, "4294967296"}, {UINT64_MAX, "18446744073709551615"}};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char out[32] = "";
		struct json j;
		json_init(&j, out, sizeof(out));
		json_put_u64(&j, row[i].value);
		out[json_len(&j)] = '\0';
		assert_string_equal(out, row[i].want);
	}
}

// One of everything.
static void document(struct json *j)
{
	json_open_object(j);
	json_field(j, "a", u64, 1);
	json_key(j, "list");
	json_open_array(j);
	json_put_u64(j, 2);
	json_put_cstr(j, "x\n");
	json_open_object(j);
	json_close_object(j);
	json_open_array(j);
	json_close_array(j);
	json_put_null(j);
	json_close_array(j);
	json_field(j, "yes", flag, true);
	json_field(j, "no", flag, false);
	json_field(j, "word", word, "fin");
	json_key(j, "parts");
	json_open_string(j);
	json_put_text(j, "@", 1);
	json_put_text(j, "a\"", 2);
	json_close_string(j);
	json_close_object(j);
}

static const char document_text[] =
	"{\"a\":1,\"list\":[2,\"x\\n\",{},[],null],\"yes\":true,\"no\":false,\"word\":\"fin\",\"parts\":\"@a\\\"\"}";

static void structure(void **state)
{
	char out[256];
	struct json j;

	(void)state;
	json_init(&j, out, sizeof(out));
	document(&j);
	assert_true(json_ok(&j));
	out[json_len(&j)] = '\0';
	assert_string_equal(out, document_text);
}

// The buffer ends where memory does; whatever its size, nothing is written behind it and overflow is remembered.
static void every_capacity(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = sizeof(document_text) - 1;
	uint8_t *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(memory != MAP_FAILED);
	assert_int_equal(mprotect(memory + page, page, PROT_NONE), 0);
	for (size_t cap = 0; cap <= whole + 1; cap++) {
		struct json j;
		json_init(&j, (char *)memory + page - cap, cap);
		document(&j);
		assert_int_equal(json_ok(&j), cap >= whole);
		assert_true(json_len(&j) <= cap);
	}
	munmap(memory, 2 * page);
}

static void overflow_is_sticky(void **state)
{
	char out[8];
	struct json j;

	(void)state;
	json_init(&j, out, sizeof(out));
	json_put_cstr(&j, "too long for it");
	assert_false(json_ok(&j));
	json_put_u64(&j, 1);
	json_put_null(&j);
	assert_false(json_ok(&j));
}

static void rollback(void **state)
{
	char out[24];
	struct json j;

	(void)state;
	json_init(&j, out, sizeof(out));
	json_open_object(&j);
	json_field(&j, "keep", u64, 1);
	struct json_checkpoint before = json_checkpoint(&j);
	json_field(&j, "list", cstr, "longer than there is room");
	assert_false(json_ok(&j));
	json_rollback(&j, before);
	assert_true(json_ok(&j));
	json_field(&j, "cut", flag, true);
	json_close_object(&j);
	assert_true(json_ok(&j));
	out[json_len(&j)] = '\0';
	assert_string_equal(out, "{\"keep\":1,\"cut\":true}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes_strings), cmocka_unit_test(any_two_octets), cmocka_unit_test(numbers),
		cmocka_unit_test(structure),       cmocka_unit_test(every_capacity), cmocka_unit_test(overflow_is_sticky),
		cmocka_unit_test(rollback),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

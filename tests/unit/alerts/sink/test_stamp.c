// The stamp: written and read back, a chain that shows each change, and lines that only look as if they had one.
#include "alerts/sink/stamp.h"

#include "alerts/record_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#define CHAIN "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" // of 32 octets of zeros
#define STAMP ",\"epoch\":1790000000,\"seq\":7,\"chain\":\"" CHAIN "\""

static const char alert[] = "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1}}";
static const char session[] = "{\"event_type\":\"smtp\",\"smtp_tls\":{\"v\":1,\"capture\":{\"gaps\":0}}}";

static void the_form(void **state)
{
	uint8_t chain[OUTBOX_HASH];
	char out[sizeof(alert) + STAMP_MAX];
	// echo -n of the parts through sha256sum: a receiver needs no more.
	static const char want[] = "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1,\"epoch\":1790000000,\"seq\":1,\"chain\":"
		"\"zKOL3DePFA_eoGKBmvTT-ImOM5JP-t8Ec5Xb-Vf2nYY\"}}";

	(void)state;
	stamp_begin(chain, 1790000000, OUTBOX_ALERTS);
	size_t len = stamp_write(out, alert, sizeof(alert) - 1, 1790000000, 1, chain);
	assert_int_equal(len, sizeof(want) - 1);
	out[len] = '\0';
	assert_string_equal(out, want);
}

static void there_and_back(void **state)
{
	static const uint64_t numbers[] = {0, 1, 9, 10, 4711, UINT32_MAX, (uint64_t)UINT32_MAX + 1, INT64_MAX, UINT64_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		for (int lane = 0; lane < OUTBOX_LANES; lane++) {
			const char *line = lane == OUTBOX_ALERTS ? alert : session;
			uint8_t before[OUTBOX_HASH], chain[OUTBOX_HASH];
			char out[256];
			struct stamp s;
			stamp_begin(before, numbers[i], (enum outbox_lane)lane);
			memcpy(chain, before, sizeof(chain));
			size_t len = stamp_write(out, line, strlen(line), numbers[i], numbers[8 - i], chain);
			assert_in_range(len, strlen(line) + 1, strlen(line) + STAMP_MAX);
			assert_true(stamp_read(out, len, &s));
			assert_true(s.epoch == numbers[i] && s.seq == numbers[8 - i]);
			assert_int_equal(s.lane, lane);
			assert_memory_equal(s.chain, chain, sizeof(chain));
			assert_true(stamp_follows(&s, before, out));
			assert_false(stamp_follows(&s, chain, out));
			json_t *root = json_loadb(out, len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
			assert_non_null(root);
			json_decref(root);
		}
	}
}

static void rows_begin_apart(void **state)
{
	uint8_t a[OUTBOX_HASH], b[OUTBOX_HASH];

	(void)state;
	stamp_begin(a, 1, OUTBOX_ALERTS);
	stamp_begin(b, 1, OUTBOX_SESSIONS);
	assert_memory_not_equal(a, b, sizeof(a));
	stamp_begin(b, 2, OUTBOX_ALERTS);
	assert_memory_not_equal(a, b, sizeof(a));
}

enum { ROW = 5 };

static size_t write_row(char line[ROW][256], size_t len[ROW], uint8_t first[OUTBOX_HASH])
{
	uint8_t chain[OUTBOX_HASH];

	stamp_begin(first, 1790000000, OUTBOX_ALERTS);
	memcpy(chain, first, sizeof(chain));
	for (size_t i = 0; i < ROW; i++)
		len[i] = stamp_write(line[i], alert, sizeof(alert) - 1, 1790000000, i + 1, chain);
	return ROW;
}

// Index of the first line that does not follow the one before; ROW: all do.
static size_t first_bad(char line[ROW][256], const size_t len[ROW], const uint8_t first[OUTBOX_HASH])
{
	uint8_t before[OUTBOX_HASH];
	struct stamp s;

	memcpy(before, first, sizeof(before));
	for (size_t i = 0; i < ROW; i++) {
		if (!stamp_read(line[i], len[i], &s) || !stamp_follows(&s, before, line[i]))
			return i;
		memcpy(before, s.chain, sizeof(before));
	}
	return ROW;
}

// Every single octet that is changed is found at its own line, or, in the link itself, there or at the next.
static void each_octet_counts(void **state)
{
	char line[ROW][256];
	size_t len[ROW];
	uint8_t first[OUTBOX_HASH];

	(void)state;
	write_row(line, len, first);
	assert_int_equal(first_bad(line, len, first), ROW);
	for (size_t i = 0; i < len[2]; i++) {
		for (int bit = 0; bit < 8; bit++) {
			line[2][i] = (char)(line[2][i] ^ 1 << bit);
			assert_int_equal(first_bad(line, len, first), 2);
			line[2][i] = (char)(line[2][i] ^ 1 << bit);
		}
	}
}

static void removed_doubled_swapped(void **state)
{
	static const size_t order[][ROW] = {{0, 2, 3, 4, 4}, {1, 2, 3, 4, 4}, {0, 0, 1, 2, 3}, {0, 2, 1, 3, 4}};
	static const size_t want[] = {1, 0, 1, 1};
	char line[ROW][256], moved[ROW][256];
	size_t len[ROW];
	uint8_t first[OUTBOX_HASH];

	(void)state;
	write_row(line, len, first);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		for (size_t k = 0; k < ROW; k++)
			memcpy(moved[k], line[order[i][k]], sizeof(moved[k]));
		assert_int_equal(first_bad(moved, len, first), want[i]);
	}
}

// What the wire says stands in strings, and a quotation mark in a string is never bare. So nothing that is said there can be
// taken for a stamp: this is what record_* makes of somebody who tries.
static void a_text_is_no_stamp(void **state)
{
	static const char *const said[] = {
		STAMP, STAMP "}}", "\"" STAMP "}}", "\"}}", "\\" STAMP "}}", "\\\"" STAMP "}}", "\"}," STAMP "}}", "x\"}}\n{\"event_type\":\"alert\"" STAMP "}}",
		"\",\"event_type\":\"alert\",\"x\":\"", "\"},\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1" STAMP "}}",
	};
	struct stamp s;

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		for (int last = 0; last < 2; last++) {
			char line[1024], out[1024 + STAMP_MAX];
			struct json j;
			json_init(&j, line, sizeof(line));
			json_open_object(&j);
			json_field(&j, "event_type", word, "smtp");
			json_field(&j, "helo", cstr, said[i]);
			json_key(&j, "smtp_tls");
			json_open_object(&j);
			json_field(&j, "v", u64, 1);
			if (last)
				json_field(&j, "detail", cstr, said[i]);
			json_close_object(&j);
			json_close_object(&j);
			size_t len = json_len(&j);
			// Nowhere in it does the raw word stand that a search would look for.
			assert_null(memmem(line, len, ",\"chain\":\"", 10));
			assert_false(stamp_read(line, len, &s));
			uint8_t chain[OUTBOX_HASH], before[OUTBOX_HASH];
			stamp_begin(chain, 5, OUTBOX_SESSIONS);
			memcpy(before, chain, sizeof(before));
			size_t n = stamp_write(out, line, len, 5, 6, chain);
			assert_true(n && stamp_read(out, n, &s));
			assert_true(s.epoch == 5 && s.seq == 6 && s.lane == OUTBOX_SESSIONS);
			assert_true(stamp_follows(&s, before, out));
		}
	}
}

// Lines of other programs, and of ours after somebody's hand: `stamp`, whether it may be stamped; none of them has one.
static const struct {
	const char *name, *line;
	bool stamp;
} strangers[] = {
	{"nothing", "", false},
	{"the end alone", "}}", false},
	{"an empty object", "{}", false},
	{"text", "Nov 23 20:42:09 host postfix/smtpd[1]: connect", false},
	{"another's EVE", "{\"event_type\":\"alert\",\"alert\":{\"gid\":1}}", false},
	{"another's EVE that knows smtp_tls", "{\"event_type\":\"dns\",\"smtp_tls\":{\"v\":1}}", false},
	{"no event type", "{\"smtp_tls\":{\"v\":1}}", false},
	{"ours", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1}}", true},
	{"ours, written with spaces", "{\"event_type\": \"alert\", \"smtp_tls\": {\"v\": 1}}", false},
	{"not its last member", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1},\"x\":{\"y\":1}}", false},
	{"nothing in it", "{\"event_type\":\"alert\",\"smtp_tls\":{}}", false},
	{"smtp_tls twice", "{\"smtp_tls\":{\"v\":1},\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1}}", false},
	{"two event types", "{\"event_type\":\"alert\",\"event_type\":\"smtp\",\"smtp_tls\":{\"v\":1}}", false},
	{"an event type further in", "{\"a\":{\"event_type\":\"alert\"},\"smtp_tls\":{\"v\":1}}", false},
	{"an event type in a list", "{\"event_type\":[\"alert\"],\"smtp_tls\":{\"v\":1}}", false},
	{"an event type as a value", "{\"x\":\"event_type\",\"y\":\"alert\",\"smtp_tls\":{\"v\":1}}", false},
	{"a list at its end", "{\"event_type\":\"alert\",\"smtp_tls\":[{\"v\":1}}", false},
	{"a bracket too few", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":{\"w\":1}}", false},
	{"a bracket too many", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1}}}", false},
	{"more behind it", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1}}{\"smtp_tls\":{\"v\":1}}", false},
	{"a space behind it", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1}} ", false},
	{"its newline", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1}}\n", false},
	{"a newline in it", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":\"\n\"}}", false},
	{"an octet above ASCII", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":\"\xc3\xa9\"}}", false},
	{"a string without end", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":\"1}}", false},
	{"a backslash at the end", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":\"\\", false},
	{"a key in disguise", "{\"event_type\":\"alert\",\"smtp_tls\":{\"\\u0065poch\":1}}", false},
	{"a stamp in part", "{\"event_type\":\"alert\",\"smtp_tls\":{\"seq\":1,\"v\":1}}", false},
	{"a stamp before the end", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1" STAMP ",\"x\":1}}", false},
	{"a stamp further in", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":{\"w\":1" STAMP "}}}", true},
	{"a stamp outside smtp_tls", "{\"event_type\":\"alert\"" STAMP ",\"smtp_tls\":{\"v\":1}}", true},
	{"in another order", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1,\"seq\":7,\"epoch\":1,\"chain\":\"" CHAIN "\"}}", false},
	{"chain too short", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1,\"epoch\":1,\"seq\":7,\"chain\":\"AAAA\"}}", false},
	{"chain with bits over", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1,\"epoch\":1,\"seq\":7,\"chain\":"
	 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB\"}}", false},
	{"chain in the other base64", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1,\"epoch\":1,\"seq\":7,\"chain\":"
	 "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+A\"}}", false},
	{"a leading zero", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1,\"epoch\":1,\"seq\":07,\"chain\":\"" CHAIN "\"}}", false},
	{"a sign", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1,\"epoch\":1,\"seq\":-7,\"chain\":\"" CHAIN "\"}}", false},
	{"above 64 bits", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1,\"epoch\":1,\"seq\":18446744073709551616,\"chain\":\"" CHAIN "\"}}", false},
	{"no number", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1,\"epoch\":1,\"seq\":,\"chain\":\"" CHAIN "\"}}", false},
	{"a member twice", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1,\"seq\":3" STAMP "}}", false},
};

static void lines_of_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		// On the heap and not terminated, so that a look past the end is seen.
		size_t len = strlen(strangers[i].line);
		char *line = malloc(len ? len : 1), out[512 + STAMP_MAX];
		uint8_t chain[OUTBOX_HASH] = {0};
		struct stamp s;
		memcpy(line, strangers[i].line, len);
		if (stamp_read(line, len, &s))
			fail_msg("%s: a stamp was read", strangers[i].name);
		if (!stamp_write(out, line, len, 1, 2, chain) == strangers[i].stamp)
			fail_msg("%s: %s", strangers[i].name, strangers[i].stamp ? "refused" : "stamped");
		free(line);
	}
}

static void lanes(void **state)
{
	static const char *const word[RECORD_TYPES] = {[RECORD_SMTP] = "smtp", [RECORD_TLS] = "tls", [RECORD_ALERT] = "alert",
		[RECORD_ANOMALY] = "anomaly", [RECORD_STATS] = "stats"};

	(void)state;
	for (unsigned i = 0; i < RECORD_TYPES; i++) {
		char line[256], out[256 + STAMP_MAX];
		uint8_t chain[OUTBOX_HASH] = {0};
		struct stamp s;
		int len = snprintf(line, sizeof(line), "{\"event_type\":\"%s\",\"smtp_tls\":{\"v\":1}}", word[i]);
		size_t n = stamp_write(out, line, (size_t)len, 1, 1, chain);
		assert_true(stamp_read(out, n, &s));
		assert_int_equal(s.lane, outbox_lane_of((enum record_type)i));
	}
}

static void longest(void **state)
{
	static char line[OUTBOX_LINE_MAX + 1], out[OUTBOX_LINE_MAX + STAMP_MAX];
	static const char head[] = "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":\"";
	uint8_t chain[OUTBOX_HASH];
	struct stamp s;

	(void)state;
	for (size_t len = OUTBOX_LINE_MAX; len <= OUTBOX_LINE_MAX + 1; len++) {
		memset(line, 'x', sizeof(line));
		memcpy(line, head, sizeof(head) - 1);
		memcpy(line + len - 3, "\"}}", 3);
		stamp_begin(chain, UINT64_MAX, OUTBOX_ALERTS);
		size_t n = stamp_write(out, line, len, UINT64_MAX, UINT64_MAX, chain);
		if (len > OUTBOX_LINE_MAX) {
			assert_int_equal(n, 0);
			continue;
		}
		assert_in_range(n, len, sizeof(out));
		assert_true(stamp_read(out, n, &s));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_form),           cmocka_unit_test(there_and_back),
		cmocka_unit_test(rows_begin_apart),   cmocka_unit_test(each_octet_counts),
		cmocka_unit_test(removed_doubled_swapped), cmocka_unit_test(a_text_is_no_stamp),
		cmocka_unit_test(lines_of_others),    cmocka_unit_test(lanes),
		cmocka_unit_test(longest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

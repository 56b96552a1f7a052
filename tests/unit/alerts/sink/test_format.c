// The formats: what hostile text becomes in each, severities, times, keys, lines that are none, and messages that have to be cut.
// Golden lines of real records, and parsers of another hand, are in tests/delivery/formats.py.
#include "alerts/sink/format.h"

#include "alerts/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static struct formatter *formatter[FORMATS];
static struct format_keys keys;
static char out[FORMAT_MAX + 1];

static int setup(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FORMATS; i++)
		if (formatter_open(&formatter[i], (enum sink_format)i))
			return -1;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (unsigned i = 0; i < FORMATS; i++)
		formatter_close(&formatter[i]);
	return formatter[0] ? -1 : 0;
}

// The message as a string; NULL: none. The line stands where memory ends.
static const char *say(enum sink_format format, const char *line, size_t len)
{
	static const struct outbox_about about = {.time_ns = UINT64_C(1790000000123456789)};
	char *exact = malloc(len ? len : 1);
	size_t n;

	memcpy(exact, line, len);
	const char *p = formatter_write(formatter[format], exact, len, &about, &n, &keys);
	if (p) {
		assert_in_range(n, 1, FORMAT_MAX);
		for (size_t i = 0; i < n; i++)
			assert_true((unsigned char)p[i] >= 0x20 && p[i] != 0x7f);
		memcpy(out, p, n);
		out[n] = '\0';
	}
	free(exact);
	return p ? out : NULL;
}

// An alert in which the wire said `text` wherever it can.
static size_t alert_of(char *line, size_t cap, const char *text, size_t len)
{
	struct json j;

	json_init(&j, line, cap);
	json_open_object(&j);
	json_field(&j, "timestamp", word, "2026-11-23T20:42:09.123456+0000");
	json_field(&j, "event_type", word, "alert");
	json_field(&j, "src_ip", word, "2001:db8::1");
	json_field(&j, "src_port", u64, 43122);
	json_key(&j, "alert");
	json_open_object(&j);
	json_field(&j, "signature", word, "SMTP server did not offer STARTTLS");
	json_field(&j, "severity", u64, 2);
	json_key(&j, "metadata");
	json_open_object(&j);
	json_key(&j, "finding");
	json_open_array(&j);
	json_put_word(&j, "starttls.not-offered");
	json_close_array(&j);
	json_key(&j, "severity");
	json_open_array(&j);
	json_put_word(&j, "high");
	json_close_array(&j);
	json_close_object(&j);
	json_close_object(&j);
	json_key(&j, "smtp");
	json_open_object(&j);
	json_field(&j, "helo", string, text, len);
	json_close_object(&j);
	json_key(&j, "smtp_tls");
	json_open_object(&j);
	json_field(&j, "v", u64, 1);
	json_field(&j, "id", word, "01M852A245Y8QG6HZA0XRCRRXD");
	json_field(&j, "epoch", u64, 1790000000);
	json_field(&j, "seq", u64, 7);
	json_close_object(&j);
	json_close_object(&j);
	assert_true(json_ok(&j));
	return json_len(&j);
}

// What the wire said, and what stands for it in a value of CEF, of LEEF, and inside the quotes of ECS.
static const struct {
	const char *name, *said;
	size_t len;
	const char *cef, *leef, *ecs;
} texts[] = {
#define SAID(s) s, sizeof(s) - 1
	{"plain", SAID("mail.example"), "mail.example", "mail.example", "mail.example"},
	{"pipe", SAID("a|b"), "a|b", "a\\x7cb", "a|b"},
	{"equals", SAID("a=b"), "a\\=b", "a=b", "a=b"},
	{"backslash", SAID("a\\b"), "a\\\\b", "a\\b", "a\\\\b"},
	{"a backslash before what is escaped", SAID("a\\=b"), "a\\\\\\=b", "a\\=b", "a\\\\=b"},
	{"a backslash at the end", SAID("a\\"), "a\\\\", "a\\", "a\\\\"},
	{"a field of CEF", SAID("x cs1=forged"), "x cs1\\=forged", "x cs1=forged", "x cs1=forged"},
	{"a field of LEEF", SAID("x^sev=10"), "x^sev\\=10", "x\\x5esev=10", "x^sev=10"},
	{"a tab", SAID("x\tsev=10"), "x\\\\x09sev\\=10", "x\\x09sev=10", "x\\tsev=10"},
	{"another message", SAID("x\r\n<13>CEF:0|a|b|c|d|e|9|"), "x\\r\\n<13>CEF:0|a|b|c|d|e|9|",
	 "x\\x0d\\x0a<13>CEF:0\\x7ca\\x7cb\\x7cc\\x7cd\\x7ce\\x7c9\\x7c", "x\\r\\n<13>CEF:0|a|b|c|d|e|9|"},
	{"bracket and quotation mark", SAID("]\""), "]\"", "]\"", "]\\\""},
	{"the end of a record", SAID("\"}}"), "\"}}", "\"}}", "\\\"}}"},
	{"NUL", SAID("a\0b"), "a\\\\x00b", "a\\x00b", "a\\u0000b"},
	{"escape and DEL", SAID("\x1b[2J\x7f"), "\\\\x1b[2J\\\\x7f", "\\x1b[2J\\x7f", "\\u001b[2J\\u007f"},
	{"next line, U+0085", SAID("a\xc2\x85z"), "a\\\\x85z", "a\\x85z", "a\\u0085z"},
	{"line separator, U+2028", SAID("a\xe2\x80\xa8z"), "a\\\\u2028z", "a\\u2028z", "a\\u2028z"},
	{"paragraph separator", SAID("\xe2\x80\xa9"), "\\\\u2029", "\\u2029", "\\u2029"},
	{"right to left", SAID("\xe2\x80\xae" "elpmaxe"), "\\\\u202eelpmaxe", "\\u202eelpmaxe", "\\u202eelpmaxe"},
	{"of zero width", SAID("a\xe2\x80\x8b\xef\xbb\xbf"), "a\\\\u200b\\\\ufeff", "a\\u200b\\ufeff", "a\\u200b\\ufeff"},
	{"a filler that is no space", SAID("a\xe3\x85\xa4" "b"), "a\\\\u3164b", "a\\u3164b", "a\\u3164b"},
	{"a letter", SAID("\xc3\xa9"), "\xc3\xa9", "\xc3\xa9", "\\u00e9"},
	{"beyond 16 bits", SAID("\xf0\x9f\x93\xa7"), "\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7", "\\ud83d\\udce7"},
	{"a tag character", SAID("\xf3\xa0\x81\x81"), "\\\\ue0041", "\\ue0041", "\\udb40\\udc41"},
	{"no UTF-8", SAID("\xff\xfe"), "\\\\xff\\\\xfe", "\\xff\\xfe", "\\\\xff\\\\xfe"},
	{"a surrogate", SAID("\xed\xa0\x80"), "\\\\xed\\\\xa0\\\\x80", "\\xed\\xa0\\x80", "\\\\xed\\\\xa0\\\\x80"},
	{"too long a form", SAID("\xc0\xaf"), "\\\\xc0\\\\xaf", "\\xc0\\xaf", "\\\\xc0\\\\xaf"},
	{"spaces", SAID(" a "), " a ", " a ", " a "},
};

static void hostile_text(void **state)
{
	char line[1024], want[512];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t len = alert_of(line, sizeof(line), texts[i].said, texts[i].len);
		snprintf(want, sizeof(want), "CEF:0|postwacht|postwacht|" POSTWACHT_VERSION "|starttls.not-offered|SMTP server did not offer "
			"STARTTLS|8|rt=1795466529123 externalId=01M852A245Y8QG6HZA0XRCRRXD src=2001:db8::1 spt=43122 "
			"cs5Label=helo cs5=%s cn1Label=epoch cn1=1790000000 cn2Label=seq cn2=7", texts[i].cef);
		print_message("%s\n", texts[i].name);
		assert_string_equal(say(FORMAT_CEF, line, len), want);
		snprintf(want, sizeof(want), "LEEF:2.0|postwacht|postwacht|" POSTWACHT_VERSION "|starttls.not-offered|^|devTime=1795466529123"
			"^sev=8^src=2001:db8::1^srcPort=43122^eventType=alert^eventId=01M852A245Y8QG6HZA0XRCRRXD"
			"^signature=SMTP server did not offer STARTTLS^severity=high^helo=%s^epoch=1790000000^seq=7", texts[i].leef);
		assert_string_equal(say(FORMAT_LEEF, line, len), want);
		assert_non_null(say(FORMAT_ECS, line, len));
		snprintf(want, sizeof(want), "\"smtp\":{\"helo\":\"%s\"}}}}", texts[i].ecs);
		assert_non_null(strstr(out, want));
		assert_ptr_not_equal(say(FORMAT_EVE, line, len), NULL);
		line[len] = '\0';
		assert_string_equal(out, line);
	}
}

static void keys_are_words(void **state)
{
	static const struct {
		const char *id, *want;
	} row[] = {
		{"01M852A245Y8QG6HZA0XRCRRXD", "01M852A245Y8QG6HZA0XRCRRXD"},
		{"", ""}, {"01M852A245Y8QG6HZA0XRCRRXDD", ""}, {"a b", ""}, {"a\\\"b", ""}, {"a\\u0000b", ""}, {"a\\nb", ""}, {"a%2f", ""},
		{"\\u00e9", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char line[512];
		int n = snprintf(line, sizeof(line), "{\"event_type\":\"alert\",\"community_id\":\"1:abc1w58R0K9jZ4tVLXHSU4rqjZc=\",\"alert\":{"
			"\"metadata\":{\"finding\":[\"dane.mismatch\"]}},\"smtp_tls\":{\"id\":\"%s\",\"session\":\"%s\"}}", row[i].id, row[i].id);
		for (unsigned f = 0; f < FORMATS; f++) {
			assert_non_null(say((enum sink_format)f, line, (size_t)n));
			assert_string_equal(keys.id, row[i].want);
			assert_string_equal(keys.session, row[i].want);
			assert_string_equal(keys.community_id, "1:abc1w58R0K9jZ4tVLXHSU4rqjZc=");
			assert_string_equal(keys.finding, "dane.mismatch");
		}
	}
}

// Lines that are no records: nothing is said.
static void no_records(void **state)
{
	static const char *const line[] = {
		"", "x", "{}", "[]", "\"alert\"", "{\"event_type\":\"dns\"}", "{\"event_type\":[\"alert\"]}", "{\"event_type\":\"alert\"} {}",
		"{\"event_type\":\"alert\",\"event_type\":\"smtp\"}", "{\"event_type\":\"alert\",\"x\":\"\n\"}", "{\"event_type\":\"alert\"}\n",
		"{\"event_type\":\"alert\",\"x\":\"\xc3\xa9\"}", "{\"event_type\":\"alert\",\"x\":99999999999999999999}", "{\"event_type\":\"alert\"",
		"{\"event_type\":\"alert\\u0000\"}",
	};

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(line) / sizeof(line[0]); i++)
		for (unsigned f = 0; f < FORMATS; f++)
			assert_null(say((enum sink_format)f, line[i], strlen(line[i])));
}

static void severities(void **state)
{
	static const struct {
		const char *type, *severity, *cef, *leef;
	} row[] = {
		{"alert", "critical", "|9|", "^sev=9^"}, {"alert", "high", "|8|", "^sev=8^"}, {"alert", "medium", "|5|", "^sev=5^"},
		{"alert", "low", "|3|", "^sev=3^"},      {"alert", "info", "|1|", "^sev=1^"}, {"alert", "other", "|1|", "^sev=1^"},
		{"smtp", "critical", "|1|", "^sev=1^"},  {"tls", "high", "|1|", "^sev=1^"},   {"anomaly", "high", "|1|", "^sev=1^"},
		{"stats", "high", "|0|", "^sev=1^"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char line[256];
		int n = snprintf(line, sizeof(line), "{\"event_type\":\"%s\",\"alert\":{\"metadata\":{\"severity\":[\"%s\"]}},\"smtp_tls\":{\"v\":1}}",
			row[i].type, row[i].severity);
		assert_non_null(strstr(say(FORMAT_CEF, line, (size_t)n), row[i].cef));
		assert_non_null(strstr(say(FORMAT_LEEF, line, (size_t)n), row[i].leef));
	}
}

// A timestamp that is none is not passed on: then the outbox knows when it was.
static void times(void **state)
{
	static const struct {
		const char *given, *ecs, *ms;
	} row[] = {
		{"2026-11-23T20:42:09.123456+0000", "2026-11-23T20:42:09.123456Z", "1795466529123"},
		{"1970-01-01T00:00:00.000000+0000", "1970-01-01T00:00:00.000000Z", "0"},
		{"2028-02-29T23:59:59.999999+0000", "2028-02-29T23:59:59.999999Z", "1835481599999"},
		{"2027-02-29T23:59:59.999999+0000", "2026-09-21T14:13:20.123456Z", "1790000000123"},
		{"2026-11-23T24:42:09.123456+0000", "2026-09-21T14:13:20.123456Z", "1790000000123"},
		{"2026-13-23T20:42:09.123456+0000", "2026-09-21T14:13:20.123456Z", "1790000000123"},
		{"2026-11-23T20:42:09.123456+0100", "2026-09-21T14:13:20.123456Z", "1790000000123"},
		{"2026-11-23T20:42:09.123456Z", "2026-09-21T14:13:20.123456Z", "1790000000123"},
		{"1969-12-31T23:59:59.000000+0000", "2026-09-21T14:13:20.123456Z", "1790000000123"},
		{"", "2026-09-21T14:13:20.123456Z", "1790000000123"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char line[256], want[64];
		int n = snprintf(line, sizeof(line), "{\"timestamp\":\"%s\",\"event_type\":\"smtp\",\"smtp_tls\":{\"v\":1}}", row[i].given);
		snprintf(want, sizeof(want), "{\"@timestamp\":\"%s\",", row[i].ecs);
		assert_memory_equal(say(FORMAT_ECS, line, (size_t)n), want, strlen(want));
		snprintf(want, sizeof(want), "|rt=%s ", row[i].ms);
		assert_non_null(strstr(say(FORMAT_CEF, line, (size_t)n), want));
	}
}

// What an index has a type for is of that type, or is not there: one bad member must not cost the whole alert.
static void wrong_types(void **state)
{
	static const char line[] = "{\"event_type\":\"alert\",\"src_ip\":\"999.1.1.1\",\"dest_ip\":\"::g\",\"src_port\":65536,\"dest_port\":-1,"
		"\"host\":7,\"in_iface\":[],\"ip_v\":5,\"vlan\":7,\"flow\":[1],\"alert\":\"x\",\"tls\":{\"version\":\"TLS x\",\"notbefore\":\"soon\","
		"\"fingerprint\":{},\"subjectaltname\":\"a\"},\"smtp_tls\":{\"id\":true,\"seq\":\"1\",\"why\":{\"a\":1},\"findings\":[1,null],"
		"\"tls\":{\"completed\":\"yes\"},\"repeat\":{\"count\":1.5}}}";

	(void)state;
	json_t *root = json_loads(say(FORMAT_ECS, line, sizeof(line) - 1), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	static const char *const absent[] = {"source", "destination", "related", "rule", "network"};
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		if (json_object_get(json_object_get(root, absent[i]), strcmp(absent[i], "rule") == 0 ? "id" : "ip") ||
		    (i < 3 && json_object_get(root, absent[i])))
			fail_msg("%s", absent[i]);
	assert_null(json_object_get(json_object_get(root, "observer"), "ingress"));
	json_decref(root);
	assert_string_equal(say(FORMAT_CEF, line, sizeof(line) - 1),
		"CEF:0|postwacht|postwacht|" POSTWACHT_VERSION "|alert|alert|1|rt=1790000000123 cs6Label=tlsVersion cs6=TLS x");
}

// Everything as long as it can be: lists give way first, ids and digests stay whole, and it is said.
static void cut(void **state)
{
	static char line[OUTBOX_LINE_MAX];
	struct json j;

	(void)state;
	json_init(&j, line, sizeof(line));
	json_open_object(&j);
	json_field(&j, "event_type", word, "smtp");
	json_field(&j, "host", word, "sensor-1");
	json_key(&j, "smtp_tls");
	json_open_object(&j);
	json_field(&j, "id", word, "01M852A245Y8QG6HZA0XRCRRXD");
	json_key(&j, "why");
	json_open_array(&j);
	for (int i = 0; i < 64; i++)
		json_put_word(&j, "=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|=|");
	json_close_array(&j);
	json_field(&j, "seq", u64, 7);
	json_close_object(&j);
	json_close_object(&j);
	assert_true(json_ok(&j));
	for (unsigned f = FORMAT_ECS; f < FORMATS; f++) {
		const char *p = say((enum sink_format)f, line, json_len(&j));
		assert_non_null(p);
		assert_non_null(strstr(p, "01M852A245Y8QG6HZA0XRCRRXD"));
		assert_non_null(strstr(p, f == FORMAT_ECS ? "\"truncated\":true" : f == FORMAT_CEF ? " pwTruncated=true " : "^truncated=true^"));
		assert_in_range(strlen(p), 900, FORMAT_MAX); // eight entries are left
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_text), cmocka_unit_test(keys_are_words), cmocka_unit_test(no_records), cmocka_unit_test(severities),
		cmocka_unit_test(times),        cmocka_unit_test(wrong_types),    cmocka_unit_test(cut),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

// TXT records and policy files of MTA-STS, and what stays in force.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/expect/sts_keep.h"

enum { TXT_MAX = 4, DAY_S = 86400 };

// "one|two": two character-strings of one record.
static struct sts_txt wire(uint8_t out[static 512], const char *text)
{
	size_t used = 0;
	while (true) {
		size_t len = strcspn(text, "|");
		out[used++] = (uint8_t)len;
		memcpy(out + used, text, len);
		used += len;
		if (text[len] == '\0')
			return (struct sts_txt){.octets = out, .len = used};
		text += len + 1;
	}
}

static const struct {
	const char *name, *txt[TXT_MAX];
	enum sts_record want;
	const char *id;
} records[] = {
	{"none", {NULL}, STS_RECORD_ABSENT, ""},
	{"the RFC's", {"v=STSv1; id=20160831085700Z;"}, STS_RECORD_VALID, "20160831085700Z"},
	{"without the last semicolon", {"v=STSv1;id=1"}, STS_RECORD_VALID, "1"},
	{"spaces", {"v=STSv1 ; \t id = a1 ; x=y"}, STS_RECORD_VALID, "a1"},
	{"an extension first", {"v=STSv1; x=y; id=7;"}, STS_RECORD_VALID, "7"},
	{"in pieces", {"v=STS|v1; id|=55;"}, STS_RECORD_VALID, "55"},
	{"beside something else", {"hello", "v=STSv1; id=2"}, STS_RECORD_VALID, "2"},
	{"version is not first", {"id=1; v=STSv1"}, STS_RECORD_ABSENT, ""},
	{"another version", {"v=STSv10; id=1"}, STS_RECORD_ABSENT, ""},
	{"several", {"v=STSv1; id=1", "v=STSv1; id=1"}, STS_RECORD_BAD, ""},
	{"no id", {"v=STSv1;"}, STS_RECORD_BAD, ""},
	{"empty id", {"v=STSv1; id=;"}, STS_RECORD_BAD, ""},
	{"32 characters", {"v=STSv1; id=12345678901234567890123456789012"}, STS_RECORD_VALID, "12345678901234567890123456789012"},
	{"33 characters", {"v=STSv1; id=123456789012345678901234567890123"}, STS_RECORD_BAD, ""},
	{"an id with a hyphen", {"v=STSv1; id=a-b"}, STS_RECORD_BAD, ""},
	{"an id with \\xe4", {"v=STSv1; id=a\xe4"}, STS_RECORD_BAD, ""},
};

static void reads_records(void **state)
{
	for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
		uint8_t octets[TXT_MAX][512];
		struct sts_txt txt[TXT_MAX];
		size_t n = 0;
		for (; n < TXT_MAX && records[i].txt[n] != NULL; n++)
			txt[n] = wire(octets[n], records[i].txt[n]);
		char id[POLICY_STS_ID], why[POLICY_WHY];
		enum sts_record got = sts_record_read(txt, n, id, why);
		if (got != records[i].want || strcmp(id, records[i].id) != 0 || (why[0] != '\0') != (got == STS_RECORD_BAD))
			fail_msg("%s: %d, id \"%s\", \"%s\"", records[i].name, got, id, why);
	}
}

static void a_length_beyond_the_end(void **state)
{
	const uint8_t octets[] = "\x30v=STSv1; id=1";
	const struct sts_txt txt = {.octets = octets, .len = sizeof octets - 1};
	char id[POLICY_STS_ID], why[POLICY_WHY];
	assert_int_equal(sts_record_read(&txt, 1, id, why), STS_RECORD_ABSENT);
}

static void reads_tlsrpt(void **state)
{
	static const struct {
		const char *txt;
		enum policy_tlsrpt want;
	} rows[] = {
		{"v=TLSRPTv1; rua=mailto:a@b.example", TLSRPT_PRESENT}, {"v=TLSRPTv1;rua=https://b.example/x", TLSRPT_PRESENT},
		{"v=TLSRPTv1; rua=", TLSRPT_ABSENT}, {"v=TLSRPTv1", TLSRPT_ABSENT}, {"rua=mailto:a@b.example", TLSRPT_ABSENT},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		uint8_t octets[512];
		const struct sts_txt txt[2] = {wire(octets, rows[i].txt), wire(octets, rows[i].txt)};
		assert_int_equal(sts_tlsrpt_read(txt, 1), rows[i].want);
		assert_int_equal(sts_tlsrpt_read(txt, 2), TLSRPT_ABSENT);
	}
}

#define V "version: STSv1\r\n"
#define M "mode: enforce\r\n"
#define X "mx: mx.a.example\r\n"
#define A "max_age: 86400\r\n"

static const struct {
	const char *name, *text;
	bool want;
	uint8_t mode, n_mx;
	uint32_t max_age_s;
} policies[] = {
	{"the usual", V M X A, true, STS_ENFORCE, 1, 86400},
	{"LF, another order", "max_age: 1\nmx: *.A.example\nmx:b.example.\nmode:testing\nversion:STSv1", true, STS_TESTING, 2, 1},
	{"unknown fields", V M X A "color: blue\r\nmodes: x\r\n", true, STS_ENFORCE, 1, 86400},
	{"empty lines", "\r\n" V "\r\n" M X A "  \r\n", true, STS_ENFORCE, 1, 86400},
	{"a second mode is ignored", V M "mode: none\r\n" X A, true, STS_ENFORCE, 1, 86400},
	{"mode none needs no mx", V "mode: none\r\n" A, true, STS_MODE_NONE, 0, 86400},
	{"longer than a year", V M X "max_age: 9999999999\r\n", true, STS_ENFORCE, 1, STS_MAX_AGE_MAX},
	{"no time at all", V M X "max_age: 0\r\n", true, STS_ENFORCE, 1, 0},
	{"11 digits", V M X "max_age: 00000000001\r\n", false, 0, 0, 0},
	{"negative", V M X "max_age: -1\r\n", false, 0, 0, 0},
	{"nothing", "", false, 0, 0, 0},
	{"no version", M X A, false, 0, 0, 0},
	{"no mode", V X A, false, 0, 0, 0},
	{"no mx", V M A, false, 0, 0, 0},
	{"no max_age", V M X, false, 0, 0, 0},
	{"another version", "version: STSv2\r\n" M X A, false, 0, 0, 0},
	{"another mode", V "mode: Enforce\r\n" X A, false, 0, 0, 0},
	{"a star alone", V M "mx: *\r\n" A, false, 0, 0, 0},
	{"a star inside", V M "mx: a.*.example\r\n" A, false, 0, 0, 0},
	{"an address", V M "mx: [192.0.2.1]\r\n" A, false, 0, 0, 0},
	{"a line that is no field", V M X A "hello\r\n", false, 0, 0, 0},
	{"a page", "<!DOCTYPE html>\n<html>", false, 0, 0, 0},
};

static void reads_policies(void **state)
{
	for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
		struct sts_policy p;
		char why[POLICY_WHY];
		bool got = sts_policy_read(&p, policies[i].text, strlen(policies[i].text), why);
		if (got != policies[i].want || (why[0] == '\0') != got)
			fail_msg("%s: %d \"%s\"", policies[i].name, got, why);
		if (got && (p.mode != policies[i].mode || p.n_mx != policies[i].n_mx || p.max_age_s != policies[i].max_age_s))
			fail_msg("%s: mode %u, %u mx, %u s", policies[i].name, p.mode, p.n_mx, p.max_age_s);
	}
}

static void many_patterns(void **state)
{
	static char text[8192];
	struct sts_policy p;
	char why[POLICY_WHY];
	strcpy(text, V M A);
	for (int i = 0; i < POLICY_STS_MX_MAX; i++)
		strcat(text, X);
	assert_true(sts_policy_read(&p, text, strlen(text), why));
	assert_int_equal(p.n_mx, POLICY_STS_MX_MAX);
	strcat(text, X);
	assert_false(sts_policy_read(&p, text, strlen(text), why));
}

// ---- what stays in force ------------------------------------------------------------------------------------------

static const char kept_mx[][POLICY_NAME] = {"mx.a.example"};

static struct policy_sts kept_policy(uint8_t mode)
{
	return (struct policy_sts){.mode = mode, .n_mx = 1, .max_age_s = 10 * DAY_S, .as_of_s = 1000, .id = "1", .mx = kept_mx};
}

static struct sts_fetched good_fetch(void)
{
	struct sts_fetched f = {.policy = {.mode = STS_ENFORCE, .n_mx = 1, .max_age_s = 10 * DAY_S}};
	strcpy(f.policy.mx[0], "mx.a.example");
	return f;
}

static const struct sts_seen valid = {.answered = true, .record = STS_RECORD_VALID, .id = "1"};
static const struct sts_seen absent = {.answered = true, .record = STS_RECORD_ABSENT};
static const struct sts_seen failing = {.why = "TXT: SERVFAIL"};

static void when_to_fetch(void **state)
{
	struct policy_sts kept = kept_policy(STS_ENFORCE);
	struct sts_seen other = valid;
	strcpy(other.id, "2");
	assert_true(sts_fetch_due(NULL, &valid, 1000));
	assert_false(sts_fetch_due(NULL, &absent, 1000));
	assert_false(sts_fetch_due(NULL, &failing, 1000));
	assert_false(sts_fetch_due(&kept, &valid, 1000 + DAY_S - 1));
	assert_true(sts_fetch_due(&kept, &valid, 1000 + DAY_S));
	assert_true(sts_fetch_due(&kept, &other, 1001));
	assert_true(sts_fetch_due(&kept, &valid, 999)); // a clock that went back
	kept.max_age_s = 100;
	assert_true(sts_fetch_due(&kept, &valid, 1050));
	kept.fault = STS_FETCH_ERROR;
	assert_true(sts_fetch_due(&kept, &valid, 1001));
}

static void what_stays(void **state)
{
	char patterns[POLICY_STS_MX_MAX][POLICY_NAME];
	struct policy_sts out, kept = kept_policy(STS_ENFORCE);
	struct sts_fetched failed = {.fault = STS_WEBPKI_INVALID, .why = "wrong name"}, gone = {.fault = STS_FETCH_ERROR, .gone = true};
	int64_t inside = 1000 + 10 * DAY_S - 1, over = 1000 + 10 * DAY_S;

	sts_conclude(&out, patterns, &kept, &valid, &failed, inside);
	assert_true(out.mode == STS_ENFORCE && out.fault == STS_WEBPKI_INVALID && !out.removed && out.as_of_s == 1000);
	assert_string_equal(out.why, "wrong name");
	assert_string_equal(out.mx[0], "mx.a.example");
	sts_conclude(&out, patterns, &kept, &valid, &failed, over);
	assert_true(out.mode == STS_UNKNOWN && out.fault == STS_WEBPKI_INVALID);
	sts_conclude(&out, patterns, &kept, &valid, &gone, inside);
	assert_true(out.mode == STS_ENFORCE && out.removed);
	sts_conclude(&out, patterns, &kept, &absent, NULL, inside);
	assert_true(out.mode == STS_ENFORCE && out.removed && out.fault == STS_FAULT_NONE);
	sts_conclude(&out, patterns, &kept, &absent, NULL, over);
	assert_true(out.mode == STS_ABSENT && !out.removed);
	sts_conclude(&out, patterns, &kept, &failing, NULL, inside);
	assert_true(out.mode == STS_ENFORCE && !out.removed && out.fault == STS_FETCH_ERROR);
	sts_conclude(&out, patterns, NULL, &failing, NULL, inside);
	assert_true(out.mode == STS_UNKNOWN);
	sts_conclude(&out, patterns, NULL, &absent, NULL, inside);
	assert_true(out.mode == STS_ABSENT);
	kept = kept_policy(STS_TESTING);
	sts_conclude(&out, patterns, &kept, &absent, NULL, inside);
	assert_true(out.mode == STS_TESTING && !out.removed);
}

static void the_id(void **state)
{
	char patterns[POLICY_STS_MX_MAX][POLICY_NAME];
	struct policy_sts out, kept = kept_policy(STS_ENFORCE);
	struct sts_fetched same = good_fetch(), other = good_fetch();
	struct sts_seen next = valid;
	strcpy(next.id, "2");
	strcpy(other.policy.mx[0], "*.b.example");
	sts_conclude(&out, patterns, &kept, &valid, &same, 2000);
	assert_true(!out.id_unchanged && out.as_of_s == 2000);
	sts_conclude(&out, patterns, &kept, &valid, &other, 2000);
	assert_true(out.id_unchanged);
	assert_string_equal(out.mx[0], "*.b.example");
	sts_conclude(&out, patterns, &kept, &next, &other, 2000);
	assert_true(!out.id_unchanged);
	assert_string_equal(out.id, "2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_records), cmocka_unit_test(a_length_beyond_the_end), cmocka_unit_test(reads_tlsrpt),
		cmocka_unit_test(reads_policies), cmocka_unit_test(many_patterns), cmocka_unit_test(when_to_fetch),
		cmocka_unit_test(what_stays), cmocka_unit_test(the_id),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

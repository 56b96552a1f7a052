// The head of a message: RFC 5424 and /dev/log; what stands in it can never end its field.
#include "alerts/sink/syslog_form.h"

#include "tests/unit/alerts/sink/sink_fixture.h"

#include <time.h>

static char out[SYSLOG_HEAD_MAX + 1];

static const char *head(const struct syslog_form *f, const struct sink_message *m)
{
	size_t len = syslog_head(out, f, m);
	assert_true(len <= SYSLOG_HEAD_MAX);
	out[len] = '\0';
	return out;
}

static struct syslog_form form(struct sink_config c, const char *host)
{
	struct syslog_form f;
	syslog_form_init(&f, &c, host);
	f.pid = 4711;
	return f;
}

static void as_rfc_5424(void **state)
{
	struct sink_message m = sink_text("{}", 7);
	struct syslog_form f = form((struct sink_config){.facility = 16}, "sensor-1");
	assert_string_equal(head(&f, &m), "<131>1 2026-11-23T20:42:09.123456Z sensor-1 postwacht 4711 starttls.not-offered - ");
	f = form((struct sink_config){.facility = 16, .cookie = true, .structured = true}, "sensor-1");
	assert_string_equal(head(&f, &m), "<131>1 2026-11-23T20:42:09.123456Z sensor-1 postwacht 4711 starttls.not-offered "
		"[postwacht@32473 id=\"01ID\" finding=\"starttls.not-offered\" severity=\"high\" epoch=\"1790000000\" seq=\"7\"] @cee: ");
}

static void how_bad(void **state)
{
	static const struct {
		uint8_t type, severity;
		int want;
	} rows[] = {
		{RECORD_ALERT, SEVERITY_CRITICAL, 1}, {RECORD_ALERT, SEVERITY_HIGH, 3}, {RECORD_ALERT, SEVERITY_MEDIUM, 4},
		{RECORD_ALERT, SEVERITY_LOW, 5}, {RECORD_ALERT, SEVERITY_INFO, 6}, {RECORD_ALERT, 200, 6}, {RECORD_SMTP, 0, 6},
		{RECORD_TLS, SEVERITY_CRITICAL, 6}, {RECORD_STATS, 0, 6}, {RECORD_ANOMALY, 0, 6}, {255, 255, 6},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct outbox_about a = {.type = rows[i].type, .severity = rows[i].severity};
		assert_int_equal(syslog_severity(&a), rows[i].want);
	}
}

static void what_it_is_of(void **state)
{
	static const struct {
		uint8_t type;
		uint32_t signature;
		const char *want;
	} rows[] = {
		{RECORD_SMTP, 0, " smtp - "}, {RECORD_TLS, 0, " tls - "}, {RECORD_ANOMALY, 0, " anomaly - "}, {RECORD_STATS, 3207001, " stats - "},
		{RECORD_ALERT, 3207001, " starttls.not-offered - "}, {RECORD_ALERT, 1, " alert - "}, {99, 0, " - - "},
	};
	struct syslog_form f = form((struct sink_config){.facility = 1}, "h");
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct outbox_about a = {.type = rows[i].type, .signature_id = rows[i].signature};
		const struct sink_message m = {.octets = "", .about = &a, .id = ""};
		const char *h = head(&f, &m);
		assert_string_equal(h + strlen(h) - strlen(rows[i].want), rows[i].want);
	}
}

// No finding's id is cut to MSGID's 32 characters.
static void every_finding_fits(void **state)
{
	struct syslog_form f = form((struct sink_config){.facility = 1}, "h");
	for (size_t i = 0; i < catalogue_n; i++) {
		const struct outbox_about a = {.type = RECORD_ALERT, .signature_id = catalogue[i].signature_id};
		const struct sink_message m = {.octets = "", .about = &a, .id = ""};
		char want[64];
		snprintf(want, sizeof want, " %.32s - ", catalogue[i].id);
		assert_non_null(strstr(head(&f, &m), want));
	}
}

static void hosts_are_one_word(void **state)
{
	char longest[400];
	memset(longest, 'h', sizeof longest);
	longest[399] = '\0';
	static const struct {
		const char *host, *want;
	} rows[] = {{"", "-"}, {"a b", "a?b"}, {"caf\xc3\xa9", "caf??"}, {"a\n<0>", "a?<0>"}, {"\x7f\x01", "??"}};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_string_equal(form((struct sink_config){0}, rows[i].host).host, rows[i].want);
	assert_int_equal(strlen(form((struct sink_config){0}, longest).host), SYSLOG_HOST);
}

static void values_are_escaped(void **state)
{
	struct sink_message m = sink_text("", 1);
	struct syslog_form f = form((struct sink_config){.structured = true}, "h");
	m.id = "a\"b\\c]d\n\xff";
	assert_non_null(strstr(head(&f, &m), " id=\"a\\\"b\\\\c\\]d??\" finding="));
	char longest[3000];
	memset(longest, ']', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	m.id = longest;
	head(&f, &m); // in its bounds
}

static void as_syslog_3(void **state)
{
	struct sink_message m = sink_text("{}", 7);
	struct syslog_form f = form((struct sink_config){.facility = 3, .transport = TRANSPORT_LOCAL, .structured = true}, "h");
	setenv("TZ", "UTC", 1);
	tzset();
	assert_string_equal(head(&f, &m), "<27>Nov 23 20:42:09 postwacht[4711]: ");
	const struct outbox_about early = {.type = RECORD_STATS, .time_ns = UINT64_C(1) << 63};
	m.about = &early;
	head(&f, &m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_rfc_5424), cmocka_unit_test(how_bad), cmocka_unit_test(what_it_is_of), cmocka_unit_test(every_finding_fits),
		cmocka_unit_test(hosts_are_one_word), cmocka_unit_test(values_are_escaped), cmocka_unit_test(as_syslog_3),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

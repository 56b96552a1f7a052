// Finding a session by the id of itself or of one of its alerts; and the commands to confirm it, in which nothing
// from the wire may become a command of its own.
#include "cli/confirm.h"
#include "cli/wanted.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct facts facts_a = {.birth = 1}, facts_b = {.birth = 2};
static struct session a = {.facts = &facts_a, .id = "01AAAAAAAAAAAAAAAAAAAAAAAA"};
static struct session b = {.facts = &facts_b, .id = "01AAAAAABBBBBBBBBBBBBBBBBB"};
static struct finding stripped, masked;
static struct record_alert alert_a = {.session = &a, .root = &stripped, .id = "01CCCCCCCCCCCCCCCCCCCCCCCC", .repeat.count = 1};

static void find(struct wanted *w, const char *id)
{
	stripped.row = &catalogue[0];
	masked.row = &catalogue[1];
	wanted_init(w, id, NULL);
	wanted_observe(w, &b, NULL);
	wanted_observe(w, &a, &alert_a);
	wanted_observe(w, &a, NULL);
}

static struct wanted w;

static void test_by_session(void **state)
{
	find(&w, "01AAAAAAAAA");
	assert_true(w.found);
	assert_false(w.ambiguous);
	assert_int_equal(w.facts.birth, 1);
	assert_int_equal(w.alert, -1);
	assert_int_equal(w.n_alerts, 1);
	assert_ptr_equal(w.session.facts, &w.facts);
}

static void test_by_alert(void **state)
{
	find(&w, "01cccccc");
	assert_true(w.found);
	assert_int_equal(w.alert, 0);
	assert_ptr_equal(wanted_finding(&w)->row, &catalogue[0]);
}

static void test_ambiguous(void **state)
{
	find(&w, "01AAAAAA");
	assert_true(w.ambiguous);
}

static void test_absent(void **state)
{
	find(&w, "01ZZZZZZ");
	assert_false(w.found);
}

static void test_worst_finding(void **state)
{
	struct session many = a;
	many.n_findings = 2;
	many.findings[0] = (struct finding){.row = &catalogue[0], .severity = SEVERITY_LOW};
	many.findings[1] = (struct finding){.row = &catalogue[1], .severity = SEVERITY_HIGH};
	wanted_init(&w, "01AAAAAAAAA", NULL);
	assert_null(wanted_finding(&w));
	wanted_observe(&w, &many, NULL);
	assert_ptr_equal(wanted_finding(&w)->row, &catalogue[1]);
}

static void test_asked_finding(void **state)
{
	struct session many = a;
	many.n_findings = 2;
	many.findings[0] = (struct finding){.row = &catalogue[0], .severity = SEVERITY_INFO};
	many.findings[1] = (struct finding){.row = &catalogue[1], .severity = SEVERITY_HIGH};
	stripped.row = &catalogue[1];
	// By the session, by an alert of another finding, by its own alert, and one that is not there.
	wanted_init(&w, "01AAAAAAAAA", &catalogue[0]);
	wanted_observe(&w, &many, NULL);
	assert_ptr_equal(wanted_finding(&w), &w.session.findings[0]);
	wanted_init(&w, "01CCCCCCCCC", &catalogue[0]);
	wanted_observe(&w, &a, &alert_a);
	wanted_observe(&w, &many, NULL);
	assert_ptr_equal(wanted_finding(&w), &w.session.findings[0]);
	wanted_init(&w, "01CCCCCCCCC", &catalogue[1]);
	wanted_observe(&w, &a, &alert_a);
	assert_ptr_equal(wanted_finding(&w), &w.alerts[0].root);
	wanted_init(&w, "01AAAAAAAAA", &catalogue[2]);
	wanted_observe(&w, &many, NULL);
	assert_null(wanted_finding(&w));
}

// What the judge kept to tell repeats from is older than the session's record and knows other findings by name only.
static void test_update_tells_no_session(void **state)
{
	struct session kept = a, told_last = a;
	struct finding loud = {.row = &catalogue[0], .severity = SEVERITY_HIGH, .confidence = CONFIDENCE_CERTAIN};
	struct record_alert update = {.session = &kept, .root = &loud, .id = "01DDDDDDDDDDDDDDDDDDDDDDDD", .update = true,
		.repeat = {.count = 10, .window_s = 300}};
	told_last.state = STATE_PLAIN_AFTER_HANDSHAKE_FAIL;
	told_last.n_findings = 1;
	told_last.findings[0] = loud;
	kept.state = STATE_TLS_FAILED_NO_MAIL;
	wanted_init(&w, "01AAAAAAAAA", NULL);
	wanted_observe(&w, &told_last, NULL);
	wanted_observe(&w, &kept, &update);
	assert_int_equal(w.session.state, STATE_PLAIN_AFTER_HANDSHAKE_FAIL);
	assert_int_equal(w.session.findings[0].severity, SEVERITY_HIGH);
	// Asked for by the update's own id, the session is known only when everything is told once more.
	wanted_init(&w, "01DDDDDDDDD", NULL);
	wanted_observe(&w, &told_last, NULL);
	wanted_observe(&w, &kept, &update);
	assert_true(w.found);
	wanted_again(&w);
	wanted_observe(&w, &b, NULL);
	wanted_observe(&w, &told_last, NULL);
	wanted_observe(&w, &kept, &update);
	assert_false(w.ambiguous);
	assert_int_equal(w.session.state, STATE_PLAIN_AFTER_HANDSHAKE_FAIL);
	assert_int_equal(w.alert, 0);
	assert_int_equal(w.alerts[0].repeat.count, 10);
	assert_int_equal(wanted_finding(&w)->severity, SEVERITY_HIGH);
}

// However many alerts a session has, the one that was asked for is kept.
static void test_many_alerts(void **state)
{
	struct record_alert one = alert_a;
	wanted_init(&w, "01EEEEEEEEE", NULL);
	w.found = true;
	w.facts.birth = 1;
	for (int i = 0; i < WANTED_ALERTS_MAX; i++)
		wanted_observe(&w, &a, &one);
	memcpy(one.id, "01EEEEEEEEEEEEEEEEEEEEEEEE", sizeof one.id);
	wanted_observe(&w, &a, &one);
	assert_true(w.alert >= 0);
	assert_string_equal(w.alerts[w.alert].id, one.id);
}

static const struct {
	const char *name, *domain, *file;
	size_t steps;
	const char *want, *never;
} rows[] = {
	{"an ordinary domain", "b.example", "a.pcap", 3, "posttls-finger -c -l dane -L summary,certmatch b.example", "'b"},
	{"a domain that is a command", "b;reboot", "a.pcap", 2, "tshark -r a.pcap ", "reboot"},
	{"a domain that is an option", "-x", "a.pcap", 2, "tshark", "posttls"},
	{"a file with a space", "b.example", "my file", 3, "tshark -r $'my file' ", "-r my"},
	{"a file that is an option", "b.example", "-w", 3, "tshark -r ./-w ", "-r -w"},
};

static void test_confirm(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct facts f = {.conn = {.src = {192, 0, 2, 1}, .dst = {192, 0, 2, 2}, .src_port = 1025, .dst_port = 25, .ip_v = 4}};
		struct confirm c;
		char all[CONFIRM_MAX * CONFIRM_LEN] = "";
		facts_set_text(&f, &f.smtp.rcpt_domain[0], rows[i].domain, strlen(rows[i].domain), 255);
		f.smtp.n_rcpt_domains = 1;
		struct session s = {.facts = &f};
		confirm_build(&c, &(struct confirm_about){.session = &s, .file = rows[i].file});
		for (size_t k = 0; k < c.n; k++)
			strcat(strcat(all, c.step[k].command), "\n");
		if (c.n != rows[i].steps || strstr(all, rows[i].want) == NULL || strstr(all, rows[i].never) != NULL)
			fail_msg("%s:\n%s", rows[i].name, all);
	}
}

static void test_confirm_earlier(void **state)
{
	struct confirm c = {.n = 0};
	confirm_earlier(&c, "tls_failed_before:9s:same_hello", "a.pcap");
	assert_int_equal(c.n, 0);
	confirm_earlier(&c, "tls_failed_before:9s:session:01ARZ3NDEKTSV4RRFFQ69G5FAV", "my file");
	assert_int_equal(c.n, 1);
	assert_string_equal(c.step[0].command, "postwacht explain 01ARZ3NDEKTSV4RRFFQ69G5FAV $'my file'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_session),
		cmocka_unit_test(test_by_alert),
		cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_worst_finding),
		cmocka_unit_test(test_asked_finding),
		cmocka_unit_test(test_update_tells_no_session),
		cmocka_unit_test(test_many_alerts),
		cmocka_unit_test(test_confirm),
		cmocka_unit_test(test_confirm_earlier),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

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
	wanted_init(w, id);
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
	wanted_init(&w, "01AAAAAAAAA");
	assert_null(wanted_finding(&w));
	wanted_observe(&w, &many, NULL);
	assert_ptr_equal(wanted_finding(&w)->row, &catalogue[1]);
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
		confirm_build(&c, &f, rows[i].file);
		for (size_t k = 0; k < c.n; k++)
			strcat(strcat(all, c.step[k].command), "\n");
		if (c.n != rows[i].steps || strstr(all, rows[i].want) == NULL || strstr(all, rows[i].never) != NULL)
			fail_msg("%s:\n%s", rows[i].name, all);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_session),
		cmocka_unit_test(test_by_alert),
		cmocka_unit_test(test_ambiguous),
		cmocka_unit_test(test_absent),
		cmocka_unit_test(test_worst_finding),
		cmocka_unit_test(test_confirm),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

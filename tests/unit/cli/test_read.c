// `read` and `explain` as a whole, on captures made by hand: exit codes, where output goes, and that a session found
// by one is explained by the other.
#include "cli/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "cli/options.h"
#include "tests/unit/cli/capture.h"

static char folder[] = "/tmp/postwacht-read-XXXXXX";
static char clear_path[128], cut_path[128], empty_path[128], records_path[128], output_path[128];

// Mail in clear to a server that does not offer STARTTLS.
static const struct capture_line in_clear[] = {
	{'S', "220 mx.example ESMTP\r\n"}, {'C', "EHLO a.example\r\n"}, {'S', "250-mx.example\r\n250 SIZE 1000\r\n"},
	{'C', "MAIL FROM:<secret-sender@a.example>\r\n"}, {'S', "250 ok\r\n"}, {'C', "RCPT TO:<secret-rcpt@b.example>\r\n"},
	{'S', "250 ok\r\n"}, {'C', "DATA\r\n"}, {'S', "354 go ahead\r\n"}, {'C', "Subject: secret-content\r\n\r\nhi\r\n.\r\n"},
	{'S', "250 queued\r\n"}, {'C', "QUIT\r\n"}, {'S', "221 bye\r\n"},
};

static int setup(void **state)
{
	struct capture c;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(clear_path, sizeof clear_path, "%s/clear.pcap", folder);
	snprintf(cut_path, sizeof cut_path, "%s/cut.pcap", folder);
	snprintf(empty_path, sizeof empty_path, "%s/empty.pcap", folder);
	snprintf(records_path, sizeof records_path, "%s/records.json", folder);
	snprintf(output_path, sizeof output_path, "%s/output", folder);
	capture_open(&c, clear_path);
	for (uint16_t port = 1025; port < 1035; port++)
		capture_session(&c, port, in_clear, sizeof in_clear / sizeof in_clear[0]);
	capture_close(&c);
	capture_open(&c, cut_path);
	capture_session(&c, 1025, in_clear, sizeof in_clear / sizeof in_clear[0]);
	capture_close(&c);
	capture_open(&c, empty_path);
	capture_close(&c);
	struct stat st;
	return stat(cut_path, &st) < 0 || truncate(cut_path, st.st_size - 7) < 0;
}

static int teardown(void **state)
{
	const char *const files[] = {clear_path, cut_path, empty_path, records_path, output_path};
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		unlink(files[i]);
	return rmdir(folder);
}

// Runs a command line; its standard output goes to output_path. {} stands for the folder, ~ for white space in a
// word.
static int run(const char *line)
{
	static char words_text[1024];
	char *argv[33] = {"postwacht"};
	int argc = 1, used;
	size_t n = 0;
	for (const char *p = line; *p != '\0' && n < sizeof words_text - sizeof folder; p++) {
		if (p[0] == '{' && p[1] == '}') {
			n += (size_t)sprintf(words_text + n, "%s", folder);
			p++;
		} else {
			words_text[n++] = *p == '~' ? '\t' : *p;
		}
	}
	words_text[n] = '\0';
	for (char *w = strtok(words_text, " "); w != NULL; w = strtok(NULL, " "))
		argv[argc++] = w;

	const struct command *c = options_command(argc, argv, &used);
	struct options o;
	assert_non_null(c);
	int code = options_parse(c, argc - 1 - used, argv + 1 + used, &o);
	if (code != 0)
		return code;
	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	assert_non_null(freopen(output_path, "w", stdout));
	code = c->run(&o);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	return code;
}

static char *slurp(const char *path)
{
	static char text[1024 * 1024];
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	size_t len = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[len] = '\0';
	return text;
}

static json_t *output_json(void)
{
	json_error_t error;
	json_t *j = json_loads(slurp(output_path), 0, &error);
	if (j == NULL)
		fail_msg("%s at %d", error.text, error.position);
	return j;
}

static const struct {
	const char *name, *line;
	int want;
} rows[] = {
	{"findings alone are no failure", "read {}/clear.pcap", EXIT_FINE},
	{"a level that is reached", "read --fail-on medium {}/clear.pcap", EXIT_FINDINGS},
	{"a level that is not", "read --fail-on critical {}/clear.pcap", EXIT_FINE},
	{"reached by a setting", "read --fail-on critical --set findings.severity={starttls.not-offered:~critical} {}/clear.pcap",
		EXIT_FINDINGS},
	{"disabled", "read --fail-on low --set findings.disable=[starttls.not-offered,exposure.content,exposure.envelope]"
		" {}/clear.pcap", EXIT_FINE},
	{"exempt peers raise nothing", "read --fail-on low --set inventory.exempt=[192.0.2.2] {}/clear.pcap", EXIT_FINE},
	{"no packets", "read {}/empty.pcap", EXIT_FINE},
	{"damaged", "read {}/cut.pcap", EXIT_INCOMPLETE},
	{"findings win over damage", "read --fail-on medium {}/cut.pcap", EXIT_FINDINGS},
	{"no such file", "read {}/none.pcap", EXIT_TROUBLE},
	{"several, one of them absent", "read {}/clear.pcap {}/none.pcap", EXIT_TROUBLE},
	{"output over an input", "read --out {}/clear.pcap {}/clear.pcap", EXIT_TROUBLE},
	{"output without room", "read --out /dev/full {}/clear.pcap", EXIT_TROUBLE},
	{"output nowhere", "read --out {}/none/x {}/clear.pcap", EXIT_TROUBLE},
	{"wrong setting", "read --set capture.workers=0 {}/clear.pcap", EXIT_CONFIG},
	{"no configuration", "read --config {}/none.yaml {}/clear.pcap", EXIT_TROUBLE},
	{"nothing to read", "read", EXIT_USAGE},
	{"one of two taps", "read --outside {}/clear.pcap", EXIT_USAGE},
	{"the other one", "read --inside {}/clear.pcap", EXIT_USAGE},
	{"two taps and files", "read --outside {}/clear.pcap --inside {}/clear.pcap {}/clear.pcap", EXIT_USAGE},
	{"two taps", "read --outside {}/clear.pcap --inside {}/clear.pcap", EXIT_FINE},
	{"a tap that is not there", "read --outside {}/clear.pcap --inside {}/none.pcap", EXIT_TROUBLE},
	{"an id and nothing else", "explain 01234567", EXIT_USAGE},
	{"an id too short", "explain 01234 {}/clear.pcap", EXIT_USAGE},
	{"an id nobody has", "explain 01234567 {}/clear.pcap", EXIT_TROUBLE},
	{"explain from standard input", "explain 01234567 -", EXIT_USAGE},
	{"workers", "read --workers 3 --fail-on medium {}/clear.pcap", EXIT_FINDINGS},
	{"a configuration that is right", "check --set capture.workers=2 --config /dev/null", EXIT_FINE},
	{"a configuration that is wrong", "check --set capture.workers=x --config /dev/null", EXIT_CONFIG},
	{"a trust store that is not there", "check --set policy.trust_store={}/none.pem --config /dev/null", EXIT_CONFIG},
	{"a trust store without a certificate", "check --set policy.trust_store=/dev/null --config /dev/null", EXIT_CONFIG},
	{"no trust store", "check --set policy.trust_store=none --config /dev/null", EXIT_FINE},
	{"reading with a trust store that is not there", "read --set policy.trust_store={}/none.pem {}/clear.pcap", EXIT_TROUBLE},
	{"a key log that is not there", "read --keylog {}/none.log {}/clear.pcap", EXIT_TROUBLE},
	{"a key log that is no file", "read --keylog /dev/null {}/clear.pcap", EXIT_TROUBLE},
	{"a finding", "findings show starttls.not-offered", EXIT_FINE},
	{"no finding", "findings show starttls.none", EXIT_USAGE},
	{"findings of an area", "findings show starttls", EXIT_FINE},
	{"no beginning of a finding", "findings show stattls", EXIT_USAGE},
	{"a finding that does not exist", "explain --finding tls.none 01234567 {}/clear.pcap", EXIT_USAGE},
};

static void test_exit_codes(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int code = run(rows[i].line);
		if (code != rows[i].want)
			fail_msg("%s: exit code %d, not %d", rows[i].name, code, rows[i].want);
	}
}

static void test_summary_json(void **state)
{
	assert_int_equal(run("read --json {}/clear.pcap"), EXIT_FINE);
	json_t *j = output_json();
	assert_int_equal(json_integer_value(json_object_get(j, "sessions")), 10);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "states"), "plain_not_offered")), 10);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "verdicts"), "clear")), 10);
	assert_true(json_is_true(json_object_get(json_object_get(j, "input"), "complete")));
	assert_true(json_array_size(json_object_get(j, "findings")) > 0);
	json_decref(j);
}

// A key log with nothing in it that opens TLS 1.3 is said so, and what it gave is counted even when that is nothing.
static void test_keylog_in_summary(void **state)
{
	FILE *f = fopen(records_path, "w");
	assert_non_null(f);
	fputs("CLIENT_RANDOM 00 11\n", f);
	fclose(f);
	assert_int_equal(run("read --keylog {}/records.json {}/clear.pcap"), EXIT_FINE);
	assert_non_null(strstr(slurp(output_path), "  key log: 0 handshakes opened\n"));
	assert_int_equal(run("read --json --keylog {}/records.json {}/clear.pcap"), EXIT_FINE);
	json_t *j = output_json(), *keylog = json_object_get(j, "keylog");
	assert_int_equal(json_integer_value(json_object_get(keylog, "lines")), 1);
	assert_int_equal(json_integer_value(json_object_get(keylog, "secrets")), 0);
	assert_int_equal(json_integer_value(json_object_get(keylog, "opened")), 0);
	json_decref(j);
}

// What was judged by a snapshot is explained by it: without it the alert would not be found.
static void test_policy_in_next_step(void **state)
{
	FILE *f = fopen(records_path, "w");
	assert_non_null(f);
	fputs("{\"version\":1,\"as_of\":\"2026-11-23T20:00:00Z\",\"domains\":{}}\n", f);
	fclose(f);
	assert_int_equal(run("read --policy {}/records.json {}/clear.pcap"), EXIT_FINE);
	const char *next = strstr(slurp(output_path), "postwacht explain ");
	assert_non_null(next);
	assert_non_null(strstr(next, " --policy "));
}

static void test_damage_in_json(void **state)
{
	assert_int_equal(run("read --json {}/cut.pcap"), EXIT_INCOMPLETE);
	json_t *j = output_json(), *input = json_object_get(j, "input");
	assert_true(json_is_false(json_object_get(input, "complete")));
	assert_int_equal(json_array_size(json_object_get(input, "damaged")), 1);
	assert_int_equal(json_integer_value(json_object_get(j, "sessions")), 1);
	json_decref(j);
}

static void test_same_records_for_any_workers(void **state)
{
	assert_int_equal(run("read --out {}/records.json {}/clear.pcap"), EXIT_FINE);
	char *one = strdup(slurp(records_path));
	assert_int_equal(run("read --workers 4 --out {}/records.json {}/clear.pcap"), EXIT_FINE);
	char *four = strdup(slurp(records_path)), *a, *b;
	// `stats` tells of workers and memory; everything else is the same, in the same order.
	char *x = strtok_r(one, "\n", &a), *y = strtok_r(four, "\n", &b);
	while (x != NULL || y != NULL) {
		while (x != NULL && strstr(x, "\"event_type\":\"stats\"") != NULL)
			x = strtok_r(NULL, "\n", &a);
		while (y != NULL && strstr(y, "\"event_type\":\"stats\"") != NULL)
			y = strtok_r(NULL, "\n", &b);
		if (x == NULL && y == NULL)
			break;
		assert_non_null(x);
		assert_non_null(y);
		assert_string_equal(x, y);
		x = strtok_r(NULL, "\n", &a);
		y = strtok_r(NULL, "\n", &b);
	}
	free(one);
	free(four);
}

static void explain_as(const char *options, const char *member, int want)
{
	assert_int_equal(run("read --json {}/clear.pcap"), EXIT_FINE);
	json_t *j = output_json();
	json_t *first = json_object_get(json_array_get(json_object_get(j, "findings"), 0), "example");
	char line[256];
	snprintf(line, sizeof line, "explain %s %s {}/clear.pcap", options, json_string_value(json_object_get(first, member)));
	json_decref(j);
	assert_int_equal(run(line), want);
}

static void explain_first(const char *options, const char *member)
{
	explain_as(options, member, EXIT_FINE);
}

// The worst is what is explained unless another one is asked for.
static void test_explain_another_finding(void **state)
{
	explain_first("--finding exposure.envelope", "session");
	assert_non_null(strstr(slurp(output_path), "\nfinding   exposure.envelope "));
	explain_as("--finding tls.no-sni", "session", EXIT_TROUBLE);
}

static void test_findings_of_an_area(void **state)
{
	assert_int_equal(run("findings show cert"), EXIT_FINE);
	assert_non_null(strstr(slurp(output_path), " cert.expired "));
	assert_null(strstr(slurp(output_path), " tls."));
}

static void test_explain(void **state)
{
	static const char *const members[] = {"alert", "session"};
	for (size_t i = 0; i < 2; i++) {
		explain_first("", members[i]);
		const char *text = slurp(output_path);
		assert_non_null(strstr(text, "S: 220 mx.example ESMTP"));
		assert_non_null(strstr(text, "C: EHLO a.example"));
		assert_non_null(strstr(text, "plain_not_offered"));
		assert_non_null(strstr(text, "tshark -r "));
		assert_null(strstr(text, "secret"));
	}
}

static void test_explain_json(void **state)
{
	explain_first("--json", "alert");
	json_t *j = output_json();
	assert_true(json_array_size(json_object_get(j, "dialogue")) >= 10);
	assert_true(json_is_object(json_object_get(j, "catalogue")));
	assert_true(json_is_null(json_object_get(j, "tls")));
	assert_string_equal(json_string_value(json_object_get(json_object_get(j, "session"), "state")), "plain_not_offered");
	assert_null(strstr(slurp(output_path), "secret"));
	json_decref(j);
}

static void test_findings_json(void **state)
{
	assert_int_equal(run("findings list --json"), EXIT_FINE);
	json_t *j = output_json();
	assert_true(json_is_array(j) && json_array_size(j) > 10);
	for (size_t i = 0; i < json_array_size(j); i++) {
		// Between blanks, so that an id is not found inside a longer one. No finding is told by itself.
		char by[2048], own[128];
		snprintf(by, sizeof by, " %s ", json_string_value(json_object_get(json_array_get(j, i), "subsumed_by")));
		snprintf(own, sizeof own, " %s ", json_string_value(json_object_get(json_array_get(j, i), "finding")));
		if (strstr(by, own) != NULL)
			fail_msg("%s tells itself", own);
	}
	json_decref(j);
}

static void test_settings_json(void **state)
{
	assert_int_equal(run("check --json --set capture.workers=x --set nonsense=1 --config /dev/null"), EXIT_CONFIG);
	json_t *j = output_json();
	assert_true(json_is_false(json_object_get(j, "valid")));
	assert_int_equal(json_array_size(json_object_get(j, "errors")), 2);
	json_decref(j);
	assert_int_equal(run("check --json --config /dev/null"), EXIT_FINE);
	j = output_json();
	assert_true(json_is_true(json_object_get(j, "valid")));
	json_decref(j);
	assert_int_equal(run("config show --json --set capture.workers=3"), EXIT_FINE);
	j = output_json();
	assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "capture"), "workers")), 3);
	assert_int_equal(json_array_size(json_object_get(json_object_get(j, "capture"), "ports_tcp")), 5);
	assert_true(json_is_true(json_object_get(json_object_get(j, "records"), "tls")));
	assert_true(json_is_array(json_object_get(j, "taps")));
	json_decref(j);
	assert_int_equal(run("config show --json --changed --set findings.severity={smtp.bare-lf:~high}"), EXIT_FINE);
	j = output_json();
	assert_int_equal(json_object_size(j), 1);
	json_t *severity = json_object_get(json_object_get(j, "findings"), "severity");
	assert_string_equal(json_string_value(json_object_get(severity, "smtp.bare-lf")), "high");
	json_decref(j);
	assert_int_equal(run("config show --json --schema"), EXIT_FINE);
	j = output_json();
	assert_true(json_is_array(j) && json_array_size(j) > 10);
	json_decref(j);
	assert_int_equal(run("version --json"), EXIT_FINE);
	j = output_json();
	assert_non_null(strstr(json_string_value(json_object_get(j, "program")), "postwacht "));
	json_decref(j);
}

// What is damaged from its first octet on has nothing in front of the damage.
static void test_damage_in_words(void **state)
{
	FILE *f = fopen(records_path, "w");
	assert_non_null(f);
	fputs("this is no capture\n", f);
	fclose(f);
	assert_int_equal(run("read {}/records.json"), EXIT_INCOMPLETE);
	assert_non_null(strstr(slurp(output_path), "nothing of it was read"));
	assert_int_equal(run("read {}/cut.pcap"), EXIT_INCOMPLETE);
	assert_non_null(strstr(slurp(output_path), "what stands before it was read"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_summary_json),
		cmocka_unit_test(test_keylog_in_summary),
		cmocka_unit_test(test_policy_in_next_step),
		cmocka_unit_test(test_damage_in_json),
		cmocka_unit_test(test_damage_in_words),
		cmocka_unit_test(test_same_records_for_any_workers),
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_explain_json),
		cmocka_unit_test(test_explain_another_finding),
		cmocka_unit_test(test_findings_of_an_area),
		cmocka_unit_test(test_findings_json),
		cmocka_unit_test(test_settings_json),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

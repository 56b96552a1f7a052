// What a session is told as: its name, the time of its updates, the example of the summary, and the stats.
#include "tests/unit/alerts/judge_fixture.h"

static const char *member(size_t i, const char *name)
{
	return json_string_value(json_object_get(json_object_get(told.line[i], "smtp_tls"), name));
}

static json_int_t flow_id(size_t i)
{
	return json_integer_value(json_object_get(told.line[i], "flow_id"));
}

// A SYN/ACK that is captured late brings an ISN that was not known when the session was first told.
static void keeps_its_name(void **state)
{
	const struct judge_config c = config_default();
	struct facts f;

	open_judge(&c);
	not_offered(&f);
	f.conn.syn[DIR_S2C] = false;
	send_open(&f);
	f.conn.syn[DIR_S2C] = true;
	send_whole(&f);
	assert_int_equal(told.n, 2);
	assert_string_equal(member(0, "session"), member(1, "session"));
	assert_true(flow_id(0) == flow_id(1));
	// Another session is another one.
	f.birth = 2;
	send_whole(&f);
	assert_string_not_equal(member(0, "session"), member(2, "session"));
	close_judge();
}

// An update is told from the session it describes, also when another file has moved packet time years ahead.
static void update_has_its_sessions_time(void **state)
{
	const struct judge_config c = config_default();
	struct facts f;

	open_judge(&c);
	not_offered(&f);
	f.conn.dst_port = 2525;
	f.conn.start_ns += 10 * 365ull * 86400 * SECOND;
	f.conn.last_ns += 10 * 365ull * 86400 * SECOND;
	send_whole(&f);
	not_offered(&f);
	f.birth = 2;
	send_whole(&f);
	char id[RECORD_ID_LEN + 1];
	snprintf(id, sizeof(id), "%s", member(told.n - 2, "id"));
	f.birth = 3;
	send_whole(&f);
	char when[64], session[RECORD_ID_LEN + 1];
	snprintf(when, sizeof(when), "%s", json_string_value(json_object_get(told.line[told.n - 1], "timestamp")));
	snprintf(session, sizeof(session), "%s", member(told.n - 1, "session"));
	told_clear();
	judge_finish(judge);
	assert_int_equal(told.n, 1);
	assert_string_equal(json_string_value(json_object_get(told.line[0], "timestamp")), when);
	assert_string_equal(member(0, "session"), session);
	assert_memory_equal(member(0, "id"), id, 10);
	assert_string_not_equal(member(0, "id"), id);
	close_judge();
}

static const struct judge_example *example_of(const char *id)
{
	return &judge_summary(judge)->finding[catalogue_find(id) - catalogue];
}

// The line of the summary says "high": the session it names must be one that is.
static void example_is_the_loudest(void **state)
{
	const struct judge_config c = config_default();
	struct facts quiet, loud;

	open_judge(&c);
	rejected(&quiet, 454, false);
	send_whole(&quiet);
	const struct judge_example *e = example_of("starttls.rejected-temp");
	assert_int_equal(e->worst_severity, SEVERITY_MEDIUM);
	assert_string_equal(e->alert_id, member(0, "id"));
	rejected(&loud, 454, false);
	mail(&loud, CLEAR_AFTER_REJECT);
	loud.birth = 2;
	loud.conn.src_port++;
	send_whole(&loud);
	assert_int_equal(e->worst_severity, SEVERITY_HIGH);
	assert_string_equal(e->alert_id, member(2, "id"));
	assert_string_equal(e->session_id, member(2, "session"));
	assert_int_equal(e->src_port, loud.conn.src_port);
	// A quieter one does not take it back.
	quiet.birth = 3;
	send_whole(&quiet);
	assert_string_equal(e->alert_id, member(2, "id"));
	assert_int_equal(e->n, 3);
	close_judge();
}

// Told early, it had no answer; the summary speaks at the end.
static void example_has_the_last_word(void **state)
{
	const struct judge_config c = config_default();
	struct facts f;

	open_judge(&c);
	ehlo(&f, OFFER_NO);
	f.smtp.n_auth = 1;
	f.smtp.auth_mech = MECH_CRAM_MD5;
	f.smtp.auth_sent_secret = true;
	f.smtp.auth_mark = at(8);
	text(&f, &f.smtp.auth_name, "CRAM-MD5");
	send_open(&f);
	assert_string_equal(member(0, "detail"), "CRAM-MD5:no_answer_so_far");
	const struct judge_example *e = example_of("auth.cleartext-challenge");
	assert_string_equal(e->detail, "CRAM-MD5:no_answer_so_far");
	f.smtp.auth_accepted = true;
	f.smtp.auth_reply_mark = at(9);
	send_whole(&f);
	assert_string_equal(e->detail, "CRAM-MD5:accepted");
	close_judge();
}

// A finding that never became an alert is shown by its session.
static void example_without_alert(void **state)
{
	const struct judge_config c = config_default();
	struct facts f;

	open_judge(&c);
	not_offered(&f);
	send_whole(&f);
	const struct judge_example *e = example_of("exposure.envelope");
	assert_string_equal(e->alert_id, "");
	assert_string_equal(e->session_id, member(0, "session"));
	close_judge();
}

static void last_stats(void **state)
{
	const struct judge_config c = config_default();
	struct message_counters m = {.head = {.seq = 1, .time_ns = FIXTURE_START_NS, .type = MESSAGE_COUNTERS}};

	open_judge(&c);
	assert_int_equal(judge_take(judge, &m.head, sizeof(m)), 0);
	m.head.time_ns += 90 * SECOND;
	m.last = true;
	assert_int_equal(judge_take(judge, &m.head, sizeof(m)), 0);
	judge_finish(judge);
	assert_int_equal(told.n, 2);
	for (size_t i = 0; i < 2; i++) {
		json_t *last = json_object_get(json_object_get(told.line[i], "smtp_tls"), "last");
		assert_int_equal(json_boolean_value(last), i == 1);
		json_t *uptime = json_object_get(json_object_get(told.line[i], "stats"), "uptime");
		assert_int_equal(json_integer_value(uptime), i == 1 ? 90 : 0);
	}
	close_judge();
}

// Told while TLS is on its way, nothing is said about how it ended.
static void says_only_what_is_known(void **state)
{
	const struct judge_config c = config_default();
	struct facts f;

	open_judge(&c);
	upgraded(&f);
	f.tls.completed = false;
	f.smtp.injected_c2s = 20;
	f.smtp.injected_c2s_verb = true;
	f.smtp.injected_c2s_mark = at(8);
	send_open(&f);
	assert_int_equal(told.n, 1);
	const json_t *why = json_object_get(json_object_get(told.line[0], "smtp_tls"), "why");
	for (size_t i = 0; i < json_array_size(why); i++)
		assert_string_not_equal(json_string_value(json_array_get(why, i)), "tls_not_completed");
	close_judge();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_its_name),
		cmocka_unit_test(update_has_its_sessions_time),
		cmocka_unit_test(example_is_the_loudest),
		cmocka_unit_test(example_has_the_last_word),
		cmocka_unit_test(example_without_alert),
		cmocka_unit_test(last_stats),
		cmocka_unit_test(says_only_what_is_known),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

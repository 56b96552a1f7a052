// What a running sensor asks of the judge: time without messages, workers that are gone, another configuration.
#include "tests/unit/alerts/judge_fixture.h"

static struct sensor_state state;

static struct judge_config config_live(void)
{
	struct judge_config c = config_default();

	state = (struct sensor_state){.started_ns = FIXTURE_START_NS};
	c.sensor = &state;
	return c;
}

static void session(struct facts *f, uint64_t birth, uint64_t at_ns)
{
	not_offered(f);
	f->birth = birth;
	f->conn.src_port = (uint16_t)(2000 + birth);
	f->conn.last_ns = at_ns;
}

static const char *end_of(size_t line)
{
	return json_string_value(json_object_get(json_object_get(told.line[line], "smtp_tls"), "end"));
}

// ---- time ----

static void a_tick_ends_windows(void **state_)
{
	struct judge_config c = config_live();
	struct facts f;
	uint64_t now_ns = FIXTURE_START_NS + SECOND;

	open_judge(&c);
	for (uint64_t i = 1; i <= 3; i++) {
		session(&f, i, now_ns);
		send_whole(&f);
	}
	assert_told("one is told, two are counted", "starttls.not-offered+exposure.envelope+exposure.content smtp smtp smtp");
	judge_tick(judge, now_ns + 86399 * SECOND);
	assert_told("the window is open", "");
	judge_tick(judge, now_ns + 86401 * SECOND);
	assert_told("it has ended", "starttls.not-offered+exposure.envelope+exposure.content*2");
	judge_tick(judge, now_ns); // time that runs backwards is no time
	assert_int_equal(judge_summary(judge)->last_ns, now_ns + 86401 * SECOND);
	close_judge();
}

// ---- a worker is gone ----

static void sessions_of_a_lost_worker_are_told(void **state_)
{
	struct judge_config c = config_live();
	struct facts f;

	open_judge(&c);
	for (uint64_t birth = 1; birth <= 4; birth++) {
		upgraded(&f);
		f.birth = birth;
		worker = birth % 2;
		if (birth <= 2)
			send_sealed(&f);
		else
			send_open(&f);
	}
	told_clear();
	judge_forget_worker(judge, 1);
	assert_int_equal(told.n, 2 * 2); // each with its tls copy
	assert_string_equal(end_of(0), "evicted");
	assert_string_equal(end_of(2), "evicted");
	assert_told("not final: nobody saw how they ended", "smtp... tls smtp... tls");
	assert_int_equal(judge_summary(judge)->sessions_forgotten, 2);
	assert_int_equal(judge_summary(judge)->sessions, 2);
	judge_forget_worker(judge, 1);
	assert_told("once", "");
	f.birth = 2;
	send_end(&f, f.conn.last_ns);
	assert_told("the others go on", "smtp tls");
	judge_forget_worker(judge, UINT16_MAX);
	assert_told("all", "smtp... tls");
	assert_int_equal(judge_summary(judge)->sessions_forgotten, 3);
	send_end(&f, f.conn.last_ns);
	assert_told("an end of somebody unknown", "");
	assert_int_equal(judge_summary(judge)->ends_unknown, 1);
	close_judge();
}

// What is missing of such a session is not known: no absence in it is more than a suspicion.
static void a_lost_session_is_no_proof(void **state_)
{
	struct judge_config c = config_live();
	struct facts f;

	open_judge(&c);
	ehlo(&f, OFFER_NO);
	send_open(&f);
	assert_told("still open", "");
	judge_forget_worker(judge, 0);
	for (size_t i = 0; i < told.n; i++) {
		const json_t *alert = json_object_get(told.line[i], "alert");
		const char *sure = json_string_value(json_array_get(json_object_get(json_object_get(alert, "metadata"), "confidence"), 0));
		if (alert)
			assert_true(strcmp(sure, "suspect") == 0 || strcmp(sure, "unverifiable") == 0);
	}
	assert_string_equal(told_word(told.n - 1), "smtp...");
	close_judge();
}

static void send_counters(uint16_t from, uint64_t packets)
{
	struct message_counters m = {.head = {.seq = ++seq, .birth = UINT64_MAX, .time_ns = FIXTURE_START_NS, .type = MESSAGE_COUNTERS,
		.worker = from}};

	m.counter[COUNT_packets] = packets;
	assert_int_equal(judge_take(judge, &m.head, sizeof(m)), 0);
}

static void what_a_lost_worker_counted_stays(void **state_)
{
	struct judge_config c = config_live();

	open_judge(&c);
	send_counters(0, 100);
	send_counters(1, 10);
	judge_forget_worker(judge, 0);
	send_counters(0, 7);
	assert_int_equal(judge_summary(judge)->counter[COUNT_packets], 117);
	close_judge();
}

// ---- another configuration ----

static void another_configuration(void **state_)
{
	static struct inventory_config inventory;
	static const char *const disabled[] = {"starttls.not-offered"};
	struct judge_config c = config_live(), other = c;
	char name[] = "tap", host[] = "sensor-2";
	struct facts f;

	c.taps[0].name = name;
	open_judge(&c);
	session(&f, 1, FIXTURE_START_NS + SECOND);
	send_whole(&f);
	session(&f, 2, FIXTURE_START_NS + SECOND);
	send_whole(&f); // a repeat waits
	assert_told("before", "starttls.not-offered+exposure.envelope+exposure.content smtp smtp");
	upgraded(&f);
	f.birth = 3;
	send_sealed(&f);
	memset(name, 'x', strlen(name)); // the judge has names of its own
	other.disabled = disabled;
	other.n_disabled = 1;
	other.tls_records = false;
	other.record.host = host;
	other.inventory = &inventory;
	other.severity[catalogue_find("exposure.content") - catalogue] = SEVERITY_CRITICAL;
	assert_int_equal(judge_reconfigure(judge, &other), 0);
	memset(host, 'x', strlen(host));
	send_end(&f, f.conn.last_ns);
	assert_string_equal(json_string_value(json_object_get(told.line[0], "host")), "sensor-2");
	assert_string_equal(json_string_value(json_object_get(json_object_get(told.line[0], "smtp_tls"), "tap")), "tap");
	assert_told("a session in flight goes on, in the new form", "smtp");
	session(&f, 4, FIXTURE_START_NS + SECOND);
	send_whole(&f);
	const json_t *severity = json_object_get(json_object_get(told.line[0], "alert"), "severity");
	assert_int_equal(json_integer_value(severity), 1);
	assert_told("another cause now", "exposure.content+exposure.envelope smtp");
	judge_finish(judge);
	assert_told("nothing more is said of what is disabled", "stats");
	close_judge();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tick_ends_windows),
		cmocka_unit_test(sessions_of_a_lost_worker_are_told),
		cmocka_unit_test(a_lost_session_is_no_proof),
		cmocka_unit_test(what_a_lost_worker_counted_stays),
		cmocka_unit_test(another_configuration),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

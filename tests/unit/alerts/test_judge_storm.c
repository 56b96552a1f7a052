// Storms through the judge: what is told, what is counted, and that together they are what there was.
#include "alerts/judge_private.h"
#include "tests/unit/alerts/judge_fixture.h"
#include "tests/unit/alerts/sensor_fixture.h"

#include <stdlib.h>

static struct sensor_state state;

// Lines are not kept: only what a receiver would add up.
static struct {
	uint64_t records;                 // alerts of sessions
	uint64_t told;                    // what they stand for
	uint64_t reports, suppressed;
	uint64_t by_severity, by_finding; // sums over reports
	uint64_t sessions, named;         // session records; of them those that name their finding
	uint64_t digest;                  // of all lines
} heard;

static uint64_t values(const json_t *object)
{
	const char *key;
	json_t *value;
	uint64_t all = 0;

	json_object_foreach((json_t *)object, key, value)
		all += (uint64_t)json_integer_value(value);
	return all;
}

static void hear_alert(const json_t *smtp_tls)
{
	const json_t *suppressed = json_object_get(smtp_tls, "suppressed");

	if (!suppressed) {
		heard.records++;
		heard.told += (uint64_t)json_integer_value(json_object_get(json_object_get(smtp_tls, "repeat"), "count"));
		return;
	}
	heard.reports++;
	heard.suppressed += (uint64_t)json_integer_value(json_object_get(suppressed, "alerts"));
	heard.by_severity += values(json_object_get(suppressed, "by_severity"));
	heard.by_finding += values(json_object_get(suppressed, "by_finding"));
}

static void hear(void *ctx, const struct record_about *about, const char *line, size_t len)
{
	json_t *root = json_loadb(line, len, 0, NULL), *smtp_tls = json_object_get(root, "smtp_tls");

	assert_non_null(root);
	for (size_t i = 0; i < len; i++)
		heard.digest = heard.digest * 1099511628211u + (uint8_t)line[i];
	if (about->type == RECORD_ALERT)
		hear_alert(smtp_tls);
	if (about->type == RECORD_SMTP) {
		heard.sessions++;
		heard.named += json_array_size(json_object_get(smtp_tls, "findings")) > 0;
	}
	json_decref(root);
}

static struct judge_config config(uint32_t rate, uint32_t burst)
{
	struct judge_config c = config_default();

	c.alerts_rate_per_s = rate;
	c.alerts_burst = burst;
	c.write = hear;
	c.tls_records = false;
	memset(&heard, 0, sizeof(heard));
	return c;
}

// A session with server `server`, at that time.
static void session(uint32_t server, uint64_t after_ns, void (*make)(struct facts *f))
{
	struct facts f;
	static uint64_t birth;

	make(&f);
	f.birth = ++birth;
	f.conn.start_ns = FIXTURE_START_NS + after_ns;
	f.conn.last_ns = f.conn.start_ns;
	memcpy(f.conn.dst, &server, sizeof(server));
	send_whole(&f);
}

static void balanced(void)
{
	const struct judge_summary *s = judge_summary(judge);

	assert_int_equal(heard.told + heard.suppressed, s->alerts_offered);
	assert_int_equal(heard.suppressed, s->alerts_suppressed);
	assert_int_equal(heard.by_severity, heard.suppressed);
	assert_int_equal(heard.by_finding, heard.suppressed);
	assert_int_equal(heard.records + heard.reports, s->alerts);
	assert_int_equal(heard.sessions, heard.named);
}

static void many_servers(void **state_)
{
	const struct judge_config c = config(100, 50);

	open_judge(&c);
	for (uint32_t i = 0; i < 3000; i++) // in three seconds
		session(i, i * SECOND / 1000, not_offered);
	assert_in_range(heard.records, 100, 50 + 3 * 100);
	assert_int_equal(heard.reports, 0);
	assert_int_equal(heard.sessions, 3000);
	judge_tick(judge, FIXTURE_START_NS + 15 * SECOND);
	assert_int_equal(heard.reports, 1); // it went on for less than ten seconds
	judge_tick(judge, FIXTURE_START_NS + 100 * SECOND);
	judge_finish(judge);
	assert_int_equal(heard.reports, 1);
	assert_int_equal(judge_summary(judge)->alerts_offered, 3000);
	balanced();
	close_judge();
}

// Keys that count repeats are told at their windows' ends and at the end of all: each is output, too.
static void repeats_pass_the_valve(void **state_)
{
	const struct judge_config c = config(1, 1400);

	open_judge(&c);
	for (uint32_t round = 0; round < 5; round++)
		for (uint32_t i = 0; i < 900; i++)
			session(i, round * SECOND + i * 1000, offered_unused);
	uint64_t before = heard.records;
	assert_int_equal(before, 900);
	judge_finish(judge);
	assert_in_range(heard.records, before + 150, before + 150 + 5); // what is reserved stays so
	assert_int_equal(heard.told, before + (heard.records - before) * 4);
	assert_int_equal(judge_summary(judge)->alerts_offered, 5 * 900);
	balanced();
	close_judge();
}

// More keys than the table of repeats has: those that leave early owe something.
static void evicted_keys_pass_the_valve(void **state_)
{
	const struct judge_config c = config(1000, 100000);
	const struct dedup_config small = {.keys_max = 16, .kept_len = judge_kept_len(), .update = judge_tell_update, .may_tell = judge_may_tell};
	struct dedup_config mine = small;

	open_judge(&c);
	dedup_close(&judge->dedup);
	mine.ctx = judge;
	assert_int_equal(dedup_open(&judge->dedup, &mine), 0);
	for (uint32_t i = 0; i < 2000; i++)
		for (int twice = 0; twice < 2; twice++)
			session(i, i * 1000000, not_offered);
	assert_true(heard.records > 3900); // each victim, and its update when it leaves
	judge_finish(judge);
	assert_int_equal(heard.suppressed, 0);
	balanced();
	close_judge();
}

static void louder_goes_first(void **state_)
{
	const struct judge_config c = config(1, 80);
	uint64_t before;

	open_judge(&c);
	for (uint32_t i = 0; i < 500; i++)
		session(i, 0, not_offered); // medium
	before = heard.records;
	assert_int_equal(before, 60);
	for (uint32_t i = 0; i < 500; i++)
		session(i, 0, offered_unused); // high
	assert_true(heard.records > before);
	judge_finish(judge);
	balanced();
	close_judge();
}

static const json_t *own(size_t line, const char *name)
{
	return json_object_get(json_object_get(told.line[line], "smtp_tls"), name);
}

static void what_is_told_of_it(void **state_)
{
	struct judge_config c = config(1, 1);

	c.write = told_write;
	fixture_state(&state, false);
	c.sensor = &state;
	open_judge(&c);
	for (uint32_t i = 0; i < 4; i++)
		session(i, 5 * SECOND, not_offered);
	assert_told("one alert, all the sessions, each with its finding", "starttls.not-offered+exposure.envelope+exposure.content smtp smtp smtp smtp");
	session(9, 15 * SECOND, not_offered); // its alert is of the next ten seconds
	assert_int_equal(json_integer_value(json_object_get(own(0, "suppressed"), "alerts")), 3);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(own(0, "suppressed"), "by_severity"), "medium")), 3);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(own(0, "suppressed"), "by_finding"), "starttls.not-offered")), 3);
	assert_string_equal(json_string_value(own(0, "detail")), "alerts:3");
	assert_string_equal(json_string_value(json_array_get(own(0, "why"), 1)), "medium:3");
	assert_string_equal(json_string_value(json_object_get(own(0, "window"), "from")), "2026-11-23T20:42:13.000000+0000");
	assert_string_equal(json_string_value(json_object_get(own(0, "window"), "to")), "2026-11-23T20:42:23.000000+0000");
	assert_told("first what was counted", "sensor.alert-suppressed starttls.not-offered+exposure.envelope+exposure.content smtp");
	judge_heartbeat(judge, FIXTURE_START_NS + 30 * SECOND);
	assert_int_equal(json_integer_value(json_object_get(own(0, "suppressed"), "alerts")), 3);
	assert_null(json_object_get(own(0, "suppressed"), "by_finding"));
	assert_string_equal(json_string_value(json_array_get(own(0, "findings"), 0)), "sensor.alert-suppressed");
	assert_told("the heartbeat knows it", "stats");
	judge_finish(judge);
	assert_told("nothing is owed", "stats");
	close_judge();
}

static void the_operator_has_the_last_word(void **state_)
{
	static const char *const disabled[] = {"sensor.alert-suppressed"};
	struct judge_config c = config(1, 1);

	c.disabled = disabled;
	c.n_disabled = 1;
	open_judge(&c);
	for (uint32_t i = 0; i < 100; i++)
		session(i, 0, not_offered);
	c.n_disabled = 0;
	judge_tick(judge, FIXTURE_START_NS + 20 * SECOND);
	assert_int_equal(heard.reports, 0);
	assert_int_equal(judge_summary(judge)->alerts_suppressed, 99);
	c.alerts_rate_per_s = 0; // read again: from now on all are told
	assert_int_equal(judge_reconfigure(judge, &c), 0);
	for (uint32_t i = 200; i < 300; i++)
		session(i, 20 * SECOND, not_offered);
	assert_int_equal(heard.records, 101);
	close_judge();
}

// The same sessions, the clock looked at oftener: the same lines, octet by octet.
static void the_same_again(void **state_)
{
	uint64_t digest[2];

	for (int again = 0; again < 2; again++) {
		const struct judge_config c = config(20, 30);
		uint32_t random = 1;
		open_judge(&c);
		for (uint32_t i = 0; i < 5000; i++) {
			random = random * 1664525 + 1013904223;
			if (again && i % 7 == 0)
				judge_tick(judge, FIXTURE_START_NS + i * SECOND / 100);
			session(random >> 20, i * SECOND / 100, i % 3 ? not_offered : offered_unused);
		}
		judge_finish(judge);
		balanced();
		assert_true(heard.reports >= 4);
		digest[again] = heard.digest;
		close_judge();
	}
	assert_true(digest[0] == digest[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_servers), cmocka_unit_test(repeats_pass_the_valve), cmocka_unit_test(evicted_keys_pass_the_valve),
		cmocka_unit_test(louder_goes_first), cmocka_unit_test(what_is_told_of_it), cmocka_unit_test(the_operator_has_the_last_word),
		cmocka_unit_test(the_same_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

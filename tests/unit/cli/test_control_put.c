// What status and stats say of a board, read back with jansson; and that a board in any state is told whole.
#include "cli/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "cli/control_health.h"
#include "hw/clock.h"
#include "tests/unit/cli/board_fixture.h"

static json_t *read_back(void (*put)(struct json *j, const struct board *b), const struct board *b, const char *member)
{
	static char text[CONTROL_ANSWER_MAX];
	struct json j;
	json_init(&j, text, sizeof text);
	json_open_object(&j);
	put(&j, b);
	json_close_object(&j);
	assert_true(json_ok(&j));
	json_error_t error;
	json_t *root = json_loadb(text, json_len(&j), JSON_REJECT_DUPLICATES, &error);
	if (root == NULL)
		fail_msg("%s at %d: %s", error.text, error.position, text);
	json_t *value = json_incref(json_object_get(root, member));
	assert_non_null(value);
	json_decref(root);
	return value;
}

static void put_status(struct json *j, const struct board *b)
{
	control_put_status(j, b, &b->config[0]);
}

static json_int_t number(const json_t *root, const char *a, const char *b)
{
	const json_t *v = json_object_get(root, a);
	if (b != NULL)
		v = json_object_get(v, b);
	assert_true(json_is_integer(v));
	return json_integer_value(v);
}

static void test_status(void **state)
{
	struct board *b = board_well();
	json_t *s = read_back(put_status, b, "status");
	assert_true(number(s, "uptime", NULL) >= 3600 && number(s, "uptime", NULL) < 3700);
	assert_string_equal(json_string_value(json_object_get(s, "host")), "sensor-1");
	const json_t *ports = json_object_get(s, "ports"), *workers = json_object_get(s, "workers");
	assert_int_equal(json_array_size(ports), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(ports, 1), "name")), "0000:81:00.1");
	assert_string_equal(json_string_value(json_object_get(json_array_get(ports, 1), "tap")), "tap0");
	assert_true(json_is_true(json_object_get(json_array_get(ports, 1), "up")));
	assert_int_equal(number(json_array_get(ports, 1), "rx_packets", NULL), 501);
	assert_int_equal(number(json_array_get(ports, 1), "tx_packets", NULL), 0);
	assert_int_equal(number(json_array_get(workers, 0), "cpu", NULL), 3);
	assert_true(json_is_null(json_object_get(json_array_get(workers, 1), "cpu")));
	assert_int_equal(number(s, "ledger", "rx"), 1001);
	assert_int_equal(number(s, "ledger", "in_flight"), 1);
	assert_true(json_is_true(json_object_get(json_object_get(s, "health"), "fine")));
	const json_t *children = json_object_get(s, "children");
	assert_int_equal(json_array_size(children), CHILDREN);
	assert_string_equal(json_string_value(json_object_get(json_array_get(children, 1), "name")), "judge");
	assert_int_equal(number(json_array_get(children, 1), "pid", NULL), 101);
	assert_string_equal(json_string_value(json_object_get(json_object_get(s, "config"), "file")), b->config_file);
	json_decref(s);
	free(b);
}

static void test_stats(void **state)
{
	struct board *b = board_well();
	json_t *s = read_back(control_put_stats, b, "stats");
	assert_int_equal(number(s, "counters", "packets"), 990);
	assert_int_equal(json_object_size(json_object_get(s, "counters")), 1);
	assert_int_equal(number(s, "states", "starttls_ok"), 5);
	assert_int_equal(number(s, "verdicts", "clear"), 2);
	assert_int_equal(json_object_size(json_object_get(s, "verdicts")), VERDICT_N);
	json_decref(s);
	free(b);
}

static json_t *output_of(const struct board *b)
{
	json_t *s = read_back(put_status, b, "status"), *o = json_incref(json_array_get(json_object_get(s, "outputs"), 0));
	json_decref(s);
	return o;
}

// Everybody is told the same numbers: here as in metrics and heartbeats.
static void test_delivery(void **state)
{
	struct board *b = board_well();
	b->state.outbox = (struct outbox_shared){.epoch = 1, .durable = {10, 20}, .oldest = {3, 21}, .forgotten = {0, 5}};
	b->state.records_lost = 2;
	b->state.n_sinks = 1;
	b->state.sink[0] = (struct sink_shared){.name = "siem", .at = {8, 21}};
	json_t *s = read_back(put_status, b, "status"), *o = output_of(b);
	assert_int_equal(number(s, "records_lost", NULL), 7);
	assert_int_equal(number(o, "waiting", "alerts"), 3);
	assert_int_equal(number(o, "waiting", "sessions"), 0);
	json_decref(o);
	b->state.sink[0].at[0] = 2; // what is gone does not wait
	o = output_of(b);
	assert_int_equal(number(o, "waiting", "alerts"), 8);
	json_decref(o);
	b->state.sink[0] = (struct sink_shared){.name = "siem"}; // it has not begun
	o = output_of(b);
	assert_int_equal(number(o, "waiting", "alerts"), 8);
	assert_int_equal(number(o, "waiting", "sessions"), 0);
	json_decref(o);
	json_decref(s);
	free(b);
}

// As large as a board can be, with every octet written by somebody who means harm: no text on it ends, and every octet of
// the texts takes six in JSON (a byte that is not UTF-8 takes four and a backslash).
static void test_hostile_board(void **state)
{
	static const uint8_t octets[] = {0xff, 0x01, 'A', 0x7f};
	for (size_t i = 0; i < sizeof octets; i++) {
		struct board *b = calloc(1, sizeof *b);
		memset(&b->state, octets[i], sizeof b->state);
		memset(b->counter, octets[i], sizeof b->counter);
		memset(b->config_file, octets[i], sizeof b->config_file);
		memset(b->turned_ns, octets[i], sizeof b->turned_ns);
		b->watch_ready_ns = b->judge_ready_ns = 1;
		memset(&b->config[0].taps, octets[i], sizeof b->config[0].taps);
		memcpy(&b->config[1], &b->config[0], sizeof b->config[0]);
		static char text[CONTROL_ANSWER_MAX];
		struct json j;
		for (int what = 0; what < 2; what++) {
			json_init(&j, text, sizeof text);
			json_open_object(&j);
			if (what == 0)
				control_put_status(&j, b, &b->config[0]);
			else
				control_put_stats(&j, b);
			json_close_object(&j);
			// Too long is an answer (an error says so); anything else must be JSON.
			if (!json_ok(&j))
				continue;
			json_t *root = json_loadb(text, json_len(&j), JSON_DECODE_INT_AS_REAL, NULL);
			assert_non_null(root);
			json_decref(root);
		}
		assert_true(json_ok(&j) || octets[i] != 'A'); // with names that are ordinary it fits
		free(b);
	}
}

// ---- health ------------------------------------------------------------------------------------------------------

enum { AGO_S = 30 };

static void tx(struct board *b) { b->state.port[1].tx_packets = 1; }
static void child_down(struct board *b) { b->state.child[CHILD_SCOUT].pid = 0; }
static void child_again(struct board *b)
{
	b->state.child[CHILD_WATCH].restarts = 2;
	b->state.child[CHILD_WATCH].started_ns = clock_wall_ns() - AGO_S * SECOND;
}
static void child_again_long_ago(struct board *b) { b->state.child[CHILD_WATCH].restarts = 2; }
static void worker_stuck(struct board *b) { b->turned_ns[1] -= 3 * SECOND; }
static void worker_just_turned(struct board *b) { b->turned_ns[1] -= SECOND / 2; }
static void worker_never(struct board *b) { b->turned_ns[0] = 0; }
static void reader_idle(struct board *b) { b->reader_turned_ns = 0; }
static void reader_stuck(struct board *b) { b->state.fanned = true; b->reader_turned_ns -= 3 * SECOND; }
static void all_played(struct board *b)
{
	b->watch_done = true;
	b->state.child[CHILD_WATCH].pid = 0;
	b->turned_ns[0] -= 60 * SECOND;
}
static void judge_stuck(struct board *b) { b->judge_turned_ns -= 7 * SECOND; }
static void courier_stuck(struct board *b) { b->courier_turned_ns -= 7 * SECOND; }
static void not_open(struct board *b) { b->watch_ready_ns = 0; }
static void not_open_yet(struct board *b) { b->watch_ready_ns = 0; b->state.started_ns = clock_wall_ns(); }
static void no_link(struct board *b) { b->state.port[0].link_up = false; }
static void link_unknown(struct board *b) { b->state.port[0].link_up = b->state.port[0].link_known = false; }
static void lost(struct board *b) { b->lost_ns = clock_mono_ns() - AGO_S * SECOND; }
static void lost_long_ago(struct board *b) { b->lost_ns = clock_mono_ns() - 90 * SECOND; }
static void alerts_lost(struct board *b) { b->state.alerts_lost = 4; }
static void outbox_full(struct board *b)
{
	b->state.outbox.state = OUTBOX_NO_SPACE;
	b->state.outbox.trouble_since_ns = clock_wall_ns() - AGO_S * SECOND;
}

static void output_fails(struct board *b)
{
	b->state.n_sinks = 1;
	b->state.sink[0] = (struct sink_shared){.name = "siem", .failing_since_ns = clock_wall_ns() - 90 * SECOND, .trouble = "refused"};
}

static void output_failed_a_moment(struct board *b)
{
	output_fails(b);
	b->state.sink[0].failing_since_ns = clock_wall_ns() - AGO_S * SECOND;
}

static void output_fails_since_the_future(struct board *b)
{
	output_fails(b);
	b->state.sink[0].failing_since_ns = clock_wall_ns() + 3600 * SECOND;
}

static void output_dead(struct board *b)
{
	output_failed_a_moment(b);
	b->state.sink[0].dead = 1;
}

static void alerts_gave_way(struct board *b)
{
	b->state.n_sinks = 1;
	b->state.sink[0] = (struct sink_shared){.name = "siem", .missed = {7, 8}};
}

static void unsynced(struct board *b) { b->state.clock_synced = false; }
static void nothing(struct board *b) {}

static const struct {
	const char *name;
	void (*change)(struct board *b);
	const char *want; // beginning of the only problem; NULL: none
} ills[] = {
	{"well", nothing, NULL},
	{"sent", tx, "0000:81:00.1 has sent 1 packets"},
	{"child down", child_down, "scout is not running"},
	{"child started again", child_again, "watch was started again 30 s ago (2 times in all)"},
	{"child started again long ago", child_again_long_ago, NULL},
	{"worker stuck", worker_stuck, "worker 1 has not turned for 3 s"},
	{"worker turned half a second ago", worker_just_turned, NULL},
	{"worker that never turned", worker_never, "worker 0 has not turned for 35"},
	{"no reader", reader_idle, NULL},
	{"reader stuck", reader_stuck, "the reader of the ports has not turned for 3 s"},
	{"played to the end", all_played, NULL},
	{"judge stuck", judge_stuck, "the judge has not turned for 7 s"},
	{"courier stuck", courier_stuck, "the courier has not turned for 7 s"},
	{"ports not open", not_open, "the ports are not open yet, 3600 s after the start"},
	{"just started", not_open_yet, NULL},
	{"no link", no_link, "0000:81:00.0 has no link"},
	{"link not known", link_unknown, NULL},
	{"loss", lost, "packets were lost, last 30 s ago"},
	{"loss long ago", lost_long_ago, NULL},
	{"alerts lost", alerts_lost, "4 alerts found no room"},
	{"outbox full", outbox_full, "the outbox takes nothing (no space)"},
	{"output fails", output_fails, "output siem takes nothing since 90 s: refused"},
	{"output fails, and the clock was set back", output_fails_since_the_future, "output siem takes nothing since 3"},
	{"output failed a moment ago", output_failed_a_moment, NULL},
	{"output cannot be prepared", output_dead, "output siem takes nothing since 30 s: refused"},
	{"alerts gave way", alerts_gave_way, "output siem never had 7 alerts"},
	{"clock", unsynced, "the clock is not synchronised"},
};

static void test_health(void **state)
{
	for (size_t i = 0; i < sizeof ills / sizeof ills[0]; i++) {
		struct board *b = board_well();
		struct control_health h;
		struct sensor_state s;
		ills[i].change(b);
		sensor_copy(&s, &b->state);
		control_health(&h, &s, b, clock_mono_ns(), clock_wall_ns());
		if (h.n != (ills[i].want != NULL) || (h.n > 0 && strncmp(h.problem[0], ills[i].want, strlen(ills[i].want)) != 0))
			fail_msg("%s: %zu problems, %s", ills[i].name, h.n, h.n > 0 ? h.problem[0] : "none");
		free(b);
	}
}

static void test_reload(void **state)
{
	static char text[4096];
	struct config_errors errors = {.n = 0};
	struct json j;
	json_init(&j, text, sizeof text);
	json_open_object(&j);
	control_put_reload(&j, "/a.yaml", 3, "findings.disable, records.tls", "", &errors);
	json_close_object(&j);
	text[json_len(&j)] = '\0';
	assert_string_equal(text, "{\"reload\":{\"valid\":true,\"file\":\"/a.yaml\",\"generation\":3,"
		"\"applied\":[\"findings.disable\",\"records.tls\"],\"restart\":[],\"errors\":[],\"errors_more\":0}}");
	errors.n = 1;
	strcpy(errors.line[0], "/a.yaml:1:1: unknown key");
	json_init(&j, text, sizeof text);
	json_open_object(&j);
	control_put_reload(&j, NULL, 2, "findings.disable", "taps", &errors);
	json_close_object(&j);
	text[json_len(&j)] = '\0';
	assert_string_equal(text, "{\"reload\":{\"valid\":false,\"file\":null,\"generation\":2,\"applied\":[],\"restart\":[],"
		"\"errors\":[\"/a.yaml:1:1: unknown key\"],\"errors_more\":0}}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_delivery),
		cmocka_unit_test(test_hostile_board),
		cmocka_unit_test(test_health),
		cmocka_unit_test(test_reload),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

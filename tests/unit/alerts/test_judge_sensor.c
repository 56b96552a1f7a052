// The sensor's own trouble: alerts of no session, their repeats, marked sessions, the heartbeat.
#include "alerts/judge_private.h"
#include "tests/unit/alerts/judge_fixture.h"
#include "tests/unit/alerts/sensor_fixture.h"

#include <errno.h>

static struct sensor_state state;

static struct judge_config config_live(void)
{
	struct judge_config c = config_default();

	fixture_state(&state, false);
	c.sensor = &state;
	return c;
}

static void send_trouble(struct message_sensor m)
{
	assert_int_equal(judge_take(judge, &m.head, sizeof(m)), 0);
}

static const json_t *own(size_t line, const char *name)
{
	const json_t *found = json_object_get(json_object_get(told.line[line], "smtp_tls"), name);

	assert_non_null(found);
	return found;
}

static json_int_t number_of(const json_t *object, const char *name)
{
	assert_true(json_is_integer(json_object_get(object, name)));
	return json_integer_value(json_object_get(object, name));
}

static const char *metadata_of(size_t line, const char *name)
{
	const json_t *metadata = json_object_get(json_object_get(told.line[line], "alert"), "metadata");
	return json_string_value(json_array_get(json_object_get(metadata, name), 0));
}

static uint64_t wall(uint64_t after_s)
{
	return FIXTURE_START_NS + after_s * SECOND;
}

// ---- alerts ----

static void every_kind_is_told(void **state_)
{
	struct judge_config c = config_live();

	open_judge(&c);
	for (size_t k = 0; k < SENSOR_KINDS; k++)
		send_trouble(trouble((enum sensor_kind)k, 10));
	assert_told("in the order in which they came; what is only information is no alert",
		"sensor.loss sensor.rss-asymmetric sensor.arm-lost... sensor.too-little-traffic... sensor.child-restarted "
		"sensor.clock-unsynced... sensor.state-evicted sensor.outbox-trouble... sensor.alert-suppressed");
	assert_int_equal(judge_summary(judge)->alerts, SENSOR_KINDS - 1);
	assert_int_equal(judge_summary(judge)->worst_alert_severity, SEVERITY_HIGH);
	assert_int_equal(judge_summary(judge)->last_ns, 0); // the wall clock is not packet time
	close_judge();
}

static void an_alert_of_no_session(void **state_)
{
	struct judge_config c = config_live();

	open_judge(&c);
	send_trouble(trouble(SENSOR_LOSS, 10));
	assert_null(json_object_get(told.line[0], "flow_id"));
	assert_null(json_object_get(told.line[0], "src_ip"));
	assert_string_equal(json_string_value(own(0, "tap")), "tap");
	assert_string_equal(json_string_value(own(0, "detail")), "lost:5:of:1000");
	assert_string_equal(json_string_value(json_object_get(own(0, "window"), "from")), "2026-11-23T20:42:17.000000+0000");
	assert_string_equal(json_string_value(json_object_get(own(0, "window"), "to")), "2026-11-23T20:42:18.000000+0000");
	assert_int_equal(number_of(own(0, "loss"), "missed"), 5);
	assert_string_equal(json_string_value(json_array_get(own(0, "why"), 0)), "missed:5");
	send_trouble(trouble(SENSOR_CHILD_RESTARTED, 11));
	assert_string_equal(json_string_value(own(1, "detail")), "watch:signal:9:for_ms:1000");
	assert_true(json_is_null(own(1, "tap")));
	send_trouble(trouble(SENSOR_ARM_LOST, 12));
	assert_string_equal(metadata_of(2, "confidence"), "probable");
	struct message_sensor back = trouble(SENSOR_CHILD_RESTARTED, 13);
	strcpy(back.text, "judge");
	back.from_ns = back.to_ns + 3 * SECOND; // the clock was set back
	send_trouble(back);
	assert_string_equal(json_string_value(own(3, "detail")), "judge:signal:9:for_ms:3000");
	assert_true(json_is_null(json_object_get(own(2, "window"), "to")));
	close_judge();
}

static void repeats_are_counted_and_added_up(void **state_)
{
	struct judge_config c = config_live();

	open_judge(&c);
	for (uint64_t s = 1; s <= 4; s++)
		send_trouble(trouble(SENSOR_RSS_ASYMMETRIC, s));
	struct message_sensor other = trouble(SENSOR_RSS_ASYMMETRIC, 5);
	other.tap = 0;
	send_trouble(other);
	assert_told("of each tap the first", "sensor.rss-asymmetric sensor.rss-asymmetric");
	judge_heartbeat(judge, wall(300));
	assert_told("its window is open", "stats");
	judge_heartbeat(judge, wall(302));
	assert_string_equal(json_string_value(own(0, "detail")), "connections:900");
	assert_string_equal(json_string_value(json_object_get(own(0, "window"), "from")), "2026-11-23T20:42:09.000000+0000");
	assert_told("three more", "sensor.rss-asymmetric*3 stats");
	send_trouble(trouble(SENSOR_RSS_ASYMMETRIC, 400));
	assert_told("the next window counts", "");
	judge_finish(judge);
	assert_told("what is owed is paid at the end", "sensor.rss-asymmetric*1 stats");
	close_judge();
}

static void louder_breaks_through(void **state_)
{
	struct judge_config c = config_live();

	open_judge(&c);
	send_trouble(trouble(SENSOR_LOSS, 1));
	assert_string_equal(metadata_of(0, "severity"), "medium");
	send_trouble(trouble(SENSOR_LOSS, 2));
	struct message_sensor m = trouble(SENSOR_LOSS, 3);
	m.n[LOSS_MISSED] = 10; // of 1005
	send_trouble(m);
	assert_string_equal(metadata_of(1, "severity"), "high");
	assert_string_equal(json_string_value(own(1, "detail")), "lost:15:of:2005");
	send_trouble(m);
	assert_told("and only then", "sensor.loss sensor.loss*2");
	close_judge();
	open_judge(&c);
	send_trouble(trouble(SENSOR_LOSS, 1));
	m = trouble(SENSOR_LOSS, 2);
	m.n[LOSS_FACTS] = 1;
	m.from_ns = 0; // not known
	send_trouble(m);
	assert_string_equal(metadata_of(1, "severity"), "high");
	assert_string_equal(json_string_value(own(1, "detail")), "lost:5:of:1000:facts_lost:1");
	assert_string_equal(json_string_value(json_object_get(own(1, "window"), "from")), "2026-11-23T20:42:09.000000+0000");
	assert_told("facts may have been anything", "sensor.loss sensor.loss*1");
	close_judge();
}

static void what_lasts_ends(void **state_)
{
	struct judge_config c = config_live();
	struct message_sensor end = trouble(SENSOR_ARM_LOST, 100);

	open_judge(&c);
	send_trouble(trouble(SENSOR_ARM_LOST, 1));
	judge_heartbeat(judge, wall(1000));
	assert_string_equal(json_string_value(json_array_get(own(1, "findings"), 0)), "sensor.arm-lost");
	judge_heartbeat(judge, wall(1030));
	assert_int_equal(json_array_size(own(2, "findings")), 2); // as long as it goes on
	end.over = true;
	send_trouble(end);
	judge_heartbeat(judge, wall(1060));
	assert_int_equal(json_array_size(own(3, "findings")), 1);
	assert_told("the end is no alert", "sensor.arm-lost... stats stats stats");
	send_trouble(trouble(SENSOR_ARM_LOST, 2000));
	assert_told("another one is", "sensor.arm-lost...");
	close_judge();
}

static void the_operator_has_the_last_word(void **state_)
{
	static const char *const disabled[] = {"sensor.loss"};
	struct judge_config c = config_live();

	c.disabled = disabled;
	c.n_disabled = 1;
	c.severity[catalogue_find("sensor.config-changed") - catalogue] = SEVERITY_LOW;
	c.severity[catalogue_find("sensor.rss-asymmetric") - catalogue] = SEVERITY_INFO;
	open_judge(&c);
	send_trouble(trouble(SENSOR_LOSS, 1));
	send_trouble(trouble(SENSOR_RSS_ASYMMETRIC, 1));
	send_trouble(trouble(SENSOR_CONFIG_CHANGED, 1));
	judge_heartbeat(judge, wall(2));
	assert_int_equal(json_array_size(own(1, "findings")), 3);
	assert_int_equal(number_of(own(1, "loss"), "intervals"), 1); // a number is no finding
	assert_told("one is told", "sensor.config-changed stats");
	close_judge();
}

static void more_than_there_is_room_for(void **state_)
{
	struct judge_config c = config_live();

	open_judge(&c);
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < JUDGE_TROUBLES + 1; i++) {
			struct message_sensor m = trouble(SENSOR_RSS_ASYMMETRIC, i);
			snprintf(m.text, sizeof(m.text), "port %zu", i);
			send_trouble(m);
		}
	assert_in_range(told.n, JUDGE_TROUBLES + 1, 2 * (JUDGE_TROUBLES + 1));
	close_judge();
}

// ---- a message that makes no sense ----

static max_align_t room[(sizeof(struct message_protocols) + (PROTOCOLS_MAX + 2) * sizeof(struct protocol_count)) / sizeof(max_align_t)];

static struct message_protocols *protocols_of(uint32_t n)
{
	struct message_protocols *p = (void *)room;

	memset(room, 0, sizeof(room));
	p->head = (struct message){.type = MESSAGE_PROTOCOLS, .birth = UINT64_MAX};
	p->n = n;
	return p;
}

static void wild_messages(void **state_)
{
	struct judge_config c = config_live();
	struct message_sensor m;
	struct message_protocols *p = protocols_of(2);
	const size_t len = sizeof(*p) + 2 * sizeof(p->row[0]);

	open_judge(&c);
	m = trouble(SENSOR_LOSS, 1);
	assert_int_equal(judge_take(judge, &m.head, sizeof(m) - 1), -EBADMSG);
	m.kind = SENSOR_KINDS;
	assert_int_equal(judge_take(judge, &m.head, sizeof(m)), -EBADMSG);
	m = trouble(SENSOR_LOSS, 1);
	m.tap = FACTS_TAPS;
	assert_int_equal(judge_take(judge, &m.head, sizeof(m)), -EBADMSG);
	m = trouble(SENSOR_LOSS, 1);
	memset(m.text, 'x', sizeof(m.text));
	assert_int_equal(judge_take(judge, &m.head, sizeof(m)), -EBADMSG);
	m = trouble(SENSOR_LOSS, 1);
	memset(&m.over, 2, 1);
	assert_int_equal(judge_take(judge, &m.head, sizeof(m)), -EBADMSG);

	assert_int_equal(judge_take(judge, &p->head, len), 0);
	assert_int_equal(judge_take(judge, &p->head, len - 1), -EBADMSG);
	p->n = PROTOCOLS_MAX + 1;
	assert_int_equal(judge_take(judge, &p->head, sizeof(room)), -EBADMSG);
	p->n = 2;
	memset(p->row[1].name, 'x', PROTOCOL_NAME);
	assert_int_equal(judge_take(judge, &p->head, len), -EBADMSG);
	assert_told("nothing", "");
	close_judge();
}

// ---- sessions ----

static bool marked(size_t line)
{
	const json_t *loss = json_object_get(own(line, "capture"), "loss");

	assert_true(!loss || json_is_true(loss)); // it is there only where it is so
	return loss;
}

static void sessions_that_lost_packets_are_marked(void **state_)
{
	static const struct {
		const char *what;
		uint64_t from_s, to_s;
		uint8_t tap;
		bool want;
	} rows[] = {{"before", 0, 1, 0, false}, {"into it", 5, 9, 0, true}, {"within", 9, 10, 0, true}, {"over it", 0, 60, 0, true},
		{"from it on", 10, 60, 0, true}, {"right after it", 11, 60, 0, true}, {"after", 12, 60, 0, false}, {"at another tap", 9, 10, 1, false},
		{"while nobody looked, at any tap", 100, 101, 1, true}};
	struct judge_config c = config_live();
	struct facts f;

	open_judge(&c);
	send_trouble(trouble(SENSOR_LOSS, 10)); // 9 to 10, at tap 0
	send_trouble(trouble(SENSOR_CHILD_RESTARTED, 101));
	told_clear();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		upgraded(&f);
		f.birth = i + 1;
		f.conn.tap = rows[i].tap;
		f.conn.start_ns = wall(rows[i].from_s);
		f.conn.last_ns = wall(rows[i].to_s);
		send_whole(&f);
		if (marked(told.n - 2) != rows[i].want)
			fail_msg("%s", rows[i].what);
	}
	assert_int_equal(judge_summary(judge)->sessions_loss, 6);
	close_judge();
}

static void intervals_that_touch_are_one(void **state_)
{
	static struct loss l;
	struct message_sensor m;

	for (uint64_t s = 1; s <= 600; s++) { // ten minutes of overload
		m = trouble(SENSOR_LOSS, s);
		assert_true(loss_take(&l, &m));
	}
	assert_int_equal(l.intervals, 1);
	assert_int_equal(l.n[LOSS_MISSED], 3000);
	assert_int_equal(l.kept[0].to_ns - l.kept[0].from_ns, 600 * SECOND);
	for (uint64_t i = 0; i < LOSS_KEPT; i++) {
		m = trouble(SENSOR_LOSS, 1000 + 2 * i);
		m.from_ns += SECOND / 2;
		assert_true(loss_take(&l, &m));
	}
	assert_int_equal(l.intervals, LOSS_KEPT + 1);
	assert_false(loss_overlaps(&l, 0, wall(0), wall(600))); // the oldest is forgotten
	assert_true(loss_overlaps(&l, 0, wall(1000), wall(1000)));
	assert_false(loss_overlaps(&l, 1, wall(1000), wall(1000)));
	assert_false(loss_overlaps(&l, 0, wall(998), wall(999)));
	assert_false(loss_overlaps(&l, 0, wall(1000 + 2 * LOSS_KEPT), wall(9999)));
	m = trouble(SENSOR_ARM_LOST, 1);
	assert_false(loss_take(&l, &m));
	m = trouble(SENSOR_CHILD_RESTARTED, 1);
	strcpy(m.text, "scout");
	assert_false(loss_take(&l, &m));
}

// ---- the heartbeat ----

static void send_counters(uint64_t evicted, uint64_t time_ns)
{
	struct message_counters m = {.head = {.seq = ++seq, .birth = UINT64_MAX, .time_ns = time_ns, .type = MESSAGE_COUNTERS}};

	m.counter[COUNT_packets] = 100;
	m.counter[COUNT_flow_closed_evicted] = evicted;
	assert_int_equal(judge_take(judge, &m.head, sizeof(m)), 0);
}

static void send_protocols(uint16_t from, const char *name, uint64_t packets)
{
	struct message_protocols *p = protocols_of(1);

	p->head.worker = from;
	snprintf(p->row[0].name, PROTOCOL_NAME, "%s", name);
	p->row[0].packets = packets;
	assert_int_equal(judge_take(judge, &p->head, sizeof(*p) + sizeof(p->row[0])), 0);
}

static void a_heartbeat(void **state_)
{
	struct judge_config c = config_live();

	open_judge(&c);
	state.rx = 1000;
	state.dissected = 900;
	state.lanes_full = 60;
	state.port[0].missed = 7;
	state.port[0].errors = state.port[0].no_mbuf = state.port[1].missed = state.port[1].errors = state.port[1].no_mbuf = 0;
	state.port[0].rx_packets = 400;
	state.port[1].rx_packets = 600;
	send_counters(0, wall(3));
	assert_told("counters alone tell nothing", "");
	judge_heartbeat(judge, wall(30));
	const json_t *stats = json_object_get(told.line[0], "stats");
	assert_int_equal(number_of(stats, "uptime"), 30);
	assert_int_equal(number_of(json_object_get(stats, "capture"), "kernel_packets"), 1007);
	assert_int_equal(number_of(json_object_get(stats, "capture"), "kernel_drops"), 67);
	assert_int_equal(number_of(own(0, "ledger"), "rx"), 1000);
	assert_int_equal(number_of(own(0, "ledger"), "in_flight"), 40);
	assert_string_equal(json_string_value(own(0, "counters_at")), "2026-11-23T20:42:11.000000+0000");
	assert_int_equal(json_array_size(own(0, "ports")), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(own(0, "ports"), 1), "time_source")), "hardware");
	assert_int_equal(number_of(json_array_get(own(0, "ports"), 0), "tx_packets"), 0);
	assert_int_equal(json_array_size(own(0, "workers")), 2);
	assert_int_equal(json_array_size(own(0, "children")), 5);
	assert_int_equal(number_of(own(0, "config"), "generation"), 2);
	assert_true(json_is_false(own(0, "last")));
	assert_string_equal(json_string_value(json_array_get(own(0, "findings"), 0)), "sensor.heartbeat");
	assert_string_equal(json_string_value(json_object_get(own(0, "outbox"), "state")), "good");
	assert_int_equal(number_of(json_object_get(own(0, "outbox"), "durable"), "alerts"), 5000);
	assert_int_equal(json_array_size(own(0, "sinks")), 2);
	const json_t *sink = json_array_get(own(0, "sinks"), 1);
	assert_string_equal(json_string_value(json_object_get(sink, "name")), "siem");
	assert_int_equal(number_of(json_object_get(sink, "sent"), "sessions"), 4000);
	assert_int_equal(number_of(json_object_get(sink, "waiting"), "alerts"), 10);
	assert_true(json_is_false(json_object_get(sink, "failing")));
	judge_finish(judge);
	assert_true(json_is_true(own(1, "last")));
	judge_heartbeat(judge, wall(60));
	assert_told("one each, and none after the last", "stats stats");
	close_judge();
}

static void what_was_given_up_is_told(void **state_)
{
	struct judge_config c = config_live();

	open_judge(&c);
	send_counters(0, wall(3));
	judge_heartbeat(judge, wall(30));
	assert_told("nothing was", "stats");
	send_counters(12, wall(33));
	judge_heartbeat(judge, wall(60));
	assert_string_equal(json_string_value(own(0, "detail")), "flows:12:sessions:0:pieces:0:octets:0");
	assert_string_equal(json_string_value(json_object_get(own(0, "window"), "from")), "2026-11-23T20:42:38.000000+0000");
	assert_string_equal(json_string_value(json_array_get(own(1, "findings"), 0)), "sensor.state-evicted");
	assert_told("before the heartbeat that says so", "sensor.state-evicted stats");
	judge_heartbeat(judge, wall(90));
	assert_told("it is over", "stats");
	send_counters(13, wall(93));
	judge_wall(judge, wall(95));
	judge_finish(judge);
	assert_string_equal(json_string_value(json_object_get(told.line[1], "timestamp")), "2026-11-23T20:43:43.000000+0000");
	assert_told("the rest", "sensor.state-evicted*1 stats");
	close_judge();
}

static void protocols_are_summed(void **state_)
{
	struct judge_config c = config_live();
	char name[PROTOCOL_NAME];

	open_judge(&c);
	send_protocols(0, "TLS", 10);
	send_protocols(0, "DNS", 9); // a worker's newest is all that counts of it
	send_protocols(1, "TLS", 20);
	judge_forget_worker(judge, 1);
	send_protocols(1, "TLS", 5);
	judge_heartbeat(judge, wall(30));
	const json_t *p = own(0, "protocols");
	assert_int_equal(json_array_size(p), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(p, 0), "name")), "TLS");
	assert_int_equal(number_of(json_array_get(p, 0), "packets"), 25);
	assert_int_equal(number_of(json_array_get(p, 1), "packets"), 9);
	told_clear();
	for (uint64_t i = 0; i < 300; i++) { // of workers that come and go; more names than are kept
		snprintf(name, sizeof(name), "protocol %d", (int)i);
		send_protocols(2, name, 100 + i);
		judge_forget_worker(judge, 2);
	}
	judge_heartbeat(judge, wall(60));
	p = own(0, "protocols");
	uint64_t sum = 0;
	for (size_t i = 0; i < json_array_size(p); i++)
		sum += (uint64_t)number_of(json_array_get(p, i), "packets");
	assert_in_range(json_array_size(p), 2, 21);
	assert_int_equal(sum, 25 + 9 + 300 * 100 + 299 * 300 / 2);
	close_judge();
}

// A state that another process wrote as it liked.
static void a_wild_state(void **state_)
{
	struct judge_config c = config_live();

	open_judge(&c);
	memset(&state, 0xff, sizeof(state));
	judge_heartbeat(judge, wall(30));
	assert_true(json_is_true(own(0, "truncated")));
	assert_told("still a record", "stats");
	close_judge();
}

// A file has no sensor: nothing of this is asked or told.
static void a_replay_has_no_heartbeat(void **state_)
{
	struct judge_config c = config_default();

	open_judge(&c);
	judge_heartbeat(judge, wall(30));
	send_counters(5, wall(3));
	judge_finish(judge);
	assert_null(json_object_get(json_object_get(told.line[0], "smtp_tls"), "ports"));
	assert_told("stats as ever", "stats stats");
	close_judge();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_is_told),
		cmocka_unit_test(an_alert_of_no_session),
		cmocka_unit_test(repeats_are_counted_and_added_up),
		cmocka_unit_test(louder_breaks_through),
		cmocka_unit_test(what_lasts_ends),
		cmocka_unit_test(the_operator_has_the_last_word),
		cmocka_unit_test(more_than_there_is_room_for),
		cmocka_unit_test(wild_messages),
		cmocka_unit_test(sessions_that_lost_packets_are_marked),
		cmocka_unit_test(intervals_that_touch_are_one),
		cmocka_unit_test(a_heartbeat),
		cmocka_unit_test(what_was_given_up_is_told),
		cmocka_unit_test(protocols_are_summed),
		cmocka_unit_test(a_wild_state),
		cmocka_unit_test(a_replay_has_no_heartbeat),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

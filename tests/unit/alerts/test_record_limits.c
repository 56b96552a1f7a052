// Records under attack: any octets in any text, and everything as long as it can be, still give one valid line of
// bounded length.
#include "alerts/dns/race.h"
#include "tests/unit/alerts/record_fixture.h"
#include "tests/unit/alerts/sensor_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

typedef size_t (*writer)(char *out, struct fixture *x);

static size_t write_smtp(char *out, struct fixture *x)
{
	return record_smtp(out, &x->config, &x->session);
}

static size_t write_tls(char *out, struct fixture *x)
{
	return record_tls(out, &x->config, &x->session);
}

static size_t write_alert(char *out, struct fixture *x)
{
	return record_alert_write(out, &x->config, &x->alert);
}

static size_t write_anomaly(char *out, struct fixture *x)
{
	return record_session_anomaly(out, &x->config, &x->session, "applayer", "reply_malformed");
}

static size_t write_stats(char *out, struct fixture *x)
{
	static struct message_counters m;
	static uint64_t states[STATE_N], verdicts[VERDICT_N];

	fixture_largest(m.counter, DISSECT_COUNTERS);
	fixture_largest(states, STATE_N);
	fixture_largest(verdicts, VERDICT_N);
	m.memory_octets = INT64_MAX;
	return record_stats(out, &x->config, &m, states, verdicts, INT64_MAX);
}

static size_t write_live(char *out, struct fixture *x)
{
	static struct message_counters m;
	static uint64_t states[STATE_N], verdicts[VERDICT_N];
	struct record_live live;

	fixture_largest(m.counter, DISSECT_COUNTERS);
	fixture_largest(states, STATE_N);
	fixture_largest(verdicts, VERDICT_N);
	fixture_live(&live, true);
	return record_stats_live(out, &x->config, &m, states, verdicts, INT64_MAX, &live);
}

static size_t write_sensor(char *out, struct fixture *x)
{
	struct message_sensor what = trouble(SENSOR_LOSS, 1);
	struct finding root = x->root;
	const struct record_sensor a = {.what = &what, .root = &root, .tap = x->session.tap, .repeat = x->alert.repeat,
		.id = "01M852A245Y8QG6HZA0XRCRRXD"};

	put_octets(what.text, sizeof(what.text), true, "");
	numbers(what.n, LOSS_NUMBERS, true, 0);
	return record_sensor(out, &x->config, &a);
}

static size_t write_suppressed(char *out, struct fixture *x)
{
	const struct message_sensor what = trouble(SENSOR_SUPPRESSED, 1);
	static struct storm_counts counts;
	const struct record_sensor a = {.what = &what, .root = &x->root, .suppressed = &counts, .repeat = x->alert.repeat,
		.id = "01M852A245Y8QG6HZA0XRCRRXD"};

	fixture_suppressed(&counts, true);
	return record_sensor(out, &x->config, &a);
}

static size_t write_decode(char *out, struct fixture *x)
{
	return record_anomaly(out, &x->config, &(struct message_anomaly){.counter = COUNT_decode_vlan_limit, .frame = UINT32_MAX});
}

static size_t write_double(char *out, struct fixture *x)
{
	static struct race_double d = {.ip_v = 6, .qtype = DNS_TLSA, .frame = {UINT32_MAX, UINT32_MAX}};

	put_octets(d.qname, sizeof(d.qname), true, "");
	put_octets(d.said[0], sizeof(d.said[0]), true, "");
	put_octets(d.said[1], sizeof(d.said[1]), true, "");
	return record_dns_double(out, &x->config, &d);
}

static size_t write_outside(char *out, struct fixture *x)
{
	x->facts.conn.outside_mail = true;
	size_t len = record_tls(out, &x->config, &x->session);
	x->facts.conn.outside_mail = false;
	return len;
}

static const writer writers[] = {write_smtp, write_tls, write_alert, write_anomaly, write_stats, write_live, write_sensor, write_suppressed,
	write_decode, write_double, write_outside};
enum { WRITERS = sizeof(writers) / sizeof(writers[0]) };

// The buffer is followed by a page nobody may touch.
static char *guarded;

static int setup(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), len = (RECORD_LEN_MAX + page - 1) / page * page;
	char *memory = mmap(NULL, len + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	if (memory == MAP_FAILED || mprotect(memory + len, page, PROT_NONE))
		return -1;
	guarded = memory + len - RECORD_LEN_MAX;
	return 0;
}

// What delivery relies on: smtp_tls stands last and is not empty, so a stamp goes before the last two octets.
static void check_end(json_t *root, const char *line, size_t len)
{
	const char *last = NULL, *key;
	json_t *value;

	json_object_foreach(root, key, value)
		last = key;
	assert_non_null(last);
	assert_string_equal(last, "smtp_tls");
	assert_true(json_object_size(json_object_get(root, last)) > 0);
	assert_memory_equal(line + len - 2, "}}", 2);
}

// A valid, printable line; whether it says that it was cut.
static bool check(writer write, struct fixture *x)
{
	size_t len = write(guarded, x);

	assert_in_range(len, 1, RECORD_LEN_MAX);
	for (size_t i = 0; i < len; i++)
		assert_in_range(guarded[i], 0x20, 0x7e);
	json_error_t error;
	json_t *root = json_loadb(guarded, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!root)
		print_error("%s\n%.*s\n", error.text, (int)len, guarded);
	assert_non_null(root);
	check_end(root, guarded, len);
	bool truncated = json_is_true(json_object_get(json_object_get(root, "smtp_tls"), "truncated"));
	json_decref(root);
	return truncated;
}

static uint8_t random_octet(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return (uint8_t)(*seed >> 24);
}

static void each_octet_everywhere(void **state)
{
	static struct fixture x;

	(void)state;
	for (uint32_t octet = 0; octet < 256; octet++) {
		fixture_fill(&x, fixture_same, &octet);
		for (int full = 0; full < 2; full++) {
			x.config.envelope = full ? ENVELOPE_FULL : ENVELOPE_DOMAINS;
			x.facts.conn.role = full ? ROLE_RELAY : ROLE_SUBMISSION;
			for (size_t i = 0; i < WRITERS; i++)
				check(writers[i], &x);
		}
	}
}

static void random_octets(void **state)
{
	static struct fixture x;

	(void)state;
	for (uint32_t i = 0; i < 500; i++) {
		uint32_t seed = i;
		fixture_fill(&x, random_octet, &seed);
		x.facts.conn.role = seed & 1 ? ROLE_RELAY : ROLE_SUBMISSION;
		for (size_t k = 0; k < WRITERS; k++)
			check(writers[k], &x);
	}
}

static void everything_at_once(void **state)
{
	static struct fixture x;

	(void)state;
	fixture_fill_everything(&x);
	assert_true(check(write_smtp, &x));
	assert_true(check(write_alert, &x));
	check(write_tls, &x);
	check(write_anomaly, &x);
	check(write_stats, &x);
}

// Of a connection's own copies nothing is cut (names from the configuration being sane, and those of a certificate not being
// full of control characters).
static void copies_are_never_cut(void **state)
{
	static struct fixture x;

	(void)state;
	fixture_fill_everything(&x);
	x.session.peer = NULL;
	x.config.host = "sensor-with-a-long-name.example";
	x.config.in_iface = "enp129s0f0np0";
	// The longest SNI there can be, of the worst octets.
	x.facts.text_used = 0;
	x.facts.tls.sni = (struct text){0};
	uint8_t name[255];
	memset(name, 0x02, sizeof(name));
	facts_set_text(&x.facts, &x.facts.tls.sni, name, sizeof(name), sizeof(name));
	size_t len = write_tls(guarded, &x);
	json_t *root = json_loadb(guarded, len, 0, NULL);
	assert_int_equal(json_string_length(json_object_get(json_object_get(root, "tls"), "sni")), sizeof(name));
	json_decref(root);
}

static void ordinary_lines_are_short(void **state)
{
	static struct fixture x;

	(void)state;
	fixture_clear(&x);
	assert_false(check(write_alert, &x));
	assert_true(write_alert(guarded, &x) < 2048);
	assert_true(write_smtp(guarded, &x) < 2048);
	fixture_tls(&x);
	assert_true(write_smtp(guarded, &x) < 2048);
	assert_true(write_tls(guarded, &x) < 1024);
	// A third of all counters have something to say.
	struct message_counters m = {.memory_octets = 64 << 20};
	uint64_t states[STATE_N], verdicts[VERDICT_N];
	for (size_t i = 0; i < DISSECT_COUNTERS; i += 3)
		m.counter[i] = 12345678;
	for (size_t i = 0; i < STATE_N; i++)
		states[i] = 123456;
	for (size_t i = 0; i < VERDICT_N; i++)
		verdicts[i] = 123456;
	assert_true(record_stats(guarded, &x.config, &m, states, verdicts, 1234567) < 2600);
	// A heartbeat with two ports and two workers.
	struct record_live live;
	fixture_live(&live, false);
	assert_true(record_stats_live(guarded, &x.config, &m, states, verdicts, 1234567, &live) < 5000);
}

// Cutting keeps the first entries and says so; the members themselves stay.
static void cut_lists_keep_their_members(void **state)
{
	static struct fixture x;

	(void)state;
	fixture_fill_everything(&x);
	size_t len = write_alert(guarded, &x);
	json_t *root = json_loadb(guarded, len, 0, NULL), *own = json_object_get(root, "smtp_tls");
	static const char *const lists[] = {"findings", "why", "related"};
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		assert_in_range(json_array_size(json_object_get(own, lists[i])), 1, 8);
	assert_string_equal(json_string_value(json_object_get(own, "verdict")), "clear_against_policy");
	assert_int_equal(json_integer_value(json_object_get(json_object_get(own, "repeat"), "count")), UINT32_MAX);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_octet_everywhere),    cmocka_unit_test(random_octets),
		cmocka_unit_test(everything_at_once),       cmocka_unit_test(copies_are_never_cut),
		cmocka_unit_test(ordinary_lines_are_short), cmocka_unit_test(cut_lists_keep_their_members),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}

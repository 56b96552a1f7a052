// Ids and the Community ID. Wanted values were computed by other code (Python's hashlib) from the words in the headers.
#include "tests/unit/alerts/record_fixture.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
	const char *src;
	uint16_t src_port;
	const char *dst;
	uint16_t dst_port;
	const char *want;
} communities[] = {
	{"1.2.3.4", 1122, "5.6.7.8", 3344, "1:wCb3OG7yAFWelaUydu0D+125CLM="},
	{"198.51.100.20", 43122, "203.0.113.25", 25, "1:abc1w58R0K9jZ4tVLXHSU4rqjZc="},
	{"10.0.0.1", 25, "10.0.0.1", 25, "1:vP44hrZNMg6Bbc4WNK72Gq1YweE="},
	{"255.255.255.255", 65535, "0.0.0.0", 0, "1:LdN0oTsWjz5qVMMtMj5zPyV/TiU="},
	{"2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, "2607:f8b0:400c:c03::1a", 25, "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
	{"2001:db8::25", 40000, "2001:db8::25", 25, "1:C81tnyARhhwzj0qSYoHBA+E1uw4="},
	{"2001:db8::26", 40000, "2001:db8::25", 25, "1:sW/H71QyXkU0vbQkYAr+ArP1tW0="},
	{"::1", 1, "::", 2, "1:ofUyb1CmMlHD0lyA0APDrSeAmWM="},
};

static void community_ids(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(communities) / sizeof(communities[0]); i++) {
		struct conn_facts c = {.src_port = communities[i].src_port, .dst_port = communities[i].dst_port};
		int family = strchr(communities[i].src, ':') ? AF_INET6 : AF_INET;
		c.ip_v = family == AF_INET6 ? 6 : 4;
		assert_int_equal(inet_pton(family, communities[i].src, c.src), 1);
		assert_int_equal(inet_pton(family, communities[i].dst, c.dst), 1);
		char out[32];
		record_community_id(out, &c);
		assert_string_equal(out, communities[i].want);
		// The other direction is the same conversation.
		struct conn_facts back = {.src_port = c.dst_port, .dst_port = c.src_port, .ip_v = c.ip_v};
		memcpy(back.src, c.dst, sizeof(back.src));
		memcpy(back.dst, c.src, sizeof(back.dst));
		record_community_id(out, &back);
		assert_string_equal(out, communities[i].want);
	}
}

static void known_ids(void **state)
{
	struct fixture x;

	(void)state;
	fixture_clear(&x);
	assert_string_equal(x.session.id, "01M852A245Y8QG6HZA0XRCRRXD");
	assert_string_equal(x.alert.id, "01M852A2B3M7XSDPFDPDTT00QK");
	assert_true(x.session.flow_id == 1136613284425449);
}

static void touch_src(struct facts *f) { f->conn.src[3]++; }
static void touch_dst(struct facts *f) { f->conn.dst[15]++; }
static void touch_src_port(struct facts *f) { f->conn.src_port++; }
static void touch_dst_port(struct facts *f) { f->conn.dst_port++; }
static void touch_version(struct facts *f) { f->conn.ip_v = 6; }
static void touch_isn(struct facts *f) { f->conn.isn[DIR_C2S]++; }
static void touch_isn_back(struct facts *f) { f->conn.isn[DIR_S2C]++; }
static void touch_syn(struct facts *f) { f->conn.syn[DIR_S2C] = false; }
static void touch_start(struct facts *f) { f->conn.start_ns++; }
static void touch_birth(struct facts *f) { f->birth++; }
static void touch_frame(struct facts *f) { f->conn.last_frame++; }
static void touch_octets(struct facts *f) { f->conn.octets[DIR_C2S]++; }

static const struct {
	const char *name;
	void (*touch)(struct facts *f);
	bool other; // the id is another one
} touches[] = {
	{"client address", touch_src, true},
	{"server address", touch_dst, true},
	{"client port", touch_src_port, true},
	{"server port", touch_dst_port, true},
	{"IP version", touch_version, true},
	{"client ISN", touch_isn, true},
	{"server ISN", touch_isn_back, true},
	{"SYN/ACK not seen", touch_syn, true},
	{"start", touch_start, true},
	{"place in the input", touch_birth, false},
	{"number of the packet", touch_frame, false},
	{"what was counted", touch_octets, false},
};

static void ids_depend_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(touches) / sizeof(touches[0]); i++) {
		struct fixture x;
		char id[RECORD_ID_LEN + 1];
		fixture_clear(&x);
		touches[i].touch(&x.facts);
		record_session_id(id, &x.facts, x.session.tap);
		assert_int_equal(strcmp(id, x.session.id) != 0, touches[i].other);
		record_alert_id(id, &x.facts, x.session.tap, x.alert.time_ns, fixture_row.signature_id, 0);
		assert_int_equal(strcmp(id, x.alert.id) != 0, touches[i].other);
		assert_int_equal(record_flow_id(&x.facts, x.session.tap) != x.session.flow_id, touches[i].other);
	}
}

static void alert_ids_tell_findings_apart(void **state)
{
	struct fixture x;
	char id[4][RECORD_ID_LEN + 1];

	(void)state;
	fixture_clear(&x);
	record_alert_id(id[0], &x.facts, "tap", 5, 3207001, 0);
	record_alert_id(id[1], &x.facts, "tap", 5, 3207002, 0);
	record_alert_id(id[2], &x.facts, "tap", 5, 3207001, 1);
	record_alert_id(id[3], &x.facts, "other", 5, 3207001, 0);
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(id[i], id[k]);
}

// Alphabet, length, order of time; the largest time is still 26 digits.
static void ids_sort_by_time(void **state)
{
	static const uint64_t time_ns[] = {0, 1000000, 31999999, 32000000, 1795466529123456789, UINT64_MAX};
	char last[RECORD_ID_LEN + 1] = "";
	struct fixture x;

	(void)state;
	fixture_clear(&x);
	for (size_t i = 0; i < sizeof(time_ns) / sizeof(time_ns[0]); i++) {
		char id[RECORD_ID_LEN + 1];
		record_alert_id(id, &x.facts, "tap", time_ns[i], 3207001, 0);
		assert_int_equal(strlen(id), RECORD_ID_LEN);
		assert_int_equal(strspn(id, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), RECORD_ID_LEN);
		assert_true(strncmp(last, id, 10) < 0);
		memcpy(last, id, sizeof(last));
	}
}

static void flow_ids_fit_javascript(void **state)
{
	struct fixture x;

	(void)state;
	fixture_clear(&x);
	for (unsigned i = 0; i < 10000; i++) {
		x.facts.conn.isn[DIR_C2S] = i;
		uint64_t id = record_flow_id(&x.facts, "tap");
		assert_true(id > 0 && id < (uint64_t)1 << 51);
	}
}

// A tap's name of any length neither overruns nor hides what stands before it.
static void long_tap_names(void **state)
{
	char tap[1001], id[2][RECORD_ID_LEN + 1];
	struct fixture x;

	(void)state;
	fixture_clear(&x);
	memset(tap, 't', sizeof(tap) - 1);
	tap[sizeof(tap) - 1] = '\0';
	record_alert_id(id[0], &x.facts, tap, 5, 3207001, 0);
	record_alert_id(id[1], &x.facts, tap, 5, 3207001, 1);
	assert_string_not_equal(id[0], id[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(community_ids),    cmocka_unit_test(known_ids),
		cmocka_unit_test(ids_depend_on),    cmocka_unit_test(alert_ids_tell_findings_apart),
		cmocka_unit_test(ids_sort_by_time), cmocka_unit_test(flow_ids_fit_javascript),
		cmocka_unit_test(long_tap_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

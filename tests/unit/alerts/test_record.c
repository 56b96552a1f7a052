// What stands in a record: one row a member. Read back with jansson, so names, places and types are all checked.
#include "alerts/record_parts.h"
#include "tests/unit/alerts/record_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

enum kind { SMTP, TLS, ALERT, STREAM, APPLAYER, STATS, DECODE };

static size_t write_kind(enum kind kind, struct fixture *x, char *out)
{
	static struct message_counters counters = {.flows_now = 7, .sessions_now = 3, .memory_octets = 4096, .last = true};
	static const uint64_t states[STATE_N] = {[STATE_STARTTLS_OK] = 5}, verdicts[VERDICT_N] = {[VERDICT_CLEAR] = 2};

	counters.head.time_ns = x->facts.conn.last_ns;
	counters.counter[COUNT_packets] = 100;
	counters.counter[COUNT_tcp_gap] = 9;
	switch (kind) {
	case SMTP:
		return record_smtp(out, &x->config, &x->session);
	case TLS:
		return record_tls(out, &x->config, &x->session);
	case ALERT:
		return record_alert_write(out, &x->config, &x->alert);
	case STREAM:
		return record_session_anomaly(out, &x->config, &x->session, "stream", "tcp_gap");
	case APPLAYER:
		return record_session_anomaly(out, &x->config, &x->session, "applayer", "reply_malformed");
	case STATS:
		return record_stats(out, &x->config, &counters, states, verdicts, 4);
	default:
		return record_anomaly(out, &x->config, &(struct message_anomaly){.counter = COUNT_decode_vlan_limit, .frame = 3});
	}
}

static void v6(struct fixture *x)
{
	fixture_clear(x);
	x->facts.conn.ip_v = 6;
	memcpy(x->facts.conn.src, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x25", 16);
	x->facts.conn.n_vlan = 2;
	x->facts.conn.vlan[0] = 100;
	x->facts.conn.vlan[1] = 4094;
	x->config.in_iface = "tap0";
	x->config.file_name = NULL;
}

static void full_envelope(struct fixture *x)
{
	fixture_clear(x);
	x->config.envelope = ENVELOPE_FULL;
}

static void null_sender(struct fixture *x)
{
	fixture_clear(x);
	x->facts.smtp.from_domain.len = 0;
	x->facts.smtp.null_sender = true;
}

static void submission(struct fixture *x)
{
	fixture_clear(x);
	x->facts.conn.role = ROLE_SUBMISSION;
	x->facts.smtp.n_auth = 1;
	x->facts.smtp.auth_mech = MECH_PLAIN;
	x->facts.smtp.auth_accepted = true;
}

static void submission_literal(struct fixture *x)
{
	submission(x);
	fixture_text(&x->facts, &x->facts.smtp.helo, "[192.0.2.7]");
	x->facts.smtp.auth_mech = MECH_SCRAM;
	fixture_text(&x->facts, &x->facts.smtp.auth_name, "SCRAM-SHA-256");
}

static void submission_bare(struct fixture *x)
{
	submission(x);
	fixture_text(&x->facts, &x->facts.smtp.helo, "janslaptop");
}

static void rejected_454(struct fixture *x)
{
	fixture_clear(x);
	x->facts.smtp.n_starttls = 1;
	x->facts.smtp.starttls_code = 454;
	x->facts.smtp.n_mail = 0; // the command itself was lost
	x->session.final = false;
	x->facts.conn.end = END_OPEN;
	x->root.severity = SEVERITY_CRITICAL;
	x->alert.related[0] = &fixture_row;
	x->alert.n_related = 1;
	x->alert.repeat.count = 3;
	strcpy(x->alert.repeat.first_id, "01M852A245Y8QG6HZA0XRCRRXD");
}

static void nameless_hello(struct fixture *x)
{
	fixture_clear(x);
	x->facts.tls.client_hello = true;
}

static void midstream(struct fixture *x)
{
	fixture_clear(x);
	x->facts.smtp = (struct smtp_facts){0};
	x->facts.tls.records[DIR_C2S] = true;
	x->facts.conn.midstream = true;
	x->facts.conn.payload[DIR_S2C] = false;
	x->facts.conn.end = END_EOF;
	x->facts.conn.gaps[DIR_C2S] = 2;
	x->facts.conn.missed[DIR_C2S] = 1448;
	x->facts.conn.missed[DIR_S2C] = 5000000000;
}

static void fell_silent(struct fixture *x)
{
	fixture_clear(x);
	x->facts.conn.end = END_IDLE;
}

static void said_all(struct fixture *x)
{
	fixture_clear(x);
	x->facts.conn.end = END_EOF;
	x->facts.conn.fin[DIR_C2S] = true;
}

static void expected(struct fixture *x)
{
	fixture_clear(x);
	x->session.expect = (struct expectation){.level = EXPECT_DANE, .enforced = true, .domain = "b.example", .mx = "mx1.b.example",
	                                         .source = "rcpt-mx"};
}

static void failed_tls(struct fixture *x)
{
	fixture_tls(x);
	x->facts.tls.completed = false;
	x->facts.tls.suite = 0x0f0f;
	x->facts.tls.group = 0;
	x->facts.tls.resumed = true;
	x->facts.tls.alert_clear = true;
	x->facts.tls.alert_level = 2;
	x->facts.tls.alert_code = 40;
	x->facts.tls.alert_dir = DIR_S2C;
}

static void implicit(struct fixture *x)
{
	fixture_tls(x);
	x->facts.smtp = (struct smtp_facts){0};
	x->facts.tls.implicit = true;
	x->facts.tls.server_version = 0x0301;
	fixture_text(&x->facts, &x->facts.tls.alpn, "smtp");
}

// `want`: the member as compact JSON; NULL: it is not there.
static const struct {
	const char *name;
	void (*setup)(struct fixture *x);
	enum kind kind;
	const char *path, *want;
} rows[] = {
	{"time of the last packet", fixture_clear, SMTP, "timestamp", "\"2026-11-23T20:42:09.123456+0000\""},
	{"event type", fixture_clear, SMTP, "event_type", "\"smtp\""},
	{"host", fixture_clear, SMTP, "host", "\"sensor-1\""},
	{"no interface in a replay", fixture_clear, SMTP, "in_iface", NULL},
	{"base name of the file", fixture_clear, SMTP, "pcap_filename", "\"mail.pcap\""},
	{"last packet", fixture_clear, SMTP, "pcap_cnt", "25"},
	{"flow id", fixture_clear, SMTP, "flow_id", "1136613284425449"},
	{"client", fixture_clear, SMTP, "src_ip", "\"198.51.100.20\""},
	{"client port", fixture_clear, SMTP, "src_port", "43122"},
	{"server", fixture_clear, SMTP, "dest_ip", "\"203.0.113.25\""},
	{"server port", fixture_clear, SMTP, "dest_port", "25"},
	{"protocol", fixture_clear, SMTP, "proto", "\"TCP\""},
	{"IP version", fixture_clear, SMTP, "ip_v", "4"},
	{"no tag, no member", fixture_clear, SMTP, "vlan", NULL},
	{"Community ID", fixture_clear, SMTP, "community_id", "\"1:abc1w58R0K9jZ4tVLXHSU4rqjZc=\""},
	{"clear mail is smtp", fixture_clear, SMTP, "app_proto", "\"smtp\""},
	{"... and was never anything else", fixture_clear, SMTP, "app_proto_orig", NULL},
	{"flow", fixture_clear, SMTP, "flow",
	 "{\"pkts_toserver\":14,\"pkts_toclient\":11,\"bytes_toserver\":2210,\"bytes_toclient\":1475,"
	 "\"start\":\"2026-11-23T20:42:08.901220+0000\"}"},
	{"no TLS, no object", fixture_clear, SMTP, "tls", NULL},

	{"IPv6", v6, SMTP, "src_ip", "\"2001:db8::25\""},
	{"IPv6 version", v6, SMTP, "ip_v", "6"},
	{"both tags, outer first", v6, SMTP, "vlan", "[100,4094]"},
	{"interface", v6, SMTP, "in_iface", "\"tap0\""},
	{"no file, no packet number", v6, SMTP, "pcap_cnt", NULL},

	{"domains only", fixture_clear, SMTP, "smtp",
	 "{\"helo\":\"mx-out.sender.example\",\"mail_from\":\"@sender.example\",\"rcpt_to\":[\"@receiver.example\"]}"},
	{"whole envelope", full_envelope, SMTP, "smtp",
	 "{\"helo\":\"mx-out.sender.example\",\"mail_from\":\"<alice@sender.example>\",\"rcpt_to\":[\"<bob@receiver.example>\"]}"},
	{"null sender", null_sender, SMTP, "smtp.mail_from", "\"<>\""},
	{"submission client masked", submission, SMTP, "smtp.helo", "\"*.sender.example\""},
	{"address literal masked", submission_literal, SMTP, "smtp.helo", "\"[*]\""},
	{"name without domain masked", submission_bare, SMTP, "smtp.helo", "\"*\""},
	{"no SMTP seen", midstream, SMTP, "smtp", NULL},

	{"version", fixture_clear, SMTP, "smtp_tls.v", "1"},
	{"session", fixture_clear, SMTP, "smtp_tls.session", "\"01M852A245Y8QG6HZA0XRCRRXD\""},
	{"the record's own id", fixture_clear, SMTP, "smtp_tls.id", "\"01M852A245Y8QG6HZA0XRCRRXD\""},
	{"an alert's own id", fixture_clear, ALERT, "smtp_tls.id", "\"01M852A2B3M7XSDPFDPDTT00QK\""},
	{"end", fixture_clear, SMTP, "smtp_tls.end", "\"fin\""},
	{"not yet ended", rejected_454, ALERT, "smtp_tls.end", "null"},
	{"not final", rejected_454, ALERT, "smtp_tls.final", "false"},
	{"tap", fixture_clear, SMTP, "smtp_tls.tap", "\"mx-uplink\""},
	{"state", fixture_clear, SMTP, "smtp_tls.state", "\"plain_not_offered\""},
	{"verdict", fixture_clear, SMTP, "smtp_tls.verdict", "\"clear\""},
	{"identity", fixture_tls, SMTP, "smtp_tls.identity", "\"not_observable\""},
	{"dane", fixture_clear, SMTP, "smtp_tls.dane", "\"unknown\""},
	{"certificate", fixture_tls, SMTP, "smtp_tls.peer_cert", "\"encrypted\""},
	{"role", submission, SMTP, "smtp_tls.role", "\"submission\""},
	{"direction", fixture_clear, SMTP, "smtp_tls.direction", "\"outbound\""},
	{"not offered", fixture_clear, SMTP, "smtp_tls.starttls",
	 "{\"offered\":\"no\",\"requested\":false,\"reply\":null,\"established\":false}"},
	{"established", fixture_tls, SMTP, "smtp_tls.starttls",
	 "{\"offered\":\"yes\",\"requested\":true,\"reply\":220,\"established\":true}"},
	{"rejected", rejected_454, SMTP, "smtp_tls.starttls",
	 "{\"offered\":\"no\",\"requested\":true,\"reply\":454,\"established\":false}"},
	{"request not observable", midstream, SMTP, "smtp_tls.starttls.requested", "null"},
	{"implicit TLS asks for nothing", implicit, SMTP, "smtp_tls.starttls",
	 "{\"offered\":\"not_asked\",\"requested\":false,\"reply\":null,\"established\":false}"},
	{"mail", fixture_clear, SMTP, "smtp_tls.mail",
	 "{\"transactions\":1,\"recipients\":2,\"in_clear\":1,\"octets_in_clear\":20480,"
	 "\"from_domain\":\"sender.example\",\"rcpt_domains\":[\"receiver.example\"]}"},
	{"a transaction whose command was lost", rejected_454, SMTP, "smtp_tls.mail.transactions", "1"},
	{"no mail", fixture_tls, SMTP, "smtp_tls.mail",
	 "{\"transactions\":0,\"recipients\":0,\"in_clear\":0,\"octets_in_clear\":0,\"from_domain\":null,\"rcpt_domains\":[]}"},
	{"no AUTH", fixture_clear, SMTP, "smtp_tls.auth", "{\"mechanism\":null,\"in_clear\":false,\"accepted\":false}"},
	{"AUTH", submission, SMTP, "smtp_tls.auth", "{\"mechanism\":\"PLAIN\",\"in_clear\":true,\"accepted\":true}"},
	{"a mechanism as written", submission_literal, SMTP, "smtp_tls.auth.mechanism", "\"SCRAM-SHA-256\""},
	{"nobody knows", fixture_clear, SMTP, "smtp_tls.expect",
	 "{\"level\":\"unknown\",\"domain\":null,\"domains_n\":1,\"mx\":null,\"source\":null}"},
	{"expected", expected, SMTP, "smtp_tls.expect",
	 "{\"level\":\"dane\",\"domain\":\"b.example\",\"domains_n\":1,\"mx\":\"mx1.b.example\",\"source\":\"rcpt-mx\"}"},
	{"whole capture", fixture_clear, SMTP, "smtp_tls.capture",
	 "{\"missed\":0,\"gaps\":0,\"midstream\":false,\"one_sided\":false,\"truncated\":false,\"ambiguous\":false}"},
	{"poor capture", midstream, SMTP, "smtp_tls.capture",
	 "{\"missed\":5000001448,\"gaps\":2,\"midstream\":true,\"one_sided\":true,\"truncated\":true,\"ambiguous\":false}"},
	{"its end was not seen", fell_silent, SMTP, "smtp_tls.capture.truncated", "true"},
	{"the capture stopped after the client's last word", said_all, SMTP, "smtp_tls.capture.truncated", "false"},
	{"findings", fixture_clear, SMTP, "smtp_tls.findings", "[\"starttls.not-offered\"]"},
	{"why", fixture_clear, SMTP, "smtp_tls.why", "[\"ehlo_no_starttls\"]"},
	{"nothing cut", fixture_clear, SMTP, "smtp_tls.truncated", NULL},
	{"a session repeats nothing", fixture_clear, SMTP, "smtp_tls.repeat", NULL},

	{"TLS came up", fixture_tls, SMTP, "app_proto", "\"tls\""},
	{"... in SMTP", fixture_tls, SMTP, "app_proto_orig", "\"smtp\""},
	{"TLS did not come up", failed_tls, SMTP, "app_proto", "\"smtp\""},
	{"TLS from the start", implicit, SMTP, "app_proto", "\"tls\""},
	{"... was never SMTP to us", implicit, SMTP, "app_proto_orig", NULL},
	{"EVE's TLS", fixture_tls, SMTP, "tls", "{\"version\":\"TLS 1.3\",\"sni\":\"mx1.receiver.example\"}"},
	{"EVE's TLS, resumed", failed_tls, SMTP, "tls.session_resumed", "true"},
	{"old version", implicit, SMTP, "tls.version", "\"TLS 1.0\""},
	{"our TLS", fixture_tls, SMTP, "smtp_tls.tls",
	 "{\"implicit\":false,\"completed\":true,\"offered_version\":\"TLS 1.3\",\"cipher\":\"TLS_AES_128_GCM_SHA256\","
	 "\"group\":\"x25519\",\"forward_secrecy\":true,\"post_quantum\":false,\"resumed\":false}"},
	{"a suite without a name", failed_tls, SMTP, "smtp_tls.tls.cipher", "\"0x0f0f\""},
	{"alert in the clear", failed_tls, SMTP, "smtp_tls.tls.alert",
	 "{\"level\":2,\"code\":40,\"name\":\"handshake_failure\",\"from\":\"server\"}"},
	{"ALPN", implicit, SMTP, "smtp_tls.tls.alpn", "\"smtp\""},
	{"no TLS of ours", fixture_clear, SMTP, "smtp_tls.tls", NULL},

	{"tls event", fixture_tls, TLS, "event_type", "\"tls\""},
	{"its object", fixture_tls, TLS, "tls.version", "\"TLS 1.3\""},
	{"its object, no hello seen", midstream, TLS, "tls", NULL},
	{"a hello without a name says nothing in EVE", nameless_hello, SMTP, "tls", NULL},
	{"a copy only", fixture_tls, TLS, "smtp_tls", "{\"v\":1,\"session\":\"01M852A245Y8QG6HZA0XRCRRXD\"}"},

	{"alert", fixture_clear, ALERT, "alert",
	 "{\"action\":\"allowed\",\"gid\":3207,\"signature_id\":3207001,\"rev\":1,\"signature\":\"SMTP server did not offer STARTTLS\","
	 "\"category\":\"SMTP TLS downgrade\",\"severity\":3,\"metadata\":{\"finding\":[\"starttls.not-offered\"],"
	 "\"severity\":[\"medium\"],\"confidence\":[\"certain\"],\"subject\":[\"server\"],\"evidence\":[\"complete\"],"
	 "\"mitre_technique_id\":[\"T1557\",\"T1040\"]}}"},
	{"critical is 1", rejected_454, ALERT, "alert.severity", "1"},
	{"the packet that decided", fixture_clear, ALERT, "pcap_cnt", "8"},
	{"detail", fixture_clear, ALERT, "smtp_tls.detail", "\"ehlo_no_starttls\""},
	{"packets that show it", fixture_clear, ALERT, "smtp_tls.pcap", "{\"frames\":[6,8]}"},
	{"first", fixture_clear, ALERT, "smtp_tls.repeat", "{\"count\":1,\"window_s\":300,\"first_id\":null}"},
	{"again", rejected_454, ALERT, "smtp_tls.repeat",
	 "{\"count\":3,\"window_s\":300,\"first_id\":\"01M852A245Y8QG6HZA0XRCRRXD\"}"},
	{"related", rejected_454, ALERT, "smtp_tls.related", "[\"starttls.not-offered\"]"},
	{"an alert carries the session", fixture_clear, ALERT, "smtp_tls.mail.in_clear", "1"},

	{"stream trouble", fixture_clear, STREAM, "anomaly", "{\"type\":\"stream\",\"event\":\"tcp_gap\"}"},
	{"... of this flow", fixture_clear, STREAM, "flow_id", "1136613284425449"},
	{"... and session", fixture_clear, STREAM, "smtp_tls", "{\"v\":1,\"session\":\"01M852A245Y8QG6HZA0XRCRRXD\"}"},
	{"parser trouble", fixture_clear, APPLAYER, "anomaly",
	 "{\"app_proto\":\"smtp\",\"type\":\"applayer\",\"event\":\"reply_malformed\",\"layer\":\"proto_parser\"}"},
	{"decoder trouble", fixture_clear, DECODE, "anomaly", "{\"type\":\"decode\",\"event\":\"decode_vlan_limit\"}"},
	{"... of no flow", fixture_clear, DECODE, "flow_id", NULL},
	{"... at a packet", fixture_clear, DECODE, "pcap_cnt", "3"},
	{"... of no session", fixture_clear, DECODE, "smtp_tls", "{\"v\":1}"},

	{"dashboards' packets", fixture_clear, STATS, "stats.capture", "{\"kernel_packets\":100,\"kernel_drops\":0}"},
	{"a live source's drops are not known here", v6, STATS, "stats.capture", "{\"kernel_packets\":100}"},
	{"open flows", fixture_clear, STATS, "stats.flow.active", "7"},
	{"EVE's name of a counter", fixture_clear, STATS, "stats.tcp.reassembly_gap", "9"},
	{"our name of it", fixture_clear, STATS, "smtp_tls.counters.tcp_gap", "9"},
	{"0 is not written", fixture_clear, STATS, "smtp_tls.counters", "{\"packets\":100,\"tcp_gap\":9}"},
	{"alerts", fixture_clear, STATS, "stats.detect.alert", "4"},
	{"states", fixture_clear, STATS, "smtp_tls.states.starttls_ok", "5"},
	{"verdicts", fixture_clear, STATS, "smtp_tls.verdicts.clear", "2"},
	{"uptime not known", fixture_clear, STATS, "stats.uptime", NULL},
};

// Follows "a.b.c".
static json_t *at_path(json_t *root, const char *path)
{
	char name[64];

	while (root && *path) {
		size_t len = strcspn(path, ".");
		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		root = json_object_get(root, name);
		path += len + (path[len] == '.');
	}
	return root;
}

static void members(void **state)
{
	static struct fixture x;
	static char out[RECORD_LEN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		rows[i].setup(&x);
		size_t len = write_kind(rows[i].kind, &x, out);
		json_t *root = json_loadb(out, len, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(root);
		json_t *value = at_path(root, rows[i].path);
		char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
		if (!text != !rows[i].want || (text && strcmp(text, rows[i].want) != 0))
			fail_msg("%s: %s is %s", rows[i].name, rows[i].path, text ? text : "absent");
		free(text);
		json_decref(root);
	}
}

static void times(void **state)
{
	static const struct {
		uint64_t s;
		const char *want;
	} row[] = {
		{0, "\"1970-01-01T00:00:00.000000+0000\""},
		{68169599, "\"1972-02-28T23:59:59.000000+0000\""},
		{68169600, "\"1972-02-29T00:00:00.000000+0000\""},
		{68256000, "\"1972-03-01T00:00:00.000000+0000\""},
		{951782400, "\"2000-02-29T00:00:00.000000+0000\""},
		{1798761599, "\"2026-12-31T23:59:59.000000+0000\""},
		{1798761600, "\"2027-01-01T00:00:00.000000+0000\""},
		{4107542400, "\"2100-03-01T00:00:00.000000+0000\""},
		{18446744073, "\"2554-07-21T23:34:33.000000+0000\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char out[64];
		struct json j;
		json_init(&j, out, sizeof(out));
		record_time(&j, row[i].s * 1000000000);
		out[json_len(&j)] = '\0';
		assert_string_equal(out, row[i].want);
	}
}

static void addresses(void **state)
{
	static const struct {
		uint8_t ip_v, addr[16];
		const char *want;
	} row[] = {
		{4, {0, 0, 0, 0}, "0.0.0.0"},
		{4, {9, 10, 99, 100}, "9.10.99.100"},
		{4, {255, 255, 255, 255}, "255.255.255.255"},
		{4, {101, 109, 200, 1}, "101.109.200.1"},
		{6, {0}, "::"},
		{6, {0x20, 0x01, 0x0d, 0xb8, [15] = 1}, "2001:db8::1"},
		{6, {[10] = 0xff, 0xff, 192, 0, 2, 1}, "::ffff:192.0.2.1"},
		{6, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	};
	static struct fixture x;
	static char out[RECORD_LEN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		fixture_clear(&x);
		x.facts.conn.ip_v = row[i].ip_v;
		memcpy(x.facts.conn.dst, row[i].addr, sizeof(row[i].addr));
		json_t *root = json_loadb(out, write_kind(SMTP, &x, out), 0, NULL);
		assert_string_equal(json_string_value(json_object_get(root, "dest_ip")), row[i].want);
		json_decref(root);
	}
}

static void uptime(void **state)
{
	static struct fixture x;
	static char out[RECORD_LEN_MAX];

	(void)state;
	fixture_clear(&x);
	x.config.start_ns = x.facts.conn.last_ns - 30000000000;
	json_t *root = json_loadb(out, write_kind(STATS, &x, out), 0, NULL);
	assert_int_equal(json_integer_value(at_path(root, "stats.uptime")), 30);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(members), cmocka_unit_test(times), cmocka_unit_test(addresses),
	                                   cmocka_unit_test(uptime)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

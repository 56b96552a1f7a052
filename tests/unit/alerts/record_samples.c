// Prints one record of every kind for every word and every finding that can stand in it: input of
// tests/tools/schema_check.py, so that the schema and the tables of names cannot drift apart.
#include "alerts/dns/race.h"
#include "alerts/evidence.h"
#include "tests/unit/alerts/record_fixture.h"
#include "tests/unit/alerts/sensor_fixture.h"

#include <stdio.h>

static void print(const char *out, size_t len)
{
	printf("%.*s\n", (int)len, out);
}

static void print_all(struct fixture *x)
{
	static char out[RECORD_LEN_MAX];

	print(out, record_smtp(out, &x->config, &x->session));
	print(out, record_alert_write(out, &x->config, &x->alert));
	x->alert.evidence = &(struct evidence_file){.file = "20261123/01M85VCVR0F8X46G0000000001.pcapng",
		.sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"};
	print(out, record_alert_write(out, &x->config, &x->alert));
	if (record_tls_known(&x->session))
		print(out, record_tls(out, &x->config, &x->session));
	print(out, record_session_anomaly(out, &x->config, &x->session, "stream", "tcp_gap"));
	print(out, record_session_anomaly(out, &x->config, &x->session, "applayer", "reply_malformed"));
}

// The i-th value of every enum, each in turn starting again: 64 rounds show all of all.
static void every_word(int i)
{
	static struct fixture x;

	if (i & 1)
		fixture_tls(&x);
	else
		fixture_clear(&x);
	struct session *s = &x.session;
	s->state = (enum state)(i % STATE_N);
	s->verdict = (enum verdict)(i % VERDICT_N);
	s->identity = (enum identity)(i % (IDENTITY_UNKNOWN + 1));
	s->dane = (enum dane)(i % (DANE_NOT_APPLICABLE + 1));
	s->direction = (enum direction)(i % (DIRECTION_TRANSIT + 1));
	snprintf(s->expect.source, sizeof(s->expect.source), "%s", i % 2 ? "rcpt-mx" : "sni"); // one of a few words
	s->expect.level = (enum expect_level)(i % (EXPECT_OPERATOR + 1));
	x.facts.conn.end = (uint8_t)(i % (END_REUSE + 1));
	x.facts.conn.role = (uint8_t)(i / 2 % (ROLE_LMTP + 1));
	x.facts.smtp.offer = (uint8_t)(i % (OFFER_MALFORMED + 1));
	x.facts.smtp.auth_mech = (uint8_t)(i % (MECH_OTHER + 1));
	x.facts.tls.peer_cert = (uint8_t)(i / 2 % (CERT_RESUMED + 1));
	x.facts.tls.implicit = i / 4 % 2;
	x.facts.tls.ech = i / 8 % 2;
	x.facts.tls.alert_clear = i / 2 % 2;
	x.facts.tls.alert_code = (uint8_t)(i * 7);
	x.root.severity = (uint8_t)(i % (SEVERITY_CRITICAL + 1));
	x.root.confidence = (uint8_t)(i % (CONFIDENCE_CERTAIN + 1));
	x.root.subject = (uint8_t)(i % (SUBJECT_SENSOR + 1));
	x.root.evidence = (uint8_t)(i % (EVIDENCE_AMBIGUOUS + 1));
	print_all(&x);
}

// Titles, categories and numbers as they really are.
static void every_finding(void)
{
	static struct fixture x;
	static char out[RECORD_LEN_MAX];

	fixture_clear(&x);
	for (size_t i = 0; i < catalogue_n; i++) {
		x.root.row = &catalogue[i];
		print(out, record_alert_write(out, &x.config, &x.alert));
	}
}

static void counters(void)
{
	static struct fixture x;
	static char out[RECORD_LEN_MAX];
	static struct message_counters m;
	static uint64_t states[STATE_N], verdicts[VERDICT_N];

	fixture_clear(&x);
	print(out, record_stats(out, &x.config, &m, states, verdicts, 0));
	for (uint16_t i = 0; i < DISSECT_COUNTERS; i++) {
		struct message_anomaly a = {.counter = i, .frame = 1};
		print(out, record_anomaly(out, &x.config, &a));
	}
	static struct race_double d = {.ip_v = 4, .qtype = DNS_MX, .frame = {1, 2}, .qname = "a.example", .said = {"b.example", "nodata"}};
	print(out, record_dns_double(out, &x.config, &d));
	memset(d.qname, 0xff, sizeof(d.qname) - 1);
	memset(d.said, 0xff, sizeof(d.said[0]) - 1);
	d.ip_v = 6;
	print(out, record_dns_double(out, &x.config, &d));
	fixture_fill_everything(&x);
	fixture_largest(m.counter, DISSECT_COUNTERS);
	fixture_largest(states, STATE_N);
	fixture_largest(verdicts, VERDICT_N);
	print(out, record_stats(out, &x.config, &m, states, verdicts, INT64_MAX));
}

// Alerts of no session, and the heartbeat.
static void sensor(void)
{
	static struct fixture x;
	static char out[RECORD_LEN_MAX];
	static struct message_counters m;
	static uint64_t states[STATE_N], verdicts[VERDICT_N];
	static struct storm_counts suppressed;
	struct record_live live;

	for (int largest = 0; largest < 2; largest++) {
		fixture_clear(&x);
		x.config.file_name = NULL;
		x.session.loss = true;
		print(out, record_smtp(out, &x.config, &x.session));
		if (largest)
			fixture_fill_everything(&x);
		for (size_t kind = 0; kind < SENSOR_KINDS; kind++) {
			struct message_sensor what = trouble((enum sensor_kind)kind, 1);
			struct finding root = {.row = catalogue_find(sensor_finding((enum sensor_kind)kind)), .subject = SUBJECT_SENSOR};
			struct record_sensor a = {.what = &what, .root = &root, .repeat = x.alert.repeat};
			fixture_suppressed(&suppressed, largest);
			a.suppressed = kind == SENSOR_SUPPRESSED ? &suppressed : NULL;
			put_octets(what.text, sizeof(what.text), largest, what.text[0] ? "port" : "");
			numbers(what.n, LOSS_NUMBERS, largest, kind);
			sensor_detail(root.detail, sizeof(root.detail), &what);
			a.tap = what.tap == SENSOR_NO_TAP ? NULL : x.session.tap;
			a.goes_on = sensor_lasts((enum sensor_kind)kind) && !largest;
			root.severity = (uint8_t)root.row->severity;
			record_sensor_id(a.id, &what, a.tap, root.row->signature_id, 0);
			print(out, record_sensor(out, &x.config, &a));
		}
		fixture_live(&live, largest);
		print(out, record_stats_live(out, &x.config, &m, states, verdicts, 0, &live));
		fixture_largest(m.counter, DISSECT_COUNTERS);
		fixture_largest(states, STATE_N);
		fixture_largest(verdicts, VERDICT_N);
	}
	fixture_live(&live, true);
	print(out, record_stats_live(out, &x.config, &m, states, verdicts, INT64_MAX, &live));
}

int main(void)
{
	static struct fixture x;

	for (int i = 0; i < 64; i++)
		every_word(i);
	every_finding();
	counters();
	sensor();
	fixture_fill_everything(&x);
	print_all(&x);
	return 0;
}

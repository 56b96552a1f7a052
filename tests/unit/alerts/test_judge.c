// What the judge tells, when, and how often.
#include "tests/unit/alerts/judge_fixture.h"

// ---- one root alert a cause: a row is a session told whole ----

static void submission_auth(struct facts *f)
{
	offered_unused(f);
	f->conn.dst_port = 587;
	f->conn.role = ROLE_SUBMISSION;
	f->smtp.n_auth = 1;
	f->smtp.auth_mech = MECH_PLAIN;
	f->smtp.auth_accepted = f->smtp.auth_sent_secret = true;
	f->smtp.auth_offered = 1 << MECH_PLAIN;
	f->smtp.auth_mark = at(10);
}

static void two_attacks(struct facts *f)
{
	offered_unused(f);
	f->smtp.eod_variants = EOD_LF_LF;
	f->smtp.eod_then_verb = f->smtp.eod_effect = true;
	f->smtp.eod_mark = f->smtp.eod_verb_mark = f->smtp.eod_effect_mark = at(20);
	f->smtp.bare_lf_data = 2;
	f->smtp.line_end_mark = at(20);
}

static void helo_with_mail(struct facts *f)
{
	ehlo(f, OFFER_NOT_ASKED);
	f->smtp.n_ehlo = 0;
	f->smtp.n_helo = 1;
	mail(f, CLEAR_HELO_ONLY);
}

static void asa(struct facts *f)
{
	not_offered(f);
	f->smtp.offer = OFFER_MASKED;
	f->smtp.greeting_masked = true;
	text(f, &f->smtp.masked, "XXXXXXXA");
}

static void after_454(struct facts *f)
{
	rejected(f, 454, true);
}

static void info_only(struct facts *f)
{
	upgraded(f);
	f->smtp.n_530 = 1;
	f->smtp.mark_530 = at(8);
}

static void torn(struct facts *f)
{
	upgraded(f);
	f->conn.gaps[1] = 2;
	f->conn.overlaps_differ = 1;
}

static void syn_only(struct facts *f)
{
	connection(f);
	f->conn.payload[0] = f->conn.payload[1] = false;
}

static const struct {
	const char *name;
	void (*make)(struct facts *f);
	const char *want;
} rows[] = {
	{"an ordinary session", upgraded, "smtp tls"},
	{"not offered", not_offered, "starttls.not-offered+exposure.envelope+exposure.content smtp"},
	{"454 and clear mail", after_454, "starttls.rejected-temp+exposure.envelope+exposure.content smtp"},
	{"HELO: the quiet cause is told by its loud effect", helo_with_mail, "exposure.content+starttls.helo-only+exposure.envelope smtp"},
	{"a firewall", asa,
		"starttls.masked-keyword+starttls.not-offered+middlebox.banner-rewritten+exposure.envelope+exposure.content smtp"},
	{"a password on submission", submission_auth,
		"auth.cleartext-plain+starttls.offered-unused+exposure.envelope+exposure.content+auth.offered-cleartext+submission.plaintext smtp"},
	{"two attacks stay two alerts", two_attacks,
		"starttls.offered-unused+exposure.envelope+exposure.content smuggle.success+smuggle.eod-variant+smuggle.attempt+smtp.bare-lf smtp"},
	{"information is no alert", info_only, "smtp tls"},
	{"anomalies of the transport", torn, "smtp tls anomaly anomaly"},
	{"no payload", syn_only, ""},
};

static void roots(void **state)
{
	const struct judge_config c = config_default();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct facts f;
		open_judge(&c);
		rows[i].make(&f);
		send_whole(&f);
		judge_finish(judge);
		assert_told(rows[i].name, rows[i].want);
		close_judge();
	}
}

// ---- time ----

static void early_and_once(void **state)
{
	const struct judge_config c = config_default();
	struct facts f;

	open_judge(&c);
	rejected(&f, 454, false);
	send_open(&f);
	assert_told("at once", "starttls.rejected-temp...");
	send_open(&f);
	assert_told("not again", "");
	mail(&f, CLEAR_AFTER_REJECT);
	send_open(&f);
	assert_told("worse now", "starttls.rejected-temp+exposure.envelope+exposure.content*1...");
	send_whole(&f);
	assert_told("the end", "smtp");
	assert_int_equal(judge_summary(judge)->sessions, 1);
	assert_int_equal(judge_summary(judge)->alerts, 2);
	assert_int_equal(judge_summary(judge)->worst_alert_severity, SEVERITY_HIGH);
	close_judge();
}

// What came too late for its root's alert: its own alert, where somebody else has to act on it.
static void late_for_its_root(void **state)
{
	const struct judge_config c = config_default();
	struct facts f, whole;

	open_judge(&c);
	asa(&whole);
	f = whole;
	f.smtp.n_mail_ok = f.smtp.n_messages = 0;
	memset(f.smtp.clear, 0, sizeof(f.smtp.clear));
	send_open(&f);
	assert_told("the mask", "starttls.masked-keyword+middlebox.banner-rewritten...");
	send_whole(&whole);
	assert_told("the mail is the same device's work", "smtp");
	submission_auth(&whole);
	whole.birth = 2;
	whole.smtp.offer = OFFER_NO;
	memset(whole.smtp.clear, 0, sizeof(whole.smtp.clear));
	whole.smtp.clear[CLEAR_NOT_OFFERED] = 1;
	whole.smtp.clear_mark[CLEAR_NOT_OFFERED] = at(MARK_OK);
	f = whole;
	f.smtp.n_mail_ok = f.smtp.n_messages = 0;
	memset(f.smtp.clear, 0, sizeof(f.smtp.clear));
	send_open(&f);
	assert_told("the password", "auth.cleartext-plain+auth.offered-cleartext...");
	send_open(&whole);
	assert_told("not yet", "");
	send_whole(&whole);
	assert_told("the client's once, the server's at the end", "starttls.not-offered smtp");
	close_judge();
}

// What is low waits for the end: by then a louder effect may tell it.
static void low_waits(void **state)
{
	const struct judge_config c = config_default();
	struct facts f, whole;

	open_judge(&c);
	helo_with_mail(&whole);
	f = whole;
	f.smtp.n_messages = 0;
	send_open(&f);
	assert_told("envelope", "");
	send_open(&whole);
	assert_told("content", "exposure.content+starttls.helo-only+exposure.envelope...");
	send_whole(&whole);
	assert_told("one alert", "smtp");
	f.birth = 2;
	f.conn.dst_port = 2525;
	send_whole(&f);
	assert_told("without content", "starttls.helo-only+exposure.envelope smtp");
	close_judge();
}

static void sealed_then_end(void **state)
{
	const struct judge_config c = config_default();
	struct facts f;

	open_judge(&c);
	upgraded(&f);
	send_sealed(&f);
	assert_told("sealed", "");
	send_end(&f, f.conn.last_ns + 60 * SECOND);
	assert_int_equal(told.n, 2);
	const json_t *flow = json_object_get(told.line[0], "flow");
	assert_int_equal(json_integer_value(json_object_get(flow, "pkts_toserver")), 1000);
	assert_int_equal(json_integer_value(json_object_get(flow, "bytes_toclient")), 200000);
	assert_string_equal(json_string_value(json_object_get(json_object_get(told.line[0], "smtp_tls"), "end")), "rst");
	assert_told("end", "smtp tls");
	send_end(&f, f.conn.last_ns + 61 * SECOND);
	assert_told("an end without a session", "");
	close_judge();
}

// What the worker met after it had sealed the session: the octets it had read were not the only ones.
static void sealed_then_doubt(void **state)
{
	const struct judge_config c = config_default();
	struct facts f;

	// Also where there were two versions before, and both were read: this is another one.
	for (int two = 0; two < 2; two++) {
		open_judge(&c);
		upgraded(&f);
		f.conn.ambiguous = f.path.both_read = two;
		send_sealed(&f);
		send_end_as(&f, f.conn.last_ns + 60 * SECOND, true);
		const json_t *tls = json_object_get(told.line[0], "smtp_tls");
		assert_string_equal(json_string_value(json_object_get(tls, "verdict")), "inconclusive");
		assert_string_equal(json_string_value(json_object_get(tls, "state")), "unknown_gap");
		assert_true(json_is_true(json_object_get(json_object_get(tls, "capture"), "ambiguous")));
		assert_told("doubt", "smtp tls");
		close_judge();
	}
}

static void evicted_early(void **state)
{
	struct judge_config c = config_default();
	struct facts f;

	c.sessions_max = 2;
	open_judge(&c);
	for (f.birth = 0; f.birth < 3;) {
		uint64_t birth = f.birth + 1;
		upgraded(&f);
		f.birth = birth;
		send_sealed(&f);
	}
	assert_told("the oldest makes room", "smtp... tls");
	assert_int_equal(judge_summary(judge)->evicted, 1);
	f.birth = 1;
	send_end(&f, f.conn.last_ns);
	assert_told("its end comes too late", "");
	f.birth = 3;
	send_end(&f, f.conn.last_ns);
	assert_told("the newest is whole", "smtp tls");
	judge_finish(judge);
	assert_told("a worker that never told the end", "smtp... tls");
	close_judge();
}

static void repeats(void **state)
{
	const struct judge_config c = config_default();
	struct facts f;

	open_judge(&c);
	not_offered(&f);
	send_whole(&f);
	assert_told("first", "starttls.not-offered+exposure.envelope+exposure.content smtp");
	for (f.birth = 2; f.birth < 5; f.birth++)
		send_whole(&f);
	assert_told("counted", "smtp smtp smtp");
	f.conn.dst_port = 2525;
	send_whole(&f);
	assert_told("another server", "starttls.not-offered+exposure.envelope+exposure.content smtp");
	judge_finish(judge);
	assert_told("at the end", "starttls.not-offered+exposure.envelope+exposure.content*3");
	close_judge();
}

// ---- settings ----

static void settings(void **state)
{
	static const char *const disabled[] = {"starttls.not-offered", "no.such-finding"};
	struct judge_config c = config_default();
	struct facts f;

	c.disabled = disabled;
	c.n_disabled = 2;
	c.severity[catalogue_find("exposure.envelope") - catalogue] = SEVERITY_CRITICAL;
	c.severity[catalogue_find("exposure.content") - catalogue] = SEVERITY_INFO;
	open_judge(&c);
	not_offered(&f);
	send_whole(&f);
	const json_t *findings = json_object_get(json_object_get(told.line[told.n - 1], "smtp_tls"), "findings");
	for (size_t i = 0; i < json_array_size(findings); i++)
		assert_string_not_equal(json_string_value(json_array_get(findings, i)), "starttls.not-offered");
	assert_told("disabled, louder, quieter", "exposure.envelope smtp");
	assert_int_equal(judge_summary(judge)->finding[0].n, 0);
	close_judge();
}

static void networks(void **state)
{
	static const struct {
		struct judge_net own;
		size_t n;
		const char *want;
	} nets[] = {
		{.n = 0, .want = "unknown"},
		{{.addr = {198, 51, 100}, .ip_v = 4, .bits = 24}, 1, "outbound"},
		{{.addr = {203, 0, 113, 25}, .ip_v = 4, .bits = 32}, 1, "inbound"},
		{{.ip_v = 4, .bits = 0}, 1, "internal"},
		{{.addr = {203, 0, 113, 26}, .ip_v = 4, .bits = 32}, 1, "transit"},
		{{.addr = {203, 0, 113, 26}, .ip_v = 4, .bits = 30}, 1, "inbound"},
		{{.ip_v = 6, .bits = 0}, 1, "transit"},
	};
	for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
		struct judge_config c = config_default();
		struct facts f;
		static struct inventory_config inventory;
		inventory.own.net[0] = nets[i].own;
		inventory.own.n = nets[i].n;
		c.inventory = &inventory;
		open_judge(&c);
		upgraded(&f);
		send_whole(&f);
		assert_string_equal(
			json_string_value(json_object_get(json_object_get(told.line[0], "smtp_tls"), "direction")), nets[i].want);
		close_judge();
	}
}

static void exempt(void **state)
{
	struct judge_config c = config_default();
	struct facts f;

	static struct inventory_config inventory;
	inventory.exempt.n = 1;
	inventory.exempt.exempt[0] = (struct inventory_exemption){.is_net = true, .all = true, .until_day = INVENTORY_FOREVER,
		.net = {.addr = {198, 51, 100, 20}, .ip_v = 4, .bits = 32}};
	c.inventory = &inventory;
	open_judge(&c);
	not_offered(&f);
	send_whole(&f);
	assert_int_equal(json_array_size(json_object_get(json_object_get(told.line[0], "smtp_tls"), "findings")), 4);
	assert_told("no alert, but the finding", "smtp");
	close_judge();
}

static void counters(void **state)
{
	const struct judge_config c = config_default();
	struct message_counters m = {.head = {.seq = 1, .time_ns = FIXTURE_START_NS, .type = MESSAGE_COUNTERS}};
	struct message_anomaly a = {.head = {.seq = 1, .type = MESSAGE_ANOMALY}, .counter = COUNT_decode_vlan_limit, .frame = 3};

	open_judge(&c);
	for (uint16_t w = 0; w < 2; w++) {
		m.head.worker = w;
		m.counter[COUNT_packets] = 100;
		assert_int_equal(judge_take(judge, &m.head, sizeof(m)), 0);
		m.counter[COUNT_packets] = 150;
		m.counter[COUNT_tcp_checksum_accepted] = 7;
		m.last = true;
		assert_int_equal(judge_take(judge, &m.head, sizeof(m)), 0);
		m.last = false;
	}
	assert_int_equal(judge_take(judge, &a.head, sizeof(a)), 0);
	judge_finish(judge);
	assert_told("stats", "stats stats anomaly stats");
	assert_int_equal(judge_summary(judge)->counter[COUNT_packets], 300);
	assert_int_equal(judge_summary(judge)->checksum_accepted, 14);
	assert_int_equal(judge_summary(judge)->records, 4);
	close_judge();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots),
		cmocka_unit_test(early_and_once),
		cmocka_unit_test(late_for_its_root),
		cmocka_unit_test(low_waits),
		cmocka_unit_test(sealed_then_end),
		cmocka_unit_test(sealed_then_doubt),
		cmocka_unit_test(evicted_early),
		cmocka_unit_test(repeats),
		cmocka_unit_test(settings),
		cmocka_unit_test(networks),
		cmocka_unit_test(exempt),
		cmocka_unit_test(counters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

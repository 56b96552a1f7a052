// History by its questions: what counts as an offer that was always there, and what must not.
#include "tests/unit/alerts/history/history_fixture.h"

// ---- the offer -------------------------------------------------------------------------------------------------

static void no_change(struct facts *f)
{
}

static void incomplete(struct facts *f)
{
	f->smtp.offer_mark.quality = Q_GAP;
}

static void tarpit(struct facts *f)
{
	f->smtp.caps = 0;
	f->smtp.n_messages_ok = 0;
}

static void put_off(struct facts *f)
{
	f->smtp.n_messages_ok = f->smtp.n_rcpt_ok = 0;
	f->smtp.last_code = 450;
}

static void other_client(struct facts *f)
{
	f->conn.src[3] = 99;
}

static void front_end(struct facts *f) // postscreen: fewer keywords, and no mail taken
{
	f->smtp.ehlo_digest = 0x2001;
	f->smtp.n_messages_ok = 0;
}

static void other_keywords(struct facts *f)
{
	f->smtp.ehlo_digest = 0x2001;
}

static void other_port(struct facts *f)
{
	f->conn.dst_port = 2525;
}

static void two_versions(struct facts *f)
{
	f->conn.ambiguous = true;
}

static const struct {
	const char *name;
	unsigned n;
	double step, hour;
	void (*change)(struct facts *f);
	int want; // enum confidence, -1 none
} vanish[] = {
	{"five within five hours", 5, 1, 5, no_change, CONFIDENCE_PROBABLE},
	{"four are too few", 4, 1, 5, no_change, -1},
	{"five within a minute", 5, 0.003, 5, no_change, -1},
	{"five, exactly an hour", 5, 0.25, 5, no_change, CONFIDENCE_PROBABLE},
	{"a month ago", 5, 1, 24 * 31, no_change, -1},
	{"incomplete evidence is a suspicion", 9, 1, 10, incomplete, CONFIDENCE_SUSPECT},
	{"octets in two versions", 9, 1, 10, two_versions, CONFIDENCE_SUSPECT},
	{"a tarpit in front", 9, 1, 10, tarpit, -1},
	{"greylisting in front", 9, 1, 10, put_off, -1},
	{"a client that never got the offer", 9, 1, 10, other_client, -1},
	{"a front end with other keywords", 9, 1, 10, front_end, -1},
	{"other keywords, and mail taken", 9, 1, 10, other_keywords, CONFIDENCE_SUSPECT},
	{"another port", 9, 1, 10, other_port, -1},
};

static void vanished(void **state)
{
	for (size_t i = 0; i < sizeof(vanish) / sizeof(vanish[0]); i++) {
		struct facts f;
		open_all();
		for (unsigned n = 0; n < vanish[i].n; n++) {
			good(&f);
			assert_false(told(&f, NULL, n * vanish[i].step, "starttls.vanished"));
		}
		bare(&f);
		vanish[i].change(&f);
		told(&f, NULL, vanish[i].hour, "");
		int got = -1;
		for (size_t k = 0; k < session.n_findings; k++)
			if (strcmp(session.findings[k].row->id, "starttls.vanished") == 0)
				got = session.findings[k].confidence;
		if (got != vanish[i].want)
			fail_msg("%s: %d", vanish[i].name, got);
		close_all();
	}
}

// Haraka: no offer for an hour to whom the handshake failed with.
static void withdrawn_after_failure(void **state)
{
	struct facts f;

	open_all();
	for (unsigned n = 0; n < 8; n++) {
		good(&f);
		told(&f, NULL, n, "");
	}
	good(&f);
	f.tls.completed = false;
	f.tls.alert_clear = true;
	f.tls.alert_level = 2;
	f.tls.alert_code = 40;
	f.tls.alert_mark = at(12);
	told(&f, NULL, 8, "");
	bare(&f);
	assert_false(told(&f, NULL, 8.5, "starttls.vanished"));
	bare(&f);
	assert_true(told(&f, NULL, 12, "starttls.vanished"));
	close_all();
}

static void alternating(void **state)
{
	struct facts f;
	bool turn[] = {false, false, false, true, true, true};

	open_all();
	for (unsigned n = 0; n < 6; n++) {
		if (n % 2)
			bare(&f);
		else
			good(&f);
		assert_int_equal(told(&f, NULL, n * 3, "starttls.alternating"), turn[n]);
	}
	for (unsigned n = 0; n < 30; n++) { // one bad machine of several: seldom is in turn, too, and nothing has vanished
		if (n % 3)
			good(&f);
		else
			bare(&f);
		assert_false(told(&f, NULL, 18 + n, "starttls.vanished"));
	}
	close_all();
}

// Removal of exactly the line, known after two replies.
static void line_gone(void **state)
{
	struct facts f;

	for (int less = 13; less <= 15; less++) {
		open_all();
		for (unsigned n = 0; n < 2; n++) {
			good(&f);
			told(&f, NULL, n * 0.1, "");
		}
		bare(&f);
		f.smtp.ehlo_len = (uint16_t)(114 - less);
		assert_int_equal(told(&f, NULL, 1, "starttls.reply-length-anomaly"), less == 14);
		close_all();
	}
}

// ---- sessions that are read again or late ------------------------------------------------------------------------

static void read_again(void **state)
{
	struct facts f[8];
	char id[8][RECORD_ID_LEN + 1];

	open_all();
	for (unsigned n = 0; n < 8; n++) {
		if (n < 6)
			good(&f[n]);
		else
			bare(&f[n]);
		assert_int_equal(told(&f[n], NULL, n, "starttls.vanished"), n >= 6);
		memcpy(id[n], session.id, sizeof(id[n]));
	}
	uint64_t learned = history_counts(history).learned;
	for (unsigned n = 0; n < 8; n++) {
		birth = n; // the same ids
		assert_int_equal(told(&f[n], NULL, n, "starttls.vanished"), n >= 6);
		assert_string_equal(session.id, id[n]);
	}
	assert_int_equal(history_counts(history).learned, learned);
	assert_int_equal(history_counts(history).known, 8);
	// A session of before all that: nothing was known then.
	bare(&f[0]);
	birth = 100;
	f[0].birth = 100;
	assert_false(told(&f[0], NULL, 0.5 - 1, "starttls.vanished"));
	struct history_offered o;
	assert_false(history_offered(history, &f[0], &o));
	close_all();
}

static void offered_before(void **state)
{
	struct facts f;
	char text[HISTORY_OFFERED_TEXT];

	open_all();
	bare(&f);
	f.conn.start_ns = FIXTURE_START_NS;
	history_offered_text(text, history, &f);
	assert_string_equal(text, "");
	for (unsigned n = 0; n < 7; n++) {
		good(&f);
		told(&f, NULL, n, "");
	}
	bare(&f);
	f.conn.start_ns = FIXTURE_START_NS + 10 * HISTORY_HOUR_NS;
	history_offered_text(text, history, &f);
	assert_string_equal(text, "peer_offered_before:7/7");
	f.conn.src[3] = 99; // what others got is better than nothing
	history_offered_text(text, history, &f);
	assert_string_equal(text, "peer_offered_before:7/7");
	close_all();
}

// Two taps of one link: what a device between them does is no change of the server.
static void two_taps(void **state)
{
	struct facts f;

	open_all();
	history_tap(history, 0, "outside");
	history_tap(history, 1, "inside");
	for (unsigned n = 0; n < 12; n++) {
		good(&f);
		f.conn.tap = 1;
		assert_false(told(&f, NULL, n, "starttls.vanished"));
		bare(&f);
		f.conn.tap = 0;
		assert_false(told(&f, NULL, n + 0.0001, "starttls.vanished"));
		assert_false(told(&f, NULL, n + 0.0002, "starttls.alternating"));
	}
	close_all();
}

static void first(void **state)
{
	struct facts f;

	open_all();
	bare(&f);
	assert_true(told(&f, NULL, 0, "starttls.first-seen-plain"));
	bare(&f);
	assert_false(told(&f, NULL, 1, "starttls.first-seen-plain"));
	rules_memory_close(&memory); // another run
	assert_int_equal(rules_memory_open(&memory), 0);
	rules_memory_use(memory, history);
	assert_false(told(&f, NULL, 2, "starttls.first-seen-plain"));
	birth = 0;
	rules_memory_close(&memory);
	assert_int_equal(rules_memory_open(&memory), 0);
	rules_memory_use(memory, history);
	assert_true(told(&f, NULL, 0, "starttls.first-seen-plain"));
	close_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vanished), cmocka_unit_test(withdrawn_after_failure), cmocka_unit_test(alternating),
		cmocka_unit_test(line_gone), cmocka_unit_test(read_again), cmocka_unit_test(offered_before),
		cmocka_unit_test(two_taps), cmocka_unit_test(first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

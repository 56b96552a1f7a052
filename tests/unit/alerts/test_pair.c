// Two taps: what is one session, who is nearer to the client, what is told of the two.
#include "alerts/pair.h"
#include "alerts/pair_table.h"
#include "tests/unit/alerts/judge_fixture.h"
#include "tests/unit/alerts/rules_fixture.h"

#define MS 1000000ull

// The same at the inner tap, and what it is there in the row's hands.
static struct facts outer, inner;

static void both(void (*make)(struct facts *f))
{
	make(&outer);
	outer.smtp.content_digest = 5;
	text(&outer, &outer.smtp.banner, "mx.rcpt.example ESMTP");
	outer.conn.answer_ns = outer.conn.start_ns + 30 * MS;
	inner = outer;
	inner.birth = 2;
	inner.conn.tap = 1;
	inner.conn.start_ns += 300 * MS; // another clock
	inner.conn.last_ns += 300 * MS;
	inner.conn.answer_ns = inner.conn.start_ns + 10 * MS;
}

static void renumbered(struct facts *f)
{
	f->conn.isn[0] += 5;
	f->conn.isn[1] += 5;
}

// ---- fit -----------------------------------------------------------------------------------------------------

static void fit_same(void) {}
static void fit_nat(void) { inner.conn.src[3]++; inner.conn.src_port++; }
static void fit_proxy(void) { renumbered(&inner); }
static void fit_proxy_elsewhere(void) { renumbered(&inner); inner.conn.src_port++; }
static void fit_later(void) { inner.conn.start_ns += 2 * PAIR_START_NS; }
static void fit_port(void) { inner.conn.dst_port = 587; }
static void fit_name(void) { renumbered(&inner); inner.smtp.hello_digest = 78; }
static void fit_envelope(void) { renumbered(&inner); inner.smtp.envelope_digest = 98; }
static void fit_name_alone(void)
{
	renumbered(&inner);
	inner.conn.src_port++;
	inner.smtp.banner.len = 0;
	inner.smtp.envelope_digest = 0;
}
static void fit_midstream(void) { inner.conn.syn[1] = false; }

static const struct {
	const char *name;
	void (*change)(void);
	enum pair_fit want;
} fits[] = {
	{"one connection", fit_same, PAIR_SAME},
	{"a translator of addresses", fit_nat, PAIR_SAME},
	{"numbers of its own", fit_proxy, PAIR_ENDS},
	{"numbers and ports of its own", fit_proxy_elsewhere, PAIR_ALIKE},
	{"seconds later", fit_later, PAIR_OTHER},
	{"another port of the server", fit_port, PAIR_OTHER},
	{"another name", fit_name, PAIR_OTHER},
	{"another envelope", fit_envelope, PAIR_OTHER},
	{"nothing but the name", fit_name_alone, PAIR_OTHER},
	{"no SYN/ACK at one tap", fit_midstream, PAIR_ENDS},
};

static void test_fit(void **state)
{
	for (size_t i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
		both(not_offered);
		fits[i].change();
		if (pair_fit(&outer, &inner) != fits[i].want || pair_fit(&inner, &outer) != fits[i].want)
			fail_msg("%s: %d", fits[i].name, pair_fit(&outer, &inner));
		uint64_t a[2], b[2];
		pair_keys(&outer, a);
		pair_keys(&inner, b);
		if (fits[i].want == PAIR_SAME)
			assert_true(a[0] && a[0] == b[0]);
		else if (fits[i].want != PAIR_OTHER)
			assert_true(a[1] && a[1] == b[1]);
	}
}

static void test_sides(void **state)
{
	struct pair p;
	both(not_offered);
	struct pair_end out = {.facts = &outer}, in = {.facts = &inner};
	pair_compare(&p, &out, &in);
	assert_true(p.sides_known && p.client.facts == &outer && !p.proxy && !p.differs);
	outer.conn.answer_ns = outer.conn.start_ns + 5 * MS; // mail that goes out: the client is inside
	pair_compare(&p, &out, &in);
	assert_true(p.sides_known && p.client.facts == &inner);
	out.side = TAP_CLIENT; // the operator knows
	pair_compare(&p, &out, &in);
	assert_true(p.sides_known && p.client.facts == &outer);
	out.side = TAP_MID;
	inner.conn.answer_ns = 0;
	pair_compare(&p, &out, &in);
	assert_true(!p.sides_known && p.client.facts == &outer);
}

// ---- what is told --------------------------------------------------------------------------------------------

static void same(void) {}
static void strip(void) { inner.smtp.offer = OFFER_YES; memset(inner.smtp.clear, 0, sizeof(inner.smtp.clear)); }
static void strip_proxy(void) { strip(); renumbered(&inner); }
static void strip_gap(void) { strip(); outer.conn.gaps[1] = 1; }
static void strip_ambiguous(void) { strip(); inner.conn.ambiguous = true; }
static void strip_sides(void) { strip(); inner.conn.answer_ns = 0; }
static void added(void) { strip(); inner.conn.answer_ns = inner.conn.start_ns + 50 * MS; } // the box offers, the server does not
static void with_tls(void) { strip(); outer.tls.completed = true; }
static void taken(void)
{
	outer.smtp.offer = inner.smtp.offer = OFFER_YES;
	starttls(&outer, 454);
}
static void broken(void)
{
	outer.smtp.offer = inner.smtp.offer = OFFER_YES;
	outer.smtp.n_starttls = 1;
	memset(outer.smtp.clear, 0, sizeof(outer.smtp.clear));
}
static void taken_open(void) { taken(); unclosed(&inner, END_EOF); }
static void answered(void) { taken(); starttls(&inner, 220); }
static void refused(void)
{
	outer.smtp.ehlo_refused_code = 502;
	inner.smtp.hello = HELLO_HELO;
	inner.smtp.n_ehlo = 0;
	inner.smtp.n_helo = 1;
	inner.smtp.offer = OFFER_NOT_ASKED;
}
static void edited(void) { inner.smtp.content_digest = 6; inner.smtp.content_octets = 120; }
static void edited_proxy(void) { edited(); renumbered(&inner); }
static void edited_gap(void) { edited(); inner.conn.gaps[0] = 1; }
static void edited_open(void) { edited(); unclosed(&outer, END_EOF); }
static void edited_other(void) { edited(); inner.smtp.n_messages = 2; }
static void greeted(void) { text(&inner, &inner.smtp.banner, "another"); }
static void greeted_proxy(void) { greeted(); renumbered(&inner); }
static void said(void) { outer.tls.client_hello_digest = 3; inner.tls.client_hello_digest = 4; }
static void said_proxy(void) { said(); renumbered(&inner); }

static const struct {
	const char *name;
	void (*change)(void);
	const char *want; // of the client's side, what one tap does not tell
} tells[] = {
	{"nothing differs", same, ""},
	{"an offer taken away", strip, "starttls.stripped/certain/critical/complete "},
	{"by a proxy", strip_proxy, "starttls.stripped/certain/critical/complete "},
	{"a gap", strip_gap, "starttls.stripped/suspect/critical/gap "},
	{"two versions", strip_ambiguous, "starttls.stripped/suspect/critical/ambiguous "},
	{"nobody knows the sides", strip_sides, "starttls.stripped/suspect/critical/complete "},
	{"an offer added", added, ""},
	{"TLS all the same", with_tls, ""},
	{"the command taken away", taken, "starttls.stripped/certain/critical/complete "},
	{"a connection that broke", broken, ""},
	{"a capture that ended", taken_open, "starttls.stripped/suspect/critical/truncated "},
	{"the answer changed", answered, "starttls.stripped/certain/critical/complete "},
	{"EHLO refused before the server", refused, "starttls.stripped/probable/critical/complete "},
	{"content edited", edited, "middlebox.data-modified/certain/medium/complete "},
	{"content behind a proxy", edited_proxy, "middlebox.data-modified/suspect/medium/complete "},
	{"content with a gap", edited_gap, ""},
	{"content to an open end", edited_open, ""},
	{"other messages", edited_other, ""},
	{"another greeting", greeted, "middlebox.banner-rewritten/certain/medium/complete "},
	{"a proxy's own greeting", greeted_proxy, ""},
	{"another hello", said, "tls.hello-modified/certain/high/complete "},
	{"a proxy's own hello", said_proxy, ""},
};

static void judged(const struct pair *p, const struct facts *f, struct session *s)
{
	*s = (struct session){.facts = f};
	rules_apply(s, NULL, p);
}

static void test_tells(void **state)
{
	static const char *const rows[] = {"starttls.stripped", "middlebox.data-modified", "middlebox.banner-rewritten", "tls.hello-modified"};
	for (size_t i = 0; i < sizeof(tells) / sizeof(tells[0]); i++) {
		static struct session s, twin;
		struct pair p;
		char got[512] = "";
		both(not_offered);
		tells[i].change();
		pair_compare(&p, &(struct pair_end){.facts = &outer}, &(struct pair_end){.facts = &inner});
		judged(&p, p.client.facts, &s);
		judged(&p, p.server.facts, &twin);
		for (size_t n = 0; n < s.n_findings; n++)
			for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
				if (strcmp(s.findings[n].row->id, rows[r]) == 0) {
					const struct finding *f = &s.findings[n];
					assert_false(f->twin_tells);
					snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s/%s/%s/%s ", f->row->id, confidence_name(f->confidence),
						severity_name(f->severity), evidence_name(f->evidence));
				}
		if (strcmp(got, tells[i].want) != 0)
			fail_msg("%s:\n  got  %s\n  want %s", tells[i].name, got, tells[i].want);
		for (size_t n = 0; n < twin.n_findings; n++)
			for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++)
				if (strcmp(twin.findings[n].row->id, rows[r]) == 0)
					assert_true(twin.findings[n].twin_tells);
	}
}

// ---- the judge -----------------------------------------------------------------------------------------------

static struct judge_config two_taps(void)
{
	struct judge_config c = config_default();
	c.tls_records = false;
	c.taps[0] = (struct judge_tap){.name = "out"};
	c.taps[1] = (struct judge_tap){.name = "in"};
	c.pairs[0] = (struct judge_pair){.name = "box", .outside = 0, .inside = 1};
	c.n_pairs = 1;
	return c;
}

static const char *pair_of_line(size_t i, const char *member)
{
	const json_t *pair = json_object_get(json_object_get(told.line[i], "smtp_tls"), "pair");
	return json_string_value(json_object_get(pair, member));
}

static void test_judge_tells_once(void **state)
{
	struct judge_config c = two_taps();
	open_judge(&c);
	both(not_offered);
	strip();
	send_whole(&outer);
	assert_told("alerts do not wait, records do", "starttls.not-offered+exposure.envelope+exposure.content");
	send_whole(&inner);
	assert_int_equal(told.n, 3); // the pair's alert, two records
	assert_string_equal(told_word(0), "starttls.stripped+starttls.not-offered+exposure.envelope+exposure.content");
	assert_string_equal(pair_of_line(1, "tap"), "in");
	assert_string_equal(pair_of_line(2, "tap"), "out");
	assert_string_equal(pair_of_line(1, "name"), "box");
	assert_string_equal(pair_of_line(2, "session"),
		json_string_value(json_object_get(json_object_get(told.line[1], "smtp_tls"), "session")));
	assert_int_equal(judge_summary(judge)->paired, 1);
	assert_int_equal(judge_summary(judge)->sessions, 2);
	told_clear();
	judge_finish(judge);
	assert_int_equal(told.n, 0);
	close_judge();
}

static void test_judge_waits_no_longer(void **state)
{
	struct judge_config c = two_taps();
	open_judge(&c);
	both(upgraded);
	send_whole(&outer);
	assert_int_equal(told.n, 0);
	struct facts later = inner;
	later.birth = 9;
	later.conn.start_ns += 60 * SECOND;
	later.conn.last_ns = outer.conn.last_ns + 5 * SECOND;
	later.conn.isn[0] = 7;
	send_whole(&later);
	assert_told("five seconds", "smtp");
	judge_finish(judge);
	assert_told("the end", "smtp");
	assert_int_equal(judge_summary(judge)->unpaired, 2);
	assert_int_equal(judge_summary(judge)->paired, 0);
	close_judge();
}

static void test_judge_doubts(void **state)
{
	struct judge_config c = two_taps();
	open_judge(&c);
	both(not_offered);
	strip();
	renumbered(&inner);
	inner.conn.src_port++;
	struct facts second = inner;
	second.birth = 3;
	second.conn.src_port++;
	renumbered(&second);
	send_whole(&outer);
	send_whole(&inner);
	send_whole(&second);
	judge_finish(judge);
	assert_int_equal(judge_summary(judge)->paired, 0);
	assert_int_equal(judge_summary(judge)->unpaired, 3);
	assert_int_equal(judge_summary(judge)->pair_doubts, 3);
	close_judge();
	// Without the other one it is plain.
	open_judge(&c);
	send_whole(&outer);
	send_whole(&inner);
	judge_finish(judge);
	assert_int_equal(judge_summary(judge)->paired, 1);
	close_judge();
}

static void test_judge_full(void **state)
{
	struct judge_config c = two_taps();
	c.sessions_max = 4;
	open_judge(&c);
	both(upgraded);
	for (int i = 0; i < 20; i++) {
		outer.birth++;
		outer.conn.isn[0]++;
		send_whole(&outer);
	}
	judge_finish(judge);
	assert_int_equal(judge_summary(judge)->sessions, 20);
	assert_int_equal(judge_summary(judge)->unpaired, 20);
	close_judge();
}

// What failed at one tap is not fallen back from at the other.
static void test_judge_remembers_by_tap(void **state)
{
	struct judge_config c = two_taps();
	open_judge(&c);
	both(offered_unused);
	struct facts failed;
	rejected(&failed, 454, false);
	failed.birth = 7;
	failed.conn.isn[0] = 9;
	failed.conn.last_ns = inner.conn.start_ns - MS;
	send_whole(&failed);
	inner.birth = 8;
	send_whole(&inner);
	judge_finish(judge);
	for (size_t i = 0; i < told.n; i++)
		assert_null(strstr(told_word(i), "starttls.fallback"));
	close_judge();
}

// ---- the table -----------------------------------------------------------------------------------------------

static void test_table(void **state)
{
	struct pair_table t;
	unsigned looks = PAIR_LOOKS;
	assert_int_equal(pair_table_open(&t, 100), 0);
	uint32_t at[100];
	for (uint32_t i = 0; i < 100; i++)
		at[i] = pair_table_add(&t, &(struct pair_item){.birth = i + 1, .key = {5, 0}, .tap = i % 2});
	assert_int_equal(pair_table_add(&t, &(struct pair_item){.birth = 101}), 0);
	assert_int_equal(t.oldest, at[0]);
	size_t n = 0;
	for (uint32_t i = 0; (i = pair_table_next(&t, 0, 5, 1, i, &looks)); n++)
		assert_int_equal(pair_table_at(&t, i)->birth % 2, 0);
	assert_int_equal(n, PAIR_LOOKS / 2); // no farther than that
	assert_int_equal(looks, 0);
	looks = PAIR_LOOKS;
	assert_int_equal(pair_table_next(&t, 1, 5, 1, 0, &looks), 0);
	assert_int_equal(pair_table_next(&t, 0, 0, 1, 0, &looks), 0);
	pair_table_remove(&t, at[0]);
	pair_table_remove(&t, at[50]);
	assert_int_equal(t.oldest, at[1]);
	for (uint32_t i = 1; i < 100; i++)
		if (i != 50)
			pair_table_remove(&t, at[i]);
	assert_true(!t.oldest && !t.newest && !t.items.n_used);
	pair_table_close(&t);
	assert_int_equal(pair_table_open(&t, 0), 0);
	assert_int_equal(pair_table_next(&t, 0, 5, 1, 0, &looks), 0);
	pair_table_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_tells),
		cmocka_unit_test(test_judge_tells_once),
		cmocka_unit_test(test_judge_waits_no_longer),
		cmocka_unit_test(test_judge_doubts),
		cmocka_unit_test(test_judge_full),
		cmocka_unit_test(test_judge_remembers_by_tap),
		cmocka_unit_test(test_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

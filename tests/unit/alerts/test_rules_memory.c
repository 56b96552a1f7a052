// Findings that need several sessions: fallback after failed TLS, password guessing, servers met for the first time.
#include "alerts/memory.h"
#include "alerts/rules.h"
#include "tests/unit/alerts/facts_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SECOND 1000000000ull

static struct session session;

static const struct finding *judged(struct rules_memory *m, const struct facts *f, const char *id)
{
	session = (struct session){.facts = f};
	rules_apply(&session, m, NULL);
	for (size_t i = 0; i < session.n_findings; i++)
		if (strcmp(session.findings[i].row->id, id) == 0)
			return &session.findings[i];
	return NULL;
}

// Session `birth` began `start_s` after the first one and took a second.
static void when(struct facts *f, uint64_t birth, uint64_t start_s)
{
	f->birth = birth;
	f->conn.start_ns = FIXTURE_START_NS + start_s * SECOND;
	f->conn.last_ns = f->conn.start_ns + SECOND;
}

static void failed_after_mail(struct facts *f)
{
	rejected(f, 454, false);
	f->smtp.n_mail = 1; // 530 to it: TLS was required
	f->smtp.envelope_digest = 99;
	f->smtp.hello_digest = 5;
}

static void failed_suspect(struct facts *f)
{
	upgraded(f);
	f->tls.completed = false;
	f->tls.server_version = 0x0304;
}

static void failed_no_handshake(struct facts *f)
{
	ehlo(f, OFFER_YES);
	starttls(f, 220);
}

static void failed_refused(struct facts *f)
{
	rejected(f, 454, false);
}

static void failed_refused_gap(struct facts *f)
{
	rejected(f, 454, false);
	f->smtp.starttls_rejected_mark.quality = Q_GAP;
}

static void refused_unoffered(struct facts *f)
{
	rejected(f, 502, false);
	f->smtp.offer = OFFER_NO;
	f->smtp.starttls_unoffered = true;
}

static void midstream_appdata(struct facts *f)
{
	connection(f);
	f->conn.syn[0] = f->conn.syn[1] = false;
	f->conn.midstream = true;
	f->tls.asked = true;
	f->tls.records[0] = f->tls.records[1] = f->tls.appdata[0] = f->tls.appdata[1] = true;
}

static void nothing_failed(struct facts *f)
{
	upgraded(f);
}

static void other_server(struct facts *f)
{
	rejected(f, 454, false);
	f->conn.dst[3] = 99;
}

static const struct {
	const char *name;
	void (*first)(struct facts *f);
	uint64_t later_s;
	int want; // enum confidence, -1 none
	enum evidence evidence;
} fallbacks[] = {
	{"the same message", failed_after_mail, 7200, CONFIDENCE_CERTAIN},
	{"the same client name at once", failed_refused, 30, CONFIDENCE_CERTAIN},
	{"the same client name after an hour", failed_refused, 3600, CONFIDENCE_PROBABLE},
	{"no handshake at all", failed_no_handshake, 30, CONFIDENCE_CERTAIN},
	{"no surer than the failure", failed_suspect, 30, CONFIDENCE_SUSPECT},
	{"a client that remembers it for days", failed_after_mail, 24 * 3600 + 10, CONFIDENCE_SUSPECT},
	{"a week and a bit later", failed_after_mail, 7 * 24 * 3600 + 10, -1},
	{"before it failed: parallel connections", failed_refused, 0, -1},
	{"refused behind a hole", failed_refused_gap, 30, CONFIDENCE_SUSPECT, EVIDENCE_GAP},
	{"the middle of an encrypted session", midstream_appdata, 30, -1},
	{"asked for what was not offered", refused_unoffered, 30, -1},
	{"another server", other_server, 30, -1},
	{"the first one worked", nothing_failed, 30, -1},
};

static void fallback(void **state)
{
	for (size_t i = 0; i < sizeof(fallbacks) / sizeof(fallbacks[0]); i++) {
		struct rules_memory *m;
		struct facts a, b;

		assert_int_equal(rules_memory_open(&m), 0);
		fallbacks[i].first(&a);
		when(&a, 1, 0);
		offered_unused(&b);
		when(&b, 2, fallbacks[i].later_s);
		assert_null(judged(m, &a, "starttls.fallback-plaintext"));
		for (int n = 0; n < 2; n++) {
			const struct finding *f = judged(m, &b, "starttls.fallback-plaintext");
			if ((f ? f->confidence : -1) != fallbacks[i].want)
				fail_msg("%s: %s", fallbacks[i].name, f ? confidence_name(f->confidence) : "not found");
			if (f && f->evidence != fallbacks[i].evidence)
				fail_msg("%s: evidence %s", fallbacks[i].name, evidence_name(f->evidence));
		}
		rules_memory_close(&m);
		assert_null(m);
	}
}

// A session that fell back and was refused itself keeps its finding however often it is asked.
static void fallback_of_a_failure(void **state)
{
	struct rules_memory *m;
	struct facts a, b;

	assert_int_equal(rules_memory_open(&m), 0);
	rejected(&a, 454, false);
	when(&a, 1, 0);
	rejected(&b, 454, true);
	when(&b, 2, 10);
	judged(m, &a, "");
	for (int n = 0; n < 3; n++)
		assert_non_null(judged(m, &b, "starttls.fallback-plaintext"));
	rules_memory_close(&m);
}

// TLS that worked in between ends the pair, also for whoever asks again; and the finding names the first half.
static void fallback_after_success(void **state)
{
	struct rules_memory *m;
	struct facts a, b, ok, c;
	struct session failed = {.facts = &a, .id = "01ARZ3NDEKTSV4RRFFQ69G5FAV"};
	const struct finding *f;

	assert_int_equal(rules_memory_open(&m), 0);
	rejected(&a, 454, false);
	when(&a, 1, 0);
	rules_apply(&failed, m, NULL);
	offered_unused(&b);
	when(&b, 2, 10);
	assert_non_null(f = judged(m, &b, "starttls.fallback-plaintext"));
	assert_string_equal(f->detail, "tls_failed_before:9s:same_hello:session:01ARZ3NDEKTSV4RRFFQ69G5FAV");
	upgraded(&ok);
	when(&ok, 3, 20);
	judged(m, &ok, "");
	offered_unused(&c);
	when(&c, 4, 30);
	assert_null(judged(m, &c, "starttls.fallback-plaintext"));
	assert_non_null(judged(m, &b, "starttls.fallback-plaintext"));
	when(&ok, 5, 40);
	judged(m, &ok, "");
	assert_null(judged(m, &c, "starttls.fallback-plaintext"));
	// It failed once more.
	when(&a, 6, 50);
	judged(m, &a, "");
	when(&c, 7, 60);
	assert_non_null(judged(m, &c, "starttls.fallback-plaintext"));
	rules_memory_close(&m);
}

static void guessing(void **state)
{
	struct rules_memory *m;
	struct facts f;

	assert_int_equal(rules_memory_open(&m), 0);
	ehlo(&f, OFFER_NO);
	f.smtp.auth_mech = MECH_CRAM_MD5;
	f.smtp.n_auth = f.smtp.n_auth_failed = 3;
	// A client that is refused before it sends a secret guesses nothing, however often it tries.
	for (uint64_t birth = 100; birth < 120; birth++) {
		when(&f, birth, 1);
		assert_null(judged(m, &f, "auth.bruteforce-cleartext"));
	}
	f.smtp.auth_sent_secret = true;
	for (uint64_t birth = 1; birth <= 3; birth++) {
		when(&f, birth, birth * 10);
		assert_null(judged(m, &f, "auth.bruteforce-cleartext"));
		assert_null(judged(m, &f, "auth.bruteforce-cleartext"));
	}
	when(&f, 4, 40);
	assert_non_null(judged(m, &f, "auth.bruteforce-cleartext"));
	// The window moves on.
	when(&f, 5, 40 + 700);
	assert_null(judged(m, &f, "auth.bruteforce-cleartext"));
	// More sessions than are remembered: the sum stays bounded and the finding stays.
	for (uint64_t birth = 6; birth < 60; birth++) {
		when(&f, birth, 800);
		f.smtp.n_auth_failed = 1;
		judged(m, &f, "");
	}
	when(&f, 61, 801);
	assert_non_null(judged(m, &f, "auth.bruteforce-cleartext"));
	rules_memory_close(&m);
}

static void first_seen(void **state)
{
	struct rules_memory *m;
	struct facts f;

	assert_int_equal(rules_memory_open(&m), 0);
	not_offered(&f);
	assert_non_null(judged(m, &f, "starttls.first-seen-plain"));
	assert_non_null(judged(m, &f, "starttls.first-seen-plain"));
	when(&f, 2, 10);
	assert_null(judged(m, &f, "starttls.first-seen-plain"));
	f.conn.dst_port = 2525;
	assert_non_null(judged(m, &f, "starttls.first-seen-plain"));
	// A session that had TLS is an earlier session, too.
	upgraded(&f);
	f.conn.dst_port = 587;
	when(&f, 3, 20);
	judged(m, &f, "");
	not_offered(&f);
	f.conn.dst_port = 587;
	when(&f, 4, 30);
	assert_null(judged(m, &f, "starttls.first-seen-plain"));
	rules_memory_close(&m);
}

// Far more keys than there is room for.
static void bounded(void **state)
{
	struct rules_memory *m;
	struct facts f;

	assert_int_equal(rules_memory_open(&m), 0);
	not_offered(&f);
	for (uint32_t i = 0; i < 3 * MEMORY_SETS * MEMORY_WAYS; i++) {
		memcpy(f.conn.dst, &i, sizeof(i));
		f.conn.last_ns++;
		memory_first_seen(m, &f);
	}
	// The newest is known, the oldest is not.
	assert_true(memory_first_seen(m, &f));
	f.birth = 2;
	assert_false(memory_first_seen(m, &f));
	memset(f.conn.dst, 0, sizeof(f.conn.dst));
	assert_true(memory_first_seen(m, &f));
	rules_memory_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fallback),
		cmocka_unit_test(fallback_of_a_failure),
		cmocka_unit_test(fallback_after_success),
		cmocka_unit_test(guessing),
		cmocka_unit_test(first_seen),
		cmocka_unit_test(bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

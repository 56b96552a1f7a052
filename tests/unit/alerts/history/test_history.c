// History by its questions: what counts as a habit, what as a change, and what must not.
#include "alerts/history/history.h"
#include "alerts/rules.h"
#include "tests/unit/alerts/facts_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct history *history;
static struct rules_memory *memory;
static struct session session;
static uint64_t birth;

static void open_all(void)
{
	char error[HISTORY_ERROR];

	assert_int_equal(history_open(&history, NULL, error), 0);
	assert_int_equal(rules_memory_open(&memory), 0);
	rules_memory_use(memory, history);
	birth = 0;
}

static void close_all(void)
{
	rules_memory_close(&memory);
	history_close(&history);
	assert_null(history);
}

// Judges a session that began `hour` hours after the first, and then learns it. True when it has the finding `id`.
static bool told(struct facts *f, const struct peer *p, double hour, const char *id)
{
	bool found = false;

	f->birth = ++birth;
	f->conn.start_ns = FIXTURE_START_NS + (uint64_t)(hour * HISTORY_HOUR_NS);
	f->conn.last_ns = f->conn.start_ns + HISTORY_SECOND_NS;
	session = (struct session){.facts = f, .peer = p, .final = true};
	snprintf(session.id, sizeof(session.id), "S%025llu", (unsigned long long)birth);
	for (int n = 0; n < 2; n++) { // asking changes nothing
		rules_apply(&session, memory, NULL);
		found = false;
		for (size_t i = 0; i < session.n_findings; i++)
			found |= strcmp(session.findings[i].row->id, id) == 0;
	}
	history_learn(history, &session);
	return found;
}

static void host(struct facts *f, const char *name, const char *banner)
{
	f->smtp.ehlo_digest = 0x1001;
	f->smtp.ehlo_len = f->smtp.offer == OFFER_YES ? 114 : 100;
	text(f, &f->smtp.server_name, name);
	text(f, &f->smtp.banner, banner);
}

static void good(struct facts *f)
{
	upgraded(f);
	host(f, "mx1.rcpt.example", "mx1.rcpt.example ESMTP Postfix");
}

static void bare(struct facts *f)
{
	not_offered(f);
	host(f, "mx2.rcpt.example", "mx2.rcpt.example ESMTP Postfix");
}

static void fingerprint(struct peer *p, const char *ja4)
{
	memset(p, 0, sizeof(*p));
	snprintf(p->ja4, sizeof(p->ja4), "%s", ja4);
}

#define JA4_A "t13d1516h2_8daaf6152771_02713d6af862"
#define JA4_A_NO_SNI "t13i1515h2_8daaf6152771_02713d6af862"
#define JA4_B "t13d1516h2_9daaf6152771_02713d6af862"

static void certificate(struct peer *p, uint8_t key, const char *issuer, enum peer_trust trust)
{
	fingerprint(p, JA4_A);
	p->server.present = true;
	p->server.key = KEY_RSA;
	p->server.key_bits = 2048;
	p->server.not_before_s = INT64_MIN;
	p->server.not_after_s = INT64_MAX;
	memset(p->server.spki_sha256, key, sizeof(p->server.spki_sha256));
	snprintf(p->server.issuer, sizeof(p->server.issuer), "%s", issuer);
	p->trust = (uint8_t)trust;
}

static void at_server(struct facts *f, uint8_t net)
{
	f->conn.dst[0] = 100;
	f->conn.dst[1] = net;
}

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

// ---- TLS ---------------------------------------------------------------------------------------------------------

static void drops(void **state)
{
	struct facts f;
	struct peer p;

	open_all();
	fingerprint(&p, JA4_A);
	for (unsigned n = 0; n < 6; n++) {
		good(&f);
		handshake(&f, 0x0304, true);
		assert_false(told(&f, &p, n, "tls.version-drop"));
	}
	good(&f);
	fingerprint(&p, JA4_B); // another client program
	assert_false(told(&f, &p, 7, "tls.version-drop"));
	fingerprint(&p, JA4_A_NO_SNI); // the same one
	assert_true(told(&f, &p, 8, "tls.version-drop"));
	assert_false(told(&f, &p, 8.1, "tls.cipher-drop"));
	f.tls.suite = 0x002f; // TLS_RSA_WITH_AES_128_CBC_SHA
	assert_true(told(&f, &p, 9, "tls.cipher-drop"));
	f.tls.completed = false;
	assert_false(told(&f, &p, 10, "tls.version-drop"));
	close_all();
	// Machines that differ.
	open_all();
	for (unsigned n = 0; n < 40; n++) {
		good(&f);
		handshake(&f, n % 4 ? 0x0304 : 0x0303, true);
		assert_false(told(&f, &p, n, "tls.version-drop"));
	}
	close_all();
}

static void other_stack(void **state)
{
	struct facts f;
	struct peer p;
	char ja4[PEER_JA4_LEN + 1];

	open_all();
	fingerprint(&p, JA4_A);
	for (unsigned n = 0; n < 6; n++) {
		good(&f);
		assert_false(told(&f, &p, n, "tls.client-fingerprint-change"));
	}
	fingerprint(&p, JA4_A_NO_SNI);
	assert_false(told(&f, &p, 7, "tls.client-fingerprint-change"));
	fingerprint(&p, JA4_B);
	assert_true(told(&f, &p, 8, "tls.client-fingerprint-change"));
	assert_false(told(&f, &p, 9, "tls.client-fingerprint-change"));
	for (unsigned n = 0; n < 20; n++) { // many hosts behind one address
		snprintf(ja4, sizeof(ja4), "t13d1516h2_%012x_02713d6af862", n);
		fingerprint(&p, ja4);
		bool found = told(&f, &p, 10 + n, "tls.client-fingerprint-change");
		assert_true(n < 2 || !found);
	}
	close_all();
}

// ---- certificates ------------------------------------------------------------------------------------------------

static uint8_t severity_of(const char *id)
{
	for (size_t i = 0; i < session.n_findings; i++)
		if (strcmp(session.findings[i].row->id, id) == 0)
			return session.findings[i].severity;
	return 0xff;
}

static void key_changed(void **state)
{
	struct facts f;
	struct peer p;

	open_all();
	good(&f);
	certificate(&p, 1, "CN=R11", TRUST_OK);
	assert_false(told(&f, &p, 0, "cert.changed"));
	certificate(&p, 2, "CN=R12", TRUST_OK); // renewed
	assert_true(told(&f, &p, 1, "cert.changed"));
	assert_int_equal(severity_of("cert.changed"), SEVERITY_INFO);
	certificate(&p, 1, "CN=R11", TRUST_OK); // a pool: both are known
	assert_false(told(&f, &p, 2, "cert.changed"));
	certificate(&p, 3, "CN=E5", TRUST_OK); // for clients that know ECDSA
	p.server.key = KEY_EC;
	p.server.key_bits = 256;
	assert_false(told(&f, &p, 3, "cert.changed"));
	certificate(&p, 4, "CN=R11", TRUST_OK); // for another name
	snprintf(p.asked, sizeof(p.asked), "other.example");
	assert_false(told(&f, &p, 4, "cert.changed"));
	certificate(&p, 5, "CN=invalid2.invalid", TRUST_SELF_SIGNED);
	snprintf(p.vendor, sizeof(p.vendor), "Google");
	assert_false(told(&f, &p, 5, "cert.changed"));
	certificate(&p, 6, "CN=me", TRUST_SELF_SIGNED);
	assert_true(told(&f, &p, 6, "cert.changed"));
	assert_int_equal(severity_of("cert.changed"), SEVERITY_MEDIUM);
	close_all();
}

static void server(struct facts *f, unsigned i)
{
	char name[64], banner[96];

	snprintf(name, sizeof(name), "mx.operator-%c.example", (int)('a' + i));
	snprintf(banner, sizeof(banner), "%s ESMTP Postfix", name);
	good(f);
	at_server(f, (uint8_t)(10 + i));
	host(f, name, banner);
}

// `n` servers, each with a history of its own; then all show certificates of one issuer.
static bool intercepted(unsigned n, const char *issuer, enum peer_trust trust, bool one_operator)
{
	struct facts f;
	struct peer p;
	bool found = false;

	open_all();
	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < 6; k++) {
			server(&f, one_operator ? 0 : i);
			at_server(&f, (uint8_t)(10 + i));
			certificate(&p, (uint8_t)(1 + i), "CN=R11", TRUST_OK);
			assert_false(told(&f, &p, k + i * 0.01, "cert.mitm-suspect"));
		}
	}
	for (unsigned i = 0; i < n; i++) {
		server(&f, one_operator ? 0 : i);
		at_server(&f, (uint8_t)(10 + i));
		certificate(&p, (uint8_t)(100 + i), issuer, trust);
		found = told(&f, &p, 24 + i, "cert.mitm-suspect");
	}
	close_all();
	return found;
}

static void interception(void **state)
{
	assert_true(intercepted(3, "CN=Gateway CA", TRUST_ROOT_UNKNOWN, false));
	assert_false(intercepted(2, "CN=Gateway CA", TRUST_ROOT_UNKNOWN, false));
	assert_false(intercepted(6, "CN=R12", TRUST_OK, false)); // an authority's new intermediate
	assert_false(intercepted(6, "CN=R12", TRUST_NOT_JUDGED, false));
	assert_false(intercepted(6, "CN=Our own CA", TRUST_ROOT_UNKNOWN, true)); // one operator's decision
}

static void shared_key(void **state)
{
	struct facts f;
	struct peer p;

	open_all();
	certificate(&p, 1, "CN=box", TRUST_SELF_SIGNED);
	server(&f, 0);
	assert_false(told(&f, &p, 0, "cert.shared-key"));
	server(&f, 0); // another machine of the same
	at_server(&f, 77);
	assert_false(told(&f, &p, 1, "cert.shared-key"));
	server(&f, 1);
	assert_true(told(&f, &p, 2, "cert.shared-key"));
	server(&f, 2); // a customer's name at the same host
	at_server(&f, 10);
	f.conn.dst[3] = 9;
	certificate(&p, 2, "CN=R11", TRUST_OK);
	told(&f, &p, 3, "");
	server(&f, 3);
	at_server(&f, 10);
	assert_false(told(&f, &p, 4, "cert.shared-key"));
	certificate(&p, 3, "CN=R11", TRUST_OK); // two domains of one company, both in the certificate
	static const char sans[] = "mx.operator-e.examplemx.operator-f.example";
	memcpy(p.server.san_text, sans, sizeof(sans));
	p.server.n_sans = p.server.n_sans_kept = 2;
	p.server.san_off[1] = p.server.san_len[0] = p.server.san_len[1] = 21;
	server(&f, 4);
	told(&f, &p, 5, "");
	server(&f, 5);
	assert_false(told(&f, &p, 6, "cert.shared-key"));
	close_all();
}

// ---- the path ----------------------------------------------------------------------------------------------------

static void reset(struct facts *f, unsigned i)
{
	server(f, i);
	f->tls = (struct tls_facts){.asked = true};
	f->smtp.after_220 = AFTER_NOTHING;
	unclosed(f, END_RST);
	f->conn.rst[DIR_S2C] = true;
}

static void resets(void **state)
{
	struct facts f;

	open_all();
	for (unsigned n = 0; n < 12; n++) {
		server(&f, 0);
		told(&f, NULL, n, "");
	}
	for (unsigned n = 0; n < 4; n++) {
		reset(&f, 0);
		assert_int_equal(told(&f, NULL, 20 + n, "tcp.rst-at-starttls"), n >= 2);
	}
	close_all();
	// Always so; and three in a busy day.
	open_all();
	for (unsigned n = 0; n < 40; n++) {
		reset(&f, 0);
		assert_false(told(&f, NULL, n, "tcp.rst-at-starttls"));
	}
	close_all();
	open_all();
	for (unsigned n = 0; n < 100; n++) {
		if (n % 20 == 19)
			reset(&f, 0);
		else
			server(&f, 0);
		assert_false(told(&f, NULL, n * 0.1, "tcp.rst-at-starttls"));
	}
	close_all();
	// One client, whatever the server.
	open_all();
	for (unsigned n = 0; n < 12; n++) {
		server(&f, n);
		told(&f, NULL, n, "");
	}
	for (unsigned n = 0; n < 3; n++) {
		reset(&f, n);
		assert_int_equal(told(&f, NULL, 20 + n, "tcp.rst-at-starttls"), n == 2);
	}
	close_all();
}

// One host in place of several; a farm, which always was one; an operator that renames its hosts.
static void proxy(void **state)
{
	struct facts f;

	for (int how = 0; how < 3; how++) {
		bool found = false;
		open_all();
		for (unsigned i = 0; i < 5; i++)
			for (unsigned k = 0; k < 6; k++) {
				server(&f, how == 2 ? 0 : i);
				at_server(&f, (uint8_t)(10 + i));
				if (how == 1)
					host(&f, "mx.farm.example", "mx.farm.example ESMTP x123 - gsmtp");
				assert_false(told(&f, NULL, k + i * 0.01, "middlebox.transparent-proxy"));
			}
		for (unsigned i = 0; i < 5; i++) {
			server(&f, i);
			at_server(&f, (uint8_t)(10 + i));
			if (how == 1)
				host(&f, "mx.farm.example", "mx.farm.example ESMTP y456 - gsmtp");
			else
				host(&f, "proxy.isp.test", "proxy.isp.test ESMTP");
			found |= told(&f, NULL, 24 + i, "middlebox.transparent-proxy");
		}
		assert_int_equal(found, how == 0);
		close_all();
	}
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
		cmocka_unit_test(drops), cmocka_unit_test(other_stack), cmocka_unit_test(key_changed),
		cmocka_unit_test(interception), cmocka_unit_test(shared_key), cmocka_unit_test(resets),
		cmocka_unit_test(proxy), cmocka_unit_test(first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Conversations made by hand: SSL 2.0, retries, losses, plaintext that comes back, and who spoke first.
#include "dissect/tls/names.h"
#include "tests/unit/dissect/tls/made.h"
#include "tests/unit/dissect/tls/tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS_MAX = 12 };

static const char version13[] = "002b 0002 0304 0033 0004 001d 0000";

// One step. '>' client, '<' server; what follows:
//   H client hello, I with session id, V SSLv2 client hello      h TLS 1.2 ServerHello, e echoing the id
//   k TLS 1.3 ServerHello   p with pre_shared_key   r HelloRetryRequest   v SSLv2 server hello
//   c Certificate and ServerHelloDone   x ServerHelloDone   K ClientKeyExchange   C change_cipher_spec
//   F encrypted Finished (TLS 1.2)   f the length of a TLS 1.3 Finished   a the length of an encrypted alert
//   D application data   E early-data sized end   A fatal alert   W warning   X encrypted alert   Q a plain SMTP line
//   - followed by one of these: the same, lost.   ! lost, nobody knows how much
struct row {
	const char *name;
	const char *steps[STEPS_MAX];
	bool completed, sealed, resumed, server_first, retry, not_tls, alert_close;
	uint16_t version;
	uint8_t peer_cert;
	int alert; // + 1
	uint8_t quality;
};

static const struct row rows[] = {
	{"1.2, plain and simple", {">H", "<hc", ">KCF", "<CF", ">D", "<D"}, .completed = true, .sealed = true,
		.version = 0x0303, .peer_cert = CERT_SEEN},
	{"1.2, no data yet", {">H", "<hc", ">KCF", "<CF"}, .version = 0x0303, .peer_cert = CERT_SEEN},
	{"1.2, data of the client only", {">H", "<hc", ">KCF", "<CF", ">D"}, .completed = true, .version = 0x0303,
		.peer_cert = CERT_SEEN},
	{"1.2, False Start alone proves nothing", {">H", "<hc", ">KCFD", "<CF"}, .version = 0x0303,
		.peer_cert = CERT_SEEN},
	{"1.2, False Start, then data", {">H", "<hc", ">KCFD", "<CF", ">D", "<D"}, .completed = true, .sealed = true,
		.version = 0x0303, .peer_cert = CERT_SEEN},
	{"1.2, the server spoke first", {">H", "<hc", ">KCF", "<CF", "<D", ">D"}, .completed = true, .sealed = true,
		.server_first = true, .version = 0x0303, .peer_cert = CERT_SEEN},
	{"1.2, the server spoke first, joined with Finished", {">H", "<hc", ">KCF", "<CFD", ">D"}, .completed = true,
		.sealed = true, .server_first = true, .version = 0x0303, .peer_cert = CERT_SEEN},
	{"1.2, the server spoke first, but something is missing", {">H", "<hc", ">-D", ">KCF", "<CF", "<D", ">D"},
		.version = 0x0303, .peer_cert = CERT_SEEN, .completed = true, .sealed = true},
	{"1.2, the server spoke first, but we came late", {">H", "<hc", ">KCF", "<CF", "<D", ">D"}, .completed = true,
		.sealed = true, .version = 0x0303, .peer_cert = CERT_SEEN, .quality = Q_MIDSTREAM},
	{"1.2, resumed", {">I", "<eCF", ">CF", ">D", "<D"}, .completed = true, .sealed = true, .resumed = true,
		.version = 0x0303, .peer_cert = CERT_RESUMED},
	{"1.2, resumed by a ticket without id", {">H", "<hCF", ">CF", ">D", "<D"}, .completed = true, .sealed = true,
		.resumed = true, .version = 0x0303, .peer_cert = CERT_RESUMED},
	{"1.2, anonymous", {">I", "<hx", ">KCF", "<CF", ">D", "<D"}, .completed = true, .sealed = true,
		.version = 0x0303},
	{"1.2, id returned yet a certificate", {">I", "<ec", ">KCF", "<CF", ">D", "<D"}, .completed = true,
		.sealed = true, .version = 0x0303, .peer_cert = CERT_SEEN},
	{"1.2, the certificate may have been lost", {">H", "<h-x", ">KCF", "<CF", ">D", "<D"}, .completed = true,
		.sealed = true, .version = 0x0303},
	{"1.2, the server's CCS lost, data proves it", {">H", "<hc", ">KCF", "<-C", "<F", ">D", "<D"},
		.completed = true, .sealed = true, .version = 0x0303, .peer_cert = CERT_SEEN},
	{"1.2, both lost, data of one side proves nothing", {">H", "<hc", ">-C", "<-C", ">D"}, .version = 0x0303,
		.peer_cert = CERT_SEEN},
	{"1.2, an encrypted alert tells nothing", {">H", "<hc", ">KCF", "<CF", ">X"}, .version = 0x0303,
		.peer_cert = CERT_SEEN},
	{"1.2, a clear one, late", {">H", "<hc", ">KCF", "<CF", ">W"}, .version = 0x0303, .peer_cert = CERT_SEEN,
		.alert = 1 + 100},
	{"ServerHello lost: CCS and data still tell", {">H", "<-h", "<c", ">KCF", "<CF", ">D", "<D"}, .completed = true,
		.sealed = true, .peer_cert = CERT_SEEN},
	{"1.3, plain and simple", {">H", "<kCDD", ">Cf", ">D"}, .completed = true, .sealed = true, .version = 0x0304,
		.peer_cert = CERT_ENCRYPTED},
	{"1.3, Finished alone", {">H", "<kCDD", ">Cf", "<D"}, .version = 0x0304, .peer_cert = CERT_ENCRYPTED},
	{"1.3, alert for an answer", {">H", "<kCDD", ">Ca"}, .version = 0x0304, .peer_cert = CERT_ENCRYPTED,
		.alert_close = true},
	{"1.3, alert after Finished", {">H", "<kCDD", ">Cfa"}, .version = 0x0304, .peer_cert = CERT_ENCRYPTED,
		.alert_close = true},
	{"1.3, the server's alert", {">H", "<kCDD", ">Cf", "<a"}, .version = 0x0304, .peer_cert = CERT_ENCRYPTED,
		.alert_close = true},
	{"1.3, certificate, verify, Finished", {">H", "<kCDD", ">CDDf"}, .version = 0x0304,
		.peer_cert = CERT_ENCRYPTED},
	{"1.3, ... and data", {">H", "<kCDD", ">CDDf", ">D"}, .completed = true, .sealed = true, .version = 0x0304,
		.peer_cert = CERT_ENCRYPTED},
	{"1.3, a flight of unknown lengths", {">H", "<kCDD", ">DDD"}, .version = 0x0304, .peer_cert = CERT_ENCRYPTED},
	{"1.3, ... and a fourth", {">H", "<kCDD", ">DDDD"}, .completed = true, .sealed = true, .version = 0x0304,
		.peer_cert = CERT_ENCRYPTED},
	{"1.3, early data is not an answer", {">H", ">CDDDDDD", "<kCDD"}, .version = 0x0304,
		.peer_cert = CERT_ENCRYPTED},
	{"1.3, early data, then the flight", {">H", ">CDDDDDD", "<pCDD", ">Ef", ">D"}, .completed = true,
		.sealed = true, .resumed = true, .version = 0x0304, .peer_cert = CERT_RESUMED},
	{"1.3, early data, end of it, Finished", {">H", ">CDDDDDD", "<pCDD", ">Ef"}, .resumed = true, .version = 0x0304,
		.peer_cert = CERT_RESUMED},
	{"1.3, nothing of the server after its hello", {">H", "<k", ">CfD"}, .version = 0x0304,
		.peer_cert = CERT_ENCRYPTED},
	{"1.3, retry, CCS before the second hellos", {">H", "<rC", ">CH", "<kDD", ">fD"}, .completed = true,
		.sealed = true, .retry = true, .version = 0x0304, .peer_cert = CERT_ENCRYPTED},
	{"1.3, retry only", {">H", "<rC"}, .retry = true},
	{"1.3, ServerHello lost: data proves nothing", {">H", "<-k", "<CDD", ">CfDD"}, .version = 0},
	{"1.3, the server's flight lost", {">H", "<k", "<-D", ">CfD", "<D"}, .completed = true, .sealed = true,
		.version = 0x0304, .peer_cert = CERT_ENCRYPTED},
	{"midstream: data in both directions proves nothing", {"<!", ">!", ">D", "<D", ">D", "<D"},
		.quality = Q_MIDSTREAM},
	{"midstream in the middle of a record", {"<!", "<Q", "<D", ">!", ">Q", ">D"}, .quality = Q_MIDSTREAM},
	{"alert of the server", {">H", "<A"}, .alert = 1 + 40},
	{"a warning, then a fatal one", {">H", "<WA"}, .alert = 1 + 40},
	{"a fatal one, then a warning", {">H", "<AW"}, .alert = 1 + 40},
	{"alert, then plaintext", {">H", "<A", ">Q"}, .alert = 1 + 40, .not_tls = true},
	{"plaintext at once", {">Q"}, .not_tls = true},
	{"plaintext for a ServerHello", {">H", "<Q"}, .not_tls = true},
	{"after completion nothing is plaintext", {">H", "<hc", ">KCF", "<CF", ">D", ">Q", "<D"}, .completed = true,
		.sealed = true, .version = 0x0303, .peer_cert = CERT_SEEN},
	{"SSLv2 hello, TLS answer", {">V", "<hc", ">KCF", "<CF", ">D", "<D"}, .completed = true, .sealed = true,
		.version = 0x0303, .peer_cert = CERT_SEEN},
	{"SSLv2 both", {">V", "<v", ">Q", "<Q"}, .version = 0x0002},
};

static void add_hello(struct made *m, char what)
{
	static const char id[] = "0102030405060708";
	switch (what) {
	case 'H':
		made_client_hello(m, "", "002b 0005 04 0304 0303");
		break;
	case 'I':
		made_client_hello(m, id, NULL);
		break;
	case 'V':
		made_hex(m, "8014 01 0301 0003 0000 0008 00002f");
		made_fill(m, 8, 0xcc);
		break;
	case 'v':
		made_hex(m, "8010 04 00 01 0002 0000 0000 0005");
		made_fill(m, 5, 0xdd);
		break;
	case 'h':
		made_server_hello(m, 0x0303, NULL, "99", 0xc02f, "");
		break;
	case 'e':
		made_server_hello(m, 0x0303, NULL, id, 0xc02f, "");
		break;
	case 'k':
		made_server_hello(m, 0x0303, NULL, "", 0x1302, version13);
		break;
	case 'p':
		made_server_hello(m, 0x0303, NULL, "", 0x1302, "0029 0002 0000 002b 0002 0304 0033 0004 001d 0000");
		break;
	case 'r':
		made_server_hello(m, 0x0303, made_retry, "", 0x1302, "002b 0002 0304 0033 0002 0017");
		break;
	default:
		fail_msg("unknown step %c", what);
	}
}

static void add(struct made *m, char what)
{
	switch (what) {
	case 'c':
		made_record(m, 22, "0b 000006 000003 000000 0e 000000");
		break;
	case 'x':
		made_record(m, 22, "0e 000000");
		break;
	case 'K':
		made_record(m, 22, "10 000004 03 010203");
		break;
	case 'C':
		made_record(m, 20, "01");
		break;
	case 'F':
		made_sealed(m, 22, 40);
		break;
	case 'f':
		made_sealed(m, 23, 69);
		break;
	case 'a':
		made_sealed(m, 23, 19);
		break;
	case 'E':
		made_sealed(m, 23, 21);
		break;
	case 'D':
		made_sealed(m, 23, 96);
		break;
	case 'X':
		made_sealed(m, 21, 22);
		break;
	case 'A':
		made_record(m, 21, "02 28");
		break;
	case 'W':
		made_record(m, 21, "01 64");
		break;
	case 'Q':
		made_hex(m, "4d41494c2046524f4d3a3c3e0d0a");
		break;
	default:
		add_hello(m, what);
	}
}

static void tape_of(struct tape *t, const struct row *r)
{
	static struct made m;
	*t = (struct tape){.quality = r->quality, .end = END_FIN};
	for (size_t i = 0; r->steps[i]; i++) {
		const char *s = r->steps[i];
		enum dir d = *s++ == '>' ? DIR_C2S : DIR_S2C;
		m.len = 0;
		for (; *s; s++) {
			bool lost = *s == '-' || *s == '!';
			if (lost && m.len)
				tape_say(t, d, m.p, m.len);
			m.len = lost ? 0 : m.len;
			if (*s == '!') {
				tape_lose(t, d, 1);
				t->step[t->n - 1].unknown_gap = true;
				continue;
			}
			if (lost)
				s++;
			add(&m, *s);
			if (lost) {
				tape_lose(t, d, m.len);
				m.len = 0;
			}
		}
		if (m.len)
			tape_say(t, d, m.p, m.len);
	}
}

static bool has_gap(const struct tape *t)
{
	for (size_t i = 0; i < t->n; i++)
		if (!t->step[i].p)
			return true;
	return false;
}

static void check(const struct row *r, const struct tape_result *got)
{
	const struct tls_facts *f = &got->facts.tls;
	assert_int_equal(f->completed, r->completed);
	assert_int_equal(got->sealed, r->sealed);
	assert_int_equal(f->resumed, r->resumed);
	assert_int_equal(f->server_appdata_first, r->server_first);
	assert_int_equal(f->hello_retry, r->retry);
	assert_int_equal(f->server_version, r->version);
	assert_int_equal(f->peer_cert, r->peer_cert);
	assert_int_equal(got->not_tls[0] || got->not_tls[1], r->not_tls);
	assert_int_equal(f->alert_clear, r->alert > 0);
	assert_int_equal(f->encrypted_alert_close, r->alert_close);
	if (r->alert)
		assert_int_equal(f->alert_code, r->alert - 1);
	assert_int_equal(mark_set(&f->completed_mark), r->completed);
	if (r->completed)
		assert_true(f->client_finished_more && got->news);
	assert_int_equal(got->counter[COUNT_tls_malformed], 0);
}

static void test_rows(void **state)
{
	static struct tape_result got;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tape t;
		print_message("%s\n", rows[i].name);
		tape_of(&t, &rows[i]);
		// Out of step, a record is looked for at the start of a run: there the cuts do matter.
		if (has_gap(&t))
			tape_play(&t, TAPE_WHOLE, 2, 2, &got);
		else
			tape_play_all(&t, &got);
		check(&rows[i], &got);
		tape_free(&t);
	}
}

// Octets lost inside a record leave the machine in step, wherever they are.
static void test_gap_inside(void **state)
{
	static const struct row r = {.steps = {">H", "<hc", ">KCF", "<CF", ">D", "<D"}};
	static struct tape_result got;
	struct tape t;
	tape_of(&t, &r);
	// The server's first flight is one step: ServerHello, then a record with Certificate and ServerHelloDone.
	struct tape_step flight = t.step[1];
	size_t hello = 5 + (size_t)(flight.p[3] << 8 | flight.p[4]), cert = hello + 5;
	for (size_t from = cert + 4; from < flight.len; from++) {
		for (size_t to = from + 1; to <= flight.len; to++) {
			struct tape cut = t;
			cut.n = 0;
			cut.said[0] = cut.said[1] = 0;
			tape_say(&cut, DIR_C2S, t.step[0].p, t.step[0].len);
			tape_say(&cut, DIR_S2C, flight.p, from);
			tape_lose(&cut, DIR_S2C, to - from);
			if (to < flight.len)
				tape_say(&cut, DIR_S2C, flight.p + to, flight.len - to);
			for (size_t i = 2; i < t.n; i++)
				tape_say(&cut, t.step[i].d, t.step[i].p, t.step[i].len);
			tape_play(&cut, TAPE_WHOLE, 1, 1, &got);
			assert_true(got.facts.tls.completed && got.facts.tls.ccs[DIR_S2C]);
			assert_int_equal(got.facts.tls.suite, 0xc02f);
			assert_false(got.facts.tls.server_appdata_first);
			tape_free(&cut);
		}
	}
	tape_free(&t);
}

// The server's data overtakes the client's in the capture: no false alarm; the client's data overtakes: still told.
static void test_who_spoke_first(void **state)
{
	static const struct row answered = {.steps = {">H", "<hc", ">KCF", "<CF", ">D", "<D"}};
	static const struct row injected = {.steps = {">H", "<hc", ">KCF", "<CF", "<D", ">D"}};
	static struct tape_result got;
	for (int i = 0; i < 2; i++) {
		struct tape t;
		tape_of(&t, i ? &injected : &answered);
		struct tape_step last = t.step[t.n - 1];
		t.step[t.n - 1] = t.step[t.n - 2];
		t.step[t.n - 2] = last;
		tape_play_all(&t, &got);
		assert_int_equal(got.facts.tls.server_appdata_first, i);
		assert_true(got.facts.tls.completed);
		tape_free(&t);
	}
}

// A ServerHello without room for it: known to have come, judged by the stricter rules, its words unknown.
static void test_no_room(void **state)
{
	static const struct row r = {.steps = {">H", "<k", "<CDD", ">Cf", ">D", ">DDD"}};
	static struct tape_result got;
	struct tape t;
	tape_of(&t, &r);
	tape_play(&t, 20, 0, 0, &got);
	const struct tls_facts *f = &got.facts.tls;
	assert_true(f->server_hello && !f->client_hello && f->completed);
	assert_int_equal(f->server_version, 0);
	assert_true(f->server_hello_mark.quality & Q_TRUNC);
	assert_int_equal(got.counter[COUNT_tls_handshake_no_memory], 2);
	tape_free(&t);
}

static void test_not_tls_offset(void **state)
{
	static const struct row r = {.steps = {">H", "<A", ">WQ"}};
	static struct tape_result got;
	struct tape t;
	tape_of(&t, &r);
	tape_play_all(&t, &got);
	assert_int_equal(got.not_tls[DIR_C2S], 1 + t.step[0].len + 7);
	assert_int_equal(got.not_tls[DIR_S2C], 0);
	tape_free(&t);
}

static void test_looks_like(void **state)
{
	static const struct {
		const char *name, *octets;
		size_t len;
		bool client, server;
	} looks[] = {
		{"nothing", "", 0, true, true},
		{"one octet", "\x16", 1, true, true},
		{"a record", "\x16\x03\x01\x02\x00\x01", 6, true, true},
		{"an alert", "\x15\x03\x01\x00\x02\x02\x28", 7, true, true},
		{"the longest record", "\x17\x03\x03\x48\x00", 5, true, true},
		{"one octet longer", "\x17\x03\x03\x48\x01", 5, false, false},
		{"version 4", "\x16\x04", 2, false, false},
		{"version 3.5", "\x16\x03\x05", 3, false, false},
		{"type 25", "\x19", 1, false, false},
		{"type 19", "\x13", 1, false, false},
		{"a command", "EHLO", 4, false, false},
		{"SSLv2", "\x80\x2e\x01\x00\x02\x00", 6, true, false},
		{"SSLv2 offering 1.0", "\x80\x2e\x01\x03\x01", 5, true, false},
		{"SSLv2, half", "\x80\x2e", 2, true, false},
		{"SSLv2, too short", "\x80\x08", 2, false, false},
		{"SSLv2 server hello", "\x80\x2e\x04\x00\x01", 5, false, false},
		{"an octet of UTF-8", "\xc3\xa9\x0d", 3, false, false},
	};
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		print_message("%s\n", looks[i].name);
		assert_int_equal(
			tls_looks_like(DIR_C2S, (const uint8_t *)looks[i].octets, looks[i].len), looks[i].client);
		assert_int_equal(
			tls_looks_like(DIR_S2C, (const uint8_t *)looks[i].octets, looks[i].len), looks[i].server);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_gap_inside),
		cmocka_unit_test(test_who_spoke_first),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_not_tls_offset),
		cmocka_unit_test(test_looks_like),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

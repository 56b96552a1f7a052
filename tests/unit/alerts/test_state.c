// The state table: a row is a session and what it must be called.
#include "alerts/state.h"
#include "tests/unit/alerts/facts_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void implicit(struct facts *f)
{
	connection(f);
	f->conn.dst_port = 465;
	f->tls.implicit = f->tls.asked = true;
	handshake(f, 0x0304, true);
}

static void implicit_midstream(struct facts *f)
{
	implicit(f);
	f->conn.syn[0] = false;
	f->tls.client_hello_mark.quality = Q_MIDSTREAM;
}

static void implicit_failed(struct facts *f)
{
	implicit(f);
	f->tls.completed = false;
}

static void after_failure(struct facts *f)
{
	upgraded(f);
	f->tls.completed = false;
	mail(f, CLEAR_AFTER_HANDSHAKE_FAIL);
}

static void clear_then_tls(struct facts *f)
{
	upgraded(f);
	mail(f, CLEAR_NOT_OFFERED);
}

static void after_reject(struct facts *f)
{
	rejected(f, 454, true);
}

static void after_reject_gap(struct facts *f)
{
	rejected(f, 454, true);
	f->smtp.clear_mark[CLEAR_AFTER_REJECT].quality = Q_GAP;
	f->conn.gaps[0] = 1;
}

static void not_offered_gap(struct facts *f)
{
	not_offered(f);
	f->smtp.clear_mark[CLEAR_NOT_OFFERED].quality = Q_GAP;
}

static void not_offered_late_gap(struct facts *f)
{
	not_offered(f);
	f->conn.gaps[0] = 1;
}

static void not_offered_unacked(struct facts *f)
{
	not_offered(f);
	f->smtp.clear_mark[CLEAR_NOT_OFFERED].quality = Q_UNACKED;
}

static void not_offered_ambiguous(struct facts *f)
{
	not_offered(f);
	f->smtp.clear_mark[CLEAR_NOT_OFFERED].quality = Q_AMBIG;
}

static void worse_first(struct facts *f)
{
	not_offered(f);
	f->smtp.clear[CLEAR_HELO_ONLY] = 1;
	f->smtp.clear[CLEAR_OFFERED_UNUSED] = 1;
}

static void helo(struct facts *f)
{
	ehlo(f, OFFER_NOT_ASKED);
	f->smtp.hello = HELLO_HELO;
	f->smtp.n_ehlo = 0;
	f->smtp.n_helo = 1;
	mail(f, CLEAR_HELO_ONLY);
}

static void clear_unknown(struct facts *f)
{
	ehlo(f, OFFER_UNSEEN);
	mail(f, CLEAR_UNKNOWN);
}

static void upgraded_gap_before(struct facts *f)
{
	upgraded(f);
	f->smtp.starttls_reply_mark.quality = Q_GAP;
}

static void upgraded_ambiguous(struct facts *f)
{
	upgraded(f);
	f->conn.ambiguous = true;
}

static void upgraded_gap_after(struct facts *f)
{
	upgraded(f);
	f->conn.gaps[1] = 1;
	f->tls.completed_mark.quality = Q_GAP;
}

static void tls_without_220(struct facts *f)
{
	upgraded(f);
	f->smtp.starttls_code = 0;
	f->conn.gaps[1] = 1;
}

static void refused_tls(struct facts *f)
{
	rejected(f, 454, false);
}

static void refused_tls_eof(struct facts *f)
{
	rejected(f, 454, false);
	unclosed(f, END_EOF);
}

static void refused_tls_open(struct facts *f)
{
	rejected(f, 454, false);
	f->conn.end = END_OPEN;
}

static void greeting_refused(struct facts *f)
{
	connection(f);
	f->smtp.greeting_code = 554;
	unclosed(f, END_EOF);
}

static void probe(struct facts *f)
{
	ehlo(f, OFFER_YES);
}

static void probe_idle(struct facts *f)
{
	ehlo(f, OFFER_YES);
	unclosed(f, END_IDLE);
}

static void probe_one_sided(struct facts *f)
{
	ehlo(f, OFFER_UNSEEN);
	f->conn.pkts[1] = 0;
	f->conn.payload[1] = false;
}

static void silent_client(struct facts *f)
{
	connection(f);
	f->smtp.greeting_code = 220;
	f->conn.payload[0] = false;
}

static const struct {
	const char *name;
	void (*make)(struct facts *f);
	enum state want;
} rows[] = {
	{"TLS from the first octet", implicit, STATE_IMPLICIT_TLS},
	{"TLS met in the middle: what came before is not known", implicit_midstream, STATE_UNKNOWN_GAP},
	{"implicit TLS that failed", implicit_failed, STATE_TLS_FAILED_NO_MAIL},
	{"clear mail after a failed handshake", after_failure, STATE_PLAIN_AFTER_HANDSHAKE_FAIL},
	{"later TLS does not heal", clear_then_tls, STATE_PLAIN_NOT_OFFERED},
	{"clear mail after 454", after_reject, STATE_PLAIN_AFTER_REJECT},
	{"presence survives a gap", after_reject_gap, STATE_PLAIN_AFTER_REJECT},
	{"offered, unused", offered_unused, STATE_PLAIN_OFFERED_UNUSED},
	{"not offered", not_offered, STATE_PLAIN_NOT_OFFERED},
	{"not offered, with a hole before the mail", not_offered_gap, STATE_UNKNOWN_GAP},
	{"not offered, with a hole after the mail", not_offered_late_gap, STATE_PLAIN_NOT_OFFERED},
	{"a reply nobody acknowledged was still sent", not_offered_unacked, STATE_PLAIN_NOT_OFFERED},
	{"two versions are not a hole", not_offered_ambiguous, STATE_PLAIN_NOT_OFFERED},
	{"the first row of the table wins", worse_first, STATE_PLAIN_OFFERED_UNUSED},
	{"HELO only", helo, STATE_PLAIN_HELO_ONLY},
	{"clear, history unknown", clear_unknown, STATE_UNKNOWN_GAP},
	{"STARTTLS", upgraded, STATE_STARTTLS_OK},
	{"STARTTLS, with a hole before it", upgraded_gap_before, STATE_UNKNOWN_GAP},
	{"STARTTLS, with a hole in the ciphertext", upgraded_gap_after, STATE_STARTTLS_OK},
	{"STARTTLS in one of two versions", upgraded_ambiguous, STATE_UNKNOWN_GAP},
	{"TLS whose 220 was lost", tls_without_220, STATE_UNKNOWN_GAP},
	{"TLS refused, no mail", refused_tls, STATE_TLS_FAILED_NO_MAIL},
	{"TLS refused, then the capture ends", refused_tls_eof, STATE_UNKNOWN_GAP},
	{"TLS refused, still open", refused_tls_open, STATE_TLS_FAILED_NO_MAIL},
	{"554 greeting, however it ends", greeting_refused, STATE_REFUSED},
	{"EHLO and QUIT", probe, STATE_NO_MAIL_PROBE},
	{"EHLO and silence", probe_idle, STATE_UNKNOWN_GAP},
	{"one side", probe_one_sided, STATE_UNKNOWN_GAP},
	{"a client that said nothing", silent_client, STATE_NO_MAIL_PROBE},
};

static void states(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct facts f;
		rows[i].make(&f);
		if (state_of(&f) != rows[i].want)
			fail_msg("%s: %s, not %s", rows[i].name, state_name(state_of(&f)), state_name(rows[i].want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(states)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

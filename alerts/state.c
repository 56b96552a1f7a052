// The state table of DESIGN section 2, row by row. Rows that rest on an absence ask for complete evidence; where it
// is missing the answer is unknown_gap, whatever the remaining bytes suggest.
#include "alerts/state.h"

#include "alerts/quality.h"

// Two versions of the same octets are no missing octets: the worse version is reported, marked ambiguous.
enum { STATE_Q_MISSING = Q_GAP | Q_MIDSTREAM | Q_ONE_DIR | Q_TRUNC };

static bool seen_all(uint8_t quality)
{
	return !(quality & STATE_Q_MISSING);
}

// In order of the state table. `presence`: the clear transaction and what preceded it were both seen; nothing that
// is missing could take that away.
static const struct {
	enum clear_kind kind;
	enum state state;
	bool presence;
} clear_states[] = {
	{CLEAR_AFTER_HANDSHAKE_FAIL, STATE_PLAIN_AFTER_HANDSHAKE_FAIL, true},
	{CLEAR_AFTER_REJECT, STATE_PLAIN_AFTER_REJECT, true},
	{CLEAR_OFFERED_UNUSED, STATE_PLAIN_OFFERED_UNUSED, false},
	{CLEAR_NOT_OFFERED, STATE_PLAIN_NOT_OFFERED, false},
	{CLEAR_HELO_ONLY, STATE_PLAIN_HELO_ONLY, false},
	{CLEAR_UNKNOWN, STATE_UNKNOWN_GAP, true},
};

static enum state state_clear(const struct facts *f)
{
	for (size_t i = 0; i < sizeof(clear_states) / sizeof(clear_states[0]); i++) {
		if (!f->smtp.clear[clear_states[i].kind])
			continue;
		bool whole = clear_states[i].presence || seen_all(f->smtp.clear_mark[clear_states[i].kind].quality);
		return whole ? clear_states[i].state : STATE_UNKNOWN_GAP;
	}
	return STATE_UNKNOWN_GAP;
}

static bool starttls_ok(const struct facts *f)
{
	return f->smtp.n_starttls && f->smtp.starttls_code / 100 == 2 && f->tls.completed;
}

enum state state_of(const struct facts *f)
{
	bool clear = quality_clear_n(f) > 0;

	// A handshake in one version of the octets says nothing of the other one, unless that was read, too, and is no worse.
	bool one_version = !f->conn.ambiguous || f->path.both_read;
	if (f->tls.implicit && f->tls.completed && !clear)
		return seen_all(f->tls.client_hello_mark.quality) && one_version ? STATE_IMPLICIT_TLS : STATE_UNKNOWN_GAP;
	if (clear)
		return state_clear(f);
	// What was lost after the 220 was handshake: only what was lost before it could have been a clear transaction.
	if (starttls_ok(f))
		return seen_all(f->smtp.starttls_reply_mark.quality) && one_version ? STATE_STARTTLS_OK : STATE_UNKNOWN_GAP;
	// Nothing was found. Where octets came in two versions the other one may hold it; where the server answered what was not
	// read as a command, that may be it.
	// A handshake of SSL 2.0 does not show whether it was completed.
	bool whole = seen_all(quality_of_end(f)) && one_version && !f->smtp.n_astray && !f->tls.sslv2_kind;
	if ((f->smtp.n_starttls || f->tls.implicit) && !f->tls.completed && whole)
		return STATE_TLS_FAILED_NO_MAIL;
	if (f->smtp.greeting_code >= 400)
		return STATE_REFUSED;
	return whole ? STATE_NO_MAIL_PROBE : STATE_UNKNOWN_GAP;
}

// Rules on the moment between "220 go ahead" and an encrypted session, and on what a client does after it failed.
// RFC 3207 4.1, RFC 8446 6.
#include "alerts/rules/rule.h"

#include <stdio.h>

enum { UPGRADE_TLS13 = 0x0304, UPGRADE_FATAL = 2 };

// "Then nothing followed" is told at the end only. Where the capture stops, the table was full or the tuple was used
// again, nothing can be said at all, unless the client had closed its side; after silence it is a suspicion.
static bool ended(const struct facts *f)
{
	return f->conn.end == END_IDLE || (f->conn.end != END_OPEN && quality_client_ended(f));
}

// What was lost may be the rest of the handshake: then only an alert shows that it failed. Octets that were cut off at
// the end are another question, ended().
static bool lost_some(const struct facts *f)
{
	return quality_of_conn(f) & (Q_GAP | Q_ONE_DIR | Q_TRUNC);
}

static void outcome(char *what, struct mark *at, const char *word, const struct mark *m)
{
	if (what)
		snprintf(what, FINDING_DETAIL_MAX, "%s", word);
	if (at && m)
		*at = *m;
}

// A fatal alert, in clear or opened with a key log. False: none.
static bool failed_by_alert(const struct rule_input *in, char *what, struct mark *at)
{
	const struct tls_facts *t = in->tls;
	const struct peer *p = in->peer;
	bool clear = t->alert_clear && t->alert_level == UPGRADE_FATAL;
	uint8_t dir = clear ? t->alert_dir : p->alert_dir, code = clear ? t->alert_code : p->alert_code;
	char word[FINDING_DETAIL_MAX];
	if (!clear && !(p->alert_seen && p->alert_level == UPGRADE_FATAL))
		return false;
	snprintf(word, sizeof(word), "tls_alert:%s:%u%s", dir == DIR_C2S ? "client" : "server", code, clear ? "" : ":encrypted");
	outcome(what, at, word, clear ? &t->alert_mark : &t->server_hello_mark);
	return true;
}

enum confidence rule_handshake_failed(const struct rule_input *in, char *what, struct mark *at)
{
	const struct facts *f = in->facts;
	const struct tls_facts *t = &f->tls;
	bool hello = t->client_hello || t->sslv2_hello;
	// Records without a hello are the middle of a connection, unless its beginning was seen.
	bool started = hello || (t->records[DIR_C2S] && !quality_of_conn(f));

	if (t->completed || !(t->asked || t->implicit) || !started)
		return CONFIDENCE_UNVERIFIABLE;
	if (failed_by_alert(in, what, at))
		return CONFIDENCE_CERTAIN;
	if (!ended(f) || lost_some(f) || t->sslv2_kind) // SSL 2.0 does not show when its handshake is complete
		return CONFIDENCE_UNVERIFIABLE;
	if (f->smtp.n_astray && !t->records[DIR_S2C]) { // the client's octets may have been no TLS, but looked like it
		outcome(what, at, "server_went_on_in_smtp", &f->smtp.unmatched_mark);
		return CONFIDENCE_SUSPECT;
	}
	const struct mark *last = mark_set(&t->server_hello_mark) ? &t->server_hello_mark : &t->client_hello_mark;
	// Under TLS 1.3 the end of the handshake is encrypted: sizes and silence are all there is.
	if (t->encrypted_alert_close || t->server_version == UPGRADE_TLS13) {
		outcome(what, at, t->encrypted_alert_close ? "encrypted_alert_then_close" : "closed_before_client_data", last);
		return CONFIDENCE_SUSPECT;
	}
	if (t->ccs[DIR_C2S] && t->ccs[DIR_S2C]) { // whole, and then nothing: who only looks at the certificate
		outcome(what, at, "closed_after_finished", last);
		return CONFIDENCE_SUSPECT;
	}
	outcome(what, at, "closed_before_finished", last);
	return confidence_absence(CONFIDENCE_CERTAIN, quality_of_end(f));
}

enum confidence rule_no_handshake(const struct facts *f)
{
	const struct smtp_facts *m = &f->smtp;

	if (m->starttls_code / 100 != 2 || f->tls.records[DIR_C2S] || f->tls.client_hello || f->tls.sslv2_hello)
		return CONFIDENCE_UNVERIFIABLE;
	// What was lost before these octets may have been the ClientHello.
	if (m->after_220 == AFTER_OTHER)
		return confidence_absence(CONFIDENCE_CERTAIN, quality_answered(&m->after_220_mark));
	if (m->after_220 != AFTER_NOTHING || !ended(f) || lost_some(f))
		return CONFIDENCE_UNVERIFIABLE;
	return confidence_absence(CONFIDENCE_CERTAIN, quality_of_end(f));
}

// Whoever hangs up first has ended it. Where both did at once, or only one reset is known, the reset decides.
static bool closed_by_server(const struct conn_facts *n)
{
	if (n->closed_first != CLOSED_UNKNOWN)
		return n->closed_first == CLOSED_BY_SERVER;
	return (n->fin[DIR_S2C] || n->rst[DIR_S2C]) && !n->fin[DIR_C2S] && !n->rst[DIR_C2S];
}

bool rule_starttls_no_handshake(const struct rule_input *in, struct claim *c)
{
	enum confidence sure = rule_no_handshake(in->facts);
	bool octets = in->smtp->after_220 == AFTER_OTHER;

	if (sure == CONFIDENCE_UNVERIFIABLE)
		return false;
	if (octets)
		claim_at_upgrade(c, in->facts, &in->smtp->after_220_mark);
	else
		claim_absent(c, sure, quality_of_end(in->facts));
	claim_frame(c, &in->smtp->starttls_mark);
	claim_frame(c, &in->smtp->starttls_reply_mark);
	if (octets || in->conn->end == END_IDLE) {
		claim_detail(c, "after_220:%s", octets ? "no_tls_octets" : session_end_name(in->conn->end));
		return true;
	}
	bool server = closed_by_server(in->conn);
	if (rule_injected_fault(in->facts) == FAULT_RESET)
		c->subject = SUBJECT_PATH;
	else if (server)
		c->subject = SUBJECT_SERVER;
	claim_detail(c, "after_220:%s:%s_closed", session_end_name(in->conn->end), server ? "server" : "client");
	return true;
}

bool rule_plaintext_after_220(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (m->after_220 != AFTER_VERB)
		return false;
	claim_at_upgrade(c, in->facts, &m->after_220_mark);
	claim_frame(c, &m->starttls_reply_mark);
	claim_detail(c, "smtp_verb_after_220");
	return true;
}

bool rule_starttls_handshake_failed(const struct rule_input *in, struct claim *c)
{
	char what[FINDING_DETAIL_MAX];
	struct mark at = {0};
	enum confidence sure = rule_handshake_failed(in, what, &at);

	if (sure == CONFIDENCE_UNVERIFIABLE)
		return false;
	if ((in->tls->alert_clear || in->peer->alert_seen) && sure == CONFIDENCE_CERTAIN) {
		claim_seen(c, &at);
	} else {
		claim_absent(c, sure, quality_of_end(in->facts));
		if (rule_injected_fault(in->facts) == FAULT_RESET)
			c->subject = SUBJECT_PATH;
	}
	claim_conflict(c, in->facts);
	claim_frame(c, &in->tls->client_hello_mark);
	claim_frame(c, &at);
	c->severity = rule_severity_if(in->smtp->clear[CLEAR_AFTER_HANDSHAKE_FAIL], SEVERITY_HIGH);
	claim_detail(c, "%s", what);
	return true;
}

// Notes for later sessions of the same pair whether TLS failed or worked. Refusals are seen; the rest as the rules above
// say.
static void remember_outcome(const struct rule_input *in)
{
	const struct smtp_facts *m = in->smtp;
	enum confidence sure = rule_handshake_failed(in, NULL, NULL);
	enum confidence none = rule_no_handshake(in->facts);
	uint8_t quality = quality_of_end(in->facts);

	if (in->tls->completed) {
		memory_tls_worked(in->memory, in->facts);
		return;
	}
	if (none > sure)
		sure = none;
	// Who asks for what was not offered is told no; that is no failure.
	if (m->starttls_rejected_code && !m->starttls_unoffered) {
		quality = quality_answered(&m->starttls_rejected_mark) | (quality_of_conn(in->facts) & Q_AMBIG);
		sure = confidence_absence(CONFIDENCE_CERTAIN, quality);
	}
	if (sure != CONFIDENCE_UNVERIFIABLE)
		memory_tls_failed(in->memory, in->facts,
			&(struct memory_failed){.confidence = sure, .quality = quality, .fault = rule_injected_fault(in->facts),
				.session = in->session});
}

bool rule_fallback_plaintext(const struct rule_input *in, struct claim *c)
{
	struct memory_fallback a;

	if (!in->memory)
		return false;
	bool found = quality_clear_n(in->facts) && memory_fallback(in->memory, in->facts, in->session, &a);
	remember_outcome(in);
	if (!found)
		return false;
	claim_clear_mail(c, in);
	bool same = a.same_envelope || (a.same_hello && a.ago_ns <= MEMORY_AT_ONCE_NS);
	claim_cap(c, same ? CONFIDENCE_CERTAIN : CONFIDENCE_PROBABLE);
	// The pair is no surer than the failure it starts from.
	claim_cap(c, a.confidence);
	c->quality |= a.quality;
	if (a.nogo) { // it may have other reasons by now
		claim_cap(c, CONFIDENCE_SUSPECT);
		c->severity_most = SEVERITY_MEDIUM;
	}
	// The session's id leads to the other half: `postwacht explain`.
	claim_detail(c, "tls_failed_before:%llus%s%s%s%s", (unsigned long long)(a.ago_ns / 1000000000),
		a.same_envelope ? ":same_envelope" : "", a.same_hello ? ":same_hello" : "", a.session[0] ? ":session:" : "", a.session);
	return true;
}

bool rule_early_clienthello(const struct rule_input *in, struct claim *c)
{
	if (!in->smtp->early_clienthello)
		return false;
	claim_seen(c, &in->tls->client_hello_mark);
	claim_frame(c, &in->smtp->starttls_mark);
	claim_frame(c, &in->smtp->starttls_reply_mark);
	claim_detail(c, "clienthello_before_220");
	return true;
}

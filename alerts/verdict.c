// The verdict table of DESIGN section 2, identity and dane beside it, and the ordered reasons.
#include "alerts/state.h"

#include "alerts/expect/dane.h"
#include "alerts/quality.h"
#include "alerts/weak.h"
#include "dissect/tls/names.h"

#include <stdarg.h>
#include <stdio.h>

enum { VERDICT_SMTP_PORT = 25, VERDICT_SSL3 = 0x0300 };

// Under TLS 1.3, after an unlinked resumption and in clear there is nothing to compare.
static enum identity identity_unseen(const struct session *s)
{
	return session_peer_cert(s) == CERT_SEEN ? IDENTITY_UNKNOWN : IDENTITY_NOT_OBSERVABLE;
}

static enum identity identity_by_dane(const struct session *s)
{
	if (s->expect.outcome == DANE_OUTCOME_MATCH)
		return IDENTITY_VERIFIED;
	if (dane_contradicts(s->expect.outcome))
		return s->expect.notes & NOTE_NAME_OPEN ? IDENTITY_UNKNOWN : IDENTITY_MISMATCH;
	return identity_unseen(s);
}

// RFC 8461 4.2, and what an operator asks for: a path to the trust store, in its time, with the host's name.
static enum identity identity_by_pkix(const struct session *s)
{
	if (s->expect.sts_mx_unlisted)
		return IDENTITY_MISMATCH;
	switch (peer_pkix(s->peer, s->expect.sts_names, conn_start_s(&s->facts->conn))) {
	case PKIX_VALID:
		return IDENTITY_VERIFIED;
	case PKIX_INVALID:
		return IDENTITY_MISMATCH;
	case PKIX_UNKNOWN:
		break;
	}
	return identity_unseen(s);
}

static enum identity identity_of(const struct session *s)
{
	const struct expectation *e = &s->expect;

	if (e->level == EXPECT_UNKNOWN)
		return identity_unseen(s);
	if (!e->identity_required)
		return IDENTITY_NOT_REQUIRED;
	enum identity i = e->level == EXPECT_DANE ? identity_by_dane(s) : identity_by_pkix(s);
	// A mere suspicion of a promise neither clears nor condemns; nor does the promise of one of several domains.
	if (i == IDENTITY_VERIFIED || i == IDENTITY_MISMATCH) {
		bool deferred = e->promise == PROMISE_BOGUS || e->promise == PROMISE_INDETERMINATE; // RFC 8461 2: no way around DANE
		if (e->confidence <= CONFIDENCE_SUSPECT || (i == IDENTITY_VERIFIED && (e->n_unknown || deferred)))
			return IDENTITY_UNKNOWN;
	}
	return i;
}

static enum dane dane_compared(const struct session *s)
{
	switch (identity_by_dane(s)) {
	case IDENTITY_VERIFIED:
		return DANE_MATCH;
	case IDENTITY_MISMATCH:
		return s->expect.confidence <= CONFIDENCE_SUSPECT ? DANE_UNVERIFIABLE : DANE_MISMATCH;
	default:
		return DANE_UNVERIFIABLE;
	}
}

// RFC 7672 speaks of MTA to MTA on port 25 only. An expectation from another source says nothing about TLSA records.
static enum dane dane_of(const struct session *s)
{
	static const enum dane plain[] = {[PROMISE_UNKNOWN] = DANE_UNKNOWN, [PROMISE_NONE] = DANE_NONE, [PROMISE_INSECURE] = DANE_INSECURE,
		[PROMISE_INDETERMINATE] = DANE_INDETERMINATE, [PROMISE_BOGUS] = DANE_BOGUS};
	const struct expectation *e = &s->expect;

	if (s->facts->conn.dst_port != VERDICT_SMTP_PORT)
		return DANE_NOT_APPLICABLE;
	if (e->promise < PROMISE_UNUSABLE)
		return plain[e->promise];
	if (!s->facts->tls.completed) // that it was not encrypted is known only where nothing is missing
		return s->state == STATE_UNKNOWN_GAP && !quality_clear_n(s->facts) ? DANE_UNKNOWN : DANE_NOT_ENCRYPTED;
	return e->promise == PROMISE_UNUSABLE ? DANE_UNUSABLE : dane_compared(s);
}

static enum verdict classify(const struct session *s)
{
	const struct facts *f = s->facts;
	bool mail = quality_clear_n(f) > 0;

	if (mail && s->expect.enforced)
		return VERDICT_CLEAR_AGAINST_POLICY;
	if (mail || f->smtp.n_auth > 0)
		return VERDICT_CLEAR;
	if (f->tls.completed) {
		if (s->identity == IDENTITY_MISMATCH)
			return VERDICT_MISMATCH;
		if (weak_of(s))
			return VERDICT_WEAK;
		// Where octets came in two versions a good handshake is one of them, and the worse one may not be known.
		if (f->conn.ambiguous && !f->path.both_read)
			return VERDICT_INCONCLUSIVE;
		return s->identity == IDENTITY_VERIFIED ? VERDICT_VERIFIED : VERDICT_ENCRYPTED;
	}
	return s->state == STATE_UNKNOWN_GAP ? VERDICT_INCONCLUSIVE : VERDICT_NO_MAIL;
}

// ---- why: tokens in the order of the dialogue, then what was not seen, then policy ----

__attribute__((format(printf, 2, 3))) static void why(struct session *s, const char *format, ...)
{
	if (s->n_why == SESSION_WHY_MAX)
		return;
	va_list args;
	va_start(args, format);
	vsnprintf(s->why[s->n_why++], SESSION_WHY_LEN, format, args);
	va_end(args);
}

static void why_hello(struct session *s)
{
	static const char *const offers[] = {
		[OFFER_UNSEEN] = "ehlo_reply_unseen",
		[OFFER_NO] = "ehlo_no_starttls",
		[OFFER_YES] = "ehlo_starttls",
		[OFFER_MASKED] = "ehlo_starttls_masked",
		[OFFER_MALFORMED] = "ehlo_starttls_malformed",
	};
	const struct smtp_facts *m = &s->facts->smtp;

	if (m->greeting_code >= 400)
		why(s, "greeting:%u", m->greeting_code);
	if (m->ehlo_refused_code)
		why(s, "ehlo_refused:%u", m->ehlo_refused_code);
	else if (m->offer > OFFER_NOT_ASKED && m->offer <= OFFER_MALFORMED)
		why(s, "%s", offers[m->offer]);
	else if (m->n_helo)
		why(s, "helo_only");
}

static void why_starttls(struct session *s)
{
	const struct smtp_facts *m = &s->facts->smtp;

	if (m->n_starttls == 0 && m->n_mail_ok > 0)
		why(s, "starttls_not_sent");
	if (m->n_starttls && m->starttls_rejected_code)
		why(s, "starttls_reply:%u", m->starttls_rejected_code);
	if (m->n_starttls && m->starttls_code && m->starttls_code != m->starttls_rejected_code)
		why(s, "starttls_reply:%u", m->starttls_code);
	// While the session is open the answer may still come.
	if (m->n_starttls && !m->starttls_code && !m->starttls_rejected_code && s->facts->conn.end != END_OPEN)
		why(s, "starttls_no_reply");
}

// Over, or past the point where TLS could have started: before that, "not completed" would be said of every handshake.
static bool tls_settled(const struct facts *f)
{
	return f->conn.end != END_OPEN || (f->tls.alert_clear && f->tls.alert_level == 2) || f->smtp.after_220 == AFTER_VERB ||
	       f->smtp.after_220 == AFTER_OTHER || f->smtp.clear[CLEAR_AFTER_HANDSHAKE_FAIL];
}

static void why_weak(struct session *s)
{
	const struct tls_facts *t = &s->facts->tls;
	uint16_t weak = weak_of(s);
	bool suites = t->server_hello && t->server_version >= VERDICT_SSL3;

	if (weak & 1 << WEAK_VERSION)
		why(s, "tls_version:0x%04x", t->server_version);
	if (t->sslv2_kind)
		why(s, "sslv2_cipher:0x%06x", t->sslv2_kind);
	if (suites && tls_suite_is_weak(t->suite))
		why(s, "tls_suite_weak:0x%04x", t->suite);
	if (suites && tls_suite_is_anon(t->suite))
		why(s, "tls_suite_anonymous:0x%04x", t->suite);
	if (t->rsa_export_bits)
		why(s, "tls_rsa_export:%u", t->rsa_export_bits);
	if (weak & 1 << WEAK_DH)
		why(s, "tls_dh:%u", t->dh_bits);
	if (weak & 1 << WEAK_RSA)
		why(s, "tls_rsa:%u", weak_rsa_bits(s));
}

static void why_tls(struct session *s)
{
	const struct tls_facts *t = &s->facts->tls;

	if (t->implicit)
		why(s, "tls_first_octet");
	if (t->alert_clear && !t->completed)
		why(s, "tls_alert:%u", t->alert_code);
	if (t->asked && !t->completed && tls_settled(s->facts))
		why(s, "tls_not_completed");
	if (!t->completed)
		return;
	why(s, "tls_completed");
	why_weak(s);
}

static void why_blind(struct session *s)
{
	const struct conn_facts *c = &s->facts->conn;
	uint8_t q = quality_of_conn(s->facts);

	if (q & Q_GAP)
		why(s, "gap:%u", c->gaps[0] + c->gaps[1]);
	if (q & Q_ONE_DIR)
		why(s, "one_direction");
	if (q & Q_MIDSTREAM)
		why(s, "midstream");
	if (quality_cut(s->facts))
		why(s, "truncated:%s", c->snaplen_cut ? "snaplen" : c->evicted_bytes ? "memory" : session_end_name(c->end));
	if (q & Q_AMBIG)
		why(s, "ambiguous");
	if (s->facts->smtp.n_astray)
		why(s, "replies_without_command:%u", s->facts->smtp.n_astray);
}

void verdict_of(struct session *s)
{
	const struct smtp_facts *m = &s->facts->smtp;

	s->identity = identity_of(s);
	s->dane = dane_of(s);
	s->verdict = classify(s);
	s->n_why = 0;
	why_hello(s);
	why_starttls(s);
	why_tls(s);
	if (quality_clear_n(s->facts))
		why(s, "mail_accepted_in_clear:%u", quality_clear_n(s->facts));
	if (m->n_auth)
		why(s, "auth_in_clear:%u", m->n_auth);
	why_blind(s);
	if (s->expect.level != EXPECT_UNKNOWN)
		why(s, "%s:%s", s->expect.enforced ? "policy_enforced" : "policy", expect_level_name(s->expect.level));
}

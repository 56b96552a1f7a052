// Rules on DANE: what DNS promised of this server, and whether it happened. RFC 7672, 7671, 6698. Only between mail servers
// on port 25; what the promise is, and how sure that is, was decided before (alerts/expect/decide.c).
#include "alerts/rules/expect.h"

#include "alerts/expect/dane.h"

#include <stdio.h>
#include <string.h>

enum { DANE_AFTER_TLS_MAIL = 400 }; // octets of a client inside TLS: EHLO and QUIT stay below, a message does not

static bool relay(const struct rule_input *in)
{
	return in->conn->dst_port == EXPECT_SMTP_PORT && in->conn->role != ROLE_LMTP;
}

static bool promises_tls(const struct rule_input *in)
{
	return relay(in) && in->expect->promise >= PROMISE_UNUSABLE;
}

static bool usable(const struct rule_input *in)
{
	return relay(in) && in->expect->promise == PROMISE_USABLE;
}

// What was shown fits no record.
bool rule_dane_contradicted(const struct rule_input *in)
{
	return usable(in) && !(in->expect->notes & NOTE_NAME_OPEN) && dane_contradicts(in->expect->outcome);
}

void claim_promise(const struct rule_input *in, struct claim *c)
{
	if (c->confidence == CONFIDENCE_UNVERIFIABLE)
		c->confidence = CONFIDENCE_CERTAIN;
	claim_cap(c, (enum confidence)in->expect->confidence);
}

// A fact about the domain or its host: it rests on DNS, not on packets.
static bool domain_fact(const struct rule_input *in, struct claim *c, bool holds)
{
	if (!holds)
		return false;
	claim_promise(in, c);
	claim_detail(c, "%s:tlsa:%u:usable:%u", in->expect->mx[0] ? in->expect->mx : in->expect->domain, in->expect->tlsa_n,
		in->expect->tlsa_usable);
	return true;
}

static bool why_fact(const struct rule_input *in, struct claim *c, bool holds)
{
	const struct expectation *e = in->expect;
	if (!holds)
		return false;
	claim_promise(in, c);
	claim_detail(c, "%.40s:%.50s", e->mx[0] ? e->mx : e->domain, e->what);
	return true;
}

// ---- TLS at all ----------------------------------------------------------------------------------------------

bool rule_expect_not_offered(const struct rule_input *in)
{
	const struct smtp_facts *m = in->smtp;
	bool lacks = m->offer == OFFER_NO || m->offer == OFFER_MASKED;
	return lacks && !in->tls->completed && in->conn->role != ROLE_LMTP;
}

bool rule_dane_not_offered(const struct rule_input *in, struct claim *c)
{
	if (!promises_tls(in) || !rule_expect_not_offered(in))
		return false;
	claim_absent(c, CONFIDENCE_CERTAIN, quality_answered(&in->smtp->offer_mark));
	claim_promise(in, c);
	claim_frame(c, &in->smtp->offer_mark);
	// A tarpit speaks no ESMTP and takes no mail: nothing went wrong yet.
	if (rule_tarpit(in))
		c->severity = SEVERITY_LOW;
	claim_detail(c, "%.60s:tlsa:%u:ehlo_no_starttls", in->expect->mx, in->expect->tlsa_n);
	return true;
}

bool rule_dane_plaintext(const struct rule_input *in, struct claim *c)
{
	if (!promises_tls(in) || !quality_clear_n(in->facts))
		return false;
	claim_clear_mail(c, in);
	claim_promise(in, c);
	claim_detail(c, "%.60s:tlsa:%u:mail_in_clear", in->expect->mx[0] ? in->expect->mx : in->expect->domain, in->expect->tlsa_n);
	return true;
}

// ---- the certificate -----------------------------------------------------------------------------------------

static bool shown(const struct rule_input *in, struct claim *c, bool holds)
{
	const struct tls_facts *t = in->tls;
	if (!holds)
		return false;
	claim_seen(c, mark_set(&t->certificate_mark) ? &t->certificate_mark : &t->server_hello_mark);
	claim_promise(in, c);
	// A chain that somebody sent earlier, in a session that this one goes back to.
	claim_detail(c, "%.44s:%s%.36s", in->expect->mx, in->peer->chain_inherited ? "resumed:" : "", in->expect->what);
	return true;
}

bool rule_dane_mismatch(const struct rule_input *in, struct claim *c)
{
	uint8_t o = in->expect->outcome;
	return shown(in, c, rule_dane_contradicted(in) && (o == DANE_OUTCOME_MISMATCH || o == DANE_OUTCOME_TA_CHAIN));
}

bool rule_dane_ta_missing(const struct rule_input *in, struct claim *c)
{
	return shown(in, c, rule_dane_contradicted(in) && in->expect->outcome == DANE_OUTCOME_TA_MISSING);
}

bool rule_dane_ta_name(const struct rule_input *in, struct claim *c)
{
	return shown(in, c, rule_dane_contradicted(in) && in->expect->outcome == DANE_OUTCOME_TA_NAME);
}

bool rule_dane_ta_expired(const struct rule_input *in, struct claim *c)
{
	return shown(in, c, rule_dane_contradicted(in) && in->expect->outcome == DANE_OUTCOME_TA_DATE);
}

bool rule_dane_ok(const struct rule_input *in, struct claim *c)
{
	return shown(in, c, usable(in) && in->tls->completed && in->expect->outcome == DANE_OUTCOME_MATCH);
}

static const char *why_unverifiable(const struct rule_input *in)
{
	const struct tls_facts *t = in->tls;
	if (in->expect->notes & NOTE_NAME_OPEN)
		return "recipient_hidden";
	if (in->expect->outcome == DANE_OUTCOME_COSTLY)
		return "chain_not_opened";
	if (t->resumed)
		return "resumed";
	return t->server_version >= 0x0304 ? "tls13" : "certificate_not_seen";
}

bool rule_dane_unverifiable(const struct rule_input *in, struct claim *c)
{
	if (!usable(in) || !in->tls->completed || in->expect->outcome == DANE_OUTCOME_MATCH || rule_dane_contradicted(in))
		return false;
	c->confidence = CONFIDENCE_UNVERIFIABLE;
	claim_frame(c, &in->tls->server_hello_mark);
	claim_detail(c, "%.60s:%s", in->expect->mx, why_unverifiable(in));
	return true;
}

// ---- what the client made of it ------------------------------------------------------------------------------

static bool quit_inside_tls(const struct rule_input *in)
{
	return in->tls->completed && in->conn->end == END_FIN && in->conn->after_seal[DIR_C2S] < DANE_AFTER_TLS_MAIL;
}

static bool refusing_alert(const struct rule_input *in)
{
	static const uint8_t codes[] = {42, 43, 45, 46, 48, 80}; // about certificates; 40, 70 and 71 are about ciphers
	const struct tls_facts *t = in->tls;
	bool clear = t->alert_clear && t->alert_dir == DIR_C2S;
	bool opened = in->peer->alert_seen && in->peer->alert_dir == DIR_C2S;
	return (clear && memchr(codes, t->alert_code, sizeof(codes))) || (opened && memchr(codes, in->peer->alert_code, sizeof(codes)));
}

bool rule_dane_sender_refused(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	bool alert = refusing_alert(in);
	bool hidden = t->encrypted_alert_close && !t->completed;
	if (!usable(in) || quality_clear_n(in->facts) || !(alert || hidden || (rule_dane_contradicted(in) && quit_inside_tls(in))))
		return false;
	claim_seen(c, alert && mark_set(&t->alert_mark) ? &t->alert_mark : &t->server_hello_mark);
	claim_cap(c, hidden && !alert ? CONFIDENCE_SUSPECT : CONFIDENCE_PROBABLE);
	claim_promise(in, c);
	claim_detail(c, "%.60s:%s", in->expect->mx, alert ? "client_alert" : hidden ? "encrypted_alert_then_close" : "no_mail_inside_tls");
	return true;
}

bool rule_dane_not_validating(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	bool went_on = rule_dane_contradicted(in) && t->completed && in->conn->after_seal[DIR_C2S] >= DANE_AFTER_TLS_MAIL;
	bool no_sni = t->client_hello && !(t->client_ext & TLS_EXT_SERVER_NAME) && t->completed;
	if (!usable(in) || !(quality_clear_n(in->facts) || went_on || no_sni))
		return false;
	if (quality_clear_n(in->facts))
		claim_clear_mail(c, in);
	else
		claim_seen(c, went_on ? &t->completed_mark : &t->client_hello_mark);
	// How much went inside TLS counts from where the handshake was seen to end: with something missing that may be too early.
	bool measured = went_on && !(quality_of_conn(in->facts) & (Q_GAP | Q_ONE_DIR | Q_MIDSTREAM));
	if (!quality_clear_n(in->facts))
		claim_cap(c, measured ? CONFIDENCE_PROBABLE : CONFIDENCE_SUSPECT);
	if (!quality_clear_n(in->facts) && !went_on)
		c->severity = SEVERITY_INFO;
	claim_promise(in, c);
	claim_detail(c, "%.60s:%s", in->expect->mx,
		quality_clear_n(in->facts) ? "mail_in_clear" : went_on ? "went_on_after_mismatch" : "no_sni");
	return true;
}

// ---- what is published ---------------------------------------------------------------------------------------

bool rule_dane_unusable_all(const struct rule_input *in, struct claim *c)
{
	return domain_fact(in, c, relay(in) && in->expect->promise == PROMISE_UNUSABLE);
}

bool rule_dane_unusable_some(const struct rule_input *in, struct claim *c)
{
	return domain_fact(in, c, usable(in) && in->expect->tlsa_usable < in->expect->tlsa_n);
}

bool rule_dane_agility(const struct rule_input *in, struct claim *c)
{
	return domain_fact(in, c, usable(in) && in->expect->notes & NOTE_AGILITY);
}

bool rule_dane_rollover(const struct rule_input *in, struct claim *c)
{
	bool holds = shown(in, c, usable(in) && in->expect->notes & NOTE_ROLLOVER);
	claim_cap(c, CONFIDENCE_PROBABLE);
	return holds;
}

bool rule_dane_no_rollover(const struct rule_input *in, struct claim *c)
{
	return domain_fact(in, c, usable(in) && in->expect->notes & NOTE_TLSA_SINGLE);
}

bool rule_dane_bogus(const struct rule_input *in, struct claim *c)
{
	return why_fact(in, c, relay(in) && in->expect->promise == PROMISE_BOGUS);
}

bool rule_dane_indeterminate(const struct rule_input *in, struct claim *c)
{
	return why_fact(in, c, relay(in) && in->expect->promise == PROMISE_INDETERMINATE);
}

bool rule_dane_insecure_mx(const struct rule_input *in, struct claim *c)
{
	return domain_fact(in, c, relay(in) && in->expect->notes & NOTE_MX_INSECURE);
}

bool rule_dane_denial(const struct rule_input *in, struct claim *c)
{
	return why_fact(in, c, relay(in) && in->expect->notes & NOTE_DENIAL_BROKEN);
}

bool rule_dane_mx_elsewhere(const struct rule_input *in, struct claim *c)
{
	if (!relay(in) || !(in->expect->notes & NOTE_MX_ELSEWHERE))
		return false;
	claim_seen(c, &in->smtp->mail_mark);
	claim_cap(c, in->expect->notes & NOTE_STALE ? CONFIDENCE_SUSPECT : CONFIDENCE_PROBABLE);
	if (in->direction == DIRECTION_OUTBOUND)
		c->severity = SEVERITY_HIGH;
	claim_detail(c, "%.70s:not_an_address_of_its_mx", in->expect->domain);
	return true;
}

bool rule_dane_mx_cname(const struct rule_input *in, struct claim *c)
{
	return domain_fact(in, c, relay(in) && in->expect->notes & NOTE_MX_CNAME);
}

// Told where there is a promise that somebody could believe to hold here.
bool rule_dane_submission(const struct rule_input *in, struct claim *c)
{
	if (relay(in) || in->conn->role != ROLE_SUBMISSION || in->expect->promise < PROMISE_UNUSABLE)
		return false;
	claim_promise(in, c);
	claim_detail(c, "%.60s:port:%u", in->expect->mx, in->conn->dst_port);
	return true;
}

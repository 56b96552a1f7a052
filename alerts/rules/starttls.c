// Rules on the offer: what the server said about STARTTLS and what the client made of it. RFC 3207 4, RFC 5321 4.1.1.1.
#include "alerts/rules/rule.h"

// Octets that a claim "no STARTTLS in the last EHLO reply before this mail" rests on. The client's next command
// acknowledged the reply.
static uint8_t offer_quality(const struct smtp_facts *m, enum clear_kind kind)
{
	return quality_answered(&m->offer_mark) | quality_answered(&m->clear_mark[kind]);
}

bool rule_not_offered(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	// A malformed offer is an offer, and LMTP has a row of its own. A client that tries all the same changes nothing.
	bool tried = m->starttls_unoffered && (m->offer == OFFER_NO || m->offer == OFFER_MASKED);
	enum clear_kind kind = tried && !m->clear[CLEAR_NOT_OFFERED] ? CLEAR_AFTER_REJECT : CLEAR_NOT_OFFERED;
	if (!m->clear[kind] || m->offer == OFFER_MALFORMED || in->conn->role == ROLE_LMTP)
		return false;
	claim_absent(c, CONFIDENCE_CERTAIN, offer_quality(m, kind));
	claim_frame(c, &m->offer_mark);
	claim_frame(c, &m->clear_mark[kind]);
	c->severity = rule_severity_if(rule_enforced(in), SEVERITY_HIGH);
	if (rule_clear_subject(in) == SUBJECT_PATH)
		c->subject = SUBJECT_PATH;
	if (rule_tarpit(in) && !rule_enforced(in))
		c->severity = SEVERITY_INFO;
	claim_detail(c, "ehlo_no_starttls%s%s", rule_tarpit(in) ? ":no_keywords:no_message_taken" : "",
		in->side == TAP_CLIENT ? ":or_removed_behind_tap" : "");
	return true;
}

bool rule_offered_unused(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!m->clear[CLEAR_OFFERED_UNUSED] || in->conn->role == ROLE_LMTP)
		return false;
	claim_absent(c, CONFIDENCE_CERTAIN, offer_quality(m, CLEAR_OFFERED_UNUSED));
	claim_frame(c, &m->offer_mark);
	claim_frame(c, &m->clear_mark[CLEAR_OFFERED_UNUSED]);
	c->severity = rule_severity_if(rule_enforced(in), SEVERITY_HIGH);
	if (rule_clear_subject(in) == SUBJECT_PATH)
		c->subject = SUBJECT_PATH;
	claim_detail(c, "starttls_not_sent%s", in->side == TAP_SERVER ? ":or_removed_before_tap" : "");
	return true;
}

// That octets were overwritten is plain. That they were STARTTLS is likely when the mask is as long as the keyword,
// and settled when the same box left its mark elsewhere in the dialogue.
bool rule_masked_keyword(const struct rule_input *in, struct claim *c)
{
	enum { STARTTLS_LEN = 8 };
	const struct smtp_facts *m = in->smtp;
	if (m->offer != OFFER_MASKED)
		return false;
	claim_seen(c, &m->offer_mark);
	if (m->masked.len != STARTTLS_LEN)
		claim_cap(c, CONFIDENCE_SUSPECT);
	else if (!m->greeting_masked && !m->n_mangled && !m->n_masked_lines)
		claim_cap(c, CONFIDENCE_PROBABLE);
	claim_conflict(c, in->facts);
	claim_detail(c, "masked:%.*s", m->masked.len < 32 ? m->masked.len : 32,
		(const char *)facts_text(in->facts, m->masked));
	return true;
}

bool rule_ehlo_refused(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!m->ehlo_refused_code || !m->n_helo || !m->clear[CLEAR_HELO_ONLY])
		return false;
	claim_at_upgrade(c, in->facts, &m->ehlo_refused_mark);
	claim_frame(c, &m->helo_mark);
	claim_frame(c, &m->clear_mark[CLEAR_HELO_ONLY]);
	// Only history could show that this server takes EHLO otherwise; a single session cannot know. A masked banner says
	// that the client's own workaround for a filtering firewall may be at work.
	c->severity = rule_enforced(in) ? SEVERITY_HIGH : SEVERITY_LOW;
	if (m->greeting_masked || m->n_mangled)
		c->subject = SUBJECT_PATH;
	claim_detail(c, "ehlo_refused:%u", m->ehlo_refused_code);
	return true;
}

bool rule_helo_only(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (m->n_ehlo || !m->clear[CLEAR_HELO_ONLY])
		return false;
	claim_absent(c, CONFIDENCE_CERTAIN, quality_answered(&m->clear_mark[CLEAR_HELO_ONLY]));
	claim_frame(c, &m->helo_mark);
	claim_frame(c, &m->clear_mark[CLEAR_HELO_ONLY]);
	if (m->greeting_masked)
		c->subject = SUBJECT_PATH;
	claim_detail(c, m->n_helo ? "helo_only" : "no_hello");
	return true;
}

bool rule_not_offered_but_sent(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	bool works = m->starttls_code / 100 == 2;
	if (!m->starttls_unoffered || (m->offer != OFFER_NO && m->offer != OFFER_MASKED))
		return false;
	claim_absent(c, CONFIDENCE_CERTAIN, quality_answered(&m->offer_mark) | quality_answered(&m->starttls_mark));
	claim_conflict(c, in->facts);
	claim_frame(c, &m->offer_mark);
	claim_frame(c, &m->starttls_mark);
	claim_frame(c, &m->starttls_reply_mark);
	c->severity = works ? SEVERITY_HIGH : SEVERITY_LOW;
	c->subject = works ? SUBJECT_PATH : SUBJECT_CLIENT;
	if (m->starttls_code)
		claim_detail(c, "starttls_reply:%u", m->starttls_code);
	else
		claim_detail(c, in->conn->end == END_OPEN ? "no_reply_so_far" : "no_reply_seen");
	return true;
}

bool rule_required_530(const struct rule_input *in, struct claim *c)
{
	if (!in->smtp->n_530)
		return false;
	claim_seen(c, &in->smtp->mark_530);
	claim_detail(c, "replies_530:%u", in->smtp->n_530);
	return true;
}

bool rule_first_seen_plain(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	// Asked for every server that spoke: an earlier session that had TLS, or no mail, is an earlier session.
	bool first = in->memory && in->conn->payload[DIR_S2C] && memory_first_seen(in->memory, in->facts) &&
		     history_first(in->history, in->facts, in->session);
	if (!first || !m->clear[CLEAR_NOT_OFFERED] || in->conn->role == ROLE_LMTP)
		return false;
	claim_absent(c, CONFIDENCE_CERTAIN, offer_quality(m, CLEAR_NOT_OFFERED));
	claim_frame(c, &m->clear_mark[CLEAR_NOT_OFFERED]);
	claim_detail(c, "no_earlier_session");
	return true;
}

// A host that is called STARTTLS may say so on line 1; that is a flaw only when no proper offer follows.
bool rule_offer_malformed(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	bool beside = m->offer == OFFER_YES && (m->offer_flaws & ~FLAW_LINE_1);
	if (m->offer != OFFER_MALFORMED && !beside)
		return false;
	claim_at_upgrade(c, in->facts, &m->offer_mark);
	claim_detail(c, "offer_flaws%s%s%s%s%s", m->offer_flaws & FLAW_LINE_1 ? ":line_1" : "",
		m->offer_flaws & FLAW_PARAMETER ? ":parameter" : "", m->offer_flaws & FLAW_CODE ? ":code" : "",
		m->offer_flaws & FLAW_BARE_LF ? ":bare_lf" : "", m->offer_flaws & FLAW_AFTER_LAST ? ":after_last" : "");
	return true;
}

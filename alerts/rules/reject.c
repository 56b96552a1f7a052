// Rules on STARTTLS that was sent and did not get its 220: refused, answered oddly, rewritten on the way. RFC 3207 4.
#include "alerts/rules/rule.h"

// Worse when mail went out in clear afterwards, little when a later try worked.
static uint8_t reject_severity(const struct rule_input *in)
{
	if (in->smtp->clear[CLEAR_AFTER_REJECT] || (rule_enforced(in) && quality_clear_n(in->facts)))
		return SEVERITY_HIGH;
	return in->tls->completed ? SEVERITY_LOW : SEVERITY_MEDIUM;
}

static void rejected(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	claim_at_upgrade(c, in->facts, &m->starttls_rejected_mark);
	claim_frame(c, &m->starttls_mark);
	claim_frame(c, &m->clear_mark[CLEAR_AFTER_REJECT]);
	c->severity = reject_severity(in);
	claim_detail(c, "starttls_reply:%u", m->starttls_rejected_code);
}

// A refusal contradicts the offer made in the same session. Without an offer it is what the client asked for.
static bool contradicts_offer(const struct smtp_facts *m)
{
	return !m->starttls_unoffered && m->offer != OFFER_NOT_ASKED;
}

bool rule_rejected_temp(const struct rule_input *in, struct claim *c)
{
	if (in->smtp->starttls_rejected_code / 100 != 4 || !contradicts_offer(in->smtp))
		return false;
	rejected(in, c);
	return true;
}

// A refused parameter or a STARTTLS inside a transaction is the client's own mistake.
bool rule_rejected_perm(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (m->starttls_rejected_code / 100 != 5 || !contradicts_offer(m))
		return false;
	if ((m->starttls_rejected_code == 501 && m->starttls_parameter) ||
	    (m->starttls_rejected_code == 503 && m->starttls_in_mail))
		return false;
	rejected(in, c);
	// The server that offers and then does not know the verb has most likely never seen it.
	if (m->starttls_rejected_code == 500 || m->starttls_rejected_code == 502)
		c->subject = SUBJECT_PATH;
	return true;
}

bool rule_rejected_odd(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!m->starttls_odd_code)
		return false;
	claim_at_upgrade(c, in->facts, mark_set(&m->starttls_reply_mark) ? &m->starttls_reply_mark : &m->starttls_rejected_mark);
	claim_frame(c, &m->starttls_mark);
	c->severity = rule_severity_if(quality_clear_n(in->facts) && rule_enforced(in), SEVERITY_HIGH);
	claim_detail(c, "starttls_reply:%u", m->starttls_odd_code);
	return true;
}

// Some servers have private verbs that are runs of X: those are answered 2xx or 3xx.
bool rule_command_mangled(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!m->n_mangled || (m->mangled_code >= 200 && m->mangled_code < 400) ||
	    (!m->mangled_code && in->conn->end == END_OPEN))
		return false;
	claim_at_upgrade(c, in->facts, &m->mangled_mark);
	if (!m->mangled_code)
		claim_absent(c, CONFIDENCE_PROBABLE, quality_of_end(in->facts));
	if (m->mangled_code)
		claim_detail(c, "mangled_octets:%u:reply:%u", m->mangled_len, m->mangled_code);
	else
		claim_detail(c, "mangled_octets:%u:no_reply_seen", m->mangled_len);
	return true;
}

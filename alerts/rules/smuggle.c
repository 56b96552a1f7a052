// Rules on odd line ends and the ends of data they imitate: SMTP smuggling. RFC 5321 2.3.8, 4.1.1.4.
#include "alerts/rules/rule.h"

#include <inttypes.h>

bool rule_eod_variant(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!m->eod_variants)
		return false;
	claim_in_context(c, &m->eod_mark);
	// Senders dot-stuff this one by themselves: claims of smuggling by it are false.
	if (!(m->eod_variants & ~EOD_CRLF_CRCRLF))
		c->severity = SEVERITY_INFO;
	claim_detail(c, "eod_variants:0x%03x", m->eod_variants);
	return true;
}

// Mails quote transcripts; what makes it an attempt is the odd end of data right before the verb.
bool rule_smuggle_attempt(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!m->eod_then_verb)
		return false;
	claim_in_context(c, &m->eod_verb_mark);
	claim_frame(c, &m->eod_mark);
	claim_cap(c, CONFIDENCE_PROBABLE);
	claim_detail(c, "eod_variants:0x%03x:then_verb", m->eod_variants);
	return true;
}

// Replies without commands prove the effect, unless the commands were lost to us.
bool rule_smuggle_success(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!m->eod_effect)
		return false;
	claim_absent(c, CONFIDENCE_CERTAIN, quality_answered(&m->eod_effect_mark) & (uint8_t)~Q_MIDSTREAM);
	claim_frame(c, &m->eod_mark);
	claim_frame(c, &m->eod_verb_mark);
	claim_frame(c, &m->eod_effect_mark);
	claim_detail(c, "eod_variants:0x%03x:answered", m->eod_variants);
	return true;
}

bool rule_bare_lf(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!m->bare_lf_command && !m->bare_lf_data)
		return false;
	claim_in_context(c, &m->line_end_mark);
	c->severity = rule_severity_if(m->bare_lf_command > 0, SEVERITY_MEDIUM);
	claim_detail(c, "bare_lf:commands:%" PRIu32 ":data:%" PRIu32, m->bare_lf_command, m->bare_lf_data);
	return true;
}

bool rule_bare_cr(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!m->bare_cr_command && !m->bare_cr_data)
		return false;
	claim_in_context(c, &m->line_end_mark);
	claim_detail(c, "bare_cr:commands:%" PRIu32 ":data:%" PRIu32, m->bare_cr_command, m->bare_cr_data);
	return true;
}

// Rules on the marks that filtering boxes leave in the dialogue.
#include "alerts/rules/rule.h"

bool rule_banner_rewritten(const struct rule_input *in, struct claim *c)
{
	if (!in->smtp->greeting_masked)
		return false;
	claim_seen(c, &in->smtp->greeting_mark);
	claim_detail(c, "banner_masked");
	return true;
}

// X runs are the box itself; a standard verb called unknown may also be a very small server.
bool rule_command_filter(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	bool mangled = m->n_mangled && !(m->mangled_code >= 200 && m->mangled_code < 400);

	if (!mangled && !m->filtered_code)
		return false;
	if (mangled && m->mangled_code)
		claim_in_context(c, &m->mangled_mark);
	else if (mangled)
		claim_absent(c, CONFIDENCE_CERTAIN, quality_answered(&m->mangled_mark) | quality_of_end(in->facts));
	if (mangled)
		claim_frame(c, &m->mangled_mark);
	if (m->filtered_code) {
		claim_in_context(c, &m->filtered_mark);
		claim_cap(c, mangled ? CONFIDENCE_CERTAIN : CONFIDENCE_PROBABLE);
		claim_detail(c, "verb:%.*s:reply:%u", m->filtered_verb.len < 16 ? m->filtered_verb.len : 16,
			(const char *)facts_text(in->facts, m->filtered_verb), m->filtered_code);
	} else {
		claim_detail(c, "mangled_commands:%u", m->n_mangled);
	}
	return true;
}

bool rule_pix_dotcrlf(const struct rule_input *in, struct claim *c)
{
	if (!(in->smtp->oddities & ODD_PIX_DOT))
		return false;
	claim_seen(c, &in->smtp->odd_mark[ODD_AT_PIX_DOT]);
	claim_cap(c, CONFIDENCE_SUSPECT);
	claim_detail(c, "end_of_data_split");
	return true;
}

bool rule_proxy_header(const struct rule_input *in, struct claim *c)
{
	if (!(in->smtp->oddities & (ODD_PROXY_V1 | ODD_PROXY_V2)))
		return false;
	claim_seen(c, &in->smtp->odd_mark[ODD_AT_PROXY]);
	claim_detail(c, "proxy_v%c", in->smtp->oddities & ODD_PROXY_V2 ? '2' : '1');
	return true;
}

// Rules on the marks that filtering boxes leave in the dialogue.
#include "alerts/rules/rule.h"

// Two taps on one connection: the server's greeting and what came of it.
static bool banner_differs(const struct rule_input *in, struct claim *c)
{
	const struct pair *p = in->pair;
	if (!p || p->proxy || !(p->differs & PAIR_BANNER))
		return false;
	claim_pair(in, c, &p->client.facts->smtp.greeting_mark, &p->server.facts->smtp.greeting_mark);
	claim_detail(c, p->client.facts->smtp.greeting_masked ? "banner_masked:two_taps" : "banner_differs:two_taps");
	return true;
}

bool rule_banner_rewritten(const struct rule_input *in, struct claim *c)
{
	if (banner_differs(in, c))
		return true;
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

// A relay between the taps adds lines of its own, and says so in them: behind a proxy it is a suspicion.
bool rule_data_modified(const struct rule_input *in, struct claim *c)
{
	const struct pair *p = in->pair;

	if (!p || !(p->differs & PAIR_CONTENT))
		return false;
	claim_pair(in, c, &p->client.facts->smtp.content_mark, &p->server.facts->smtp.content_mark);
	if (p->proxy)
		claim_cap(c, CONFIDENCE_SUSPECT);
	claim_detail(c, "content_differs:messages:%u:octets:%+lld%s", p->client.facts->smtp.n_messages,
		(long long)(p->server.facts->smtp.content_octets - p->client.facts->smtp.content_octets), p->proxy ? ":proxy" : "");
	return true;
}

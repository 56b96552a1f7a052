// What the operator knows of a session's ends: its direction, and who is left in peace.
#include "alerts/judge_private.h"

#include "alerts/quality.h"

#include <string.h>

enum { NAME_LEN = 256 };

enum direction judge_direction(const struct inventory *inventory, const struct conn_facts *c)
{
	if (!inventory_knows_own(inventory))
		return DIRECTION_UNKNOWN;
	bool src = inventory_own(inventory, c->src, c->ip_v);
	bool dst = inventory_own(inventory, c->dst, c->ip_v);

	if (src)
		return dst ? DIRECTION_INTERNAL : DIRECTION_OUTBOUND;
	return dst ? DIRECTION_INBOUND : DIRECTION_TRANSIT;
}

// Recipients' domains as they are looked up. The sender's never counts: whoever wants to be left in peace could claim it.
// Nor does a recipient's before one was accepted, nor some of them where not all are known.
static size_t recipients(const struct session *s, char text[FACTS_RCPT_DOMAINS][NAME_LEN], const char *names[FACTS_RCPT_DOMAINS])
{
	const struct smtp_facts *m = &s->facts->smtp;

	if (!m->n_rcpt && s->expect.domain[0]) {
		names[0] = s->expect.domain;
		return 1;
	}
	if (!m->n_rcpt_ok || m->n_rcpt_domains_all != m->n_rcpt_domains)
		return 0;
	for (size_t i = 0; i < m->n_rcpt_domains; i++) {
		inventory_name(text[i], facts_text(s->facts, m->rcpt_domain[i]), m->rcpt_domain[i].len);
		names[i] = text[i];
	}
	return m->n_rcpt_domains;
}

static bool asked(const struct inventory *inventory, const struct session *s, struct inventory_answer *out)
{
	char text[FACTS_RCPT_DOMAINS][NAME_LEN];
	const char *names[FACTS_RCPT_DOMAINS];
	const struct conn_facts *c = &s->facts->conn;
	struct inventory_ask ask = {.src = c->src, .dst = c->dst, .ip_v = c->ip_v, .time_s = conn_start_s(c),
		.domains = names, .domains_open = c->end == END_OPEN};

	if (!inventory || !inventory_configured(inventory)->exempt.n)
		return false;
	ask.n_domains = recipients(s, text, names);
	inventory_exempt(inventory, &ask, out);
	return true;
}

void judge_exempt(const struct inventory *inventory, struct session *s)
{
	struct inventory_answer a;

	if (!asked(inventory, s, &a))
		return;
	for (size_t i = 0; i < s->n_findings; i++) {
		size_t row = (size_t)(s->findings[i].row - catalogue);
		if (a.exempt[row / 8] & 1 << row % 8)
			s->findings[i].exempt = EXEMPT_YES;
		else if (a.perhaps[row / 8] & 1 << row % 8)
			s->findings[i].exempt = EXEMPT_PERHAPS;
	}
}

void judge_count_exempt(const struct inventory *inventory, const struct session *s, struct judge_summary *sum)
{
	struct inventory_answer a;
	bool kept_back = false;

	for (size_t i = 0; i < s->n_findings; i++)
		kept_back |= s->findings[i].exempt == EXEMPT_YES && s->findings[i].severity > SEVERITY_INFO;
	sum->exempted += kept_back;
	if (!s->n_findings || !asked(inventory, s, &a) || !a.any_ended)
		return;
	for (size_t i = 0; i < INVENTORY_EXEMPT_MAX; i++)
		sum->exemption_ended[i] += (a.ended[i / 8] & 1 << i % 8) != 0;
}

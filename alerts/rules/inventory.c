// Rules that need to know whose hosts are whose: the operator's inventory. Where it says nothing, nothing is told.
#include "alerts/rules/rule.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { PORT_SMTP = 25 };

// What the mail has to do with a sensitive partner, and how sure that is.
struct inventory_tie {
	struct inventory_peer peer;
	enum confidence confidence; // unverifiable: nothing
	const char *how;
};

static void take(struct inventory_tie *best, const struct inventory_peer *p, enum confidence confidence, const char *how)
{
	if (p->sensitive && confidence > best->confidence)
		*best = (struct inventory_tie){*p, confidence, how};
}

// The partner's networks at the other end. A network that several entries share may be another's.
static void by_address(const struct rule_input *in, struct inventory_tie *best)
{
	const struct conn_facts *n = in->conn;
	struct inventory_peer p;

	if (inventory_partner_at(in->inventory, n->dst, n->ip_v, &p))
		take(best, &p, p.shared ? CONFIDENCE_SUSPECT : CONFIDENCE_CERTAIN, "to_network");
	if (inventory_partner_at(in->inventory, n->src, n->ip_v, &p))
		take(best, &p, p.shared ? CONFIDENCE_SUSPECT : CONFIDENCE_CERTAIN, "from_network");
}

// A recipient there. With others refused, or not seen to be accepted, the content may not have been for this one.
static void by_recipient(const struct rule_input *in, struct inventory_tie *best)
{
	const struct smtp_facts *m = in->smtp;
	bool all = m->n_rcpt_ok && m->n_rcpt_ok == m->n_rcpt;

	for (size_t i = 0; i < m->n_rcpt_domains; i++) {
		char name[256];
		struct inventory_peer p;
		inventory_name(name, facts_text(in->facts, m->rcpt_domain[i]), m->rcpt_domain[i].len);
		if (inventory_partner(in->inventory, name, &p))
			take(best, &p, all ? CONFIDENCE_CERTAIN : CONFIDENCE_SUSPECT, "recipient");
	}
}

// Anybody may claim to send for a partner: a claim, and none where the partner's networks are known and this is not one.
static void by_sender(const struct rule_input *in, struct inventory_tie *best)
{
	const struct smtp_facts *m = in->smtp;
	struct inventory_peer p;
	char name[256];

	if (!m->from_domain.len)
		return;
	inventory_name(name, facts_text(in->facts, m->from_domain), m->from_domain.len);
	if (inventory_partner(in->inventory, name, &p) && !p.has_networks)
		take(best, &p, CONFIDENCE_SUSPECT, "sender");
}

// For a detail: printable, without spaces.
static void spell(char *out, size_t room, const char *text)
{
	size_t n = 0;

	for (; *text && n + 1 < room; text++)
		out[n++] = isgraph((unsigned char)*text) ? *text : '_';
	out[n] = '\0';
}

bool rule_sensitive_peer(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	struct inventory_tie tie = {.confidence = CONFIDENCE_UNVERIFIABLE};

	if (!quality_clear_n(in->facts) || !m->n_messages || !m->content_octets)
		return false;
	by_address(in, &tie);
	by_recipient(in, &tie);
	by_sender(in, &tie);
	if (tie.confidence == CONFIDENCE_UNVERIFIABLE)
		return false;
	claim_seen(c, &m->content_mark);
	claim_cap(c, tie.confidence);
	if (m->content_guessed)
		claim_cap(c, CONFIDENCE_SUSPECT);
	claim_frame(c, &m->mail_ok_mark);
	c->subject = rule_clear_subject(in);
	char domain[49], owner[25];
	spell(domain, sizeof(domain), tie.peer.domain);
	spell(owner, sizeof(owner), tie.peer.owner);
	claim_detail(c, "%s:%s%s%s", tie.how, domain, owner[0] ? ":" : "", owner);
	return true;
}

bool rule_unexpected_sender(const struct rule_input *in, struct claim *c)
{
	const struct conn_facts *n = in->conn;
	const struct smtp_facts *m = in->smtp;

	if (n->dst_port != PORT_SMTP || in->direction != DIRECTION_OUTBOUND || !inventory_knows_senders(in->inventory) ||
	    inventory_sender(in->inventory, n->src, n->ip_v))
		return false;
	// A port scan is no mail: somebody greeted, or tried to send.
	if (m->hello == HELLO_NONE && !m->n_mail)
		return false;
	claim_seen(c, m->hello == HELLO_NONE ? &m->mail_mark : &m->helo_mark);
	if (n->server_guessed)
		claim_cap(c, CONFIDENCE_SUSPECT);
	claim_detail(c, "not_in_inventory.senders:mail:%s", quality_clear_n(in->facts) ? "in_clear" : m->n_mail ? "tried" : "not_seen");
	return true;
}

// What a trusted proxy says of a client is believed: whoever may say it can claim to be anybody.
bool rule_xclient_untrusted(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	const struct conn_facts *n = in->conn;
	bool xclient = m->oddities & ODD_XCLIENT;

	if (!(m->oddities & (ODD_XCLIENT | ODD_XFORWARD)) || !inventory_knows_own(in->inventory) || rule_loopback(n))
		return false;
	if (inventory_own(in->inventory, n->src, n->ip_v) || inventory_sender(in->inventory, n->src, n->ip_v))
		return false;
	claim_in_context(c, &m->odd_mark[ODD_AT_XCLIENT]);
	// Between two strangers it is not ours to say who trusts whom.
	if (!inventory_own(in->inventory, n->dst, n->ip_v) || n->server_guessed)
		claim_cap(c, CONFIDENCE_SUSPECT);
	bool offered = m->caps & (xclient ? CAP_XCLIENT : CAP_XFORWARD);
	claim_detail(c, "%s:%s", xclient ? "xclient" : "xforward", offered ? "offered" : "not_offered");
	return true;
}

// What should have happened in a session, from everything the judge knows: policy, the inventory, DNS on the tap.
#include "alerts/judge_private.h"

#include <stdio.h>
#include <string.h>

#include "alerts/expect/decide.h"
#include "alerts/expect/name.h"

enum { EXPECT_OWN_NAMES = 8 };

const struct expectation judge_enforced = {.level = EXPECT_OPERATOR, .enforced = true, .confidence = CONFIDENCE_CERTAIN};

// What a client of DNS on the tap learned of this server's address before the session began.
static size_t hints_of_dns(const struct judge *j, struct candidate_hint *out, const struct facts *f)
{
	struct seen_host seen[SEEN_HOSTS_MAX];
	size_t n = seen_hosts(j->seen, &f->conn, f->conn.start_ns, seen, SEEN_HOSTS_MAX), kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct candidate_hint *h = &out[kept];
		*h = (struct candidate_hint){.source = CANDIDATE_PDNS, .sure = seen[i].own_resolver};
		// What was asked is a name of the wire like any other.
		if (!name_from_wire(h->host, (const uint8_t *)seen[i].host, strlen(seen[i].host)))
			continue;
		if (seen[i].domain[0])
			name_from_wire(h->domain, (const uint8_t *)seen[i].domain, strlen(seen[i].domain));
		kept++;
	}
	return kept;
}

// Names of our own mail host at this address.
static size_t hints_of_inventory(const struct judge *j, struct candidate_hint *out, const struct facts *f)
{
	const char *names[EXPECT_OWN_NAMES];
	size_t n = inventory_mx_name(j->inventory, f->conn.dst, f->conn.ip_v, f->conn.dst_port, names, EXPECT_OWN_NAMES);

	n = n < EXPECT_OWN_NAMES ? n : EXPECT_OWN_NAMES;
	for (size_t i = 0; i < n; i++) {
		out[i] = (struct candidate_hint){.source = CANDIDATE_INVENTORY, .sure = true};
		snprintf(out[i].host, sizeof(out[i].host), "%s", names[i]);
	}
	return n;
}

size_t judge_hints(struct judge *j, struct candidate_hint out[JUDGE_HINTS_MAX], const struct facts *f)
{
	size_t n = hints_of_inventory(j, out, f);
	return n + hints_of_dns(j, out + n, f);
}

// What was agreed with a partner who is a recipient, or whose host is one of the two: the strictest of them.
static void ask_operator(const struct judge *j, struct decide_input *in, const struct facts *f)
{
	struct inventory_peer found[FACTS_RCPT_DOMAINS + 2];
	char name[256];
	size_t n = 0;

	for (size_t i = 0; i < f->smtp.n_rcpt_domains; i++) {
		inventory_name(name, facts_text(f, f->smtp.rcpt_domain[i]), f->smtp.rcpt_domain[i].len);
		n += name[0] && inventory_partner(j->inventory, name, &found[n]);
	}
	n += inventory_partner_at(j->inventory, f->conn.dst, f->conn.ip_v, &found[n]);
	n += inventory_partner_at(j->inventory, f->conn.src, f->conn.ip_v, &found[n]);
	in->operator_requires = n > 0;
	for (size_t i = 0; i < n; i++)
		in->operator_identity |= found[i].level == INVENTORY_VERIFY;
	if (n)
		in->operator_domain = found[0].domain;
}

void judge_expect(struct judge *j, struct expectation *out, const struct facts *f, const struct peer *peer)
{
	struct candidate_hint hints[JUDGE_HINTS_MAX];

	*out = (struct expectation){0};
	if (!j->config.store)
		return;
	struct decide_input in = {.facts = f, .peer = peer, .store = j->config.store, .cert = judge_peers_cert(j->peers),
		.dane = judge_peers_dane(j->peers), .hints = hints};
	const struct store_counts known = store_counts(j->config.store);
	ask_operator(j, &in, f);
	if (!in.operator_requires && !known.domains && !known.hosts)
		return; // most captures: nobody promised anything that we know of
	in.n_hints = judge_hints(j, hints, f);
	decide(out, &in);
}

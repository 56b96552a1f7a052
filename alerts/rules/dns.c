// Rules on what a sender asked DNS and was told, for the names of the server it went to (in->hosts).
//
// What was seen of DNS is what the sender was made to believe; policy is what our own resolver validated. Claims rest on
// answers that were seen, never on one that was not: a packet that is lost takes a claim away and makes none.
#include "alerts/rules/rule.h"

#include "alerts/expect/store.h"

#include <stdio.h>
#include <string.h>

#define SECOND_NS UINT64_C(1000000000)
#define HOUR_NS (3600 * SECOND_NS)
#define WEEK_NS (168 * HOUR_NS)
#define DECIDES_NS (60 * SECOND_NS) // between the last look-up and the connection that it is for

static void claim_answer(struct claim *c, enum confidence sure, uint32_t frame)
{
	if (sure > c->confidence)
		c->confidence = sure;
	claim_frame(c, &(struct mark){.frame = frame});
}

// Without the SYN nobody knows whether an answer came before it.
static void claim_before_start(const struct rule_input *in, struct claim *c)
{
	if (!in->conn->syn[DIR_C2S])
		claim_cap(c, CONFIDENCE_SUSPECT);
}

// ---- against policy -------------------------------------------------------------------------------------------

static const struct policy_domain *policy_of(const struct rule_input *in, const char *name)
{
	return in->sources->store && name[0] ? store_domain(in->sources->store, name) : NULL;
}

static const struct policy_host *policy_of_host(const struct rule_input *in, const char *name)
{
	return in->sources->store ? store_host(in->sources->store, name) : NULL;
}

static const char *zone_word(uint8_t dnssec)
{
	return dnssec == DNSSEC_SECURE ? "secure" : "insecure";
}

// What policy says is as old as the answer, give or take its TTL; where that is not known, as the policy's author says.
static bool same_time(int64_t as_of_s, uint32_t ttl_s, uint64_t time_ns)
{
	int64_t apart_s = (int64_t)(time_ns / SECOND_NS) - as_of_s;
	return !as_of_s || !ttl_s || (apart_s < 0 ? -apart_s : apart_s) <= ttl_s;
}

static bool names_host(const struct policy_domain *d, const char *host)
{
	if (d->implicit_mx)
		return strcmp(d->name, host) == 0 || strcmp(d->canonical, host) == 0;
	for (size_t i = 0; i < d->n_mx; i++)
		if (strcmp(d->mx[i].host, host) == 0)
			return true;
	return false;
}

// The MX answer names a host that the domain does not have.
static bool mx_differs(const struct rule_input *in, const struct seen_host *h, struct claim *c)
{
	const struct policy_domain *d = h->mx ? policy_of(in, h->domain) : NULL;

	if (!d || d->mx_more || (d->mx_dnssec != DNSSEC_SECURE && d->mx_dnssec != DNSSEC_INSECURE) || names_host(d, h->host))
		return false;
	bool proven = d->mx_dnssec == DNSSEC_SECURE && same_time(d->as_of_s, d->mx_ttl_s, h->mx_time_ns);
	// What another machine was told, this client may have been told or not.
	claim_answer(c, !proven ? CONFIDENCE_SUSPECT : h->own_resolver ? CONFIDENCE_CERTAIN : CONFIDENCE_PROBABLE, h->mx_frame);
	claim_detail(c, "mx:%s:named:%s:zone:%s", h->domain, h->host, zone_word(d->mx_dnssec));
	return true;
}

// The address is none of the host's. Signed answers may differ by place (GeoDNS signs them too): a suspicion.
static bool address_differs(const struct rule_input *in, const struct seen_host *h, struct claim *c)
{
	const struct policy_host *p = policy_of_host(in, h->host);

	if (!p || p->addresses_more || !p->n_addresses ||
	    (p->addresses_dnssec != DNSSEC_SECURE && p->addresses_dnssec != DNSSEC_INSECURE))
		return false;
	bool any = false;
	for (size_t i = 0; i < p->n_addresses; i++) {
		any |= p->addresses[i].ip_v == in->conn->ip_v;
		if (p->addresses[i].ip_v == in->conn->ip_v && memcmp(p->addresses[i].octets, in->conn->dst, 16) == 0)
			return false;
	}
	if (!any && p->addresses_dnssec != DNSSEC_SECURE)
		return false;
	claim_answer(c, CONFIDENCE_SUSPECT, h->frame);
	claim_detail(c, "address:%s:zone:%s", h->host, zone_word(p->addresses_dnssec));
	return true;
}

// A name with which everything is well outweighs no name with which it is not: both were told to this client.
bool rule_mx_divergence(const struct rule_input *in, struct claim *c)
{
	bool holds = false;

	for (size_t i = 0; i < in->n_hosts && !holds; i++)
		holds = mx_differs(in, &in->hosts[i], c);
	for (size_t i = 0; i < in->n_hosts && !holds; i++)
		holds = address_differs(in, &in->hosts[i], c);
	claim_before_start(in, c);
	return holds;
}

// Asked for TLSA, and told that there is none.
static bool denied(const struct rule_input *in, const struct seen_host *h, const char *base, struct claim *c)
{
	const struct policy_host *p = policy_of_host(in, base);
	uint64_t start_ns = in->conn->start_ns;
	struct seen_tlsa t;

	if (!p || p->tlsa.dnssec != DNSSEC_SECURE || !p->tlsa.n ||
	    !seen_tlsa(in->sources->seen, h, base, in->conn->dst_port, start_ns, &t) || !t.asked_ns)
		return false;
	bool no = t.denied_ns && t.denied_ns <= start_ns && start_ns - t.denied_ns <= HOUR_NS;
	bool failed = t.failed_ns && t.failed_ns <= start_ns && start_ns - t.failed_ns <= HOUR_NS;
	if (!no && !failed)
		return false;
	// Right before the connection, what was denied is what the client went by, whatever it was told otherwise. Longer ago,
	// and after a failure, it may have learned better.
	bool decided = no && start_ns - t.denied_ns <= DECIDES_NS && same_time(p->tlsa.as_of_s, p->tlsa.ttl_s, t.denied_ns);
	if (!decided && t.records_ns > (no ? t.denied_ns : t.failed_ns))
		return false;
	claim_answer(c, decided && h->own_resolver ? CONFIDENCE_PROBABLE : CONFIDENCE_SUSPECT, no ? t.denied_frame : t.failed_frame);
	claim_detail(c, "tlsa:_%u._tcp.%s:%s", in->conn->dst_port, base,
		!no ? "failed" : t.denied_rcode == DNS_NXDOMAIN ? "nxdomain" : "nodata");
	return true;
}

bool rule_tlsa_stripped(const struct rule_input *in, struct claim *c)
{
	for (size_t i = 0; i < in->n_hosts; i++) {
		const struct seen_host *h = &in->hosts[i];
		if (denied(in, h, h->host, c) || (strcmp(h->host, h->canonical) != 0 && denied(in, h, h->canonical, c))) {
			claim_before_start(in, c);
			return true;
		}
	}
	return false;
}

// ---- what was seen --------------------------------------------------------------------------------------------

static const struct race_double *double_of(const struct rule_input *in, const struct seen_host *h)
{
	static const uint16_t types[] = {DNS_A, DNS_AAAA};
	uint64_t start_ns = in->conn->start_ns;
	char name[DNS_NAME_MAX + 16];
	struct race *r = in->sources->race;
	const struct race_double *d = NULL;

	if (h->mx)
		d = race_find(r, h->ip_v, h->client, h->domain, DNS_MX, start_ns, WEEK_NS);
	for (size_t i = 0; !d && i < 2; i++)
		d = race_find(r, h->ip_v, h->client, h->host, types[i], start_ns, WEEK_NS);
	snprintf(name, sizeof(name), "_%u._tcp.%s", in->conn->dst_port, h->host);
	if (!d && strlen(name) < DNS_NAME_MAX)
		d = race_find(r, h->ip_v, h->client, name, DNS_TLSA, start_ns, WEEK_NS);
	return d;
}

bool rule_double_answer(const struct rule_input *in, struct claim *c)
{
	const struct race_double *d = NULL;

	for (size_t i = 0; i < in->n_hosts && in->sources->race && !(d && d->certain); i++) {
		const struct race_double *next = double_of(in, &in->hosts[i]);
		d = next && (!d || next->certain) ? next : d;
	}
	if (!d)
		return false;
	claim_answer(c, d->certain ? CONFIDENCE_CERTAIN : CONFIDENCE_SUSPECT, d->frame[0]);
	claim_frame(c, &(struct mark){.frame = d->frame[1]});
	claim_before_start(in, c);
	claim_detail(c, "%s:first:%s:later:%s:ttl:%u:%u", d->qname, d->said[0], d->said[1], d->hops[0], d->hops[1]);
	return true;
}

bool rule_sender_queries_tlsa(const struct rule_input *in, struct claim *c)
{
	struct seen_tlsa t;

	for (size_t i = 0; i < in->n_hosts; i++) {
		const struct seen_host *h = &in->hosts[i];
		const char *names[] = {h->host, h->canonical};
		for (size_t k = 0; k < 2; k++) {
			if (!seen_tlsa(in->sources->seen, h, names[k], in->conn->dst_port, in->conn->start_ns, &t) || !t.asked_ns)
				continue;
			claim_answer(c, h->own_resolver ? CONFIDENCE_CERTAIN : CONFIDENCE_PROBABLE, t.asked_frame);
			claim_detail(c, "tlsa:_%u._tcp.%s", in->conn->dst_port, names[k]);
			return true;
		}
	}
	return false;
}

bool rule_dns_encrypted(const struct rule_input *in, struct claim *c)
{
	uint32_t frame;

	if (!in->sources->seen || !seen_encrypted(in->sources->seen, in->conn, in->conn->start_ns, &frame))
		return false;
	claim_answer(c, CONFIDENCE_PROBABLE, frame);
	claim_detail(c, "port:853");
	return true;
}

bool rule_ad_absent_path(const struct rule_input *in, struct claim *c)
{
	for (size_t i = 0; i < in->n_hosts; i++) {
		const struct seen_host *h = &in->hosts[i];
		if (!h->own_resolver || !h->plain)
			continue;
		claim_answer(c, CONFIDENCE_SUSPECT, h->frame);
		claim_detail(c, "resolver_across_tap:%s", h->host);
		return true;
	}
	return false;
}

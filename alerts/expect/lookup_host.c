// The steps of one host, RFC 7672 2.2.2 and 2.2.3: addresses, where an alias leads, and which TLSA name then counts.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/expect/lookup_private.h"
#include "alerts/expect/name.h"

static void ask_tlsa(struct lookup_host *h);

static bool failed(uint8_t dnssec)
{
	return dnssec != DNSSEC_SECURE && dnssec != DNSSEC_INSECURE;
}

// No decision about TLSA: what stopped it, so that nobody reads "none".
static void tlsa_stops(struct lookup_host *h, uint8_t dnssec)
{
	h->host.tlsa.dnssec = dnssec;
	h->host.tlsa.n = 0;
}

static void tlsa_came(void *ctx, const struct resolver_answer *a)
{
	struct lookup_host *h = ctx;
	struct policy_tlsa_set *t = &h->host.tlsa;
	lookup_answered(h->l, &h->open[OPEN_TLSA]);
	t->dnssec = a->dnssec;
	t->ttl_s = a->ttl_s;
	if (failed(a->dnssec)) {
		// Not the next name: a resolver that is kept from answering must not lead to another answer.
		h->host.denial_broken = h->host.addresses_dnssec == DNSSEC_SECURE;
		lookup_say(h->host.why, "TLSA", a->why);
	} else if (a->dnssec == DNSSEC_SECURE && a->n > 0) {
		if (!lookup_read_tlsa(h, a)) {
			tlsa_stops(h, DNSSEC_INDETERMINATE);
			lookup_say(h->host.why, "TLSA", "no memory");
		}
	} else if (h->at_base + 1 < h->n_bases) {
		h->at_base++;
		ask_tlsa(h);
	}
	lookup_check(h->l);
}

static void ask_tlsa(struct lookup_host *h)
{
	char name[POLICY_NAME];
	const char *base = h->base[h->at_base];
	memcpy(h->host.tlsa.base, base, POLICY_NAME);
	bool fits = snprintf(name, sizeof name, "_25._tcp.%s", base) < (int)sizeof name;
	int rc = fits ? lookup_ask(h->l, name, RESOLVER_TYPE_TLSA, tlsa_came, h, &h->open[OPEN_TLSA], &h->id[OPEN_TLSA]) : -EINVAL;
	if (rc == 0)
		return;
	tlsa_stops(h, DNSSEC_INDETERMINATE);
	lookup_say(h->host.why, "TLSA", fits ? "could not be asked" : "the name is too long");
}

static void add_base(struct lookup_host *h, const char *name)
{
	memcpy(h->base[h->n_bases++], name, strlen(name) + 1);
}

// The alias itself is signed although where it leads is not: the TLSA records at its own name count, RFC 7672 2.2.3.
static void cname_came(void *ctx, const struct resolver_answer *a)
{
	struct lookup_host *h = ctx;
	lookup_answered(h->l, &h->open[OPEN_CNAME]);
	if (failed(a->dnssec)) {
		tlsa_stops(h, a->dnssec);
		lookup_say(h->host.why, "CNAME", a->why);
	} else if (a->dnssec == DNSSEC_SECURE && a->n > 0) {
		add_base(h, h->host.name);
		ask_tlsa(h);
	} else {
		tlsa_stops(h, DNSSEC_INSECURE);
	}
	lookup_check(h->l);
}

// Both kinds of addresses are known, or why they are not.
static void addresses_known(struct lookup_host *h)
{
	uint8_t dnssec = h->host.addresses_dnssec;
	if (h->l->config.addresses_only || failed(dnssec)) {
		tlsa_stops(h, dnssec);
	} else if (dnssec == DNSSEC_SECURE) {
		if (h->host.canonical[0] != '\0')
			add_base(h, h->host.canonical);
		add_base(h, h->host.name);
		ask_tlsa(h);
	} else if (h->host.canonical[0] == '\0') {
		tlsa_stops(h, DNSSEC_INSECURE);
	} else if (lookup_ask(h->l, h->host.name, RESOLVER_TYPE_CNAME, cname_came, h, &h->open[OPEN_CNAME], &h->id[OPEN_CNAME]) < 0) {
		tlsa_stops(h, DNSSEC_INDETERMINATE);
		lookup_say(h->host.why, "CNAME", "could not be asked");
	}
}

// The weaker of two: what is not known weighs most, then what is wrong, then what is unsigned.
static uint8_t weaker(uint8_t a, uint8_t b)
{
	static const uint8_t order[] = {DNSSEC_UNKNOWN, DNSSEC_BOGUS, DNSSEC_INDETERMINATE, DNSSEC_INSECURE};
	for (size_t i = 0; i < sizeof order; i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return DNSSEC_SECURE;
}

static void read_alias(struct lookup_host *h, const struct resolver_answer *a, bool first)
{
	char canonical[POLICY_NAME] = "";
	bool good = !a->canonical_bad && (a->canonical[0] == '\0' ||
		name_from_wire(canonical, (const uint8_t *)a->canonical, strlen(a->canonical)));
	const char *why = !good ? "an alias leads to what is no host name" :
		!first && strcmp(canonical, h->host.canonical) != 0 ? "A and AAAA lead to different names" : NULL;
	if (why == NULL) {
		memcpy(h->host.canonical, canonical, POLICY_NAME);
		return;
	}
	h->host.addresses_dnssec = weaker(h->host.addresses_dnssec, DNSSEC_INDETERMINATE);
	lookup_say(h->host.why, "addresses", why);
}

static void addresses_came(struct lookup_host *h, const struct resolver_answer *a, enum lookup_open which)
{
	enum lookup_open other = which == OPEN_A ? OPEN_AAAA : OPEN_A;
	bool first = h->open[other];
	lookup_answered(h->l, &h->open[which]);
	h->host.addresses_dnssec = first ? a->dnssec : weaker(h->host.addresses_dnssec, a->dnssec);
	if (failed(a->dnssec)) {
		lookup_say(h->host.why, which == OPEN_A ? "A" : "AAAA", a->why);
	} else {
		lookup_read_addresses(h, a, which == OPEN_A ? 4 : 6);
		if (first || !failed(h->host.addresses_dnssec))
			read_alias(h, a, first);
	}
	if (!first)
		addresses_known(h);
	lookup_check(h->l);
}

static void a_came(void *ctx, const struct resolver_answer *a)
{
	addresses_came(ctx, a, OPEN_A);
}

static void aaaa_came(void *ctx, const struct resolver_answer *a)
{
	addresses_came(ctx, a, OPEN_AAAA);
}

int lookup_host_begin(struct lookup *l, const char *name)
{
	struct lookup_host *h = l->n_hosts < POLICY_MX_MAX ? calloc(1, sizeof *h) : NULL;
	if (h == NULL)
		return -ENOMEM;
	h->l = l;
	snprintf(h->host.name, sizeof h->host.name, "%s", name);
	h->host.addresses = h->addresses;
	h->host.tlsa.tlsa = h->tlsa;
	h->host.addresses_dnssec = h->host.tlsa.dnssec = DNSSEC_INDETERMINATE;
	int rc = lookup_ask(l, name, RESOLVER_TYPE_A, a_came, h, &h->open[OPEN_A], &h->id[OPEN_A]);
	if (rc < 0) {
		free(h);
		return rc;
	}
	l->hosts[l->n_hosts++] = h;
	if (lookup_ask(l, name, RESOLVER_TYPE_AAAA, aaaa_came, h, &h->open[OPEN_AAAA], &h->id[OPEN_AAAA]) < 0) {
		// Half of an answer is none: A alone cannot say what the host has.
		l->config.source.cancel(l->config.source.ctx, h->id[OPEN_A]);
		lookup_answered(l, &h->open[OPEN_A]);
		lookup_say(h->host.why, "AAAA", "could not be asked");
	}
	return 0;
}

void lookup_host_time_over(struct lookup_host *h)
{
	static const char *const what[OPEN_N] = {"A", "AAAA", "CNAME", "TLSA"};
	if (h->open[OPEN_A] || h->open[OPEN_AAAA])
		h->host.addresses_dnssec = DNSSEC_INDETERMINATE;
	for (int k = 0; k < OPEN_N; k++) {
		if (!h->open[k])
			continue;
		tlsa_stops(h, DNSSEC_INDETERMINATE);
		h->host.denial_broken |= k == OPEN_TLSA && h->host.addresses_dnssec == DNSSEC_SECURE;
		lookup_say(h->host.why, what[k], "not answered in time");
		h->open[k] = false;
	}
}

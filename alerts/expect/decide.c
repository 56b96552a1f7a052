// From candidates to one expectation: DANE first, then MTA-STS, then the operator.
#include "alerts/expect/decide.h"

#include <stdio.h>
#include <string.h>

enum { DECIDE_NEXT_HOPS = 4, DECIDE_HOUR_S = 3600,
	DECIDE_PROBE_S = 24 * 3600 }; // a probe says something about the day around it

// What is concluded for one candidate, so that candidates can be compared.
struct host_promise {
	uint8_t promise;          // enum promise
	uint8_t dnssec;
	bool rollover, name_open, stale, probe_fresh, mx_insecure;
	struct dane_set set;
	struct dane_match match;
};

struct deciding {
	const struct decide_input *in;
	struct candidates found;
	struct expectation *out;
	int64_t now_s;            // packet time; 0: the capture has no clock
	uint8_t sts_confidence;   // enum confidence: of the domain whose MTA-STS counts
};

// ---- time ----------------------------------------------------------------------------------------------------

// Learned longer ago than it is good for, or so long after the session that something else may have stood there then.
// Without a lifetime whoever gave it vouches for it.
static bool stale(const struct deciding *d, int64_t as_of_s, uint32_t ttl_s)
{
	int64_t apart_s = d->now_s > as_of_s ? d->now_s - as_of_s : as_of_s - d->now_s;
	return ttl_s && as_of_s && d->now_s && apart_s > ttl_s;
}

static void oldest(struct expectation *out, int64_t as_of_s)
{
	if (as_of_s && (!out->as_of_s || as_of_s < out->as_of_s))
		out->as_of_s = as_of_s;
}

// ---- DANE, one host ------------------------------------------------------------------------------------------

// Of an answer that is not secure.
static uint8_t promise_of_dnssec(uint8_t dnssec)
{
	static const uint8_t promise[] = {[DNSSEC_UNKNOWN] = PROMISE_UNKNOWN, [DNSSEC_SECURE] = PROMISE_UNKNOWN,
		[DNSSEC_INSECURE] = PROMISE_INSECURE, [DNSSEC_BOGUS] = PROMISE_BOGUS, [DNSSEC_INDETERMINATE] = PROMISE_INDETERMINATE};
	return dnssec < sizeof(promise) ? promise[dnssec] : PROMISE_UNKNOWN;
}

// A signed alias may have records though what it points at is not signed; that they could not be asked for is no answer: RFC 7672 2.2.3.
static bool alias_counts(const struct policy_host *h)
{
	return h->addresses_dnssec == DNSSEC_INSECURE && ((h->tlsa.dnssec == DNSSEC_SECURE && h->tlsa.n) ||
		h->tlsa.dnssec == DNSSEC_BOGUS || h->tlsa.dnssec == DNSSEC_INDETERMINATE);
}

// The weakest of the answers on the way to the records: bogus and indeterminate stop a sender, insecure ends DANE.
uint8_t decide_promise(const struct policy_host *h, const struct policy_domain *d, const struct dane_set *set)
{
	if (d && (d->mx_dnssec == DNSSEC_BOGUS || d->mx_dnssec == DNSSEC_INDETERMINATE))
		return promise_of_dnssec(d->mx_dnssec);
	if (h->addresses_dnssec != DNSSEC_SECURE && !alias_counts(h))
		return promise_of_dnssec(h->addresses_dnssec);
	if (h->tlsa.dnssec != DNSSEC_SECURE)
		return promise_of_dnssec(h->tlsa.dnssec);
	if (h->tlsa.n == 0 && !h->tlsa.more)
		return d && d->mx_dnssec == DNSSEC_INSECURE ? PROMISE_INSECURE : PROMISE_NONE;
	if (set->n_usable)
		return PROMISE_USABLE;
	return h->tlsa.more ? PROMISE_UNKNOWN : PROMISE_UNUSABLE;
}

size_t decide_names(const char *names[static DANE_NAMES_MAX], struct store *store, const struct policy_host *h,
                    const struct policy_domain *next_hop)
{
	const struct policy_domain *of[DECIDE_NEXT_HOPS] = {next_hop};
	size_t n = 0, n_of = next_hop ? 1 : store_of_host(store, h->name, of, DECIDE_NEXT_HOPS);

	names[n++] = h->tlsa.base[0] ? h->tlsa.base : h->name;
	for (size_t i = 0; i < n_of && i < DECIDE_NEXT_HOPS && n < DANE_NAMES_MAX; i++) {
		if (of[i]->mx_dnssec != DNSSEC_SECURE)
			continue;
		names[n++] = of[i]->name;
		if (of[i]->canonical[0] && n < DANE_NAMES_MAX)
			names[n++] = of[i]->canonical;
	}
	return n;
}

static bool fits(uint8_t outcome)
{
	return outcome == DANE_OUTCOME_MATCH;
}

// The set that stood there before counts for two lifetimes after it was last seen, RFC 7671 8.1.
static bool former_counts(const struct deciding *d, const struct policy_host *h)
{
	int64_t grace_s = 2 * (int64_t)(h->former.ttl_s ? h->former.ttl_s : DECIDE_HOUR_S);
	return h->former.n && h->former.dnssec == DNSSEC_SECURE && d->now_s <= h->former.until_s + grace_s;
}

// While caches may still have the former set, what is shown has to fit both: RFC 7671 8.1. What fits one of them is no
// mismatch; that it fits only one is told where this set was known before the session.
static void compare_former(struct host_promise *p, const struct deciding *d, const struct candidate *c, const struct dane_shown *shown,
                           const char *const *names, size_t n)
{
	struct dane_match before;

	dane_compare(d->in->dane, &before, shown, &c->host->former, names, n, d->now_s);
	p->rollover = fits(before.outcome) != fits(p->match.outcome) && d->now_s >= c->host->tlsa.as_of_s;
	if (fits(before.outcome))
		p->match = before;
}

static void compare(struct host_promise *p, const struct deciding *d, const struct candidate *c)
{
	const struct peer *peer = d->in->peer;
	struct cert_kept kept;
	const char *names[DANE_NAMES_MAX];

	if (!peer || !peer_shown(peer->chain_sha256))
		return;
	if (!cert_kept_find(d->in->cert, peer->chain_sha256, &kept)) {
		p->match.outcome = DANE_OUTCOME_COSTLY;
		return;
	}
	size_t n = decide_names(names, d->in->store, c->host, c->domain);
	const struct dane_shown shown = {.octets = kept.octets, .len = kept.len, .raw_key = kept.raw_key, .sha256 = peer->chain_sha256};
	dane_compare(d->in->dane, &p->match, &shown, &c->host->tlsa, names, n, d->now_s);
	if (p->match.outcome != DANE_OUTCOME_COSTLY && former_counts(d, c->host))
		compare_former(p, d, c, &shown, names, n);
	// Records that are not kept might fit.
	if (c->host->tlsa.more && !fits(p->match.outcome))
		p->match.outcome = DANE_OUTCOME_COSTLY;
	// One of the names that were not seen might be in it.
	p->name_open = !c->domain && p->match.outcome == DANE_OUTCOME_TA_NAME;
}

// Nobody's name for this host is signed. Which domain's mail it is may be hidden: then none of theirs.
static bool mx_insecure(const struct deciding *d, const struct candidate *c)
{
	const struct policy_domain *of[DECIDE_NEXT_HOPS] = {c->domain};
	size_t n = c->domain ? 1 : store_of_host(d->in->store, c->host->name, of, DECIDE_NEXT_HOPS);

	for (size_t i = 0; i < n && n <= DECIDE_NEXT_HOPS; i++)
		if (of[i]->mx_dnssec != DNSSEC_INSECURE)
			return false;
	return n > 0 && n <= DECIDE_NEXT_HOPS;
}

static void promise_of(struct host_promise *p, const struct deciding *d, const struct candidate *c)
{
	*p = (struct host_promise){.match = {.record = -1}};
	dane_read(d->in->dane, &p->set, &c->host->tlsa);
	p->promise = decide_promise(c->host, c->domain, &p->set);
	p->dnssec = c->host->tlsa.dnssec != DNSSEC_UNKNOWN ? c->host->tlsa.dnssec : c->host->addresses_dnssec;
	if (c->domain && c->domain->mx_dnssec != DNSSEC_SECURE)
		p->dnssec = c->domain->mx_dnssec;
	p->stale = stale(d, c->host->tlsa.as_of_s ? c->host->tlsa.as_of_s : c->host->as_of_s,
		c->host->tlsa.ttl_s ? c->host->tlsa.ttl_s : c->host->addresses_ttl_s);
	p->probe_fresh = c->host->probe.at_s <= d->now_s + DECIDE_PROBE_S && d->now_s <= c->host->probe.at_s + DECIDE_PROBE_S &&
		c->host->probe.ip_v == d->in->facts->conn.ip_v && memcmp(c->host->probe.address, d->in->facts->conn.dst, 16) == 0;
	p->mx_insecure = mx_insecure(d, c);
	if (p->promise == PROMISE_USABLE)
		compare(p, d, c);
}

static bool same(const struct host_promise *a, const struct host_promise *b)
{
	return a->promise == b->promise && a->match.outcome == b->match.outcome && a->rollover == b->rollover;
}

// ---- DANE, all candidates ------------------------------------------------------------------------------------

static uint8_t confidence_of(const struct candidates *found)
{
	const struct candidate *c = &found->candidate[0];
	for (size_t i = 0; i < found->n; i++)
		if (!found->candidate[i].sure)
			return c->source == CANDIDATE_BANNER ? CONFIDENCE_SUSPECT : CONFIDENCE_PROBABLE;
	return CONFIDENCE_CERTAIN;
}

static void note_host(struct expectation *out, const struct host_promise *p, const struct candidate *c)
{
	const struct policy_host *h = c->host;

	if (h->canonical[0])
		out->notes |= NOTE_MX_CNAME;
	if (h->denial_broken)
		out->notes |= NOTE_DENIAL_BROKEN;
	if (p->promise == PROMISE_USABLE && p->set.n_usable == 1 && !h->tlsa.more)
		out->notes |= NOTE_TLSA_SINGLE;
	if (p->promise == PROMISE_USABLE && p->set.agility_differs)
		out->notes |= NOTE_AGILITY;
	if (p->promise == PROMISE_USABLE && p->mx_insecure)
		out->notes |= NOTE_MX_INSECURE;
	if (p->rollover)
		out->notes |= NOTE_ROLLOVER;
	if (p->name_open)
		out->notes |= NOTE_NAME_OPEN;
	if (p->stale)
		out->notes |= NOTE_STALE;
	if (h->probe.at_s && h->probe.starttls && p->probe_fresh)
		out->notes |= NOTE_PROBE_OFFERS;
}

static void take_host(struct expectation *out, const struct host_promise *p, const struct candidate *c)
{
	out->promise = p->promise;
	out->dnssec = p->dnssec;
	out->tlsa_n = c->host->tlsa.n;
	out->tlsa_usable = p->set.n_usable;
	out->outcome = p->match.outcome;
	oldest(out, c->host->tlsa.as_of_s ? c->host->tlsa.as_of_s : c->host->as_of_s);
	snprintf(out->mx, sizeof(out->mx), "%s", c->host->name);
	if (c->domain)
		snprintf(out->domain, sizeof(out->domain), "%s", c->domain->name);
	const char *why = p->promise == PROMISE_BOGUS || p->promise == PROMISE_INDETERMINATE ?
		c->host->why[0] ? c->host->why : c->domain ? c->domain->why : "" : p->match.what;
	snprintf(out->what, sizeof(out->what), "%.63s", why);
	note_host(out, p, c);
}

// Candidates must agree. Recipients' domains need not: each is a promise of its own, and the strictest counts.
static void decide_dane(struct deciding *d)
{
	const struct candidates *found = &d->found;
	struct expectation *out = d->out;
	struct host_promise best, p;
	const struct candidate *of_best = &found->candidate[0];

	snprintf(out->source, sizeof(out->source), "%s", candidate_source_name((enum candidate_source)of_best->source));
	out->confidence = confidence_of(found);
	promise_of(&best, d, of_best);
	for (size_t i = 1; i < found->n; i++) {
		const struct candidate *c = &found->candidate[i];
		promise_of(&p, d, c);
		if (same(&best, &p))
			continue;
		if (!c->domain || c->domain == of_best->domain) {
			out->notes |= NOTE_CANDIDATES;
			out->promise = PROMISE_UNKNOWN;
			return;
		}
		if (p.promise > best.promise) {
			best = p;
			of_best = c;
		}
	}
	take_host(out, &best, of_best);
}

// ---- without a host ------------------------------------------------------------------------------------------

// Everything is known of the domain's hosts, and this server is none of them.
static bool elsewhere(struct store *store, const struct policy_domain *d)
{
	if (d->mx_more || d->null_mx || !d->n_mx || (d->mx_dnssec != DNSSEC_SECURE && d->mx_dnssec != DNSSEC_INSECURE))
		return false;
	for (size_t i = 0; i < d->n_mx; i++) {
		const struct policy_host *h = store_host(store, d->mx[i].host);
		if (!h || h->addresses_more || !h->n_addresses)
			return false;
	}
	return true;
}

// All of its hosts promise TLS: then so does the domain, wherever its mail was taken.
static uint8_t promise_of_all_hosts(struct store *store, struct dane_memory *dane, const struct policy_domain *d)
{
	uint8_t all = PROMISE_UNKNOWN;

	for (size_t i = 0; i < d->n_mx; i++) {
		const struct policy_host *h = store_host(store, d->mx[i].host);
		struct dane_set set;
		if (!h)
			return PROMISE_UNKNOWN;
		dane_read(dane, &set, &h->tlsa);
		uint8_t one = decide_promise(h, d, &set);
		if (i > 0 && one != all)
			return PROMISE_UNKNOWN;
		all = one;
	}
	return all;
}

// The server is no host that policy knows: what is left is what it promised for the recipient.
static void decide_domain(struct deciding *d)
{
	struct expectation *out = d->out;

	out->promise = PROMISE_UNKNOWN;
	for (size_t i = 0; i < d->found.n_domains; i++) {
		const struct policy_domain *dom = d->found.domain[i];
		uint8_t promise = dom->mx_dnssec == DNSSEC_SECURE ? promise_of_all_hosts(d->in->store, d->in->dane, dom)
								  : promise_of_dnssec(dom->mx_dnssec);
		if (i > 0 && promise <= out->promise)
			continue;
		out->promise = promise;
		out->dnssec = dom->mx_dnssec;
		out->confidence = CONFIDENCE_PROBABLE;
		oldest(out, dom->as_of_s);
		snprintf(out->domain, sizeof(out->domain), "%s", dom->name);
		snprintf(out->source, sizeof(out->source), "rcpt");
		snprintf(out->what, sizeof(out->what), "%.63s", dom->why);
		if (stale(d, dom->as_of_s, dom->mx_ttl_s))
			out->notes |= NOTE_STALE;
	}
	if (out->promise == PROMISE_BOGUS || out->promise == PROMISE_INDETERMINATE || out->promise == PROMISE_INSECURE)
		out->confidence = CONFIDENCE_CERTAIN; // a fact about the domain, whoever the server is
}

static bool of_domain(struct store *store, const struct policy_domain *dom, const struct policy_address *server)
{
	for (size_t i = 0; i < dom->n_mx; i++) {
		const struct policy_host *h = store_host(store, dom->mx[i].host);
		if (h && candidates_has_address(h, server))
			return true;
	}
	return false;
}

static void note_domains(struct deciding *d)
{
	const struct policy_address server = candidates_server(d->in->facts);
	// The operator knows better where mail for his own hosts arrives.
	bool ours = d->found.n && d->found.candidate[0].source == CANDIDATE_INVENTORY;

	for (size_t i = 0; i < d->found.n_domains; i++) {
		const struct policy_domain *dom = d->found.domain[i];
		if (dom->null_mx)
			d->out->notes |= NOTE_NULL_MX;
		if (!ours && elsewhere(d->in->store, dom) && !of_domain(d->in->store, dom, &server))
			d->out->notes |= NOTE_MX_ELSEWHERE;
		if (dom->tlsrpt == TLSRPT_ABSENT)
			d->out->notes |= NOTE_TLSRPT_ABSENT;
	}
}

// ---- MTA-STS -------------------------------------------------------------------------------------------------

static bool in_force(const struct deciding *d, const struct policy_sts *sts)
{
	return !d->now_s || !sts->as_of_s || !sts->max_age_s || d->now_s <= sts->as_of_s + sts->max_age_s;
}

static void take_sts(struct deciding *d, const struct policy_domain *dom)
{
	struct expectation *out = d->out;
	const struct policy_sts *sts = &dom->sts;

	out->sts_mode = in_force(d, sts) ? sts->mode : STS_UNKNOWN;
	out->sts_fault = sts->fault;
	out->notes |= (sts->id_unchanged ? NOTE_STS_ID_UNCHANGED : 0) | (sts->removed ? NOTE_STS_REMOVED : 0);
	if (out->sts_mode != STS_ENFORCE && out->sts_mode != STS_TESTING)
		return;
	oldest(out, sts->as_of_s);
	if (!out->domain[0] || out->promise != PROMISE_USABLE)
		snprintf(out->domain, sizeof(out->domain), "%s", dom->name);
	if (out->mx[0]) {
		out->sts_mx_unlisted = !policy_sts_lists(sts, out->mx);
		if (d->in->peer && d->in->cert)
			out->sts_names = cert_kept_names(d->in->cert, d->in->peer->chain_sha256, out->mx);
	}
}

// Recipients' domains that were seen; hidden inside TLS, those that name the host, if they all have the same to say.
static void decide_sts(struct deciding *d)
{
	const struct policy_domain *of[DECIDE_NEXT_HOPS], *chosen = NULL;
	size_t n = d->found.n_domains;
	const struct policy_domain *const *domains = d->found.domain;

	d->sts_confidence = CONFIDENCE_CERTAIN;
	if (n == 0 && d->found.n && d->found.candidate[0].domain) {
		of[0] = d->found.candidate[0].domain;
		n = 1;
		domains = of;
	} else if (n == 0 && d->out->mx[0]) {
		n = store_of_host(d->in->store, d->out->mx, of, DECIDE_NEXT_HOPS);
		if (n > DECIDE_NEXT_HOPS)
			return;
		for (size_t i = 1; i < n; i++)
			if (of[i]->sts.mode != of[0]->sts.mode)
				return;
		domains = of;
		d->sts_confidence = CONFIDENCE_PROBABLE;
	}
	for (size_t i = 0; i < n; i++)
		if (!chosen || domains[i]->sts.mode > chosen->sts.mode)
			chosen = domains[i];
	if (chosen)
		take_sts(d, chosen);
}

// ---- all of it -----------------------------------------------------------------------------------------------

static bool decides(uint8_t promise)
{
	return promise == PROMISE_NONE || promise == PROMISE_INSECURE;
}

static void decide_level(struct deciding *d)
{
	struct expectation *out = d->out;

	if (out->promise == PROMISE_USABLE) {
		out->level = EXPECT_DANE;
		out->enforced = out->identity_required = true;
	} else if (out->promise == PROMISE_UNUSABLE) {
		out->level = EXPECT_ENCRYPT;
		out->enforced = true;
	} else if (out->sts_mode == STS_ENFORCE) {
		out->level = EXPECT_STS;
		out->enforced = out->identity_required = true;
		out->confidence = out->confidence < d->sts_confidence || !out->source[0] ? d->sts_confidence : out->confidence;
	} else if (d->in->operator_requires) {
		out->level = EXPECT_OPERATOR;
		out->enforced = true;
		out->identity_required = d->in->operator_identity;
		if (d->in->peer && d->in->cert) // the name of the host, or else the one the client asked for
			out->sts_names = out->mx[0] ? cert_kept_names(d->in->cert, d->in->peer->chain_sha256, out->mx) : d->in->peer->names;
		out->confidence = CONFIDENCE_CERTAIN;
		snprintf(out->source, sizeof(out->source), "operator");
		if (d->in->operator_domain)
			snprintf(out->domain, sizeof(out->domain), "%s", d->in->operator_domain);
	} else if (out->sts_mode == STS_TESTING) {
		out->level = EXPECT_MAY;
	} else if (decides(out->promise) && !out->n_unknown && (out->sts_mode == STS_ABSENT || out->sts_mode == STS_MODE_NONE)) {
		out->level = EXPECT_NONE;
	}
	if (out->notes & NOTE_STALE && out->confidence > CONFIDENCE_SUSPECT && out->level != EXPECT_OPERATOR)
		out->confidence = CONFIDENCE_SUSPECT;
	// A verdict has no confidence: a mere suspicion of a promise makes none.
	if (out->confidence <= CONFIDENCE_SUSPECT)
		out->enforced = false;
}

void decide(struct expectation *out, const struct decide_input *in)
{
	struct deciding d = {.in = in, .out = out, .now_s = conn_start_s(&in->facts->conn)};

	*out = (struct expectation){0};
	candidates_find(&d.found, in->facts, in->store, in->hints, in->n_hints);
	out->n_unknown = d.found.n_unknown;
	if (d.found.sni_elsewhere)
		out->notes |= NOTE_SNI_OTHER;
	if (d.found.n)
		decide_dane(&d);
	else if (d.found.n_domains)
		decide_domain(&d);
	note_domains(&d);
	decide_sts(&d);
	decide_level(&d);
}

// Names, strongest source first; what policy does not know is no candidate.
#include "alerts/expect/candidates.h"

#include <string.h>

#include "alerts/expect/name.h"

static const char *const source_names[CANDIDATE_SOURCES] = {
	[CANDIDATE_INVENTORY] = "inventory", [CANDIDATE_PDNS] = "pdns", [CANDIDATE_SNI] = "sni",
	[CANDIDATE_RCPT] = "rcpt-mx", [CANDIDATE_ADDRESS] = "watchlist", [CANDIDATE_BANNER] = "banner",
};

const char *candidate_source_name(enum candidate_source s)
{
	return (size_t)s < CANDIDATE_SOURCES ? source_names[s] : "";
}

struct policy_address candidates_server(const struct facts *f)
{
	struct policy_address a = {.ip_v = f->conn.ip_v};
	memcpy(a.octets, f->conn.dst, sizeof(a.octets));
	return a;
}

bool candidates_has_address(const struct policy_host *h, const struct policy_address *a)
{
	for (size_t i = 0; i < h->n_addresses; i++)
		if (h->addresses[i].ip_v == a->ip_v && memcmp(h->addresses[i].octets, a->octets, sizeof(a->octets)) == 0)
			return true;
	return false;
}

static bool name_of(char out[POLICY_NAME], const struct facts *f, struct text t)
{
	return t.len && name_from_wire(out, facts_text(f, t), t.len);
}

// The ClientHello's name; one that was longer than is kept is none.
static bool sni_of(char out[POLICY_NAME], const struct facts *f)
{
	return f->tls.client_hello && f->tls.sni.len == f->tls.sni_len && name_of(out, f, f->tls.sni);
}

// ---- candidates ----------------------------------------------------------------------------------------------

// Only the strongest source counts. A weaker one that names the same host says no more of it than that it may be surer.
static void add(struct candidates *out, const struct candidate *c)
{
	if (out->n && out->candidate[0].source < c->source) {
		for (size_t i = 0; i < out->n; i++)
			if (out->candidate[i].host == c->host) {
				out->candidate[i].sure |= c->sure;
				if (!out->candidate[i].domain)
					out->candidate[i].domain = c->domain;
			}
		return;
	}
	for (size_t i = 0; i < out->n; i++)
		if (out->candidate[i].host == c->host && out->candidate[i].domain == c->domain) {
			out->candidate[i].sure |= c->sure;
			return;
		}
	if (out->n < CANDIDATES_MAX)
		out->candidate[out->n++] = *c;
}

static void add_hints(struct candidates *out, struct store *store, const struct policy_address *server,
                      const struct candidate_hint *hints, size_t n, enum candidate_source source)
{
	for (size_t i = 0; i < n; i++) {
		if (hints[i].source != source)
			continue;
		struct candidate c = {.source = hints[i].source, .host = store_host(store, hints[i].host)};
		if (!c.host)
			continue;
		c.domain = hints[i].domain[0] ? store_domain(store, hints[i].domain) : NULL;
		c.sure = hints[i].sure && (source == CANDIDATE_INVENTORY || candidates_has_address(c.host, server));
		add(out, &c);
	}
}

static void add_sni(struct candidates *out, const struct facts *f, struct store *store, const struct policy_address *server)
{
	char name[POLICY_NAME];
	const struct policy_host *h = sni_of(name, f) ? store_host(store, name) : NULL;

	if (!h)
		return;
	add(out, &(struct candidate){.source = CANDIDATE_SNI, .host = h,
		.sure = h->addresses_dnssec == DNSSEC_SECURE && candidates_has_address(h, server)});
}

static void add_recipients(struct candidates *out, struct store *store, const struct policy_address *server)
{
	for (size_t d = 0; d < out->n_domains; d++)
		for (size_t i = 0; i < out->domain[d]->n_mx; i++) {
			const struct policy_host *h = store_host(store, out->domain[d]->mx[i].host);
			if (h && candidates_has_address(h, server))
				add(out, &(struct candidate){.source = CANDIDATE_RCPT, .host = h, .domain = out->domain[d],
					.sure = true});
		}
}

static void add_address(struct candidates *out, struct store *store, const struct policy_address *server)
{
	const struct policy_host *at[STORE_AT_ADDRESS_MAX];
	size_t n = store_at_address(store, server, at, STORE_AT_ADDRESS_MAX);

	for (size_t i = 0; n <= STORE_AT_ADDRESS_MAX && i < n; i++) // of more, nothing is concluded
		add(out, &(struct candidate){.source = CANDIDATE_ADDRESS, .host = at[i]});
}

// Whoever answers may call itself anything: only where the name leads back to this address.
static void add_banner(struct candidates *out, const struct facts *f, struct store *store, const struct policy_address *server)
{
	char name[POLICY_NAME];
	const struct policy_host *h = name_of(name, f, f->smtp.server_name) ? store_host(store, name) : NULL;

	if (h && candidates_has_address(h, server))
		add(out, &(struct candidate){.source = CANDIDATE_BANNER, .host = h});
}

static void find_domains(struct candidates *out, const struct facts *f, struct store *store)
{
	const struct smtp_facts *m = &f->smtp;
	char name[POLICY_NAME];
	size_t unknown = m->n_rcpt_domains_all - (size_t)m->n_rcpt_domains; // met, and not kept

	for (size_t i = 0; i < m->n_rcpt_domains; i++) {
		const struct policy_domain *d = name_of(name, f, m->rcpt_domain[i]) ? store_domain(store, name) : NULL;
		if (d)
			out->domain[out->n_domains++] = d;
		else
			unknown++;
	}
	out->n_unknown = unknown < UINT8_MAX ? (uint8_t)unknown : UINT8_MAX;
}

// Compared only with hosts that were found without it.
static bool sni_elsewhere(const struct candidates *out, const struct facts *f, const struct policy_host *sni,
                          const struct policy_address *server)
{
	char name[POLICY_NAME];

	if (!out->n || out->candidate[0].source == CANDIDATE_SNI || !sni_of(name, f) || (sni && candidates_has_address(sni, server)))
		return false;
	for (size_t i = 0; i < out->n; i++)
		if (strcmp(out->candidate[i].host->name, name) == 0 || strcmp(out->candidate[i].host->canonical, name) == 0)
			return false;
	return true;
}

void candidates_find(struct candidates *out, const struct facts *f, struct store *store, const struct candidate_hint *hints,
                     size_t n_hints)
{
	struct policy_address server = candidates_server(f);
	char name[POLICY_NAME];

	*out = (struct candidates){0};
	find_domains(out, f, store);
	add_hints(out, store, &server, hints, n_hints, CANDIDATE_INVENTORY);
	add_hints(out, store, &server, hints, n_hints, CANDIDATE_PDNS);
	add_sni(out, f, store, &server);
	add_recipients(out, store, &server);
	add_address(out, store, &server);
	add_banner(out, f, store, &server);
	out->sni_elsewhere = sni_elsewhere(out, f, sni_of(name, f) ? store_host(store, name) : NULL, &server);
}

// ---- what should be known ------------------------------------------------------------------------------------

static size_t want(struct candidate_name *out, size_t n, size_t max, bool host, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (out[i].host == host && strcmp(out[i].name, name) == 0)
			return n;
	if (n == max)
		return n;
	out[n].host = host;
	strcpy(out[n].name, name);
	return n + 1;
}

size_t candidates_wanted(struct candidate_name *out, size_t max, const struct facts *f, const struct candidate_hint *hints,
                         size_t n_hints)
{
	const struct smtp_facts *m = &f->smtp;
	char name[POLICY_NAME];
	size_t n = 0;

	for (size_t i = 0; i < m->n_rcpt_domains; i++)
		if (name_of(name, f, m->rcpt_domain[i]))
			n = want(out, n, max, false, name);
	for (size_t i = 0; i < n_hints; i++) {
		n = want(out, n, max, true, hints[i].host);
		if (hints[i].domain[0])
			n = want(out, n, max, false, hints[i].domain);
	}
	if (sni_of(name, f))
		n = want(out, n, max, true, name);
	if (n == 0 && name_of(name, f, m->server_name))
		n = want(out, n, max, true, name);
	return n;
}

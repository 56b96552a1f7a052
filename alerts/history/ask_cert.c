// Which keys a server showed before, who issued them, and who else has them.
#include "alerts/history/private.h"

// Servers of how many operators left other issuers for this one within the week; this one counts.
static uint32_t converts(const struct history *h, const struct facts *f, uint64_t issuer)
{
	const struct history_key key = history_key_digest(issuer);
	const struct row_issuer *r = history_find(h, KIND_ISSUER, &key);
	struct history_name who;
	uint32_t n = 1;

	history_name(h, f, &who);
	if (!who.operator)
		return 0;
	if (r && r->first_ns + HISTORY_NEWS_NS < f->conn.start_ns)
		return 0; // somebody had it long before
	for (size_t i = 0; r && i < ISSUER_SERVERS; i++)
		n += r->convert[i].n && r->convert[i].id != who.operator && r->convert[i].first_ns < f->conn.start_ns;
	return n;
}

bool history_cert_changed(const struct history *h, const struct facts *f, const struct peer *p, struct history_cert *out)
{
	uint64_t spki = h && history_fit_tls(f) ? history_spki(p) : 0;

	if (!spki)
		return false;
	const struct history_key key = history_key_cert(h, p, f);
	const struct row_cert *r = history_find(h, KIND_CERT, &key);
	const struct history_seen *last = NULL;
	uint64_t issuer = history_issuer(h, p);
	*out = (struct history_cert){.is = history_issuer_kind(p), .issuer_new = issuer != 0};
	for (size_t i = 0; r && i < CERT_KEYS; i++) {
		const struct history_seen *s = &r->key[i];
		if (!s->n || s->first_ns >= f->conn.start_ns)
			continue;
		if (s->id == spki)
			return false;
		out->n += s->n;
		out->n_keys++;
		out->issuer_new &= s->of != issuer;
		if (!last || s->last_ns > last->last_ns)
			last = s;
	}
	if (!last)
		return false;
	out->was = last->note;
	if (out->issuer_new && history_converted(r, issuer, f->conn.start_ns))
		out->converts = converts(h, f, issuer);
	return true;
}

// Names in the certificate that belong together are of one operator, whatever the servers are called.
static bool related(const struct history *h, const struct peer *p, uint64_t operator)
{
	for (size_t i = 0; i < p->server.n_sans_kept && i < PEER_SANS_MAX; i++)
		if (history_operator_of(h, p->server.san_text + p->server.san_off[i], p->server.san_len[i]) == operator)
			return true;
	return p->server.n_sans > p->server.n_sans_kept; // there are more than we know
}

unsigned history_key_operators(const struct history *h, const struct facts *f, const struct peer *p)
{
	uint64_t spki = h && history_fit_tls(f) ? history_spki(p) : 0;
	struct history_name who;
	unsigned n = 1;

	if (!spki)
		return 0;
	const struct history_key key = history_key_digest(spki);
	const struct row_key *r = history_find(h, KIND_KEY, &key);
	history_name(h, f, &who);
	if (!r || !who.operator)
		return 0;
	uint64_t network = history_network(h, f);
	for (size_t i = 0; i < KEY_USERS; i++) {
		const struct history_seen *s = &r->user[i];
		if (s->n && s->first_ns < f->conn.start_ns && s->id != who.operator && s->of != network && !related(h, p, s->id))
			n++;
	}
	return n;
}

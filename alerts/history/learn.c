// What a session teaches, once, at its end.
#include "alerts/history/private.h"

#include <string.h>

static struct row_server *learn_server(struct history *h, const struct session *s, uint64_t digest)
{
	const struct facts *f = s->facts;
	const struct history_key key = history_key_server(h, f);
	struct row_server *r = history_make(h, KIND_SERVER, &key, f->conn.start_ns);

	if (!r->n++ || f->conn.start_ns < r->first_ns) {
		r->first_ns = f->conn.start_ns;
		r->first_session = digest;
	}
	if (f->conn.start_ns > r->last_ns)
		r->last_ns = f->conn.start_ns;
	return r;
}

static void learn_length(struct row_offer *r, const struct facts *f)
{
	if (f->smtp.offer != OFFER_YES)
		return;
	if (r->len != f->smtp.ehlo_len)
		r->n_len = 0;
	r->len = f->smtp.ehlo_len;
	r->n_len += r->n_len < UINT16_MAX;
	r->ttl = f->path.ttl[DIR_S2C];
}

static void learn_offer(struct history *h, const struct facts *f, uint64_t name, uint64_t template)
{
	const struct history_key key = history_key_offer(h, f, name, template);
	struct row_offer *r = history_make(h, KIND_OFFER, &key, f->conn.start_ns);

	history_runs_learn(&r->runs, f->smtp.offer == OFFER_YES, f->conn.start_ns);
	r->n_yes += f->smtp.offer == OFFER_YES;
	r->n_no += f->smtp.offer == OFFER_NO;
	r->n_masked += f->smtp.offer == OFFER_MASKED;
	if (name)
		learn_length(r, f);
}

// Before the name is learned: who answers as somebody else than until now?
static void learn_answer(struct history *h, const struct facts *f, const struct history_name *who)
{
	uint64_t former = history_former_operator(h, f, who);
	if (!former)
		return;
	const struct history_key key = history_key_answer(f, who);
	struct row_answer *r = history_make(h, KIND_ANSWER, &key, f->conn.start_ns);
	struct history_seen *s =
		history_seen_learn(r->server, ANSWER_SERVERS, former, history_network(h, f), f->conn.start_ns);
	s->note = f->path.ttl[DIR_S2C];
}

static void learn_dialogue(struct history *h, const struct facts *f, struct row_server *server)
{
	struct history_name who;

	history_name(h, f, &who);
	if (!who.name)
		return;
	learn_answer(h, f, &who);
	history_seen_learn(server->name, SERVER_NAMES, who.name, who.operator, f->conn.start_ns);
	server->n_all++;
	server->n_yes += f->smtp.offer == OFFER_YES;
	learn_offer(h, f, who.name, f->smtp.ehlo_digest);
	learn_offer(h, f, 0, 0);
}

static void learn_cert(struct history *h, const struct facts *f, const struct peer *p)
{
	uint64_t spki = history_spki(p), issuer = history_issuer(h, p);
	struct history_name who;

	if (!spki)
		return;
	const struct history_key key = history_key_cert(h, p, f), by_issuer = history_key_digest(issuer), by_key = history_key_digest(spki);
	history_name(h, f, &who);
	bool converted = who.operator && issuer && history_converted(history_find(h, KIND_CERT, &key), issuer, f->conn.start_ns);
	struct row_cert *r = history_make(h, KIND_CERT, &key, f->conn.start_ns);
	history_seen_learn(r->key, CERT_KEYS, spki, issuer, f->conn.start_ns)->note = history_issuer_kind(p);
	if (issuer) {
		struct row_issuer *i = history_make(h, KIND_ISSUER, &by_issuer, f->conn.start_ns);
		if (!i->n++ || f->conn.start_ns < i->first_ns)
			i->first_ns = f->conn.start_ns;
		if (f->conn.start_ns > i->last_ns)
			i->last_ns = f->conn.start_ns;
		if (converted)
			history_seen_learn(i->convert, ISSUER_SERVERS, who.operator, 0, f->conn.start_ns);
	}
	if (!who.operator)
		return;
	struct row_key *k = history_make(h, KIND_KEY, &by_key, f->conn.start_ns);
	history_seen_learn(k->user, KEY_USERS, who.operator, history_network(h, f), f->conn.start_ns);
}

static void learn_tls(struct history *h, const struct facts *f, const struct peer *p)
{
	struct history_name who;
	uint64_t stack = history_stack(h, p);

	learn_cert(h, f, p);
	if (!stack)
		return;
	history_name(h, f, &who);
	const struct history_key key = history_key_tls(h, f, p, who.name);
	struct row_tls *r = history_make(h, KIND_TLS, &key, f->conn.start_ns);
	history_runs_learn(&r->version, history_version_level(f->tls.server_version), f->conn.start_ns);
	history_runs_learn(&r->grade, history_suite_grade(f->tls.suite), f->conn.start_ns);
	if (!f->smtp.hello_digest)
		return;
	const struct history_key client = history_key_stack(h, f);
	struct row_client *c = history_make(h, KIND_CLIENT, &client, f->conn.start_ns);
	history_seen_learn(c->stack, CLIENT_STACKS, stack, 0, f->conn.start_ns);
}

static void learn_resets(struct history *h, const struct facts *f, struct row_server *server)
{
	bool all, bad = history_fit_reset(f, &all);

	if (!all)
		return;
	history_rate_learn(&server->resets, bad, f->conn.start_ns);
	const struct history_key key = history_key_client(h, f);
	struct row_path *path = history_make(h, KIND_PATH, &key, f->conn.start_ns);
	history_rate_learn(&path->resets, bad, f->conn.start_ns);
}

void history_learn(struct history *h, const struct session *s)
{
	static const struct peer nobody;
	const struct facts *f = s->facts;
	uint64_t digest = history_digest_text(h, s->id);
	bool offer = history_fit_offer(f), tls = history_fit_tls(f), all;

	if (!f->conn.payload[DIR_S2C] || !digest)
		return;
	if (history_learned_has(h, digest)) {
		h->counts.known++;
		return;
	}
	history_learned_put(h, digest);
	struct row_server *server = learn_server(h, s, digest);
	history_fit_reset(f, &all);
	if (!s->final || !(offer || tls || all)) {
		h->counts.unfit++;
	} else {
		h->counts.learned++;
		if (offer)
			learn_dialogue(h, f, server);
		if (tls)
			learn_tls(h, f, s->peer ? s->peer : &nobody);
		learn_resets(h, f, server);
	}
	history_turn(h);
	h->since++;
}

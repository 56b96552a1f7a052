// What happens on the way to many servers at once.
#include "alerts/history/private.h"

#include "alerts/quality.h"

bool history_resets(const struct history *h, const struct facts *f, struct history_resets *out)
{
	bool all;

	if (!h || !history_fit_reset(f, &all))
		return false;
	const struct history_key server = history_key_server(h, f), client = history_key_client(h, f);
	const struct row_server *s = history_find(h, KIND_SERVER, &server);
	if (s && history_rate_rose(&s->resets, f->conn.start_ns, out))
		return true;
	const struct row_path *p = history_find(h, KIND_PATH, &client);
	if (!p || !history_rate_rose(&p->resets, f->conn.start_ns, out))
		return false;
	out->client = true;
	return true;
}

// A hosted farm has one name on many addresses, too, but these never had another one.
unsigned history_answers_alike(const struct history *h, const struct facts *f)
{
	struct history_name who;

	if (!h || !history_fit_offer(f))
		return 0;
	history_name(h, f, &who);
	uint64_t former = history_former_operator(h, f, &who), network = history_network(h, f);
	if (!former)
		return 0;
	const struct history_key key = history_key_answer(f, &who);
	const struct row_answer *r = history_find(h, KIND_ANSWER, &key);
	uint8_t ttl = f->path.ttl[DIR_S2C];
	unsigned n = 1;
	for (size_t i = 0; r && i < ANSWER_SERVERS; i++) {
		const struct history_seen *s = &r->server[i];
		bool near = !ttl || !s->note || !path_ttl_far(ttl, s->note);
		if (s->n && s->first_ns < f->conn.start_ns && s->first_ns + HISTORY_NEWS_NS >= f->conn.start_ns && near &&
		    s->id != former && s->of != network)
			n++;
	}
	return n;
}

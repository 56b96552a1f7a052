// Was STARTTLS offered before? Asked of the same client, name and template first.
#include "alerts/history/private.h"

#include "alerts/quality.h"

#include <inttypes.h>
#include <stdio.h>

enum { STARTTLS_LINE = 14, LENGTH_LEARNED = 2 }; // "250-STARTTLS" and its end

static const struct row_offer *offer_row(const struct history *h, const struct facts *f, uint64_t name, uint64_t template)
{
	const struct history_key key = history_key_offer(h, f, name, template);
	return history_find(h, KIND_OFFER, &key);
}

static const struct row_offer *exact_row(const struct history *h, const struct facts *f, struct history_name *who)
{
	history_name(h, f, who);
	return who->name && f->smtp.ehlo_digest & 1 ? offer_row(h, f, who->name, f->smtp.ehlo_digest) : NULL;
}

static bool offered(struct history_offered *out, uint64_t yes, uint64_t all)
{
	out->yes = yes;
	out->all = all;
	return all > 0;
}

// What began before this session. Runs tell that; where only sums are kept, later ones may be among them.
static bool offered_in(struct history_offered *out, const struct history_runs *r, uint64_t time_ns)
{
	uint64_t yes = 0, all = 0;
	for (size_t i = 0; i < HISTORY_RUNS && r->run[i].n; i++) {
		if (r->run[i].first_ns >= time_ns)
			continue;
		// Of a run that went on, this session itself may be the last.
		uint32_t n = r->run[i].n - (r->run[i].last_ns == time_ns && r->run[i].n > 1);
		all += n;
		yes += r->run[i].value ? n : 0;
	}
	return offered(out, yes, all);
}

bool history_offered(const struct history *h, const struct facts *f, struct history_offered *out)
{
	struct history_name who;
	const struct row_offer *r;

	*out = (struct history_offered){0};
	if (!h)
		return false;
	out->same_client = out->same_template = true;
	if ((r = exact_row(h, f, &who)) && offered_in(out, &r->runs, f->conn.start_ns))
		return true;
	out->same_template = false;
	if ((r = offer_row(h, f, 0, 0)) && offered_in(out, &r->runs, f->conn.start_ns))
		return true;
	out->same_client = false;
	const struct history_key key = history_key_server(h, f);
	const struct row_server *s = history_find(h, KIND_SERVER, &key);
	return s && s->last_ns < f->conn.start_ns && offered(out, s->n_yes, s->n_all);
}

void history_offered_text(char out[HISTORY_OFFERED_TEXT], const struct history *h, const struct facts *f)
{
	struct history_offered o;

	*out = '\0';
	if (history_offered(h, f, &o))
		snprintf(out, HISTORY_OFFERED_TEXT, "peer_offered_before:%" PRIu64 "/%" PRIu64, o.yes, o.all);
}

// Several names behind one address, the one of now among them or not: then it is a pool, and its machines may differ.
static bool pool(const struct history *h, const struct facts *f)
{
	const struct history_key key = history_key_server(h, f);
	const struct row_server *r = history_find(h, KIND_SERVER, &key);
	unsigned n = 0;

	for (size_t i = 0; r && i < SERVER_NAMES; i++)
		n += r->name[i].n && r->name[i].first_ns < f->conn.start_ns &&
		     r->name[i].last_ns + HISTORY_FRESH_NS >= f->conn.start_ns;
	return n > 1;
}

bool history_vanished(const struct history *h, const struct facts *f, struct history_drop *out)
{
	struct history_name who;

	if (!h || f->smtp.offer != OFFER_NO || f->smtp.ehlo_refused_code || history_put_off(f))
		return false;
	const struct row_offer *exact = exact_row(h, f, &who), *client = offer_row(h, f, 0, 0);
	if (!client || history_runs_changes(&client->runs, 0, f->conn.start_ns) > 2)
		return false;
	if (exact && exact->runs.run[0].n) {
		if (!history_runs_drop(&exact->runs, 0, f->conn.start_ns, out))
			return false;
		out->exact = true;
		out->ttl_usual = exact->ttl;
		return true;
	}
	// Another template or another name: a front end that takes no mail itself, or another machine of a pool.
	return f->smtp.n_messages_ok && !pool(h, f) && history_runs_drop(&client->runs, 0, f->conn.start_ns, out);
}

bool history_line_gone(const struct history *h, const struct facts *f, struct history_drop *out)
{
	struct history_name who;

	if (!h || f->smtp.offer != OFFER_NO || f->smtp.ehlo_refused_code || history_put_off(f))
		return false;
	const struct row_offer *r = exact_row(h, f, &who);
	bool known = r && r->n_len >= LENGTH_LEARNED && r->len == f->smtp.ehlo_len + STARTTLS_LINE;
	if (!known || history_runs_changes(&r->runs, 0, f->conn.start_ns) > 1)
		return false;
	// It was there the last time, or has been gone for less than a week.
	const struct history_run *run = r->runs.run;
	size_t i = 0;
	while (i < HISTORY_RUNS && run[i].n && (run[i].first_ns >= f->conn.start_ns || !run[i].value))
		i++;
	if (i == HISTORY_RUNS || run[i].n < LENGTH_LEARNED || run[i].last_ns + HISTORY_NEWS_NS < f->conn.start_ns)
		return false;
	*out = (struct history_drop){.n = run[i].n, .was = 1, .since_ns = f->conn.start_ns - run[i].first_ns, .exact = true,
		.ttl_usual = r->ttl};
	return true;
}

unsigned history_alternates(const struct history *h, const struct facts *f)
{
	if (!h || !history_fit_offer(f))
		return 0;
	const struct row_offer *r = offer_row(h, f, 0, 0);
	unsigned n = r ? history_runs_changes(&r->runs, f->smtp.offer == OFFER_YES, f->conn.start_ns) : 0;
	return n >= 3 ? n : 0;
}

bool history_first(const struct history *h, const struct facts *f, const char *session)
{
	if (!h)
		return true;
	const struct history_key key = history_key_server(h, f);
	const struct row_server *r = history_find(h, KIND_SERVER, &key);
	return !r || r->first_ns > f->conn.start_ns || r->first_session == history_digest_text(h, session);
}

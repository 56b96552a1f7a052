// Three set-associative tables keyed by addresses. See memory.h for what they promise.
#include "alerts/memory.h"

#include "alerts/rules.h"
#include "hw/pages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

enum { MEMORY_KEY_MAX = 36 };

// First member of every entry. An entry is in use when its key is not all zero: ip_v stands in it.
struct slot {
	uint8_t key[MEMORY_KEY_MAX];
	uint64_t touched_ns;
};

struct pair {
	struct slot slot;
	struct history_pair known;
};

struct guesses {
	struct slot slot;
	struct {
		uint64_t birth;
		uint64_t last_ns;
		uint32_t n;
	} session[MEMORY_SESSIONS];
};

struct server {
	struct slot slot;
	uint64_t birth;
};

struct rules_memory {
	struct history *history; // keeps the pairs where there is one
	struct pair *pairs;
	struct guesses *guesses;
	struct server *servers;
};

#define ROWS ((size_t)MEMORY_SETS * MEMORY_WAYS)

int rules_memory_open(struct rules_memory **out)
{
	struct rules_memory *m = calloc(1, sizeof(*m));

	if (m) {
		m->pairs = pages_map(ROWS * sizeof(*m->pairs)); // untouched, and so not there, where history keeps them
		m->guesses = pages_map(ROWS * sizeof(*m->guesses));
		m->servers = pages_map(ROWS * sizeof(*m->servers));
	}
	if (!m || !m->pairs || !m->guesses || !m->servers) {
		rules_memory_close(&m);
		return -ENOMEM;
	}
	*out = m;
	return 0;
}

void rules_memory_close(struct rules_memory **m)
{
	if (!*m)
		return;
	pages_unmap((*m)->pairs, ROWS * sizeof(*(*m)->pairs));
	pages_unmap((*m)->guesses, ROWS * sizeof(*(*m)->guesses));
	pages_unmap((*m)->servers, ROWS * sizeof(*(*m)->servers));
	free(*m);
	*m = NULL;
}

void rules_memory_use(struct rules_memory *m, struct history *h)
{
	m->history = h;
}

struct history *rules_memory_history(const struct rules_memory *m)
{
	return m->history;
}

// The entry of `key`, or NULL. With `make`, a place is found for it: a free one, else the one touched longest ago,
// zeroed but for the key.
static void *slot_find(void *table, size_t entry_len, const uint8_t key[MEMORY_KEY_MAX], uint64_t now_ns, bool make)
{
	static const uint8_t none[MEMORY_KEY_MAX];
	size_t set = XXH3_64bits(key, MEMORY_KEY_MAX) % MEMORY_SETS;
	uint8_t *base = (uint8_t *)table + set * MEMORY_WAYS * entry_len;
	struct slot *place = NULL;

	for (size_t i = 0; i < MEMORY_WAYS; i++) {
		struct slot *s = (struct slot *)(base + i * entry_len);
		if (memcmp(s->key, key, MEMORY_KEY_MAX) == 0) {
			s->touched_ns = now_ns;
			return s;
		}
		bool free_place = memcmp(s->key, none, MEMORY_KEY_MAX) == 0;
		if (!place || free_place || s->touched_ns < place->touched_ns)
			place = s;
		if (free_place)
			break;
	}
	if (!make)
		return NULL;
	memset(place, 0, entry_len);
	memcpy(place->key, key, MEMORY_KEY_MAX);
	place->touched_ns = now_ns;
	return place;
}

static void key_pair(uint8_t key[MEMORY_KEY_MAX], const struct conn_facts *c)
{
	memset(key, 0, MEMORY_KEY_MAX);
	memcpy(key, c->src, 16);
	memcpy(key + 16, c->dst, 16);
	key[32] = c->ip_v;
	key[35] = c->tap; // what one tap showed is not held against the other
}

static void key_client(uint8_t key[MEMORY_KEY_MAX], const struct conn_facts *c)
{
	memset(key, 0, MEMORY_KEY_MAX);
	memcpy(key, c->src, 16);
	key[32] = c->ip_v;
	key[35] = c->tap; // what one tap showed is not held against the other
}

static void key_server(uint8_t key[MEMORY_KEY_MAX], const struct conn_facts *c)
{
	memset(key, 0, MEMORY_KEY_MAX);
	memcpy(key, c->dst, 16);
	key[32] = c->ip_v;
	key[35] = c->tap; // what one tap showed is not held against the other
	key[33] = (uint8_t)(c->dst_port >> 8);
	key[34] = (uint8_t)c->dst_port;
}

static struct history_pair *pair_of(struct rules_memory *m, const struct facts *f, bool make, bool change)
{
	uint8_t key[MEMORY_KEY_MAX];

	if (m->history)
		return history_pair(m->history, &f->conn, f->conn.last_ns, make, change);
	key_pair(key, &f->conn);
	struct pair *p = slot_find(m->pairs, sizeof(*p), key, f->conn.last_ns, make);
	return p ? &p->known : NULL;
}

// The same session; of an earlier run, when a capture is read again, by its id.
static bool same(const struct history_failure *a, const struct facts *f, const char *session)
{
	return a->birth == f->birth || (!a->birth && a->session[0] && strcmp(a->session, session) == 0);
}

void memory_tls_failed(struct rules_memory *m, const struct facts *f, const struct memory_failed *how)
{
	struct history_pair *p = pair_of(m, f, true, true);
	struct history_failure *a = &p->failure[0];

	if (p->failure[1].time_ns && same(&p->failure[1], f, how->session))
		a = &p->failure[1];
	if (!a->time_ns || !same(a, f, how->session)) {
		if (a->time_ns > f->conn.last_ns + MEMORY_NOGO_NS)
			return; // an old capture: what is known is newer
		p->failure[1] = p->failure[0];
		a = &p->failure[0];
		*a = (struct history_failure){.time_ns = f->conn.last_ns};
	}
	a->birth = f->birth;
	// What is known of it grows; when it happened does not.
	a->envelope_digest = f->smtp.envelope_digest;
	a->hello_digest = f->smtp.hello_digest;
	a->reached_mail = f->smtp.n_mail > 0;
	if (how->fault)
		a->fault = (uint8_t)how->fault;
	if (a->confidence <= how->confidence) {
		a->confidence = how->confidence;
		a->quality = how->quality;
	}
	snprintf(a->session, sizeof(a->session), "%s", how->session);
}

void memory_tls_worked(struct rules_memory *m, const struct facts *f)
{
	struct history_pair *p = pair_of(m, f, false, true);

	for (size_t i = 0; p && i < HISTORY_FAILURES; i++) {
		struct history_failure *a = &p->failure[i];
		if (a->time_ns && a->birth != f->birth && !a->worked_ns && a->time_ns <= f->conn.last_ns)
			a->worked_ns = f->conn.last_ns;
	}
}

bool memory_fallback(struct rules_memory *m, const struct facts *f, const char *session, struct memory_fallback *out)
{
	struct history_pair *p = pair_of(m, f, false, false);
	bool unused = f->smtp.clear[CLEAR_OFFERED_UNUSED];

	for (size_t i = 0; p && i < HISTORY_FAILURES; i++) {
		const struct history_failure *a = &p->failure[i];
		if (!a->time_ns || same(a, f, session) || a->birth > f->birth || a->time_ns > f->conn.start_ns + MEMORY_AT_END_NS)
			continue;
		if (a->worked_ns && a->worked_ns <= f->conn.start_ns)
			continue;
		uint64_t ago_ns = f->conn.start_ns > a->time_ns ? f->conn.start_ns - a->time_ns : 0;
		bool nogo = ago_ns > MEMORY_FALLBACK_NS;
		if (nogo && (!unused || ago_ns > MEMORY_NOGO_NS))
			continue;
		*out = (struct memory_fallback){
			.ago_ns = ago_ns,
			.nogo = nogo,
			.confidence = a->confidence,
			.quality = a->quality,
			.fault = (enum memory_fault)a->fault,
			.same_envelope = a->reached_mail && a->envelope_digest && a->envelope_digest == f->smtp.envelope_digest,
			.same_hello = a->hello_digest && a->hello_digest == f->smtp.hello_digest,
		};
		snprintf(out->session, sizeof(out->session), "%s", a->session);
		return true;
	}
	return false;
}

uint32_t memory_auth_failed(struct rules_memory *m, const struct facts *f)
{
	uint8_t key[MEMORY_KEY_MAX];
	key_client(key, &f->conn);
	struct guesses *g = slot_find(m->guesses, sizeof(*g), key, f->conn.last_ns, true);
	size_t mine = 0;
	uint32_t sum = 0;

	// The session's own place, else a free one, else the one longest ago.
	for (size_t i = 0; i < MEMORY_SESSIONS; i++) {
		if (g->session[i].n && g->session[i].birth == f->birth) {
			mine = i;
			break;
		}
		if (g->session[i].last_ns < g->session[mine].last_ns)
			mine = i;
	}
	g->session[mine].birth = f->birth;
	g->session[mine].n = f->smtp.n_auth_failed;
	g->session[mine].last_ns = f->conn.last_ns;
	for (size_t i = 0; i < MEMORY_SESSIONS; i++)
		if (g->session[i].n && g->session[i].last_ns + MEMORY_GUESS_NS >= f->conn.last_ns)
			sum += g->session[i].n;
	return sum;
}

bool memory_failed_lately(struct rules_memory *m, const struct facts *f, uint64_t within_ns)
{
	const struct history_pair *p = pair_of(m, f, false, false);

	for (size_t i = 0; p && i < HISTORY_FAILURES; i++) {
		const struct history_failure *a = &p->failure[i];
		if (a->time_ns && a->birth != f->birth && a->time_ns <= f->conn.start_ns + MEMORY_AT_END_NS &&
		    a->time_ns + within_ns >= f->conn.start_ns)
			return true;
	}
	return false;
}

bool memory_first_seen(struct rules_memory *m, const struct facts *f)
{
	uint8_t key[MEMORY_KEY_MAX];
	key_server(key, &f->conn);
	struct server *s = slot_find(m->servers, sizeof(*s), key, f->conn.last_ns, false);

	if (s)
		return s->birth == f->birth;
	s = slot_find(m->servers, sizeof(*s), key, f->conn.last_ns, true);
	s->birth = f->birth;
	return true;
}

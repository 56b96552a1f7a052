// Opens, closes, and writes when it is time.
#include "alerts/history/private.h"

#include "hw/clock.h"
#include "hw/log.h"
#include "hw/pages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	FLUSH_LOOK = 64,      // sessions between looks at the clock
};
#define FLUSH_NS (5 * HISTORY_SECOND_NS) // so much is lost to a kill, and learned again when the file is read again

static int learned_open(struct history_learned *l)
{
	l->ring = pages_map(LEARNED_MAX * sizeof(*l->ring));
	l->index = pages_map(LEARNED_MAX * sizeof(*l->index));
	l->turn = calloc(LEARNED_MAX / HISTORY_WAYS, 1);
	return l->ring && l->index && l->turn ? 0 : -ENOMEM;
}

static void tear_down(struct history **h)
{
	for (size_t k = 0; k < KIND_N; k++)
		history_table_close(&(*h)->table[k]);
	pages_unmap((*h)->learned.ring, LEARNED_MAX * sizeof(*(*h)->learned.ring));
	pages_unmap((*h)->learned.index, LEARNED_MAX * sizeof(*(*h)->learned.index));
	free((*h)->learned.turn);
	history_db_close(&(*h)->db);
	free(*h);
	*h = NULL;
}

int history_open(struct history **out, const char *dir, char *error)
{
	struct history *h = calloc(1, sizeof(*h));
	int r = h ? 0 : -ENOMEM;

	*error = '\0';
	for (size_t k = 0; !r && k < KIND_N; k++)
		r = history_table_open(&h->table[k], &history_kinds[k]);
	if (!r)
		r = learned_open(&h->learned);
	if (!r && getrandom(&h->seed, sizeof(h->seed), 0) != sizeof(h->seed))
		r = -EIO;
	if (!r && dir)
		r = history_db_open(h, dir, error);
	if (r) {
		if (h)
			tear_down(&h);
		return r;
	}
	h->counts.kept = dir != NULL;
	h->flushed_ns = clock_mono_ns();
	*out = h;
	return 0;
}

void history_close(struct history **h)
{
	if (!*h)
		return;
	history_flush(*h);
	tear_down(h);
}

int history_flush(struct history *h)
{
	int r = h->db ? history_db_write(h) : 0;

	h->since = 0;
	h->flushed_ns = clock_mono_ns();
	if (!h->db) // nobody writes: what changed does not matter
		for (size_t k = 0; k < KIND_N; k++) {
			struct history_table *t = &h->table[k];
			for (uint32_t i = 0; i < t->n_dirty; i++)
				history_row_at(t, t->dirty[i])->dirty = 0;
			t->n_dirty = 0;
		}
	if (r && !h->counts.error)
		log_error("state", "cannot write the history: %s; it is kept in memory and written later", strerror(-r));
	h->counts.error = r;
	return r;
}

void history_turn(struct history *h)
{
	if (h->since % FLUSH_LOOK == FLUSH_LOOK - 1 && clock_mono_ns() - h->flushed_ns >= FLUSH_NS)
		history_flush(h);
}

void history_idle(struct history *h)
{
	if (h->db && clock_mono_ns() - h->flushed_ns >= FLUSH_NS)
		history_flush(h);
}

void history_loss(struct history *h, const struct loss_interval *interval, const char *tap)
{
	size_t i = 0;

	if (!h->db)
		return;
	while (i < h->n_losses && (h->loss[i].interval.from_ns != interval->from_ns || h->loss[i].interval.tap != interval->tap))
		i++;
	if (i == HISTORY_LOSSES) {
		history_flush(h);
		i = h->n_losses < HISTORY_LOSSES ? h->n_losses : HISTORY_LOSSES - 1; // the disk takes nothing: the newest counts
	}
	h->loss[i].interval = *interval;
	snprintf(h->loss[i].tap, sizeof(h->loss[i].tap), "%s", tap);
	if (i == h->n_losses)
		h->n_losses++;
}

void history_tap(struct history *h, uint8_t tap, const char *name)
{
	if (tap < FACTS_TAPS)
		h->tap[tap] = (uint32_t)history_digest_text(h, name);
}

struct history_counts history_counts(const struct history *h)
{
	struct history_counts c = h->counts;
	c.servers = h->table[KIND_SERVER].n;
	return c;
}

struct history_pair *history_pair(struct history *h, const struct conn_facts *c, uint64_t now_ns, bool make, bool change)
{
	struct history_key key = {.ip_v = c->ip_v, .used = 1, .tap = c->tap < FACTS_TAPS ? h->tap[c->tap] : 0};

	memcpy(key.address, c->src, sizeof(key.address));
	memcpy(&key.a, c->dst, sizeof(key.a));
	memcpy(&key.b, c->dst + sizeof(key.a), sizeof(key.b));
	if (!make && (!change || !history_find(h, KIND_PAIR, &key)))
		return history_find(h, KIND_PAIR, &key);
	return history_make(h, KIND_PAIR, &key, now_ns);
}

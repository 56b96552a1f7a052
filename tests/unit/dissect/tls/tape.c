// The player of tapes.
#include "tests/unit/dissect/tls/tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

enum { GUARD_LEN = 1 << 18 };

void tape_say(struct tape *t, enum dir d, const void *p, size_t len)
{
	assert_true(t->n < TAPE_STEPS_MAX && len <= GUARD_LEN);
	struct tape_step *s = &t->step[t->n++];
	*s = (struct tape_step){.d = d, .len = len, .acked = t->said[dir_other(d)]};
	s->p = malloc(len + 1);
	assert_non_null(s->p);
	memcpy(s->p, p, len);
	t->said[d] += len;
}

void tape_lose(struct tape *t, enum dir d, size_t len)
{
	assert_true(t->n < TAPE_STEPS_MAX);
	t->step[t->n++] = (struct tape_step){.d = d, .len = len, .acked = t->said[dir_other(d)]};
	t->said[d] += len;
}

void tape_free(struct tape *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->step[i].p);
	*t = (struct tape){0};
}

// Memory whose last octet is followed by a page nobody may touch. Mapped once per test program.
static uint8_t *guard_end(void)
{
	static uint8_t *end;
	if (end)
		return end;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *base = mmap(NULL, GUARD_LEN + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(base != MAP_FAILED);
	assert_int_equal(mprotect(base + GUARD_LEN, page, PROT_NONE), 0);
	return end = base + GUARD_LEN;
}

struct player {
	struct tls tls;
	struct tls_env env;
	struct tape_result *out;
	uint64_t off[2];
	uint8_t quality;
	size_t step;
};

static void play_piece(struct player *pl, const struct tape_step *s, const uint8_t *p, size_t len)
{
	if (!len || pl->out->not_tls[s->d]) {
		pl->off[s->d] += len;
		return;
	}
	uint8_t *copy = guard_end() - len;
	memcpy(copy, p, len);
	struct place at = {
		.off = pl->off[s->d], .acked = s->acked, .frame = (uint32_t)pl->step + 1, .quality = pl->quality};
	enum tls_need need = TLS_GO_ON;
	size_t taken = tls_feed(&pl->tls, &pl->env, s->d, &at, copy, len, &need);
	assert_true(taken <= len);
	assert_true(need == TLS_NOT_TLS || taken == len);
	if (need == TLS_NOT_TLS)
		pl->out->not_tls[s->d] = 1 + pl->off[s->d] + taken;
	assert_true(need == TLS_SEALED || !pl->out->sealed);
	pl->out->sealed |= need == TLS_SEALED;
	pl->off[s->d] += len;
}

static void play_step(struct player *pl, const struct tape_step *s, long cut)
{
	if (!s->p) {
		pl->quality |= Q_GAP;
		pl->out->facts.conn.gaps[s->d]++;
		struct place at = {.off = pl->off[s->d],
			.acked = s->acked,
			.frame = (uint32_t)pl->step + 1,
			.quality = pl->quality};
		tls_gap(&pl->tls, &pl->env, s->d, &at, s->unknown_gap ? 0 : s->len);
		pl->off[s->d] += s->len;
		return;
	}
	if (cut == TAPE_BYTEWISE) {
		for (size_t i = 0; i < s->len; i++)
			play_piece(pl, s, s->p + i, 1);
		return;
	}
	size_t first = (size_t)cut < s->len ? (size_t)cut : s->len;
	play_piece(pl, s, s->p, first);
	play_piece(pl, s, s->p + first, s->len - first);
}

// What the judge is handed: kept one behind the other, each with its kind.
static void take(void *ctx, const struct message_handshake *m, const uint8_t *p, size_t len)
{
	struct tape_result *out = ((struct player *)ctx)->out;
	assert_true(out->n_shipped < TAPE_SHIPPED_MAX && len <= HANDSHAKE_LEN_MAX);
	struct tape_shipped *s = &out->shipped[out->n_shipped++];
	*s = (struct tape_shipped){.kind = m->kind, .dir = m->dir, .cut = m->cut, .version = m->version, .suite = m->suite, .len = len,
		.off = out->n_octets};
	memcpy(s->client_random, m->client_random, sizeof(s->client_random));
	assert_true(out->n_octets + len <= sizeof(out->octets));
	if (len)
		memcpy(out->octets + out->n_octets, p, len);
	out->n_octets += len;
}

void tape_play(const struct tape *t, long cut, uint32_t small, uint32_t large, struct tape_result *out)
{
	struct tls_memory memory;
	const uint32_t n_rooms[TLS_ROOMS] = {small, large, large};
	assert_int_equal(tls_memory_open(&memory, n_rooms, 2), 0);
	memset(out, 0, sizeof(*out));
	struct player pl = {.out = out, .quality = t->quality};
	pl.env = (struct tls_env){
		.facts = &out->facts, .memory = &memory, .counter = out->counter, .keep_flights = t->keep_flights, .ship = take, .ship_ctx = &pl};
	for (pl.step = 0; pl.step < t->n; pl.step++) {
		pl.env.news = false;
		play_step(&pl, &t->step[pl.step], cut);
		out->news |= (uint64_t)pl.env.news << pl.step;
	}
	out->facts.conn.end = t->end;
	tls_end(&pl.tls, &pl.env);
	assert_int_equal(memory.offers.n_used, 0);
	for (size_t i = 0; i < TLS_ROOMS; i++)
		assert_int_equal(memory.room[i].n_used, 0);
	tls_memory_close(&memory);
}

void tape_play_all(const struct tape *t, struct tape_result *out)
{
	static struct tape_result other;
	size_t longest = 0;
	for (size_t i = 0; i < t->n; i++)
		if (t->step[i].p && t->step[i].len > longest)
			longest = t->step[i].len;
	tape_play(t, TAPE_WHOLE, 2, 2, out);
	for (long cut = TAPE_BYTEWISE; cut < (long)longest; cut++) {
		tape_play(t, cut, 2, 2, &other);
		if (memcmp(out, &other, sizeof(other)) != 0)
			fail_msg("the facts depend on the cut: %ld", cut);
	}
}

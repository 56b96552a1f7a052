// How octets arrive, for tests of everything that reads traffic: whole, octet by octet, cut at every position, and always
// ending where memory ends. The facts must be the same each time.
//
// Two halves:
//   feed_guard()   octets on the last bytes before a PROT_NONE page; reading one too many crashes. Any parser.
//   feed_play()    a transcript of both directions through struct smtp, delivered as the streams would be delivered
//                  (cause before effect, waiting honoured); feed_all_cuts() does so in every cut and compares.
//
// A transcript is an array of strings, ended by NULL. Each is one run of octets behind a three-character head:
//   "C: "  the client sends this, having received everything the server sent above
//   "c: "  the client sends this, having received no more than at its run before (pipelined, injected)
//   "S: "  the server, having received everything the client sent above;   "s: " no more than at its run before
//   "C! 7" seven octets of the client were never captured (likewise "S! 7"); 0: the capture starts in the middle
//   "C? "  the client's direction may not wait any longer (likewise "S? ")
// Octets 0x7f in a string stand for NUL. The frame number in marks is the number of the string, first = 1.
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "dissect/counters.h"
#include "dissect/smtp/smtp.h"

enum { FEED_GUARD_OCTETS = 1 << 20, FEED_RUNS_MAX = 64 };

// The octets, placed so that the byte behind them is not readable. Valid until the next call. At most
// FEED_GUARD_OCTETS of them.
static inline const uint8_t *feed_guard(const void *p, size_t len)
{
	static uint8_t *end;
	if (!end) {
		size_t page = (size_t)sysconf(_SC_PAGESIZE);
		uint8_t *base = mmap(NULL, FEED_GUARD_OCTETS + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_true(base != MAP_FAILED);
		assert_int_equal(mprotect(base + FEED_GUARD_OCTETS, page, PROT_NONE), 0);
		end = base + FEED_GUARD_OCTETS;
	}
	assert_true(len <= FEED_GUARD_OCTETS);
	return len ? memcpy(end - len, p, len) : end;
}

// What of a run has not been taken yet.
struct feed_run {
	uint8_t *octets;
	size_t len, done;
	struct place at;
};

struct feed {
	struct smtp smtp;
	struct facts facts;
	struct slab lines;
	uint64_t counter[DISSECT_COUNTERS];
	struct smtp_env env;
	struct feed_run wait[2][FEED_RUNS_MAX]; // by direction, in order
	int first[2], n[2];
	bool tls[2];         // that direction is TLS from here on: octets are swallowed
	bool blocked[2];
	uint64_t sent[2], acked[2];
	uint8_t quality;
	unsigned news;       // how often env.news was raised
};

static inline void feed_open(struct feed *f, uint8_t quality)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(slab_open(&f->lines, SMTP_LINE_MAX, 8), 0);
	f->quality = quality;
	f->env = (struct smtp_env){.facts = &f->facts, .lines = &f->lines, .counter = f->counter};
}

static inline void feed_close(struct feed *f)
{
	for (int d = 0; d < 2; d++) {
		for (; f->first[d] < f->n[d]; f->first[d]++)
			free(f->wait[d][f->first[d]].octets);
	}
	slab_close(&f->lines);
}

// Hands a piece to the machine; returns how much of it was taken.
static inline size_t feed_piece(struct feed *f, enum dir d, const struct place *at, const uint8_t *p, size_t len)
{
	enum smtp_need need = SMTP_GO_ON;
	if (f->tls[d])
		return len;
	f->env.news = false;
	size_t taken = smtp_feed(&f->smtp, &f->env, d, at, feed_guard(p, len), len, &need);
	f->news += f->env.news;
	assert_true(taken <= len);
	assert_true(need != SMTP_GO_ON || taken == len);
	f->tls[d] = need == SMTP_TLS;
	f->blocked[d] = need == SMTP_WAIT;
	return f->tls[d] ? len : taken;
}

// One run of a direction, in pieces of at most `step` octets and, when `cut` lies in it, cut there.
static inline bool feed_run_once(struct feed *f, enum dir d, struct feed_run *r, size_t step, uint64_t cut)
{
	size_t before = r->done;
	while (r->done < r->len) {
		size_t n = r->len - r->done < step ? r->len - r->done : step;
		struct place at = r->at;
		at.off += r->done;
		if (cut > at.off && cut - at.off < n)
			n = (size_t)(cut - at.off);
		size_t taken = feed_piece(f, d, &at, r->octets + r->done, n);
		r->done += taken;
		if (taken < n)
			break;
	}
	return r->done > before;
}

// Whatever can move, moves.
static inline void feed_drain(struct feed *f, size_t step, uint64_t cut)
{
	for (bool moved = true; moved;) {
		moved = false;
		for (int d = 0; d < 2; d++) {
			while (f->first[d] < f->n[d]) {
				struct feed_run *r = &f->wait[d][f->first[d]];
				moved |= feed_run_once(f, (enum dir)d, r, step, cut);
				if (r->done < r->len)
					break;
				free(r->octets);
				f->first[d]++;
			}
		}
	}
}

static inline void feed_line(struct feed *f, const char *text, uint32_t frame, size_t step, uint64_t cut)
{
	enum dir d = text[0] == 'C' || text[0] == 'c' ? DIR_C2S : DIR_S2C;
	bool fresh = text[0] == 'C' || text[0] == 'S';
	if (fresh)
		f->acked[d] = f->sent[dir_other(d)];
	struct place at = {.off = f->sent[d], .acked = f->acked[d], .time_ns = frame * UINT64_C(1000000), .frame = frame, .quality = f->quality};
	if (text[1] == '!') {
		uint64_t missing = strtoull(text + 2, NULL, 10);
		smtp_gap(&f->smtp, &f->env, d, &at, missing);
		f->sent[d] += missing;
		f->quality |= missing ? Q_GAP : Q_MIDSTREAM;
		if (missing)
			smtp_do_not_wait(&f->smtp, dir_other(d));
	} else if (text[1] == '?') {
		smtp_do_not_wait(&f->smtp, d);
	} else {
		size_t len = strlen(text + 3);
		assert_true(f->n[d] < FEED_RUNS_MAX);
		struct feed_run *r = &f->wait[d][f->n[d]++];
		*r = (struct feed_run){.octets = malloc(len + 1), .len = len, .at = at};
		for (size_t i = 0; i < len; i++)
			r->octets[i] = text[3 + i] == 0x7f ? 0 : (uint8_t)text[3 + i];
		f->sent[d] += len;
	}
	feed_drain(f, step, cut);
}

// Plays a transcript to its end, waits given up there as the session's end would. `cut`: an extra cut at that stream
// offset of both directions; 0 none.
static inline void feed_play(struct feed *f, const char *const *script, size_t step, uint64_t cut)
{
	for (uint32_t i = 0; script[i]; i++)
		feed_line(f, script[i], i + 1, step, cut);
	for (int round = 0; round < 2 * FEED_RUNS_MAX; round++) {
		enum dir d = f->first[0] < f->n[0] ? DIR_C2S : DIR_S2C;
		if (f->first[d] == f->n[d])
			break;
		smtp_do_not_wait(&f->smtp, d);
		feed_drain(f, step, cut);
	}
	smtp_end(&f->smtp, &f->env);
	assert_int_equal(f->lines.n_used, 0); // every chunk is given back
}

// Plays it whole, octet by octet and cut at every position; the facts must be the same. They are left in *out.
static inline void feed_all_cuts(const char *name, const char *const *script, uint8_t quality, struct facts *out)
{
	static struct feed f;
	feed_open(&f, quality);
	feed_play(&f, script, SIZE_MAX, 0);
	*out = f.facts;
	uint64_t longest = f.sent[0] > f.sent[1] ? f.sent[0] : f.sent[1];
	feed_close(&f);
	for (uint64_t cut = 0; cut < longest; cut++) {
		feed_open(&f, quality);
		feed_play(&f, script, cut ? SIZE_MAX : 1, cut);
		if (memcmp(&f.facts, out, sizeof(*out)))
			fail_msg("%s: other facts when cut at %llu (0: octet by octet)", name, (unsigned long long)cut);
		feed_close(&f);
	}
}

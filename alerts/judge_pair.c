// Sessions of two taps brought together. docs/design/0015-two-taps.md.
//
// Alerts of one tap never wait. When a session of a paired tap has said its last word, its record waits at most PAIR_WAIT_NS
// of packet time for its twin: a connection with the same numbers is its twin at once; one that only says the same is
// looked for when the wait is over, so that everybody who could be it has come. Then both are judged again, as a pair: what
// only the pair shows is told on the client's side, where the harm is, and both records name each other.
#include "alerts/judge_private.h"

#include <string.h>

#define PAIR_WAIT_NS (5ull * 1000000000) // ends of one session are seen within a second; the rest is for two clocks

enum { BY_NUMBERS, BY_WORDS };

// The pair of these facts' tap, and the other tap of it; NULL: it stands alone.
static const struct judge_pair *pair_of(const struct judge *j, const struct facts *f, uint8_t *other)
{
	for (size_t i = 0; i < j->config.n_pairs; i++) {
		const struct judge_pair *p = &j->config.pairs[i];
		if (p->outside != f->conn.tap && p->inside != f->conn.tap)
			continue;
		*other = p->outside == f->conn.tap ? p->inside : p->outside;
		return p;
	}
	return NULL;
}

bool judge_pair_wanted(const struct judge *j, const struct facts *f)
{
	uint8_t other;
	return !f->conn.outside_mail && pair_of(j, f, &other);
}

static struct judge_entry *entry_at(struct judge *j, uint32_t at)
{
	return judge_sessions_find(&j->sessions, pair_table_at(&j->waiting, at)->birth);
}

static void leave(struct judge *j, struct judge_entry *e)
{
	pair_table_remove(&j->waiting, e->waiting);
	e->waiting = 0;
	judge_sessions_drop(&j->sessions, e);
}

void judge_pair_alone(struct judge *j, struct judge_entry *e)
{
	judge_evaluate(j, &j->session, judge_sessions_facts(&j->sessions, e), NULL, e);
	j->summary.unpaired++;
	j->summary.pair_doubts += pair_table_at(&j->waiting, e->waiting)->doubt;
	judge_end(j, e->reopened);
	leave(j, e);
}

// One of the two, judged with what the other one saw, and told.
static void tell_one(struct judge *j, struct judge_entry *e, const struct judge_entry *twin, const char *name)
{
	struct session *s = &j->session;
	const struct facts *f = judge_sessions_facts(&j->sessions, e), *g = judge_sessions_facts(&j->sessions, twin);
	struct judge_moment at = {.entry = e, .frame = e->frame};

	judge_evaluate(j, s, f, NULL, e);
	s->pair = (struct session_pair){.name = name, .tap = judge_tap_name(j, g), .proxy = j->twins->proxy, .differs = j->twins->differs};
	memcpy(s->pair.session, twin->id, sizeof(s->pair.session));
	at.time_ns = e->time_ns > twin->time_ns ? e->time_ns : twin->time_ns;
	judge_tell(j, &at);
	judge_end(j, e->reopened);
}

static void tell_pair(struct judge *j, struct judge_entry *a, struct judge_entry *b)
{
	uint8_t other;
	const struct facts *f = judge_sessions_facts(&j->sessions, a);
	const struct judge_pair *p = pair_of(j, f, &other);
	struct judge_entry *e[2] = {f->conn.tap == p->outside ? a : b, f->conn.tap == p->outside ? b : a};
	struct pair_end end[2];
	struct pair pair;

	for (int i = 0; i < 2; i++) {
		const struct facts *g = judge_sessions_facts(&j->sessions, e[i]);
		end[i] = (struct pair_end){g, judge_sessions_peer(&j->sessions, e[i], false), j->config.taps[g->conn.tap].side};
	}
	pair_compare(&pair, &end[0], &end[1]);
	bool outside_first = pair.client.facts == end[0].facts;
	j->twins = &pair;
	j->summary.paired++;
	tell_one(j, e[!outside_first], e[outside_first], p->name);
	tell_one(j, e[outside_first], e[!outside_first], p->name);
	j->twins = NULL;
	leave(j, a);
	leave(j, b);
}

// Those that may be the twin of the one at `at`: how many fit best, and the first of them. Two are as many as there need be.
static unsigned candidates(struct judge *j, uint32_t at, unsigned which, uint32_t *found)
{
	const struct pair_item *mine = pair_table_at(&j->waiting, at);
	const struct facts *f = judge_sessions_facts(&j->sessions, entry_at(j, at));
	enum pair_fit best = which == BY_NUMBERS ? PAIR_SAME : PAIR_ALIKE;
	unsigned n = 0, looks = PAIR_LOOKS;
	uint8_t tap;
	if (!pair_of(j, f, &tap))
		return 0;
	for (uint32_t i = 0; (i = pair_table_next(&j->waiting, which, mine->key[which], tap, i, &looks));) {
		enum pair_fit fit = pair_fit(f, judge_sessions_facts(&j->sessions, entry_at(j, i)));
		if (fit < best)
			continue;
		n = fit > best ? 1 : n + 1;
		best = fit;
		if (n == 1)
			*found = i;
		else
			pair_table_at(&j->waiting, i)->doubt = pair_table_at(&j->waiting, *found)->doubt = true;
	}
	return n + !looks; // what was not looked at may be another one
}

// The only one for whom this is the only one; 0: there is none.
static uint32_t twin_of(struct judge *j, uint32_t at, unsigned which)
{
	struct pair_item *mine = pair_table_at(&j->waiting, at);
	uint32_t twin = 0, back = 0;
	unsigned n = mine->doubt ? 0 : candidates(j, at, which, &twin);
	if (n != 1) {
		mine->doubt |= n > 1;
		return 0;
	}
	struct pair_item *theirs = pair_table_at(&j->waiting, twin);
	if (theirs->doubt || candidates(j, twin, which, &back) != 1) {
		mine->doubt = theirs->doubt = true;
		return 0;
	}
	return twin;
}

void judge_pair_end(struct judge *j, struct judge_entry *e)
{
	const struct facts *f = j->session.facts;
	struct pair_item item = {.birth = f->birth, .until_ns = j->now_ns + PAIR_WAIT_NS, .tap = f->conn.tap};

	if (!e || !judge_pair_wanted(j, f)) {
		judge_end(j, e && e->reopened);
		if (e)
			judge_sessions_drop(&j->sessions, e);
		return;
	}
	if (f != judge_sessions_facts(&j->sessions, e))
		judge_sessions_keep(&j->sessions, e, f);
	pair_keys(f, item.key);
	e->waiting = pair_table_add(&j->waiting, &item); // there is room for every session's
	uint32_t twin = twin_of(j, e->waiting, BY_NUMBERS);
	if (twin)
		tell_pair(j, entry_at(j, twin), e);
}

void judge_pair_settle(struct judge *j, uint64_t now_ns)
{
	uint32_t at;
	while ((at = j->waiting.oldest) && pair_table_at(&j->waiting, at)->until_ns <= now_ns) {
		uint32_t twin = twin_of(j, at, BY_WORDS);
		if (twin)
			tell_pair(j, entry_at(j, at), entry_at(j, twin));
		else
			judge_pair_alone(j, entry_at(j, at));
	}
}

// Habits: runs of equal observations, small sets of things seen, and rates. Everything is asked for the moment at which a
// session began; what began later is as if it had not been.
#include "alerts/history/private.h"

#include <string.h>

enum { RUN_OUTWEIGHS = 20 }; // times as long as the lapse before it: then the lapse was one

void history_runs_learn(struct history_runs *r, uint8_t value, uint64_t time_ns)
{
	struct history_run *now = &r->run[0];

	if (now->n && now->value == value) {
		now->n += now->n < UINT32_MAX;
		if (time_ns > now->last_ns)
			now->last_ns = time_ns;
		if (time_ns < now->first_ns && !r->run[1].n)
			now->first_ns = time_ns;
		return;
	}
	// An older capture that is read late: it says nothing about the order in which things changed.
	if (now->n && time_ns < now->first_ns)
		return;
	memmove(&r->run[1], &r->run[0], sizeof(r->run) - sizeof(r->run[0]));
	*now = (struct history_run){.first_ns = time_ns, .last_ns = time_ns, .n = 1, .value = value};
}

// Index of the run that was on when a session began, HISTORY_RUNS: none.
static size_t run_at(const struct history_runs *r, uint64_t time_ns)
{
	size_t i = 0;
	while (i < HISTORY_RUNS && r->run[i].n && r->run[i].first_ns >= time_ns)
		i++;
	return i < HISTORY_RUNS && r->run[i].n ? i : HISTORY_RUNS;
}

// A lapse shortly before: two machines behind one name rather than a habit.
static bool mixed(const struct history_runs *r, size_t i, uint64_t time_ns)
{
	for (size_t k = i + 1; k < HISTORY_RUNS && r->run[k].n; k++)
		if (r->run[k].value < r->run[i].value && r->run[k].last_ns + HISTORY_NEWS_NS >= time_ns &&
		    r->run[i].n < r->run[k].n * (uint64_t)RUN_OUTWEIGHS)
			return true;
	return false;
}

bool history_runs_drop(const struct history_runs *r, uint8_t value, uint64_t time_ns, struct history_drop *out)
{
	size_t i = run_at(r, time_ns);

	if (i < HISTORY_RUNS && r->run[i].value <= value) { // it was so already; since when?
		if (r->run[i].value < value || r->run[i].first_ns + HISTORY_NEWS_NS < time_ns)
			return false;
		i++;
	}
	if (i >= HISTORY_RUNS || !r->run[i].n || r->run[i].value <= value)
		return false;
	const struct history_run *habit = &r->run[i];
	uint64_t last_ns = habit->last_ns < time_ns ? habit->last_ns : time_ns;
	if (habit->n < HISTORY_LEARNED_MIN || last_ns < habit->first_ns + HISTORY_SPAN_NS)
		return false;
	if (last_ns + HISTORY_FRESH_NS < time_ns || mixed(r, i, time_ns))
		return false;
	*out = (struct history_drop){.n = habit->n, .was = habit->value, .is = value, .since_ns = time_ns - habit->first_ns};
	return true;
}

unsigned history_runs_changes(const struct history_runs *r, uint8_t value, uint64_t time_ns)
{
	size_t i = run_at(r, time_ns);
	unsigned n = 0;

	if (i >= HISTORY_RUNS)
		return 0;
	if (r->run[i].value != value)
		n = r->run[i].last_ns + HISTORY_DAY_NS >= time_ns;
	for (; i + 1 < HISTORY_RUNS && r->run[i + 1].n && r->run[i].first_ns + HISTORY_DAY_NS >= time_ns; i++)
		n++;
	return n;
}

bool history_runs_sane(const struct history_runs *r, uint8_t value_max)
{
	for (size_t i = 0; i < HISTORY_RUNS; i++)
		if (r->run[i].value > value_max || r->run[i].first_ns > r->run[i].last_ns)
			return false;
	return true;
}

// ---- small sets ------------------------------------------------------------------------------------------------

struct history_seen *history_seen_find(const struct history_seen *set, size_t n, uint64_t id, uint64_t of)
{
	for (size_t i = 0; i < n; i++)
		if (set[i].n && set[i].id == id && set[i].of == of)
			return (struct history_seen *)&set[i];
	return NULL;
}

struct history_seen *history_seen_learn(struct history_seen *set, size_t n, uint64_t id, uint64_t of, uint64_t time_ns)
{
	struct history_seen *s = history_seen_find(set, n, id, of);

	if (!s) {
		s = &set[0];
		for (size_t i = 1; i < n && s->n; i++)
			if (!set[i].n || set[i].last_ns < s->last_ns)
				s = &set[i];
		*s = (struct history_seen){.id = id, .of = of, .first_ns = time_ns, .last_ns = time_ns};
	}
	s->n += s->n < UINT32_MAX;
	if (time_ns < s->first_ns)
		s->first_ns = time_ns;
	if (time_ns > s->last_ns)
		s->last_ns = time_ns;
	return s;
}

// ---- rates -----------------------------------------------------------------------------------------------------

enum {
	RATE_BEFORE_MIN = 10, // times before anything is called usual
	RATE_USUAL = 20,      // one in so many, at most, is usual
	RATE_BAD_MIN = 3,
};

void history_rate_learn(struct history_rate *r, bool bad, uint64_t time_ns)
{
	if (bad) {
		memmove(&r->at[1], &r->at[0], sizeof(r->at) - sizeof(r->at[0]));
		r->at[0].time_ns = time_ns;
		r->at[0].all = r->all;
		r->bad++;
	}
	r->all++;
}

// Bad ones of the day before, this one included, with hardly a good one between them, of something that was good.
bool history_rate_rose(const struct history_rate *r, uint64_t time_ns, struct history_resets *out)
{
	uint64_t bad = 1, own = 0, first_all = r->all;

	for (size_t i = 0; i < sizeof(r->at) / sizeof(r->at[0]); i++) {
		if (!r->at[i].time_ns || r->at[i].time_ns + HISTORY_DAY_NS < time_ns)
			continue;
		if (r->at[i].time_ns >= time_ns) { // this session, read again, or a later one
			own++;
			continue;
		}
		bad++;
		first_all = r->at[i].all;
	}
	uint64_t all = r->all - own - first_all + 1; // since the first of them
	uint64_t bad_before = r->bad > own + bad - 1 ? r->bad - own - (bad - 1) : 0;
	if (bad < RATE_BAD_MIN || bad * 2 <= all || first_all < RATE_BEFORE_MIN || bad_before * RATE_USUAL > first_all)
		return false;
	*out = (struct history_resets){.n = (uint32_t)bad, .all = (uint32_t)all,
		.n_before = (uint32_t)(bad_before < UINT32_MAX ? bad_before : UINT32_MAX),
		.all_before = (uint32_t)(first_all < UINT32_MAX ? first_all : UINT32_MAX)};
	return true;
}

// Whole numbers only: a token is a billion, so that a rate a second is that many a nanosecond and nothing is rounded.
#include "alerts/storm.h"

#include <string.h>

#define TOKEN UINT64_C(1000000000)
#define PERIOD_NS (STORM_PERIOD_S * UINT64_C(1000000000))

// What is left to what weighs more, as a part of the bucket: 1 / so much. 0: nothing.
static const uint8_t reserve[STORM_SEVERITIES] = {
	[SEVERITY_INFO] = 2, [SEVERITY_LOW] = 2, [SEVERITY_MEDIUM] = 4, [SEVERITY_HIGH] = 8, [SEVERITY_CRITICAL] = 0};

void storm_use(struct storm *s, uint32_t rate_per_s, uint32_t burst)
{
	bool was_off = !s->rate_per_s;

	s->rate_per_s = rate_per_s;
	s->burst = burst ? burst : 1;
	if (was_off || s->level > s->burst * TOKEN)
		s->level = s->burst * TOKEN;
	if (was_off)
		s->filled_ns = s->now_ns;
}

// Filling twice for parts of a time is the same as once for all of it.
static void fill(struct storm *s)
{
	uint64_t room = s->burst * TOKEN - s->level, passed_ns = s->now_ns - s->filled_ns;

	if (passed_ns > room / s->rate_per_s)
		s->level += room;
	else
		s->level += passed_ns * s->rate_per_s;
	s->filled_ns = s->now_ns;
}

static uint64_t need(const struct storm *s, const struct storm_offer *o, bool first)
{
	uint8_t part = reserve[o->severity];

	return TOKEN + (first || !part ? 0 : s->burst / part * TOKEN);
}

static void count(struct storm_counts *c, const struct storm_offer *o)
{
	c->alerts += o->n;
	c->by_severity[o->severity] += o->n;
	c->by_finding[o->finding] += o->n;
}

static void pass_time(struct storm *s, uint64_t time_ns)
{
	if (time_ns > s->now_ns)
		s->now_ns = time_ns;
}

bool storm_pass(struct storm *s, const struct storm_offer *o)
{
	uint8_t *told = &s->told[o->finding / 8], bit = (uint8_t)(1 << o->finding % 8);

	pass_time(s, o->time_ns);
	if (!s->rate_per_s)
		return true;
	fill(s);
	if (s->now_ns - s->fresh_ns >= PERIOD_NS) {
		memset(s->told, 0, sizeof(s->told));
		s->fresh_ns = s->now_ns;
	}
	if (s->level >= need(s, o, !(*told & bit))) {
		s->level -= TOKEN;
		*told |= bit;
		return true;
	}
	if (!s->open.counts.alerts)
		s->open.from_ns = s->now_ns;
	count(&s->open.counts, o);
	count(&s->total, o);
	return false;
}

bool storm_due(struct storm *s, uint64_t time_ns, bool last, struct storm_report *out)
{
	uint64_t now_ns = time_ns > s->now_ns ? time_ns : s->now_ns, end_ns = s->open.from_ns + PERIOD_NS;

	if (!s->open.counts.alerts || (!last && now_ns < end_ns))
		return false;
	*out = s->open;
	out->to_ns = now_ns < end_ns ? now_ns : end_ns;
	s->open = (struct storm_report){.from_ns = 0};
	return true;
}

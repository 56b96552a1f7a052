// Steering a card's clock by the machine's.
#include "hw/dpdk/ticks.h"

enum {
	TICKS_SECOND_NS = 1000000000,
	TICKS_STEP_NS = 100000000, // more than this between two readings is no drift but somebody setting the clock
	TICKS_STALE = 4,           // intervals without a reading after which nobody remembers what was told last
};

// The rate is measured over at most so long: temperature changes a crystal, and NTP the machine's clock.
static const uint64_t ticks_ref_ns = 16ULL * TICKS_SECOND_NS;

// 2 ns to 0.05 ns a tick is what cards have; far outside, the reading is broken.
static bool sane(double ns_per_tick)
{
	return ns_per_tick > 0.01 && ns_per_tick < 100000;
}

bool ticks_init(struct ticks *t, uint64_t ticks0, uint64_t ns0, uint64_t ticks1, uint64_t ns1)
{
	if (ticks1 <= ticks0 || ns1 <= ns0)
		return false;
	double rate = (double)(ns1 - ns0) / (double)(ticks1 - ticks0);
	if (!sane(rate))
		return false;
	*t = (struct ticks){.base_ticks = ticks1, .base_ns = ns1, .ref_ticks = ticks0, .ref_ns = ns0, .ns_per_tick = rate, .rate = rate,
		.interval_ticks = (uint64_t)(TICKS_SECOND_NS / rate)};
	return true;
}

static void ticks_jump(struct ticks *t, uint64_t ticks, uint64_t ns)
{
	t->base_ticks = t->ref_ticks = ticks;
	t->base_ns = t->ref_ns = ns;
	t->ns_per_tick = t->rate;
}

void ticks_steer(struct ticks *t, uint64_t ticks, uint64_t ns)
{
	if ((int64_t)(ticks - t->base_ticks) <= 0)
		return;
	uint64_t told = ticks_ns(t, ticks);
	int64_t late = (int64_t)(ns - told);
	if (late > TICKS_STEP_NS || late < -(int64_t)TICKS_STEP_NS || ns <= t->ref_ns) {
		ticks_jump(t, ticks, ns);
		return;
	}
	if (ticks - t->base_ticks > TICKS_STALE * t->interval_ticks) {
		told = ns;
		late = 0;
	}
	double rate = (double)(ns - t->ref_ns) / (double)(ticks - t->ref_ticks);
	if (sane(rate))
		t->rate = rate;
	if (ns - t->ref_ns > ticks_ref_ns) {
		t->ref_ticks = ticks;
		t->ref_ns = ns;
	}
	// At most a thousandth faster or slower, so that time never stands still.
	double work_off = (double)late / (double)t->interval_ticks;
	double most = t->rate / 1000;
	work_off = work_off > most ? most : work_off < -most ? -most : work_off;
	t->base_ticks = ticks;
	t->base_ns = told;
	t->ns_per_tick = t->rate + work_off;
}

// The time of a live capture: every worker's timers run as if it had seen everything, and when nothing comes.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/capture/taken.h"

// Dissection's clock and the moments at which its timers run, as dissect/dissect.c does it.
struct engine {
	uint64_t now_ns, shift_ns[4], tick;
	uint32_t n_clocks;
	bool started;
	uint64_t log[TAKEN_MAX][2]; // seq and time of each run
	size_t n;
};

static void engine_take(struct engine *e, const struct packet *p)
{
	const uint64_t slack_ns = 1000000000;
	uint64_t best = UINT64_MAX;
	for (uint32_t i = 0; p->time_ns && i < e->n_clocks; i++) {
		uint64_t now_ns = p->time_ns + e->shift_ns[i];
		if (now_ns + slack_ns >= e->now_ns && now_ns < best)
			best = now_ns;
	}
	if (p->time_ns && best != UINT64_MAX) {
		e->now_ns = best > e->now_ns ? best : e->now_ns;
	} else if (p->time_ns) {
		if (e->n_clocks == 4)
			memmove(e->shift_ns, e->shift_ns + 1, 3 * sizeof(e->shift_ns[0]));
		else
			e->n_clocks++;
		e->shift_ns[e->n_clocks - 1] = e->now_ns - p->time_ns;
	}
	if (!e->started || e->now_ns >> LIVE_TICK_SHIFT > e->tick) {
		assert_true(e->n < TAKEN_MAX);
		e->log[e->n][0] = p->seq;
		e->log[e->n++][1] = e->now_ns;
		e->started = true;
		e->tick = e->now_ns >> LIVE_TICK_SHIFT;
	}
}

// Whatever the times of packets are, each worker's timers run at the same moments as those of somebody who sees all.
static void same_time(const uint64_t *time_ns, size_t n, unsigned seed)
{
	static struct engine one, each[3];
	static uint64_t now_of[TAKEN_MAX];
	struct fake *f = fake_open(1, PORT_CLOCK_CAPTURE), *g = fake_open(1, PORT_CLOCK_CAPTURE);
	for (size_t i = 0; i < n; i++) {
		uint8_t mark = (uint8_t)(rand_r(&seed) % 190);
		mark = mark < 3 ? ALL : mark < 120 ? 3 : mark; // one has most of it
		fake_add(f, 0, time_ns[i], mark);
		fake_add(g, 0, time_ns[i], mark);
	}
	memset(&one, 0, sizeof(one));
	memset(each, 0, sizeof(each));
	one.n_clocks = each[0].n_clocks = each[1].n_clocks = each[2].n_clocks = 1;
	struct live *l = open_live(1, &g, 1, 0);
	while (take(l, 0) != SOURCE_END)
		;
	live_close(&l);
	for (size_t i = 0; i < n; i++) {
		engine_take(&one, &taken[0].p[i]);
		now_of[i] = one.now_ns;
	}
	l = open_live(3, &f, 1, 0);
	read_fan(l, 3);
	for (uint16_t w = 0; w < 3; w++) {
		for (size_t i = 0; i < taken[w].n; i++) {
			const struct packet *p = &taken[w].p[i];
			engine_take(&each[w], p);
			if (p->kind != PACKET_TIME)
				assert_int_equal(each[w].now_ns, now_of[p->frame - 1]);
		}
		// Of the last ones some may not have been told: a worker's input ends with its last packet.
		assert_int_equal(each[w].n, one.n);
		assert_memory_equal(each[w].log, one.log, one.n * sizeof(one.log[0]));
	}
	live_close(&l);
}

static void test_time(void **state)
{
	enum { N = 2000 };
	static uint64_t time_ns[N];
	const uint64_t start_ns = UINT64_C(1700000000) * 1000000000;
	for (unsigned seed = 1; seed < 60; seed++) {
		unsigned s = seed;
		uint64_t at_ns = start_ns;
		for (size_t i = 0; i < N; i++) {
			int what = rand_r(&s) % 1000;
			at_ns += (uint64_t)(rand_r(&s) % 50000000); // a tick every forty packets
			if (what < 3 && seed > 10) // now and then a silence
				at_ns += UINT64_C(400) * 1000000000;
			time_ns[i] = at_ns;
			if (what > 900 && seed > 15) // packets change places
				time_ns[i] -= (uint64_t)(rand_r(&s) % 900000000);
			if (what > 985 && seed > 20 && i)
				time_ns[i] = 0;
			if (what == 7 && seed > 25) // another clock
				at_ns -= UINT64_C(3600) * 1000000000;
			if (what > 700 && what < 800 && seed > 30) // two clocks that alternate
				time_ns[i] -= UINT64_C(86400) * 1000000000;
		}
		same_time(time_ns, N, seed);
	}
}

// A mark at a tick has the seq and time of the packet that brings it.
static void test_tick(void **state)
{
	const uint64_t tick_ns = UINT64_C(1) << LIVE_TICK_SHIFT;
	struct fake *f = fake_open(1, PORT_CLOCK_CAPTURE);
	fake_add(f, 0, 5 * tick_ns + 100, 1);
	fake_add(f, 0, 5 * tick_ns + 200, 2);
	fake_add(f, 0, 6 * tick_ns - 1, 1);
	fake_add(f, 0, 6 * tick_ns, 1);
	fake_add(f, 0, 6 * tick_ns + 1, 2);
	struct live *l = open_live(3, &f, 1, 0);
	read_fan(l, 3);
	assert_int_equal(taken[0].n, 2); // has no packet at all
	assert_int_equal(taken[0].p[0].time_ns, 5 * tick_ns + 100);
	assert_int_equal(taken[0].p[1].time_ns, 6 * tick_ns);
	assert_int_equal(taken[1].n, 3);
	assert_int_equal(taken[2].n, 4);
	assert_int_equal(taken[2].p[2].kind, PACKET_TIME);
	assert_int_equal(taken[2].p[2].time_ns, 6 * tick_ns);
	assert_int_equal(taken[2].p[2].seq, taken[1].p[2].seq);
	assert_int_equal(taken[0].p[1].seq, taken[1].p[2].seq);
	assert_int_equal(taken[0].p[1].frame, taken[1].p[2].frame); // whose time it is
	live_close(&l);
}

static void nap(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1100000}, NULL);
}

static void test_idle(void **state)
{
	for (uint16_t workers = 1; workers <= 2; workers++) {
		struct fake *f = fake_open(1, PORT_CLOCK_SYSTEM);
		f->endless = true;
		struct live *l = open_live(workers, &f, 1, 0);
		for (int i = 0; i < 5; i++) {
			nap();
			if (workers > 1)
				assert_int_equal(live_read(l), SOURCE_IDLE);
			for (uint16_t w = 0; w < workers; w++)
				take(l, w);
		}
		fake_add(f, 0, UINT64_C(1) << 61, 1);
		if (workers > 1)
			assert_int_equal(live_read(l), 1);
		for (uint16_t w = 0; w < workers; w++) {
			take(l, w);
			assert_int_equal(taken[w].n, 6);
			for (int i = 0; i < 5; i++)
				assert_true(taken[w].p[i].kind == PACKET_TIME && taken[w].p[i].frame == 0);
		}
		assert_int_equal(taken[workers - 1].p[5].kind, PACKET_WHOLE);
		for (int i = 0; i < 3; i++) // after a packet time goes on from there
			nap();
		live_read(l);
		take(l, 0);
		assert_true(taken[0].p[6].kind == PACKET_TIME && taken[0].p[6].time_ns > UINT64_C(1) << 61);
		live_close(&l);
	}
}

// A worker that gets nothing hears how far the others are.
static void test_silent_worker(void **state)
{
	struct fake *f = fake_open(1, PORT_CLOCK_CAPTURE);
	f->endless = true;
	struct live *l = open_live(2, &f, 1, 0);
	for (uint64_t i = 0; i < 4; i++) {
		fake_add(f, 0, 50000 + i * 100, 1);
		nap();
		assert_int_equal(live_read(l), 1);
		take(l, 0);
		take(l, 1);
		assert_int_equal(taken[0].n, i + 1);
		assert_int_equal(taken[0].p[i].kind, PACKET_TIME);
		assert_int_equal(taken[0].p[i].seq, taken[1].p[i].seq);
		assert_int_equal(taken[0].p[i].time_ns, 50000 + i * 100);
	}
	nap();
	assert_int_equal(live_read(l), SOURCE_IDLE); // and no more than once
	assert_int_equal(take(l, 0), SOURCE_IDLE);
	live_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_tick),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_silent_worker),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

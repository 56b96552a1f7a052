// Live captures on ports that a test writes: who gets what, in which order, and what is counted.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "capture/live_parts.h"
#include "tests/unit/capture/fake.h"

enum { ALL = 200, HERE = 201, TAKEN_MAX = 8192 };

static uint16_t n_workers;

// A packet's first octet says whose it is.
static uint32_t owner_of(void *ctx, const struct packet *p, bool fanned)
{
	assert_ptr_equal(ctx, &n_workers);
	assert_int_equal(p->kind, PACKET_WHOLE);
	if (p->data[0] == ALL)
		return LIVE_ALL;
	if (p->data[0] == HERE) {
		assert_false(fanned);
		return LIVE_HERE;
	}
	return p->data[0] % n_workers;
}

struct taken {
	struct packet p[TAKEN_MAX]; // .data is not valid any more
	uint8_t mark[TAKEN_MAX];
	size_t n, whole;
};

static struct taken taken[LIVE_WORKERS_MAX];

static struct live *open_live(uint16_t workers, struct fake *const *fakes, size_t n, size_t lane_octets)
{
	struct live_config c = {.n_ports = n, .workers = workers, .owner = owner_of, .owner_ctx = &n_workers, .lane_octets = lane_octets};
	struct port *ports[LIVE_PORTS_MAX];
	struct live *l;
	char why[PORT_WHY];
	n_workers = workers;
	memset(taken, 0, sizeof(taken));
	for (size_t i = 0; i < n; i++) {
		ports[i] = &fakes[i]->port;
		c.port[i].tap = (uint8_t)(i / 2);
	}
	assert_int_equal(live_open_ports(&l, &c, ports, why), 0);
	assert_int_equal(live_n_ports(l), n);
	return l;
}

// One burst of a worker. Its outcome.
static int take(struct live *l, uint16_t w)
{
	struct packet burst[PACKET_BURST];
	struct taken *t = &taken[w];
	int n = source_burst(live_source(l, w), burst);
	for (int i = 0; n > 0 && n != SOURCE_IDLE && i < n; i++) {
		const struct packet *p = &burst[i];
		assert_true(t->n < TAKEN_MAX);
		assert_true(!t->n || p->seq > t->p[t->n - 1].seq);
		assert_int_equal(p->seq % 16, live_fanned(l) ? 0 : w);
		assert_int_equal(p->data == NULL, p->kind == PACKET_TIME);
		for (uint32_t k = 0; p->data && k < p->len && p->len == FAKE_LEN; k++)
			assert_int_equal(p->data[k], p->data[0]);
		t->mark[t->n] = p->data ? p->data[0] : 0;
		t->p[t->n++] = *p;
		t->whole += p->kind == PACKET_WHOLE;
	}
	return n;
}

static void ledger(struct live *l)
{
	struct live_counts c;
	uint64_t rx = 0, whole = 0;
	live_counts(l, &c);
	for (size_t i = 0; i < live_n_ports(l); i++) {
		struct port_stats s;
		live_port_stats(l, i, &s);
		rx += s.rx_packets;
	}
	for (int w = 0; w < LIVE_WORKERS_MAX; w++)
		whole += taken[w].whole;
	assert_int_equal(rx, whole + c.lanes_full + c.waiting);
}

// Reads everything, the reader first: what a test needs fits the lanes.
static void read_fan(struct live *l, uint16_t workers)
{
	assert_true(live_fanned(l));
	for (int n; (n = live_read(l)) != SOURCE_END;)
		assert_true(n > 0);
	ledger(l);
	for (uint16_t w = 0; w < workers; w++) {
		while (take(l, w) != SOURCE_IDLE)
			;
		ledger(l);
	}
	live_read_end(l);
	for (uint16_t w = 0; w < workers; w++)
		assert_int_equal(take(l, w), SOURCE_END);
}

static void test_way(void **state)
{
	static const struct {
		const char *name;
		uint16_t workers, queues[2];
		bool symmetric[2], fanned;
	} rows[] = {
		{"one worker", 1, {1, 1}, {false, false}, false},
		{"one worker, many queues", 1, {4, 1}, {false, false}, false},
		{"one queue each", 2, {2, 2}, {true, true}, false},
		{"more than needed", 2, {4, 3}, {true, true}, false},
		{"too few", 3, {3, 2}, {true, true}, true},
		{"the card does not bring both directions together", 2, {2, 2}, {true, false}, true},
		{"one queue", 2, {1, 1}, {false, false}, true},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake *f[2];
		bool closed[2] = {false};
		for (int k = 0; k < 2; k++) {
			f[k] = fake_open(rows[i].queues[k], PORT_CLOCK_CAPTURE);
			f[k]->about.rss_symmetric = rows[i].symmetric[k];
			f[k]->closed = &closed[k];
			for (uint16_t q = 0; q < rows[i].queues[k]; q++) // every queue is read
				fake_add(f[k], q, 100 + q, HERE);
		}
		struct live *l = open_live(rows[i].workers, f, 2, 0);
		if (live_fanned(l) != rows[i].fanned)
			fail_msg("%s", rows[i].name);
		for (int round = 0; round < 9 && !rows[i].fanned; round++)
			for (uint16_t w = 0; w < rows[i].workers; w++)
				take(l, w);
		for (uint16_t w = 0; w < rows[i].workers && !rows[i].fanned; w++)
			assert_int_equal(taken[w].whole, rows[i].workers == 1 ? rows[i].queues[0] + rows[i].queues[1] : 2);
		live_close(&l);
		assert_true(closed[0] && closed[1]);
	}
}

static void test_direct(void **state)
{
	struct fake *f[2] = {fake_open(1, PORT_CLOCK_CAPTURE), fake_open(1, PORT_CLOCK_CAPTURE)};
	for (uint64_t i = 0; i < 100; i++)
		fake_add(f[i % 2], 0, 100000 + i * 100, (uint8_t)i);
	struct live *l = open_live(1, f, 2, 0);
	assert_int_equal(live_read(l), SOURCE_END);
	while (take(l, 0) != SOURCE_END)
		;
	assert_int_equal(taken[0].whole, 100);
	for (uint32_t i = 0; i < 100; i++) {
		const struct packet *p = &taken[0].p[i];
		assert_int_equal(taken[0].mark[i], i);
		assert_int_equal(p->port, i % 2);
		assert_int_equal(p->frame, i / 2 + 1);
		assert_int_equal(p->seq, (100000 + i * 100) & ~15u);
	}
	ledger(l);
	live_close(&l);
}

// Every worker gets its own and a copy of what is everybody's, in order; nothing twice.
static void test_fan(void **state)
{
	struct fake *f[2] = {fake_open(1, PORT_CLOCK_CAPTURE), fake_open(2, PORT_CLOCK_CAPTURE)};
	size_t own[3] = {0}, all = 0;
	for (uint64_t i = 0; i < 600; i++) {
		uint8_t mark = i % 17 ? (uint8_t)(i * 7 % 190) : ALL;
		fake_add(f[i % 3 > 0], (uint16_t)(i % 3 == 2), 1000000 + i * 50, mark);
		own[mark % 3] += mark != ALL;
		all += mark == ALL;
	}
	struct live *l = open_live(3, f, 2, 0);
	read_fan(l, 3);
	for (uint16_t w = 0; w < 3; w++) {
		size_t copies = 0, mine = 0, whole = 0;
		for (size_t i = 0; i < taken[w].n; i++) {
			const struct packet *p = &taken[w].p[i];
			if (p->kind == PACKET_TIME)
				continue;
			bool shared = taken[w].mark[i] == ALL;
			assert_true(shared || taken[w].mark[i] % 3 == w);
			assert_int_equal(p->kind, shared && w ? PACKET_COPY : PACKET_WHOLE);
			copies += p->kind == PACKET_COPY;
			whole += shared && p->kind == PACKET_WHOLE;
			mine += !shared;
		}
		assert_int_equal(mine, own[w]);
		assert_int_equal(copies, w ? all : 0);
		assert_int_equal(whole, w ? 0 : all);
	}
	struct live_counts c;
	live_counts(l, &c);
	assert_true(c.lanes_taken == 600 && c.lanes_full == 0 && c.copies_full == 0 && c.waiting == 0);
	live_close(&l);
}

// Lanes that are full: what finds no room is counted, exactly.
static void test_full(void **state)
{
	static uint8_t octets[1500];
	struct fake *f = fake_open(1, PORT_CLOCK_CAPTURE);
	for (uint64_t i = 0; i < 3000; i++) {
		fake_add(f, 0, 1000 + i * 16, 0);
		f->queue[0].len[i] = sizeof(octets);
	}
	octets[0] = 1;
	f->queue[0].large = octets;
	struct live *l = open_live(2, &f, 1, 1024 * 1024);
	for (int n, k = 0; (n = live_read(l)) != SOURCE_END; k++)
		if (k > 60) // a worker that is too slow
			take(l, 1);
	ledger(l);
	live_read_end(l);
	for (uint16_t w = 0; w < 2; w++)
		while (take(l, w) != SOURCE_END)
			;
	struct live_counts c;
	live_counts(l, &c);
	assert_true(c.lanes_full > 100 && taken[1].whole > 700);
	assert_int_equal(taken[0].whole, 0);
	assert_int_equal(taken[1].whole + c.lanes_full, 3000);
	assert_int_equal(taken[1].whole, c.lanes_taken);
	assert_int_equal(c.waiting, 0);
	octets[0] = 0;
	live_close(&l);
}

static void test_full_copies(void **state)
{
	static uint8_t octets[1500];
	struct fake *f = fake_open(1, PORT_CLOCK_CAPTURE);
	for (uint64_t i = 0; i < 3000; i++) {
		fake_add(f, 0, 1000 + i * 16, 0);
		f->queue[0].len[i] = sizeof(octets);
	}
	octets[0] = ALL;
	f->queue[0].large = octets;
	struct live *l = open_live(2, &f, 1, 1024 * 1024);
	while (live_read(l) != SOURCE_END)
		while (take(l, 0) != SOURCE_IDLE) // 0 is quick, 1 does not look
			;
	struct live_counts c;
	live_counts(l, &c);
	assert_int_equal(c.lanes_full, 0);
	assert_int_equal(taken[0].whole, 3000);
	live_read_end(l);
	while (take(l, 1) != SOURCE_END)
		;
	assert_int_equal(taken[1].whole, 0);
	assert_true(c.copies_full > 1000);
	assert_int_equal(taken[1].n + c.copies_full, 3000);
	live_close(&l);
}

// ---- time ----------------------------------------------------------------------------------------------------

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
				assert_int_equal(taken[w].p[i].kind, PACKET_TIME);
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

// ---- run to completion -----------------------------------------------------------------------------------------

static struct fake *symmetric(uint16_t queues)
{
	struct fake *f = fake_open(queues, PORT_CLOCK_CAPTURE);
	f->about.rss_symmetric = true;
	return f;
}

static void test_lanes_between(void **state)
{
	struct fake *f = symmetric(3);
	for (uint64_t i = 0; i < 600; i++)
		fake_add(f, (uint16_t)(i % 3), 1000000 + i * 50, i % 10 == 9 ? ALL : i % 5 == 3 ? (uint8_t)(i % 7) : HERE);
	size_t want[3] = {0};
	for (uint64_t i = 0; i < 600; i++)
		want[i % 10 == 9 ? 0 : i % 5 == 3 ? i % 7 % 3 : i % 3]++;
	struct live *l = open_live(3, &f, 1, 0);
	assert_false(live_fanned(l));
	bool ended[3] = {false};
	for (int round = 0; round < 1000 && !(ended[0] && ended[1] && ended[2]); round++)
		for (uint16_t w = 0; w < 3; w++) {
			ended[w] |= !ended[w] && take(l, w) == SOURCE_END;
			ledger(l);
		}
	assert_true(ended[0] && ended[1] && ended[2]);
	for (uint16_t w = 0; w < 3; w++) {
		size_t copies = 0;
		for (size_t i = 0; i < taken[w].n; i++)
			copies += taken[w].p[i].kind == PACKET_COPY;
		assert_int_equal(taken[w].whole, want[w]);
		assert_int_equal(copies, w ? 60 : 0);
	}
	struct live_counts c;
	live_counts(l, &c);
	assert_true(c.lanes_taken > 0 && c.lanes_full == 0 && c.waiting == 0);
	live_close(&l);
}

// Who hands on everything it receives is not idle.
static void test_all_handed_on(void **state)
{
	struct fake *f = symmetric(2);
	for (uint64_t i = 0; i < 100; i++)
		fake_add(f, 0, 1000000 + i * 50, 1);
	struct live *l = open_live(2, &f, 1, 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(take(l, 0), 1);
	assert_true(taken[0].p[3].kind == PACKET_TIME && taken[0].p[3].time_ns == 1000000 + 99 * 50);
	assert_int_equal(take(l, 0), SOURCE_IDLE); // the other one has not ended
	while (take(l, 1) != SOURCE_END)
		;
	assert_int_equal(take(l, 0), SOURCE_END);
	assert_int_equal(taken[1].whole, 100);
	live_close(&l);
}

// ---- the rest --------------------------------------------------------------------------------------------------

static void test_wait(void **state)
{
	for (uint16_t workers = 1; workers <= 2; workers++) {
		struct fake *f = fake_open(1, PORT_CLOCK_SYSTEM);
		struct live *l = open_live(workers, &f, 1, 0);
		live_wait(l, 0, 1);
		assert_int_equal(f->waits, workers == 1);
		live_wait(l, LIVE_READER, 1);
		assert_int_equal(f->waits, 1);
		live_close(&l);
	}
}

static void test_error(void **state)
{
	struct fake *f = fake_open(1, PORT_CLOCK_SYSTEM);
	fake_add(f, 0, 1000, 1);
	fake_add(f, 0, FAKE_ERROR, 1);
	fake_add(f, 0, 2000, 1);
	struct live *l = open_live(2, &f, 1, 0);
	assert_int_equal(live_read(l), 1);
	assert_int_equal(live_read(l), -ENETDOWN);
	assert_int_equal(live_read(l), 1);
	assert_int_equal(live_read(l), SOURCE_END);
	live_close(&l);
}

static void test_refused(void **state)
{
	struct live_config c = {.port = {{.name = "nothing", .bpf = ""}}, .n_ports = 1, .workers = 1, .owner = owner_of};
	struct live *l = (struct live *)&c;
	char why[PORT_WHY];
	assert_int_equal(live_open(&l, &c, why), -ENODEV);
	assert_null(l);
	assert_non_null(strstr(why, "nothing"));
	c.workers = LIVE_WORKERS_MAX + 1;
	assert_int_equal(live_open(&l, &c, why), -EINVAL);
	c.workers = 1;
	c.n_ports = 0;
	assert_int_equal(live_open(&l, &c, why), -EINVAL);
	assert_true(why[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_way),
		cmocka_unit_test(test_direct),
		cmocka_unit_test(test_fan),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_full_copies),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_tick),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_silent_worker),
		cmocka_unit_test(test_lanes_between),
		cmocka_unit_test(test_all_handed_on),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

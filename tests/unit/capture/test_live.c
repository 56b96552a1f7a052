// Live captures on ports that a test writes: who gets what, in which order, and what is counted.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/capture/taken.h"

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
		for (uint16_t w = 0; w < rows[i].workers && !rows[i].fanned; w++) {
			size_t own = 0;
			for (int k = 0; k < 2; k++)
				for (uint16_t q = w; q < rows[i].queues[k]; q += rows[i].workers)
					own++;
			assert_int_equal(taken[w].whole, own); // no queue is left unread
		}
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

// 3000 packets of 1500 octets, more than a lane holds; their first octet is `mark`.
static struct fake *large_packets(enum port_clock clock, uint8_t mark)
{
	static uint8_t octets[1500];
	struct fake *f = fake_open(1, clock);
	octets[0] = mark;
	f->queue[0].large = octets;
	for (uint64_t i = 0; i < 3000; i++) {
		fake_add(f, 0, 1000 + i * 16, 0);
		f->queue[0].len[i] = sizeof(octets);
	}
	return f;
}

// Lanes that are full: what finds no room is counted, exactly.
static void test_full(void **state)
{
	struct fake *f = large_packets(PORT_CLOCK_SYSTEM, 1);
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
	live_close(&l);
}

static void test_full_copies(void **state)
{
	struct fake *f = large_packets(PORT_CLOCK_SYSTEM, ALL);
	struct live *l = open_live(2, &f, 1, 1024 * 1024);
	while (live_read(l) != SOURCE_END)
		while (take(l, 0) != SOURCE_IDLE) // 0 is quick, 1 does not look
			;
	struct live_counts c;
	live_counts(l, &c);
	assert_int_equal(c.lanes_full, 0);
	assert_int_equal(taken[0].whole, 3000);
	live_read_end(l);
	size_t copies = 0;
	while (take(l, 1) != SOURCE_END)
		;
	for (size_t i = 0; i < taken[1].n; i++)
		copies += taken[1].p[i].kind == PACKET_COPY;
	assert_int_equal(taken[1].whole, 0);
	assert_true(c.copies_full > 1000);
	assert_int_equal(copies + c.copies_full, 3000);
	live_close(&l);
}

// A file waits: nothing is lost, however slow a worker is.
static void test_patient(void **state)
{
	static const uint8_t marks[] = {1, ALL};
	for (size_t i = 0; i < sizeof(marks); i++) {
		struct fake *f = large_packets(PORT_CLOCK_CAPTURE, marks[i]);
		struct live *l = open_live(2, &f, 1, 1024 * 1024);
		size_t idle = 0;
		for (int n; (n = live_read(l)) != SOURCE_END;) {
			ledger(l);
			if (n != SOURCE_IDLE)
				continue;
			idle++;
			take(l, 0);
			take(l, 1);
		}
		assert_true(idle > 20);
		live_read_end(l);
		for (uint16_t w = 0; w < 2; w++)
			while (take(l, w) != SOURCE_END)
				;
		struct live_counts c;
		live_counts(l, &c);
		assert_true(c.lanes_full == 0 && c.copies_full == 0 && c.lanes_taken == 3000);
		assert_int_equal(taken[0].whole, marks[i] == ALL ? 3000 : 0);
		assert_int_equal(taken[1].whole, marks[i] == ALL ? 0 : 3000);
		for (size_t k = 1, last = 0; k < taken[1].n; k++)
			if (taken[1].p[k].kind != PACKET_TIME) {
				assert_true(last == 0 || taken[1].p[k].frame == last + 1);
				last = taken[1].p[k].frame;
			}
		live_close(&l);
	}
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
	struct live_config c = {.port = {{.name = "nothing", .bpf = ""}}, .n_ports = 1, .workers = 1}; // refused before anybody is asked for an owner
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
		cmocka_unit_test(test_patient),
		cmocka_unit_test(test_lanes_between),
		cmocka_unit_test(test_all_handed_on),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

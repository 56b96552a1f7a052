// The order of several queues, and how long one waits for another.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/arms.h"
#include "tests/unit/capture/fake.h"

static const uint64_t s_ns = UINT64_C(1000000000), ms_ns = 1000000;

struct two {
	struct fake *fake[2];
	struct arms *arms;
	char order[512];
	struct arms_now now;
};

static void two_open(struct two *t, enum port_clock a, enum port_clock b)
{
	*t = (struct two){.now = {.mono_ns = 5 * s_ns, .wall_ns = 1000 * s_ns}};
	t->fake[0] = fake_open(1, a);
	t->fake[1] = fake_open(1, b);
}

static void two_start(struct two *t)
{
	struct arm_config c[2];
	for (uint8_t i = 0; i < 2; i++)
		c[i] = (struct arm_config){.source = &t->fake[i]->queue[0].source, .clock = t->fake[i]->about.clock, .tap = i, .port = i + 3,
			.n_queues = 1};
	assert_int_equal(arms_open(&t->arms, c, 2, 300000), 0);
}

// One burst; 'a' and 'b' of its packets are added to the order.
static int two_burst(struct two *t)
{
	struct packet burst[PACKET_BURST];
	uint8_t from[PACKET_BURST];
	int n = arms_burst(t->arms, burst, from, t->now);
	for (int i = 0; n > 0 && n != SOURCE_IDLE && i < n; i++) {
		const struct packet *p = &burst[i];
		assert_int_equal(from[i], p->tap);
		assert_int_equal(p->port, p->tap + 3);
		assert_int_equal(p->file, 0);
		for (uint32_t k = 0; k < p->len; k++) // still there
			assert_int_equal(p->data[k], (uint8_t)p->frame);
		t->order[strlen(t->order)] = (char)('a' + p->tap);
	}
	return n;
}

static void two_close(struct two *t)
{
	arms_close(&t->arms);
	for (int i = 0; i < 2; i++) {
		struct port *p = &t->fake[i]->port;
		port_close(&p);
	}
}

static void add(struct two *t, int arm, uint64_t time_ns)
{
	struct fake_queue *q = &t->fake[arm]->queue[0];
	uint8_t frame = 1;
	for (size_t i = 0; i < q->n; i++)
		frame += q->time_ns[i] < FAKE_CUT;
	fake_add(t->fake[arm], 0, time_ns, frame);
}

static void test_order(void **state)
{
	static const struct {
		const char *name;
		uint64_t a[12], b[12];
		const char *want;
	} rows[] = {
		{"in turn", {1, 3, 5}, {2, 4, 6}, "ababab"},
		{"at once: the first arm first", {1, 2}, {1, 2}, "abab"},
		{"one after the other", {1, 2}, {8, 9}, "aabb"},
		{"the other way round", {8, 9}, {1, 2}, "bbaa"},
		{"one of them empty", {0}, {1, 2}, "bb"},
		{"both", {0}, {0}, ""},
		{"a little out of order", {1, 4, 3, 5}, {2, 6}, "abaaab"},
		{"bursts of one arm cut anywhere", {1, FAKE_CUT, 3, FAKE_CUT, 5, 7}, {2, 4, FAKE_CUT, 6, 8}, "abababab"},
		{"idle between", {1, FAKE_IDLE, 3, FAKE_IDLE, FAKE_IDLE, 5}, {2, FAKE_IDLE, 4, 6}, "ababab"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct two t;
		two_open(&t, PORT_CLOCK_CAPTURE, PORT_CLOCK_CAPTURE);
		for (const uint64_t *x = rows[i].a; *x; x++)
			add(&t, 0, *x);
		for (const uint64_t *x = rows[i].b; *x; x++)
			add(&t, 1, *x);
		two_start(&t);
		for (int n; (n = two_burst(&t)) != SOURCE_END;)
			assert_true(n > 0);
		if (strcmp(t.order, rows[i].want) != 0)
			fail_msg("%s: %s, wanted %s", rows[i].name, t.order, rows[i].want);
		two_close(&t);
	}
}

static void test_many(void **state)
{
	struct two t;
	uint64_t a = 10, b = 10;
	two_open(&t, PORT_CLOCK_CAPTURE, PORT_CLOCK_CAPTURE);
	for (int i = 0; i < 200; i++) {
		add(&t, 0, a += (uint64_t)(i * 7 % 5));
		add(&t, 1, b += (uint64_t)(i * 11 % 6));
	}
	two_start(&t);
	for (int n; (n = two_burst(&t)) != SOURCE_END;)
		assert_true(n > 0 && n != SOURCE_IDLE);
	assert_int_equal(strlen(t.order), 400);
	assert_int_equal(arms_held(t.arms), 0);
	two_close(&t);
}

// A file that says nothing is waited for 50 ms, counted from when it last did; then not any more, until it speaks.
static void test_silent_file(void **state)
{
	struct two t;
	two_open(&t, PORT_CLOCK_CAPTURE, PORT_CLOCK_CAPTURE);
	t.fake[0]->endless = t.fake[1]->endless = true;
	add(&t, 0, 10);
	add(&t, 0, 12);
	two_start(&t);
	assert_int_equal(two_burst(&t), SOURCE_IDLE);
	assert_int_equal(arms_held(t.arms), 2);
	assert_int_equal(arms_held_ns(t.arms), 10);
	t.now.mono_ns += 50 * ms_ns - 1;
	assert_int_equal(two_burst(&t), SOURCE_IDLE);
	t.now.mono_ns += 1;
	assert_int_equal(two_burst(&t), 2);
	assert_int_equal(arms_held(t.arms), 0);
	assert_true(arms_held_ns(t.arms) == UINT64_MAX);
	add(&t, 0, 13); // no more waiting
	assert_int_equal(two_burst(&t), 1);
	add(&t, 0, 15);
	add(&t, 1, 14); // it speaks
	assert_int_equal(two_burst(&t), 1);
	assert_int_equal(two_burst(&t), SOURCE_IDLE);
	t.now.mono_ns += 50 * ms_ns;
	assert_int_equal(two_burst(&t), 1);
	assert_string_equal(t.order, "aaaba");
	two_close(&t);
}

// Whether a packet of arm a, stamped `age` before now, goes while arm b has nothing.
static void test_live_arm(void **state)
{
	const struct {
		const char *name;
		enum port_clock a, b;
		int64_t age_ns;
		bool goes;
		uint64_t later_ns; // mono and wall: then it goes
	} rows[] = {
		{"the system's clock stamps when packets are taken", PORT_CLOCK_SYSTEM, PORT_CLOCK_SYSTEM, 0, true, 0},
		{"both", PORT_CLOCK_KERNEL, PORT_CLOCK_SYSTEM, 0, true, 0},
		{"a card is late by the window", PORT_CLOCK_HARDWARE, PORT_CLOCK_HARDWARE, 0, false, 300000},
		{"and no more", PORT_CLOCK_HARDWARE, PORT_CLOCK_HARDWARE, 300000, true, 0},
		{"a little more than seen", PORT_CLOCK_HARDWARE, PORT_CLOCK_HARDWARE, 299999, false, 1},
		{"the kernel by its blocks", PORT_CLOCK_KERNEL, PORT_CLOCK_KERNEL, 300000, false, 20000000},
		{"and no more", PORT_CLOCK_KERNEL, PORT_CLOCK_KERNEL, 20300000, true, 0},
		{"a clock that runs a little ahead", PORT_CLOCK_HARDWARE, PORT_CLOCK_HARDWARE, -5000000, false, 300000},
		{"a clock that nobody set", PORT_CLOCK_HARDWARE, PORT_CLOCK_HARDWARE, -20000000, true, 0},
		{"nor that one", PORT_CLOCK_HARDWARE, PORT_CLOCK_HARDWARE, 900 * 1000000000ll, true, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct two t;
		two_open(&t, rows[i].a, rows[i].b);
		t.fake[0]->endless = t.fake[1]->endless = true;
		add(&t, 0, (uint64_t)((int64_t)t.now.wall_ns - rows[i].age_ns));
		two_start(&t);
		int n = two_burst(&t);
		if (n != (rows[i].goes ? 1 : SOURCE_IDLE))
			fail_msg("%s: %d", rows[i].name, n);
		t.now.mono_ns += rows[i].later_ns;
		t.now.wall_ns += rows[i].later_ns;
		n = rows[i].goes ? 1 : two_burst(&t);
		if (n != 1)
			fail_msg("%s, later: %d", rows[i].name, n);
		two_close(&t);
	}
}

// A late packet of the other arm comes first when it comes in time.
static void test_late(void **state)
{
	struct two t;
	two_open(&t, PORT_CLOCK_KERNEL, PORT_CLOCK_KERNEL);
	uint64_t wall_ns = t.now.wall_ns;
	t.fake[0]->endless = t.fake[1]->endless = true;
	add(&t, 0, wall_ns);
	add(&t, 1, FAKE_IDLE);
	add(&t, 1, wall_ns - 1000);
	two_start(&t);
	assert_int_equal(two_burst(&t), SOURCE_IDLE);
	t.now.mono_ns += 8 * ms_ns;
	t.now.wall_ns += 8 * ms_ns;
	assert_int_equal(two_burst(&t), 1); // then b has to be asked again
	assert_string_equal(t.order, "b");
	assert_int_equal(two_burst(&t), SOURCE_IDLE);
	t.now.mono_ns += 20 * ms_ns;
	t.now.wall_ns += 20 * ms_ns;
	assert_int_equal(two_burst(&t), 1);
	assert_string_equal(t.order, "ba");
	two_close(&t);
}

// What is wrong with one arm is told while the other one is busy; and nothing is lost by it.
static void test_error(void **state)
{
	struct two t;
	two_open(&t, PORT_CLOCK_SYSTEM, PORT_CLOCK_SYSTEM);
	for (int i = 0; i < 200; i++)
		add(&t, 0, (uint64_t)(10 + i));
	add(&t, 1, 11);
	add(&t, 1, FAKE_ERROR);
	add(&t, 1, 13);
	two_start(&t);
	int errors = 0;
	for (int n; (n = two_burst(&t)) != SOURCE_END;) {
		errors += n == -ENETDOWN;
		assert_true(n > 0 || n == -ENETDOWN);
	}
	assert_int_equal(errors, 1);
	assert_int_equal(strlen(t.order), 202);
	assert_true(strchr(t.order, 'b') && t.order[201] == 'a'); // told before the end
	two_close(&t);
}

static void test_one(void **state)
{
	struct fake *f = fake_open(4, PORT_CLOCK_KERNEL);
	const struct arm_config c = {.source = &f->queue[2].source, .clock = PORT_CLOCK_KERNEL, .tap = 1, .port = 4, .queue = 2, .n_queues = 4};
	struct arms *a;
	struct packet burst[PACKET_BURST];
	uint8_t from[PACKET_BURST];
	for (int i = 0; i < 40; i++)
		fake_add(f, 2, (uint64_t)(1000 - i), 3);
	fake_add(f, 2, FAKE_ERROR, 0);
	assert_int_equal(arms_open(&a, &c, 1, 300000), 0);
	assert_int_equal(arms_burst(a, burst, from, (struct arms_now){0}), PACKET_BURST);
	for (uint32_t i = 0; i < PACKET_BURST; i++) { // no two queues of a port give the same number
		assert_int_equal(burst[i].frame, 3 + 4 * i);
		assert_true(burst[i].tap == 1 && burst[i].port == 4 && from[i] == 0);
	}
	assert_int_equal(arms_burst(a, burst, from, (struct arms_now){0}), 8);
	assert_int_equal(arms_burst(a, burst, from, (struct arms_now){0}), -ENETDOWN);
	assert_false(arms_ended(a, true));
	assert_int_equal(arms_burst(a, burst, from, (struct arms_now){0}), SOURCE_END);
	assert_true(arms_ended(a, true));
	arms_close(&a);
	assert_true(arms_open(&a, &c, 0, 1) < 0 && arms_open(&a, &c, ARMS_MAX + 1, 1) < 0);
	struct port *p = &f->port;
	port_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_silent_file),
		cmocka_unit_test(test_live_arm),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

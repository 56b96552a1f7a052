// The timer wheel: nobody comes too early or more than two ticks late, whatever the distance and however time passes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "dissect/flow/wheel.h"

#define SECOND UINT64_C(1000000000)
#define TICK (UINT64_C(1) << WHEEL_TICK_SHIFT)
#define START (UINT64_C(1790000000) * SECOND)

enum { FLOWS = 64 };

struct fixture {
	struct flow_table table;
	struct wheel wheel;
	uint32_t flow[FLOWS];
};

static void setup(struct fixture *f, uint64_t now_ns)
{
	assert_int_equal(flow_table_open(&f->table, FLOWS), 0);
	assert_int_equal(wheel_open(&f->wheel, &f->table, FLOWS), 0);
	for (uint16_t i = 0; i < FLOWS; i++) {
		struct decoded p = {.src_port = (uint16_t)(40000 + i), .dst_port = 25, .ip_v = 4};
		struct flow_key key;
		flow_key_of(&key, &p);
		f->flow[i] = flow_table_add(&f->table, flow_table_hash(&f->table, &key), &p, true);
		flow_cold_at(&f->table, f->flow[i])->birth = (i * 37) % FLOWS + 1; // births in no order
	}
	assert_true(wheel_ticks(&f->wheel, now_ns));
	assert_int_equal(wheel_advance(&f->wheel, now_ns), 0);
}

static void teardown(struct fixture *f)
{
	wheel_close(&f->wheel);
	flow_table_close(&f->table);
}

// Time passes in `step`s; says when flow 0 came. 0: not until `end_ns`.
static uint64_t when(struct fixture *f, uint64_t now_ns, uint64_t step_ns, uint64_t end_ns)
{
	for (; now_ns <= end_ns; now_ns += step_ns) {
		if (wheel_ticks(&f->wheel, now_ns) && wheel_advance(&f->wheel, now_ns))
			return now_ns;
	}
	return 0;
}

static void test_due(void **state)
{
	static const uint64_t wait[] = {0, 1, SECOND, TICK - 1, TICK, TICK + 1, 60 * SECOND, 200 * TICK, 254 * TICK};
	static const uint64_t step[] = {SECOND / 10, SECOND, 7 * SECOND, 100 * SECOND};
	(void)state;
	for (size_t i = 0; i < sizeof(wait) / sizeof(*wait); i++) {
		for (size_t j = 0; j < sizeof(step) / sizeof(*step); j++) {
			struct fixture f;
			setup(&f, START);
			wheel_add(&f.wheel, f.flow[0], START + wait[i]);
			uint64_t came = when(&f, START, step[j], START + 1000 * SECOND);
			assert_true(came >= START + wait[i]);
			assert_true(came <= START + wait[i] + 2 * TICK + step[j]);
			teardown(&f);
		}
	}
}

// Farther than the wheel reaches: it comes round early and is to be put back.
static void test_far(void **state)
{
	(void)state;
	struct fixture f;
	setup(&f, START);
	wheel_add(&f.wheel, f.flow[0], START + 5000 * SECOND);
	uint64_t came = when(&f, START, SECOND, START + 5000 * SECOND);
	assert_in_range(came, START + 200 * SECOND, START + WHEEL_SLOTS * TICK);
	teardown(&f);
}

// An hour without a packet: everybody comes at once, each one time, in order of birth.
static void test_silence(void **state)
{
	(void)state;
	struct fixture f;
	setup(&f, START);
	for (uint32_t i = 0; i < FLOWS; i++)
		wheel_add(&f.wheel, f.flow[i], START + i * 3 * SECOND);
	assert_int_equal(wheel_advance(&f.wheel, START + 3600 * SECOND), FLOWS);
	for (uint32_t i = 0; i < FLOWS; i++)
		assert_int_equal(flow_cold_at(&f.table, f.wheel.due[i])->birth, i + 1);
	assert_int_equal(wheel_advance(&f.wheel, START + 7200 * SECOND), 0);
	teardown(&f);
}

static void test_hasten(void **state)
{
	(void)state;
	struct fixture f;
	setup(&f, START);
	wheel_add(&f.wheel, f.flow[0], START + 100 * SECOND);
	wheel_hasten(&f.wheel, f.flow[0], START + 200 * SECOND); // not later
	wheel_hasten(&f.wheel, f.flow[0], START + 10 * SECOND);
	uint64_t came = when(&f, START, SECOND, START + 300 * SECOND);
	assert_in_range(came, START + 10 * SECOND, START + 13 * SECOND);

	wheel_add(&f.wheel, f.flow[0], came + 100 * SECOND);
	wheel_hasten(&f.wheel, f.flow[0], START); // long ago: with the next tick
	assert_in_range(when(&f, came, SECOND, came + 300 * SECOND), came, came + 3 * SECOND);
	teardown(&f);
}

// The first, a middle and the last of a slot leave; the others stay.
static void test_remove(void **state)
{
	(void)state;
	for (uint32_t gone = 0; gone < 5; gone++) {
		struct fixture f;
		setup(&f, START);
		for (uint32_t i = 0; i < 5; i++)
			wheel_add(&f.wheel, f.flow[i], START + 10 * SECOND);
		wheel_remove(&f.wheel, f.flow[gone]);
		assert_int_equal(wheel_advance(&f.wheel, START + 20 * SECOND), 4);
		for (uint32_t i = 0; i < 4; i++)
			assert_int_not_equal(f.wheel.due[i], f.flow[gone]);
		teardown(&f);
	}
}

// Flows are added, hastened and removed at random while time passes in steps of any size; a list says who is due.
static void test_model(void **state)
{
	(void)state;
	struct fixture f;
	uint64_t due[FLOWS] = {0}, now = START; // 0: in no slot
	uint32_t random = 1;
	setup(&f, START);
	for (int step = 0; step < 20000; step++) {
		random = random * 1103515245 + 12345;
		uint32_t i = (random >> 16) % FLOWS, what = (random >> 24) % 4;
		uint64_t at = now + (random >> 8) % 250 * SECOND;
		if (!due[i]) {
			wheel_add(&f.wheel, f.flow[i], at);
			due[i] = at;
		} else if (what == 0) {
			wheel_remove(&f.wheel, f.flow[i]);
			due[i] = 0;
		} else if (what == 1) {
			wheel_hasten(&f.wheel, f.flow[i], at);
			due[i] = at < due[i] ? at : due[i];
		}
		now += (random >> 10) % 100 ? SECOND / 7 : 90 * SECOND;
		size_t n = wheel_ticks(&f.wheel, now) ? wheel_advance(&f.wheel, now) : 0;
		for (size_t k = 0; k < n; k++) {
			uint32_t flow = 0;
			while (f.flow[flow] != f.wheel.due[k])
				flow++;
			assert_true(due[flow] && due[flow] <= now);
			due[flow] = 0;
		}
		for (uint32_t k = 0; k < FLOWS; k++)
			assert_true(!due[k] || due[k] + 2 * TICK > now);
	}
	teardown(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_far),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_hasten),
		cmocka_unit_test(test_remove),
		cmocka_unit_test(test_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

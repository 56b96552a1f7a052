// The way to the keeper when it takes nothing: session records leave room for alerts, and alerts are waited for, but not each of them.
#include "cli/records.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "hw/clock.h"

enum { RING = 1 << 16, LINE = 1000, WAIT_MS = 200, ALERTS = 50 };

static const char line[LINE];

static bool put(struct records *r, enum record_type type)
{
	return records_put(r, &(struct outbox_about){.type = (uint8_t)type}, line, sizeof line);
}

static unsigned fill(struct records *r, enum record_type type)
{
	unsigned n = 0;
	while (put(r, type))
		n++;
	return n;
}

static uint64_t ms_for(struct records *r, unsigned alerts)
{
	uint64_t began_ns = clock_mono_ns();
	for (unsigned i = 0; i < alerts; i++)
		assert_false(put(r, RECORD_ALERT));
	return (clock_mono_ns() - began_ns) / 1000000;
}

static void take(struct ring *r, unsigned n)
{
	size_t len;
	for (unsigned i = 0; i < n; i++) {
		assert_non_null(ring_peek(r, &len));
		assert_int_equal(len, sizeof(struct outbox_about) + LINE);
		ring_release(r);
	}
}

static void test_half_is_left_for_alerts(void **state)
{
	struct records r = {.ring = ring_open(RING)};
	unsigned sessions = fill(&r, RECORD_SMTP), alerts = fill(&r, RECORD_ALERT);
	assert_in_range(sessions, RING / 2 / (LINE + 60), RING / 2 / LINE + 1);
	assert_in_range(alerts, sessions - 3, sessions + 3);
	take(r.ring, sessions + alerts);
	ring_close(&r.ring);
}

// A storm of alerts and a keeper that has stopped: one wait in all. The facts of those that follow are on their way meanwhile.
static void test_one_wait_for_who_has_stopped(void **state)
{
	struct records r = {.ring = ring_open(RING)};
	fill(&r, RECORD_ALERT); // the last one waited
	assert_true(ms_for(&r, ALERTS) < ALERTS / 2 * WAIT_MS);
	take(r.ring, 3);
	assert_int_equal(fill(&r, RECORD_ALERT), 3);
	assert_true(ms_for(&r, ALERTS) < ALERTS / 2 * WAIT_MS);
	ring_close(&r.ring);
}

static void test_waited_for_again(void **state)
{
	struct records r = {.ring = ring_open(RING)};
	fill(&r, RECORD_ALERT);
	for (int i = 0; i < 2; i++) {
		take(r.ring, 1);
		assert_true(put(&r, RECORD_ALERT)); // there was room
		assert_true(ms_for(&r, 1) >= WAIT_MS);
	}
	ring_close(&r.ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_half_is_left_for_alerts),
		cmocka_unit_test(test_one_wait_for_who_has_stopped),
		cmocka_unit_test(test_waited_for_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

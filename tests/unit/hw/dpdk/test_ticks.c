// A card's clock in time of the day: rate, drift, a set clock, a port that was silent for hours.
#include "hw/dpdk/ticks.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint64_t t0_ns = 1700000000000000000, t0_ticks = 123456789012;

// What a card that runs at `hz` shows at `ns`.
static uint64_t card(double hz, uint64_t ns)
{
	return t0_ticks + (uint64_t)((double)(ns - t0_ns) * hz / 1e9);
}

static struct ticks opened(double hz)
{
	struct ticks t;
	assert_true(ticks_init(&t, card(hz, t0_ns), t0_ns, card(hz, t0_ns + 50000000), t0_ns + 50000000));
	return t;
}

static double error_ns(const struct ticks *t, double hz, uint64_t ns)
{
	return (double)(int64_t)(ticks_ns(t, card(hz, ns)) - ns);
}

static void every_rate_is_found(void **state)
{
	static const double rates[] = {78125000, 156250000, 312500000, 1e9, 2.5e9, 32768};
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct ticks t = opened(rates[i]);
		double tick_ns = 1e9 / rates[i];
		assert_true(fabs(error_ns(&t, rates[i], t0_ns + 60000000)) <= 2 * tick_ns + 2);
		assert_true(fabs(error_ns(&t, rates[i], t0_ns + 40000000)) <= 2 * tick_ns + 2); // before the last reading
	}
}

static void readings_that_make_no_sense_are_refused(void **state)
{
	struct ticks t;
	assert_false(ticks_init(&t, 5, 1000, 5, 2000));       // it stands still
	assert_false(ticks_init(&t, 5, 1000, 4, 2000));       // it goes back
	assert_false(ticks_init(&t, 5, 2000, 50, 1000));      // time goes back
	assert_false(ticks_init(&t, 5, 1000, 6, 5000000000)); // 0.2 Hz
}

// The first reading was 5 us wrong, the card is 80 ppm off what that says: within seconds it is right, and never jumps.
static void drift_is_worked_off_without_a_jump(void **state)
{
	const double hz = 1e9 + 80000;
	struct ticks t;
	assert_true(ticks_init(&t, card(hz, t0_ns), t0_ns, card(hz, t0_ns + 50000000), t0_ns + 50000000 + 5000));
	uint64_t last = 0;
	for (uint64_t ms = 60; ms < 20000; ms++) {
		uint64_t ns = t0_ns + ms * 1000000, ticks = card(hz, ns);
		if (ticks_due(&t, ticks))
			ticks_steer(&t, ticks, ns);
		uint64_t told = ticks_ns(&t, ticks);
		assert_true(!last || (told - last > 900000 && told - last < 1100000));
		last = told;
		if (ms > 10000)
			assert_true(fabs((double)(int64_t)(told - ns)) < 1000);
	}
}

static void a_clock_that_is_set_is_followed(void **state)
{
	struct ticks t = opened(1e9);
	uint64_t ns = t0_ns + 2000000000;
	for (int hours = -1; hours <= 1; hours += 2) {
		uint64_t set = ns + (uint64_t)((int64_t)hours * 3600 * 1000000000);
		uint64_t ticks = card(1e9, ns);
		ticks_steer(&t, ticks, set);
		assert_int_equal(ticks_ns(&t, ticks), set);
		assert_true(fabs((double)(int64_t)(ticks_ns(&t, ticks + 1000000) - set - 1000000)) < 100);
		ns += 2000000000;
	}
}

static void hours_of_silence_do_not_matter(void **state)
{
	const double hz = 1e9 + 20; // 20 ppb off: 0.3 ms in four hours
	struct ticks t = opened(1e9);
	uint64_t ns = t0_ns + 4ULL * 3600 * 1000000000;
	assert_true(ticks_due(&t, card(hz, ns)));
	ticks_steer(&t, card(hz, ns), ns);
	assert_true(fabs(error_ns(&t, hz, ns)) < 2);
	assert_true(fabs(error_ns(&t, hz, ns + 500000000)) < 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rate_is_found),
		cmocka_unit_test(readings_that_make_no_sense_are_refused),
		cmocka_unit_test(drift_is_worked_off_without_a_jump),
		cmocka_unit_test(a_clock_that_is_set_is_followed),
		cmocka_unit_test(hours_of_silence_do_not_matter),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

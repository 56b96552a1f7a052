// The valve: how many pass, who goes first, that nothing is lost in counting, and that looking at the clock changes nothing.
#include "alerts/storm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000ull

static struct storm storm;

static void open_storm(uint32_t rate, uint32_t burst)
{
	memset(&storm, 0, sizeof(storm));
	storm_use(&storm, rate, burst);
}

static bool pass(uint8_t finding, uint8_t severity, uint64_t time_ns)
{
	return storm_pass(&storm, &(struct storm_offer){.time_ns = time_ns, .finding = finding, .severity = severity, .n = 1});
}

// How many of `n` at one time; what is told for the first of a finding is told before.
static uint64_t told_of(uint64_t n, uint8_t severity, uint64_t time_ns)
{
	uint64_t told = 0;
	for (uint64_t i = 0; i < n; i++)
		told += pass(1, severity, time_ns);
	return told;
}

static uint64_t sum(const uint64_t *n, size_t len)
{
	uint64_t all = 0;
	for (size_t i = 0; i < len; i++)
		all += n[i];
	return all;
}

static void balanced(const struct storm_counts *c)
{
	assert_int_equal(sum(c->by_severity, STORM_SEVERITIES), c->alerts);
	assert_int_equal(sum(c->by_finding, STORM_FINDINGS), c->alerts);
}

static void burst_then_rate(void **state)
{
	open_storm(100, 1000);
	assert_int_equal(told_of(5000, SEVERITY_CRITICAL, 50 * SECOND), 1000);
	assert_int_equal(told_of(5000, SEVERITY_CRITICAL, 51 * SECOND), 100);
	assert_int_equal(told_of(5000, SEVERITY_CRITICAL, 51 * SECOND + 9999999), 0); // a hundredth is not over yet
	assert_int_equal(told_of(5000, SEVERITY_CRITICAL, 51 * SECOND + 10000000), 1);
	assert_int_equal(told_of(5000, SEVERITY_CRITICAL, 9999 * SECOND), 1000); // not more than the bucket holds
	assert_int_equal(storm.total.alerts, 25000 - 2101);
	balanced(&storm.total);
}

static void without_a_rate_all_are_told(void **state)
{
	open_storm(0, 1);
	assert_int_equal(told_of(5000, SEVERITY_LOW, SECOND), 5000);
	assert_int_equal(storm.total.alerts, 0);
	storm_use(&storm, 1, 0); // a burst of nothing is one
	assert_int_equal(told_of(5000, SEVERITY_LOW, SECOND), 1);
	assert_int_equal(told_of(5000, SEVERITY_LOW, 2 * SECOND), 1);
	storm_use(&storm, 1000000, 1000000); // more room, no more tokens
	assert_int_equal(told_of(5000, SEVERITY_CRITICAL, 2 * SECOND), 0);
	storm_use(&storm, 0, 1);
	assert_int_equal(told_of(5000, SEVERITY_LOW, 2 * SECOND), 5000);
}

// What weighs least is counted first; in a bucket of 800 a half, a quarter and an eighth are left to the others.
static void severities_have_reserves(void **state)
{
	open_storm(100, 800);
	assert_int_equal(told_of(1000, SEVERITY_LOW, SECOND), 400);
	assert_int_equal(told_of(1000, SEVERITY_MEDIUM, SECOND), 200);
	assert_int_equal(told_of(1000, SEVERITY_HIGH, SECOND), 100);
	assert_int_equal(told_of(1000, SEVERITY_CRITICAL, SECOND), 100);
	assert_int_equal(told_of(1000, SEVERITY_LOW, 2 * SECOND), 0); // while the others catch up
	assert_int_equal(told_of(1000, SEVERITY_HIGH, 2 * SECOND), 0);
	assert_int_equal(told_of(1000, SEVERITY_CRITICAL, 2 * SECOND), 100);
	assert_int_equal(storm.total.by_severity[SEVERITY_LOW], 1600);
	assert_int_equal(storm.total.by_severity[SEVERITY_MEDIUM], 800);
	balanced(&storm.total);
}

static void every_severity_fits_any_bucket(void **state)
{
	for (uint32_t burst = 1; burst < 20; burst++)
		for (uint8_t severity = SEVERITY_LOW; severity <= SEVERITY_CRITICAL; severity++) {
			open_storm(1, burst);
			pass(1, severity, 1);
			assert_true(pass(1, severity, 100 * SECOND));
		}
}

// A flood of one finding does not hide that there is another, of whatever severity.
static void another_finding_is_told(void **state)
{
	open_storm(10, 1000);
	assert_int_equal(told_of(100000, SEVERITY_HIGH, 101 * SECOND), 875);
	assert_true(pass(2, SEVERITY_LOW, 101 * SECOND));
	assert_false(pass(2, SEVERITY_LOW, 101 * SECOND));
	assert_true(pass(3, SEVERITY_MEDIUM, 101 * SECOND));
	assert_int_equal(told_of(100000, SEVERITY_HIGH, 105 * SECOND), 40 - 2);
	assert_false(pass(2, SEVERITY_LOW, 110 * SECOND)); // ten seconds after the first
	assert_true(pass(2, SEVERITY_LOW, 111 * SECOND));
	balanced(&storm.total);
}

static void time_runs_backwards(void **state)
{
	open_storm(100, 100);
	assert_int_equal(told_of(1000, SEVERITY_CRITICAL, 1000 * SECOND), 100);
	assert_int_equal(told_of(1000, SEVERITY_CRITICAL, 10 * SECOND), 0);
	assert_int_equal(told_of(1000, SEVERITY_CRITICAL, 999 * SECOND), 0);
	assert_int_equal(told_of(1000, SEVERITY_CRITICAL, 1001 * SECOND), 100);
	assert_int_equal(told_of(1000, SEVERITY_CRITICAL, UINT64_MAX), 100); // and as far as it can
	assert_int_equal(told_of(1000, SEVERITY_CRITICAL, 0), 0);
}

// The same alerts, with and without others that are too quiet to be told in between: the same are told.
static void looking_changes_nothing(void **state)
{
	for (uint64_t step_ns = 1; step_ns < 40000000; step_ns = step_ns * 3 + 1) {
		uint64_t told = 0, at_ns = SECOND;
		open_storm(7, 3);
		told_of(3, SEVERITY_CRITICAL, at_ns);
		for (uint64_t next_ns = 2 * SECOND; next_ns <= 100 * SECOND; next_ns += SECOND) {
			for (int i = 0; i < 50 && at_ns + step_ns < next_ns; i++)
				told += pass(1, SEVERITY_LOW, at_ns += step_ns) ? 1000 : 0;
			told += pass(1, SEVERITY_CRITICAL, at_ns = next_ns);
		}
		if (told < 1000) // never more than one token between two of them
			assert_int_equal(told, 99);
	}
}

// ---- reports ----

static struct storm_report report;

static void reports_come_every_ten_seconds(void **state)
{
	uint64_t reported = 0, n_reports = 0, told = 0;

	open_storm(1, 1);
	assert_false(storm_due(&storm, 0, true, &report));
	for (uint64_t ms = 0; ms < 65000; ms++) {
		if (storm_due(&storm, 7 * SECOND + ms * 1000000, false, &report)) {
			n_reports++;
			reported += report.counts.alerts;
			balanced(&report.counts);
			assert_int_equal(report.to_ns - report.from_ns, 10 * SECOND);
			assert_int_equal(report.to_ns, 7 * SECOND + ms * 1000000);
		}
		told += pass(1, SEVERITY_CRITICAL, 7 * SECOND + ms * 1000000);
	}
	assert_in_range(n_reports, 6, 6);
	assert_false(storm_due(&storm, 72 * SECOND - 1, false, &report));
	assert_true(storm_due(&storm, 72 * SECOND - 1, true, &report));
	assert_int_equal(report.to_ns, 72 * SECOND - 1);
	assert_int_equal(told + reported + report.counts.alerts, 65000);
	assert_int_equal(reported + report.counts.alerts, storm.total.alerts);
	assert_false(storm_due(&storm, UINT64_MAX, true, &report));
}

// Noticed late, it is of ten seconds all the same; what it stands for is counted as that many.
static void a_report_noticed_late(void **state)
{
	open_storm(1, 1);
	assert_true(pass(1, SEVERITY_CRITICAL, SECOND));
	assert_false(storm_pass(&storm, &(struct storm_offer){.time_ns = SECOND, .finding = 255, .severity = SEVERITY_LOW, .n = 4711}));
	assert_true(storm_due(&storm, 1000 * SECOND, true, &report));
	assert_int_equal(report.from_ns, SECOND);
	assert_int_equal(report.to_ns, 11 * SECOND);
	assert_int_equal(report.counts.by_finding[255], 4711);
	balanced(&report.counts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_then_rate), cmocka_unit_test(without_a_rate_all_are_told), cmocka_unit_test(severities_have_reserves),
		cmocka_unit_test(every_severity_fits_any_bucket), cmocka_unit_test(another_finding_is_told), cmocka_unit_test(time_runs_backwards),
		cmocka_unit_test(looking_changes_nothing), cmocka_unit_test(reports_come_every_ten_seconds),
		cmocka_unit_test(a_report_noticed_late),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

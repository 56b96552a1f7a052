// Repeats: a row is an offer and what must come of it; updates are collected on the side.
#include "alerts/dedup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SECOND 1000000000ull

struct update {
	uint32_t count, window_s;
	uint64_t due_s;
	char first_id[RECORD_ID_LEN + 1];
	uint32_t kept;
};

static struct update updates[64];
static size_t n_updates;

static void take_update(void *ctx, const struct record_repeat *repeat, const void *kept, uint64_t due_ns)
{
	struct update *u = &updates[n_updates++ % 64];
	*u = (struct update){.count = repeat->count, .window_s = repeat->window_s, .due_s = due_ns / SECOND};
	memcpy(u->first_id, repeat->first_id, sizeof(u->first_id));
	memcpy(&u->kept, kept, sizeof(u->kept));
}

static bool closed; // nothing may be told

static bool ask(void *ctx, const struct dedup_offer *o)
{
	return !closed;
}

static struct dedup *open_dedup(uint32_t keys_max)
{
	const struct dedup_config config = {.keys_max = keys_max, .kept_len = sizeof(uint32_t), .update = take_update, .may_tell = ask};
	struct dedup *d;

	n_updates = 0;
	assert_int_equal(dedup_open(&d, &config), 0);
	return d;
}

static bool offer(struct dedup *d, uint16_t port, uint8_t severity, uint8_t confidence, uint64_t time_s, struct record_repeat *r)
{
	struct dedup_offer o = {
		.key = {.finding = 1, .port = port, .ip_v = 4},
		.severity = severity,
		.confidence = confidence,
		.time_ns = time_s * SECOND,
		.id = time_s == 1 ? "AAAAAAAAAAAAAAAAAAAAAAAAAA" : "BBBBBBBBBBBBBBBBBBBBBBBBBB",
	};
	uint32_t mark = (uint32_t)time_s;
	void *kept;

	enum dedup_outcome outcome = dedup_take(d, &o, r, &kept);
	if (outcome == DEDUP_COUNTED)
		memcpy(kept, &mark, sizeof(mark));
	assert_true(outcome != DEDUP_REFUSED || closed);
	return outcome == DEDUP_TELL;
}

static void first_then_counted(void **state)
{
	struct dedup *d = open_dedup(16);
	struct record_repeat r;

	assert_true(offer(d, 25, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 1, &r));
	assert_int_equal(r.count, 1);
	assert_int_equal(r.window_s, 300);
	assert_string_equal(r.first_id, "");
	assert_false(offer(d, 25, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 2, &r));
	assert_false(offer(d, 25, SEVERITY_MEDIUM, CONFIDENCE_SUSPECT, 300, &r));
	assert_true(offer(d, 26, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 300, &r));
	assert_int_equal(n_updates, 0);
	dedup_advance(d, 301 * SECOND);
	assert_int_equal(n_updates, 1);
	assert_int_equal(updates[0].count, 2);
	assert_int_equal(updates[0].kept, 300);
	assert_int_equal(updates[0].due_s, 301);
	assert_string_equal(updates[0].first_id, "AAAAAAAAAAAAAAAAAAAAAAAAAA");
	// The stream goes on: counted in the next window, told at its end with the same first id.
	assert_false(offer(d, 25, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 302, &r));
	dedup_finish(d);
	assert_int_equal(n_updates, 2);
	assert_int_equal(updates[1].count, 1);
	assert_string_equal(updates[1].first_id, "AAAAAAAAAAAAAAAAAAAAAAAAAA");
	dedup_close(&d);
	assert_null(d);
}

// When a window's end is noticed changes nothing: other messages come at other times with other numbers of workers.
static void windows_follow_each_other(void **state)
{
	for (uint64_t noticed_s = 301; noticed_s <= 560; noticed_s += 37) {
		struct dedup *d = open_dedup(16);
		struct record_repeat r;

		assert_true(offer(d, 25, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 1, &r));
		assert_false(offer(d, 25, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 2, &r));
		dedup_advance(d, noticed_s * SECOND);
		assert_false(offer(d, 25, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 600, &r));
		dedup_advance(d, 601 * SECOND);
		assert_int_equal(n_updates, 2);
		// Two windows later, noticed late: the one between counted nothing, so this is a first.
		assert_true(offer(d, 25, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 901, &r));
		assert_int_equal(r.count, 1);
		dedup_close(&d);
	}
}

static void quiet_windows_are_a_day(void **state)
{
	struct dedup *d = open_dedup(16);
	struct record_repeat r;

	assert_true(offer(d, 25, SEVERITY_MEDIUM, CONFIDENCE_CERTAIN, 1, &r));
	assert_int_equal(r.window_s, 86400);
	assert_false(offer(d, 25, SEVERITY_MEDIUM, CONFIDENCE_CERTAIN, 86400, &r));
	dedup_advance(d, 86401 * SECOND);
	assert_int_equal(n_updates, 1);
	// A window without repeats ends in silence, and the next is a first again.
	dedup_advance(d, 3 * 86401 * SECOND);
	assert_int_equal(n_updates, 1);
	assert_true(offer(d, 25, SEVERITY_MEDIUM, CONFIDENCE_CERTAIN, 3 * 86401, &r));
	assert_int_equal(r.count, 1);
	dedup_finish(d);
	assert_int_equal(n_updates, 1);
	dedup_close(&d);
}

static void rises_break_through(void **state)
{
	struct dedup *d = open_dedup(16);
	struct record_repeat r;

	assert_true(offer(d, 25, SEVERITY_MEDIUM, CONFIDENCE_SUSPECT, 1, &r));
	assert_false(offer(d, 25, SEVERITY_MEDIUM, CONFIDENCE_SUSPECT, 2, &r));
	assert_true(offer(d, 25, SEVERITY_MEDIUM, CONFIDENCE_CERTAIN, 3, &r));
	assert_int_equal(r.count, 2);
	assert_string_equal(r.first_id, "AAAAAAAAAAAAAAAAAAAAAAAAAA");
	assert_true(offer(d, 25, SEVERITY_HIGH, CONFIDENCE_SUSPECT, 4, &r));
	assert_int_equal(r.count, 1);
	assert_int_equal(r.window_s, 300);
	assert_false(offer(d, 25, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 5, &r));
	dedup_finish(d);
	assert_int_equal(n_updates, 1);
	assert_int_equal(updates[0].count, 1);
	dedup_close(&d);
}

static void eviction_pays(void **state)
{
	struct dedup *d = open_dedup(4);
	struct record_repeat r;

	for (uint16_t port = 1; port <= 4; port++)
		assert_true(offer(d, port, SEVERITY_LOW, CONFIDENCE_CERTAIN, port, &r));
	assert_false(offer(d, 1, SEVERITY_LOW, CONFIDENCE_CERTAIN, 5, &r));
	assert_true(offer(d, 5, SEVERITY_LOW, CONFIDENCE_CERTAIN, 6, &r));
	assert_int_equal(n_updates, 1);
	assert_int_equal(updates[0].count, 1);
	// A loud key's window ends first.
	assert_true(offer(d, 6, SEVERITY_CRITICAL, CONFIDENCE_CERTAIN, 7, &r));
	assert_false(offer(d, 6, SEVERITY_CRITICAL, CONFIDENCE_CERTAIN, 8, &r));
	assert_true(offer(d, 7, SEVERITY_LOW, CONFIDENCE_CERTAIN, 9, &r));
	assert_int_equal(n_updates, 2);
	for (uint16_t port = 100; port < 1000; port++)
		assert_true(offer(d, port, SEVERITY_LOW, CONFIDENCE_CERTAIN, port, &r));
	dedup_finish(d);
	assert_int_equal(n_updates, 2);
	dedup_close(&d);
}

// A file of another year behind a newer one: its repeats are counted, not told one by one, and windows still end.
static void time_runs_backwards(void **state)
{
	struct dedup *d = open_dedup(16);
	struct record_repeat r;

	assert_true(offer(d, 25, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 100000, &r));
	assert_true(offer(d, 26, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 500, &r));
	for (uint64_t s = 501; s < 510; s++)
		assert_false(offer(d, 26, SEVERITY_HIGH, CONFIDENCE_CERTAIN, s, &r));
	assert_int_equal(n_updates, 0);
	assert_true(offer(d, 25, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 100300, &r));
	assert_int_equal(n_updates, 1);
	assert_int_equal(updates[0].count, 9);
	assert_int_equal(updates[0].kept, 509);
	dedup_finish(d);
	dedup_close(&d);
}

// What may not be told leaves no trace: no key, no place, no severity; what is counted of a key goes on being counted.
static void what_is_refused_was_not_there(void **state)
{
	struct dedup *d = open_dedup(4);
	struct record_repeat r;

	closed = true;
	for (uint16_t port = 100; port < 200; port++)
		assert_false(offer(d, port, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 1, &r));
	closed = false;
	assert_true(offer(d, 100, SEVERITY_LOW, CONFIDENCE_CERTAIN, 2, &r));
	assert_int_equal(r.count, 1);
	assert_false(offer(d, 100, SEVERITY_LOW, CONFIDENCE_CERTAIN, 3, &r));
	closed = true;
	assert_false(offer(d, 100, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 4, &r)); // it would break through
	assert_false(offer(d, 100, SEVERITY_LOW, CONFIDENCE_CERTAIN, 5, &r));
	for (uint16_t port = 200; port < 300; port++)
		assert_false(offer(d, port, SEVERITY_HIGH, CONFIDENCE_CERTAIN, 6, &r)); // nobody is evicted for it
	closed = false;
	assert_true(offer(d, 100, SEVERITY_MEDIUM, CONFIDENCE_CERTAIN, 7, &r));
	assert_int_equal(r.count, 3); // two repeats and itself
	dedup_finish(d);
	assert_int_equal(n_updates, 0);
	dedup_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_then_counted),
		cmocka_unit_test(windows_follow_each_other),
		cmocka_unit_test(quiet_windows_are_a_day),
		cmocka_unit_test(rises_break_through),
		cmocka_unit_test(eviction_pays),
		cmocka_unit_test(time_runs_backwards),
		cmocka_unit_test(what_is_refused_was_not_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

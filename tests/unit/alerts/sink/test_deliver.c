// A sink's thread: what it chooses, how it numbers, what it does not send twice; what gave way leaves a hole of exactly its size.
#include "tests/unit/alerts/sink/deliver_fixture.h"

static void test_chooses(void **state)
{
	struct seen s;
	sink.events = 1u << RECORD_ALERT;
	sink.severity = SEVERITY_HIGH;
	for (int i = 0; i < 5; i++) {
		append(RECORD_ALERT, SEVERITY_LOW);
		append(RECORD_SMTP, 0);
		append(RECORD_ALERT, SEVERITY_CRITICAL);
		append(RECORD_STATS, 0);
	}
	deliver(1);
	see(&s);
	assert_int_equal(s.n, 5);
	assert_true(s.linked);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(s.stamp[i].seq, i + 1);
		assert_int_equal(s.place[i], 4 * i + 3);
	}
	assert_int_equal(told.filtered, 15);
	assert_int_equal(told.messages, 5);
}

static void test_goes_on(void **state)
{
	struct seen s;
	for (int round = 0; round < 3; round++) {
		append(RECORD_ALERT, SEVERITY_HIGH);
		append(RECORD_SMTP, 0);
		deliver(1);
	}
	see(&s);
	assert_int_equal(s.n, 6);
	assert_true(s.linked);
	assert_int_equal(s.stamp[4].seq, 3);
	assert_int_equal(s.stamp[5].seq, 3);
	assert_int_equal(s.stamp[5].epoch, s.stamp[0].epoch);
}

// It died after the file had them and before the cursor said so.
static void test_nothing_twice(void **state)
{
	struct seen s;
	char old[PATH + 8];
	snprintf(old, sizeof old, "%s.old", cursor_path);
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	copy(cursor_path, old);
	for (int i = 0; i < 20; i++)
		append(i % 2 ? RECORD_ALERT : RECORD_SMTP, 0);
	deliver(1);
	copy(old, cursor_path);
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	see(&s);
	assert_int_equal(s.n, 22);
	assert_true(s.linked);
	assert_int_equal(s.stamp[21].seq, 12);
}

// ... and was then told to choose otherwise: what the file has under those numbers is something else, and nothing is lost for it.
static void test_other_choice_after_a_death(void **state)
{
	static const struct {
		uint32_t before, after; // severities
		size_t more, want;      // appended afterwards; records at the end
	} row[] = {
		{SEVERITY_INFO, SEVERITY_HIGH, 0, 1 + 20 + 10}, // fewer than the file has
		{SEVERITY_INFO, SEVERITY_HIGH, 30, 1 + 20 + 10 + 15},
		{SEVERITY_HIGH, SEVERITY_INFO, 0, 1 + 10 + 20}, // more, and others
	};
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct seen s;
		char old[PATH + 8];
		uint64_t highest = 0, places[512] = {0};
		if (i > 0) {
			tear_down(state);
			set_up(state);
		}
		snprintf(old, sizeof old, "%s.old", cursor_path);
		sink.severity = (int)row[i].before;
		append(RECORD_ALERT, SEVERITY_HIGH);
		deliver(1);
		copy(cursor_path, old);
		for (int k = 0; k < 20; k++)
			append(RECORD_ALERT, k % 2 ? SEVERITY_HIGH : SEVERITY_LOW);
		deliver(1);
		copy(old, cursor_path);
		sink.severity = (int)row[i].after;
		for (size_t k = 0; k < row[i].more; k++)
			append(RECORD_ALERT, k % 2 ? SEVERITY_HIGH : SEVERITY_LOW);
		deliver(1);
		see(&s);
		assert_int_equal(s.n, row[i].want);
		assert_true(s.linked);
		for (size_t k = 0; k < s.n; k++) {
			assert_true(s.stamp[k].seq > highest); // no number twice
			highest = s.stamp[k].seq;
			places[s.place[k]]++;
		}
		for (uint64_t place = 1; place <= position; place++) // each that was high: every second from the second on, and the first
			assert_true(places[place] > 0 || (place % 2 == 0));
		deliver(1); // and then there is nothing more to say
		see(&s);
		assert_int_equal(s.n, row[i].want);
	}
}

// Two segments a lane: the oldest go, and the numbers say how many that were wanted.
static void test_steps_over(void **state)
{
	struct seen s;
	lose_outbox();
	open_outbox(1790000000, 2 * SEGMENT);
	sink.events = 1u << RECORD_ALERT;
	sink.severity = SEVERITY_HIGH;
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	for (int i = 0; i < 300; i++)
		append(RECORD_ALERT, i % 3 ? SEVERITY_LOW : SEVERITY_CRITICAL);
	deliver(1);
	see(&s);
	assert_true(told.missed[OUTBOX_ALERTS] > 0);
	assert_int_equal(s.stamp[s.n - 1].seq, 101);
	assert_int_equal(s.n + told.missed[OUTBOX_ALERTS], 101);
	assert_true(s.linked); // over the hole
	assert_int_equal(s.stamp[1].seq, 2 + told.missed[OUTBOX_ALERTS]);
}

// It died before the cursor said what the file has, and much of that and more went before it was back.
static void test_steps_over_what_is_there(void **state)
{
	struct seen s;
	char old[PATH + 8];
	lose_outbox();
	open_outbox(1790000000, 2 * SEGMENT);
	snprintf(old, sizeof old, "%s.old", cursor_path);
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	copy(cursor_path, old);
	for (int i = 0; i < 20; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	copy(old, cursor_path);
	for (int i = 0; i < 280; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	see(&s);
	assert_int_equal(s.stamp[s.n - 1].seq, 301);
	assert_int_equal(s.n + told.missed[OUTBOX_ALERTS], 301);
	assert_int_equal(s.stamp[20].seq, 21);
	assert_int_equal(s.stamp[21].seq, 22 + told.missed[OUTBOX_ALERTS]);
	assert_true(s.linked);
}

static void test_lags(void **state)
{
	struct seen s;
	lose_outbox();
	open_outbox(1790000000, 8 << 20);
	sink.backlog_mib = 1;
	for (int i = 0; i < 400; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	see(&s);
	assert_int_equal(s.n, 400); // 160 KiB
	assert_int_equal(told.missed[OUTBOX_ALERTS], 0);
	unlink(cursor_path);
	unlink(file_path);
	for (int i = 0; i < 4200; i++) {
		gather(RECORD_ALERT, SEVERITY_HIGH);
		if (i % 200 == 199)
			assert_int_equal(outbox_sync(outbox), 0);
	}
	deliver(401); // 1.1 MiB: the oldest give way, some hundred
	assert_true(told.missed[OUTBOX_ALERTS] > 50 && told.missed[OUTBOX_ALERTS] < 1000);
	assert_int_equal(told.messages + told.missed[OUTBOX_ALERTS], 4200);
	assert_int_equal(told.sent[OUTBOX_ALERTS], 4200);
}

// What cannot be stamped is never sent, and its number says so: the receiver sees that there was one.
static void test_leaves_a_hole_for_what_cannot_be_stamped(void **state)
{
	static const char *const no_record[] = {"{\"event_type\":\"alert\"}", "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1,\"seq\":5}}"};
	struct seen s;
	const struct outbox_about about = {.type = RECORD_ALERT, .severity = SEVERITY_HIGH};
	append(RECORD_ALERT, SEVERITY_HIGH);
	for (size_t i = 0; i < 2; i++) {
		const struct outbox_origin from = {.run = 1, .position = ++position};
		assert_int_equal(outbox_append(outbox, &about, &from, no_record[i], strlen(no_record[i])), 0);
	}
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	see(&s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.stamp[0].seq, 1);
	assert_int_equal(s.stamp[1].seq, 4);
	assert_int_equal(s.stamp[2].seq, 5);
	assert_true(s.linked); // the sensor gave them up: nobody removed them
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DELIVER_TEST(test_chooses),
		DELIVER_TEST(test_goes_on),
		DELIVER_TEST(test_nothing_twice),
		DELIVER_TEST(test_other_choice_after_a_death),
		DELIVER_TEST(test_steps_over),
		DELIVER_TEST(test_steps_over_what_is_there),
		DELIVER_TEST(test_lags),
		DELIVER_TEST(test_leaves_a_hole_for_what_cannot_be_stamped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

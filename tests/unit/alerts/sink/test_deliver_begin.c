// Where a sink begins and goes on: a new one, one that died, one whose outbox or cursor is not what it was.
#include "tests/unit/alerts/sink/deliver_fixture.h"

// A sink that is new begins with what its run began with, or with what comes.
static void test_begins(void **state)
{
	struct seen s;
	for (int i = 0; i < 10; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(8);
	see(&s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.place[0], 8);
	assert_int_equal(s.stamp[0].seq, 1);
	unlink(cursor_path);
	unlink(file_path);
	deliver(0);
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(0);
	see(&s);
	assert_int_equal(s.n, 1);
	assert_int_equal(s.place[0], 11);
}

// How much waits for it is known before it is prepared, and so if it cannot be.
static void test_says_where_it_is(void **state)
{
	static const bool done = false;
	struct deliver *d;
	for (int i = 0; i < 4; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	append(RECORD_ALERT, SEVERITY_HIGH);
	snprintf(sink.path, sizeof sink.path, "%s/none/eve.json", dir);
	const struct deliver_config c = config_until(&done, NULL);
	assert_int_equal(deliver_open(&d, &c), -ENOENT);
	assert_null(d);
	assert_int_equal(sink_waiting(&shared, &told, OUTBOX_ALERTS), 1);
	assert_int_equal(sink_waiting(&shared, &told, OUTBOX_SESSIONS), 0);
}

static void test_another_outbox(void **state)
{
	struct seen s;
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	lose_outbox();
	open_outbox(1790000100, 1 << 20);
	append(RECORD_ALERT, SEVERITY_HIGH);
	append(RECORD_ALERT, SEVERITY_HIGH);
	deliver(1);
	see(&s);
	assert_int_equal(s.n, 3);
	assert_true(s.linked);
	assert_true(s.stamp[1].epoch > s.stamp[0].epoch);
	assert_int_equal(s.stamp[1].seq, 1);
	assert_int_equal(s.stamp[2].seq, 2);
}

// The keeper found the outbox beyond repair while the sink was at work.
static void test_another_outbox_meanwhile(void **state)
{
	bool done = false;
	struct seen s;
	struct deliver *d;
	pthread_t thread;
	char why[160];
	const uint64_t first[OUTBOX_LANES] = {1, 1};
	const struct deliver_config c = config_until(&done, first);
	for (int i = 0; i < 5; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	assert_int_equal(deliver_open(&d, &c), 0);
	assert_int_equal(pthread_create(&thread, NULL, run, d), 0);
	wait_for(&told.messages, 5);
	outbox_close(&outbox);
	nftw(outbox_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	const struct outbox_config other = {.dir = outbox_dir, .octets_max = {1 << 20, 1 << 20}, .segment_octets = SEGMENT,
		.wall_ns = UINT64_C(1790000200) * 1000000000};
	assert_int_equal(outbox_open(&outbox, &other, &shared, why), 0);
	append(RECORD_ALERT, SEVERITY_HIGH);
	append(RECORD_ALERT, SEVERITY_HIGH);
	wait_for(&told.messages, 7);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	bell_ring(&shared.bell);
	pthread_join(thread, NULL);
	deliver_close(&d);
	see(&s);
	assert_int_equal(s.n, 7);
	assert_true(s.linked);
	assert_true(s.stamp[5].epoch > s.stamp[4].epoch);
	assert_int_equal(s.stamp[5].seq, 1);
	assert_int_equal(s.stamp[6].seq, 2);
}

// Begun, with a receiver that is not there, and killed: the cursor as that left it.
static void begin_and_die(uint64_t first)
{
	char left[PATH + 8];
	bool done = false;
	struct deliver *d;
	pthread_t thread;
	const struct sink_config away = {.name = "log", .type = SINK_UNIX, .events = ~0u, .path = "/nowhere/at/all"};
	struct deliver_config c = config_until(&done, (const uint64_t[]){first, first});
	c.sink = &away;
	assert_int_equal(deliver_open(&d, &c), 0);
	assert_int_equal(pthread_create(&thread, NULL, run, d), 0);
	wait_for(&told.errors, 1);
	snprintf(left, sizeof left, "%s.left", cursor_path);
	copy(cursor_path, left);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	deliver_close(&d);
	copy(left, cursor_path);
}

// Where a row begins is on disk before anything of it is sent: whoever comes after a death goes on in it.
static void test_dies_before_the_first_is_sent(void **state)
{
	struct seen s;
	struct cursor c;
	for (int i = 0; i < 10; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	begin_and_die(8);
	uint64_t epoch = told.epoch;
	assert_int_equal(cursor_read(cursor_path, &c), 0);
	assert_int_equal(c.outbox, shared.epoch);
	deliver(0);
	see(&s);
	assert_int_equal(s.n, 3); // of a new output, not all that was ever there
	assert_int_equal(s.place[0], 8);
	assert_int_equal(s.stamp[0].epoch, epoch);
	lose_outbox();
	open_outbox(1790000100, 1 << 20);
	append(RECORD_ALERT, SEVERITY_HIGH);
	begin_and_die(0);
	assert_true(told.epoch > epoch);
	assert_int_equal(cursor_read(cursor_path, &c), 0);
	assert_int_equal(c.epoch, told.epoch); // else what was sent would come again under another one
	assert_int_equal(c.outbox, shared.epoch);
}

// Made, and killed before the outbox was open: it is still new.
static void test_dies_before_it_begins(void **state)
{
	struct seen s;
	struct cursor_file *f;
	struct cursor c;
	bool fresh;
	for (int i = 0; i < 10; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	assert_int_equal(cursor_open(&f, cursor_path, 1000, &c, &fresh), 0);
	cursor_close(&f);
	deliver(8);
	see(&s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.place[0], 8);
	assert_int_equal(s.stamp[0].seq, 1);
}

// The outbox was opened late, and much was added before anybody looked: a new sink begins with the run all the same.
static void test_begins_late(void **state)
{
	static struct outbox_shared late;
	bool done = false;
	uint64_t first[OUTBOX_LANES] = {0};
	struct deliver *d;
	struct seen s;
	pthread_t thread;
	struct deliver_config c = config_until(&done, first);
	c.outbox = &late;
	late = (struct outbox_shared){.epoch = 0};
	for (int i = 0; i < 5; i++)
		append(RECORD_ALERT, SEVERITY_HIGH);
	assert_int_equal(deliver_open(&d, &c), 0);
	assert_int_equal(pthread_create(&thread, NULL, run, d), 0);
	for (int i = 0; i < OUTBOX_LANES; i++) {
		__atomic_store_n(&first[i], 3, __ATOMIC_RELEASE);
		__atomic_store_n(&late.oldest[i], shared.oldest[i], __ATOMIC_RELAXED);
		__atomic_store_n(&late.durable[i], shared.durable[i], __ATOMIC_RELEASE);
	}
	__atomic_store_n(&late.epoch, shared.epoch, __ATOMIC_RELEASE);
	wait_for(&told.messages, 3);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	deliver_close(&d);
	see(&s);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.place[0], 3);
	assert_int_equal(s.stamp[0].seq, 1);
}

// Neither slot is good: what the receiver has is not known, so all there is goes to it again, in a row of its own.
static void test_cursor_damaged(void **state)
{
	struct seen s;
	for (int i = 0; i < 4; i++) {
		append(RECORD_ALERT, SEVERITY_HIGH);
		deliver(1);
	}
	append(RECORD_ALERT, SEVERITY_HIGH);
	FILE *f = fopen(cursor_path, "r+");
	for (long slot = 0; slot < 2; slot++) {
		fseek(f, slot * 4096 + 400, SEEK_SET);
		fputc('x', f);
	}
	fclose(f);
	deliver(0);
	see(&s);
	assert_int_equal(s.n, 9);
	assert_true(s.linked);
	for (size_t i = 4; i < 9; i++) {
		assert_true(s.stamp[i].epoch > s.stamp[3].epoch);
		assert_int_equal(s.stamp[i].seq, i - 3);
		assert_int_equal(s.place[i], i - 3);
	}
}

// Outbox and cursor of yesterday were put back, and go on with other records: the file knows better, and none of them is taken for one
// that it has.
static void test_put_back(void **state)
{
	for (int more = 5; more <= 50; more += 15) {
		struct seen s;
		char command[4 * PATH], old[PATH + 8];
		uint64_t highest = 0, first_new;
		tear_down(state);
		set_up(state);
		snprintf(old, sizeof old, "%s.old", cursor_path);
		for (int i = 0; i < 5; i++)
			append(RECORD_ALERT, SEVERITY_HIGH);
		deliver(1);
		copy(cursor_path, old);
		snprintf(command, sizeof command, "cp -r %s %s.old", outbox_dir, outbox_dir);
		assert_int_equal(system(command), 0);
		for (int i = 0; i < 20; i++)
			append(RECORD_ALERT, SEVERITY_HIGH);
		deliver(1);
		lose_outbox();
		snprintf(command, sizeof command, "mv %s.old %s", outbox_dir, outbox_dir);
		assert_int_equal(system(command), 0);
		copy(old, cursor_path);
		open_outbox(1790000000, 1 << 20);
		first_new = position + 1;
		for (int i = 0; i < more; i++)
			append(RECORD_ALERT, SEVERITY_HIGH);
		deliver(1);
		see(&s);
		assert_true(s.linked);
		assert_int_equal(s.n, 25 + more);
		for (size_t i = 0; i < s.n; i++) {
			assert_true(s.stamp[i].seq > highest);
			highest = s.stamp[i].seq;
		}
		for (int i = 0; i < more; i++)
			assert_int_equal(s.place[25 + i], first_new + (uint64_t)i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		DELIVER_TEST(test_begins),
		DELIVER_TEST(test_says_where_it_is),
		DELIVER_TEST(test_another_outbox),
		DELIVER_TEST(test_another_outbox_meanwhile),
		DELIVER_TEST(test_dies_before_the_first_is_sent),
		DELIVER_TEST(test_dies_before_it_begins),
		DELIVER_TEST(test_begins_late),
		DELIVER_TEST(test_cursor_damaged),
		DELIVER_TEST(test_put_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// The outbox: what is appended is read again, across segments and deaths; groups, lanes, bounds, age; and who may write.
#include "tests/unit/alerts/outbox/outbox_fixture.h"

#include <sys/file.h>

#include "hw/clock.h"

static void test_append_and_read(void **state)
{
	struct outbox_shared shared = {0};
	struct outbox *o = open_small(&shared);
	assert_int_equal(shared.epoch, 1790000000);
	fill(o, OUTBOX_ALERTS, 1, 200);
	fill(o, OUTBOX_SESSIONS, 1, 100);
	assert_int_equal(shared.durable[OUTBOX_ALERTS], 200);
	assert_int_equal(shared.durable[OUTBOX_SESSIONS], 100);
	assert_int_equal(shared.oldest[OUTBOX_ALERTS], 1);
	assert_true(o->lane[OUTBOX_ALERTS].n > 5);
	struct outbox_reader *a = reader_of(OUTBOX_ALERTS), *s = reader_of(OUTBOX_SESSIONS);
	expect(a, OUTBOX_ALERTS, 1, 200);
	expect(s, OUTBOX_SESSIONS, 1, 100);
	fill(o, OUTBOX_ALERTS, 201, 230); // a reader goes on where it stands
	expect(a, OUTBOX_ALERTS, 201, 230);
	outbox_reader_close(&a);
	outbox_reader_close(&s);
	outbox_close(&o);
}

static void test_unsynced_is_not_seen(void **state)
{
	struct outbox_shared shared = {0};
	struct outbox *o = open_small(&shared);
	struct outbox_reader *r = reader_of(OUTBOX_ALERTS);
	uint32_t rung = bell_look(&shared.bell);
	append(o, OUTBOX_ALERTS, 1, 1);
	append(o, OUTBOX_SESSIONS, 1, 2);
	assert_int_equal(outbox_gathered(o), 2);
	assert_int_equal(shared.durable[OUTBOX_ALERTS], 0);
	expect(r, OUTBOX_ALERTS, 1, 0);
	assert_int_equal(outbox_sync(o), 0);
	assert_int_not_equal(rung, bell_look(&shared.bell));
	assert_int_equal(outbox_gathered(o), 0);
	assert_int_equal(shared.syncs, 1);
	expect(r, OUTBOX_ALERTS, 1, 1);
	outbox_reader_close(&r);
	outbox_close(&o);
}

static void test_group_is_bounded(void **state)
{
	struct outbox_shared shared = {0};
	struct outbox *o = open_small(&shared);
	char line[OUTBOX_LINE_MAX + 1];
	memset(line, 'x', sizeof(line));
	const struct outbox_about about = about_of(OUTBOX_ALERTS, 1);
	assert_int_equal(outbox_append(o, &about, &(struct outbox_origin){RUN, 1}, line, OUTBOX_LINE_MAX + 1), -EMSGSIZE);
	assert_int_equal(outbox_append(o, &about, &(struct outbox_origin){RUN, 1}, line, 0), -EINVAL);
	assert_int_equal(outbox_append(o, &about, &(struct outbox_origin){RUN, 1}, "a\nb", 3), -EINVAL);
	static const struct outbox_about wrong[] = {{.type = RECORD_TYPES}, {.severity = OUTBOX_SEVERITIES}, {.confidence = 4}, {.zero = 1}};
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(outbox_append(o, &wrong[i], &(struct outbox_origin){RUN, 1}, "{}", 2), -EINVAL);
	uint64_t n = 0;
	while (outbox_append(o, &about, &(struct outbox_origin){RUN, n + 1}, line, OUTBOX_LINE_MAX) == 0)
		n++;
	assert_in_range(n, 140, 146); // 1 MiB of the longest
	assert_int_equal(outbox_sync(o), 0);
	assert_int_equal(shared.durable[OUTBOX_ALERTS], n);
	for (n = 0; append(o, n % 2 ? OUTBOX_ALERTS : OUTBOX_SESSIONS, n, 1000 + n) == 0;)
		n++;
	assert_int_equal(n, OUTBOX_GROUP_RECORDS);
	outbox_close(&o);
}

// Longer than a segment: it gets one of its own.
static void test_longest_line(void **state)
{
	struct outbox_shared shared = {0};
	struct outbox *o = open_small(&shared);
	char line[OUTBOX_LINE_MAX];
	struct outbox_item item;
	struct outbox_missed missed;
	memset(line, 'x', sizeof(line));
	const struct outbox_about about = about_of(OUTBOX_ALERTS, 1);
	for (uint64_t n = 1; n <= 5; n++)
		assert_int_equal(outbox_append(o, &about, &(struct outbox_origin){RUN, n}, line, sizeof(line)), 0);
	assert_int_equal(outbox_sync(o), 0);
	struct outbox_reader *r = reader_of(OUTBOX_ALERTS);
	for (uint64_t n = 1; n <= 5; n++) {
		assert_int_equal(outbox_reader_next(r, 5, &item, &missed), 1);
		assert_int_equal(item.len, sizeof(line));
		assert_int_equal(missed_of(&missed), 0);
	}
	outbox_reader_close(&r);
	outbox_close(&o);
}

static void test_goes_on_after_death(void **state)
{
	struct outbox_shared shared = {0};
	struct outbox *o = NULL;
	uint64_t n = 0;
	for (int life = 0; life < 20; life++) {
		o = open_small(&shared);
		assert_int_equal(shared.durable[OUTBOX_ALERTS], n);
		fill(o, OUTBOX_ALERTS, n + 1, n + 11);
		n += 11;
		append(o, OUTBOX_ALERTS, n + 1, n + 1); // gathered, and lost
		outbox_close(&o);
	}
	assert_int_equal(shared.damaged[OUTBOX_ALERTS], 0);
	assert_int_equal(shared.epoch, 1790000000);
	struct outbox_reader *r = reader_of(OUTBOX_ALERTS);
	expect(r, OUTBOX_ALERTS, 1, n);
	outbox_reader_close(&r);
}

// Whoever follows a process that died appends all there was again: what a lane has is passed over, lane by lane.
static void test_not_written_twice(void **state)
{
	struct outbox_shared shared = {0};
	struct outbox *o = open_small(&shared);
	uint64_t position;
	assert_false(outbox_newest_origin(o, OUTBOX_ALERTS, RUN, &position));
	for (uint64_t n = 1; n <= 20; n++)
		append(o, OUTBOX_ALERTS, n, 2 * n);
	assert_int_equal(outbox_sync(o), 0); // the other lane's part of the group is lost
	outbox_close(&o);
	o = open_small(&shared);
	assert_true(outbox_newest_origin(o, OUTBOX_ALERTS, RUN, &position));
	assert_int_equal(position, 40);
	assert_false(outbox_newest_origin(o, OUTBOX_ALERTS, RUN + 1, &position));
	assert_false(outbox_newest_origin(o, OUTBOX_SESSIONS, RUN, &position));
	for (uint64_t n = 1; n <= 30; n++) {
		assert_int_equal(append(o, OUTBOX_ALERTS, n, 2 * n), 0);
		assert_int_equal(append(o, OUTBOX_SESSIONS, n, 2 * n + 1), 0);
	}
	assert_int_equal(outbox_gathered(o), 40);
	assert_int_equal(outbox_sync(o), 0);
	struct outbox_reader *a = reader_of(OUTBOX_ALERTS), *s = reader_of(OUTBOX_SESSIONS);
	expect(a, OUTBOX_ALERTS, 1, 30);
	expect(s, OUTBOX_SESSIONS, 1, 30);
	outbox_reader_close(&a);
	outbox_reader_close(&s);
	outbox_close(&o);
}

static void add(struct outbox_counts *sum, const struct outbox_counts *more)
{
	for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++)
		((uint64_t *)sum)[i] += ((const uint64_t *)more)[i];
}

static struct outbox_counts counts_of(enum outbox_lane lane, uint64_t first, uint64_t last)
{
	struct outbox_counts c = {0};
	for (uint64_t n = first; n <= last; n++) {
		const struct outbox_about about = about_of(lane, n);
		counts_add(&c, &about);
	}
	return c;
}

// Readers that stopped at every place are told exactly which kinds went.
static void test_evicted_exactly(void **state)
{
	struct outbox_shared shared = {0};
	const struct outbox_config c = config_of(SMALL, 5 * SMALL, 64 << 20);
	struct outbox *o = open_with(&c, &shared);
	enum { READERS = 60, LAST = 400 };
	struct outbox_reader *r[READERS];
	struct outbox_item item;
	struct outbox_missed missed;
	fill(o, OUTBOX_ALERTS, 1, READERS);
	fill(o, OUTBOX_SESSIONS, 1, 100);
	for (size_t i = 0; i < READERS; i++) {
		r[i] = reader_of(OUTBOX_ALERTS);
		for (size_t n = 0; n < i; n++)
			outbox_reader_next(r[i], READERS, &item, &missed);
	}
	fill(o, OUTBOX_ALERTS, READERS + 1, LAST);
	assert_true(shared.octets[OUTBOX_ALERTS] <= 5 * SMALL);
	assert_true(shared.oldest[OUTBOX_ALERTS] > READERS);
	assert_int_equal(shared.evicted[OUTBOX_ALERTS], shared.oldest[OUTBOX_ALERTS] - 1);
	assert_int_equal(shared.oldest[OUTBOX_SESSIONS], 1); // a flood of one lane is no matter of the other
	for (size_t i = 0; i < READERS; i++) {
		struct outbox_counts all = {0}, want = counts_of(OUTBOX_ALERTS, 1, LAST);
		uint64_t seq = i; // last it had
		all = counts_of(OUTBOX_ALERTS, 1, i);
		while (outbox_reader_next(r[i], LAST, &item, &missed) == 1) {
			assert_true(is_record(&item, OUTBOX_ALERTS, item.seq));
			assert_int_equal(missed.damaged, 0);
			struct outbox_counts gone = counts_of(OUTBOX_ALERTS, seq + 1, item.seq - 1);
			assert_memory_equal(&missed.evicted, &gone, sizeof(gone));
			add(&all, &missed.evicted);
			counts_add(&all, &item.about);
			seq = item.seq;
		}
		assert_int_equal(seq, LAST);
		assert_memory_equal(&all, &want, sizeof(want));
		assert_memory_equal(outbox_reader_counts(r[i]), &want, sizeof(want));
		outbox_reader_close(&r[i]);
	}
	outbox_close(&o);
}

// With a cursor's number and counts another reader goes on, and is told the same.
static void test_seek(void **state)
{
	struct outbox_shared shared = {0};
	const struct outbox_config c = config_of(SMALL, 8 * SMALL, 64 << 20);
	struct outbox *o = open_with(&c, &shared);
	struct outbox_reader *r = reader_of(OUTBOX_ALERTS);
	struct outbox_item item;
	struct outbox_missed missed;
	fill(o, OUTBOX_ALERTS, 1, 300);
	uint64_t oldest = shared.oldest[OUTBOX_ALERTS];
	assert_true(oldest > 10);
	for (uint64_t seq = 1; seq <= 301; seq++) {
		const struct outbox_counts had = counts_of(OUTBOX_ALERTS, 1, seq - 1);
		uint64_t next = seq > oldest ? seq : oldest;
		outbox_reader_seek(r, seq, seq == 1 ? NULL : &had);
		assert_int_equal(outbox_reader_next(r, 300, &item, &missed), seq <= 300);
		if (seq > 300)
			break;
		assert_int_equal(item.seq, next);
		assert_true(is_record(&item, OUTBOX_ALERTS, next));
		struct outbox_counts gone = counts_of(OUTBOX_ALERTS, seq, next - 1), now = counts_of(OUTBOX_ALERTS, 1, next);
		assert_memory_equal(&missed.evicted, &gone, sizeof(gone));
		assert_int_equal(missed.damaged, 0);
		assert_memory_equal(outbox_reader_counts(r), &now, sizeof(now));
	}
	outbox_reader_close(&r);
	outbox_close(&o);
}

static void test_age(void **state)
{
	const uint64_t day = UINT64_C(86400) * 1000000000, now = clock_wall_ns();
	struct outbox_shared shared = {0};
	struct outbox_config c = config_of(SMALL, 64 << 20, 64 << 20);
	c.keep_days = 3;
	struct outbox *o = open_with(&c, &shared);
	struct outbox_item item;
	struct outbox_missed missed;
	fill(o, OUTBOX_ALERTS, 1, 100);
	outbox_tend(o, now + day / 2);
	assert_int_equal(shared.oldest[OUTBOX_ALERTS], 1);
	outbox_tend(o, now + day + day / 2); // the newest is closed: it can go by itself later
	assert_int_equal(o->lane[OUTBOX_ALERTS].file[o->lane[OUTBOX_ALERTS].n - 1].first, 101);
	outbox_tend(o, now + 3 * day + day / 2);
	assert_int_equal(shared.oldest[OUTBOX_ALERTS], 101);
	assert_int_equal(shared.evicted[OUTBOX_ALERTS], 100);
	assert_int_equal(shared.oldest[OUTBOX_SESSIONS], 1);
	fill(o, OUTBOX_ALERTS, 101, 105);
	struct outbox_reader *r = reader_of(OUTBOX_ALERTS);
	assert_int_equal(outbox_reader_next(r, 105, &item, &missed), 1);
	assert_int_equal(item.seq, 101);
	assert_int_equal(counts_sum(&missed.evicted), 100);
	outbox_reader_close(&r);
	outbox_close(&o);
	memset(&shared, 0, sizeof(shared)); // a start of the machine: numbers go on
	o = open_with(&c, &shared);
	assert_int_equal(shared.durable[OUTBOX_ALERTS], 105);
	outbox_close(&o);
}

// The clock was a month ahead when segments were made: what they have is no younger for it once the clock is right.
static void test_age_after_a_clock_that_was_ahead(void **state)
{
	const uint64_t day = UINT64_C(86400) * 1000000000, right = clock_wall_ns() - 30 * day;
	struct outbox_shared shared = {0};
	struct outbox_config c = config_of(SMALL, 64 << 20, 64 << 20);
	c.keep_days = 3;
	struct outbox *o = open_with(&c, &shared);
	fill(o, OUTBOX_ALERTS, 1, 100);
	outbox_tend(o, right);
	outbox_tend(o, right + day + day / 2);
	assert_int_equal(o->lane[OUTBOX_ALERTS].file[o->lane[OUTBOX_ALERTS].n - 1].first, 101); // the newest was closed
	assert_int_equal(shared.oldest[OUTBOX_ALERTS], 1);
	outbox_tend(o, right + 2 * day); // what came in its place was made by the clock of this test, too
	outbox_tend(o, right + 6 * day);
	assert_int_equal(shared.oldest[OUTBOX_ALERTS], 101);
	outbox_close(&o);
}

static void test_one_writer(void **state)
{
	struct outbox_shared shared = {0}, other = {0};
	const struct outbox_config c = config_of(SMALL, 0, 0);
	struct outbox *o = open_small(&shared), *second;
	char why[160];
	assert_int_equal(outbox_open(&second, &c, &other, why), -EWOULDBLOCK);
	assert_null(second);
	assert_non_null(strstr(why, "another process"));
	outbox_close(&o);
}

// Readers may lock whatever they can open: it is no matter of the writer.
static void test_locked_by_a_reader(void **state)
{
	struct outbox_shared shared = {0};
	struct outbox *o = open_small(&shared);
	struct stat st;
	char path[160];
	fill(o, OUTBOX_ALERTS, 1, 3);
	outbox_close(&o);
	path_of(path, OUTBOX_ALERTS, 1);
	int top = open(outbox_dir, O_RDONLY | O_DIRECTORY), segment = open(path, O_RDONLY);
	assert_int_equal(flock(top, LOCK_EX), 0);
	assert_int_equal(flock(segment, LOCK_EX), 0);
	o = open_small(&shared);
	fill(o, OUTBOX_ALERTS, 4, 6);
	snprintf(path, sizeof(path), "%s/lock", outbox_dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0577, 0); // what is locked nobody can read
	close(top);
	close(segment);
	outbox_close(&o);
}

// What the writer before told stands in memory that others can write, too: more than a lane can hold, nobody was told.
static void test_a_number_that_cannot_be(void **state)
{
	static const uint64_t told[] = {UINT64_MAX, UINT64_MAX - 1, UINT64_C(1) << 40};
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		struct outbox_shared shared = {0};
		struct outbox *o = open_small(&shared);
		uint64_t had = shared.durable[OUTBOX_ALERTS];
		fill(o, OUTBOX_ALERTS, had + 1, had + 5);
		outbox_close(&o);
		shared.durable[OUTBOX_ALERTS] = told[i];
		o = open_small(&shared);
		assert_int_equal(shared.durable[OUTBOX_ALERTS], had + 5);
		fill(o, OUTBOX_ALERTS, had + 6, had + 8);
		outbox_close(&o);
	}
	struct outbox_reader *r = reader_of(OUTBOX_ALERTS);
	expect(r, OUTBOX_ALERTS, 1, 24);
	outbox_reader_close(&r);
}

// A disk that lost what it said it had: the reader is ahead, and must not pass over the same numbers when they come again.
static void test_reader_ahead(void **state)
{
	struct outbox_shared shared = {0};
	struct outbox *o = open_small(&shared);
	struct outbox_reader *r = reader_of(OUTBOX_ALERTS);
	struct outbox_item item;
	struct outbox_missed missed;
	fill(o, OUTBOX_ALERTS, 1, 10);
	outbox_reader_seek(r, 15, NULL);
	assert_int_equal(outbox_reader_next(r, 10, &item, &missed), 0);
	fill(o, OUTBOX_ALERTS, 11, 12);
	assert_int_equal(outbox_reader_next(r, 12, &item, &missed), 1);
	assert_int_equal(item.seq, 11);
	outbox_reader_close(&r);
	outbox_close(&o);
}

// The last that is durable cannot be read, and the next segment is made anew before anything is in it: whoever has read so far goes on in
// the one that is written.
static void test_reader_before_an_empty_segment(void **state)
{
	struct outbox_shared shared = {0};
	struct outbox *o = open_small(&shared);
	struct outbox_lane_files *l = &o->lane[OUTBOX_ALERTS];
	struct outbox_reader *r = reader_of(OUTBOX_ALERTS);
	struct outbox_item item;
	struct outbox_missed missed;
	char path[160];
	fill(o, OUTBOX_ALERTS, 1, 5);
	path_of(path, OUTBOX_ALERTS, 1);
	int fd = open(path, O_RDWR);
	assert_int_equal(pwrite(fd, "x", 1, (off_t)l->len - 16), 1);
	close(fd);
	assert_int_equal(outbox_lane_begin(o, l), 0);
	for (uint64_t n = 1; n <= 4; n++)
		assert_int_equal(outbox_reader_next(r, 5, &item, &missed), 1);
	assert_int_equal(outbox_reader_next(r, 5, &item, &missed), 0);
	assert_int_equal(outbox_lane_begin(o, l), 0);
	fill(o, OUTBOX_ALERTS, 6, 9);
	for (uint64_t n = 6; n <= 9; n++) {
		assert_int_equal(outbox_reader_next(r, 9, &item, &missed), 1);
		assert_int_equal(item.seq, n);
		assert_int_equal(missed.damaged, n == 6);
	}
	outbox_reader_close(&r);
	outbox_close(&o);
}

// What was on disk when the reader was told how far that is has been evicted since, and more: none of it was damaged, and where nothing
// is in the oldest that is left, that may still be made anew.
static void reader_behind(size_t segments, uint64_t left)
{
	struct outbox_shared shared = {0};
	struct outbox *o = open_small(&shared);
	struct outbox_lane_files *l = &o->lane[OUTBOX_ALERTS];
	struct outbox_reader *r = reader_of(OUTBOX_ALERTS);
	struct outbox_item item;
	struct outbox_missed missed;
	for (uint64_t n = 1; n <= 15; n += 5) {
		fill(o, OUTBOX_ALERTS, n, n + 4);
		assert_int_equal(outbox_lane_begin(o, l), 0);
	}
	for (uint64_t n = 1; n <= 5; n++)
		assert_int_equal(outbox_reader_next(r, 8, &item, &missed), 1);
	for (size_t i = 0; i < segments; i++)
		assert_true(outbox_lane_evict(o, l));
	assert_int_equal(l->file[0].first, left);
	assert_int_equal(outbox_reader_next(r, 8, &item, &missed), 0);
	assert_int_equal(outbox_lane_begin(o, l), 0);
	fill(o, OUTBOX_ALERTS, 16, 20);
	for (uint64_t n = left; n <= 20; n++) {
		uint64_t gone = 0;
		assert_int_equal(outbox_reader_next(r, 20, &item, &missed), 1);
		assert_int_equal(item.seq, n);
		for (size_t t = 0; t < RECORD_TYPES; t++)
			for (size_t k = 0; k < OUTBOX_SEVERITIES; k++)
				gone += missed.evicted.n[t][k];
		assert_int_equal(gone, n == left ? left - 6 : 0);
		assert_int_equal(missed.damaged, 0);
	}
	outbox_reader_close(&r);
	outbox_close(&o);
}

static void test_reader_behind_what_was_evicted(void **state)
{
	reader_behind(2, 11);
}

static void test_reader_behind_all_that_was_evicted(void **state)
{
	reader_behind(3, 16);
}

// The disk does not take sessions: alerts go on, and the numbers of what was forgotten are given to others.
static void test_forgotten(void **state)
{
	struct outbox_shared shared = {0};
	struct outbox *o = open_small(&shared);
	fill(o, OUTBOX_SESSIONS, 1, 3);
	append(o, OUTBOX_ALERTS, 1, 10);
	append(o, OUTBOX_SESSIONS, 1000, 11);
	append(o, OUTBOX_SESSIONS, 1001, 12);
	assert_int_equal(outbox_gathered_of(o, OUTBOX_SESSIONS), 2);
	assert_int_equal(outbox_forget(o, OUTBOX_SESSIONS), 2);
	assert_int_equal(shared.forgotten[OUTBOX_SESSIONS], 2);
	assert_int_equal(outbox_gathered(o), 1);
	assert_int_equal(outbox_sync(o), 0);
	fill(o, OUTBOX_SESSIONS, 4, 6);
	struct outbox_reader *a = reader_of(OUTBOX_ALERTS), *s = reader_of(OUTBOX_SESSIONS);
	expect(a, OUTBOX_ALERTS, 1, 1);
	expect(s, OUTBOX_SESSIONS, 1, 6);
	outbox_reader_close(&a);
	outbox_reader_close(&s);
	outbox_close(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_append_and_read, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_unsynced_is_not_seen, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_group_is_bounded, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_longest_line, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_goes_on_after_death, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_not_written_twice, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_evicted_exactly, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_seek, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_age, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_age_after_a_clock_that_was_ahead, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_one_writer, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_locked_by_a_reader, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_reader_ahead, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_reader_before_an_empty_segment, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_reader_behind_what_was_evicted, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_reader_behind_all_that_was_evicted, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_a_number_that_cannot_be, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(test_forgotten, make_dir, remove_dir),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Cursors: what was saved is found again; a slot that is torn leaves the one before; a file that is gone begins a new row.
#include "tests/unit/alerts/outbox/outbox_fixture.h"

static char path[96];

static int setup(void **state)
{
	int rc = make_dir(state);
	snprintf(path, sizeof(path), "%s/siem.cursor", dir);
	return rc;
}

static struct cursor cursor_of(uint64_t n)
{
	struct cursor c = {.outbox = 1, .epoch = 1000};
	for (uint64_t i = 0; i < OUTBOX_LANES; i++) {
		c.lane[i] = (struct cursor_lane){.seq = n + i, .sent = n, .chain = {(uint8_t)n}};
		c.lane[i].had.n[RECORD_ALERT][SEVERITY_HIGH] = n;
	}
	return c;
}

static void reopen(uint64_t wall_s, bool want_fresh, const struct cursor *want)
{
	struct cursor_file *f;
	struct cursor c;
	bool fresh;
	assert_int_equal(cursor_open(&f, path, wall_s, &c, &fresh), 0);
	assert_int_equal(fresh, want_fresh);
	if (want)
		assert_memory_equal(&c, want, sizeof(c));
	cursor_close(&f);
	assert_null(f);
}

static void test_saved_and_found(void **state)
{
	struct cursor_file *f;
	struct cursor c;
	bool fresh;
	assert_int_equal(cursor_open(&f, path, 1000, &c, &fresh), 0);
	assert_true(fresh);
	assert_int_equal(c.epoch, 1000);
	assert_int_equal(c.lane[OUTBOX_ALERTS].seq, 1);
	assert_int_equal(c.lane[OUTBOX_SESSIONS].seq, 1);
	reopen(2000, true, &c); // nothing was sent yet
	for (uint64_t n = 2; n < 20; n++) {
		c = cursor_of(n);
		assert_int_equal(cursor_save(f, &c, n % 2), 0);
		reopen(2000, false, &c);
	}
	cursor_close(&f);
}

// Every octet of either slot, changed: it is the other one that is found, or the same where it was the older one.
static void test_torn(void **state)
{
	struct cursor_file *f;
	struct cursor c, before = cursor_of(8), newest = cursor_of(9);
	bool fresh;
	assert_int_equal(cursor_open(&f, path, 1000, &c, &fresh), 0);
	assert_int_equal(cursor_save(f, &before, true), 0); // second
	assert_int_equal(cursor_save(f, &newest, true), 0); // third: slot 1
	cursor_close(&f);
	int fd = open(path, O_RDWR);
	for (off_t at = 0; at < 536; at++)
		for (off_t slot = 0; slot < 2; slot++) {
			uint8_t octet, other;
			assert_int_equal(pread(fd, &octet, 1, slot * 4096 + at), 1);
			other = octet ^ 0x20;
			assert_int_equal(pwrite(fd, &other, 1, slot * 4096 + at), 1);
			reopen(2000, false, slot ? &before : &newest);
			assert_int_equal(pwrite(fd, &octet, 1, slot * 4096 + at), 1);
		}
	close(fd);
}

// Saved often and made durable seldom: until it is again, what was durable last stays as it is, whatever becomes of the other slot;
// also for whoever comes after a death.
static void test_torn_before_durable(void **state)
{
	struct cursor_file *f;
	struct cursor c, durable = cursor_of(30), soft;
	bool fresh;
	assert_int_equal(cursor_open(&f, path, 1000, &c, &fresh), 0);
	for (int round = 0; round < 2; round++) {
		uint8_t both[2][536];
		assert_int_equal(cursor_save(f, &durable, true), 0);
		int fd = open(path, O_RDWR);
		for (int n = 0; n < 3; n++) {
			soft = cursor_of(40 + (uint64_t)n);
			assert_int_equal(cursor_save(f, &soft, false), 0);
		}
		reopen(2000, false, &soft);
		for (off_t slot = 0; slot < 2; slot++)
			assert_int_equal(pread(fd, both[slot], 536, slot * 4096), 536);
		for (off_t slot = 0; slot < 2; slot++) { // one of them is the durable one
			assert_int_equal(pwrite(fd, "x", 1, slot * 4096 + 500), 1);
			assert_int_equal(cursor_read(path, &c), 0);
			assert_true(memcmp(&c, &durable, sizeof(c)) == 0 || memcmp(&c, &soft, sizeof(c)) == 0);
			assert_int_equal(pwrite(fd, both[slot], 536, slot * 4096), 536);
		}
		close(fd);
		cursor_close(&f);
		assert_int_equal(cursor_open(&f, path, 1000, &c, &fresh), 0); // as after a death
	}
	cursor_close(&f);
}

static void test_new_row(void **state)
{
	static const struct {
		const char *name;
		uint64_t wall_s, want;
	} row[] = {
		{"the clock is ahead of the old row", 5000, 5000},
		{"the clock stands still", 1000, 1001},
		{"the clock went back", 500, 1001},
	};
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct cursor_file *f;
		struct cursor c;
		bool fresh;
		unlink(path);
		assert_int_equal(cursor_open(&f, path, 1000, &c, &fresh), 0);
		assert_int_equal(cursor_save(f, &c, true), 0);
		cursor_close(&f);
		int fd = open(path, O_RDWR);
		for (off_t slot = 0; slot < 2; slot++)
			assert_int_equal(pwrite(fd, "x", 1, slot * 4096 + 500), 1);
		close(fd);
		assert_int_equal(cursor_open(&f, path, row[i].wall_s, &c, &fresh), 0);
		assert_false(fresh); // it was there: nobody begins with what comes
		assert_int_equal(c.outbox, CURSOR_LOST);
		assert_int_equal(c.lane[OUTBOX_ALERTS].seq, 1);
		assert_int_equal(c.epoch, row[i].want);
		cursor_close(&f);
	}
}

// Of another version: not understood, so not known; but its row is over.
static void test_other_version(void **state)
{
	struct cursor_file *f;
	struct cursor c;
	bool fresh;
	assert_int_equal(cursor_open(&f, path, 1000, &c, &fresh), 0);
	c = cursor_of(9);
	assert_int_equal(cursor_save(f, &c, true), 0);
	cursor_close(&f);
	int fd = open(path, O_RDWR);
	for (off_t slot = 0; slot < 2; slot++)
		assert_int_equal(pwrite(fd, &(uint32_t){2}, 4, slot * 4096 + 4), 4);
	close(fd);
	assert_int_equal(cursor_read(path, &c), -ENODATA);
	assert_int_equal(cursor_open(&f, path, 1000, &c, &fresh), 0);
	assert_false(fresh);
	assert_int_equal(c.outbox, CURSOR_LOST);
	assert_int_equal(c.epoch, 1001);
	cursor_close(&f);
}

// A disk that is full by the time something is sent takes what is written over something.
static void test_both_places_are_taken(void **state)
{
	struct cursor_file *f;
	struct cursor c, read;
	uint8_t octets[536], zeros[536] = {0};
	bool fresh;
	assert_int_equal(cursor_open(&f, path, 1000, &c, &fresh), 0);
	cursor_close(&f);
	int fd = open(path, O_RDWR);
	for (off_t slot = 0; slot < 2; slot++) {
		assert_int_equal(pread(fd, octets, sizeof(octets), slot * 4096), sizeof(octets));
		assert_int_equal(pwrite(fd, zeros, sizeof(zeros), slot * 4096), sizeof(zeros));
		assert_int_equal(cursor_read(path, &read), 0);
		assert_memory_equal(&read, &c, sizeof(c));
		assert_int_equal(pwrite(fd, octets, sizeof(octets), slot * 4096), sizeof(octets));
	}
	close(fd);
}

static void test_any_length(void **state)
{
	struct cursor_file *f;
	struct cursor c;
	bool fresh;
	for (off_t len = 0; len < 5000; len += 67) {
		unlink(path);
		assert_int_equal(cursor_open(&f, path, 1000, &c, &fresh), 0);
		c.outbox = 1;
		memset(&c.lane[OUTBOX_SESSIONS].chain, 1, OUTBOX_HASH); // its last octets are no zeros
		for (int n = 0; n < 2; n++)
			assert_int_equal(cursor_save(f, &c, true), 0);
		cursor_close(&f);
		assert_int_equal(truncate(path, len), 0);
		reopen(3000, len == 0, NULL);
	}
	assert_int_equal(cursor_open(&f, "/nowhere/at/all", 1, &c, &fresh), -ENOENT);
	assert_null(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_saved_and_found, setup, remove_dir),
		cmocka_unit_test_setup_teardown(test_torn, setup, remove_dir),
		cmocka_unit_test_setup_teardown(test_torn_before_durable, setup, remove_dir),
		cmocka_unit_test_setup_teardown(test_new_row, setup, remove_dir),
		cmocka_unit_test_setup_teardown(test_other_version, setup, remove_dir),
		cmocka_unit_test_setup_teardown(test_both_places_are_taken, setup, remove_dir),
		cmocka_unit_test_setup_teardown(test_any_length, setup, remove_dir),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

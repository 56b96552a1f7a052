// A disk that fails: fdatasync(), pwrite(), fallocate(), renameat(), fsync() each fail at every place where they are called, and what was
// not synced may be gone then, or not. Nothing is lost, nothing comes twice, and the outbox says how it is.
//
// The calls are wrapped by the linker (-Wl,--wrap). The real disk is in tests/delivery/outbox_disk.c.
#include "tests/unit/alerts/outbox/outbox_fixture.h"

#include "alerts/verify/segments.h"
#include "hw/log.h"

int __real_fdatasync(int fd);
int __real_fsync(int fd);
ssize_t __real_pwrite64(int fd, const void *octets, size_t len, off_t at);
int __real_fallocate64(int fd, int mode, off_t at, off_t len);
int __real_ftruncate64(int fd, off_t len);
int __real_renameat(int from, const char *name, int to, const char *as);
ssize_t __real_pread64(int fd, void *octets, size_t len, off_t at);
ssize_t __wrap_pread64(int fd, void *octets, size_t len, off_t at);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
ssize_t __wrap_pwrite64(int fd, const void *octets, size_t len, off_t at);
int __wrap_fallocate64(int fd, int mode, off_t at, off_t len);
int __wrap_ftruncate64(int fd, off_t len);
int __wrap_renameat(int from, const char *name, int to, const char *as);

enum call { FDATASYNC, FSYNC, PWRITE, FALLOCATE, FTRUNCATE, RENAMEAT, CALLS };

static const char *const call_name[CALLS] = {"fdatasync", "fsync", "pwrite", "fallocate", "ftruncate", "renameat"};

// What is to happen.
static struct {
	enum call call;
	int at, times; // counted from 1; how often
	int error;
	bool forgets;  // what was written since the last fdatasync() reads as zeros afterwards
	bool no_cut;   // ftruncate() fails all the time
	int n[CALLS];
	off_t unread;  // a page that cannot be read for now; 0: none
	off_t written; // since then: from here on
	int fd;
} plan;

static bool fails(enum call c)
{
	int n = ++plan.n[c];
	bool yes = plan.call == c && n >= plan.at && n < plan.at + plan.times;
	if (yes)
		errno = plan.error;
	return yes;
}

int __wrap_fdatasync(int fd)
{
	static const uint8_t zeros[SMALL];
	if (!fails(FDATASYNC)) {
		plan.fd = -1;
		return __real_fdatasync(fd);
	}
	if (plan.forgets && plan.fd == fd)
		__real_pwrite64(fd, zeros, sizeof(zeros), plan.written);
	errno = plan.error;
	return -1;
}

int __wrap_fsync(int fd)
{
	return fails(FSYNC) ? -1 : __real_fsync(fd);
}

// A write that fails may have written a part.
ssize_t __wrap_pwrite64(int fd, const void *octets, size_t len, off_t at)
{
	if (plan.fd != fd)
		plan.written = at;
	plan.fd = fd;
	if (!fails(PWRITE))
		return __real_pwrite64(fd, octets, len > 100 ? len / 2 : len, at);
	__real_pwrite64(fd, octets, len / 3, at);
	errno = plan.error;
	return -1;
}

enum { PAGE = 4096 };

ssize_t __wrap_pread64(int fd, void *octets, size_t len, off_t at)
{
	if (plan.unread && at < plan.unread && at + (off_t)len > plan.unread)
		len = (size_t)(plan.unread - at);
	if (plan.unread && at >= plan.unread && at < plan.unread + PAGE) {
		errno = EIO;
		return -1;
	}
	return __real_pread64(fd, octets, len, at);
}

int __wrap_fallocate64(int fd, int mode, off_t at, off_t len)
{
	return fails(FALLOCATE) ? -1 : __real_fallocate64(fd, mode, at, len);
}

int __wrap_ftruncate64(int fd, off_t len)
{
	if (plan.no_cut) {
		errno = EIO;
		return -1;
	}
	return fails(FTRUNCATE) ? -1 : __real_ftruncate64(fd, len);
}

int __wrap_renameat(int from, const char *name, int to, const char *as)
{
	return fails(RENAMEAT) ? -1 : __real_renameat(from, name, to, as);
}

// ---- one failure -------------------------------------------------------------------------------------------------------

enum { RECORDS = 60, GROUP = 5 };

static void read_on(struct outbox_reader *r, const struct outbox_shared *shared, uint64_t *seq)
{
	struct outbox_item item;
	struct outbox_missed missed;
	uint64_t durable = shared->durable[OUTBOX_ALERTS];
	while (outbox_reader_next(r, durable, &item, &missed) == 1) {
		assert_int_equal(item.seq, *seq + 1);
		assert_int_equal(missed_of(&missed), 0);
		assert_true(is_record(&item, OUTBOX_ALERTS, item.seq));
		*seq = item.seq;
	}
	assert_int_equal(*seq, durable);
}

static struct outbox *open_at_last(struct outbox_shared *shared, int *failures)
{
	const struct outbox_config c = config_of(SMALL, 64 << 20, 64 << 20);
	struct outbox *o;
	char why[160];
	for (int tries = 0; outbox_open(&o, &c, shared, why) < 0; tries++) {
		assert_null(o);
		assert_non_null(strstr(why, strerror(plan.error)));
		assert_int_not_equal(shared->state, OUTBOX_GOOD);
		assert_true(tries < 20);
		++*failures;
	}
	assert_int_equal(shared->state, OUTBOX_GOOD);
	return o;
}

// A group, tried until it is written. `deaths`: the process dies at every failure, and another appends all there was again.
static struct outbox *write_group(struct outbox *o, struct outbox_shared *shared, uint64_t first, bool deaths, int *failures)
{
	for (int tries = 0;; tries++) {
		assert_true(tries < 20);
		for (uint64_t n = first; n < first + GROUP && (tries == 0 || deaths); n++) {
			assert_int_equal(append(o, OUTBOX_ALERTS, n, 2 * n), 0);
			assert_int_equal(append(o, OUTBOX_SESSIONS, n, 2 * n + 1), 0);
		}
		int rc = outbox_sync(o);
		if (rc == 0)
			break;
		++*failures;
		assert_int_equal(rc, -plan.error);
		assert_int_equal(shared->error, plan.error);
		assert_true(shared->trouble_since_ns);
		assert_int_equal(shared->state, plan.error == ENOSPC ? OUTBOX_NO_SPACE : plan.error == EROFS ? OUTBOX_READ_ONLY : OUTBOX_FAILING);
		assert_true(outbox_gathered(o) > 0);
		if (!deaths)
			continue;
		outbox_close(&o);
		o = open_at_last(shared, failures);
	}
	assert_int_equal(outbox_gathered(o), 0);
	assert_int_equal(shared->state, OUTBOX_GOOD);
	assert_int_equal(shared->trouble_since_ns, 0);
	return o;
}

// Nobody is accused of what a disk did.
static void is_intact(enum outbox_lane lane)
{
	static struct verify v;
	char path[160];
	v = (struct verify){.again = 0};
	snprintf(path, sizeof(path), "%s/%s", outbox_dir, outbox_lane_name[lane]);
	int fd = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(segments_lane(&v, fd, path), 0);
	close(fd);
	if (verify_faults(&v))
		fail_msg("%s, octet %" PRIu64 ": fault %d", v.problem.at.file, v.problem.at.offset, (int)v.problem.fault);
}

static int play(bool deaths)
{
	struct outbox_shared shared = {0};
	uint64_t seq = 0;
	int failures = 0;
	memset(plan.n, 0, sizeof(plan.n));
	plan.fd = -1;
	struct outbox *o = open_at_last(&shared, &failures);
	struct outbox_reader *r = reader_of(OUTBOX_ALERTS);
	for (uint64_t n = 1; n <= RECORDS; n += GROUP) {
		o = write_group(o, &shared, n, deaths, &failures);
		read_on(r, &shared, &seq);
	}
	outbox_close(&o);
	outbox_reader_close(&r);
	plan.call = CALLS;
	for (int life = 0; life < 2; life++) { // with what the process before told, and without
		assert_int_equal(shared.damaged[OUTBOX_ALERTS], 0);
		o = open_small(&shared);
		outbox_close(&o);
		is_intact(OUTBOX_ALERTS);
		is_intact(OUTBOX_SESSIONS);
		struct outbox_reader *alerts = reader_of(OUTBOX_ALERTS), *sessions = reader_of(OUTBOX_SESSIONS);
		expect(alerts, OUTBOX_ALERTS, 1, RECORDS);
		expect(sessions, OUTBOX_SESSIONS, 1, RECORDS);
		outbox_reader_close(&alerts);
		outbox_reader_close(&sessions);
		memset(&shared, 0, sizeof(shared));
	}
	remove_tree(outbox_dir);
	return failures;
}

// Every place at which `call` is made.
static void at_every_place(enum call call, int times, bool deaths)
{
	int failures = 0;
	plan.at = 0;
	do {
		plan.call = call;
		plan.at++;
		plan.times = times;
		plan.error = call == FALLOCATE ? ENOSPC : call == RENAMEAT ? EROFS : EIO;
		failures += play(deaths);
	} while (plan.n[call] >= plan.at);
	if (failures < 4)
		fail_msg("%s failed %d times only", call_name[call], failures);
}

static void all_calls(bool forgets, bool no_cut)
{
	log_set_level(LOG_LEVEL_ERROR);
	memset(&plan, 0, sizeof(plan));
	plan.forgets = forgets;
	plan.no_cut = no_cut;
	for (enum call c = 0; c < CALLS; c++)
		if (c != FTRUNCATE)
			for (int times = 1; times <= 3; times += 2)
				at_every_place(c, times, false);
}

static void test_failing(void **state)
{
	all_calls(false, false);
}

static void test_failing_and_forgetting(void **state)
{
	all_calls(true, false);
}

static void test_failing_and_never_cut(void **state)
{
	all_calls(false, true);
	all_calls(true, true);
}

static void test_dying_at_failures(void **state)
{
	log_set_level(LOG_LEVEL_ERROR);
	for (int i = 0; i < 4; i++) {
		memset(&plan, 0, sizeof(plan));
		plan.forgets = i & 1;
		plan.no_cut = i & 2;
		for (enum call c = 0; c < CALLS; c++)
			if (c != FTRUNCATE)
				at_every_place(c, 1, true);
	}
}

// What fdatasync() failed for is never trusted again, though it may be there: it is cut off, and written to a segment of its own.
static void test_new_segment_after_failure(void **state)
{
	struct outbox_shared shared = {0};
	struct stat st;
	char path[160];
	memset(&plan, 0, sizeof(plan));
	plan.call = CALLS;
	plan.error = EIO;
	struct outbox *o = open_small(&shared);
	struct outbox_lane_files *l = &o->lane[OUTBOX_ALERTS];
	fill(o, OUTBOX_ALERTS, 1, 3);
	uint64_t len = l->len;
	append(o, OUTBOX_ALERTS, 4, 4);
	plan.call = FDATASYNC;
	plan.at = plan.n[FDATASYNC] + 1;
	plan.times = 1;
	assert_int_equal(outbox_sync(o), -EIO);
	assert_int_equal(shared.durable[OUTBOX_ALERTS], 3);
	path_of(path, OUTBOX_ALERTS, 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, len);
	assert_int_equal(outbox_sync(o), 0);
	assert_int_equal(l->n, 2);
	assert_int_equal(l->file[1].first, 4);
	outbox_close(&o);
}

// What could not be read for a while is still there afterwards.
static void test_unreadable_for_a_while(void **state)
{
	const struct outbox_config c = config_of(32 * PAGE, 64 << 20, 64 << 20);
	struct outbox_shared shared = {0};
	memset(&plan, 0, sizeof(plan));
	plan.call = CALLS;
	struct outbox *o = open_with(&c, &shared);
	fill(o, OUTBOX_ALERTS, 1, 100);
	outbox_close(&o);
	plan.unread = 2 * PAGE;
	o = open_with(&c, &shared);
	assert_true(shared.damaged[OUTBOX_ALERTS] > 0);
	fill(o, OUTBOX_ALERTS, 101, 103);
	outbox_close(&o);
	plan.unread = 0;
	struct outbox_reader *r = reader_of(OUTBOX_ALERTS);
	struct outbox_item item;
	struct outbox_missed missed;
	for (uint64_t n = 1; n <= 103; n++) {
		assert_int_equal(outbox_reader_next(r, 103, &item, &missed), 1);
		assert_true(is_record(&item, OUTBOX_ALERTS, n));
	}
	outbox_reader_close(&r);
}

// Who made a name and died may not have had it on disk: whoever goes on below it syncs the directory first.
static void test_names_are_synced_again(void **state)
{
	struct outbox_shared shared = {0};
	struct cursor_file *f;
	struct cursor c;
	char path[96];
	bool fresh;
	memset(&plan, 0, sizeof(plan));
	plan.call = CALLS;
	struct outbox *o = open_small(&shared);
	outbox_close(&o);
	plan.n[FSYNC] = 0;
	o = open_small(&shared);
	assert_int_equal(plan.n[FSYNC], 1 + OUTBOX_LANES);
	outbox_close(&o);
	snprintf(path, sizeof(path), "%s/siem.cursor", dir);
	for (int life = 0; life < 2; life++) {
		plan.n[FSYNC] = 0;
		assert_int_equal(cursor_open(&f, path, 1000, &c, &fresh), 0);
		assert_int_equal(plan.n[FSYNC], 1);
		cursor_close(&f);
	}
}

// A file system that cannot preallocate.
static void test_without_preallocation(void **state)
{
	memset(&plan, 0, sizeof(plan));
	plan.call = FALLOCATE;
	plan.at = 1;
	plan.times = 1 << 30;
	plan.error = EOPNOTSUPP;
	assert_int_equal(play(false), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_failing, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_failing_and_forgetting, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_failing_and_never_cut, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_dying_at_failures, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_new_segment_after_failure, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_unreadable_for_a_while, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_names_are_synced_again, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_without_preallocation, make_dir_in_memory, remove_dir),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// What a power cut, a disk and an operator can do to the files: every cut, every changed octet, files that are gone, exchanged, of
// another version. What is given is always a record as it was written, in order; what is not given is counted.
#include "tests/unit/alerts/outbox/outbox_fixture.h"

#include "hw/log.h"

enum { OTHER = 5, PATHS = 32 };

// A lane of several segments, kept in memory to be put back.
struct kept {
	uint64_t first, octets;
	uint8_t octet[2 * SMALL];
};
static struct kept kept[PATHS];
static size_t n_kept;
static uint64_t last;

static void keep(struct outbox *o)
{
	const struct outbox_lane_files *l = &o->lane[OUTBOX_ALERTS];
	char path[160];
	n_kept = l->n;
	assert_true(n_kept > 1 && n_kept <= PATHS);
	for (size_t i = 0; i < l->n; i++) {
		path_of(path, OUTBOX_ALERTS, l->file[i].first);
		int fd = open(path, O_RDONLY);
		ssize_t n = read(fd, kept[i].octet, sizeof(kept[i].octet));
		close(fd);
		assert_true(n > SEGMENT_HEAD);
		kept[i].first = l->file[i].first;
		kept[i].octets = (uint64_t)n;
	}
}

static void put(const char *path, const void *octets, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, octets, len), len);
	close(fd);
}

// The alerts as they were, up to the end of segment n - 1.
static void put_back(size_t n)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/alerts", outbox_dir);
	remove_tree(path);
	assert_int_equal(mkdir(path, 0700), 0);
	for (size_t i = 0; i < n; i++) {
		path_of(path, OUTBOX_ALERTS, kept[i].first);
		put(path, kept[i].octet, kept[i].octets);
	}
}

static void make(uint64_t records, struct outbox_shared *shared)
{
	struct outbox *o = open_small(shared);
	log_set_level(LOG_LEVEL_ERROR);
	last = records;
	fill(o, OUTBOX_SESSIONS, 1, OTHER);
	fill(o, OUTBOX_ALERTS, 1, records);
	keep(o);
	outbox_close(&o);
}

struct tally {
	uint64_t given, missed, newest;
};

// Reads all of the alerts. Record n has number n, from `renumbered` on another.
static struct tally read_all(uint64_t durable, uint64_t renumbered)
{
	struct outbox_reader *r = reader_of(OUTBOX_ALERTS);
	struct outbox_item item;
	struct outbox_missed missed;
	struct tally t = {0};
	int rc;
	while ((rc = outbox_reader_next(r, durable, &item, &missed)) == 1) {
		assert_true(item.seq > t.newest && item.seq <= durable);
		assert_true(item.seq >= renumbered || is_record(&item, OUTBOX_ALERTS, item.seq));
		t.given++;
		t.missed += missed_of(&missed);
		assert_int_equal(item.seq - t.newest - 1, missed_of(&missed));
		t.newest = item.seq;
	}
	assert_int_equal(rc, 0);
	outbox_reader_close(&r);
	return t;
}

// Records of segment i that end at or before `cut`.
static uint64_t whole_before(size_t i, uint64_t cut)
{
	uint64_t at = SEGMENT_HEAD, seq = kept[i].first - 1;
	struct frame f;
	while (at + sizeof(f) <= kept[i].octets && frame_read(kept[i].octet + at, kept[i].octets - at, &f)) {
		at += frame_octets(f.len);
		if (at > cut)
			break;
		seq = f.seq;
	}
	return seq;
}

// Where the writer goes on there is nothing.
static void check_cut_off(const struct outbox_lane_files *l)
{
	uint8_t octets[2 * SMALL];
	if (l->fd < 0)
		return;
	ssize_t n = pread(l->fd, octets, sizeof(octets), (off_t)l->len);
	for (ssize_t i = 0; i < n; i++)
		assert_int_equal(octets[i], 0);
}

// Everything whole before the cut is there, nothing else is, and numbers go on.
static void check_cut(size_t i, uint64_t cut)
{
	struct outbox_shared shared = {0};
	char path[160];
	put_back(i + 1);
	path_of(path, OUTBOX_ALERTS, kept[i].first);
	assert_int_equal(truncate(path, (off_t)cut), 0);
	struct outbox *o = open_small(&shared);
	uint64_t whole = whole_before(i, cut);
	assert_int_equal(shared.epoch, 1790000000);
	assert_int_equal(shared.durable[OUTBOX_ALERTS], whole);
	assert_int_equal(shared.damaged[OUTBOX_ALERTS], 0);
	check_cut_off(&o->lane[OUTBOX_ALERTS]);
	append(o, OUTBOX_ALERTS, whole + 1, 100000);
	assert_int_equal(outbox_sync(o), 0);
	assert_int_equal(shared.durable[OUTBOX_ALERTS], whole + 1);
	outbox_close(&o);
	struct tally t = read_all(whole + 1, UINT64_MAX);
	assert_int_equal(t.given, whole + 1);
	assert_int_equal(t.missed, 0);
}

static void test_cut_at_every_octet(void **state)
{
	struct outbox_shared shared = {0};
	make(24, &shared);
	for (size_t i = 0; i < n_kept; i++)
		for (uint64_t cut = 0; cut <= kept[i].octets; cut++)
			check_cut(i, cut);
}

// The process died and not the machine: readers may have had what is gone now. Its numbers do not come again.
static void test_cut_below_what_was_told(void **state)
{
	struct outbox_shared shared = {0};
	make(24, &shared);
	size_t i = n_kept - 1;
	for (uint64_t cut = 0; cut <= kept[i].octets; cut += 13) {
		struct outbox_shared told = shared;
		char path[160];
		put_back(n_kept);
		path_of(path, OUTBOX_ALERTS, kept[i].first);
		assert_int_equal(truncate(path, (off_t)cut), 0);
		struct outbox *o = open_small(&told);
		assert_int_equal(told.durable[OUTBOX_ALERTS], last);
		assert_int_equal(told.damaged[OUTBOX_ALERTS], last - whole_before(i, cut));
		append(o, OUTBOX_ALERTS, last + 1, 100000);
		assert_int_equal(outbox_sync(o), 0);
		outbox_close(&o);
		struct tally t = read_all(last + 1, UINT64_MAX);
		assert_int_equal(t.newest, last + 1);
		assert_int_equal(t.given + t.missed, last + 1);
	}
}

// Two flips: of one bit, and of all.
static void check_flip(size_t i, uint64_t at, uint8_t bits, const struct outbox_shared *before)
{
	struct outbox_shared shared = *before;
	char path[160];
	put_back(n_kept);
	path_of(path, OUTBOX_ALERTS, kept[i].first);
	const uint8_t octet = kept[i].octet[at] ^ bits;
	int fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, &octet, 1, (off_t)at), 1);
	close(fd);
	read_all(last, UINT64_MAX); // while the writer goes on
	struct outbox *o = open_small(&shared);
	assert_int_equal(shared.epoch, before->epoch);
	assert_int_equal(shared.durable[OUTBOX_ALERTS], last);
	append(o, OUTBOX_ALERTS, last + 1, 100000);
	assert_int_equal(outbox_sync(o), 0);
	outbox_close(&o);
	struct tally t = read_all(last + 1, UINT64_MAX);
	assert_int_equal(t.newest, last + 1);
	assert_int_equal(t.given + t.missed, last + 1);
	assert_true(t.missed <= 1); // one octet, one record
}

static void test_every_octet_changed(void **state)
{
	struct outbox_shared shared = {0};
	make(24, &shared);
	for (size_t i = 0; i < n_kept; i++)
		for (uint64_t at = 0; at < kept[i].octets; at++) {
			check_flip(i, at, 0xff, &shared);
			if (at % 5 == i)
				check_flip(i, at, (uint8_t)(1 << at % 8), &shared);
		}
}

// One octet of a record in each segment: the writer goes on, and says how many of the newest segment it lost.
static void test_damage_is_counted(void **state)
{
	struct outbox_shared shared = {0};
	make(24, &shared);
	char path[160];
	for (size_t i = 0; i < n_kept; i++) {
		path_of(path, OUTBOX_ALERTS, kept[i].first);
		int fd = open(path, O_WRONLY);
		assert_int_equal(pwrite(fd, "?", 1, SEGMENT_HEAD + sizeof(struct frame) + 20), 1);
		close(fd);
	}
	memset(&shared, 0, sizeof(shared));
	struct outbox *o = open_small(&shared);
	assert_int_equal(shared.damaged[OUTBOX_ALERTS], 1);
	assert_int_equal(shared.durable[OUTBOX_ALERTS], last);
	fill(o, OUTBOX_ALERTS, last + 1, last + 5);
	outbox_close(&o);
	struct tally t = read_all(last + 5, UINT64_MAX);
	assert_int_equal(t.given, last + 5 - n_kept);
	assert_int_equal(t.missed, n_kept);
	o = open_small(&shared); // told once
	assert_int_equal(shared.damaged[OUTBOX_ALERTS], 1);
	outbox_close(&o);
}

static void test_segment_missing(void **state)
{
	struct outbox_shared shared = {0};
	char path[160];
	make(80, &shared);
	for (size_t gone = 0; gone + 1 < n_kept; gone++) {
		put_back(n_kept);
		path_of(path, OUTBOX_ALERTS, kept[gone].first);
		assert_int_equal(unlink(path), 0);
		struct outbox *o = open_small(&shared);
		outbox_close(&o);
		struct tally t = read_all(last, UINT64_MAX);
		uint64_t records = kept[gone + 1].first - kept[gone].first;
		assert_int_equal(t.given, last - records);
		assert_int_equal(t.missed, records);
	}
}

// Whole segments in places that are not theirs: heads and links tell.
static void test_segments_exchanged(void **state)
{
	struct outbox_shared shared = {0};
	char path[160];
	make(80, &shared);
	for (size_t a = 0; a < n_kept; a++)
		for (size_t b = 0; b < n_kept; b++) {
			if (a == b)
				continue;
			put_back(n_kept);
			path_of(path, OUTBOX_ALERTS, kept[a].first);
			put(path, kept[b].octet, kept[b].octets);
			struct outbox_shared now = shared;
			struct outbox *o = open_small(&now);
			append(o, OUTBOX_ALERTS, last + 1, 100000);
			assert_int_equal(outbox_sync(o), 0);
			outbox_close(&o);
			struct tally t = read_all(last + 1, UINT64_MAX);
			assert_int_equal(t.given + t.missed, last + 1);
			assert_true(t.missed > 0);
		}
}

// ---- frames that are good, and not meant ---------------------------------------------------------------------------------

// A frame with good checksums at `at` of the segment in which a lane goes on.
static size_t put_frame(const struct outbox *o, uint64_t seq, const char *line, const uint8_t before[static OUTBOX_HASH], uint64_t at)
{
	const struct outbox_lane_files *l = &o->lane[OUTBOX_ALERTS];
	struct frame f = {.len = (uint32_t)strlen(line), .seq = seq, .epoch = o->epoch, .from = {RUN, seq}, .about = about_of(OUTBOX_ALERTS, seq)};
	uint8_t octets[1024], link[OUTBOX_HASH];
	memcpy(link, before, OUTBOX_HASH);
	frame_write(octets, &f, line, o->linker, link);
	assert_int_equal(segment_write(l->fd, octets, frame_octets(f.len), at), 0);
	return frame_octets(f.len);
}

// Somebody's record instead of ours: its checksums are good, its link is not.
static void test_record_forged(void **state)
{
	struct outbox_shared shared = {0};
	static const uint8_t nothing[OUTBOX_HASH];
	struct outbox *o = open_small(&shared);
	log_set_level(LOG_LEVEL_ERROR);
	fill(o, OUTBOX_ALERTS, 1, 5);
	put_frame(o, 6, "{\"forged\":true}", nothing, o->lane[OUTBOX_ALERTS].len);
	assert_int_equal(read_all(6, UINT64_MAX).given, 5);
	outbox_close(&o);
	o = open_small(&shared);
	assert_int_equal(shared.damaged[OUTBOX_ALERTS], 1);
	append(o, OUTBOX_ALERTS, 7, 7);
	assert_int_equal(outbox_sync(o), 0);
	outbox_close(&o);
	struct tally t = read_all(7, UINT64_MAX);
	assert_int_equal(t.given, 6);
	assert_int_equal(t.missed, 1);
}

// What fdatasync() failed for stays where it cannot be cut off. The segment that was begun then has other records of these numbers: it
// is they who count, for a reader who stands in front of them and for whoever opens it.
static void test_stale_end(void **state)
{
	struct outbox_shared shared = {0};
	struct outbox *o = open_small(&shared);
	struct outbox_reader *r = reader_of(OUTBOX_ALERTS);
	struct outbox_lane_files *l = &o->lane[OUTBOX_ALERTS];
	fill(o, OUTBOX_ALERTS, 1, 5);
	expect(r, OUTBOX_ALERTS, 1, 5);
	put_frame(o, 6, "{\"stale\":true}", l->done.link, l->len);
	close(l->fd);
	l->fd = -1;
	fill(o, OUTBOX_ALERTS, 6, 9);
	assert_int_equal(l->n, 2);
	expect(r, OUTBOX_ALERTS, 6, 9);
	outbox_reader_close(&r);
	outbox_close(&o);
	o = open_small(&shared);
	assert_int_equal(shared.damaged[OUTBOX_ALERTS], 0);
	outbox_close(&o);
	r = reader_of(OUTBOX_ALERTS);
	expect(r, OUTBOX_ALERTS, 1, 9);
	outbox_reader_close(&r);
}

// ---- beyond repair, and other versions ---------------------------------------------------------------------------------

static bool is_there(const char *name)
{
	char path[200];
	snprintf(path, sizeof(path), "%s/%s", outbox_dir, name);
	return access(path, F_OK) == 0;
}

// All heads of a lane, with `change` done to them.
static void change_heads(enum outbox_lane lane, void (*change)(struct segment_head *))
{
	char path[160];
	struct segment_list list;
	snprintf(path, sizeof(path), "%s/%s", outbox_dir, outbox_lane_name[lane]);
	int fd, d = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(segment_list_read(&list, d), 0);
	for (size_t i = 0; i < list.n; i++) {
		struct segment_head h;
		path_of(path, lane, list.first[i]);
		fd = open(path, O_RDWR);
		segment_head_read(&h, fd);
		change(&h);
		assert_int_equal(pwrite(fd, &h, sizeof(h), 0), sizeof(h));
		close(fd);
	}
	segment_list_free(&list);
	close(d);
}

static void older(struct segment_head *h)
{
	h->version = 0;
}

static void spoil(struct segment_head *h)
{
	memset(h, 'x', sizeof(*h));
}

static void expect_new(uint64_t epoch)
{
	struct outbox_shared shared = {0};
	struct outbox *o = open_small(&shared);
	assert_int_equal(shared.epoch, epoch);
	assert_int_equal(shared.durable[OUTBOX_ALERTS], 0);
	assert_int_equal(shared.durable[OUTBOX_SESSIONS], 0);
	fill(o, OUTBOX_ALERTS, 1, 5);
	outbox_close(&o);
	assert_int_equal(read_all(5, UINT64_MAX).given, 5);
}

static void test_other_version(void **state)
{
	struct outbox_shared shared = {0};
	make(24, &shared);
	change_heads(OUTBOX_ALERTS, older);
	change_heads(OUTBOX_SESSIONS, older);
	expect_new(1790000000); // an epoch that cannot be read is not known to be ours
	assert_true(is_there("alerts.v0") && is_there("sessions.v0"));
}

// One head that says another version is damage: the rest speaks for itself.
static void test_version_damaged(void **state)
{
	struct outbox_shared shared = {0};
	make(24, &shared);
	change_heads(OUTBOX_SESSIONS, older);
	memset(&shared, 0, sizeof(shared));
	struct outbox *o = open_small(&shared);
	assert_int_equal(shared.durable[OUTBOX_ALERTS], last);
	assert_int_equal(shared.durable[OUTBOX_SESSIONS], OTHER);
	outbox_close(&o);
	assert_false(is_there("sessions.v0"));
}

static void test_beyond_repair(void **state)
{
	struct outbox_shared shared = {0};
	make(24, &shared);
	change_heads(OUTBOX_ALERTS, spoil);
	change_heads(OUTBOX_SESSIONS, spoil);
	expect_new(1790000000);
	assert_true(is_there("alerts.damaged-1790000000") && is_there("sessions.damaged-1790000000"));
}

// Three times the same: what was moved before stays.
static void test_moved_again(void **state)
{
	for (int i = 0; i < 3; i++) {
		struct outbox_shared shared = {0};
		make(24, &shared);
		change_heads(OUTBOX_ALERTS, older);
		change_heads(OUTBOX_SESSIONS, older);
	}
	expect_new(1790000000);
	assert_true(is_there("alerts.v0") && is_there("alerts.v0-2") && is_there("alerts.v0-3") && is_there("sessions.v0-3"));
}

// A lane that is gone would number its records from 1 again: both begin anew, with an epoch of their own.
static void test_lane_gone(void **state)
{
	struct outbox_shared shared = {0};
	char path[160];
	make(24, &shared);
	snprintf(path, sizeof(path), "%s/sessions", outbox_dir);
	remove_tree(path);
	expect_new(1790000001);
	assert_true(is_there("alerts.damaged-1790000000"));
}

// Whoever made it died after the first lane.
static void test_half_begun(void **state)
{
	struct outbox_shared shared = {0};
	struct outbox *o = open_small(&shared);
	char path[160];
	outbox_close(&o);
	snprintf(path, sizeof(path), "%s/sessions", outbox_dir);
	remove_tree(path);
	expect_new(1790000000);
	assert_false(is_there("alerts.damaged-1790000000"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_cut_at_every_octet, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_cut_below_what_was_told, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_every_octet_changed, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_damage_is_counted, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_segment_missing, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_segments_exchanged, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_record_forged, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_stale_end, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_other_version, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_version_damaged, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_beyond_repair, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_moved_again, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_lane_gone, make_dir_in_memory, remove_dir),
		cmocka_unit_test_setup_teardown(test_half_begun, make_dir_in_memory, remove_dir),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

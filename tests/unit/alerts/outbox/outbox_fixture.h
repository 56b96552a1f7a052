// An outbox in a directory of its own, and records that say in their line who they are.
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
// cmocka wants the four above first
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alerts/outbox/cursor.h"
#include "alerts/outbox/outbox_private.h"
#include "alerts/outbox/outbox_read.h"

enum { SMALL = 4096, RUN = 77 };

static char dir[64];
static char outbox_dir[96];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

__attribute__((unused)) static void remove_tree(const char *path)
{
	nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int make_dir_in(const char *where)
{
	snprintf(dir, sizeof(dir), "%s/postwacht-outbox-XXXXXX", where);
	if (!mkdtemp(dir))
		return -1;
	snprintf(outbox_dir, sizeof(outbox_dir), "%s/outbox", dir);
	return 0;
}

__attribute__((unused)) static int make_dir(void **state)
{
	return make_dir_in("/tmp");
}

// Where waiting for a disk proves nothing.
__attribute__((unused)) static int make_dir_in_memory(void **state)
{
	return access("/dev/shm", W_OK) == 0 ? make_dir_in("/dev/shm") : make_dir_in("/tmp");
}

__attribute__((unused)) static int remove_dir(void **state)
{
	remove_tree(dir);
	return 0;
}

static struct outbox_config config_of(uint32_t segment, uint64_t alerts_max, uint64_t sessions_max)
{
	return (struct outbox_config){.dir = outbox_dir, .octets_max = {alerts_max, sessions_max}, .segment_octets = segment,
		.wall_ns = UINT64_C(1790000000) * 1000000000};
}

static struct outbox *open_with(const struct outbox_config *c, struct outbox_shared *shared)
{
	struct outbox *o;
	char why[160];
	int rc = outbox_open(&o, c, shared, why);
	if (rc < 0)
		fail_msg("%s", why);
	return o;
}

__attribute__((unused)) static struct outbox *open_small(struct outbox_shared *shared)
{
	const struct outbox_config c = config_of(SMALL, 64 << 20, 64 << 20);
	return open_with(&c, shared);
}

// Kinds that records take in turn.
static struct outbox_about about_of(enum outbox_lane lane, uint64_t n)
{
	static const uint8_t sessions[] = {RECORD_SMTP, RECORD_TLS, RECORD_ANOMALY};
	if (lane == OUTBOX_SESSIONS)
		return (struct outbox_about){.type = sessions[n % 3], .time_ns = n};
	if (n % 7 == 0)
		return (struct outbox_about){.type = RECORD_STATS, .time_ns = n};
	return (struct outbox_about){.type = RECORD_ALERT, .severity = (uint8_t)(n % 5), .confidence = (uint8_t)(n % 4),
		.signature_id = (uint32_t)(9000000 + n), .time_ns = n};
}

// Of a length that changes with n.
static size_t line_of(char *line, enum outbox_lane lane, uint64_t n)
{
	int len = sprintf(line, "{\"lane\":\"%s\",\"n\":%" PRIu64 ",\"pad\":\"", outbox_lane_name[lane], n);
	for (uint64_t i = 0; i < n * 37 % 211; i++)
		line[len++] = (char)('a' + (n + i) % 26);
	return (size_t)(len + sprintf(line + len, "\",\"smtp_tls\":{\"v\":1}}"));
}

__attribute__((unused)) static int append(struct outbox *o, enum outbox_lane lane, uint64_t n, uint64_t position)
{
	char line[512];
	const struct outbox_about about = about_of(lane, n);
	const struct outbox_origin from = {RUN, position};
	return outbox_append(o, &about, &from, line, line_of(line, lane, n));
}

// Records first..last of a lane, in groups of three.
__attribute__((unused)) static void fill(struct outbox *o, enum outbox_lane lane, uint64_t first, uint64_t last)
{
	for (uint64_t n = first; n <= last; n++) {
		assert_int_equal(append(o, lane, n, n), 0);
		if (n % 3 == 0)
			assert_int_equal(outbox_sync(o), 0);
	}
	assert_int_equal(outbox_sync(o), 0);
}

// True: the item is record n as it was appended.
__attribute__((unused)) static bool is_record(const struct outbox_item *item, enum outbox_lane lane, uint64_t n)
{
	char line[512];
	const struct outbox_about about = about_of(lane, n);
	return item->len == line_of(line, lane, n) && memcmp(item->line, line, item->len) == 0 &&
	       memcmp(&item->about, &about, sizeof(about)) == 0;
}

__attribute__((unused)) static struct outbox_reader *reader_of(enum outbox_lane lane)
{
	struct outbox_reader *r;
	assert_int_equal(outbox_reader_open(&r, outbox_dir, lane), 0);
	return r;
}

__attribute__((unused)) static uint64_t missed_of(const struct outbox_missed *m)
{
	return m->damaged + counts_sum(&m->evicted);
}

// Reads on: record n has number n. Everything from `from` to `last`, with nothing missing.
__attribute__((unused)) static void expect(struct outbox_reader *r, enum outbox_lane lane, uint64_t from, uint64_t last)
{
	struct outbox_item item;
	struct outbox_missed missed;
	for (uint64_t n = from; n <= last; n++) {
		assert_int_equal(outbox_reader_next(r, last, &item, &missed), 1);
		assert_int_equal(item.seq, n);
		assert_true(is_record(&item, lane, n));
		assert_int_equal(missed_of(&missed), 0);
		assert_int_equal(counts_sum(outbox_reader_counts(r)), n);
	}
	assert_int_equal(outbox_reader_next(r, last, &item, &missed), 0);
}

__attribute__((unused)) static void path_of(char path[static 160], enum outbox_lane lane, uint64_t first)
{
	char name[SEGMENT_NAME + 1];
	segment_name(name, first);
	snprintf(path, 160, "%s/%s/%s", outbox_dir, outbox_lane_name[lane], name);
}

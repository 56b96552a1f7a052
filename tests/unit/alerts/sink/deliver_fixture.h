// An outbox, a sink that is a file, and its thread; what the file has afterwards.
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
// cmocka wants the four above first
#include <cmocka.h>

#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/finding.h"
#include "alerts/outbox/cursor.h"
#include "alerts/sink/deliver.h"
#include "alerts/sink/stamp.h"

enum { SEGMENT = 16384, PATH = 96 };

static char dir[PATH / 2], outbox_dir[PATH], cursor_path[PATH], file_path[PATH];
static struct outbox_shared shared;
static struct sink_shared told;
static struct outbox *outbox;
static struct sink_config sink;
static uint64_t position;

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static inline void open_outbox(uint64_t second, uint64_t octets_max)
{
	char why[160];
	const struct outbox_config c = {.dir = outbox_dir, .octets_max = {octets_max, octets_max}, .segment_octets = SEGMENT,
		.wall_ns = second * 1000000000};
	assert_int_equal(outbox_open(&outbox, &c, &shared, why), 0);
}

static inline int set_up(void **state)
{
	snprintf(dir, sizeof dir, "/tmp/postwacht-deliver-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(outbox_dir, sizeof outbox_dir, "%s/outbox", dir);
	snprintf(cursor_path, sizeof cursor_path, "%s/log.cursor", dir);
	snprintf(file_path, sizeof file_path, "%s/eve.json", dir);
	sink = (struct sink_config){.name = "log", .type = SINK_FILE, .events = ~0u, .rotate_keep = 1};
	snprintf(sink.path, sizeof sink.path, "%s", file_path);
	position = 0;
	shared = (struct outbox_shared){.epoch = 0};
	open_outbox(1790000000, 1 << 20);
	return 0;
}

static inline int tear_down(void **state)
{
	if (outbox != NULL)
		outbox_close(&outbox);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static inline void lose_outbox(void)
{
	outbox_close(&outbox);
	nftw(outbox_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	shared = (struct outbox_shared){.epoch = 0};
}

static inline void gather(enum record_type type, uint8_t severity)
{
	char line[512];
	const struct outbox_about about = {.type = (uint8_t)type, .severity = severity, .time_ns = 1};
	const struct outbox_origin from = {.run = 1, .position = ++position};
	int len = snprintf(line, sizeof line, "{\"event_type\":\"%s\",\"place\":%" PRIu64 ",\"smtp_tls\":{\"v\":1,\"pad\":\"%0200d\"}}",
		type == RECORD_ALERT ? "alert" : type == RECORD_STATS ? "stats" : "smtp", position, 0);
	assert_int_equal(outbox_append(outbox, &about, &from, line, (size_t)len), 0);
}

static inline void append(enum record_type type, uint8_t severity)
{
	gather(type, severity);
	assert_int_equal(outbox_sync(outbox), 0);
}

// Of `sink` and `shared`, asked to leave by nobody; over when `done` is.
static inline struct deliver_config config_until(const bool *done, const uint64_t *first)
{
	static const bool no = false;
	static const uint32_t reopen = 0;
	told = (struct sink_shared){.epoch = 0};
	return (struct deliver_config){.sink = &sink, .outbox_dir = outbox_dir, .cursor_path = cursor_path, .host = "s1", .first = first,
		.outbox = &shared, .shared = &told, .stop = &no, .leave = &no, .outbox_done = done, .reopen = &reopen};
}

// Everything there is, then the end.
static inline void deliver(uint64_t first)
{
	static const bool done = true;
	struct deliver *d;
	const struct deliver_config c = config_until(&done, (const uint64_t[]){first, first});
	assert_int_equal(deliver_open(&d, &c), 0);
	deliver_run(d);
	deliver_close(&d);
}

struct seen {
	size_t n;
	struct stamp stamp[512];
	uint64_t place[512];
	bool linked; // each to the one before of its lane, from the first of its epoch on
};

static inline void see(struct seen *s)
{
	char line[2048];
	uint8_t before[OUTBOX_LANES][OUTBOX_HASH];
	uint64_t epoch[OUTBOX_LANES] = {0};
	FILE *f = fopen(file_path, "r");
	*s = (struct seen){.linked = true};
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		struct stamp *t = &s->stamp[s->n];
		size_t len = strlen(line) - 1;
		assert_true(s->n < 512);
		assert_true(stamp_read(line, len, t));
		assert_int_equal(sscanf(strstr(line, "\"place\":"), "\"place\":%" SCNu64, &s->place[s->n]), 1);
		if (epoch[t->lane] != t->epoch)
			stamp_begin(before[t->lane], t->epoch, t->lane);
		epoch[t->lane] = t->epoch;
		s->linked &= stamp_follows(t, before[t->lane], line);
		memcpy(before[t->lane], t->chain, OUTBOX_HASH);
		s->n++;
	}
	if (f != NULL)
		fclose(f);
}

static inline void copy(const char *from, const char *to)
{
	char octets[16384];
	FILE *in = fopen(from, "r"), *out = fopen(to, "w");
	size_t n = fread(octets, 1, sizeof octets, in);
	assert_int_equal(fwrite(octets, 1, n, out), n);
	fclose(in);
	fclose(out);
}

static inline void *run(void *d)
{
	deliver_run(d);
	return NULL;
}

static inline void wait_for(const uint64_t *n, uint64_t wanted)
{
	for (int i = 0; i < 500 && __atomic_load_n(n, __ATOMIC_RELAXED) < wanted; i++)
		usleep(10000);
	assert_int_equal(__atomic_load_n(n, __ATOMIC_RELAXED), wanted);
}

#define DELIVER_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

// What the outbox costs: records appended and synced, by the size of a group, and read again.
//
//     bench_outbox [DIR]     (below /tmp: the disk that is asked)
//
// One JSON line each: what, how many, ns each.
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/outbox/outbox_read.h"
#include "hw/clock.h"

enum { RECORDS = 20000, LINE = 1800, GROUPS = 200 }; // an alert has about that many octets

static char dir[200];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static void say(const char *what, uint64_t n, uint64_t ns)
{
	printf("{\"bench\":\"outbox\",\"what\":\"%s\",\"n\":%" PRIu64 ",\"ns\":%.0f,\"per_s\":%.0f}\n", what, n, (double)ns / (double)n,
		(double)n * 1e9 / (double)ns);
}

static void write_groups(struct outbox *o, uint64_t size)
{
	static uint64_t position;
	char line[LINE], what[60];
	const struct outbox_about about = {.type = RECORD_ALERT};
	uint64_t records = size * GROUPS < RECORDS ? size * GROUPS : RECORDS, began = clock_mono_ns();
	memset(line, 'x', sizeof(line));
	for (uint64_t n = 0; n < records; n++) {
		const struct outbox_origin from = {1, ++position};
		if (outbox_append(o, &about, &from, line, sizeof(line)) < 0 || ((n + 1) % size == 0 && outbox_sync(o) < 0))
			exit(1);
	}
	uint64_t ns = clock_mono_ns() - began;
	snprintf(what, sizeof(what), "append and sync, groups of %" PRIu64, size);
	say(what, records, ns);
	snprintf(what, sizeof(what), "a group of %" PRIu64, size);
	say(what, records / size, ns);
}

static void read_all(uint64_t last)
{
	struct outbox_reader *r;
	struct outbox_item item;
	struct outbox_missed missed;
	uint64_t n = 0, began = clock_mono_ns();
	if (outbox_reader_open(&r, dir, OUTBOX_ALERTS) < 0)
		exit(1);
	while (outbox_reader_next(r, last, &item, &missed) == 1)
		n++;
	say("read", n, clock_mono_ns() - began);
	outbox_reader_close(&r);
}

int main(int argc, char **argv)
{
	static const uint64_t size[] = {1, 4, 16, 64, 256};
	struct outbox_shared shared = {0};
	struct outbox *o;
	char why[160];
	snprintf(dir, sizeof(dir), "%s/postwacht-bench-XXXXXX", argc > 1 ? argv[1] : "/tmp");
	if (!mkdtemp(dir))
		return 1;
	const struct outbox_config c = {.dir = dir, .octets_max = {1 << 30, 1 << 30}, .wall_ns = clock_wall_ns()};
	if (outbox_open(&o, &c, &shared, why) < 0) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	for (size_t i = 0; i < sizeof(size) / sizeof(size[0]); i++)
		write_groups(o, size[i]);
	say("fdatasync", shared.syncs, shared.sync_ns);
	read_all(shared.durable[OUTBOX_ALERTS]);
	outbox_close(&o);
	uint64_t began = clock_mono_ns();
	if (outbox_open(&o, &c, &shared, why) == 0)
		say("open", 1, clock_mono_ns() - began);
	outbox_close(&o);
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

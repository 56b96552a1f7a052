// For tests/delivery/verify.py: records from standard input as a sink writes them, or into an outbox.
//
//     chained lines EPOCH           the stamped lines to standard output; "=EPOCH" begins another row, "+LANE N" passes N numbers over
//     chained outbox DIR OCTETS     appended to the outbox DIR with segments of so many octets
//     chained cursor PATH EPOCH     a cursor as behind all of the (stamped) lines
//     chained had PATH OUTBOX N N   a cursor that looks next at these records of the outbox with this epoch
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/outbox/cursor.h"
#include "alerts/sink/stamp.h"

static char line[OUTBOX_LINE_MAX + STAMP_MAX + 2];

static bool next_line(size_t *len)
{
	if (fgets(line, sizeof line, stdin) == NULL)
		return false;
	*len = strcspn(line, "\n");
	return true;
}

static enum record_type type_of(void)
{
	static const char *const words[RECORD_TYPES] = {"smtp", "tls", "alert", "anomaly", "stats"};
	const char *at = strstr(line, "\"event_type\":\"");
	for (int i = 0; at != NULL && i < RECORD_TYPES; i++)
		if (strncmp(at + 14, words[i], strlen(words[i])) == 0)
			return (enum record_type)i;
	exit(2);
}

static int lines(uint64_t epoch)
{
	static char out[sizeof line + STAMP_MAX];
	uint64_t seq[OUTBOX_LANES] = {0};
	uint8_t chain[OUTBOX_LANES][OUTBOX_HASH];
	size_t len;
	for (int i = 0; i < OUTBOX_LANES; i++)
		stamp_begin(chain[i], epoch, (enum outbox_lane)i);
	while (next_line(&len)) {
		if (line[0] == '=') {
			epoch = strtoull(line + 1, NULL, 10);
			for (int i = 0; i < OUTBOX_LANES; i++) {
				stamp_begin(chain[i], epoch, (enum outbox_lane)i);
				seq[i] = 0;
			}
			continue;
		}
		if (line[0] == '+') {
			seq[line[1] - '0'] += strtoull(line + 3, NULL, 10);
			continue;
		}
		enum outbox_lane lane = outbox_lane_of(type_of());
		size_t n = stamp_write(out, line, len, epoch, ++seq[lane], chain[lane]);
		if (n == 0)
			return 2;
		printf("%.*s\n", (int)n, out);
	}
	return 0;
}

static int outbox(const char *dir, uint32_t octets)
{
	static struct outbox_shared shared;
	const struct outbox_config c = {.dir = dir, .octets_max = {1 << 24, 1 << 24}, .segment_octets = octets,
		.wall_ns = (uint64_t)time(NULL) * 1000000000};
	struct outbox_origin from = {.run = 1};
	struct outbox *o;
	char why[160];
	size_t len;
	if (outbox_open(&o, &c, &shared, why) < 0) {
		fprintf(stderr, "%s\n", why);
		return 1;
	}
	for (int n = 0; next_line(&len); n++) {
		const struct outbox_about about = {.type = (uint8_t)type_of(), .time_ns = 1};
		from.position++;
		if (outbox_append(o, &about, &from, line, len) < 0 || (n % 3 == 2 && outbox_sync(o) < 0))
			return 1;
	}
	int rc = outbox_sync(o);
	outbox_close(&o);
	return rc < 0;
}

static int cursor(const char *path, uint64_t epoch)
{
	struct cursor_file *f;
	struct cursor c;
	bool fresh;
	size_t len;
	if (cursor_open(&f, path, epoch, &c, &fresh) < 0)
		return 1;
	for (int i = 0; i < OUTBOX_LANES; i++)
		stamp_begin(c.lane[i].chain, epoch, (enum outbox_lane)i);
	while (next_line(&len)) {
		struct stamp s;
		if (!stamp_read(line, len, &s) || s.epoch != epoch)
			continue;
		c.lane[s.lane].sent = s.seq;
		memcpy(c.lane[s.lane].chain, s.chain, OUTBOX_HASH);
	}
	int rc = cursor_save(f, &c, true);
	cursor_close(&f);
	return rc < 0;
}

static int had(const char *path, char *const words[])
{
	struct cursor_file *f;
	struct cursor c;
	bool fresh;
	if (cursor_open(&f, path, 1, &c, &fresh) < 0)
		return 1;
	c.outbox = strtoull(words[0], NULL, 10);
	for (int i = 0; i < OUTBOX_LANES; i++)
		c.lane[i].seq = strtoull(words[1 + i], NULL, 10);
	int rc = cursor_save(f, &c, true);
	cursor_close(&f);
	return rc < 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "lines") == 0)
		return lines(strtoull(argv[2], NULL, 10));
	if (argc == 4 && strcmp(argv[1], "outbox") == 0)
		return outbox(argv[2], (uint32_t)strtoul(argv[3], NULL, 10));
	if (argc == 4 && strcmp(argv[1], "cursor") == 0)
		return cursor(argv[2], strtoull(argv[3], NULL, 10));
	if (argc == 6 && strcmp(argv[1], "had") == 0)
		return had(argv[2], argv + 3);
	return 2;
}

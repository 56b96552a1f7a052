// formatdrive FORMAT [EPOCH] < LINES: stamps each record as a sink would, and prints it in that format (eve, ecs, cef, leef).
// With EPOCH the row has it, else 1. Lines that are no records of ours are told on standard error. Exit 1 when there were any.
#include "alerts/sink/format.h"
#include "alerts/sink/stamp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[FORMATS] = {[FORMAT_EVE] = "eve", [FORMAT_ECS] = "ecs", [FORMAT_CEF] = "cef", [FORMAT_LEEF] = "leef"};

static enum sink_format format_named(const char *name)
{
	for (unsigned i = 0; i < FORMATS; i++)
		if (strcmp(names[i], name) == 0)
			return (enum sink_format)i;
	return FORMATS;
}

struct row {
	uint64_t epoch, seq[OUTBOX_LANES];
	uint8_t chain[OUTBOX_LANES][OUTBOX_HASH];
};

// Which row a line belongs to: alerts and stats, or sessions.
static enum outbox_lane lane_of(const char *line)
{
	return strstr(line, "\"event_type\":\"alert\"") || strstr(line, "\"event_type\":\"stats\"") ? OUTBOX_ALERTS : OUTBOX_SESSIONS;
}

static bool tell(struct formatter *f, struct row *r, const char *line, size_t len)
{
	static char stamped[OUTBOX_LINE_MAX + STAMP_MAX];
	const struct outbox_about about = {.time_ns = 1};
	struct format_keys keys;
	enum outbox_lane lane = lane_of(line);
	size_t out_len, n;

	if (len > OUTBOX_LINE_MAX)
		return false;
	n = stamp_write(stamped, line, len, r->epoch, r->seq[lane] + 1, r->chain[lane]);
	if (!n)
		return false;
	r->seq[lane]++;
	const char *out = formatter_write(f, stamped, n, &about, &out_len, &keys);
	if (out)
		printf("%.*s\n", (int)out_len, out);
	return out;
}

int main(int argc, char **argv)
{
	struct formatter *f = NULL;
	enum sink_format format = argc < 2 || argc > 3 ? FORMATS : format_named(argv[1]);
	struct row r = {.epoch = argc == 3 ? strtoull(argv[2], NULL, 10) : 1};
	char *line = NULL;
	size_t cap = 0, bad = 0;
	ssize_t len;

	if (format == FORMATS || formatter_open(&f, format)) {
		fprintf(stderr, "formatdrive eve|ecs|cef|leef [EPOCH] < LINES\n");
		return 2;
	}
	for (int i = 0; i < OUTBOX_LANES; i++)
		stamp_begin(r.chain[i], r.epoch, (enum outbox_lane)i);
	while ((len = getline(&line, &cap, stdin)) >= 0) {
		if (len && line[len - 1] == '\n')
			line[--len] = '\0';
		if (tell(f, &r, line, (size_t)len))
			continue;
		fprintf(stderr, "no record of ours: %.60s\n", line);
		bad++;
	}
	free(line);
	formatter_close(&f);
	return bad ? 1 : 0;
}

// A sink's surroundings: the environment it is prepared with, messages for it, and a directory of its own.
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "alerts/sink/sink.h"

static bool sink_stop;
static char sink_said[SINK_WHY];
static const struct sink_env sink_env = {.stop = &sink_stop, .host = "sensor-1", .epoch = 1790000000, .why = sink_said};
static char sink_dir[] = "/tmp/postwacht-sink-XXXXXX";

static const struct outbox_about sink_alert = {.type = RECORD_ALERT, .severity = SEVERITY_HIGH, .signature_id = 3207001,
	.time_ns = UINT64_C(1795466529123456789)}; // 2026-11-23T20:42:09

static inline int sink_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline int sink_setup(void **state)
{
	memcpy(sink_dir + sizeof sink_dir - 7, "XXXXXX", 6);
	sink_stop = false;
	sink_said[0] = '\0';
	return mkdtemp(sink_dir) != NULL ? 0 : -1;
}

static inline int sink_teardown(void **state)
{
	return nftw(sink_dir, sink_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static inline const char *sink_path(const char *name)
{
	static char path[8][256];
	static unsigned next;
	char *p = path[next++ % 8];
	snprintf(p, sizeof path[0], "%s/%s", sink_dir, name);
	return p;
}

static inline struct sink_message sink_text(const char *octets, uint64_t seq)
{
	return (struct sink_message){.octets = octets, .len = strlen(octets), .about = &sink_alert, .key = "", .id = "01ID", .epoch = 1790000000,
		.seq = seq};
}

// The file as a string; the caller frees it.
static inline char *sink_slurp(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = calloc(1, 1 << 23);
	if (f == NULL || text == NULL)
		fail_msg("%s: %s", path, strerror(errno));
	(void)!fread(text, 1, (1 << 23) - 1, f);
	fclose(f);
	return text;
}

static inline void sink_holds(const char *path, const char *want)
{
	char *got = sink_slurp(path);
	assert_string_equal(got, want);
	free(got);
}

static inline void sink_write(const char *path, const void *p, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, len), len);
	close(fd);
}

// Files of a lane: their names, which there are, and reading them in pieces. For the writer, its repair, and readers.
#pragma once

#include <sys/types.h>

#include "alerts/outbox/frame.h"

enum { SEGMENT_NAME = 16 + 4, SEGMENT_WINDOW = 256 << 10, SEGMENT_PAGE = 4096 };

// "00000000000004d2.seg"
void segment_name(char name[static SEGMENT_NAME + 1], uint64_t first);
bool segment_is(const char *name, uint64_t *first);

struct segment_list {
	uint64_t *first; // sorted
	size_t n;
};
// Of an open directory, whose descriptor stays open. 0 or -errno; segment_list_free() in any case.
int segment_list_read(struct segment_list *l, int dir);
void segment_list_free(struct segment_list *l);

// Zeros where the file is shorter. 0 or -errno.
int segment_head_read(struct segment_head *h, int fd);

ssize_t segment_read(int fd, void *out, size_t len, uint64_t at); // fewer where the file ends, or -errno
int segment_write(int fd, const uint8_t *octets, size_t len, uint64_t at); // all of it, or -errno

// A piece of a file, in memory of its own.
struct segment_window {
	int fd;
	uint8_t *octets; // SEGMENT_WINDOW
	uint64_t at;
	size_t n;
};
int segment_window_open(struct segment_window *w);
void segment_window_close(struct segment_window *w); // the memory, not the file
void segment_window_set(struct segment_window *w, int fd); // another file: forgets what it has
// What lies at `at`: at least `want` octets, unless the file ends before. At most `ahead` are read. -errno.
int segment_window_get(struct segment_window *w, uint64_t at, size_t want, size_t ahead, const uint8_t **octets, size_t *n);

// Which frames somebody is looking for.
struct segment_wanted {
	uint64_t epoch; // 0: any
	enum outbox_lane lane;
	uint64_t from, below; // seq
};
bool segment_is_wanted(const struct segment_wanted *w, const struct frame *f);
// The first wanted frame with a good head and a good line at *at or behind it (-> *at), passing over anything else. 1; 0: there is
// none up to the end of the file; -errno. `line` is valid until the window moves.
int segment_find(struct segment_window *w, uint64_t *at, const struct segment_wanted *wanted, struct frame *f, const uint8_t **line);

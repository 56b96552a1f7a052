// One file of a key log, read on as it grows. Private to alerts/keylog/.
//
// What changed is seen from the times and sizes of stat(), and that it is the same file that grew from its last octets,
// which must still be there: one that was cut, replaced or written anew begins again. Nothing blocks: only regular files
// (or links to them) are opened.
#pragma once

#include <stdint.h>
#include <sys/stat.h>

#include "alerts/keylog/line.h"

enum { KEYLOG_READ_LEN = 65536 }; // octets a read: a hundred sessions

// What becomes of the text.
struct keylog_reader {
	// `text` is the state of this one file, handed over again with what follows.
	void (*take)(void *ctx, struct keylog_text *text, const char *octets, size_t len);
	// No more for now. The last line may have no end yet.
	void (*pause)(void *ctx, const struct keylog_text *text);
	void *ctx;
};

struct keylog_file {
	char *path;
	dev_t dev;
	ino_t ino;
	struct timespec changed, modified; // st_ctim, st_mtim
	off_t size;    // when it was last read; -1: not yet
	off_t off;     // read up to here
	uint64_t tail; // digest of the octets in front of `off`
	bool told;     // that it cannot be read
	bool listed;   // the directory still has it
	struct keylog_text text;
};

// `path` is taken over. NULL without memory (or path).
struct keylog_file *keylog_file_open(char *path);
void keylog_file_close(struct keylog_file **f);

// Hands over what is new, through `octets` (KEYLOG_READ_LEN, wiped afterwards). 0 or -errno; -EINVAL: no regular file.
int keylog_file_read(struct keylog_file *f, const struct keylog_reader *reader, char *octets);

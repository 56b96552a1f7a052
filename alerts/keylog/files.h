// The files a key log consists of: one, or those of a directory, by inode, so that one which is renamed goes on where it
// was. Private to alerts/keylog/.
#pragma once

#include "alerts/keylog/file.h"

enum {
	KEYLOG_FILES_MAX = 256, // of a directory; the latest. Each is looked at on every miss: some 0.4 ms for all
};

struct keylog_files;

// 0 or -errno; -EINVAL where `path` is neither file nor directory. Reads nothing yet. `reader` is copied, `path` too.
int keylog_files_open(struct keylog_files **out, const char *path, const struct keylog_reader *reader);
void keylog_files_close(struct keylog_files **k);

// Reads what is new. 0, or -errno where the path itself cannot be read; what cannot be read later, or in a directory, is
// logged once.
int keylog_files_read(struct keylog_files *k);

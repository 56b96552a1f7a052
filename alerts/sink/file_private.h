// The sink that is a file: what its parts share. Private to alerts/sink/file*.c.
#pragma once

#include "alerts/sink/batch.h"
#include "alerts/sink/stream.h"

enum { FILE_BATCH = 1 << 20, FILE_NAME = 4096 };

struct sink {
	const struct sink_env *env;
	char path[SINK_PATH + 1];
	char real[FILE_NAME];       // where links lead: what is renamed
	uint64_t rotate_octets;     // 0: by others
	uint32_t keep;
	bool eve;
	int fd;                     // -1: not open
	int held;                   // was open before: still of use where rights to open it again are gone
	bool regular;
	bool torn;                  // a pipe: its last line was not finished
	bool again;                 // SIGHUP
	bool rotation_told;         // that it failed
	struct sink_batch batch;
};

// Opens by name, makes what is missing (0640, the directory's owner where root makes it), sets fd, real, regular. 0 or -errno.
int file_open_path(struct sink *s);
// The octets of the file; 0 for what is none.
uint64_t file_size(const struct sink *s);
// Renames PATH to PATH.1, PATH.1 to PATH.2 and so on, the last goes; then opens a new PATH. 0 or -errno: `fd` is open all the same,
// unless PATH could not be made.
int file_rotate(struct sink *s);
// True: the name leads to this open file.
bool file_is(int fd, const char *path);
// Opens PATH.1 to be read, or -errno.
int file_open_older(const struct sink *s);

// Files of evidence: DIR/YYYYMMDD/ID.pcapng, of so many octets in all. Names are ours, and sort by time. One thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EVIDENCE_DAY_LEN = 8, EVIDENCE_NAME_MAX = 64 };

struct evidence_disk {
	int dir;             // -1: not open
	uint64_t octets, octets_max;
	uint64_t files, removed, errors; // written; removed to make room; what could not be done
};

// 0 or -errno. `path` is made when missing (mode 0750). What is there counts; the oldest goes when it is too much.
int evidence_disk_open(struct evidence_disk *d, const char *path, uint64_t octets_max);
void evidence_disk_close(struct evidence_disk *d);

// Writes the file of alert `id` as of `time_ns` as a whole or not at all, mode 0640. `name`: relative to the directory.
// False: it could not be written, and that was counted.
bool evidence_disk_write(struct evidence_disk *d, const char *id, uint64_t time_ns, const void *octets, size_t len,
                         char name[static EVIDENCE_NAME_MAX]);

// Is it the name of a day, of a file of evidence? For whoever looks for one.
bool evidence_disk_is_day(const char *name);
bool evidence_disk_is_file(const char *name);

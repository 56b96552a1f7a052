// One probe at a time, and each host at most every ten minutes: what this sensor asks of others is little.
//
// DIR/probes keeps when each host was last asked, and is the lock while a probe goes on. Told before the connection is
// made: whoever is killed has asked as well. One thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	RATE_S = 600,
	RATE_ENTRIES_MAX = 4096, // hosts asked in ten minutes; beyond it nobody is asked
	RATE_KEY_MAX = 254,
};

struct rate;

// 0; -EWOULDBLOCK: another probe is going on; -EBADMSG: the file is not ours; -errno. Makes the directory where only that
// is missing.
int rate_open(struct rate **out, const char *dir);
void rate_close(struct rate **r);

// Names and addresses of one host, none with a space. 0: it may be asked now, and that is written down; a positive number:
// seconds until it may; -ENOSPC: too many hosts in ten minutes; -errno.
int rate_ask(struct rate *r, const char *const *keys, size_t n, int64_t now_s);

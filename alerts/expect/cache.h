// The policy cache of a state directory: DIR/policy.json, a snapshot, so that what was learned outlives a process.
//
// Several processes may use one directory. Who changes it holds the lock (DIR/policy.lock), reads, changes and writes; a
// file is only ever replaced as a whole, so reading needs no lock.
#pragma once

#include "alerts/expect/snapshot.h"
#include "alerts/expect/store.h"

enum { CACHE_LOCK_S = 10 }; // waited for the lock; whoever has it is busy for a second at most

struct cache;

// Takes the lock; makes the directory where only that is missing. 0, -EWOULDBLOCK: somebody does not let go, or -errno.
int cache_open(struct cache **out, const char *dir);
void cache_close(struct cache **c);

// Puts what the file has into the store. 0 (also where there is no file: *there is false then), 1 with `error`
// (SNAPSHOT_ERROR octets): the file is damaged, nothing was put; -errno.
int cache_read(const char *dir, struct store *s, bool *there, char *error);

// Replaces the file: temporary file, fsync, rename, fsync of the directory; mode 0640. Where all would be more than
// SNAPSHOT_WRITE_MAX the values put first are left out, and *left_out counts them. 0 or -errno: the file is as it was.
int cache_write(struct cache *c, struct store *s, uint32_t *left_out);

// A snapshot of a store, dated as its newest value; to be freed. NULL: no memory.
char *cache_text(struct store *s, bool indent, size_t *len, uint32_t *left_out);

// Puts what is newer than what the store has, or new to it.
struct cache_newer {
	struct store *store;
	uint32_t domains, hosts, older; // taken, taken, passed over
};
struct snapshot_sink cache_newer_sink(struct cache_newer *n);

// Policy as text: the snapshot of DESIGN section 6, the one form in which promises are exchanged, kept and shown
// (`--policy`, `policy export`, the answers of scout, the cache on disk). docs/schema/README.md has its members.
//
// Reading trusts nothing: every bound of policy.h holds, names are checked, and a document that is wrong is refused as a
// whole with its place. Additions are optional members; unknown members are errors, because half of a promise is none.
#pragma once

#include <stdio.h>

#include "alerts/expect/policy.h"

enum {
	SNAPSHOT_ERROR = 200,
	SNAPSHOT_VERSION = 1,
	SNAPSHOT_READ_MAX = 64 << 20,  // octets of a document; its tree takes up to ten times as many while it is read
	SNAPSHOT_WRITE_MAX = 24 << 20, // octets of what is put, without indentation, which at most doubles them: 65,536 small domains
};

// Takes what is read, one value at a time; borrowed for the call. 0 or -errno, which ends the reading.
// Hosts come before the domain that names them.
struct snapshot_sink {
	int (*domain)(void *ctx, const struct policy_domain *d);
	int (*host)(void *ctx, const struct policy_host *h);
	void *ctx;
};

// 0; 1 when `error` (SNAPSHOT_ERROR octets) says what is wrong and where: nothing was given to the sink; -errno.
int snapshot_read(const char *text, size_t len, const struct snapshot_sink *sink, char *error);
int snapshot_read_file(const char *path, const struct snapshot_sink *sink, char *error);

// Writes one document. `host` finds a domain's hosts (NULL: unknown, and left out). Domains and lone hosts in the order
// in which they are put.
// A host that stands in several answers is described in the first. 0, -errno, or SNAPSHOT_FULL: with this one the text
// would be more than can be read again; it was left out.
enum { SNAPSHOT_FULL = 1 };

struct snapshot;
int snapshot_open(struct snapshot **out, int64_t as_of_s);
int snapshot_put_domain(struct snapshot *s, const struct policy_domain *d,
                        const struct policy_host *(*host)(void *ctx, const char *name), void *ctx);
int snapshot_put_host(struct snapshot *s, const struct policy_host *h);
// The text, NUL-terminated, to be freed by the caller; NULL without memory. `indent`: for people.
char *snapshot_text(const struct snapshot *s, bool indent, size_t *len);
void snapshot_close(struct snapshot **s);

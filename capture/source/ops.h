// What every kind of source implements. Inside capture/ only; everybody else sees capture/source.h.
//
// Adding a source: one file with its ops and its open function, one row in source/table.c.
#pragma once

#include "capture/source.h"

struct source_ops {
	const char *name;
	int (*burst)(struct source *s, struct packet burst[static PACKET_BURST]);
	void (*close)(struct source *s); // frees `s` too
	void (*progress)(const struct source *s, uint64_t *done, uint64_t *total);
	// Sources without files leave these out: no files, no damage.
	const char *(*file_name)(const struct source *s, uint16_t file);
	size_t (*n_files)(const struct source *s);
	int (*damage)(const struct source *s, size_t index, struct source_damage *out);
};

// First member of each source.
struct source {
	const struct source_ops *ops;
};

// One row of the table: a name that begins with `prefix` is opened by `open`, which is given what follows it.
// 0, or -errno with `*reason` set to static text for the operator.
struct source_kind {
	const char *prefix;
	const char *what;
	int (*open)(struct source **out, const char *name, const char **reason);
};

// Ordered: the first row whose prefix fits is used. The last one has the empty prefix and fits everything.
extern const struct source_kind source_table[];
extern const size_t source_table_len;

int file_open_name(struct source **out, const char *name, const char **reason);
int none_open_name(struct source **out, const char *name, const char **reason);

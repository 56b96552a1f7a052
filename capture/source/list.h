// The input files a source will read, in a stable order: what was named, directories expanded.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct list_file {
	char *name;    // as given, or directory and path below it
	uint64_t len;  // octets on disk when it was listed; 0 for what is no plain file
	bool named;    // given by the caller, not found in a directory
};

struct list {
	struct list_file *files;
	size_t n;
	size_t n_room;
	bool sized; // every file is a plain one: the sum of len means something
};

void list_init(struct list *l);
void list_fini(struct list *l);

// Adds a file, "-", or every plain file below a directory, by name. 0, or -errno when it is not there, cannot be
// read, or would be one file too many.
int list_add(struct list *l, const char *path);

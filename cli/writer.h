// Where records go: a file, or standard output, in large writes. One thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct writer;
struct source;

// Opens `path` ("-" is standard output) and empties it, unless it is one of the input files of `source`:
// -EEXIST then, with the input untouched. 0 or -errno.
int writer_open(struct writer **out, const char *path, const struct source *source);

// Takes octets. 0 or -errno; after the first error everything is dropped and the same error returned.
int writer_put(struct writer *w, const char *p, size_t len);

// Writes what is left, closes, nulls. 0 or the first error.
int writer_close(struct writer **w);

// Zeroed memory for large tables.
//
// Reserved, not committed: a page is there once it is touched, so that a table for millions costs what its busiest moment
// needed. Behind the last octet (rounded up to whole pages) lies a page that nobody may touch.
// Thread: any; the memory is the caller's.
#pragma once

#include <stddef.h>

void *pages_map(size_t len);           // NULL: no memory
void pages_unmap(void *p, size_t len); // `len` as for pages_map(); NULL is fine

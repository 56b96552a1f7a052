// Times of a snapshot: "2026-11-23T20:00:00Z", always UTC, whole seconds.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SNAPSHOT_TIME = 21 }; // octets with the NUL

// False: no such time (day 31 of a month that has 30 included), or before 1970.
bool snapshot_time_read(const char *text, size_t len, int64_t *out);
// What does not fit into four digits of a year is the nearest that does.
void snapshot_time_text(char out[static SNAPSHOT_TIME], int64_t time_s);

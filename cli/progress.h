// How far we are, on a terminal's stderr and nowhere else; a few times a second.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on;           // stderr is a terminal
	bool shown;        // a line stands there and must be wiped
	uint64_t start_ns; // monotonic
	uint64_t next_ns;  // not before
};

void progress_start(struct progress *p);

// Octets done and in all (0: not known). Cheap when it is too early.
void progress_tick(struct progress *p, uint64_t done, uint64_t total);

// Wipes the line.
void progress_end(struct progress *p);

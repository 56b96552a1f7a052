// What could not be seen: one table for the summary, its JSON and exit code 5.
#pragma once

#include "alerts/judge.h"

struct blind_row {
	const char *name;   // key in JSON
	const char *text;   // after a number
	size_t offset;      // of a uint64_t in struct judge_summary
	bool ours;          // we gave up for lack of room: the result is incomplete
};

extern const struct blind_row blind_table[];
extern const size_t blind_table_n;

uint64_t blind_count(const struct blind_row *row, const struct judge_summary *s);

// True when something was lost by us.
bool blind_ours(const struct judge_summary *s);

// What `postwacht top` shows of two answers to "stats", one after the other. Knows no terminal.
#pragma once

#include <stdint.h>

#include <jansson.h>

#include "cli/stdout.h"

enum { TOP_LINES_MAX = 96, TOP_LINE_LEN = 200 };

struct top_line {
	enum style style;
	char text[TOP_LINE_LEN]; // printable ASCII
};

struct top_view {
	struct top_line line[TOP_LINES_MAX];
	size_t n;
};

// `before` and `now`: members "stats" of answers. Numbers that fell (the process that counts them was started again) count from 0.
void top_view(struct top_view *out, const json_t *before, const json_t *now);

// The same as JSON, json_decref() when done; NULL without memory.
json_t *top_view_json(const json_t *before, const json_t *now);

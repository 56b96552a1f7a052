// "Did you mean ...?": of several known words the one nearest to what was typed. Used for keys, options, commands
// and finding ids.
#pragma once

#include <stddef.h>

struct nearest {
	const char *typed;
	const char *best;  // borrowed from the caller of nearest_try()
	size_t distance;   // edits between typed and best
};

void nearest_start(struct nearest *n, const char *typed);

// Offers a known word, which must outlive `n`.
void nearest_try(struct nearest *n, const char *known);

// The best word, or NULL when none is near enough to be worth a guess: a third of its letters, at most 4 edits.
const char *nearest_best(const struct nearest *n);

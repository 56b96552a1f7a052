// Edit distance (insert, delete, replace, swap of neighbours), bounded in length.
#include "configs/nearest.h"

#include <stdint.h>
#include <string.h>

enum { NEAREST_LEN_MAX = 64, NEAREST_EDITS_MAX = 4 }; // 64: no key, option or id is longer

static size_t min2(size_t a, size_t b)
{
	return a < b ? a : b;
}

// Rows of the classic table; only the last three are needed to see swaps.
static size_t edits(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	if (na > NEAREST_LEN_MAX || nb > NEAREST_LEN_MAX)
		return SIZE_MAX;
	size_t rows[3][NEAREST_LEN_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	for (size_t j = 0; j <= nb; j++)
		above[j] = j;
	for (size_t i = 1; i <= na; i++) {
		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			row[j] = min2(above[j - 1] + (a[i - 1] != b[j - 1]), min2(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min2(row[j], before[j - 2] + 1);
		}
		size_t *oldest = before;
		before = above;
		above = row;
		row = oldest;
	}
	return above[nb];
}

void nearest_start(struct nearest *n, const char *typed)
{
	*n = (struct nearest){.typed = typed, .distance = SIZE_MAX};
}

void nearest_try(struct nearest *n, const char *known)
{
	size_t d = edits(n->typed, known);
	if (d < n->distance) {
		n->distance = d;
		n->best = known;
	}
}

const char *nearest_best(const struct nearest *n)
{
	if (n->best == NULL || n->distance > min2(NEAREST_EDITS_MAX, strlen(n->best) / 3))
		return NULL;
	return n->best;
}

// What is remembered of a lane: numbers rise, so one is found by halving.
#include "alerts/verify/rows_private.h"

#include <string.h>

void kept_add(struct rows_kept *k, uint64_t seq, const uint8_t chain[static OUTBOX_HASH])
{
	while (k->n > k->from && k->link[(k->n - 1) % ROWS_KEPT].seq >= seq)
		k->n--;
	k->from += k->n - k->from == ROWS_KEPT;
	struct rows_link *l = &k->link[k->n++ % ROWS_KEPT];
	l->seq = seq;
	memcpy(l->chain, chain, OUTBOX_HASH);
}

const struct rows_link *kept_find(const struct rows_kept *k, uint64_t seq, bool below)
{
	uint64_t low = k->from, high = k->n;
	while (low < high) { // the first that is not smaller
		uint64_t middle = low + (high - low) / 2;
		if (k->link[middle % ROWS_KEPT].seq < seq)
			low = middle + 1;
		else
			high = middle;
	}
	if (below)
		return low > k->from ? &k->link[(low - 1) % ROWS_KEPT] : NULL;
	return low < k->n && k->link[low % ROWS_KEPT].seq == seq ? &k->link[low % ROWS_KEPT] : NULL;
}

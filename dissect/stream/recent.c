// Delivered segments by keyed hash: see dissect/stream/recent.h.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "dissect/stream/recent.h"

void recent_note(struct recent *r, uint64_t key, uint64_t off, const uint8_t *p, uint32_t len)
{
	r->last = p[len - 1];
	r->last_known = true;
	if (len > UINT16_MAX)
		return;
	uint8_t i = r->at++ % RECENT_SEGMENTS;
	r->hash[i] = XXH3_64bits_withSeed(p, len, key);
	r->off[i] = (uint32_t)off;
	r->len[i] = (uint16_t)len;
}

enum recent_verdict recent_compare(const struct recent *r, uint64_t key, uint64_t off, const uint8_t *p, uint32_t len)
{
	uint32_t compared = 0;
	for (int i = 0; i < RECENT_SEGMENTS; i++) {
		uint32_t skip = r->off[i] - (uint32_t)off;
		if (!r->len[i] || skip >= len || r->len[i] > len - skip)
			continue;
		if (XXH3_64bits_withSeed(p + skip, r->len[i], key) != r->hash[i])
			return RECENT_DIFFERS;
		compared += r->len[i];
	}
	return compared == len ? RECENT_SAME : RECENT_UNKNOWN;
}

bool recent_is_text(const uint8_t *p, uint32_t len)
{
	uint32_t look = len < 32 ? len : 32;
	for (uint32_t i = 0; i < look; i++) {
		if ((p[i] < 0x20 && p[i] != '\r' && p[i] != '\n' && p[i] != '\t') || p[i] >= 0x7f)
			return false;
	}
	return len > 0;
}

bool recent_line(struct recent_line *l, uint64_t off, const uint8_t *p, uint32_t len)
{
	enum { LINE_LEAST = 4 }; // QUIT
	if (l->next != (uint32_t)off)
		*l = (struct recent_line){0};
	l->next = (uint32_t)(off + len);
	for (uint32_t i = 0; i < len; i++) {
		if (l->n == LINE_LEAST && l->cr && p[i] == '\n')
			return true;
		bool print = p[i] >= 0x20 && p[i] < 0x7f;
		l->cr = p[i] == '\r';
		if (print)
			l->n += l->n < LINE_LEAST;
		else if (!l->cr)
			l->n = 0;
	}
	return false;
}

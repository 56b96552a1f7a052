// Pools of equal objects in one lazily touched mapping each.
#include "hw/slab.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "hw/pages.h"

// One more than n_max: index 0 means "none" and its object is never used, so that slab_at() needs no subtraction.
static size_t map_len(const struct slab *s)
{
	return ((size_t)s->n_max + 1) * s->object_len;
}

int slab_open(struct slab *s, size_t object_len, uint32_t n_max)
{
	*s = (struct slab){0};
	if (object_len > UINT32_MAX - 7)
		return -ENOMEM;
	size_t rounded = object_len ? (object_len + 7) & ~(size_t)7 : 8;
	size_t len;
	if (__builtin_mul_overflow((size_t)n_max + 1, rounded, &len))
		return -ENOMEM;

	s->base = pages_map(len);
	if (!s->base)
		return -ENOMEM;
	s->object_len = (uint32_t)rounded;
	s->n_max = n_max;
	return 0;
}

void slab_close(struct slab *s)
{
	pages_unmap(s->base, map_len(s));
	*s = (struct slab){0};
}

uint32_t slab_get(struct slab *s)
{
	uint32_t index = s->free_head;
	if (index) {
		memcpy(&s->free_head, slab_at(s, index), sizeof(s->free_head));
		memset(slab_at(s, index), 0, s->object_len);
	} else if (s->n_fresh < s->n_max) {
		// The system hands out zeroed pages: an object nobody had yet needs no memset.
		index = ++s->n_fresh;
	} else {
		return 0;
	}
	s->n_used++;
	if (s->n_used > s->n_peak)
		s->n_peak = s->n_used;
	return index;
}

void slab_put(struct slab *s, uint32_t index)
{
	assert(index > 0 && index <= s->n_fresh && s->n_used > 0);
	memcpy(slab_at(s, index), &s->free_head, sizeof(s->free_head));
	s->free_head = index;
	s->n_used--;
}

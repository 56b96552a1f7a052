// A pool of equal objects, reserved once and touched lazily.
//
// Memory is reserved (not committed) when the slab is opened; a page costs nothing until an object on it is
// handed out. Objects are named by 32-bit index so that two of them fit where a pointer would; 0 is "none".
// One thread. Nothing is ever given back to the system before slab_close().
#pragma once

#include <stddef.h>
#include <stdint.h>

struct slab {
	uint8_t *base;       // object i lives at base + i * object_len
	uint32_t object_len; // octets, multiple of 8
	uint32_t n_max;      // usable indices are 1..n_max
	uint32_t n_used;     // handed out now
	uint32_t n_fresh;    // indices above this one were never handed out
	uint32_t free_head;  // linked through the first four octets of a free object
	uint32_t n_peak;     // most ever handed out at once
};

// 0, or -ENOMEM. object_len is rounded up to a multiple of 8; n_max may be 0 (every slab_get() then says 0).
int slab_open(struct slab *s, size_t object_len, uint32_t n_max);
void slab_close(struct slab *s);

// An index, its object zeroed; 0 when the slab is full (the caller counts that, and something else must go).
uint32_t slab_get(struct slab *s);
void slab_put(struct slab *s, uint32_t index);

// The object; index must be one that slab_get() returned and slab_put() has not taken back.
static inline void *slab_at(const struct slab *s, uint32_t index)
{
	return s->base + (size_t)index * s->object_len;
}

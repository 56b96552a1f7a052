// Octets of one direction that cannot be parsed yet: out of order, or waiting for the other direction. Bounded.
//
// A sorted list of slab chunks. Where segments overlap the octets that came first stay; whether later ones were the
// same is told. One worker.
#pragma once

#include "dissect/place.h"
#include "hw/slab.h"

enum {
	CHUNK_LEN = 1536,       // a full Ethernet segment in one chunk
	QUEUE_CHUNKS_MAX = 64,  // per direction; honest reordering in the clear part is far below 64 segments
};

struct chunk {
	uint64_t off;     // of the first octet that is left
	uint64_t acked;   // see struct place
	uint64_t time_ns;
	uint32_t next;    // slab index, 0 last
	uint32_t frame;
	uint16_t start;   // first octet left, within data
	uint16_t len;     // octets left
	uint8_t quality;  // bits of its own segment
	uint8_t unused[3];
	uint8_t data[CHUNK_LEN - 40];
};

enum { CHUNK_DATA = sizeof(((struct chunk *)0)->data) };

struct queue {
	uint32_t head;    // slab index, 0 empty
	uint16_t n_chunks;
};

struct queue_result {
	uint32_t refused; // octets that found no room: the pool is empty or the queue full
	bool fresh;       // some octets were new
	bool differs;     // some octets differ from those already there
};

// Stores what is new of p[0..len) at place `at`.
struct queue_result queue_insert(struct queue *q, struct slab *chunks, const struct place *at, const uint8_t *p, uint32_t len);

static inline struct chunk *queue_head(const struct queue *q, const struct slab *chunks)
{
	return q->head ? slab_at(chunks, q->head) : NULL;
}

// Takes `n` octets off the front of the first chunk, and the chunk with its last one.
void queue_consume(struct queue *q, struct slab *chunks, uint32_t n);

// Forgets octets before `off`.
void queue_trim(struct queue *q, struct slab *chunks, uint64_t off);

// First offset at or after `off` that is not in the queue: how far octets reach without a hole.
uint64_t queue_reach(const struct queue *q, const struct slab *chunks, uint64_t off);

void queue_clear(struct queue *q, struct slab *chunks);

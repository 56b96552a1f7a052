// A lane: packets on their way from the thread that received them to the worker that owns them, copied, over a ring.
//
// A message of the ring is a block of up to 32 packets with their octets; the reader's source lends them from there. One
// thread writes, one reads. Memory is trusted: both are threads of one process.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/source.h"

struct lane;

enum { LANE_LEN_MIN = 1024 * 1024 }; // holds the longest packet twice

// `len` octets, rounded up. 0 or -errno.
int lane_open(struct lane **out, size_t len);
void lane_close(struct lane **l);

// Writer: copies a packet (or mark) behind the others. False: no room, it is not taken. It is seen after lane_flush().
bool lane_put(struct lane *l, const struct packet *p);
void lane_flush(struct lane *l);
// Writer: whether a packet of `len` octets would find room, and two marks with it.
bool lane_has_room(struct lane *l, size_t len);
// Writer, last act: the reader's source will say SOURCE_END.
void lane_finish(struct lane *l);

// PACKET_WHOLE that were read. Any thread.
uint64_t lane_read(const struct lane *l);

// Reader: borrowed; closed with the lane. SOURCE_IDLE when nothing is there.
struct source *lane_source(struct lane *l);

// TCP as a tap sees it: from segments to octets in order, bounded, honest about what is missing. RFC 9293, 5961.
//
// In-order octets are parsed in place. What comes early waits in a queue; a hole is given up when the peer has
// acknowledged octets that were never captured, or when waiting costs too much. Octets are also held until everything
// their sender had acknowledged was parsed: so the dialogue is read in the order of cause and effect, whichever of the
// tap's two arms was quicker.
#pragma once

#include "dissect/engine.h"

// Takes a segment of a known flow. May end the flow's session (seal) but never removes the flow.
void stream_segment(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p);

// Octets that fit nowhere were dropped: the record says that they may have been the true ones.
void stream_stray(struct dissect *e, uint32_t flow);
// What was read of this flow may not be what its receiver has read.
void stream_conflict(struct dissect *e, uint32_t flow);

// The flow's timer: gives up what waited too long. True when the flow is due to be closed, `*end` says why.
bool stream_timer(struct dissect *e, uint32_t flow, enum session_end *end);
// When that timer should come next.
uint64_t stream_due(const struct dissect *e, uint32_t flow);

// Everything that still waits is given up in order, the session ends and is told. The caller removes the flow.
// Returns how it ended: FINs behind the last hole count, though the caller only knows of the end of the capture.
enum session_end stream_close(struct dissect *e, uint32_t flow, enum session_end end);

// How a flow that is closing has ended.
enum session_end stream_end_reason(const struct flow_hot *h);

// dissect/stream/evict.c: tells the session that was silent for longest, of a bounded number, before its end, and forgets
// it; its connection is only counted from then on.
void stream_evict(struct dissect *e);
// Gives a flow's facts back.
void stream_drop_conn(struct dissect *e, uint32_t flow);

// dissect/stream/deliver.c: the part that moves octets from the queues to the machines.

// Quality bits that hold for everything up to now.
uint8_t stream_quality(const struct dissect *e, uint32_t flow, enum dir d);
// Offers `p` and everything queued to the machines until nothing moves any more.
void stream_offer(struct dissect *e, uint32_t flow, enum dir d, struct place *at, const uint8_t *p, uint32_t len);
// A SYN/ACK with this acknowledgment: whether the server has taken the octets that came with the SYN.
void stream_syn_answered(struct dissect *e, uint32_t flow, uint32_t ack);
// Nothing moves: gives up one hole or one wait, the oldest. False when nothing is queued.
bool stream_give_up(struct dissect *e, uint32_t flow);
// Octets of `d` up to `off` will never come.
void stream_gap(struct dissect *e, uint32_t flow, enum dir d, uint64_t off);
// Offset up to which octets of `d` are there without a hole.
uint64_t stream_reach(const struct dissect *e, uint32_t flow, enum dir d);
// p[0..len) at at->off was delivered before: notes whether it may have been something else.
void stream_again(struct dissect *e, struct conn *c, enum dir d, const struct place *at, const uint8_t *p, uint32_t len);

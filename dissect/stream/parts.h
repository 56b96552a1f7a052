// What the parts of dissect/stream share among themselves: a segment is taken in stream.c, which asks open.c where its
// numbers stand and close.c whether it ends anything.
#pragma once

#include "dissect/engine.h"

// ---- open.c --------------------------------------------------------------------------------------------------

// A SYN or SYN/ACK of this very connection.
void stream_take_syn(struct flow_hot *h, enum dir d, const struct decoded *s);
// The flow has to be turned round before it takes this segment.
bool stream_wrong_way_round(const struct flow_hot *h, enum dir d, const struct decoded *s);
void stream_take_bases(struct flow_hot *h, enum dir d, const struct decoded *s);
void stream_take_ack(const struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s);
// What `d` has acknowledged of the other side lies so far behind anything captured that it belongs to something else.
bool stream_acks_nonsense(const struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s);
// How many octets of the other side the sender had received when it sent this, and one for a FIN.
uint64_t stream_acked_octets(const struct flow_hot *h, enum dir d, const struct decoded *s);
// The first payload of a waiting flow: facts begin, if it looks like mail. May turn the flow round, and `*d` with it.
void stream_open_session(struct dissect *e, uint32_t flow, enum dir *d, const struct decoded *s);

// ---- stream.c ------------------------------------------------------------------------------------------------

// Sealed, news, or stuck: what follows from what a segment or a timer brought.
void stream_after(struct dissect *e, uint32_t flow);

// ---- close.c -------------------------------------------------------------------------------------------------

void stream_take_rst(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p);
void stream_take_fin(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s);
// Starts the end of the flow when both sides have ended in sequence.
void stream_settle_fins(struct dissect *e, uint32_t flow);

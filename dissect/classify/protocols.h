// What else is on the link: packets and octets that are no mail, by protocol, so that what is not watched has a number.
//
// TCP connections by what nDPI says they speak; where it says nothing, or is not built in, by the server's port. What is
// not TCP by its protocol, UDP by port too. A connection's packets are counted when it is known what they are: before that
// they stand in its own counters. Connections of mail ports are neither shown to nDPI nor counted here. One worker.
#pragma once

#include "dissect/flow/flow.h"
#include "dissect/net/decode.h"

struct dissect;
struct protocols;

// 0 or -errno. Without nDPI, or before protocols_ready(), all is counted by port.
int protocols_open(struct protocols **out);
void protocols_close(struct protocols **p);
// Opens nDPI now and not when a connection is first shown to it.
int protocols_ready(struct protocols *p);

// Any packet, decoded: counted when it is not TCP, where all workers see it by one of them. `mine`: a datagram that is read.
void protocols_packet(struct dissect *e, const struct decoded *s, bool mine, const struct packet *packet);

// A segment of `flow`, after everything else was done with it: shown, counted, or neither.
void protocols_segment(struct dissect *e, uint32_t flow, const struct decoded *s, const struct packet *packet);

// A connection turns out to be mail: forgotten here.
void protocols_ours(struct dissect *e, uint32_t flow, struct flow_other *o);

// Before a flow is removed.
void protocols_flow_end(struct dissect *e, uint32_t flow);

// Totals as a MESSAGE_PROTOCOLS. Room for PROTOCOLS_MAX rows at `out`; how many there are, by octets.
struct protocol_count;
uint32_t protocols_rows(const struct protocols *p, struct protocol_count *out);

// DNS as it passes by: datagrams of port 53, and the messages that begin a connection to it.
//
// Over TCP a message is read when it stands whole in the first segment with octets of its direction, behind a SYN that was
// seen; that is what resolvers send. Everything else is counted. See docs/design/0014-dns-on-the-tap.md.
#pragma once

#include "dissect/engine.h"

// A datagram (DECODE_UDP) of this worker. Counts the packet's ledger row.
void dns_datagram(struct dissect *e, const struct decoded *s, const struct packet *p);

// A segment of port 53 or 853, of a flow that has taken its numbers: its checksum was right.
void dns_segment(struct dissect *e, const struct flow_hot *h, enum dir d, const struct decoded *s, const struct packet *p);

// Whether a segment is for dns_segment(): asked for every one.
static inline bool dns_port(const struct decoded *s)
{
	return s->dst_port == DNS_PORT || s->src_port == DNS_PORT || s->dst_port == DNS_TLS_PORT;
}

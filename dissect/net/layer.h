// What is left of a packet while its headers are peeled off. Internal to dissect/net.
//
// `missing` keeps apart what a capture cut off (the octets were on the wire: packet_cut) from headers that promise
// more than the packet ever had (packet_malformed).
#pragma once

#include "dissect/bytes.h"
#include "dissect/net/decode.h"
#include "hw/counter.h"

enum {
	LINK_TAGS_MAX = 8,   // VLAN tags and MPLS labels together: more is no network, it is an attack on decoders
	ETHERNET_PACKET_MAX = 1500,
	IP6_HEADERS_MAX = 8, // extension headers walked; RFC 8200 has six kinds, each at most once (destination twice)
};

struct layer {
	const uint8_t *at;
	const uint8_t *end;
	uint32_t missing; // octets the packet had on the wire after `end`
	uint32_t tunnels; // enum dissect_tunnel bits of those that are opened
	unsigned depth;   // how many were
	uint64_t *counter;
};

static inline uint16_t layer_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t layer_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint32_t layer_left(const struct layer *l)
{
	return (uint32_t)(l->end - l->at);
}

static inline enum decode_outcome layer_count(const struct layer *l, enum dissect_counter row)
{
	counter_add(&l->counter[row], 1);
	return DECODE_DONE;
}

// IP of another protocol, that nobody reads.
static inline enum decode_outcome layer_other(const struct layer *l, struct decoded *out)
{
	out->other = true;
	return layer_count(l, COUNT_packet_not_tcp);
}

// The two rows a header that cannot be gets: what was wrong, and where the packet ended.
static inline enum decode_outcome layer_malformed(const struct layer *l, enum dissect_counter detail)
{
	counter_add(&l->counter[detail], 1);
	return layer_count(l, COUNT_packet_malformed);
}

// The ledger row of a header of `len` octets that is not all there.
static inline enum decode_outcome layer_short(const struct layer *l, uint32_t len)
{
	bool was_on_wire = len <= (uint64_t)layer_left(l) + l->missing;
	return layer_count(l, was_on_wire ? COUNT_packet_cut : COUNT_packet_malformed);
}

// Narrows the layer to the `len` octets a length field announces: what follows is padding of the link; what is not
// there was cut, whoever cut it.
static inline void layer_narrow(struct layer *l, uint32_t len)
{
	uint32_t left = layer_left(l);
	if (len <= left) {
		l->end = l->at + len;
		l->missing = 0;
	} else {
		l->missing = len - left;
	}
}

// Length 0 in an IP header is what a host's own capture shows before its card has cut up a packet that is longer than any
// frame. On a shorter one it means 0, and no receiver takes what follows.
static inline bool layer_offloaded(const struct layer *l)
{
	return (uint64_t)layer_left(l) + l->missing > ETHERNET_PACKET_MAX;
}

// Peels the link layer. 4 or 6: `l` stands on that IP header. 0: there is none, and why was counted.
int link_peel(struct layer *l, uint16_t linktype, struct decoded *out);
// The same for what stands behind an Ethernet type.
int link_peel_type(struct layer *l, uint16_t type, struct decoded *out);

// Nothing is known of a packet yet.
static inline void decode_nothing(struct decoded *out, uint8_t tap)
{
	*out = (struct decoded){.ip_checksum_ok = true, .tcp_checksum_ok = true, .window_scale = 255, .tap = tap};
}

// What link_peel() has found, from the IP header on.
enum decode_outcome decode_network(struct layer *l, int version, struct decoded *out, bool checksum);

// A UDP header and whether anybody reads what follows.
enum decode_outcome udp_decode(struct layer *l, struct decoded *out, bool checksum);

// An IP header and what it carries.
enum decode_outcome ip4_decode(struct layer *l, struct decoded *out, bool checksum);
enum decode_outcome ip6_decode(struct layer *l, struct decoded *out, bool checksum);

// The rest of an IPv6 header chain that starts with a header of type `next`. `whole`: `l` is a reassembled datagram,
// in which a further fragment header is an error.
enum decode_outcome ip6_walk(struct layer *l, uint8_t next, struct decoded *out, bool checksum, bool whole);

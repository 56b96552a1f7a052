// From the link layer to the TCP segment. Pure: octets in, pointers into the same octets out.
//
// Reads Ethernet, 802.1Q/QinQ (and 802.3 LLC/SNAP), MPLS, PPPoE, Linux cooked (SLL, SLL2), raw IP, null/loopback;
// IPv4 and IPv6 with options and extension headers. Fragments go through dissect/net/frag.h first.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "capture/packet.h"
#include "dissect/counters.h"

enum decode_outcome {
	DECODE_TCP,      // the segment is complete in `out`
	DECODE_FRAGMENT, // an IP fragment: `out->frag_*` is set, the rest of TCP is not
	DECODE_UDP,      // a whole datagram of port 53 (or the first of DNS over QUIC): ports, payload and `cut` are set
	DECODE_DONE,     // something else; it was counted
};

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

struct decoded {
	uint8_t src[16], dst[16]; // as on the packet; IPv4 in the first four octets, rest zero
	uint16_t src_port, dst_port;
	uint8_t ip_v;
	uint8_t tap;              // of the packet
	uint8_t ttl;              // or hop limit
	uint8_t proto;            // final protocol, 6 for TCP, 17 for UDP
	bool other;               // DECODE_DONE: whole, but nothing that is read; of UDP, unless it is a fragment, with ports
	uint8_t n_vlan;           // of them in `vlan`
	uint16_t vlan[2];         // 12 bits, outer first; further tags are walked, not kept
	uint16_t ip_id;           // identification of IPv4; 0 over IPv6
	uint32_t seq, ack;        // host order
	uint8_t flags;            // TCP_*
	bool ip_checksum_ok, tcp_checksum_ok;
	bool ip_checksum_zero;    // not filled in: the sender's card will
	bool cut;                 // captured fewer octets of the segment than the IP header announces
	bool md5_option;          // TCP option 19 or 29
	bool ambiguous;           // put together from fragments that differed where they overlapped
	uint16_t window, urgent;
	uint8_t window_scale;     // from a SYN; 255 none
	uint8_t tcp_header_len;   // octets, right before `payload`
	const uint8_t *payload;   // captured payload
	uint32_t payload_len;     // captured octets of it
	uint32_t payload_wire_len; // as the IP header says; more than payload_len when cut
	// DECODE_FRAGMENT
	uint32_t frag_id;
	uint32_t frag_off;        // octets
	bool frag_more;
	const uint8_t *frag_data; // what the fragment carries
	uint32_t frag_len;
	bool frag_cut;
};
static_assert(sizeof(struct decoded) <= 120, "cleared for every packet: one word more cost 7 ns (AMD EPYC, gcc 12)");

// Decodes one packet. Counts every other outcome in `counter` by name (one ledger row each, see counters.h).
// `checksum`: verify the TCP checksum when the whole segment was captured (a cut one counts as good).
// A segment with length fields from segmentation offload (IP length 0, more than a frame carries) takes the captured length.
// `tunnels`: enum dissect_tunnel bits of those that are opened; `out` is the inner packet then.
enum decode_outcome decode_packet(const struct packet *p, struct decoded *out, bool checksum, uint32_t tunnels, uint64_t *counter);

// Decodes TCP in a reassembled datagram: `l4` is what followed the IP headers. `out` holds the addresses already.
enum decode_outcome decode_tcp(const uint8_t *l4, uint32_t len, uint32_t wire_len, struct decoded *out, bool checksum,
                               uint64_t *counter);

// Whether the TCP checksum of a decoded segment is right: for those who verify only where it matters, while the octets
// of the packet (or of the reassembled datagram) are still there. A cut segment counts as good.
bool decode_tcp_checksum_ok(const struct decoded *s);

// Whether the field holds what a host leaves there for its card (or puts there when it joins segments it has received):
// the sum of the pseudo header, with the length or without.
bool decode_tcp_checksum_offloaded(const struct decoded *s);

// Both of a datagram (DECODE_UDP). A cut one counts as good, as one without a sum does (IPv4 only).
bool decode_udp_checksum_ok(const struct decoded *s);
bool decode_udp_checksum_offloaded(const struct decoded *s);

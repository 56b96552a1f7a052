// One packet as a source hands it out. Borrowed: the bytes are valid until the burst is released.
#pragma once

#include <stdint.h>

enum packet_kind {
	PACKET_WHOLE, // as it was captured
	PACKET_COPY,  // the same, and another worker has it, too, and counts it: taken only by the one whose connection it is of
	PACKET_TIME,  // no packet at all: the source has come to `time_ns` and `seq`; `data` is NULL. `frame` where another worker
		      // has a packet of that time, 0 where nothing came. Live sources only
};

struct packet {
	const uint8_t *data; // first octet of the link layer
	uint32_t len;        // octets captured, readable at `data`
	uint32_t wire_len;   // octets on the wire; more than `len` when the capture was cut (snaplen)
	uint64_t time_ns;    // since the epoch; 0 where the capture has no time
	uint64_t seq;        // position in the whole input, from 1, over all files: the order of everything. Live: see
			     // capture/live.h; it grows with each packet of a worker, and no two workers have the same
	uint32_t frame;      // position in its own file, from 1 (pcap_cnt)
	uint16_t file;       // index of its file in the source's list
	uint8_t tap;         // where it was taken: index in the list of taps; 0 when there is one
	uint8_t kind;        // enum packet_kind
	uint16_t linktype;   // LINKTYPE_* as in the pcap registry (1 Ethernet, 113 SLL, 276 SLL2, 101 raw, 0/108 loopback ...)
	uint8_t port;        // index in the list of ports (an arm of the tap); 0 when there is one. Live sources only
};

enum { PACKET_WIRE_MAX = 262144 }; // 256 KiB, the largest snaplen there is (libpcap's MAXIMUM_SNAPLEN)

// Octets on the wire as far as the record is believed: a claim beyond every snaplen comes from a damaged or forged file.
static inline uint32_t packet_octets(const struct packet *p)
{
	return p->wire_len <= PACKET_WIRE_MAX || p->wire_len <= p->len ? p->wire_len : p->len;
}

enum { PACKET_BURST = 32 }; // 32, because that hides a cache miss per packet and still fits the first level cache

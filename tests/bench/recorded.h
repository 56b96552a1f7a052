// A generated capture in memory, and its packets moved to other addresses: each time it is told, it is of new connections.
//
// Ethernet, IPv4 or IPv6, TCP, as tests/bench/generate.c writes it. Checksums stay right: they are adjusted, not summed.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct recorded {
	const uint8_t *octets;
	uint32_t len;
	uint32_t flow; // from 0, in order of appearance
};

struct recording {
	uint8_t *memory;
	struct recorded *packet;
	size_t n;
	uint32_t n_flows;
	uint64_t octets;
};

enum { RECORDED_MAX = 1600 }; // octets of a packet

// Exits with a message when the file is none of ours.
void recording_open(struct recording *r, const char *path);
void recording_close(struct recording *r);

// Packet `p` at `out`, in world `world`: its two addresses have been changed by it. World 0 is the capture's own.
void recorded_move(const struct recorded *p, uint32_t world, uint8_t *out);

// The packet at `out` moves `octets` further in its stream.
void recorded_later(uint8_t *out, uint32_t octets);

// Payload of a packet and how much; NULL without. `flags`: of TCP.
const uint8_t *recorded_payload(const struct recorded *p, uint32_t *len, uint8_t *flags);

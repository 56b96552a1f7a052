// Packets built by hand for the tests of dissect/net: hex text to octets, at the end of readable memory.
#pragma once

#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dissect/net/decode.h"

enum { PACKETS_LEN = 4096 };

// A page whose end is the end of memory. One for the whole test.
static inline uint8_t *packets_guard(void)
{
	static uint8_t *page;
	if (!page) {
		page = mmap(NULL, 2 * PACKETS_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert(page != MAP_FAILED && mprotect(page + PACKETS_LEN, PACKETS_LEN, PROT_NONE) == 0);
	}
	return page + PACKETS_LEN;
}

// Octets of hex text; blanks are for the eye.
static inline uint32_t packets_hex(const char *hex, uint8_t *out)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t n = 0;
	for (; *hex; hex++) {
		const char *digit = strchr(digits, *hex);
		if (!digit)
			continue;
		uint8_t nibble = (uint8_t)(digit - digits);
		out[n / 2] = n % 2 ? (uint8_t)(out[n / 2] << 4 | nibble) : nibble;
		n++;
	}
	return n / 2;
}

// The first `len` octets of a packet of `wire_len`, up against the guard.
static inline struct packet packets_at(const uint8_t *octets, uint32_t len, uint32_t wire_len, uint16_t linktype)
{
	uint8_t *at = packets_guard() - len;
	memcpy(at, octets, len);
	return (struct packet){.data = at, .len = len, .wire_len = wire_len, .linktype = linktype, .time_ns = 1};
}

static inline uint64_t packets_ledger(const uint64_t *counter)
{
	uint64_t n = 0;
	for (int i = COUNT_packet_tcp_session; i <= COUNT_packet_no_flow; i++)
		n += counter[i];
	return n;
}

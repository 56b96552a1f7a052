// The internet checksum (RFC 1071): sums in the machine's byte order, which gives the same verdict as the wire's.
#pragma once

#include <stdint.h>
#include <string.h>

// Ones' complement sum, not folded, of at most 4 GiB. Eight octets at a time in two accumulators, so that no carry
// has to be looked after: each takes 2^32 additions of 32 bits.
static inline uint64_t checksum_sum(const uint8_t *p, uint32_t len)
{
	uint64_t low = 0, high = 0, word;
	for (; len >= 8; len -= 8, p += 8) {
		memcpy(&word, p, 8);
		low += (uint32_t)word;
		high += word >> 32;
	}
	word = 0;
	memcpy(&word, p, len);
	return low + high + (uint32_t)word + (word >> 32);
}

// Folded to 16 bits. 0xffff when the sum covers a right checksum.
static inline uint16_t checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

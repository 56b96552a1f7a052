// An address prefix, as an operator configures it. IPv4 in the first four octets, the rest zero. Plain data, any thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct judge_net {
	uint8_t addr[16];
	uint8_t ip_v;
	uint8_t bits;
};

// Whether `addr` lies in it.
bool judge_net_covers(const struct judge_net *n, const uint8_t addr[16], uint8_t ip_v);

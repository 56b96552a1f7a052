// Flow rules: the card lets mail ports through and drops the rest. All of it or nothing: a card that takes half of the rules
// would hide traffic from us without our knowing which.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/dpdk/rss.h"

enum { DPDK_FLOW_WORDS = 96 };

struct dpdk_flow_rules_config {
	uint16_t port;             // DPDK's number
	uint16_t queues;
	const struct dpdk_rss *rss; // the hash to spread by when there is more than one queue
	const uint16_t *mail_ports;
	size_t n_mail_ports;
};

// True: only mail ports arrive from now on. `words` tells what holds, in either case. The port is started.
bool dpdk_flow_rules_open(const struct dpdk_flow_rules_config *c, char words[static DPDK_FLOW_WORDS]);

// Everything arrives again.
void dpdk_flow_rules_close(uint16_t port);

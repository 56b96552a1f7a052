// What a port counts, and its link.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Growing numbers since the port was started.
struct dpdk_port_stats {
	uint64_t rx_packets;
	uint64_t missed, errors, no_mbuf;
	uint64_t tx_packets, tx_octets, tx_errors;
	bool link_known, link_up;
	uint32_t speed_mbps; // 0 not known
};

// Any thread, rarely: some drivers ask the card. What cannot be read stays 0.
void dpdk_port_stats_read(uint16_t port, struct dpdk_port_stats *out);

// Waits for the link, or for packets, which prove it, at most so long. True when it is up.
bool dpdk_port_stats_wait_link(uint16_t port, uint32_t wait_ms);

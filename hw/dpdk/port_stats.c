// Counters and link of a port.
#include "hw/dpdk/port_stats.h"

#include "hw/clock.h"

#include <rte_ethdev.h>

#include <string.h>
#include <time.h>

#include "hw/dpdk/no_transmit.h"

static void read_link(uint16_t port, struct dpdk_port_stats *out)
{
	struct rte_eth_link link;
	memset(&link, 0, sizeof(link));
	if (rte_eth_link_get_nowait(port, &link) != 0)
		return;
	out->link_known = true;
	out->link_up = link.link_status == RTE_ETH_LINK_UP;
	if (link.link_speed != RTE_ETH_SPEED_NUM_UNKNOWN)
		out->speed_mbps = link.link_speed;
}

void dpdk_port_stats_read(uint16_t port, struct dpdk_port_stats *out)
{
	struct rte_eth_stats s;
	memset(out, 0, sizeof(*out));
	memset(&s, 0, sizeof(s));
	if (rte_eth_stats_get(port, &s) == 0) {
		out->rx_packets = s.ipackets;
		out->missed = s.imissed;
		out->errors = s.ierrors;
		out->no_mbuf = s.rx_nombuf;
		out->tx_packets = s.opackets;
		out->tx_octets = s.obytes;
		out->tx_errors = s.oerrors;
	}
	read_link(port, out);
}

bool dpdk_port_stats_wait_link(uint16_t port, uint32_t wait_ms)
{
	uint64_t end_ns = clock_mono_ns() + (uint64_t)wait_ms * 1000000;
	for (;;) {
		struct dpdk_port_stats s;
		dpdk_port_stats_read(port, &s);
		if (s.link_up || s.rx_packets)
			return true;
		if (clock_mono_ns() >= end_ns)
			return false;
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	}
}

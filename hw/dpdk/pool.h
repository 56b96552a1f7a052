// The buffers of one port: sized by itself, on the port's NUMA node.
#pragma once

#include <stdint.h>

#include "hw/dpdk/eal.h"

struct rte_mempool;

struct dpdk_pool_config {
	const char *port;   // its name, for words
	uint32_t n;         // buffers: dpdk_pool_size()
	uint32_t room;      // octets of packet in each
	int socket;         // NUMA node, -1 any
};

// Enough for full receive rings, what readers hold and what threads keep in their caches, and `extra` more; such a number that
// the pool's ring wastes nothing.
uint32_t dpdk_pool_size(uint32_t queues, uint32_t descriptors, uint32_t extra);

// What so many buffers take.
uint32_t dpdk_pool_mib(uint32_t n, uint32_t room);

// 0, or -errno with `why`. Memory of another node is taken where the port's own has none, and that is said.
int dpdk_pool_open(struct rte_mempool **out, const struct dpdk_pool_config *c, char why[static DPDK_WHY]);

// Only after every device that fills its buffers was closed.
void dpdk_pool_close(struct rte_mempool **pool);

// Buffers for received packets.
#include "hw/dpdk/pool.h"

#include "hw/huge.h"
#include "hw/log.h"

#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hw/dpdk/no_transmit.h"

enum {
	POOL_CACHE = 256,    // buffers a thread keeps at hand: eight bursts between two visits to the shared ring
	POOL_HELD = 64,      // in a reader's hands at most: the burst it has and the one that comes
	POOL_HEADER = 192,   // of each buffer: struct rte_mbuf and the pool's own line
	POOL_MAX = (1 << 26) - 1,
};

uint32_t dpdk_pool_size(uint32_t queues, uint32_t descriptors, uint32_t extra)
{
	// A thread's cache may grow to one and a half of its size before it gives back. One more: whoever closes the port.
	uint64_t want = (uint64_t)queues * (descriptors + POOL_HELD) + (uint64_t)(queues + 1) * (POOL_CACHE + POOL_CACHE / 2) + extra;
	uint64_t n = 1024;
	while (n - 1 < want && n < POOL_MAX)
		n *= 2;
	return (uint32_t)(n - 1);
}

uint32_t dpdk_pool_mib(uint32_t n, uint32_t room)
{
	return (uint32_t)(((uint64_t)n * (room + RTE_PKTMBUF_HEADROOM + POOL_HEADER) >> 20) + 1);
}

static void pool_refused(const struct dpdk_pool_config *c, int err, char why[static DPDK_WHY])
{
	uint32_t mib = dpdk_pool_mib(c->n, c->room);
	if (err != ENOMEM)
		snprintf(why, DPDK_WHY, "%.96s: no buffers: %s", c->port, rte_strerror(err));
	else if (dpdk_eal_huge())
		snprintf(why, DPDK_WHY, "%.96s: %u MiB of huge pages are needed for its buffers, %llu are free (perhaps in pieces); "
			"set vm.nr_hugepages higher", c->port, mib, (unsigned long long)huge_free_mib());
	else
		snprintf(why, DPDK_WHY, "%.96s: %u MiB are needed for its buffers and are not left of what was reserved without huge "
			"pages; set vm.nr_hugepages", c->port, mib);
}

int dpdk_pool_open(struct rte_mempool **out, const struct dpdk_pool_config *c, char why[static DPDK_WHY])
{
	static unsigned number; // names of pools are the process', like EAL
	char name[RTE_MEMPOOL_NAMESIZE];
	snprintf(name, sizeof(name), "postwacht-%u", number++);
	uint32_t room = c->room + RTE_PKTMBUF_HEADROOM;
	if (room > UINT16_MAX) {
		snprintf(why, DPDK_WHY, "%.96s: a buffer cannot have %u octets", c->port, room);
		return -EINVAL;
	}
	*out = rte_pktmbuf_pool_create(name, c->n, POOL_CACHE, 0, (uint16_t)room, c->socket);
	if (!*out && c->socket >= 0 && rte_errno == ENOMEM) {
		*out = rte_pktmbuf_pool_create(name, c->n, POOL_CACHE, 0, (uint16_t)room, SOCKET_ID_ANY);
		if (*out)
			log_warn("dpdk", "%.96s: NUMA node %d has no memory left for its buffers: another one's is used, which is slower",
				c->port, c->socket);
	}
	if (!*out) {
		int err = rte_errno ? rte_errno : ENOMEM;
		pool_refused(c, err, why);
		return -err;
	}
	log_info("dpdk", "%.96s: %u buffers of %u octets, %u MiB", c->port, c->n, c->room, dpdk_pool_mib(c->n, c->room));
	return 0;
}

void dpdk_pool_close(struct rte_mempool **pool)
{
	rte_mempool_free(*pool);
	*pool = NULL;
}

// One device of DPDK as a port that only receives: attached by name, configured, started, stopped.
//
// No transmit queue where the driver agrees; otherwise one that is never fed. Flow control is switched off (a PAUSE frame is a
// transmission). What was chosen is in the struct, for words and for the queues' readers (capture/source/dpdk.c).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/dpdk/eal.h"
#include "hw/dpdk/flow_rules.h"
#include "hw/dpdk/rss.h"
#include "hw/dpdk/ticks.h"

struct rte_device;
struct rte_mempool;

enum { DPDK_QUEUES_MAX = 64, DPDK_ROOM = 2048 };

struct dpdk_port_config {
	const char *name;        // as the operator wrote it, for words
	const char *bus;         // "vdev" or "pci"
	const char *device;      // "net_pcap0", "0000:81:00.0"
	const char *args;        // for the driver; "" none
	uint16_t queues;         // wanted
	uint32_t extra_buffers;  // beyond what receiving needs: a driver that keeps packets
	uint32_t room;           // octets of a buffer, at least DPDK_ROOM
	uint32_t linkup_wait_ms;
	bool steer;
	const uint16_t *mail_ports;
	size_t n_mail_ports;
};

struct dpdk_port {
	uint16_t number;            // DPDK's
	uint16_t queues, tx_queues;
	uint16_t descriptors;
	int socket;                 // NUMA node, -1 not known
	bool has_clock;             // stamps in ticks: `ticks` converts them
	bool has_interrupts;        // wake_fd are valid
	bool symmetric;             // both directions of a connection come to one queue
	bool steered;
	bool rules;                 // flow rules were made
	bool started, virtual;
	char driver[32];
	char rss_words[DPDK_RSS_WORDS];
	char offload[DPDK_FLOW_WORDS];
	const char *flow_control;   // static words
	struct dpdk_rss rss;
	struct ticks ticks;
	int wake_fd[DPDK_QUEUES_MAX]; // an epoll each, readable when its queue has raised an interrupt
	struct rte_device *device;
	struct rte_mempool *pool;
};

// What the first port is likely to need, before its driver was asked: for dpdk_eal_start().
uint32_t dpdk_port_memory_mib(const struct dpdk_port_config *c);

// EAL is started. 0, or -errno with `why`; then nothing is left behind.
int dpdk_port_start(struct dpdk_port *p, const struct dpdk_port_config *c, char why[static DPDK_WHY]);

// The queues have no readers any more. Stops, closes, detaches, then frees the buffers.
void dpdk_port_stop(struct dpdk_port *p);

// Sleeps until the queue has something, at most so long. Only while has_interrupts; the queue's thread.
void dpdk_port_sleep(const struct dpdk_port *p, uint16_t queue, uint32_t us);

// Both clocks at one moment. False where the card's cannot be read (closely enough) now.
bool dpdk_port_clock(const struct dpdk_port *p, uint64_t *ticks, uint64_t *ns);

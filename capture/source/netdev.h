// What the kernel counts of an interface. Opened once and kept: a process that has given up its rights opens nothing.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { NETDEV_NAME = 16 };

struct netdev_counts {
	uint64_t rx_errors;  // damaged on the wire
	uint64_t rx_missed;  // the card's driver had no room; 0 where it is not known
	uint64_t tx_packets, tx_octets, tx_errors;
	uint32_t speed_mbps; // 0 not known
	bool there;          // the interface exists; true where nothing is known
	bool link_known, link_up;
};

struct netdev {
	char name[NETDEV_NAME];
	int dev;                    // /proc/net/dev of our network namespace
	int missed, speed;          // sysfs, where it shows our namespace; else -1
	int socket;                 // any of the namespace, borrowed
	struct netdev_counts start; // when it was opened
};

// `socket`: any of our network namespace, open as long as `d` is.
void netdev_open(struct netdev *d, const char *interface, int socket);
void netdev_close(struct netdev *d);

// Counters as they grew since it was opened. Any thread.
void netdev_read(const struct netdev *d, struct netdev_counts *out);

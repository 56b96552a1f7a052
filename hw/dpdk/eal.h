// DPDK's environment (EAL): started once a process, when the first port is wanted, with what this machine has.
//
// Two profiles, chosen by itself: huge pages where enough of them are free and may be used, ordinary memory otherwise; neither
// leaves a file behind, both work for a plain user. No device is found by itself: each is attached by name (port.h).
// The thread's affinity and signal mask are as before when it returns; DPDK's own threads take no signal.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DPDK_WHY = 256 };

struct dpdk_eal_config {
	bool hugepages;      // may be used
	bool telemetry;      // DPDK's socket for dpdk-telemetry.py, file prefix "postwacht"
	uint32_t memory_mib; // what the first port will need
};

// Later calls change nothing and say 0, or what the first one said. One thread at a time.
int dpdk_eal_start(const struct dpdk_eal_config *c, char why[static DPDK_WHY]);

// Memory comes from huge pages.
bool dpdk_eal_huge(void);

// Between begin and end what DPDK complains of is kept for `why`, not logged as if it had happened at work. end() returns the
// first complaint ("" none), valid until the next begin().
void dpdk_eal_listen_begin(void);
const char *dpdk_eal_listen_end(void);

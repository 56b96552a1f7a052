// Finding a device by its name and giving it to DPDK, or saying why that cannot be.
#pragma once

#include <stdint.h>

#include "hw/dpdk/eal.h"

// `bus`: "vdev" or "pci"; `label`: the port as the operator wrote it. 0 and DPDK's number of the port, or -errno with `why`.
// DPDK is being listened to (eal.h); what it complained of goes into `why`.
int dpdk_attach(uint16_t *number, const char *label, const char *bus, const char *device, const char *args, char why[static DPDK_WHY]);

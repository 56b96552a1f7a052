// Huge pages of this machine, as the kernel tells them. Nothing of DPDK: it is asked before DPDK is started, and by doctor.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { HUGE_WHY = 160 };

// MiB in free huge pages of all sizes; 0 where the kernel has none.
uint64_t huge_free_mib(void);

// True when this process may map one. Otherwise `why` says what is in the way.
bool huge_usable(char why[static HUGE_WHY]);

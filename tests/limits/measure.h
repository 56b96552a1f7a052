// What a run costs, in numbers that no other process on the machine can change: basic blocks executed by dissect/, octets
// its library calls walk over, allocations, resident memory.
//
// Blocks are counted by the compiler's own instrumentation (-fsanitize-coverage=trace-pc) of a copy of the library that
// is built for this test; calls of the C library by --wrap. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Blocks and walked octets since measure_start().
uint64_t measure_operations(void);
// Allocations (malloc and its kin, mmap) since measure_start().
uint64_t measure_allocations(void);
// From here on everything counts, until measure_stop(). measure_go_on() continues after that.
void measure_start(void);
void measure_stop(void);
void measure_go_on(void);

// Octets of this process that are in memory now.
uint64_t measure_resident(void);

// The k-th allocation from now on (1: the next) fails with ENOMEM, until measure_fail_end().
void measure_fail(uint32_t k);
// Whether that allocation was met.
bool measure_failed(void);
void measure_fail_end(void);
// Allocations and mappings made since measure_fail() that are still there.
int64_t measure_outstanding(void);

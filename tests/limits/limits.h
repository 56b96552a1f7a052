// Attacks on memory and time, each a row of a table: what it does, how big it is, what the worker must have counted.
#pragma once

#include "tests/limits/traffic.h"

enum { LIMIT_MUST_MAX = 4 };

struct limit {
	const char *name;
	const char *what;       // n of these
	uint64_t small, large;  // n in the ordinary run, and in the long one
	uint32_t flows_quarters; // flows_max is so many quarters of n (16: 4 n, none has to go); 0: a few
	uint32_t sessions_quarters; // sessions_max likewise
	void (*run)(struct traffic *t, uint64_t n);
	// Counters that name what was refused, evicted or given up: none of them may be 0 after 4 n.
	enum dissect_counter must[LIMIT_MUST_MAX];
	size_t n_must;
};

extern const struct limit limits_flows[], limits_smtp[], limits_tls[], limits_net[];
extern const size_t n_limits_flows, n_limits_smtp, n_limits_tls, n_limits_net;

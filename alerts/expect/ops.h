// Who answers "what should have happened": asked by the judge, answered later or never. Nobody answers yet; DANE,
// MTA-STS, operator and history sources come behind this table.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "alerts/session.h"

struct expect_answer {
	uint64_t birth;   // session it is for
	struct expectation expect;
};

struct expect_ops {
	// Asks for a session. 0: the answer is in `*out` now. 1: it will come. 2: there is nothing to ask. -errno: failed.
	int (*ask)(void *ctx, const struct facts *f, struct expectation *out);
	// The next answer that came, if any. 1 when `*out` is set, else 0. Never blocks.
	int (*poll)(void *ctx, struct expect_answer *out);
	// Wall clock for the hold, ns.
	uint64_t (*now)(void *ctx);
};

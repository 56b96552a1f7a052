// Who learns what is not known yet: asked by the judge, answered later or never. Scout is behind this table.
#pragma once

#include "alerts/expect/store.h"

enum expect_kind { EXPECT_OF_DOMAIN, EXPECT_OF_HOST };

struct expect_ops {
	// Asks for a domain or a lone host. `fresh`: past every cache, because what is known fits what was shown badly.
	// 0: an answer will come, or -errno: none will.
	int (*want)(void *ctx, enum expect_kind kind, const char *name, bool fresh);
	// Puts the answers that came into the store. True when there were any. Never blocks.
	bool (*poll)(void *ctx, struct store *s);
	// Wall clock for the hold, ns.
	uint64_t (*now)(void *ctx);
};

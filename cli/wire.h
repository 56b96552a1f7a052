// From the configuration to what each part wants to be told.
#pragma once

#include "alerts/judge.h"
#include "configs/config.h"
#include "dissect/dissect.h"

// Worker `worker` of `n`; emit and dialogue are the caller's.
void wire_dissect(struct dissect_config *out, const struct config *c, uint16_t worker, uint16_t n);

// What the scout is told; `o` may name another resolver, anchor or state directory. Borrows `c`, `o` and itself.
struct wire_scout {
	struct scout_config config;
	const char *forward_to[RESOLVER_FORWARDERS_MAX];
	const char *watchlist[SCOUT_WATCHLIST_MAX];
};
struct options;
void wire_scout(struct wire_scout *out, const struct config *c, const struct options *o);

// The file or directory of policy.trust_store, which `c` may hold; NULL: no paths are judged.
const char *wire_trust_store(const struct config *c);

// Borrows `c`: it must outlive the judge. write, observe and file names are the caller's.
// Packets of two captures: tap 0 is the outside of the first pair that is configured, tap 1 its inside. Without a pair
// they are called `outside` and `inside`, and the pair `pair`.
void wire_two_taps(struct judge_config *out, const struct config *c);
// The taps and pairs as configured, for what is taken live.
void wire_taps(struct judge_config *out, const struct config *c);
void wire_judge(struct judge_config *out, const struct config *c);
// The valve for storms, after wire_judge(): what is read from a file is all told.
void wire_storms(struct judge_config *out, const struct config *c);

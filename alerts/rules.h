// Rules: facts (and an expectation) to findings. One row a finding, one function a row; rules never see packets,
// records or each other.
#pragma once

#include "alerts/session.h"

// What a rule may ask about other sessions. Bounded tables kept by the judge; packet time only.
struct rules_memory;
struct pair;
struct store;

// What else rules may ask, about no session in particular. Each may be NULL: nothing is known.
struct rules_sources {
	const struct seen *seen;   // DNS on the tap (alerts/dns/seen.h)
	struct race *race;         // questions that were answered twice (alerts/dns/race.h)
	struct store *store;       // what policy promised (alerts/expect/store.h)
};

int rules_memory_open(struct rules_memory **out);
void rules_memory_close(struct rules_memory **m);
// History is asked by the rules, and keeps what must outlive this run. Borrowed; NULL: there is none.
struct history;
void rules_memory_use(struct rules_memory *m, struct history *h);
struct history *rules_memory_history(const struct rules_memory *m);

// All findings of a session that hold now, in catalogue order, into s->findings. May consult and update `memory`
// (cross-session rows: starttls.fallback-plaintext, auth.bruteforce-cleartext, starttls.first-seen-plain);
// calling it again for the same session as facts grow is harmless.
// `twins`: the session and what another tap saw of it, for the rows that compare; NULL: one tap.
void rules_apply(struct session *s, struct rules_memory *memory, const struct pair *twins);

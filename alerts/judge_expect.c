// What should have happened in a session, from everything the judge knows: policy, the inventory, DNS on the tap.
#include "alerts/judge_private.h"

#include "alerts/expect/decide.h"

const struct expectation judge_enforced = {.level = EXPECT_OPERATOR, .enforced = true, .confidence = CONFIDENCE_CERTAIN};

size_t judge_hints(struct judge *j, struct candidate_hint out[JUDGE_HINTS_MAX], const struct facts *f)
{
	return 0;
}

void judge_expect(struct judge *j, struct expectation *out, const struct facts *f, const struct peer *peer)
{
	struct candidate_hint hints[JUDGE_HINTS_MAX];

	*out = (struct expectation){0};
	if (!j->config.store)
		return;
	struct decide_input in = {.facts = f, .peer = peer, .store = j->config.store, .cert = judge_peers_cert(j->peers),
		.dane = judge_peers_dane(j->peers), .hints = hints};
	in.n_hints = judge_hints(j, hints, f);
	decide(out, &in);
}

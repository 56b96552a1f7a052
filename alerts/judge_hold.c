// Waiting for policy. What a clear transaction means depends on what was promised for the domain; until that is known
// or the wait is over, the findings it could change and the session's record are held. Everything else is told at once.
#include "alerts/judge_private.h"

bool judge_needs_policy(const struct facts *f)
{
	for (size_t i = 0; i < CLEAR_N; i++)
		if (f->smtp.clear[i])
			return true;
	return false;
}

void judge_ask(struct judge *j, struct judge_entry *e, const struct facts *f)
{
	const struct expect_ops *ops = j->config.expect;
	struct expectation now = {0};
	int r = ops->ask(j->config.expect_ctx, f, &now);

	if (r == 1)
		judge_sessions_hold(&j->sessions, e, ops->now(j->config.expect_ctx) + j->config.hold_ns);
	else
		judge_sessions_answer(&j->sessions, e, r == 0 ? &now : NULL);
}

void judge_resolve(struct judge *j, struct judge_entry *e, const struct expectation *answer)
{
	judge_sessions_answer(&j->sessions, e, answer);
	judge_evaluate(j, &j->session, judge_sessions_facts(&j->sessions, e), answer, e);
	struct judge_moment at = {.entry = e, .time_ns = e->time_ns, .frame = e->frame};
	at.more = !e->ended && !e->sealed;
	judge_tell(j, &at);
	if (!e->ended)
		return;
	judge_pair_end(j, e);
}

// Nobody answered in time. How many findings waited shows when the same session is judged under an enforced policy.
static void give_up(struct judge *j, struct judge_entry *e)
{
	static const struct expectation enforced = {.level = EXPECT_OPERATOR, .enforced = true};
	const struct facts *f = judge_sessions_facts(&j->sessions, e);

	judge_evaluate(j, &j->strict, f, &enforced, e);
	judge_evaluate(j, &j->session, f, NULL, e);
	struct judge_moment dry = {.dry = true, .strict = &j->strict};
	j->summary.held_unanswered += judge_tell(j, &dry);
	judge_resolve(j, e, NULL);
}

void judge_answers(struct judge *j, bool all)
{
	const struct expect_ops *ops = j->config.expect;
	struct expect_answer answer;
	struct judge_entry *e;

	if (!ops)
		return;
	while (ops->poll(j->config.expect_ctx, &answer) == 1) {
		e = judge_sessions_find(&j->sessions, answer.birth);
		// Too late, or never asked.
		if (e && e->policy == POLICY_PENDING)
			judge_resolve(j, e, &answer.expect);
	}
	if (!judge_sessions_held(&j->sessions))
		return;
	uint64_t now_ns = all ? UINT64_MAX : ops->now(j->config.expect_ctx);
	while ((e = judge_sessions_held(&j->sessions)) && e->deadline_ns <= now_ns)
		give_up(j, e);
}

// Waiting for policy. What a session means depends on what was promised for its server and its recipients; until that is
// known or the wait is over, the findings it could change and the session's record are held. Everything else is told at once.
//
// Without anybody to ask nothing waits: what the store knows is all there is.
#include "alerts/judge_private.h"

#include "alerts/expect/dane.h"

enum { HOLD_NAMES = 12, HOLD_TTL_MIN_S = 60 };

static uint64_t now_ns(const struct judge *j)
{
	return j->config.expect->now(j->config.expect_ctx);
}

static bool good(const struct judge *j, int64_t as_of_s, uint32_t ttl_s)
{
	int64_t now_s = (int64_t)(now_ns(j) / 1000000000);
	return now_s <= as_of_s + (ttl_s > HOLD_TTL_MIN_S ? ttl_s : HOLD_TTL_MIN_S);
}

static bool known(const struct judge *j, const struct candidate_name *n)
{
	if (n->host) {
		const struct policy_host *h = store_host(j->config.store, n->name);
		return h && good(j, h->as_of_s, h->addresses_ttl_s);
	}
	const struct policy_domain *d = store_domain(j->config.store, n->name);
	return d && good(j, d->as_of_s, d->mx_ttl_s);
}

static size_t names_of(struct judge *j, struct candidate_name names[HOLD_NAMES], const struct facts *f)
{
	struct candidate_hint hints[JUDGE_HINTS_MAX];
	size_t n = judge_hints(j, hints, f);
	return candidates_wanted(names, HOLD_NAMES, f, hints, n);
}

// True when something is on its way. What is not known is asked for each time: whoever answers knows what was asked already.
static bool missing(struct judge *j, const struct facts *f)
{
	struct candidate_name names[HOLD_NAMES];
	size_t n = names_of(j, names, f);
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		if (known(j, &names[i]))
			continue;
		enum expect_kind kind = names[i].host ? EXPECT_OF_HOST : EXPECT_OF_DOMAIN;
		any |= j->config.expect->want(j->config.expect_ctx, kind, names[i].name, false) == 0;
	}
	return any;
}

static void hold(struct judge *j, struct judge_entry *e)
{
	if (e->policy != POLICY_PENDING)
		judge_sessions_hold(&j->sessions, e, now_ns(j) + j->config.hold_ns);
}

void judge_ask(struct judge *j, struct judge_entry *e, const struct facts *f)
{
	if (!e->gave_up && missing(j, f))
		hold(j, e);
}

// What was shown fits no record, as far as we know: before that is told, DNS is asked again, past every cache.
bool judge_ask_again(struct judge *j, struct judge_entry *e, const struct session *s)
{
	if (!j->config.expect || e->asked_again_s || e->gave_up || !dane_contradicts(s->expect.outcome))
		return false;
	e->asked_again_s = (int64_t)(now_ns(j) / 1000000000);
	if (j->config.expect->want(j->config.expect_ctx, EXPECT_OF_HOST, s->expect.mx, true) != 0)
		return false;
	hold(j, e);
	return true;
}

static bool answered(struct judge *j, struct judge_entry *e)
{
	const struct facts *f = judge_sessions_facts(&j->sessions, e);
	struct expectation now;

	if (missing(j, f))
		return false;
	if (!e->asked_again_s)
		return true;
	judge_expect(j, &now, f, judge_sessions_peer(&j->sessions, e, false));
	const struct policy_host *h = store_host(j->config.store, now.mx);
	return h && h->as_of_s >= e->asked_again_s;
}

void judge_resolve(struct judge *j, struct judge_entry *e)
{
	judge_sessions_release(&j->sessions, e);
	judge_evaluate(j, &j->session, judge_sessions_facts(&j->sessions, e), NULL, e);
	if (judge_ask_again(j, e, &j->session))
		return;
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
	const struct facts *f = judge_sessions_facts(&j->sessions, e);

	judge_evaluate(j, &j->strict, f, &judge_enforced, e);
	judge_evaluate(j, &j->session, f, NULL, e);
	struct judge_moment dry = {.dry = true, .strict = &j->strict};
	j->summary.held_unanswered += judge_tell(j, &dry);
	e->gave_up = true;
	judge_resolve(j, e);
}

void judge_answers(struct judge *j, bool all)
{
	const struct expect_ops *ops = j->config.expect;
	struct judge_entry *e, *next;

	if (!ops || !judge_sessions_held(&j->sessions))
		return;
	if (ops->poll(j->config.expect_ctx, j->config.store))
		for (e = judge_sessions_held(&j->sessions); e; e = next) {
			next = judge_sessions_held_after(&j->sessions, e);
			if (answered(j, e))
				judge_resolve(j, e);
		}
	uint64_t until_ns = all ? UINT64_MAX : now_ns(j);
	while ((e = judge_sessions_held(&j->sessions)) && e->deadline_ns <= until_ns)
		give_up(j, e);
}

bool judge_waiting(struct judge *j)
{
	judge_answers(j, false);
	return j->config.expect && judge_sessions_held(&j->sessions);
}

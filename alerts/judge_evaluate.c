// Facts and an expectation to a concluded session: state, verdict, direction, and the findings the operator wants.
#include "alerts/judge_private.h"
#include "alerts/state.h"

#include <string.h>

// Disabled findings vanish everywhere; severities are the operator's last word.
static void apply_settings(const struct judge *j, struct session *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_findings; i++) {
		size_t row = (size_t)(s->findings[i].row - catalogue);
		if (j->disabled[row])
			continue;
		if (n != i)
			s->findings[n] = s->findings[i];
		if (j->config.severity[row] >= 0)
			s->findings[n].severity = (uint8_t)j->config.severity[row];
		n++;
	}
	s->n_findings = n;
}

void judge_conclude(struct judge *j, struct session *s, const struct facts *f, const struct peer *peer,
                    const struct expectation *expect)
{
	s->facts = f;
	s->peer = peer;
	s->tap = j->config.tap;
	s->store = judge_store_name(j);
	s->final = f->conn.end != END_OPEN && f->conn.end != END_EVICTED;
	s->expect = expect ? *expect : (struct expectation){0};
	s->state = state_of(f);
	s->direction = judge_direction(&j->config, &f->conn);
	s->flow_id = record_flow_id(f, j->config.tap);
	record_session_id(s->id, f, j->config.tap);
	verdict_of(s);
}

// What is known of the ends, and the full handshake that a resumed session goes back to.
static const struct peer *peer_of(struct judge *j, struct judge_entry *e, const struct facts *f)
{
	char link[RECORD_ID_LEN + 1] = "";
	struct peer *p;

	resumed_take(j->resumed, f, e->id, link);
	p = judge_sessions_peer(&j->sessions, e, link[0]);
	if (link[0])
		memcpy(p->linked, link, sizeof(link));
	return p;
}

// What was offered before belongs to the reasons of a session that got no offer.
static void why_history(const struct judge *j, struct session *s)
{
	const struct smtp_facts *m = &s->facts->smtp;
	bool without = m->offer == OFFER_NO || m->offer == OFFER_MASKED || m->offer == OFFER_MALFORMED || m->ehlo_refused_code;

	if (!without || s->n_why == SESSION_WHY_MAX)
		return;
	history_offered_text(s->why[s->n_why], j->history, s->facts);
	s->n_why += s->why[s->n_why][0] != '\0';
}

void judge_evaluate(struct judge *j, struct session *s, const struct facts *f, const struct expectation *expect,
                    struct judge_entry *e)
{
	if (e && !e->id[0]) {
		e->flow_id = record_flow_id(f, j->config.tap);
		record_session_id(e->id, f, j->config.tap);
	}
	judge_conclude(j, s, f, e ? peer_of(j, e, f) : NULL, expect);
	if (e) { // what a session was first called is what it is called
		s->flow_id = e->flow_id;
		memcpy(s->id, e->id, sizeof(s->id));
	}
	why_history(j, s);
	rules_apply(s, j->memory);
	apply_settings(j, s);
}

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
	judge_exempt(j->inventory, s);
}

// An old trust store is told once, with the first session that was judged with it: no alert is without a session.
static uint32_t store_age(struct judge *j, const struct session *s)
{
	int64_t newest_s = judge_peers_store_newest(j->peers);
	int64_t age_s = conn_start_s(&s->facts->conn) - newest_s;

	if (!j->config.store_age_days || !newest_s || age_s / 86400 <= j->config.store_age_days)
		return 0;
	if (!j->store_is_told) {
		if (!s->peer || s->peer->trust == TRUST_NOT_JUDGED || s->facts->conn.outside_mail)
			return 0;
		j->store_is_told = true;
		j->store_told = s->facts->birth;
	}
	return j->store_told == s->facts->birth ? (uint32_t)(age_s / 86400) : 0;
}

const char *judge_tap_name(const struct judge *j, const struct facts *f)
{
	const char *name = j->config.taps[f->conn.tap].name;
	return name ? name : "";
}

void judge_conclude(struct judge *j, struct session *s, const struct facts *f, const struct peer *peer,
                    const struct expectation *expect)
{
	s->facts = f;
	s->peer = peer;
	s->tap = judge_tap_name(j, f);
	s->side = j->config.taps[f->conn.tap].side;
	s->pair = (struct session_pair){.name = NULL};
	s->sources = &j->sources;
	s->inventory = j->inventory;
	s->store = judge_store_name(j);
	s->final = f->conn.end != END_OPEN && f->conn.end != END_EVICTED;
	s->loss = j->loss.intervals && loss_overlaps(&j->loss, f->conn.tap, f->conn.start_ns, f->conn.last_ns);
	s->expect = expect ? *expect : (struct expectation){0};
	s->state = state_of(f);
	s->direction = judge_direction(j->inventory, &f->conn);
	s->flow_id = record_flow_id(f, s->tap);
	record_session_id(s->id, f, s->tap);
	verdict_of(s);
}

// A resumption shows no certificates; one that did would have its own.
static void inherit(struct peer *p, const struct resumed_from *from)
{
	if (peer_shown(p->chain_sha256) || !peer_shown(from->chain_sha256))
		return;
	memcpy(p->chain_sha256, from->chain_sha256, sizeof(p->chain_sha256));
	p->chain_inherited = true;
}

// What is known of the ends, and the full handshake that a resumed session goes back to.
static const struct peer *peer_of(struct judge *j, struct judge_entry *e, const struct facts *f)
{
	struct peer *p = judge_sessions_peer(&j->sessions, e, false);
	struct resumed_from own = {0}, from;

	memcpy(own.session, e->id, sizeof(own.session));
	if (p && !p->chain_inherited)
		memcpy(own.chain_sha256, p->chain_sha256, sizeof(own.chain_sha256));
	resumed_take(j->resumed, f, &own, &from);
	if (!from.session[0])
		return p;
	p = judge_sessions_peer(&j->sessions, e, true);
	memcpy(p->linked, from.session, sizeof(p->linked));
	inherit(p, &from);
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
		e->flow_id = record_flow_id(f, judge_tap_name(j, f));
		record_session_id(e->id, f, judge_tap_name(j, f));
	}
	const struct peer *peer = e ? peer_of(j, e, f) : NULL;
	struct expectation now;
	if (!expect)
		judge_expect(j, &now, f, peer);
	judge_conclude(j, s, f, peer, expect ? expect : &now);
	if (e) { // what a session was first called is what it is called
		s->flow_id = e->flow_id;
		memcpy(s->id, e->id, sizeof(s->id));
	}
	why_history(j, s);
	s->store_age_days = store_age(j, s);
	rules_apply(s, j->memory, j->twins);
	apply_settings(j, s);
}

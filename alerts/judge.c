// Takes messages in order and drives the rest of the judge.
//
// A session passes here several times: while it is open, when TLS is sealed, at its end. Each time everything is
// concluded anew from the facts so far; the table of sessions only remembers what must not be told twice and what no
// later message will repeat.
#include "alerts/expect/dane.h"
#include "alerts/judge_private.h"

#include "hw/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int open_history(struct judge *j, const char **bad_path)
{
	char why[HISTORY_ERROR];
	int r = history_open(&j->history, j->config.state, why);

	if (r && j->config.state && bad_path)
		*bad_path = j->config.state;
	if (r && why[0])
		log_error("state", "%s: %s", j->config.state, why);
	return r;
}

static int open_evidence(struct judge *j, const char **bad_path)
{
	int r = evidence_open(&j->evidence, j->config.evidence);

	if (r && bad_path)
		*bad_path = j->config.evidence->dir;
	j->config.evidence = NULL; // borrowed for the open
	return r;
}

int judge_open(struct judge **out, const struct judge_config *config, const char **bad_path)
{
	struct judge *j = calloc(1, sizeof(*j));
	const struct dedup_config repeats = {
		.keys_max = DEDUP_KEYS_MAX, .kept_len = judge_kept_len(), .update = judge_tell_update,
		.may_tell = judge_may_tell, .ctx = j};
	int r;

	if (!j)
		return -ENOMEM;
	j->config = *config;
	j->summary.worst_alert_severity = -1;
	r = judge_sessions_open(&j->sessions, config->sessions_max ? config->sessions_max : 1);
	if (!r)
		r = rules_memory_open(&j->memory);
	if (!r)
		r = open_history(j, bad_path);
	if (!r) {
		judge_use(j, config);
		rules_memory_use(j->memory, j->history);
	}
	if (!r)
		r = dedup_open(&j->dedup, &repeats);
	if (!r)
		r = pair_table_open(&j->waiting, config->n_pairs ? config->sessions_max : 0);
	if (!r)
		r = resumed_open(&j->resumed);
	if (!r && config->inventory)
		r = inventory_open(&j->inventory, config->inventory);
	if (!r)
		r = seen_open(&j->seen);
	if (!r)
		r = race_open(&j->race);
	j->sources = (struct rules_sources){.seen = j->seen, .race = j->race, .store = config->store};
	if (!r)
		r = judge_peers_open(&j->peers, config, bad_path);
	if (!r && config->evidence)
		r = open_evidence(j, bad_path);
	if (r) {
		judge_close(&j);
		return r;
	}
	*out = j;
	return 0;
}

void judge_close(struct judge **j)
{
	if (!*j)
		return;
	judge_protocols_close(*j);
	evidence_close(&(*j)->evidence);
	judge_peers_close(&(*j)->peers);
	race_close(&(*j)->race);
	seen_close(&(*j)->seen);
	inventory_close(&(*j)->inventory);
	resumed_close(&(*j)->resumed);
	pair_table_close(&(*j)->waiting);
	dedup_close(&(*j)->dedup);
	rules_memory_close(&(*j)->memory);
	history_close(&(*j)->history);
	judge_sessions_close(&(*j)->sessions);
	free(*j);
	*j = NULL;
}

// The session touched longest ago leaves the table. One whose record only we can write is told now, as what it is known
// to be; one that is still open in its worker will come back, and may repeat what it was told with.
static void evict(struct judge *j)
{
	struct judge_entry *e = judge_sessions_oldest(&j->sessions);
	if (e->waiting) {
		judge_pair_alone(j, e);
		return;
	}
	struct facts *f = judge_sessions_facts(&j->sessions, e);
	bool last = e->sealed || e->ended;

	if (last && !e->ended)
		f->conn.end = END_EVICTED;
	e->ended = last;
	j->summary.evicted += last;
	e->gave_up = true;
	if (e->policy == POLICY_PENDING) {
		judge_resolve(j, e);
		if (last)
			return; // resolving told it and dropped it
	} else if (last) {
		judge_evaluate(j, &j->session, f, NULL, e);
		judge_end(j, e->reopened);
	}
	judge_sessions_drop(&j->sessions, e);
}

static struct judge_entry *entry_of(struct judge *j, const struct message *m, bool make)
{
	struct judge_entry *e = judge_sessions_find(&j->sessions, m->birth);

	if (e || !make)
		return e;
	e = judge_sessions_add(&j->sessions, m->birth);
	if (!e) {
		evict(j);
		e = judge_sessions_add(&j->sessions, m->birth);
	}
	e->worker = m->worker;
	return e;
}

static void take_handshake(struct judge *j, const struct message_handshake *m)
{
	struct judge_entry *e = entry_of(j, &m->head, true);

	judge_peers_take(j->peers, judge_sessions_peer(&j->sessions, e, true), m);
}

// Tells what is due now of `f` and, when it is the last word, the record. `e` may be NULL: nothing to remember.
static void conclude(struct judge *j, struct judge_entry *e, const struct facts *f, const struct message *m, bool last)
{
	struct judge_moment at = {.entry = e, .time_ns = m->time_ns, .frame = f->conn.last_frame};
	at.more = !last && !(e && e->sealed);
	bool pending = e && e->policy == POLICY_PENDING;

	if (pending) {
		judge_evaluate(j, &j->strict, f, &judge_enforced, e);
		at.strict = &j->strict;
	}
	judge_evaluate(j, &j->session, f, NULL, e);
	if (!pending && e && judge_ask_again(j, e, &j->session)) {
		if (!e->sealed)
			judge_sessions_keep(&j->sessions, e, f);
		struct expectation fits = j->session.expect;
		fits.outcome = DANE_OUTCOME_MATCH;
		judge_evaluate(j, &j->strict, f, &fits, e);
		at.strict = &j->strict;
		pending = true;
	}
	judge_tell(j, &at);
	if (pending) {
		e->time_ns = m->time_ns;
		e->frame = f->conn.last_frame;
		e->ended = last;
	} else if (last) {
		if (e) {
			e->time_ns = m->time_ns;
			e->frame = f->conn.last_frame;
			e->ended = true;
		}
		judge_pair_end(j, e);
	}
}

// Of two versions of a session the worse one is told: in the order of the verdicts, then of the states (DESIGN section 4).
static const struct facts *worse_of(struct judge *j, const struct message_session *m)
{
	const struct facts *first = &m->facts, *other = message_session_other(m);

	if (!other)
		return first;
	judge_conclude(j, &j->session, first, NULL, NULL);
	enum verdict verdict = j->session.verdict;
	enum state state = j->session.state;
	judge_conclude(j, &j->session, other, NULL, NULL);
	if (j->session.verdict != verdict)
		return j->session.verdict < verdict ? other : first;
	if (j->session.state == state) // of two that are equally bad the one that makes more sense
		return other->tls.completed && !first->tls.completed ? other : first;
	// What was not offered is worse than what was not used.
	bool unused = state == STATE_PLAIN_OFFERED_UNUSED && j->session.state == STATE_PLAIN_NOT_OFFERED;
	bool taken = state == STATE_PLAIN_NOT_OFFERED && j->session.state == STATE_PLAIN_OFFERED_UNUSED;
	return unused || (!taken && j->session.state < state) ? other : first;
}

static void take_session(struct judge *j, const struct message_session *m)
{
	struct facts *f = &j->facts;
	bool last = m->facts.conn.end != END_OPEN;
	const struct facts *told = worse_of(j, m);

	memcpy(f, told, facts_len(told));
	const struct facts *other = message_session_other(m);
	f->path.offers_differ = other && pair_offer_gone(&m->facts.smtp, &other->smtp);
	// Connections without payload are counted, not described.
	if (!f->conn.payload[DIR_C2S] && !f->conn.payload[DIR_S2C]) {
		if (last && j->evidence)
			evidence_forget(j->evidence, f->birth);
		return;
	}
	struct judge_entry *e = entry_of(j, &m->head, j->config.expect || !last || judge_pair_wanted(j, f));
	if (j->config.expect)
		judge_ask(j, e, f);
	if (m->sealed && !last)
		e->sealed = true;
	// Live, whoever tells the rest may be gone before it is told.
	if (e && (e->sealed || e->policy == POLICY_PENDING || j->config.sensor))
		judge_sessions_keep(&j->sessions, e, f);
	conclude(j, e, f, &m->head, last);
}

static void take_end(struct judge *j, const struct message_end *m)
{
	struct judge_entry *e = entry_of(j, &m->head, false);

	j->summary.ends_unknown += !e;
	// Told early when the table was full, or never sealed.
	if (!e || !e->sealed || e->ended)
		return;
	struct facts *kept = judge_sessions_facts(&j->sessions, e);
	struct conn_facts *c = &kept->conn;
	c->end = m->end;
	c->last_frame = m->last_frame;
	c->last_ns = m->last_ns;
	for (size_t d = 0; d < 2; d++) {
		c->fin[d] = m->fin[d];
		c->rst[d] = m->rst[d];
		c->pkts[d] = m->pkts[d];
		c->octets[d] = m->octets[d];
		c->after_seal[d] = m->payload_octets[d] > c->payload_octets[d] ? m->payload_octets[d] - c->payload_octets[d] : 0;
		c->payload_octets[d] = m->payload_octets[d];
	}
	c->ambiguous |= m->ambiguous;
	kept->path.both_read &= !m->ambiguous; // what was met since is on no tape
	if (m->conflict && !kept->path.n_conflicts) {
		kept->path.n_conflicts = 1;
		kept->path.conflict_dir = m->conflict_dir;
		kept->path.conflict_off = m->conflict_off;
		kept->path.conflict_len = m->conflict_len;
		kept->path.conflict_mark[1] = (struct mark){.frame = m->conflict_frame};
	}
	e->reopened = m->reopened;
	memcpy(&j->facts, kept, facts_len(kept));
	conclude(j, e, &j->facts, &m->head, true);
}

void judge_gone(struct judge *j, struct judge_entry *e)
{
	struct facts *kept = judge_sessions_facts(&j->sessions, e);
	const struct message head = {.time_ns = j->now_ns};

	kept->conn.end = END_EVICTED;
	memcpy(&j->facts, kept, facts_len(kept));
	conclude(j, e, &j->facts, &head, true);
}

// Counters of the newest message of every worker, as one. `last`: no more will come of anyone.
static void tell_stats(struct judge *j, const struct message *head, bool last)
{
	struct message_counters all = {.head = *head, .last = last};
	struct record_config c = j->config.record;

	if (!c.start_ns)
		c.start_ns = j->summary.first_ns;

	judge_sum_workers(j, &all);
	judge_write(j, RECORD_STATS,
		record_stats(j->line, &c, &all, j->summary.by_state, j->summary.by_verdict, j->summary.alerts));
}

int judge_take(struct judge *j, const struct message *m, size_t len)
{
	if (j->config.sensor && len <= MESSAGE_LEN_MAX) // whoever wrote it may be another process, and no friend: it shall not change any more
		m = memcpy(j->own, m, len);
	if (!judge_check(m, len)) {
		if (j->config.sensor) // whoever runs it tells it, once
			return -EBADMSG;
		log_error("judge", "a message of worker %u makes no sense; restart the sensor",
			len >= sizeof(*m) ? m->worker : 0);
		return -EBADMSG;
	}
	if (m->type == MESSAGE_SENSOR) { // its time is the wall clock's
		judge_trouble(j, (const struct message_sensor *)m);
		return 0;
	}
	judge_time(j, m->time_ns);
	switch ((enum message_type)m->type) {
	case MESSAGE_SESSION:
		take_session(j, (const struct message_session *)m);
		break;
	case MESSAGE_END:
		take_end(j, (const struct message_end *)m);
		break;
	case MESSAGE_HANDSHAKE:
		take_handshake(j, (const struct message_handshake *)m);
		break;
	case MESSAGE_DNS:
		judge_dns(j, (const struct message_dns *)m);
		break;
	case MESSAGE_ANOMALY:
		judge_write(j, RECORD_ANOMALY, record_anomaly(j->line, &j->config.record, (const struct message_anomaly *)m));
		break;
	case MESSAGE_EVIDENCE:
		if (j->evidence)
			evidence_take(j->evidence, (const struct message_evidence *)m);
		break;
	case MESSAGE_PROTOCOLS:
		judge_protocols_take(j, (const struct message_protocols *)m);
		break;
	case MESSAGE_SENSOR:
		break;
	case MESSAGE_COUNTERS:
		judge_count_workers(j, (const struct message_counters *)m);
		// The last ones are told together at the end; live it is the heartbeat that tells.
		if (!j->config.sensor && !((const struct message_counters *)m)->last)
			tell_stats(j, m, false);
		break;
	}
	return 0;
}

const char *judge_store_name(const struct judge *j)
{
	return judge_peers_store(j->peers);
}

void judge_finish(struct judge *j)
{
	const struct message head = {.time_ns = j->now_ns};

	judge_answers(j, true);
	judge_pair_settle(j, UINT64_MAX);
	// What is left was sealed by a worker that never told its end, or only remembered.
	while (judge_sessions_oldest(&j->sessions))
		evict(j);
	judge_dns_due(j, true);
	dedup_finish(j->dedup);
	judge_storm_due(j, j->now_ns, true);
	judge_peers_count(j->peers, &j->summary);
	history_flush(j->history);
	j->summary.history = history_counts(j->history);
	if (j->config.sensor)
		judge_heartbeat_tell(j, true);
	j->finished = true;
	if (j->stats_told && !j->config.sensor)
		tell_stats(j, &head, true);
}

// What the summary counts, and where each number comes from.
#include "alerts/judge_private.h"

#include "alerts/quality.h"

#include <stdio.h>
#include <string.h>

const char *const judge_tls_version_names[8] = {
	"none", "SSLv2", "SSLv3", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3", "unknown"};

static const uint16_t tls_versions[8] = {0, 0x0002, 0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0};
enum { VERSION_NONE = 0, VERSION_UNKNOWN = 7 };

static size_t version_of(const struct tls_facts *t)
{
	if (!t->completed)
		return VERSION_NONE;
	for (size_t i = 1; i < VERSION_UNKNOWN; i++)
		if (t->server_hello && t->server_version == tls_versions[i])
			return i;
	return VERSION_UNKNOWN;
}

// Whoever asks to explain the example must find in it what the line above it says: the loudest, then the surest, and of
// equals one that was told, then the first.
static bool better(const struct judge_example *e, const struct finding *f, bool told)
{
	if (!e->n && !e->alerts)
		return true;
	if (f->severity != e->worst_severity)
		return f->severity > e->worst_severity;
	if (f->confidence != e->best_confidence)
		return f->confidence > e->best_confidence;
	return told && !e->alert_id[0];
}

// Counts nothing. `alert_id` is NULL for a session's record.
static struct judge_example *example(struct judge *j, const struct session *s, const struct finding *f,
                                     const char *alert_id)
{
	struct judge_example *e = &j->summary.finding[f->row - catalogue];

	if (!better(e, f, alert_id)) {
		// Its last word on the same thing: told early, the detail said how far things had come.
		if (!alert_id && strcmp(e->session_id, s->id) == 0 && f->severity == e->worst_severity && f->confidence == e->best_confidence)
			memcpy(e->detail, f->detail, sizeof(e->detail));
		return e;
	}
	// The same session at its end is still told best by the alert it gave, as long as that said as much.
	bool grew = f->severity != e->worst_severity || f->confidence != e->best_confidence;
	if (alert_id || grew)
		snprintf(e->alert_id, sizeof(e->alert_id), "%s", alert_id ? alert_id : "");
	memcpy(e->session_id, s->id, sizeof(e->session_id));
	memcpy(e->src, s->facts->conn.src, sizeof(e->src));
	memcpy(e->dst, s->facts->conn.dst, sizeof(e->dst));
	memcpy(e->detail, f->detail, sizeof(e->detail));
	e->src_port = s->facts->conn.src_port;
	e->dst_port = s->facts->conn.dst_port;
	e->ip_v = s->facts->conn.ip_v;
	e->worst_severity = f->severity;
	e->best_confidence = f->confidence;
	return e;
}

void judge_count_session(struct judge *j, const struct session *s)
{
	struct judge_summary *sum = &j->summary;
	const struct conn_facts *c = &s->facts->conn;
	uint8_t q = quality_of_conn(s->facts);

	sum->sessions++;
	sum->by_state[s->state]++;
	sum->by_verdict[s->verdict]++;
	sum->by_tls_version[version_of(&s->facts->tls)]++;
	if (s->facts->tls.completed)
		sum->by_peer_cert[session_peer_cert(s)]++;
	if (s->peer && s->peer->keylog != KEYLOG_OFF)
		sum->by_keylog[s->peer->keylog]++;
	for (int i = 0; s->verdict == VERDICT_WEAK && i < WEAK_N; i++)
		sum->by_weak[i] += (weak_of(s) & 1 << i) != 0;
	sum->blind_gap += (q & Q_GAP) != 0;
	sum->blind_one_direction += (q & Q_ONE_DIR) != 0;
	sum->blind_midstream += (q & Q_MIDSTREAM) != 0;
	sum->blind_truncated += quality_cut(s->facts);
	sum->blind_ambiguous += (q & Q_AMBIG) != 0;
	sum->sessions_loss += s->loss;
	sum->blind_evicted += c->end == END_EVICTED;
	if (c->start_ns && (!sum->first_ns || c->start_ns < sum->first_ns))
		sum->first_ns = c->start_ns;
	judge_count_exempt(j->inventory, s, sum);
	for (size_t i = 0; i < s->n_findings; i++)
		example(j, s, &s->findings[i], NULL)->n++;
}

void judge_count_alert(struct judge *j, const struct record_alert *a)
{
	example(j, a->session, a->root, a->id)->alerts++;
	j->summary.alerts++;
	if (j->summary.worst_alert_severity < a->root->severity)
		j->summary.worst_alert_severity = a->root->severity;
}

void judge_count_trouble(struct judge *j, const struct record_sensor *a)
{
	struct judge_example *e = &j->summary.finding[a->root->row - catalogue];

	e->alerts++;
	j->summary.alerts++;
	if (j->summary.worst_alert_severity < a->root->severity)
		j->summary.worst_alert_severity = a->root->severity;
	if (e->alerts > 1 && a->root->severity <= e->worst_severity)
		return;
	e->worst_severity = a->root->severity;
	e->best_confidence = a->root->confidence;
	memcpy(e->alert_id, a->id, sizeof(e->alert_id));
	memcpy(e->detail, a->root->detail, sizeof(e->detail));
}

void judge_sum_workers(const struct judge *j, struct message_counters *all)
{
	for (size_t w = 0; w < JUDGE_WORKERS_MAX; w++) {
		all->flows_now += j->counters[w].flows_now;
		all->sessions_now += j->counters[w].sessions_now;
		all->memory_octets += j->counters[w].memory_octets;
	}
	memcpy(all->counter, j->summary.counter, sizeof(all->counter));
}

// A worker's counters only grow: its newest message replaces the one before in the sum.
void judge_count_workers(struct judge *j, const struct message_counters *m)
{
	struct message_counters *mine = &j->counters[m->head.worker];

	for (size_t i = 0; i < DISSECT_COUNTERS; i++)
		j->summary.counter[i] += m->counter[i] - mine->counter[i];
	*mine = *m;
	j->stats_told = true;
	j->summary.checksum_accepted = j->summary.counter[COUNT_tcp_checksum_accepted];
}

const struct judge_summary *judge_summary(const struct judge *j)
{
	return &j->summary;
}

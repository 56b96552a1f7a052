// What is told once a session: its record, the compatibility copy, and anomalies of its transport and dialogue.
#include "alerts/judge_private.h"

static bool gaps(const struct facts *f)
{
	return f->conn.gaps[0] || f->conn.gaps[1];
}

static bool overlap(const struct facts *f)
{
	return f->conn.overlaps_differ > 0;
}

static bool evicted_bytes(const struct facts *f)
{
	return f->conn.evicted_bytes;
}

static bool bad_checksum(const struct facts *f)
{
	return f->conn.bad_checksums > 0;
}

static bool malformed_reply(const struct facts *f)
{
	return f->smtp.oddities & (ODD_REPLY_NO_CODE | ODD_REPLY_MIXED_CODE | ODD_REPLY_NO_CRLF | ODD_REPLY_HYPHEN_LAST);
}

static bool unmatched_reply(const struct facts *f)
{
	return f->smtp.n_unmatched > 0;
}

static bool unbounded_line(const struct facts *f)
{
	return f->smtp.oddities & ODD_LINE_UNBOUNDED;
}

static bool too_many_pending(const struct facts *f)
{
	return f->smtp.oddities & ODD_TOO_MANY_PENDING;
}

static const struct {
	const char *layer, *event;
	bool (*holds)(const struct facts *f);
} anomalies[] = {
	{"stream", "tcp_gap", gaps},
	{"stream", "overlap_differs", overlap},
	{"stream", "reassembly_evicted", evicted_bytes},
	{"stream", "bad_checksum", bad_checksum},
	{"applayer", "smtp_reply_malformed", malformed_reply},
	{"applayer", "smtp_reply_unmatched", unmatched_reply},
	{"applayer", "smtp_line_unbounded", unbounded_line},
	{"applayer", "smtp_too_many_pending", too_many_pending},
};

static void write_line(struct judge *j, const struct record_about *about, size_t len)
{
	if (!len)
		return;
	j->line[len] = '\n';
	j->summary.records++;
	j->config.write(j->config.write_ctx, about, j->line, len + 1);
}

void judge_write(struct judge *j, enum record_type type, size_t len)
{
	const struct record_about about = {.type = type, .time_ns = type == RECORD_STATS && j->wall_ns ? j->wall_ns : j->now_ns};
	write_line(j, &about, len);
}

void judge_write_alert(struct judge *j, const struct finding *root, uint64_t time_ns, size_t len)
{
	const struct record_about about = {.type = RECORD_ALERT, .severity = root->severity, .confidence = root->confidence,
		.signature_id = root->row->signature_id, .time_ns = time_ns};
	write_line(j, &about, len);
}

static void tell_end(struct judge *j, bool reopened)
{
	const struct session *s = &j->session;
	const struct record_config *rc = &j->config.record;

	if (s->facts->conn.outside_mail) { // told because it was asked for; it is no mail session and counts as none
		if (record_tls_known(s))
			judge_write(j, RECORD_TLS, record_tls(j->line, rc, s));
		return;
	}
	judge_count_session(j, s);
	if (j->config.observe)
		j->config.observe(j->config.observe_ctx, s, NULL);
	judge_write(j, RECORD_SMTP, record_smtp(j->line, rc, s));
	if (j->config.tls_records && record_tls_known(s))
		judge_write(j, RECORD_TLS, record_tls(j->line, rc, s));
	for (size_t i = 0; i < sizeof(anomalies) / sizeof(anomalies[0]); i++)
		if (anomalies[i].holds(s->facts))
			judge_write(j, RECORD_ANOMALY,
				record_session_anomaly(j->line, rc, s, anomalies[i].layer, anomalies[i].event));
	if (reopened)
		judge_write(j, RECORD_ANOMALY, record_session_anomaly(j->line, rc, s, "stream", "rst_contradicted"));
	history_learn(j->history, s);
}

void judge_end(struct judge *j, bool reopened)
{
	tell_end(j, reopened);
	if (j->evidence)
		evidence_forget(j->evidence, j->session.facts->birth);
}

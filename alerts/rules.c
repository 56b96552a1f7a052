// Runs the table of rules over a session and turns claims into findings.
#include "alerts/rules.h"

#include "alerts/rules/rule.h"

#include <stdio.h>
#include <string.h>

static const struct peer nothing;
static const struct rules_sources no_sources;

// Exposure on loopback is no exposure: a mail shield, a content filter, a test. What somebody attacks there stays.
static bool harmless_on_loopback(const struct catalogue_row *row)
{
	static const char *const exposure[] = {"SMTP TLS downgrade", "SMTP TLS failure", "SMTP TLS policy",
		"SMTP cleartext exposure", "SMTP credential exposure", "Middlebox interference"};

	for (size_t i = 0; i < sizeof(exposure) / sizeof(exposure[0]); i++)
		if (strcmp(row->category, exposure[i]) == 0)
			return true;
	return false;
}

// The octets that a claim rests on may be those that came in two versions, or stand behind them. That is known only afterwards.
static bool in_two_versions(const struct claim *c, const struct facts *f)
{
	uint32_t since = f->path.conflict_mark[0].frame; // 0: which segment it was is not known

	if (f->path.n_desync)
		return true;
	for (size_t i = 0; i < c->n_frames; i++)
		if (c->frames[i] >= since)
			return f->path.n_conflicts;
	return false;
}

static void settle(struct finding *out, const struct catalogue_row *row, struct claim *c, const struct facts *f)
{
	// What is missing of the whole connection is missing at every place of it, also where a place was never marked.
	c->quality |= quality_of_conn(f) & (Q_ONE_DIR | Q_MIDSTREAM);
	if (strcmp(row->category, "Path tampering") != 0 && in_two_versions(c, f))
		c->quality |= Q_AMBIG;
	// Two versions of the same octets: no single outcome is more than a suspicion (DESIGN section 4).
	if (c->quality & Q_AMBIG)
		claim_cap(c, CONFIDENCE_SUSPECT);
	if (rule_loopback(&f->conn) && harmless_on_loopback(row)) {
		size_t len = strlen(c->detail);
		c->severity = SEVERITY_INFO;
		snprintf(c->detail + len, sizeof(c->detail) - len, ":loopback");
	}
	uint8_t severity = c->severity == CLAIM_DEFAULT ? (uint8_t)row->severity : c->severity;
	*out = (struct finding){
		.row = row,
		.confidence = c->confidence,
		.severity = severity < c->severity_most ? severity : c->severity_most,
		.subject = c->subject == CLAIM_DEFAULT ? (uint8_t)row->subject : c->subject,
		.evidence = evidence_of(c->quality),
		.n_frames = c->n_frames,
		.twin_tells = c->twin_tells,
		.twin_frame = c->twin_frame,
	};
	memcpy(out->frames, c->frames, sizeof(out->frames));
	memcpy(out->detail, c->detail, sizeof(out->detail));
}

void rules_apply(struct session *s, struct rules_memory *memory, const struct pair *twins)
{
	const struct rules_sources *sources = s->sources ? s->sources : &no_sources;
	struct seen_host hosts[SEEN_HOSTS_MAX];
	const struct rule_input in = {
		.facts = s->facts,
		.smtp = &s->facts->smtp,
		.tls = &s->facts->tls,
		.conn = &s->facts->conn,
		.peer = s->peer ? s->peer : &nothing,
		.expect = &s->expect,
		.inventory = s->inventory,
		.store_age_days = s->store_age_days,
		.direction = s->direction,
		.session = s->id,
		.memory = memory,
		.side = s->side,
		.pair = twins,
		.sources = sources,
		.hosts = hosts,
		.n_hosts = sources->seen ? seen_hosts(sources->seen, &s->facts->conn, s->facts->conn.start_ns, hosts, SEEN_HOSTS_MAX) : 0,
		.history = memory ? rules_memory_history(memory) : NULL,
	};

	s->n_findings = 0;
	for (size_t i = 0; i < rules_table_n; i++) {
		struct claim c = {.severity = CLAIM_DEFAULT, .severity_most = CLAIM_DEFAULT, .subject = CLAIM_DEFAULT};
		// Every rule runs, also when there is no room: some of them remember.
		if (!rules_table[i].holds(&in, &c) || s->n_findings == SESSION_FINDINGS_MAX)
			continue;
		const struct catalogue_row *row = catalogue_find(rules_table[i].id);
		if (row)
			settle(&s->findings[s->n_findings++], row, &c, s->facts);
	}
}

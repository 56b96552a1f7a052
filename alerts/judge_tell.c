// Which findings become alerts: one for each root cause, each once a session unless it grows, repeats counted.
#include "alerts/judge_private.h"

#include <string.h>

// What is kept with a counted repeat: the session as it was, so that the update can be told from it.
struct judge_kept {
	struct facts facts;
	struct expectation expect;
	struct peer peer;
	bool peer_known;
	struct finding root;
	uint8_t findings[SESSION_FINDINGS_MAX], related[SESSION_FINDINGS_MAX]; // catalogue indices
	uint8_t n_findings, n_related;
	uint64_t time_ns;
	uint32_t frame;
	bool final;
	struct session_pair pair;
	uint64_t flow_id; // as it was told
	char id[RECORD_ID_LEN + 1];
};

size_t judge_kept_len(void)
{
	return sizeof(struct judge_kept);
}

static uint8_t index_of(const struct catalogue_row *row)
{
	return (uint8_t)(row - catalogue);
}

static bool listed(const char *ids, const char *id)
{
	size_t len = strlen(id);

	for (const char *p = ids; (p = strstr(p, id)); p += len)
		if ((p == ids || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

// True when `g` tells `f`: f's row lists it, and it is loud enough to be an alert and not quieter than `f`. Of two
// equals that list each other, the later row tells.
static bool tells(const struct finding *g, const struct finding *f)
{
	if (g->exempt == EXEMPT_YES)
		return false;
	if (g == f || g->severity == SEVERITY_INFO || g->severity < f->severity ||
	    !listed(f->row->subsumed_by, g->row->id))
		return false;
	return g->severity > f->severity || g->row > f->row || !listed(g->row->subsumed_by, f->row->id);
}

// The loudest finding that tells `f` already, or NULL.
static const struct finding *told_by(const struct session *s, const struct finding *f)
{
	if (!*f->row->subsumed_by)
		return NULL;
	const struct finding *loudest = NULL;
	for (size_t i = 0; i < s->n_findings; i++)
		if (tells(&s->findings[i], f) && (!loudest || s->findings[i].severity > loudest->severity))
			loudest = &s->findings[i];
	return loudest;
}

// Among equals the lists have no cycles (tested), so this ends after at most n_findings steps.
static const struct finding *root_of(const struct session *s, const struct finding *f)
{
	const struct finding *g;

	for (size_t i = 0; i < s->n_findings && (g = told_by(s, f)); i++)
		f = g;
	return f;
}

static bool listed_yet(const struct judge_entry *e, const struct finding *f)
{
	return e && e->listed[index_of(f->row) / 8] & 1 << index_of(f->row) % 8;
}

// What is told, with all it tells.
static void list(struct judge_entry *e, const struct record_alert *a)
{
	if (!e)
		return;
	e->listed[index_of(a->root->row) / 8] |= (uint8_t)(1 << index_of(a->root->row) % 8);
	for (size_t i = 0; i < a->n_related; i++)
		e->listed[index_of(a->related[i]) / 8] |= (uint8_t)(1 << index_of(a->related[i]) % 8);
}

static void relate(const struct session *s, struct record_alert *a)
{
	a->n_related = 0;
	for (size_t i = 0; i < s->n_findings; i++) {
		const struct finding *f = &s->findings[i];
		if (f != a->root && f->severity > SEVERITY_INFO && f->exempt != EXEMPT_YES && root_of(s, f) == a->root)
			a->related[a->n_related++] = f->row;
	}
}

// Would policy change it? Rules are the same, so a finding that is missing there or weighs something else there does.
static bool waits(const struct session *strict, const struct finding *f)
{
	if (!strict)
		return false;
	for (size_t i = 0; i < strict->n_findings; i++)
		if (strict->findings[i].row == f->row)
			return strict->findings[i].severity != f->severity || strict->findings[i].confidence != f->confidence;
	return true;
}

// Notes that `f` is told in this session. False: it was, and has not grown since.
static bool remember(struct judge_entry *e, const struct finding *f)
{
	uint8_t id = index_of(f->row);

	if (!e)
		return true;
	for (size_t i = 0; i < e->n_told; i++) {
		if (e->told[i].finding != id)
			continue;
		if (f->severity <= e->told[i].severity && f->confidence <= e->told[i].confidence)
			return false;
		e->told[i].severity = f->severity > e->told[i].severity ? f->severity : e->told[i].severity;
		e->told[i].confidence = f->confidence > e->told[i].confidence ? f->confidence : e->told[i].confidence;
		return true;
	}
	if (e->n_told == SESSION_FINDINGS_MAX)
		return false;
	e->told[e->n_told].finding = id;
	e->told[e->n_told].severity = f->severity;
	e->told[e->n_told++].confidence = f->confidence;
	return true;
}

static void keep(struct judge_kept *k, const struct session *s, const struct record_alert *a)
{
	memcpy(&k->facts, s->facts, facts_len(s->facts));
	k->expect = s->expect;
	k->peer_known = s->peer != NULL;
	if (s->peer)
		k->peer = *s->peer;
	k->root = *a->root;
	k->n_findings = (uint8_t)s->n_findings;
	for (size_t i = 0; i < s->n_findings; i++)
		k->findings[i] = index_of(s->findings[i].row);
	k->n_related = (uint8_t)a->n_related;
	for (size_t i = 0; i < a->n_related; i++)
		k->related[i] = index_of(a->related[i]);
	k->time_ns = a->time_ns;
	k->frame = a->frame;
	k->final = s->final;
	k->pair = s->pair;
	k->flow_id = s->flow_id;
	memcpy(k->id, s->id, sizeof(k->id));
}

static void write_alert(struct judge *j, struct record_alert *a)
{
	struct evidence_file file;

	if (j->evidence && evidence_write(j->evidence, &j->config.record, a, &file))
		a->evidence = &file;
	judge_count_alert(j, a);
	if (j->config.observe)
		j->config.observe(j->config.observe_ctx, a->session, a);
	judge_write_alert(j, a->root, a->time_ns, record_alert_write(j->line, &j->config.record, a));
	a->evidence = NULL;
}

static void tell_one(struct judge *j, struct record_alert *a, const struct judge_moment *at)
{
	const struct session *s = &j->session;
	const struct conn_facts *c = &s->facts->conn;
	const struct finding *f = a->root;
	struct dedup_offer offer = {
		.key = {.finding = index_of(f->row), .port = c->dst_port, .direction = (uint8_t)s->direction, .ip_v = c->ip_v,
			.tap = c->tap},
		.severity = f->severity,
		.confidence = f->confidence,
		.time_ns = at->time_ns,
		.id = a->id,
	};
	void *kept = NULL;

	a->session = s;
	a->time_ns = at->time_ns;
	a->frame = at->frame;
	memcpy(offer.key.server, c->dst, sizeof(offer.key.server));
	list(at->entry, a);
	record_alert_id(a->id, s->facts, s->tap, at->time_ns, f->row->signature_id,
		at->entry ? at->entry->n_alerts : 0);
	if (at->entry)
		at->entry->n_alerts++;
	j->summary.alerts_offered++;
	enum dedup_outcome outcome = dedup_take(j->dedup, &offer, &a->repeat, &kept);
	if (outcome == DEDUP_TELL)
		write_alert(j, a);
	else if (outcome == DEDUP_COUNTED)
		keep(kept, s, a);
}

bool judge_may_tell(void *ctx, const struct dedup_offer *o)
{
	return judge_valve(ctx, o->time_ns, &(struct finding){.row = &catalogue[o->key.finding], .severity = o->severity}, 1);
}

// Signs of something: what they are signs of may still come.
static const char *const signs[] = {"Middlebox interference", "Path tampering", "SMTP protocol anomaly", "SMTP smuggling"};

// Nobody has to act on a low finding or a mere sign this second, and the rest of the session may show it to be part of
// something louder: told early, it would be a second alert for one cause.
static bool early(const struct finding *f, const struct judge_moment *at)
{
	if (at->more && f->exempt == EXEMPT_PERHAPS)
		return true;
	if (!at->more || f->severity > SEVERITY_MEDIUM)
		return false;
	bool sign = false;
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
		sign |= strcmp(f->row->category, signs[i]) == 0;
	return sign || f->severity == SEVERITY_LOW;
}

// Subsumed by something that was told before it was known, so that no alert of this session names it.
static bool late(const struct session *s, const struct finding *f, const struct judge_moment *at)
{
	return f->severity > SEVERITY_INFO && f->exempt != EXEMPT_YES && !listed_yet(at->entry, f) && listed_yet(at->entry, root_of(s, f)) &&
	       !waits(at->strict, f);
}

// One root alert a session and subject (docs/design/0009): what came too late for its root's alert and asks another
// subject to act gets an alert of its own at the end, with what else came late for that subject.
static void tell_late(struct judge *j, const struct judge_moment *at)
{
	const struct session *s = &j->session;

	for (uint8_t subject = 0; subject <= SUBJECT_SENSOR; subject++) {
		struct record_alert a = {.root = NULL};
		for (size_t i = 0; i < s->n_findings; i++) {
			const struct finding *f = &s->findings[i];
			if (f->subject == subject && f->severity >= SEVERITY_MEDIUM && late(s, f, at) &&
			    root_of(s, f)->subject != subject && (!a.root || f->severity > a.root->severity))
				a.root = f;
		}
		if (!a.root)
			continue;
		for (size_t i = 0; i < s->n_findings; i++)
			if (&s->findings[i] != a.root && s->findings[i].subject == subject && late(s, &s->findings[i], at))
				a.related[a.n_related++] = s->findings[i].row;
		if (remember(at->entry, a.root))
			tell_one(j, &a, at);
	}
}

size_t judge_tell(struct judge *j, const struct judge_moment *at)
{
	const struct session *s = &j->session;
	size_t n_waiting = 0;

	if (s->facts->conn.outside_mail)
		return 0;
	for (size_t i = 0; i < s->n_findings; i++) {
		const struct finding *f = &s->findings[i];
		if (f->severity == SEVERITY_INFO || f->exempt == EXEMPT_YES || f->twin_tells || told_by(s, f))
			continue;
		if (waits(at->strict, f))
			n_waiting++;
		else if (!at->dry && !early(f, at) && remember(at->entry, f)) {
			struct record_alert a = {.root = f};
			relate(s, &a);
			tell_one(j, &a, at);
		}
	}
	if (!at->dry && !at->more)
		tell_late(j, at);
	return n_waiting;
}

// The kept session stands in for all that were counted. Its other findings are known by name only. It is told with its
// own time: a window may end long after it, or in another file of another year.
void judge_tell_update(void *ctx, const struct record_repeat *repeat, const void *kept, uint64_t due_ns)
{
	struct judge *j = ctx;
	const struct judge_kept *k = kept;
	struct session *s = &j->update;
	if (j->disabled[index_of(k->root.row)]) // since it was counted
		return;
	if (!judge_valve(j, due_ns, &k->root, repeat->count))
		return;
	struct record_alert a = {.session = s, .root = &k->root, .repeat = *repeat, .update = true,
		.time_ns = k->time_ns, .frame = k->frame};

	judge_conclude(j, s, &k->facts, k->peer_known ? &k->peer : NULL, &k->expect);
	s->final = k->final;
	s->pair = k->pair;
	s->flow_id = k->flow_id;
	memcpy(s->id, k->id, sizeof(s->id));
	s->n_findings = k->n_findings;
	for (size_t i = 0; i < k->n_findings; i++)
		s->findings[i] = (struct finding){.row = &catalogue[k->findings[i]]};
	a.n_related = k->n_related;
	for (size_t i = 0; i < k->n_related; i++)
		a.related[i] = &catalogue[k->related[i]];
	record_alert_id(a.id, &k->facts, s->tap, k->time_ns, k->root.row->signature_id, UINT32_MAX);
	write_alert(j, &a);
}

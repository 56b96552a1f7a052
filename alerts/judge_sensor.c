// Trouble of the sensor itself: told as alerts that belong to no session, repeats counted, and what it means for sessions.
//
// Windows are those of other alerts (alerts/dedup.h), but run on the wall clock: trouble has no packets. What was counted is
// told as one: the interval from its first to its last, numbers added up.
#include "alerts/judge_private.h"

#include "hw/log.h"

#include <string.h>

enum { LOUD_LOSS = 100 }; // one packet in so many: medium becomes high

static struct judge_trouble *find(struct judge *j, const struct message_sensor *m)
{
	for (size_t i = 0; i < JUDGE_TROUBLES; i++) {
		struct judge_trouble *t = &j->trouble[i];
		if (t->used && t->what.kind == m->kind && t->what.tap == m->tap && strcmp(t->what.text, m->text) == 0)
			return t;
	}
	return NULL;
}

static void tell(struct judge *j, struct judge_trouble *t, const struct record_repeat *repeat, uint32_t ordinal)
{
	const char *tap = t->what.tap < FACTS_TAPS ? j->config.taps[t->what.tap].name : NULL;
	struct finding root = {.row = t->row, .severity = t->severity, .confidence = t->confidence, .subject = SUBJECT_SENSOR,
		.evidence = EVIDENCE_COMPLETE};
	struct record_sensor a = {.what = &t->what, .root = &root, .tap = tap, .goes_on = t->goes_on, .repeat = *repeat};

	sensor_detail(root.detail, sizeof(root.detail), &t->what);
	record_sensor_id(a.id, &t->what, tap, t->row->signature_id, ordinal);
	if (!t->first_id[0])
		memcpy(t->first_id, a.id, sizeof(t->first_id));
	judge_count_trouble(j, &a);
	judge_write_alert(j, &root, t->what.head.time_ns, record_sensor(j->line, &j->config.record, &a));
}

static uint64_t window_s(uint8_t severity)
{
	return severity >= SEVERITY_HIGH ? DEDUP_WINDOW_LOUD_S : DEDUP_WINDOW_QUIET_S;
}

static uint64_t window_end_ns(const struct judge_trouble *t)
{
	return t->start_ns + window_s(t->severity) * 1000000000;
}

static struct record_repeat repeat_of(const struct judge_trouble *t, uint32_t count)
{
	struct record_repeat r = {.count = count, .window_s = (uint32_t)window_s(t->severity)};

	memcpy(r.first_id, t->first_id, sizeof(r.first_id));
	return r;
}

// What was counted is told, if anything was.
static void pay(struct judge *j, struct judge_trouble *t)
{
	struct record_repeat repeat = repeat_of(t, t->count);

	if (!t->count || j->disabled[t->row - catalogue])
		return;
	tell(j, t, &repeat, UINT32_MAX);
	t->count = 0;
}

void judge_trouble_due(struct judge *j)
{
	for (size_t i = 0; i < JUDGE_TROUBLES; i++) {
		struct judge_trouble *t = &j->trouble[i];
		if (!t->used || window_end_ns(t) > j->wall_ns)
			continue;
		if (t->count) {
			pay(j, t);
			t->count = 0;
			t->start_ns = window_end_ns(t);
		} else if (!t->goes_on) {
			t->used = false;
		}
	}
}

void judge_trouble_finish(struct judge *j)
{
	for (size_t i = 0; i < JUDGE_TROUBLES; i++)
		if (j->trouble[i].used)
			pay(j, &j->trouble[i]);
}

// A free place, or that of whoever's window ends first.
static struct judge_trouble *place(struct judge *j)
{
	struct judge_trouble *out = &j->trouble[0];

	for (size_t i = 0; i < JUDGE_TROUBLES; i++) {
		struct judge_trouble *t = &j->trouble[i];
		if (!t->used)
			return t;
		if (window_end_ns(t) < window_end_ns(out))
			out = t;
	}
	pay(j, out);
	return out;
}

// A second message of the same thing: what of it is told later.
static void add(struct judge_trouble *t, const struct message_sensor *m)
{
	struct message_sensor sum = *m;

	if (t->count) { // what was told is not told again
		sum.from_ns = t->what.from_ns < m->from_ns ? t->what.from_ns : m->from_ns;
		sum.to_ns = t->what.to_ns > m->to_ns ? t->what.to_ns : m->to_ns;
		for (size_t i = 0; !sensor_lasts(m->kind) && m->kind != SENSOR_CHILD_RESTARTED && i < LOSS_NUMBERS; i++)
			sum.n[i] += t->what.n[i];
	}
	t->what = sum;
	t->count++;
}

static uint8_t severity_of(const struct judge *j, const struct catalogue_row *row, const struct message_sensor *m)
{
	int8_t operators = j->config.severity[row - catalogue];
	uint64_t lost = sensor_lost(m->n);

	if (operators >= 0)
		return (uint8_t)operators;
	bool much = lost && lost >= (lost + m->n[LOSS_RECEIVED]) / LOUD_LOSS;
	if (m->kind == SENSOR_LOSS && (much || m->n[LOSS_FACTS])) // what was seen and then not told may have been anything
		return row->severity > SEVERITY_HIGH ? row->severity : SEVERITY_HIGH;
	return row->severity;
}

// A fibre that is silent may have nothing to say; the rest was counted or seen.
static uint8_t confidence_of(const struct message_sensor *m)
{
	return m->kind == SENSOR_ARM_LOST && !m->n[1] ? CONFIDENCE_PROBABLE : CONFIDENCE_CERTAIN;
}

static void over(struct judge *j, const struct message_sensor *m)
{
	struct judge_trouble *t = find(j, m);
	char words[FINDING_DETAIL_MAX];

	sensor_detail(words, sizeof(words), m);
	log_info("sensor", "%s is over (%s)", sensor_finding(m->kind), words);
	if (t) {
		t->goes_on = false;
		t->what.to_ns = m->to_ns > t->what.to_ns ? m->to_ns : t->what.to_ns;
	}
}

static void raise_alert(struct judge *j, const struct catalogue_row *row, const struct message_sensor *m, uint8_t severity)
{
	struct judge_trouble *t = find(j, m);
	bool fresh = !t;

	if (fresh) {
		t = place(j);
		*t = (struct judge_trouble){.used = true, .row = row, .what = *m};
	} else {
		add(t, m);
	}
	t->goes_on = sensor_lasts(m->kind);
	uint8_t confidence = confidence_of(m);
	if (!fresh && severity <= t->severity && confidence <= t->confidence)
		return;
	// The first, or louder or surer than all before.
	struct record_repeat repeat;
	t->severity = severity > t->severity ? severity : t->severity;
	t->confidence = confidence > t->confidence ? confidence : t->confidence;
	t->start_ns = j->wall_ns;
	repeat = repeat_of(t, fresh ? 1 : t->count);
	t->count = 0;
	tell(j, t, &repeat, t->n_told++);
}

static void store(struct judge *j)
{
	const struct loss_interval *i = &j->loss.kept[(j->loss.intervals - 1) % LOSS_KEPT];
	const char *tap = i->tap < FACTS_TAPS ? j->config.taps[i->tap].name : NULL;

	history_loss(j->history, i, tap ? tap : "");
}

void judge_trouble(struct judge *j, const struct message_sensor *told)
{
	const struct catalogue_row *row = catalogue_find(sensor_finding(told->kind));
	struct message_sensor sane = *told, *m = &sane;

	if (m->to_ns < m->from_ns) { // somebody set the clock back meanwhile
		m->from_ns = told->to_ns;
		m->to_ns = told->from_ns;
	}
	if (!m->from_ns) // since when is not known: since we heard of anything
		m->from_ns = j->wall_ns && j->wall_ns < m->to_ns ? j->wall_ns : m->to_ns;

	j->wall_ns = m->head.time_ns > j->wall_ns ? m->head.time_ns : j->wall_ns;
	judge_trouble_due(j);
	if (loss_take(&j->loss, m))
		store(j);
	if (j->disabled[row - catalogue])
		return;
	if (m->over) {
		over(j, m);
		return;
	}
	j->found[(row - catalogue) / 8] |= (uint8_t)(1 << (row - catalogue) % 8);
	uint8_t severity = severity_of(j, row, m);
	if (severity > SEVERITY_INFO)
		raise_alert(j, row, m, severity);
}

// The heartbeat of a running sensor: its `stats`, and what the judge itself had to give up. Silence must never be read as
// compliance: whoever hears the heartbeat knows what was watched, and what was not.
#include "alerts/judge_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// ---- what else is on the link ---------------------------------------------------------------------------------

enum { REST = JUDGE_PROTOCOLS - 1 }; // the place of those that find none

static void add_protocol(struct judge_protocols *to, const struct protocol_count *p)
{
	size_t i = 0;

	while (i < to->n && strcmp(to->row[i].name, p->name) != 0)
		i++;
	if (i >= REST)
		i = REST;
	if (i >= to->n) {
		to->n = i + 1;
		to->row[i] = (struct protocol_count){.flows = 0};
		memcpy(to->row[i].name, i == REST ? "rest" : p->name, i == REST ? sizeof("rest") : sizeof(p->name));
	}
	to->row[i].flows += p->flows;
	to->row[i].packets += p->packets;
	to->row[i].octets += p->octets;
}

static void add_protocols(struct judge_protocols *to, const struct judge_protocols *from)
{
	for (size_t i = 0; i < from->n; i++)
		add_protocol(to, &from->row[i]);
}

void judge_protocols_take(struct judge *j, const struct message_protocols *m)
{
	struct judge_protocols *mine = j->protocols[m->head.worker];

	if (!mine)
		mine = j->protocols[m->head.worker] = malloc(sizeof(*mine));
	if (!mine)
		return; // told without them
	mine->n = 0;
	for (uint32_t i = 0; i < m->n; i++)
		add_protocol(mine, &m->row[i]);
}

void judge_protocols_forget(struct judge *j, uint16_t worker)
{
	struct judge_protocols *gone = j->protocols[worker];

	if (!gone)
		return;
	if (!j->protocols_gone)
		j->protocols_gone = calloc(1, sizeof(*j->protocols_gone));
	if (j->protocols_gone)
		add_protocols(j->protocols_gone, gone);
	gone->n = 0;
}

void judge_protocols_close(struct judge *j)
{
	for (size_t i = 0; i < JUDGE_WORKERS_MAX; i++)
		free(j->protocols[i]);
	free(j->protocols_gone);
}

static int by_packets(const void *a, const void *b)
{
	const struct protocol_count *x = a, *y = b;

	return x->packets != y->packets ? (x->packets < y->packets ? 1 : -1) : strcmp(x->name, y->name);
}

static void sum_protocols(const struct judge *j, struct judge_protocols *out)
{
	out->n = 0;
	if (j->protocols_gone)
		add_protocols(out, j->protocols_gone);
	for (size_t i = 0; i < JUDGE_WORKERS_MAX; i++)
		if (j->protocols[i])
			add_protocols(out, j->protocols[i]);
	qsort(out->row, out->n, sizeof(out->row[0]), by_packets);
}

// ---- what was given up ----------------------------------------------------------------------------------------

static void look_for_evictions(struct judge *j)
{
	const uint64_t *c = j->summary.counter;
	const uint64_t now[] = {c[COUNT_flow_closed_evicted], c[COUNT_session_no_memory] + j->summary.evicted,
		c[COUNT_smtp_line_no_memory] + c[COUNT_tls_handshake_no_memory], c[COUNT_reassembly_no_memory]};
	struct message_sensor m = {.head = {.time_ns = j->wall_ns, .type = MESSAGE_SENSOR}, .kind = SENSOR_STATE_EVICTED,
		.tap = SENSOR_NO_TAP, .from_ns = j->evictions_ns ? j->evictions_ns : j->state.started_ns, .to_ns = j->wall_ns};
	bool any = false;

	static_assert(sizeof(now) == sizeof(j->evictions), "one place each");
	for (size_t i = 0; i < sizeof(now) / sizeof(now[0]); i++) {
		m.n[i] = now[i] - j->evictions[i];
		any |= m.n[i] != 0;
	}
	memcpy(j->evictions, now, sizeof(now));
	j->evictions_ns = j->wall_ns;
	if (any)
		judge_trouble(j, &m);
}

// ---- the record -----------------------------------------------------------------------------------------------

static uint64_t newest_counters(const struct judge *j)
{
	uint64_t newest_ns = 0;

	for (size_t w = 0; w < JUDGE_WORKERS_MAX; w++)
		if (j->counters[w].head.time_ns > newest_ns)
			newest_ns = j->counters[w].head.time_ns;
	return newest_ns;
}

// What goes on is found as long as it does.
static void find_what_lasts(struct judge *j)
{
	for (size_t i = 0; i < JUDGE_TROUBLES; i++) {
		const struct judge_trouble *t = &j->trouble[i];
		size_t row = t->used ? (size_t)(t->row - catalogue) : 0;
		if (t->used && t->goes_on && !j->disabled[row])
			j->found[row / 8] |= (uint8_t)(1 << row % 8);
	}
}

static void mark_found(struct judge *j, const char *id)
{
	size_t row = (size_t)(catalogue_find(id) - catalogue);

	if (!j->disabled[row])
		j->found[row / 8] |= (uint8_t)(1 << row % 8);
}

void judge_heartbeat_tell(struct judge *j, bool last)
{
	struct record_config c = j->config.record;
	struct message_counters all = {.head = {.time_ns = j->wall_ns}, .last = last};
	const struct evidence_counts evidence = j->evidence ? evidence_counts(j->evidence) : (struct evidence_counts){0};
	const char *taps[FACTS_TAPS];

	sensor_copy(&j->state, j->config.sensor);
	c.start_ns = j->state.started_ns;
	look_for_evictions(j);
	if (last)
		judge_trouble_finish(j);
	find_what_lasts(j);
	mark_found(j, "sensor.heartbeat");
	sum_protocols(j, &j->protocols_all);
	judge_sum_workers(j, &all);
	for (size_t i = 0; i < FACTS_TAPS; i++)
		taps[i] = j->config.taps[i].name;
	const struct record_live live = {.state = &j->state, .taps = taps, .counters_at_ns = newest_counters(j),
		.protocols = j->protocols_all.row, .n_protocols = j->protocols_all.n, .found = j->found, .intervals = j->loss.intervals,
		.lost = j->loss.n, .sessions_marked = j->summary.sessions_loss, .sessions_forgotten = j->summary.sessions_forgotten,
		.ends_unknown = j->summary.ends_unknown, .evidence = j->evidence ? &evidence : NULL, .suppressed = &j->storm.total};
	judge_write(j, RECORD_STATS,
		record_stats_live(j->line, &c, &all, j->summary.by_state, j->summary.by_verdict, j->summary.alerts, &live));
	memset(j->found, 0, sizeof(j->found));
}

// What messages say of the time is only believed until whoever drives us says it.
void judge_wall(struct judge *j, uint64_t wall_ns)
{
	j->wall_ns = wall_ns;
	judge_trouble_due(j);
}

void judge_heartbeat(struct judge *j, uint64_t wall_ns)
{
	if (!j->config.sensor || j->finished) // the last one was told
		return;
	judge_wall(j, wall_ns);
	judge_heartbeat_tell(j, false);
}

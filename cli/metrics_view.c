// What the pages are made from: names of the configuration, and a copy of the board at one moment.
#include <string.h>

#include "cli/metrics_private.h"
#include "dissect/counters.h"
#include "hw/counter.h"

// Of two times, either of which may not be known.
static uint64_t older(uint64_t a, uint64_t b)
{
	return b != 0 && (a == 0 || b < a) ? b : a;
}

static void copy_name(char *out, size_t len, const char *name)
{
	size_t n = strnlen(name, len - 1);
	memcpy(out, name, n);
	out[n] = '\0';
}

// From a configuration that may stand on the board, where others write, too.
void metrics_names(struct metrics_names *out, const struct config *c)
{
	memset(out, 0, sizeof *out);
	for (size_t i = 0; i < c->taps.n && i < FACTS_TAPS; i++) {
		const struct config_tap *tap = &c->taps.tap[i];
		for (size_t p = 0; p < tap->n_ports && p < CONFIG_ARMS && out->n_ports < SENSOR_PORTS; p++, out->n_ports++) {
			copy_name(out->port[out->n_ports].tap, sizeof out->port[0].tap, tap->name);
			copy_name(out->port[out->n_ports].port, sizeof out->port[0].port, tap->port[p]);
		}
	}
	for (size_t i = 0; i < c->outputs.n && i < OUTBOX_SINKS; i++, out->n_sinks++) {
		const struct sink_config *s = &c->outputs.output[i];
		out->sink[i].type = (unsigned)s->type < SINK_TYPES ? sink_type_name[s->type] : "unknown";
		copy_name(out->sink[i].name, sizeof out->sink[0].name, s->name[0] != '\0' ? s->name : out->sink[i].type);
	}
	out->flows_max = c->flows_max;
}

void metrics_look(struct metrics_view *v, const struct board *b, const struct metrics_names *names, uint64_t mono_ns, uint64_t wall_ns)
{
	memset(v, 0, sizeof *v);
	v->names = names;
	v->mono_ns = mono_ns;
	v->wall_ns = wall_ns;
	sensor_copy(&v->state, &b->state);
	v->heartbeat_s = b->config[v->state.config_generation % BOARD_CONFIGS].heartbeat_s;
	for (size_t i = 0; i < DISSECT_COUNTERS; i++)
		for (size_t w = 0; w < v->state.n_workers; w++)
			v->counter[i] += counter_read(&b->counter[w][i]);
	for (size_t i = 0; i < STATE_N; i++)
		v->states[i] = counter_read(&b->states[i]);
	for (size_t i = 0; i < VERDICT_N; i++)
		v->verdicts[i] = counter_read(&b->verdicts[i]);
	for (size_t w = 0; w < v->state.n_workers; w++)
		v->turned_ns[CHILD_WATCH] = older(v->turned_ns[CHILD_WATCH], counter_read(&b->turned_ns[w]));
	if (v->state.fanned)
		v->turned_ns[CHILD_WATCH] = older(v->turned_ns[CHILD_WATCH], counter_read(&b->reader_turned_ns));
	v->turned_ns[CHILD_JUDGE] = counter_read(&b->judge_turned_ns);
	v->turned_ns[CHILD_KEEPER] = counter_read(&b->keeper_turned_ns);
	v->turned_ns[CHILD_COURIER] = counter_read(&b->courier_turned_ns);
	control_health(&v->health, &v->state, b, mono_ns, wall_ns);
}

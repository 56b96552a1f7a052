// What only a running sensor needs: time without messages, workers that are gone, another configuration.
#include "alerts/judge_private.h"

#include <string.h>

void judge_time(struct judge *j, uint64_t time_ns)
{
	if (time_ns > j->now_ns)
		j->now_ns = time_ns;
	if (time_ns && (!j->summary.first_ns || time_ns < j->summary.first_ns))
		j->summary.first_ns = time_ns;
	j->summary.last_ns = j->now_ns;
	dedup_advance(j->dedup, j->now_ns);
	judge_storm_due(j, j->now_ns, false);
	judge_answers(j, false);
	judge_pair_settle(j, j->now_ns);
	judge_dns_due(j, false);
}

void judge_tick(struct judge *j, uint64_t time_ns)
{
	judge_time(j, time_ns);
	history_idle(j->history);
}

// ---- a worker is gone ----------------------------------------------------------------------------------------

// What it counted stays counted; whoever comes after it begins at 0.
static void forget_counters(struct judge *j, uint16_t worker)
{
	for (uint16_t w = 0; w < JUDGE_WORKERS_MAX; w++)
		if (worker == UINT16_MAX || w == worker) {
			j->counters[w] = (struct message_counters){.head = {.worker = w}};
			judge_protocols_forget(j, w);
		}
}

void judge_forget_worker(struct judge *j, uint16_t worker)
{
	struct judge_entry *e;
	uint32_t at = 0;

	forget_counters(j, worker);
	while ((e = judge_sessions_each(&j->sessions, &at))) {
		// One that has ended waits for somebody else.
		if (e->ended || (worker != UINT16_MAX && e->worker != worker))
			continue;
		j->summary.sessions_forgotten++;
		if (e->facts) {
			judge_gone(j, e);
			continue;
		}
		if (j->evidence)
			evidence_forget(j->evidence, e->birth);
		judge_sessions_drop(&j->sessions, e);
	}
}

// ---- another configuration -----------------------------------------------------------------------------------

static const char *copy(char to[static JUDGE_NAME], const char *name)
{
	size_t len = name ? strnlen(name, JUDGE_NAME - 1) : 0;

	memcpy(to, name ? name : "", len);
	to[len] = '\0';
	return name ? to : NULL;
}

// What is kept of a session points at names: they lie here as long as the judge does.
static void use_names(struct judge *j, const struct judge_config *c)
{
	for (size_t i = 0; i < FACTS_TAPS; i++) {
		j->config.taps[i].side = c->taps[i].side;
		j->config.taps[i].name = copy(j->names.tap[i], c->taps[i].name);
		history_tap(j->history, (uint8_t)i, j->names.tap[i]);
	}
	for (size_t i = 0; i < j->config.n_pairs && i < c->n_pairs; i++)
		j->config.pairs[i].name = copy(j->names.pair[i], c->pairs[i].name);
	j->config.record.host = copy(j->names.host, c->record.host);
	j->config.record.in_iface = copy(j->names.in_iface, c->record.in_iface);
}

void judge_use(struct judge *j, const struct judge_config *c)
{
	use_names(j, c);
	j->config.record.envelope = c->record.envelope;
	j->config.tls_records = c->tls_records;
	j->config.store_age_days = c->store_age_days;
	memcpy(j->config.severity, c->severity, sizeof(j->config.severity));
	storm_use(&j->storm, c->alerts_rate_per_s, c->alerts_burst);
	memset(j->disabled, 0, sizeof(j->disabled));
	for (size_t i = 0; i < c->n_disabled; i++) {
		const struct catalogue_row *row = catalogue_find(c->disabled[i]);
		if (row)
			j->disabled[row - catalogue] = true;
	}
	j->config.disabled = NULL; // read once
	j->config.n_disabled = 0;
}

int judge_reconfigure(struct judge *j, const struct judge_config *config)
{
	struct inventory *fresh = NULL;
	int r = config->inventory ? inventory_open(&fresh, config->inventory) : 0;

	if (r) {
		inventory_close(&fresh);
		return r;
	}
	inventory_close(&j->inventory);
	j->inventory = fresh;
	j->config.inventory = config->inventory;
	j->session.inventory = j->strict.inventory = j->update.inventory = NULL; // until the next one is concluded
	memset(j->summary.exemption_ended, 0, sizeof(j->summary.exemption_ended)); // of entries that may be others now
	judge_use(j, config);
	return 0;
}

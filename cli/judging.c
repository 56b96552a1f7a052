// The child that judges: facts off the rings, records onto the one to the keeper, the state directory its own.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/evidence.h"
#include "alerts/inbox.h"
#include "alerts/outbox/outbox.h"
#include "cli/promises.h"
#include "cli/records.h"
#include "cli/run.h"
#include "cli/wire.h"
#include "hw/clock.h"
#include "hw/counter.h"
#include "hw/log.h"
#include "hw/rights.h"

enum {
	BATCH = 256,          // messages between looks at everything else
	IDLE_US = 500,
	TICK_NS = 100000000,
};

#define SECOND_NS UINT64_C(1000000000)
#define PATIENCE_NS UINT64_C(250000000) // for a worker that says nothing: marks come every millisecond
#define HOLD_NS (30 * SECOND_NS)        // longest wait for an answer: a resolver gives up before

struct judging {
	struct run *run;
	struct board *board;
	struct judge *judge;
	struct promises *promises;
	struct inbox inbox;
	struct judge_config config;
	struct evidence_config evidence;
	char evidence_dir[CONFIG_PATH_MAX + 16];
	uint32_t generation, buried;
	uint64_t nonsense, suppressed;
	uint64_t tick_ns, heartbeat_ns;
	struct records records;
};

static const char *state_dir(const struct run *r)
{
	return strcmp(r->start.state_dir, "none") == 0 ? NULL : r->start.state_dir;
}

// ---- to the keeper ----------------------------------------------------------------------------------------------

static void on_record(void *ctx, const struct record_about *about, const char *line, size_t len)
{
	struct judging *j = ctx;
	struct sensor_state *state = &j->board->state;
	const struct outbox_about head = {.type = (uint8_t)about->type, .severity = about->severity, .confidence = about->confidence,
		.signature_id = about->signature_id, .time_ns = about->time_ns};
	bool alert = about->type == RECORD_ALERT;
	counter_add(&state->records, 1);
	counter_add(&state->alerts, alert);
	if (alert && about->severity < sizeof state->alerts_by_severity / sizeof state->alerts_by_severity[0])
		counter_add(&state->alerts_by_severity[about->severity], 1);
	if (about->type == RECORD_STATS)
		__atomic_store_n(&state->heartbeat_ns, clock_wall_ns(), __ATOMIC_RELAXED);
	if (records_put(&j->records, &head, line, len - 1)) // the newline is every receiver's own business
		bell_ring(&j->board->records_bell);
	else
		counter_add(alert ? &state->alerts_lost : &state->records_lost, 1);
}

// ---- opening -----------------------------------------------------------------------------------------------------

static void configure(struct judging *j)
{
	const struct config *c = run_config(j->run);
	wire_judge(&j->config, c);
	wire_storms(&j->config, c);
	wire_taps(&j->config, &j->run->start);
	j->config.write = on_record;
	j->config.write_ctx = j;
	j->config.state = state_dir(j->run);
	j->config.keylog = j->run->options->keylog;
	j->config.hold_ns = HOLD_NS;
	j->config.sensor = &j->board->state;
	promises_join_judge(j->promises, &j->config);
	if (j->run->start.evidence && j->config.state != NULL) {
		snprintf(j->evidence_dir, sizeof j->evidence_dir, "%s/evidence", j->config.state);
		j->evidence = (struct evidence_config){
			.dir = j->evidence_dir,
			.memory_octets = (uint64_t)j->run->start.evidence_memory_mib << 20,
			.disk_octets = (uint64_t)j->run->start.evidence_disk_mib << 20,
		};
		j->config.evidence = &j->evidence;
	}
}

static int open_judge(struct judging *j)
{
	const char *bad = NULL;
	for (uint16_t i = 0; i < j->run->start.workers; i++) {
		ring_rejoin_reader(j->board->facts[i]);
		j->inbox.ring[j->inbox.n++] = j->board->facts[i];
	}
	ring_rejoin_reader(j->board->sampler);
	ring_rejoin_reader(j->board->notices);
	ring_rejoin_writer(j->board->records);
	j->records.ring = j->board->records;
	j->buried = j->board->watch_buried;
	int code = promises_attach(&j->promises, j->run->scout_ask, j->run->options, &j->run->start);
	if (code != 0)
		return -EINVAL;
	configure(j);
	int rc = judge_open(&j->judge, &j->config, &bad);
	if (rc < 0)
		log_error("judge", "cannot begin: %s%s%s", bad != NULL ? bad : "", bad != NULL ? ": " : "", strerror(-rc));
	return rc;
}

static int give_up_rights(struct judging *j)
{
	char words[RIGHTS_WORDS], why[RIGHTS_WORDS];
	struct rights_config c = {.profile = RIGHTS_JUDGE, .user = j->run->user};
	if (j->config.state != NULL)
		c.write_dirs[c.n_write_dirs++] = j->config.state;
	if (j->config.keylog != NULL)
		c.read_paths[c.n_read_paths++] = j->config.keylog;
	int rc = rights_drop(&c, words, why);
	if (rc < 0)
		log_error("judge", "cannot give up rights: %s", why);
	else
		run_tell_rights(j->run, CHILD_JUDGE, words);
	return rc;
}

// ---- working -----------------------------------------------------------------------------------------------------

// 0 or -errno. A message that makes no sense ends its ring's content, not the judge: its writer was taken over or is broken.
static int take(struct judging *j, const struct message *m, size_t len, struct ring *from)
{
	int rc = judge_take(j->judge, m, len);
	if (rc == -EBADMSG) {
		if (j->nonsense++ == 0)
			log_error("judge", "what a worker says makes no sense; it is passed over and counted as lost facts");
		counter_add(&j->board->state.worker[0].facts_lost, 1);
		rc = 0;
	}
	ring_release(from);
	return rc;
}

static int take_aside(struct judging *j, struct ring *r)
{
	size_t len;
	const struct message *m;
	int rc = 0;
	while (rc == 0 && (m = ring_peek(r, &len)) != NULL)
		rc = take(j, m, len, r);
	if (ring_damaged(r))
		ring_skip(r);
	return rc;
}

// How many were taken, or -errno.
static int take_facts(struct judging *j, uint64_t now_ns, uint64_t patience_ns)
{
	struct inbox *in = &j->inbox;
	const struct message *m;
	struct ring *from;
	size_t len;
	int n = 0;
	in->patience_ns = patience_ns;
	while (n < BATCH && (m = inbox_next(in, now_ns, &len, &from)) != NULL) {
		int rc = take(j, m, len, from);
		if (rc < 0)
			return rc;
		n++;
	}
	for (size_t i = 0; n == 0 && i < in->n; i++)
		if (ring_damaged(in->ring[i]))
			ring_skip(in->ring[i]);
	return n;
}

static bool anything_left(const struct judging *j)
{
	size_t len;
	for (size_t i = 0; i < j->inbox.n; i++)
		if (ring_peek(j->inbox.ring[i], &len) != NULL)
			return true;
	return false;
}

// A watch died: what it had said is taken, in order as far as it goes, then its open sessions are told.
static int bury_watch(struct judging *j, uint32_t deaths)
{
	int n;
	do // nobody is waited for
		n = take_facts(j, clock_mono_ns(), 1);
	while (n >= 0 && anything_left(j));
	judge_forget_worker(j->judge, UINT16_MAX);
	j->buried = deaths;
	__atomic_store_n(&j->board->watch_buried, deaths, __ATOMIC_RELEASE);
	return n;
}

static void reconfigure(struct judging *j, uint32_t generation)
{
	configure(j);
	int rc = judge_reconfigure(j->judge, &j->config);
	if (rc < 0)
		log_error("judge", "the new configuration was not taken: %s", strerror(-rc));
	j->generation = generation;
	j->board->applied[CHILD_JUDGE] = generation;
}

static void look_around(struct judging *j, uint64_t now_ns)
{
	uint32_t generation = __atomic_load_n(&j->board->state.config_generation, __ATOMIC_ACQUIRE);
	if (generation != j->generation)
		reconfigure(j, generation);
	if (now_ns - j->tick_ns >= TICK_NS) {
		j->tick_ns = now_ns;
		uint64_t reached_ns = inbox_reached(&j->inbox);
		judge_tick(j->judge, reached_ns < UINT64_MAX / 2 ? reached_ns : 0);
		const struct judge_summary *s = judge_summary(j->judge);
		j->board->state.sessions = s->sessions;
		counter_add(&j->board->state.alerts_suppressed, s->alerts_suppressed - j->suppressed);
		j->suppressed = s->alerts_suppressed;
		memcpy(j->board->states, s->by_state, sizeof j->board->states);
		memcpy(j->board->verdicts, s->by_verdict, sizeof j->board->verdicts);
	}
	if (now_ns - j->heartbeat_ns >= run_config(j->run)->heartbeat_s * SECOND_NS) {
		j->heartbeat_ns = now_ns;
		judge_heartbeat(j->judge, clock_wall_ns());
	}
}

// Everything there is was said: the sources have ended, or the watch is gone and the sensor stops.
static bool over(const struct judging *j, int n)
{
	const struct board *b = j->board;
	if (n > 0)
		return false;
	if (__atomic_load_n(&b->watch_done, __ATOMIC_ACQUIRE))
		return inbox_done(&j->inbox);
	return __atomic_load_n(&b->watch_gone, __ATOMIC_ACQUIRE) && __atomic_load_n(&b->stop, __ATOMIC_ACQUIRE);
}

static int work(struct judging *j)
{
	int n = 0, rc = 0;
	j->heartbeat_ns = clock_mono_ns();
	do {
		uint64_t now_ns = clock_mono_ns();
		uint32_t deaths = __atomic_load_n(&j->board->watch_deaths, __ATOMIC_ACQUIRE);
		__atomic_store_n(&j->board->judge_turned_ns, now_ns, __ATOMIC_RELAXED);
		n = deaths != j->buried ? bury_watch(j, deaths) : take_facts(j, now_ns, j->board->patient ? 0 : PATIENCE_NS);
		rc = n < 0 ? n : take_aside(j, j->board->sampler);
		if (rc == 0)
			rc = take_aside(j, j->board->notices);
		look_around(j, now_ns);
		if (n == 0 && rc == 0 && !over(j, n))
			run_sleep_us(IDLE_US);
	} while (rc == 0 && !over(j, n));
	return rc;
}

// Answers may come for what waits; not when somebody waits for us to end.
static void wait_for_answers(struct judging *j)
{
	while (!__atomic_load_n(&j->board->stop, __ATOMIC_ACQUIRE) && judge_waiting(j->judge))
		run_sleep_us(IDLE_US);
}

int judging_run(struct run *r)
{
	struct judging *j = calloc(1, sizeof *j);
	if (j == NULL)
		return RUN_TROUBLE;
	j->run = r;
	j->board = r->board;
	j->generation = r->board->state.config_generation;
	int rc = open_judge(j);
	if (rc == 0)
		rc = give_up_rights(j);
	if (rc < 0)
		return RUN_CANNOT;
	r->board->judge_ready_ns = clock_mono_ns();
	rc = work(j);
	if (rc < 0)
		log_error("judge", "stopped: %s", strerror(-rc));
	else
		wait_for_answers(j);
	take_aside(j, r->board->sampler);
	judge_wall(j->judge, clock_wall_ns());
	judge_finish(j->judge);
	judge_close(&j->judge);
	promises_close(&j->promises);
	ring_finish(r->board->records);
	bell_ring(&r->board->records_bell);
	free(j);
	return rc == 0 ? RUN_ENDED : RUN_TROUBLE;
}

// The child that delivers: one thread an output, from the outbox to its receiver, and the listener for metrics. It reads the outbox, writes
// its cursors and the files that are outputs, and speaks to receivers; the rest of the state directory is not there for it.
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "alerts/sink/deliver.h"
#include "alerts/sink/file.h"
#include "cli/metrics.h"
#include "cli/run.h"
#include "hw/clock.h"
#include "hw/log.h"
#include "hw/rights.h"

enum {
	TURN_US = 20000,
	GRACE_MS = 1500, // for receivers that are slow at the end, or before a reload
};

struct output {
	struct deliver *deliver;
	pthread_t thread;
	char cursor[CONFIG_PATH_MAX + SINK_NAME + 32];
	bool ended;
};

struct courier {
	struct run *run;
	struct board *board;
	const struct config *config;
	char outbox[CONFIG_PATH_MAX + 16], cursors[CONFIG_PATH_MAX + 16];
	char dir[SINKS_MAX][SINK_FILE_DIR];
	char beside[3 * SINKS_MAX][SINK_FILE_DIR], names[RIGHTS_DIR]; // what may be read
	size_t n_beside;
	struct output output[SINKS_MAX];
	size_t n;
	struct metrics *metrics;
	bool give_up;        // threads that wait for a receiver wait no longer
	uint64_t ending_ns;  // monotonic; 0: not
};

// ---- opening -----------------------------------------------------------------------------------------------------

// The first courier of this run: an output that cannot be prepared ends it.
static bool is_first(const struct courier *c)
{
	return c->board->state.child[CHILD_COURIER].restarts == 0 && c->board->state.config_generation == 0;
}

// New outputs begin with the run, also when a courier died before they had a cursor; one that came by a reload begins now.
static const uint64_t *begins_at(const struct courier *c)
{
	const struct board *b = c->board;
	return b->state.config_generation == 0 ? b->outbox_first : NULL;
}

// The directory of a file, which must be there before rights to it can be kept. The supervisor makes it at the start; later this does
// where it may.
static bool have_dir(struct courier *c, size_t i, struct sink_shared *shared)
{
	const struct sink_config *s = &c->config->outputs.output[i];
	struct stat st;
	if (s->type != SINK_FILE || !sink_file_dir(c->dir[i], s->path))
		return true;
	if (stat(c->dir[i], &st) == 0 || mkdir(c->dir[i], 0750) == 0)
		return true;
	int error = errno;
	snprintf(shared->trouble, sizeof shared->trouble, "%.100s: %s", c->dir[i], strerror(error));
	log_error("courier", "output %s cannot be prepared: %s", s->name, shared->trouble);
	errno = error;
	return false;
}

static int open_output(struct courier *c, size_t i)
{
	struct board *b = c->board;
	struct output *o = &c->output[i];
	struct deliver_config d = {
		.sink = &c->config->outputs.output[i],
		.outbox_dir = c->outbox,
		.cursor_path = o->cursor,
		.host = c->config->sensor_name,
		.outbox = &b->state.outbox,
		.shared = &b->state.sink[i],
		.stop = &c->give_up,
		.leave = &b->courier_leave,
		.outbox_done = &b->keeper_done,
		.reopen = &b->reopen,
	};
	snprintf(o->cursor, sizeof o->cursor, "%s/%s.cursor", c->cursors, d.sink->name);
	d.first = begins_at(c);
	// A receiver that takes nothing does so since then, whoever asks it.
	bool same = strncmp(d.shared->name, d.sink->name, sizeof d.shared->name) == 0;
	*d.shared = (struct sink_shared){.failing_since_ns = same ? d.shared->failing_since_ns : 0};
	snprintf(d.shared->name, sizeof d.shared->name, "%s", d.sink->name);
	snprintf(d.shared->type, sizeof d.shared->type, "%s", sink_type_name[d.sink->type]);
	int rc = have_dir(c, i, d.shared) ? 0 : -errno;
	return rc < 0 ? rc : deliver_open(&o->deliver, &d);
}

// A keeper that cannot open it ends the sensor, rather than outputs that wait for it.
static void wait_for_outbox(const struct courier *c)
{
	for (int i = 0; i < 100 && !board_flag(&c->board->outbox_open) && !board_flag(&c->board->stop); i++)
		run_sleep_us(TURN_US);
}

static void add_dir(struct rights_config *rights, const char *dir)
{
	rights->write_dirs[rights->n_write_dirs++] = dir;
}

// Certificates and keys are renewed under their names, so it is the directory that must stay in reach. What is in it and not the
// sensor's is kept from it by its mode.
static void read_beside(struct courier *c, struct rights_config *rights, const char *path)
{
	if (path[0] == '\0' || !sink_file_dir(c->beside[c->n_beside], path))
		return;
	for (size_t i = 0; i < c->n_beside; i++)
		if (strcmp(c->beside[i], c->beside[c->n_beside]) == 0)
			return;
	rights->read_paths[rights->n_read_paths++] = c->beside[c->n_beside++];
}

static void gather_rights(struct courier *c, struct rights_config *rights)
{
	add_dir(rights, c->cursors);
	rights->read_paths[rights->n_read_paths++] = c->outbox;
	rights_read_names(rights, c->names);
	for (size_t i = 0; i < c->config->outputs.n; i++) {
		const struct sink_config *s = &c->config->outputs.output[i];
		if (c->output[i].deliver == NULL) // does nothing
			continue;
		if (s->type == SINK_FILE && c->dir[i][0] != '\0')
			add_dir(rights, c->dir[i]);
		read_beside(c, rights, s->ca);
		read_beside(c, rights, s->cert);
		read_beside(c, rights, s->key);
	}
}

static int open_all(struct courier *c)
{
	struct sensor_state *state = &c->board->state;
	__atomic_store_n(&state->n_sinks, 0, __ATOMIC_RELAXED);
	for (size_t i = 0; i < c->config->outputs.n; i++) {
		int rc = open_output(c, i);
		if (rc < 0 && is_first(c))
			return rc;
		if (rc < 0) { // the others go on
			struct sink_shared *s = &state->sink[i];
			if (s->failing_since_ns == 0)
				s->failing_since_ns = clock_wall_ns();
			s->dead = 1;
			c->output[i].ended = true;
		}
		c->n++;
	}
	__atomic_store_n(&state->n_sinks, (uint32_t)c->n, __ATOMIC_RELAXED);
	return 0;
}

// Nobody's records wait for the metrics: that their place is taken only keeps a sensor from beginning.
static int open_metrics(struct courier *c)
{
	char why[LISTEN_WHY];
	int rc = metrics_open(&c->metrics, c->config, c->board, why);
	if (rc == 0)
		return 0;
	bool again = c->board->state.child[CHILD_COURIER].restarts > 0;
	log_write(again ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, "courier", "metrics: %s%s", why, again ? "; going on without" : "");
	return again ? 0 : rc;
}

// ---- working -----------------------------------------------------------------------------------------------------

static void *work(void *arg)
{
	struct output *o = arg;
	deliver_run(o->deliver);
	__atomic_store_n(&o->ended, true, __ATOMIC_RELEASE);
	return NULL;
}

static int start_all(struct courier *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (c->output[i].deliver == NULL)
			continue;
		int rc = pthread_create(&c->output[i].thread, NULL, work, &c->output[i]);
		if (rc != 0) {
			log_error("courier", "cannot start a thread: %s", strerror(rc));
			return -rc;
		}
	}
	return 0;
}

static bool all_ended(const struct courier *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (!__atomic_load_n(&c->output[i].ended, __ATOMIC_ACQUIRE))
			return false;
	return true;
}

// Without outputs it waits as long as the others have something to say.
static bool over(const struct courier *c)
{
	const struct board *b = c->board;
	return (c->n == 0 || all_ended(c)) && (board_flag(&b->keeper_done) || board_flag(&b->courier_leave));
}

// Everything is told, or another courier waits: nobody waits for a receiver much longer. What it does not take stays in the outbox.
static void look_at_end(struct courier *c, uint64_t now_ns)
{
	const struct board *b = c->board;
	if (!board_flag(&b->courier_leave) && !(board_flag(&b->stop) && board_flag(&b->keeper_done)))
		return;
	if (c->ending_ns == 0)
		c->ending_ns = now_ns;
	if (now_ns - c->ending_ns > GRACE_MS * UINT64_C(1000000))
		__atomic_store_n(&c->give_up, true, __ATOMIC_RELAXED);
}

int courier_run(struct run *r)
{
	struct rights_config rights = {.profile = RIGHTS_COURIER, .user = r->user};
	char words[RIGHTS_WORDS], why[RIGHTS_WORDS];
	struct courier *c = calloc(1, sizeof *c);
	if (c == NULL)
		return RUN_TROUBLE;
	c->run = r;
	c->board = r->board;
	c->config = run_config(r);
	snprintf(c->outbox, sizeof c->outbox, "%s/outbox", r->store);
	snprintf(c->cursors, sizeof c->cursors, "%s/delivery", r->store);
	wait_for_outbox(c);
	if (open_all(c) < 0 || open_metrics(c) < 0)
		return RUN_CANNOT;
	gather_rights(c, &rights);
	json_object_seed(0); // from /dev/urandom, which is out of reach later
	if (rights_drop(&rights, words, why) < 0) {
		log_error("courier", "cannot give up rights: %s", why);
		return RUN_CANNOT;
	}
	run_tell_rights(r, CHILD_COURIER, words);
	if (start_all(c) < 0)
		return RUN_TROUBLE;
	if (metrics_start(c->metrics) < 0)
		log_warn("courier", "metrics are not served: no thread for them");
	r->board->applied[CHILD_COURIER] = r->board->state.config_generation;
	while (!over(c)) {
		uint64_t now_ns = clock_mono_ns();
		__atomic_store_n(&r->board->courier_turned_ns, now_ns, __ATOMIC_RELAXED);
		look_at_end(c, now_ns);
		run_sleep_us(TURN_US);
	}
	for (size_t i = 0; i < c->n; i++) {
		if (c->output[i].deliver != NULL)
			pthread_join(c->output[i].thread, NULL);
		deliver_close(&c->output[i].deliver);
	}
	metrics_close(&c->metrics);
	free(c);
	return RUN_ENDED;
}

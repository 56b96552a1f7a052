// Threads and rings.
#include "cli/pipeline.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "alerts/inbox.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/wire.h"
#include "cli/words.h"
#include "hw/log.h"
#include "hw/ring.h"

enum {
	RING_LEN = 4 * 1024 * 1024, // about 3,000 sessions: a hundredth of a second of the busiest input
	WAIT_MIN_NS = 100000,       // sleeps between looks at a ring that is empty or full, doubled up to
	WAIT_MAX_NS = 1600000,
	TICK_MESSAGES = 256,        // messages between looks at the clock and at the signals
};

#define PIPELINE_HOLD_NS (30ull * 1000000000) // longest wait for an answer: a resolver gives up before

struct worker {
	struct pipeline *pipeline;
	struct source *source;
	struct dissect *dissect;
	struct ring *ring;
	pthread_t thread;
	bool started;
	int error; // -errno of the source, read after the thread was joined
};

struct pipeline {
	struct judge *judge;
	uint16_t n_workers;
	bool stop;  // no more input; what is on the way is still judged
	bool abort; // nobody takes messages any more: drop them
	bool show_progress;
	uint64_t content_key; // of this run: digests of content mean nothing outside it
	int error;
	int (*write)(void *ctx, const char *line, size_t len);
	void *ctx;
	struct worker worker[];
};

static bool flag(const bool *f)
{
	return __atomic_load_n(f, __ATOMIC_RELAXED);
}

static void raise_flag(bool *f)
{
	__atomic_store_n(f, true, __ATOMIC_RELAXED);
}

// Sleeps longer each time; the caller starts again from 0 after it had something to do.
static void wait_a_little(long *ns)
{
	*ns = *ns == 0 ? WAIT_MIN_NS : *ns * 2 > WAIT_MAX_NS ? WAIT_MAX_NS : *ns * 2;
	nanosleep(&(struct timespec){.tv_nsec = *ns}, NULL);
}

static void fail(struct pipeline *p, int error)
{
	if (p->error == 0)
		p->error = error;
	raise_flag(&p->stop);
}

// ---- a worker's thread ---------------------------------------------------------------------------------------

// A replay loses nothing: a full ring is waited for.
static void emit(void *ctx, const struct message *m, size_t len)
{
	struct worker *w = ctx;
	long pause = 0;
	void *room;
	while ((room = ring_reserve(w->ring, len)) == NULL) {
		if (flag(&w->pipeline->abort))
			return;
		wait_a_little(&pause);
	}
	memcpy(room, m, len);
	ring_commit(w->ring, len);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	struct packet burst[PACKET_BURST];
	interrupt_here(true);
	while (!flag(&w->pipeline->stop)) {
		int n = source_burst(w->source, burst);
		if (n <= 0) {
			w->error = n;
			break;
		}
		dissect_burst(w->dissect, burst, (size_t)n);
		ring_set_watermark(w->ring, dissect_watermark(w->dissect));
	}
	dissect_finish(w->dissect);
	ring_finish(w->ring);
	return NULL;
}

// ---- the judge's thread --------------------------------------------------------------------------------------

static void tick(struct pipeline *p, struct progress *progress)
{
	uint64_t done, total;
	if (interrupt_seen())
		raise_flag(&p->stop);
	if (!progress->on)
		return;
	source_progress(p->worker[0].source, &done, &total);
	progress_tick(progress, done, total);
}

static void judge_all(struct pipeline *p)
{
	struct progress progress = {.on = false};
	struct inbox inbox = {.n = p->n_workers}; // without patience: nothing of a file comes late
	unsigned n = 0;
	long pause = 0;
	for (uint16_t i = 0; i < p->n_workers; i++)
		inbox.ring[i] = p->worker[i].ring;
	if (p->show_progress)
		progress_start(&progress);
	while (!flag(&p->abort)) {
		size_t len;
		struct ring *r;
		const struct message *m = inbox_next(&inbox, 0, &len, &r);
		if (m == NULL) {
			if (inbox_done(&inbox))
				break;
			tick(p, &progress);
			wait_a_little(&pause);
			continue;
		}
		pause = 0;
		int rc = judge_take(p->judge, m, len);
		ring_release(r);
		if (rc < 0) {
			fail(p, rc);
			raise_flag(&p->abort);
		}
		if (++n % TICK_MESSAGES == 0)
			tick(p, &progress);
	}
	progress_end(&progress);
}

static void on_record(void *ctx, const struct record_about *about, const char *line, size_t len)
{
	struct pipeline *p = ctx;
	int rc = p->write(p->ctx, line, len);
	if (rc < 0)
		fail(p, rc);
}

static void no_record(void *ctx, const struct record_about *about, const char *line, size_t len)
{
	(void)line;
}

static const char *file_name(void *ctx, uint16_t file)
{
	struct pipeline *p = ctx;
	return source_file_name(p->worker[0].source, file);
}

// ---- the whole -----------------------------------------------------------------------------------------------

static int open_worker(struct pipeline *p, uint16_t i, const struct pipeline_config *config, const char **bad_path)
{
	struct worker *w = &p->worker[i];
	const struct source_file_config taps[2] = {{&config->outside, 1}, {&config->inside, 1}};
	struct source_file_config input = {.paths = config->paths, .n_paths = config->n_paths};
	struct dissect_config dissect;
	w->pipeline = p;
	int rc = config->outside != NULL ? source_taps_open(&w->source, taps, 2, bad_path) : source_file_open(&w->source, &input, bad_path);
	if (rc < 0)
		return rc;
	w->ring = ring_open(RING_LEN);
	if (w->ring == NULL)
		return -errno;
	wire_dissect(&dissect, config->config, i, p->n_workers);
	dissect.dialogue = config->dialogue;
	dissect.digest_content = config->outside != NULL;
	dissect.content_key = p->content_key;
	dissect.keep_flights = config->keylog != NULL;
	dissect.emit = emit;
	dissect.emit_ctx = w;
	return dissect_open(&w->dissect, &dissect);
}

int pipeline_open(struct pipeline **out, const struct pipeline_config *config, const char **bad_path)
{
	*bad_path = NULL;
	struct pipeline *p = calloc(1, sizeof *p + config->workers * sizeof p->worker[0]);
	if (p == NULL)
		return -ENOMEM;
	if (getrandom(&p->content_key, sizeof p->content_key, 0) != (ssize_t)sizeof p->content_key) {
		free(p);
		return -EIO;
	}
	p->n_workers = config->workers;
	p->show_progress = config->progress;
	p->write = config->write;
	p->ctx = config->ctx;

	struct judge_config judge;
	wire_judge(&judge, config->config);
	if (config->outside != NULL)
		wire_two_taps(&judge, config->config);
	judge.record.file_name = file_name;
	judge.record.file_ctx = p;
	judge.write = config->write != NULL ? on_record : no_record;
	judge.write_ctx = p;
	judge.keylog = config->keylog;
	judge.store = config->store;
	judge.expect = config->expect;
	judge.expect_ctx = config->expect_ctx;
	judge.hold_ns = PIPELINE_HOLD_NS;
	judge.state = config->state;
	judge.observe = config->observe;
	judge.observe_ctx = config->ctx;
	int rc = 0;
	for (uint16_t i = 0; rc == 0 && i < p->n_workers; i++)
		rc = open_worker(p, i, config, bad_path);
	if (rc == 0)
		rc = judge_open(&p->judge, &judge, bad_path);
	if (rc < 0)
		pipeline_close(&p);
	*out = p;
	return rc;
}

void pipeline_tell(const struct pipeline_config *config, const char *area, const char *bad_path, int rc)
{
	if (bad_path == NULL)
		log_error(area, "cannot read the input: %s", words_error(-rc));
	else if (bad_path == config->keylog)
		log_error("keylog", "cannot read %s: %s; check --keylog", bad_path,
			rc == -EINVAL ? "it is neither a file nor a directory" : strerror(-rc));
	else if (bad_path == config->state && rc == -EBUSY)
		log_error("state", "%s is in use; wait for the other process, or give --state another directory", bad_path);
	else if (bad_path == config->state && rc == -ENOTSUP)
		log_error("state", "%s was written by another version; use that one, or give --state another directory", bad_path);
	else if (bad_path == config->state)
		log_error("state", "cannot use %s: %s; check --state", bad_path, words_error(-rc));
	else if (bad_path == wire_trust_store(config->config))
		log_error("policy.trust_store", "cannot read %s: %s", bad_path, words_error(-rc));
	else
		log_error(area, "cannot read %s: %s", bad_path, words_error(-rc));
}

void pipeline_tell_keylog(const struct pipeline *p, const struct pipeline_config *config)
{
	const struct judge_summary *s = judge_summary(p->judge);
	if (config->keylog != NULL && s->keylog_secrets == 0)
		log_warn("keylog", "no TLS 1.3 handshake secrets in %s (%llu lines); nothing can be opened with it", config->keylog,
			(unsigned long long)s->keylog_lines);
}

void pipeline_close(struct pipeline **p)
{
	if (*p == NULL)
		return;
	for (uint16_t i = 0; i < (*p)->n_workers; i++) {
		dissect_close(&(*p)->worker[i].dissect);
		ring_close(&(*p)->worker[i].ring);
		source_close(&(*p)->worker[i].source);
	}
	judge_close(&(*p)->judge);
	free(*p);
	*p = NULL;
}

const struct source *pipeline_source(const struct pipeline *p)
{
	return p->worker[0].source;
}

const struct judge_summary *pipeline_summary(const struct pipeline *p)
{
	return judge_summary(p->judge);
}

int pipeline_run(struct pipeline *p)
{
	interrupt_here(false);
	for (uint16_t i = 0; i < p->n_workers; i++) {
		int rc = pthread_create(&p->worker[i].thread, NULL, worker_main, &p->worker[i]);
		p->worker[i].started = rc == 0;
		if (rc != 0) {
			// Its connections would silently be missing, so nothing of this run counts.
			fail(p, -rc);
			raise_flag(&p->abort);
		}
	}
	judge_all(p);
	for (uint16_t i = 0; i < p->n_workers; i++) {
		if (!p->worker[i].started)
			continue;
		pthread_join(p->worker[i].thread, NULL);
		if (p->worker[i].error < 0 && p->error == 0)
			p->error = p->worker[i].error;
	}
	while (!interrupt_seen() && !flag(&p->abort) && judge_waiting(p->judge))
		nanosleep(&(struct timespec){.tv_nsec = WAIT_MAX_NS}, NULL);
	interrupt_here(true);
	judge_finish(p->judge);
	return p->error;
}

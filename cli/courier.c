// The child that delivers: records off the ring, to files and standard output.
//
// A record stays on the ring until every output has it. An output that cannot write is tried again once a second; when the ring
// is full meanwhile, the judge counts what found no room. (Delivery that survives all of this is the outbox's, later.)
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/metrics.h"
#include "cli/run.h"
#include "hw/clock.h"
#include "hw/log.h"
#include "hw/rights.h"

enum {
	BUFFER = 64 << 10,
	FLUSH_US = 20000,     // longest stay in the buffer
	IDLE_US = 1000,
	AGAIN_US = 1000000,
};

struct output {
	const struct sink_config *config;
	int fd;
	bool failed;          // told; written again: told
};

struct courier {
	struct run *run;
	struct output output[SINKS_MAX];
	size_t n;
	uint32_t reopened;
	size_t used;
	char buffer[BUFFER];
};

static const char *name_of(const struct output *o)
{
	return o->config->type == SINK_STDOUT ? "standard output" : o->config->path;
}

static int open_output(struct output *o)
{
	if (o->config->type == SINK_STDOUT)
		return o->fd = STDOUT_FILENO;
	o->fd = open(o->config->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0640);
	return o->fd;
}

static void close_output(struct output *o)
{
	if (o->config->type != SINK_STDOUT && o->fd >= 0)
		close(o->fd);
	o->fd = -1;
}

static bool stopping(const struct courier *c)
{
	return __atomic_load_n(&c->run->board->stop, __ATOMIC_RELAXED);
}

static void tell_trouble(struct courier *c, struct output *o)
{
	if (!o->failed)
		log_error("courier", "cannot write to %s: %s; it is tried again every second", name_of(o), strerror(errno));
	o->failed = true;
}

// All of it, however long that takes; only the end of the sensor stops trying.
static void write_all(struct courier *c, struct output *o, const char *p, size_t len)
{
	while (len > 0) {
		ssize_t n = o->fd >= 0 || open_output(o) >= 0 ? write(o->fd, p, len) : -1;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		tell_trouble(c, o);
		if (stopping(c))
			return;
		__atomic_store_n(&c->run->board->courier_turned_ns, clock_mono_ns(), __ATOMIC_RELAXED);
		run_sleep_us(AGAIN_US);
	}
	if (o->failed)
		log_info("courier", "%s takes records again", name_of(o));
	o->failed = false;
}

static void flush(struct courier *c)
{
	for (size_t i = 0; i < c->n && c->used > 0; i++)
		write_all(c, &c->output[i], c->buffer, c->used);
	c->used = 0;
}

// Log rotation has moved the file: the name is opened again.
static void reopen(struct courier *c)
{
	uint32_t wanted = __atomic_load_n(&c->run->board->reopen, __ATOMIC_ACQUIRE);
	if (wanted == c->reopened)
		return;
	flush(c);
	for (size_t i = 0; i < c->n; i++)
		close_output(&c->output[i]);
	c->reopened = wanted;
}

// True: there was something.
static bool take(struct courier *c)
{
	struct ring *r = c->run->board->records;
	size_t len;
	const char *line = ring_peek(r, &len);
	if (line == NULL) {
		if (ring_damaged(r))
			ring_skip(r);
		return false;
	}
	if (c->used + len > BUFFER)
		flush(c);
	if (len <= BUFFER) {
		memcpy(c->buffer + c->used, line, len);
		c->used += len;
	}
	ring_release(r);
	return true;
}

static int open_all(struct courier *c, struct rights_config *rights, char dirs[][CONFIG_PATH_MAX + 1])
{
	const struct config *config = run_config(c->run);
	for (size_t i = 0; i < config->outputs.n; i++) {
		struct output *o = &c->output[c->n++];
		*o = (struct output){.config = &config->outputs.output[i], .fd = -1};
		if (open_output(o) < 0) {
			log_error("courier", "cannot write to %s: %s; check outputs", name_of(o), strerror(errno));
			return -errno;
		}
		if (o->config->type != SINK_FILE)
			continue;
		char path[CONFIG_PATH_MAX + 1];
		memcpy(path, o->config->path, sizeof path);
		snprintf(dirs[i], CONFIG_PATH_MAX + 1, "%s", dirname(path));
		rights->write_dirs[rights->n_write_dirs++] = dirs[i];
	}
	return 0;
}

// Nobody's records wait for the metrics: that their place is taken only keeps a sensor from beginning.
static int open_metrics(struct run *r, struct metrics **m)
{
	char why[LISTEN_WHY];
	int rc = metrics_open(m, &r->start, r->board, why);
	if (rc == 0)
		return 0;
	bool again = r->board->state.child[CHILD_COURIER].restarts > 0;
	log_write(again ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, "courier", "metrics: %s%s", why, again ? "; going on without" : "");
	return again ? 0 : rc;
}

int courier_run(struct run *r)
{
	struct metrics *metrics = NULL;
	static char dirs[SINKS_MAX][CONFIG_PATH_MAX + 1];
	struct rights_config rights = {.profile = RIGHTS_COURIER, .user = r->user};
	char words[RIGHTS_WORDS], why[RIGHTS_WORDS];
	struct courier *c = calloc(1, sizeof *c);
	if (c == NULL)
		return RUN_TROUBLE;
	c->run = r;
	c->reopened = r->board->reopen;
	ring_rejoin_reader(r->board->records);
	if (open_all(c, &rights, dirs) < 0 || open_metrics(r, &metrics) < 0)
		return RUN_CANNOT;
	if (rights_drop(&rights, words, why) < 0) {
		log_error("courier", "cannot give up rights: %s", why);
		return RUN_CANNOT;
	}
	run_tell_rights(r, CHILD_COURIER, words);
	if (metrics_start(metrics) < 0)
		log_warn("courier", "metrics are not served: no thread for them");
	uint64_t flushed_ns = clock_mono_ns();
	for (;;) {
		uint64_t now_ns = clock_mono_ns();
		__atomic_store_n(&r->board->courier_turned_ns, now_ns, __ATOMIC_RELAXED);
		reopen(c);
		bool any = take(c);
		if (now_ns - flushed_ns >= FLUSH_US * 1000) {
			flush(c);
			flushed_ns = now_ns;
		}
		if (any)
			continue;
		if (ring_done(r->board->records) || __atomic_load_n(&r->board->courier_leave, __ATOMIC_ACQUIRE))
			break;
		run_sleep_us(IDLE_US);
	}
	metrics_close(&metrics);
	flush(c);
	for (size_t i = 0; i < c->n; i++)
		close_output(&c->output[i]);
	free(c);
	return RUN_ENDED;
}

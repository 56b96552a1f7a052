// Opens ports, chooses how their packets come to the workers, and joins the parts.
#include "capture/live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/live_parts.h"
#include "capture/source/ops.h"

struct live {
	size_t n_ports;
	struct port *port[LIVE_PORTS_MAX];
	struct port_about about[LIVE_PORTS_MAX];
	uint16_t workers;
	bool fanned;
	struct fan *fan;                                        // fan-out
	struct direct *direct[LIVE_WORKERS_MAX];                // run to completion
	struct lane *lane[LIVE_WORKERS_MAX][LIVE_WORKERS_MAX];  // [to][from]; fan-out: from 0
	struct lane *out[LIVE_WORKERS_MAX][LIVE_WORKERS_MAX];   // the same, [from][to]
};

// ---- opening -------------------------------------------------------------------------------------------------

static uint16_t queues_of(const struct live *l, size_t port)
{
	return l->about[port].queues ? l->about[port].queues : 1;
}

// Whether every worker can have a queue of its own on every port, with both directions of its connections.
static bool can_run_to_completion(const struct live *l)
{
	for (size_t i = 0; i < l->n_ports; i++)
		if (l->workers > 1 && (queues_of(l, i) < l->workers || !l->about[i].rss_symmetric))
			return false;
	return true;
}

// Every `step`-th queue of every port from `first` on, as arms. Their number. A port may have more queues than there are workers:
// none is left unread.
static size_t arms_of(struct live *l, const struct live_config *c, uint16_t first, uint16_t step, struct arm_config *arm)
{
	size_t n = 0;
	for (size_t i = 0; i < l->n_ports; i++) {
		for (uint32_t q = first; q < queues_of(l, i) && n < LIVE_ARMS_MAX; q += step) {
			struct source *s = l->port[i]->ops->queue(l->port[i], (uint16_t)q);
			if (s)
				arm[n++] = (struct arm_config){.source = s, .clock = l->about[i].clock, .tap = c->port[i].tap,
					.port = (uint8_t)i, .queue = (uint16_t)q, .n_queues = queues_of(l, i)};
		}
	}
	return n;
}

static int open_lane(struct live *l, uint16_t from, uint16_t to, size_t len)
{
	int rc = lane_open(&l->lane[to][from], len);
	l->out[from][to] = l->lane[to][from];
	return rc;
}

static int open_fan(struct live *l, const struct live_config *c, uint64_t window_ns)
{
	struct arm_config arm[LIVE_ARMS_MAX];
	int rc = 0;
	for (uint16_t w = 0; rc == 0 && w < l->workers; w++)
		rc = open_lane(l, 0, w, c->lane_octets ? c->lane_octets : LIVE_LANE_FAN);
	if (rc < 0)
		return rc;
	size_t n = arms_of(l, c, 0, 1, arm);
	return fan_open(&l->fan, (struct live_owner){c->owner, c->owner_ctx}, l->out[0], l->workers, arm, n, window_ns);
}

static int open_direct(struct live *l, const struct live_config *c, uint64_t window_ns)
{
	struct arm_config arm[LIVE_ARMS_MAX];
	bool alone = l->workers == 1;
	int rc = 0;
	for (uint16_t to = 0; to < l->workers; to++)
		for (uint16_t from = 0; rc == 0 && from < l->workers; from++)
			if (from != to)
				rc = open_lane(l, from, to, c->lane_octets ? c->lane_octets : LIVE_LANE_DIRECT);
	for (uint16_t w = 0; rc == 0 && w < l->workers; w++) {
		const struct direct_config d = {.worker = w, .workers = l->workers, .owner = {c->owner, c->owner_ctx},
			.in = alone ? NULL : l->lane[w], .out = alone ? NULL : l->out[w], .window_ns = window_ns};
		size_t n = arms_of(l, c, w, l->workers, arm);
		rc = direct_open(&l->direct[w], &d, arm, n);
	}
	return rc;
}

int live_open_ports(struct live **out, const struct live_config *c, struct port *const *ports, char why[static PORT_WHY])
{
	*out = NULL;
	struct live *l = calloc(1, sizeof(*l));
	for (size_t i = 0; !l && i < c->n_ports; i++) {
		struct port *p = ports[i];
		port_close(&p);
	}
	if (!l) {
		snprintf(why, PORT_WHY, "no memory for a live capture");
		return -ENOMEM;
	}
	l->workers = c->workers;
	l->n_ports = c->n_ports;
	for (size_t i = 0; i < l->n_ports; i++) {
		l->port[i] = ports[i];
		ports[i]->ops->about(ports[i], &l->about[i]);
	}
	uint64_t window_ns = c->merge_window_us ? (uint64_t)c->merge_window_us * 1000 : LIVE_WINDOW_NS;
	l->fanned = !can_run_to_completion(l);
	int rc = l->fanned ? open_fan(l, c, window_ns) : open_direct(l, c, window_ns);
	if (rc < 0) {
		snprintf(why, PORT_WHY, "no memory for %u workers' lanes: %s", c->workers, strerror(-rc));
		live_close(&l);
	}
	*out = l;
	return rc;
}

int live_open(struct live **out, const struct live_config *c, char why[static PORT_WHY])
{
	struct port *port[LIVE_PORTS_MAX];
	*out = NULL;
	why[0] = '\0';
	if (c->n_ports == 0 || c->n_ports > LIVE_PORTS_MAX || c->workers == 0 || c->workers > LIVE_WORKERS_MAX) {
		snprintf(why, PORT_WHY, "a live capture has 1 to %d ports and 1 to %d workers", LIVE_PORTS_MAX, LIVE_WORKERS_MAX);
		return -EINVAL;
	}
	for (size_t i = 0; i < c->n_ports; i++) {
		struct port_config pc = c->common;
		pc.name = c->port[i].name;
		pc.bpf = c->port[i].bpf;
		pc.queues = c->workers;
		int rc = port_open(&port[i], &pc, why);
		if (rc < 0) {
			while (i-- > 0)
				port_close(&port[i]);
			return rc;
		}
	}
	return live_open_ports(out, c, port, why);
}

void live_close(struct live **out)
{
	struct live *l = *out;
	if (!l)
		return;
	fan_close(&l->fan);
	for (uint16_t w = 0; w < l->workers; w++) {
		direct_close(&l->direct[w]);
		for (uint16_t from = 0; from < l->workers; from++)
			lane_close(&l->lane[w][from]);
	}
	for (size_t i = 0; i < l->n_ports; i++)
		port_close(&l->port[i]);
	free(l);
	*out = NULL;
}

// ---- running -------------------------------------------------------------------------------------------------

struct source *live_source(struct live *l, uint16_t w)
{
	return l->fanned ? lane_source(l->lane[w][0]) : direct_source(l->direct[w]);
}

bool live_fanned(const struct live *l)
{
	return l->fanned;
}

int live_read(struct live *l)
{
	return l->fan ? fan_read(l->fan) : SOURCE_END;
}

void live_read_end(struct live *l)
{
	if (l->fan)
		fan_end(l->fan);
}

void live_wait(struct live *l, uint16_t w, uint32_t us)
{
	const struct port_ops *ops = l->port[0]->ops;
	bool reads = l->fanned ? w == LIVE_READER : w < l->workers;
	if (reads && l->n_ports == 1 && ops->wait) {
		ops->wait(l->port[0], l->fanned || l->workers == 1 ? 0 : w, us);
		return;
	}
	nanosleep(&(struct timespec){.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000}, NULL);
}

// ---- asking --------------------------------------------------------------------------------------------------

size_t live_n_ports(const struct live *l)
{
	return l->n_ports;
}

void live_port_stats(struct live *l, size_t port, struct port_stats *out)
{
	l->port[port]->ops->stats(l->port[port], out);
}

void live_port_about(const struct live *l, size_t port, struct port_about *out)
{
	*out = l->about[port];
}

void live_counts(const struct live *l, struct live_counts *out)
{
	uint64_t read = 0;
	*out = (struct live_counts){0};
	for (uint16_t to = 0; to < l->workers; to++) // first: what is read later was put before
		for (uint16_t from = 0; from < l->workers; from++)
			read += l->lane[to][from] ? lane_read(l->lane[to][from]) : 0;
	if (l->fan)
		fan_counts(l->fan, out);
	for (uint16_t w = 0; w < l->workers; w++)
		if (l->direct[w])
			direct_counts(l->direct[w], out);
	out->waiting += out->lanes_taken - read;
}

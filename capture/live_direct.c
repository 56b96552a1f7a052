// Run to completion: a worker reads its own queue of every port, and what other workers received for it.
#include <errno.h>
#include <stdlib.h>

#include "capture/live_parts.h"
#include "capture/source/ops.h"
#include "hw/counter.h"

struct direct {
	struct source source;
	struct direct_config config;
	struct arms *arms;
	struct pace pace;
	size_t n_ports;         // the first arms; lanes follow
	bool finished;          // the lanes out
	struct live_counts counts;
};

static void count_put(struct direct *d, struct lane *lane, const struct packet *p)
{
	bool whole = p->kind == PACKET_WHOLE;
	if (lane_put(lane, p))
		counter_add(&d->counts.lanes_taken, whole);
	else
		counter_add(whole ? &d->counts.lanes_full : &d->counts.copies_full, 1);
}

// Everybody gets it; worker 0 whole.
static void put_all(struct direct *d, struct packet *p)
{
	for (uint16_t w = 0; w < d->config.workers; w++) {
		struct packet other = *p;
		other.kind = w ? PACKET_COPY : PACKET_WHOLE;
		if (w != d->config.worker)
			count_put(d, d->config.out[w], &other);
	}
	p->kind = d->config.worker ? PACKET_COPY : PACKET_WHOLE;
}

static void flush(struct direct *d)
{
	for (uint16_t w = 0; w < d->config.workers; w++)
		if (d->config.out[w])
			lane_flush(d->config.out[w]);
}

// True when the packet stays here.
static bool stays(struct direct *d, struct packet *p)
{
	uint32_t owner = d->config.owner.of(d->config.owner.ctx, p, false);
	if (owner == LIVE_ALL) {
		put_all(d, p);
		return true;
	}
	if (owner >= d->config.workers || owner == d->config.worker) // LIVE_HERE
		return true;
	count_put(d, d->config.out[owner], p);
	return false;
}

// Hands on what is somebody else's; the rest moves up. The number of what stays.
static int share_out(struct direct *d, struct packet *burst, const uint8_t *from, int n)
{
	int kept = 0;
	for (int i = 0; i < n; i++)
		if (from[i] >= d->n_ports || stays(d, &burst[i]))
			burst[kept++] = burst[i];
	flush(d);
	return kept;
}

static int nothing(struct direct *d, struct packet *mark, int outcome, struct arms_now now)
{
	if (d->config.out && !d->finished && arms_ended(d->arms, false)) {
		d->finished = true;
		for (uint16_t w = 0; w < d->config.workers; w++)
			if (d->config.out[w])
				lane_finish(d->config.out[w]);
	}
	const struct pace_still still = live_still(d->arms, now);
	return outcome == SOURCE_IDLE && pace_idle(&d->pace, mark, &still) ? 1 : outcome;
}

static int burst(struct source *s, struct packet out[static PACKET_BURST])
{
	struct direct *d = (struct direct *)s;
	uint8_t from[PACKET_BURST];
	struct arms_now now = arms_clock();
	int n = arms_burst(d->arms, out, from, now);
	if (n <= 0 || n == SOURCE_IDLE)
		return nothing(d, out, n, now);
	uint64_t last_ns = out[n - 1].time_ns;
	int kept = d->config.out ? share_out(d, out, from, n) : n;
	if (!kept && last_ns) // all of it was somebody else's: but time has passed, and whoever asks is not to fall asleep
		out[kept++] = (struct packet){.kind = PACKET_TIME, .time_ns = last_ns > d->pace.told_ns ? last_ns : d->pace.told_ns};
	for (int i = 0; i < kept; i++)
		pace_packet(&d->pace, &out[i], now.mono_ns);
	return kept ? kept : SOURCE_IDLE;
}

static void source_fini(struct source *s)
{
	// With the live capture.
}

static void progress(const struct source *s, uint64_t *done, uint64_t *total)
{
	*done = *total = 0;
}

static const struct source_ops direct_ops = {
	.name = "live",
	.burst = burst,
	.close = source_fini,
	.progress = progress,
};

struct source *direct_source(struct direct *d)
{
	return &d->source;
}

void direct_counts(const struct direct *d, struct live_counts *sum)
{
	sum->lanes_taken += counter_read(&d->counts.lanes_taken);
	sum->lanes_full += counter_read(&d->counts.lanes_full);
	sum->copies_full += counter_read(&d->counts.copies_full);
	sum->waiting += arms_held(d->arms);
}

int direct_open(struct direct **out, const struct direct_config *c, const struct arm_config *ports, size_t n_ports)
{
	*out = NULL;
	struct arm_config arm[LIVE_ARMS_MAX];
	size_t n = 0;
	struct direct *d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->source.ops = &direct_ops;
	d->config = *c;
	d->n_ports = n_ports;
	for (; n < n_ports && n < LIVE_ARMS_MAX; n++)
		arm[n] = ports[n];
	for (uint16_t w = 0; c->in && w < c->workers; w++)
		if (c->in[w] && n < LIVE_ARMS_MAX)
			arm[n++] = (struct arm_config){.source = lane_source(c->in[w]), .clock = ARM_LANE};
	int rc = arms_open(&d->arms, arm, n, c->window_ns);
	if (rc < 0) {
		free(d);
		return rc;
	}
	pace_init(&d->pace, (uint8_t)c->worker, arms_play(d->arms), arms_clock().mono_ns);
	*out = d;
	return 0;
}

void direct_close(struct direct **d)
{
	if (!*d)
		return;
	arms_close(&(*d)->arms);
	free(*d);
	*d = NULL;
}

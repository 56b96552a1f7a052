// Packets fed over lanes: see tests/bench/feed.h. What a lane hands out was copied when it was offered.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/lane.h"
#include "hw/clock.h"
#include "tests/bench/feed.h"
#include "tests/bench/recorded.h"

struct stock {
	uint8_t *octets; // RECORDED_MAX each
	uint32_t *len;
	uint32_t n, first;
	struct lane *lane;
};

struct feed {
	struct port port;
	uint16_t workers;
	uint32_t batch;
	struct stock stock[LIVE_WORKERS_MAX];
};

static struct source *queue(struct port *p, uint16_t w)
{
	struct feed *f = (struct feed *)p;
	return w < f->workers ? lane_source(f->stock[w].lane) : NULL;
}

static void stats(struct port *p, struct port_stats *out)
{
	*out = (struct port_stats){0};
}

static void about(const struct port *p, struct port_about *out)
{
	*out = (struct port_about){.name = "lanes", .driver = "lanes", .queues = ((const struct feed *)p)->workers, .socket = -1,
		.clock = PORT_CLOCK_SYSTEM, .rss_symmetric = true};
}

static void port_close_nothing(struct port *p)
{
}

static const struct port_ops ops = {.name = "bench", .queue = queue, .stats = stats, .about = about, .close = port_close_nothing};

static void lanes_close(struct feed *f)
{
	for (uint16_t w = 0; w < f->workers; w++) {
		lane_close(&f->stock[w].lane);
		free(f->stock[w].octets);
		free(f->stock[w].len);
	}
	free(f);
}

static int lanes_open(struct feed **out, uint16_t workers, uint32_t batch, char why[static PORT_WHY])
{
	struct feed *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->port.ops = &ops;
	f->workers = workers;
	f->batch = batch;
	for (uint16_t w = 0; w < workers; w++) {
		f->stock[w].octets = malloc((size_t)batch * RECORDED_MAX);
		f->stock[w].len = calloc(batch, sizeof(uint32_t));
		if (!f->stock[w].octets || !f->stock[w].len || lane_open(&f->stock[w].lane, 4 << 20)) {
			lanes_close(f);
			return -ENOMEM;
		}
	}
	*out = f;
	return 0;
}

static uint8_t *lanes_room(struct feed *f, uint16_t w, uint32_t len)
{
	struct stock *s = &f->stock[w];
	if (s->n == f->batch)
		return NULL;
	s->len[s->n] = len;
	return s->octets + (size_t)s->n++ * RECORDED_MAX;
}

static uint32_t lanes_offer(struct feed *f, uint16_t w, uint32_t n)
{
	struct stock *s = &f->stock[w];
	uint64_t now_ns = clock_wall_ns();
	uint32_t taken = 0;
	for (; taken < n && s->first < s->n; taken++, s->first++) {
		const struct packet p = {.data = s->octets + (size_t)s->first * RECORDED_MAX, .len = s->len[s->first],
			.wire_len = s->len[s->first], .time_ns = now_ns, .linktype = 1};
		if (!lane_put(s->lane, &p))
			break;
	}
	lane_flush(s->lane);
	if (s->first == s->n)
		s->first = s->n = 0;
	return taken;
}

static void lanes_drop(struct feed *f, uint16_t w)
{
	f->stock[w].first = f->stock[w].n = 0;
}

static struct port *lanes_port(struct feed *f)
{
	return &f->port;
}

const struct feed_ops feed_lanes = {"lanes", lanes_open, lanes_room, lanes_offer, lanes_drop, lanes_port, lanes_close};

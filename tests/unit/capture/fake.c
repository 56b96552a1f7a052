// The port that a test writes.
#include "tests/unit/capture/fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int burst(struct source *s, struct packet out[static PACKET_BURST])
{
	struct fake_queue *q = (struct fake_queue *)s;
	memset(q->octets, 0xee, sizeof(q->octets)); // what was borrowed is gone
	if (q->at == q->n)
		return q->fake->endless ? SOURCE_IDLE : SOURCE_END;
	if (q->time_ns[q->at] == FAKE_IDLE || q->time_ns[q->at] == FAKE_ERROR)
		return q->time_ns[q->at++] == FAKE_IDLE ? SOURCE_IDLE : -ENETDOWN;
	int n = 0;
	for (; n < PACKET_BURST && q->at < q->n && q->time_ns[q->at] < FAKE_CUT; q->at++) {
		uint8_t *octets = q->octets[n];
		memset(octets, q->mark[q->at], FAKE_LEN);
		uint32_t len = q->len[q->at] ? q->len[q->at] : FAKE_LEN;
		out[n++] = (struct packet){.data = q->len[q->at] ? q->large : octets, .len = len, .wire_len = len,
			.time_ns = q->time_ns[q->at], .linktype = 1, .tap = 77, .port = 77, .frame = 77, .file = 77};
	}
	if (q->at < q->n && q->time_ns[q->at] == FAKE_CUT)
		q->at++;
	q->fake->rx_packets += (uint64_t)n;
	return n;
}

static void nothing(struct source *s)
{
}

static void progress(const struct source *s, uint64_t *done, uint64_t *total)
{
	*done = *total = 0;
}

static const struct source_ops queue_ops = {.name = "fake", .burst = burst, .close = nothing, .progress = progress};

static struct source *queue_at(struct port *p, uint16_t index)
{
	return &((struct fake *)p)->queue[index].source;
}

static void stats(struct port *p, struct port_stats *out)
{
	*out = (struct port_stats){.rx_packets = ((struct fake *)p)->rx_packets};
}

static void about(const struct port *p, struct port_about *out)
{
	*out = ((const struct fake *)p)->about;
}

static void wait_for(struct port *p, uint16_t queue, uint32_t us)
{
	((struct fake *)p)->waits++;
}

static void close_port(struct port *p)
{
	struct fake *f = (struct fake *)p;
	if (f->closed)
		*f->closed = true;
	free(f);
}

static const struct port_ops fake_ops = {
	.name = "fake", .queue = queue_at, .stats = stats, .about = about, .wait = wait_for, .close = close_port,
};

struct fake *fake_open(uint16_t queues, enum port_clock clock)
{
	struct fake *f = calloc(1, sizeof(*f));
	f->port.ops = &fake_ops;
	f->about.queues = queues;
	f->about.clock = (uint8_t)clock;
	for (uint16_t i = 0; i < 4; i++) {
		f->queue[i].source.ops = &queue_ops;
		f->queue[i].fake = f;
	}
	return f;
}

void fake_add(struct fake *f, uint16_t queue, uint64_t time_ns, uint8_t mark)
{
	struct fake_queue *q = &f->queue[queue];
	if (q->n == FAKE_MAX)
		abort();
	q->time_ns[q->n] = time_ns;
	q->mark[q->n++] = mark;
}

// Packets fed through DPDK: see tests/bench/feed.h. The port is an ordinary one of capture/source/dpdk.c, "vdev:net_ring0"; we
// put buffers on the rings that its driver receives from, and its worker frees them.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "tests/bench/feed.h"

struct stock {
	struct rte_mbuf **m;
	uint32_t n, first;
	struct rte_ring *ring;
};

struct feed {
	struct port port;   // what the workers see: as many queues as there are of them
	struct port *inner;
	uint16_t workers;
	uint32_t batch;
	struct rte_mempool *pool;
	struct stock stock[LIVE_WORKERS_MAX];
};

static struct source *queue(struct port *p, uint16_t w)
{
	struct feed *f = (struct feed *)p;
	return w < f->workers ? f->inner->ops->queue(f->inner, w) : NULL;
}

static void stats(struct port *p, struct port_stats *out)
{
	struct feed *f = (struct feed *)p;
	f->inner->ops->stats(f->inner, out);
}

static void about(const struct port *p, struct port_about *out)
{
	const struct feed *f = (const struct feed *)p;
	f->inner->ops->about(f->inner, out);
	out->queues = f->workers; // the driver has 16, and nobody feeds the others
}

static void close_inner(struct port *p)
{
	port_close(&((struct feed *)p)->inner);
}

static const struct port_ops ops = {.name = "bench", .queue = queue, .stats = stats, .about = about, .close = close_inner};

static void dpdk_drop(struct feed *f, uint16_t w)
{
	struct stock *s = &f->stock[w];
	if (s->n > s->first)
		rte_pktmbuf_free_bulk(s->m + s->first, s->n - s->first);
	s->first = s->n = 0;
}

static void dpdk_close(struct feed *f)
{
	for (uint16_t w = 0; w < f->workers; w++) {
		if (f->stock[w].m)
			dpdk_drop(f, w);
		free(f->stock[w].m);
	}
	port_close(&f->inner);
	rte_mempool_free(f->pool);
	free(f);
}

static int dpdk_open(struct feed **out, uint16_t workers, uint32_t batch, char why[static PORT_WHY])
{
	const struct port_config c = {.name = "vdev:net_ring0", .bpf = "", .queues = workers, .hugepages = true};
	struct feed *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	f->port.ops = &ops;
	f->workers = workers;
	f->batch = batch;
	int rc = port_open(&f->inner, &c, why);
	if (rc < 0) {
		free(f);
		return rc;
	}
	// Twice: of what was received a worker holds some, and threads keep some at hand.
	f->pool = rte_pktmbuf_pool_create("bench", workers * (batch + 4096u), 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	bool ok = f->pool;
	for (uint16_t w = 0; w < workers; w++) {
		char name[32];
		snprintf(name, sizeof(name), "ETH_RXTX%u_net_ring0", w); // the driver's own
		f->stock[w].ring = rte_ring_lookup(name);
		f->stock[w].m = calloc(batch, sizeof(*f->stock[w].m));
		ok = ok && f->stock[w].ring && f->stock[w].m;
	}
	if (!ok) {
		snprintf(why, PORT_WHY, "no buffers, or the driver's rings have other names");
		dpdk_close(f);
		return -ENOMEM;
	}
	*out = f;
	return 0;
}

static uint8_t *dpdk_room(struct feed *f, uint16_t w, uint32_t len)
{
	struct stock *s = &f->stock[w];
	struct rte_mbuf *m = s->n < f->batch ? rte_pktmbuf_alloc(f->pool) : NULL;
	if (!m)
		return NULL;
	m->data_len = (uint16_t)len;
	m->pkt_len = len;
	s->m[s->n++] = m;
	return rte_pktmbuf_mtod(m, uint8_t *);
}

static uint32_t dpdk_offer(struct feed *f, uint16_t w, uint32_t n)
{
	struct stock *s = &f->stock[w];
	uint32_t left = s->n - s->first;
	uint32_t taken = rte_ring_enqueue_burst(s->ring, (void **)(s->m + s->first), n < left ? n : left, NULL);
	s->first += taken;
	if (s->first == s->n)
		s->first = s->n = 0;
	return taken;
}

static struct port *dpdk_port(struct feed *f)
{
	return &f->port;
}

const struct feed_ops feed_dpdk = {"dpdk net_ring", dpdk_open, dpdk_room, dpdk_offer, dpdk_drop, dpdk_port, dpdk_close};

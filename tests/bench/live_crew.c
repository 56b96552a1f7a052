// Workers that are fed, and measured while they work: see tests/bench/live.h.
//
// A worker's thread offers itself some hundred packets, then receives them through its source as always; only the second is
// measured. So generating costs nothing that is measured, no second core is needed for it, and the two rates that are compared
// differ in nothing but dissection.
#include "tests/bench/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "hw/clock.h"

enum { RING_LEN = 16 << 20, SPINS_MAX = 100000000 };

static void fail(const char *what)
{
	fprintf(stderr, "bench_live: %s\n", what);
	exit(1);
}

double live_cycles_per_s(void)
{
	static double known;
	if (known != 0)
		return known;
	uint64_t ns = clock_mono_ns(), cycles = clock_cycles();
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	cycles = clock_cycles() - cycles;
	known = (double)cycles * 1e9 / (double)(clock_mono_ns() - ns);
	return known;
}

uint64_t live_resident(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	unsigned long all = 0, resident = 0;
	if (!f || fscanf(f, "%lu %lu", &all, &resident) != 2)
		fail("no /proc/self/statm");
	fclose(f);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct dissect_config live_dissect(uint32_t flows_max)
{
	return (struct dissect_config){
		.ports = {25, 465, 587, 2525, 24},
		.n_ports = 5,
		.flows_max = flows_max,
		.sessions_max = 131072,
		.reassembly_octets = UINT64_C(1) << 30,
		.n_workers = 1,
		.shared_out = true,
		.protocols = true,
	};
}

// ---- messages ------------------------------------------------------------------------------------------------

void live_tally(struct tally *t, const struct message *m)
{
	if (m->type == MESSAGE_SESSION) {
		const struct message_session *s = (const void *)m;
		t->finals += s->facts.conn.end != END_OPEN;
		t->sealed += s->sealed;
	} else if (m->type == MESSAGE_END) {
		t->ends++;
	} else if (m->type == MESSAGE_COUNTERS) {
		const struct message_counters *c = (const void *)m;
		t->memory_octets = c->memory_octets > t->memory_octets ? c->memory_octets : t->memory_octets;
	}
}

void live_emit(void *ctx, const struct message *m, size_t len)
{
	struct hand *h = ctx;
	live_tally(&h->tally, m);
	void *room = ring_reserve(h->ring, len);
	if (!room) {
		h->tally.lost++;
		return;
	}
	memcpy(room, m, len);
	ring_commit(h->ring, len);
	h->tally.messages++;
	if (h->offered_at && h->n_latency < LATENCIES_MAX)
		h->latency[h->n_latency++] = (uint32_t)(clock_cycles() - h->offered_at);
}

void crew_drain(struct ring *r)
{
	size_t len;
	while (ring_peek(r, &len))
		ring_release(r);
}

// ---- a worker ------------------------------------------------------------------------------------------------

static long interruptions(void)
{
	struct rusage u;
	getrusage(RUSAGE_THREAD, &u);
	return u.ru_nivcsw + u.ru_nvcsw;
}

// Receives `n` packets that have been offered; the cycles that took.
static uint64_t receive(struct hand *h, uint32_t n, bool engine)
{
	struct packet burst[PACKET_BURST];
	uint32_t got = 0, spins = 0;
	uint64_t begin = clock_cycles();
	while (got < n) {
		int k = source_burst(h->source, burst);
		if (k < 0 || k == SOURCE_END || ++spins > SPINS_MAX)
			fail("the source gives less than it was fed");
		if (k == SOURCE_IDLE)
			continue;
		for (int i = 0; i < k; i++)
			got += burst[i].kind == PACKET_WHOLE;
		if (!engine)
			continue;
		dissect_burst(h->dissect, burst, (size_t)k);
		ring_set_watermark(h->ring, dissect_watermark(h->dissect));
	}
	return clock_cycles() - begin;
}

static void work(struct hand *h, enum order order)
{
	struct crew *c = h->crew;
	uint32_t at_once = order == ORDER_LATENCY ? PACKET_BURST : FEED_OFFER;
	h->cycles = h->packets = 0;
	while (h->batch) {
		uint32_t n = c->ops->offer(c->feed, h->index, at_once < h->batch ? at_once : h->batch);
		if (!n)
			fail("nothing can be offered");
		long before = interruptions();
		h->offered_at = order == ORDER_LATENCY ? clock_cycles() : 0;
		uint64_t cycles = receive(h, n, order != ORDER_FREE);
		h->offered_at = 0;
		bool stopped = interruptions() != before;
		h->stopped += stopped;
		h->cycles += stopped ? 0 : cycles;
		h->packets += stopped ? 0 : n;
		h->batch -= n;
		crew_drain(h->ring);
	}
}

static void *hand_main(void *arg)
{
	struct hand *h = arg;
	for (;;) {
		pthread_barrier_wait(&h->crew->begin);
		if (h->crew->order == ORDER_END)
			return NULL;
		work(h, h->crew->order);
		pthread_barrier_wait(&h->crew->end);
	}
}

// ---- all of them ---------------------------------------------------------------------------------------------

static void open_hand(struct crew *c, uint16_t w, uint32_t flows_max)
{
	struct hand *h = &c->hand[w];
	struct dissect_config d = live_dissect(flows_max);
	*h = (struct hand){.crew = c, .index = w, .source = live_source(c->live, w), .ring = ring_open(RING_LEN)};
	d.worker = w;
	d.n_workers = c->n;
	d.emit = live_emit;
	d.emit_ctx = h;
	h->latency = malloc(LATENCIES_MAX * sizeof(*h->latency));
	if (!h->ring || !h->latency || dissect_open(&h->dissect, &d) || pthread_create(&h->thread, NULL, hand_main, h))
		fail("no memory for a worker");
}

void crew_open(struct crew *c, const struct feed_ops *ops, uint16_t n, uint32_t batch, uint32_t flows_max)
{
	char why[PORT_WHY] = "";
	*c = (struct crew){.ops = ops, .n = n, .owner = {.n_workers = n}};
	if (ops->open(&c->feed, n, batch, why) < 0)
		fail(why);
	struct port *port = ops->port(c->feed);
	const struct live_config live = {.n_ports = 1, .workers = n, .owner = dissect_owner, .owner_ctx = &c->owner};
	if (live_open_ports(&c->live, &live, &port, why) < 0 || live_fanned(c->live))
		fail(why[0] ? why : "workers have no queues of their own");
	pthread_barrier_init(&c->begin, NULL, n + 1u);
	pthread_barrier_init(&c->end, NULL, n + 1u);
	for (uint16_t w = 0; w < n; w++)
		open_hand(c, w, flows_max);
}

void crew_close(struct crew *c)
{
	c->order = ORDER_END;
	pthread_barrier_wait(&c->begin);
	for (uint16_t w = 0; w < c->n; w++) {
		pthread_join(c->hand[w].thread, NULL);
		dissect_close(&c->hand[w].dissect);
		ring_close(&c->hand[w].ring);
		free(c->hand[w].latency);
	}
	live_close(&c->live);
	c->ops->close(c->feed);
	pthread_barrier_destroy(&c->begin);
	pthread_barrier_destroy(&c->end);
}

bool crew_put(struct crew *c, uint16_t w, const struct recorded *p, uint32_t world)
{
	uint8_t *room = c->ops->room(c->feed, w, p->len);
	if (!room)
		return false;
	recorded_move(p, world, room);
	c->hand[w].batch++;
	return true;
}

void crew_do(struct crew *c, enum order order)
{
	c->order = order;
	pthread_barrier_wait(&c->begin);
	pthread_barrier_wait(&c->end);
}

// Rates, their ratio, and latencies, of one worker and of two: see tests/bench/live.h.
#include "tests/bench/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BATCH = 4096,    // made, then received: the octets are then in the shared cache, where a card puts them, too
	FLOWS_MAX = 1 << 20,
	LAPS_MAX = 32,
};

// Where the telling of the capture stands; each time it begins again it is of other connections.
struct teller {
	const struct recording *r;
	size_t at;
	uint32_t world;
};

static void fill(struct crew *c, struct teller *t)
{
	for (;;) {
		const struct recorded *p = &t->r->packet[t->at];
		if (!crew_put(c, (uint16_t)((p->flow + t->world) % c->n), p, t->world))
			return;
		if (++t->at == t->r->n) {
			t->at = 0;
			t->world++;
		}
	}
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static int ascending32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

// The capture once, in batches; packets a second of all workers together.
static double lap(struct crew *c, struct teller *t, enum order order)
{
	uint64_t cycles[2] = {0, 0}, packets[2] = {0, 0};
	double sum = 0;
	for (size_t i = 0; i < t->r->n / BATCH + 1; i++) {
		fill(c, t);
		crew_do(c, order);
		for (uint16_t w = 0; w < c->n; w++) {
			cycles[w] += c->hand[w].cycles;
			packets[w] += c->hand[w].packets;
		}
	}
	for (uint16_t w = 0; w < c->n; w++)
		sum += cycles[w] ? (double)packets[w] * live_cycles_per_s() / (double)cycles[w] : 0;
	return sum;
}

static double median(double *v, uint32_t n)
{
	qsort(v, n, sizeof(*v), ascending);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

static void print_latency(struct hand *h)
{
	static const struct {
		const char *name;
		double share;
	} shown[] = {{"p50", 0.5}, {"p99", 0.99}, {"p99_9", 0.999}};
	qsort(h->latency, h->n_latency, sizeof(*h->latency), ascending32);
	printf(",\"packet_to_ring_ns\":{\"messages\":%u", h->n_latency);
	for (size_t i = 0; h->n_latency && i < sizeof(shown) / sizeof(*shown); i++) {
		uint32_t at = (uint32_t)(shown[i].share * (h->n_latency - 1));
		printf(",\"%s\":%.0f", shown[i].name, h->latency[at] * 1e9 / live_cycles_per_s());
	}
	printf("}");
}

static void run(const struct recording *r, const struct feed_ops *ops, uint16_t workers, uint32_t laps)
{
	static struct crew c;
	struct teller t = {.r = r};
	double bare[LAPS_MAX], engine[LAPS_MAX], ratio[LAPS_MAX];

	crew_open(&c, ops, workers, BATCH / workers, FLOWS_MAX / workers);
	for (uint32_t i = 0; i < laps + 1; i++) { // the first warms up: what it needs of memory is there then
		uint32_t at = i ? i - 1 : 0;
		struct teller same = t;
		bare[at] = lap(&c, &same, ORDER_FREE);
		engine[at] = lap(&c, &t, ORDER_ENGINE);
		ratio[at] = bare[at] > 0 ? engine[at] / bare[at] : 0;
	}
	double best[2] = {0, 0};
	for (uint32_t i = 0; i < laps; i++) {
		best[0] = bare[i] > best[0] ? bare[i] : best[0];
		best[1] = engine[i] > best[1] ? engine[i] : best[1];
	}
	printf("{\"workers\":%u,\"receive_and_free_mpps\":%.2f,\"engine_mpps\":%.2f,\"ratio\":%.2f,\"best\":[%.2f,%.2f]", workers,
		median(bare, laps) / 1e6, median(engine, laps) / 1e6, median(ratio, laps), best[0] / 1e6, best[1] / 1e6);
	lap(&c, &t, ORDER_LATENCY);
	print_latency(&c.hand[0]);
	uint64_t stopped = 0;
	for (uint16_t w = 0; w < workers; w++)
		stopped += c.hand[w].stopped;
	printf(",\"stretches_left_out\":%lu}", stopped);
	crew_close(&c);
}

int live_rates(const struct recording *r, const struct feed_ops *ops, uint32_t laps)
{
	laps = laps > LAPS_MAX ? LAPS_MAX : laps;
	printf("{\"bench\":\"live\",\"source\":\"%s\",\"packets\":%zu,\"connections\":%u,\"octets_per_packet\":%.1f,\"ghz\":%.2f,\"rates\":[",
		ops->name, r->n, r->n_flows, (double)r->octets / (double)r->n, live_cycles_per_s() / 1e9);
	for (uint16_t workers = 1; workers <= 2; workers++) {
		printf("%s", workers > 1 ? "," : "");
		run(r, ops, workers, laps);
		fflush(stdout);
	}
	printf("],");
	live_classes(r, ops);
	printf("}\n");
	return 0;
}

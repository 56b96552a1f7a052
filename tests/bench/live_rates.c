// Rates, their ratio, and latencies, of one worker and of two: see tests/bench/live.h.
#include "tests/bench/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BATCH = 4096,    // made, then received: the octets are then in the shared cache, where a card puts them, too
	ROUND = 65536,   // packets of a round
	FLOWS_MAX = 1 << 20,
	ROUNDS_MAX = 64,
	LATENCY_ROUNDS = 4,
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

// A round in batches; packets a second of all workers together.
static double round_of(struct crew *c, struct teller *t, enum order order)
{
	uint64_t cycles[2] = {0, 0}, packets[2] = {0, 0};
	double sum = 0;
	for (uint32_t i = 0; i < ROUND / BATCH; i++) {
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

static void run(const struct recording *r, const struct feed_ops *ops, uint16_t workers, uint32_t rounds)
{
	static struct crew c;
	struct teller t = {.r = r};
	double bare[ROUNDS_MAX], engine[ROUNDS_MAX], ratio[ROUNDS_MAX];

	crew_open(&c, ops, workers, BATCH / workers, FLOWS_MAX / workers);
	for (uint32_t i = 0; i < rounds + 2; i++) { // the first two warm up, and open what a link has open
		uint32_t at = i < 2 ? 0 : i - 2;
		struct teller same = t;
		bare[at] = round_of(&c, &same, ORDER_FREE);
		engine[at] = round_of(&c, &t, ORDER_ENGINE);
		ratio[at] = bare[at] ? engine[at] / bare[at] : 0;
	}
	double best[2] = {0, 0};
	for (uint32_t i = 0; i < rounds; i++) {
		best[0] = bare[i] > best[0] ? bare[i] : best[0];
		best[1] = engine[i] > best[1] ? engine[i] : best[1];
	}
	printf("{\"workers\":%u,\"receive_and_free_mpps\":%.2f,\"engine_mpps\":%.2f,\"ratio\":%.2f,\"best\":[%.2f,%.2f]", workers,
		median(bare, rounds) / 1e6, median(engine, rounds) / 1e6, median(ratio, rounds), best[0] / 1e6, best[1] / 1e6);
	for (uint32_t i = 0; i < LATENCY_ROUNDS; i++)
		round_of(&c, &t, ORDER_LATENCY);
	print_latency(&c.hand[0]);
	uint64_t stopped = 0;
	for (uint16_t w = 0; w < workers; w++)
		stopped += c.hand[w].stopped;
	printf(",\"stretches_left_out\":%lu}", stopped);
	crew_close(&c);
}

int live_rates(const struct recording *r, const struct feed_ops *ops, uint32_t rounds)
{
	rounds = rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds < 1 ? 1 : rounds;
	printf("{\"bench\":\"live\",\"source\":\"%s\",\"packets\":%zu,\"connections\":%u,\"octets_per_packet\":%.1f,\"ghz\":%.2f,\"rates\":[",
		ops->name, r->n, r->n_flows, (double)r->octets / (double)r->n, live_cycles_per_s() / 1e9);
	for (uint16_t workers = 1; workers <= 2; workers++) {
		printf("%s", workers > 1 ? "," : "");
		run(r, ops, workers, rounds);
		fflush(stdout);
	}
	printf("],");
	live_classes(r, ops);
	printf("}\n");
	return 0;
}

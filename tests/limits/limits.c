// Holds one worker against its promises: memory within the cap (P8), cost per octet bounded (P9), every packet and every
// connection accounted for (P2), nothing allocated on the packet path.
//
//   limits [--large] [NAME...]
//
// Each attack runs with n, 2 n and 4 n. What decides is counted in operations (tests/limits/measure.h), which no other
// load on the machine changes; nanoseconds are printed for the reader. The last line: N passed, N failed.
#include "tests/limits/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dissect/engine.h"
#include "tests/limits/ledger.h"
#include "tests/limits/measure.h"

enum {
	FEW = 64,            // flows and sessions where their number does not matter
	OWN_OCTETS = 1 << 20, // pages of the test itself, and what rounding to pages adds
	RUNS = 3,
};

static const double growth_max = 1.5; // operations an octet, 4 n against n

struct cost {
	uint64_t n;
	double operations, ns; // an octet
};

// What `config` may make of memory, from the sizes of what it counts.
static uint64_t cap_of(const struct dissect_config *c)
{
	uint64_t buckets = 1;
	while (buckets * 8 < (uint64_t)c->flows_max * 2)
		buckets *= 2;
	uint64_t flow = sizeof(struct flow_hot) + sizeof(struct flow_cold) + sizeof(uint32_t);
	return buckets * sizeof(struct flow_bucket) + (c->flows_max + UINT64_C(1)) * flow +
	       (c->sessions_max + UINT64_C(1)) * sizeof(struct conn) + c->reassembly_octets +
	       FRAG_DATAGRAMS_MAX * (FRAG_DATAGRAM_LEN + UINT64_C(1024)) + sizeof(struct dissect);
}

static uint32_t share(uint64_t n, uint32_t quarters)
{
	return quarters ? (uint32_t)(n * quarters / 4) + 1 : FEW;
}

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static const char *missing_counter(const struct limit *l, const uint64_t *counter)
{
	for (size_t i = 0; i < l->n_must; i++) {
		if (!counter[l->must[i]])
			return dissect_counter_table[l->must[i]].name;
	}
	return NULL;
}

static void print_losses(const uint64_t *counter)
{
	static const enum dissect_counter loss[] = {
		COUNT_flow_closed_evicted, COUNT_session_no_memory, COUNT_reassembly_no_memory, COUNT_reassembly_forced, COUNT_tcp_gap,
		COUNT_tcp_out_of_window, COUNT_smtp_line_no_memory, COUNT_smtp_paused_overflow, COUNT_tls_handshake_no_memory, COUNT_fragment_no_memory,
		COUNT_packet_fragment_dropped, COUNT_packet_no_flow,
	};
	for (size_t i = 0; i < sizeof(loss) / sizeof(*loss); i++) {
		if (counter[loss[i]])
			printf(" %s=%" PRIu64, dissect_counter_table[loss[i]].name, counter[loss[i]]);
	}
}

static bool wrong(const struct limit *l, uint64_t n, const char *what, const char *more)
{
	printf("FAIL %s, n=%" PRIu64 ": %s%s%s\n", l->name, n, what, more ? ": " : "", more ? more : "");
	return false;
}

// One run. `last` is the largest: then the counters must tell what was lost.
static bool run_once(const struct limit *l, struct traffic *t, uint64_t n, bool last, struct cost *cost)
{
	uint64_t before = measure_resident();
	if (traffic_open(t) < 0)
		return wrong(l, n, "the worker does not open", NULL);
	double start = now_ns();
	measure_start();
	l->run(t, n);
	traffic_finish(t);
	measure_stop();
	*cost = (struct cost){n, (double)measure_operations() / (double)t->octets, (now_ns() - start) / (double)t->octets};
	uint64_t now = measure_resident(), peak = now > t->resident ? now : t->resident;
	uint64_t grown = peak > before ? peak - before : 0, cap = cap_of(&t->config);
	const uint64_t *counter = dissect_counters(t->d);
	const char *name;
	bool ok = true;
	if (measure_allocations())
		ok = wrong(l, n, "something was allocated on the packet path", NULL);
	if (grown > cap + cap / 20 + OWN_OCTETS || t->tally.most_memory > cap)
		ok = wrong(l, n, "memory above its cap", NULL);
	if (t->tally.broken)
		ok = wrong(l, n, t->tally.broken, NULL);
	if (!t->tally.over)
		ok = wrong(l, n, "no last counters", NULL);
	if ((name = ledger_broken(t->d, t->packets, t->tally.finals, t->tally.sealed, t->tally.ends)))
		ok = wrong(l, n, "the ledger", name);
	if (last && (name = missing_counter(l, counter)))
		ok = wrong(l, n, "nothing was counted as", name);
	if (last && ok) {
		printf("     memory %.1f of %.1f MiB,", (double)grown / (1 << 20), (double)cap / (1 << 20));
		print_losses(counter);
		printf("\n");
	}
	traffic_close(t);
	return ok;
}

static bool run_limit(const struct limit *l, bool large)
{
	static struct traffic t;
	uint64_t n = large ? l->large / 4 : l->small;
	n = n ? n : 1;
	t = (struct traffic){.config = {
		.ports = {25, 465, 587},
		.n_ports = 3,
		.flows_max = share(n, l->flows_quarters),
		.sessions_max = share(n, l->sessions_quarters),
		.reassembly_octets = large ? 64 << 20 : 4 << 20,
		.n_workers = 1,
	}};
	struct cost cost[RUNS];
	bool ok = true;
	for (int i = 0; i < RUNS && ok; i++)
		ok = run_once(l, &t, n << i, i == RUNS - 1, &cost[i]);
	for (int i = 1; i < RUNS && ok; i++) {
		if (cost[i].operations > cost[0].operations * growth_max)
			ok = wrong(l, cost[i].n, "the cost of an octet grows with their number", NULL);
	}
	if (ok)
		printf("ok   %s: %" PRIu64 " %s; %.2f %.2f %.2f operations an octet at n, 2 n, 4 n; %.1f ns\n", l->name, cost[2].n,
		       l->what, cost[0].operations, cost[1].operations, cost[2].operations, cost[2].ns);
	fflush(stdout);
	return ok;
}

static bool wanted(const struct limit *l, int argc, char **argv, bool large)
{
	int first = large ? 2 : 1;
	for (int i = first; i < argc; i++) {
		if (strstr(l->name, argv[i]))
			return true;
	}
	return first >= argc;
}

int main(int argc, char **argv)
{
	const struct {
		const struct limit *row;
		size_t n;
	} table[] = {
		{limits_flows, n_limits_flows}, {limits_smtp, n_limits_smtp}, {limits_tls, n_limits_tls}, {limits_net, n_limits_net}};
	bool large = argc > 1 && strcmp(argv[1], "--large") == 0;
	unsigned n_passed = 0, n_failed = 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		for (size_t j = 0; j < table[i].n; j++) {
			if (!wanted(&table[i].row[j], argc, argv, large))
				continue;
			bool ok = run_limit(&table[i].row[j], large);
			n_passed += ok;
			n_failed += !ok;
		}
	}
	printf("%u passed, %u failed\n", n_passed, n_failed);
	return n_failed || !n_passed;
}

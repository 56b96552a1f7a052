// What the parts of bench_live share.
#pragma once

#include <pthread.h>

#include "capture/live_parts.h"
#include "dissect/dissect.h"
#include "hw/ring.h"
#include "tests/bench/feed.h"
#include "tests/bench/recorded.h"

enum { LATENCIES_MAX = 1 << 20 };

// What workers are told to do with a batch that lies ready.
enum order { ORDER_FREE, ORDER_ENGINE, ORDER_LATENCY, ORDER_END };

struct tally {
	uint64_t messages, lost; // into the ring of facts, or not
	uint64_t finals, sealed, ends;
	uint64_t memory_octets;  // as the worker itself says, at most
};

struct crew;

struct hand {
	struct crew *crew;
	uint16_t index;
	uint32_t batch; // packets that lie ready
	struct source *source;
	struct dissect *dissect;
	struct ring *ring;
	struct tally tally;
	uint64_t cycles, packets; // of the last order; stretches in which the thread was stopped are left out
	uint64_t stopped;         // ... and how many those were, since the start
	uint64_t offered_at;      // ORDER_LATENCY: cycles
	uint32_t *latency;        // cycles, LATENCIES_MAX
	uint32_t n_latency;
	pthread_t thread;
};

// Workers with a thread each, and what is put in front of them.
struct crew {
	const struct feed_ops *ops;
	struct feed *feed;
	struct live *live;
	uint16_t n;
	enum order order;
	struct dissect_owner owner;
	pthread_barrier_t begin, end;
	struct hand hand[LIVE_WORKERS_MAX];
};

// What dissection is given: enough of everything.
struct dissect_config live_dissect(uint32_t flows_max);
// What every worker's messages go through: they are counted, and put on its ring.
void live_emit(void *ctx, const struct message *m, size_t len);
void live_tally(struct tally *t, const struct message *m);

// Exits with a message where it cannot.
void crew_open(struct crew *c, const struct feed_ops *ops, uint16_t n, uint32_t batch, uint32_t flows_max);
void crew_close(struct crew *c);
// Puts a packet in front of worker `w`. False: its batch is full.
bool crew_put(struct crew *c, uint16_t w, const struct recorded *p, uint32_t world);
// All workers do what is ordered with their batches.
void crew_do(struct crew *c, enum order order);
void crew_drain(struct ring *r);

double live_cycles_per_s(void); // measured; takes 100 ms the first time
uint64_t live_resident(void);   // octets

// The modes. Each prints a JSON line; 0 when what it proves holds.
int live_rates(const struct recording *r, const struct feed_ops *ops, uint32_t laps);
int live_flows(const struct recording *r, uint32_t n_flows);
int live_overload(const struct recording *r, const struct feed_ops *ops, uint32_t seconds);
void live_classes(const struct recording *r, const struct feed_ops *ops);

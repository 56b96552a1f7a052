// Millions of connections at once: what one takes in memory, and what a packet costs among so many.
//
// Each is a whole one up to the cut-through, told of new addresses; then packets of ciphertext come for all of them in turn,
// in an order that no cache likes.
#include "tests/bench/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dissect/engine.h"
#include "hw/clock.h"

enum { STEPS_MAX = 400, ABREAST = 512, PROMISED = 192, SWEEP = 4 << 20, AT_ONCE = 1024 };

struct field {
	struct dissect *d;
	struct tally tally;
	uint64_t seq, time_ns;
	const struct recorded *packet[STEPS_MAX];
	size_t n_open, cipher; // packets up to the cut-through; one behind it
	uint8_t frame[AT_ONCE][RECORDED_MAX];
	struct packet burst[AT_ONCE];
	uint32_t n;
};

static void on_message(void *ctx, const struct message *m, size_t len)
{
	live_tally(&((struct field *)ctx)->tally, m);
}

static void put(struct field *f, const struct recorded *p, uint32_t world)
{
	recorded_move(p, world, f->frame[f->n]);
	f->time_ns += 1000;
	f->burst[f->n] = (struct packet){.data = f->frame[f->n], .len = p->len, .wire_len = p->len, .time_ns = f->time_ns, .seq = ++f->seq,
		.linktype = 1};
	f->n++;
}

// The processor's time: others may use it, too.
static uint64_t take(struct field *f)
{
	uint64_t begin = clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
	dissect_burst(f->d, f->burst, f->n);
	f->n = 0;
	return clock_read_ns(CLOCK_THREAD_CPUTIME_ID) - begin;
}

static void open_worker(struct field *f, uint32_t flows_max)
{
	struct dissect_config config = live_dissect(flows_max);
	memset(f, 0, sizeof(*f));
	f->time_ns = UINT64_C(1790000000000000000);
	config.reassembly_octets = 256 << 20;
	config.protocols = false;
	config.emit = on_message;
	config.emit_ctx = f;
	if (dissect_open(&f->d, &config)) {
		fprintf(stderr, "bench_live: no memory for %u connections\n", flows_max);
		exit(1);
	}
}

// The first connection of the capture that is sealed, up to there; and a packet with octets behind that.
static bool find_template(struct field *f, const struct recording *r)
{
	for (uint32_t flow = 0; flow < r->n_flows; flow++) {
		size_t n = 0, sealed_at = 0;
		open_worker(f, 64);
		for (size_t i = 0; i < r->n && n < STEPS_MAX; i++) {
			uint32_t len;
			uint8_t flags;
			if (r->packet[i].flow != flow)
				continue;
			f->packet[n] = &r->packet[i];
			put(f, f->packet[n++], 0);
			take(f);
			if (!sealed_at && f->tally.sealed)
				sealed_at = n;
			recorded_payload(&r->packet[i], &len, &flags);
			if (sealed_at && n > sealed_at && len > 1000) {
				f->n_open = sealed_at;
				f->cipher = n - 1;
				dissect_close(&f->d);
				return true;
			}
		}
		dissect_close(&f->d);
	}
	return false;
}

static void open_flows(struct field *f, uint32_t from, uint32_t to)
{
	for (uint32_t first = from; first < to; first += ABREAST) {
		for (size_t i = 0; i < f->n_open; i++) {
			for (uint32_t world = first; world < first + ABREAST && world < to; world++) {
				put(f, f->packet[i], world);
				if (f->n == AT_ONCE)
					take(f);
			}
		}
	}
	if (f->n)
		take(f);
}

// Nanoseconds a packet of ciphertext among `n` connections.
static double sweep(struct field *f, uint32_t n)
{
	const struct recorded *p = f->packet[f->cipher];
	uint64_t ns = 0, i = 0;
	while (i < SWEEP) {
		for (int k = 0; k < AT_ONCE; k++, i++) {
			put(f, p, (uint32_t)(i * 2654435761u % n)); // a prime: all of them, in no order
			recorded_later(f->frame[k], (uint32_t)(i / n) * p->len);
		}
		ns += take(f);
	}
	return (double)ns / (double)i;
}

int live_flows(const struct recording *r, uint32_t n_flows)
{
	static struct field f, template;
	const uint32_t few = 100000 < n_flows ? 100000 : n_flows;
	if (!find_template(&template, r)) {
		fprintf(stderr, "bench_live: no connection of the capture is sealed\n");
		return 1;
	}
	open_worker(&f, n_flows);
	memcpy(f.packet, template.packet, sizeof(f.packet));
	f.n_open = template.n_open;
	f.cipher = template.cipher;
	uint64_t before = live_resident();
	open_flows(&f, 0, few);
	double ns_few = sweep(&f, few);
	open_flows(&f, few, n_flows);
	double ns_all = sweep(&f, n_flows);
	uint64_t resident = live_resident() - before;
	const struct flow_table *t = &f.d->table;
	uint64_t slabs = (uint64_t)t->hot.n_peak * t->hot.object_len + (uint64_t)t->cold.n_peak * t->cold.object_len +
		(t->bucket_mask + 1) * sizeof(struct flow_bucket);
	double each = (double)slabs / n_flows;
	bool ok = t->hot.n_used == n_flows && f.tally.sealed == n_flows && each <= PROMISED + 1; // the index is a power of two
	printf("{\"bench\":\"flows\",\"flows\":%u,\"open\":%u,\"sealed\":%lu,\"octets_per_flow\":%.1f,\"promised\":%d,"
		   "\"process_octets_per_flow\":%.1f,\"packets_to_seal\":%zu,\"ns_per_packet\":{\"%u\":%.1f,\"%u\":%.1f}}\n",
		n_flows, t->hot.n_used, f.tally.sealed, each, PROMISED, (double)resident / n_flows, f.n_open, few, ns_few, n_flows, ns_all);
	dissect_close(&f.d);
	return ok ? 0 : 1;
}

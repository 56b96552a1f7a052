// More than the engine takes, for as long as one likes: the books balance to the last packet and memory stays flat.
//
// One thread makes packets, offers them to a worker's port faster than they can go, and throws away what finds no room, as a card
// does. It also is the judge, and a slow one: the ring of facts runs over, too. The worker's thread does as in `run`.
#include "tests/bench/live.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "hw/clock.h"
#include "tests/limits/ledger.h"

enum {
	BATCH = 2048,
	FLOWS_MAX = 65536,
	SESSIONS_MAX = 8192,
	REASSEMBLY = 16 << 20,
	JUDGED = 8,          // messages taken after each batch: fewer than there are
	GROWTH = 4 << 20,    // what flat means, in octets
	DRAIN_MS = 200,
};

struct overload {
	struct hand hand;
	struct live *live;
	uint64_t offered, taken;
	uint64_t read;   // messages, by the judge
	bool stop;
};

static void *worker(void *arg)
{
	struct overload *o = arg;
	struct hand *h = &o->hand;
	struct packet burst[PACKET_BURST];
	for (;;) {
		int n = source_burst(h->source, burst);
		if (n == SOURCE_IDLE) {
			if (__atomic_load_n(&o->stop, __ATOMIC_ACQUIRE))
				return NULL;
			sched_yield(); // others may have to do on this processor
			continue;
		}
		if (n < 0 || n == SOURCE_END)
			return NULL;
		for (int i = 0; i < n; i++)
			h->packets += burst[i].kind == PACKET_WHOLE;
		dissect_burst(h->dissect, burst, (size_t)n);
		ring_set_watermark(h->ring, dissect_watermark(h->dissect));
	}
}

static void judge(struct overload *o, uint32_t most)
{
	size_t len;
	for (; most-- && ring_peek(o->hand.ring, &len); o->read++)
		ring_release(o->hand.ring);
}

// Until `until_ns`. The world the capture is told in next.
static uint32_t flood(struct overload *o, const struct recording *r, const struct feed_ops *ops, struct feed *feed, uint32_t world,
	uint64_t until_ns)
{
	static size_t at;
	while (clock_mono_ns() < until_ns) {
		uint32_t n = 0;
		for (uint8_t *room; (room = ops->room(feed, 0, r->packet[at].len)) != NULL; n++) {
			recorded_move(&r->packet[at], world, room);
			if (++at == r->n) {
				at = 0;
				world++;
			}
		}
		o->offered += n;
		for (uint32_t more = 1; n && more; n -= more) // until the first refusal
			o->taken += more = ops->offer(feed, 0, n);
		if (n)
			sched_yield();
		ops->drop(feed, 0);
		judge(o, JUDGED);
	}
	return world;
}

static void open_all(struct overload *o, const struct feed_ops *ops, struct feed **feed)
{
	static struct dissect_owner owner = {.n_workers = 1};
	const struct live_config live = {.n_ports = 1, .workers = 1, .owner = dissect_owner, .owner_ctx = &owner};
	struct dissect_config d = live_dissect(FLOWS_MAX);
	char why[PORT_WHY] = "";
	struct port *port = ops->open(feed, 1, BATCH, why) < 0 ? NULL : ops->port(*feed);
	d.sessions_max = SESSIONS_MAX;
	d.reassembly_octets = REASSEMBLY;
	d.emit = live_emit;
	d.emit_ctx = &o->hand;
	o->hand.ring = ring_open(4 << 20);
	if (!port || live_open_ports(&o->live, &live, &port, why) < 0 || !o->hand.ring || dissect_open(&o->hand.dissect, &d)) {
		fprintf(stderr, "bench_live: %s\n", why[0] ? why : "no memory");
		exit(1);
	}
	o->hand.source = live_source(o->live, 0);
}

// What does not balance, or NULL.
static const char *books(const struct overload *o)
{
	const struct tally *t = &o->hand.tally;
	if (o->hand.packets != o->taken)
		return "packets that the port took and the worker received";
	if (t->messages != o->read)
		return "messages written and read";
	return ledger_broken(o->hand.dissect, o->taken, t->finals, t->sealed, t->ends);
}

int live_overload(const struct recording *r, const struct feed_ops *ops, uint32_t seconds)
{
	static struct overload o;
	struct feed *feed;
	pthread_t thread;

	open_all(&o, ops, &feed);
	if (pthread_create(&thread, NULL, worker, &o))
		return 1;
	uint64_t begin_ns = clock_mono_ns(), ns = (uint64_t)seconds * 1000000000;
	uint32_t world = flood(&o, r, ops, feed, 0, begin_ns + ns / 2);
	uint64_t half = live_resident();
	flood(&o, r, ops, feed, world, begin_ns + ns);
	uint64_t full = live_resident();
	nanosleep(&(struct timespec){.tv_nsec = DRAIN_MS * 1000000}, NULL);
	__atomic_store_n(&o.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	dissect_finish(o.hand.dissect);
	judge(&o, UINT32_MAX);

	const uint64_t *n = dissect_counters(o.hand.dissect);
	const char *broken = books(&o);
	bool flat = full < half + GROWTH, over = o.taken < o.offered && o.hand.tally.lost > 0;
	printf("{\"bench\":\"overload\",\"source\":\"%s\",\"seconds\":%u,\"offered\":%lu,\"received\":%lu,\"no_room\":%lu,\"mpps\":%.2f,"
		   "\"messages\":%lu,\"messages_lost\":%lu,\"flows\":%lu,\"evicted\":%lu,\"sessions\":%lu,\"gaps\":%lu,"
		   "\"resident_mib\":[%.1f,%.1f],\"ledger\":\"%s\"}\n",
		ops->name, seconds, o.offered, o.taken, o.offered - o.taken, (double)o.taken / seconds / 1e6, o.hand.tally.messages,
		o.hand.tally.lost, n[COUNT_flow_opened], n[COUNT_flow_closed_evicted], n[COUNT_session_opened], n[COUNT_tcp_gap],
		(double)half / 1048576, (double)full / 1048576, broken ? broken : "exact");
	dissect_close(&o.hand.dissect);
	live_close(&o.live);
	ops->close(feed);
	ring_close(&o.hand.ring);
	printf("%s the books balance\n%s memory is flat\n%s there was more than it takes\n", broken ? "FAIL" : "ok  ", flat ? "ok  " : "FAIL",
		over ? "ok  " : "FAIL");
	return broken || !flat || !over;
}

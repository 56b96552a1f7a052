// The insides of one worker's dissection, shared by the parts that live on its packet path. Private to dissect/.
#pragma once

#include "dissect/conn.h"
#include "dissect/dissect.h"
#include "dissect/flow/table.h"
#include "dissect/flow/wheel.h"
#include "dissect/net/decode.h"
#include "dissect/net/frag.h"
#include "dissect/stream/guard.h"
#include "dissect/stream/second.h"
#include "hw/counter.h"
#include "hw/slab.h"

// Waits, in packet time. Each a bound on how long something stays undecided.
#define WAIT_HOLE_ACKED_NS UINT64_C(1000000000)  // the peer has these octets, we do not: 1 s covers two tap arms
#define WAIT_HOLE_NS UINT64_C(60000000000)       // neither has them: a retransmission may come for a minute
#define WAIT_REPLY_NS UINT64_C(10000000000)      // octets that wait for a reply that does not come
#define LINGER_NS UINT64_C(2000000000)           // after the end: stragglers, life after a forged reset
#define TWIN_NS UINT64_C(300000000000)           // RFC 5321 4.5.3.2: as long as a server waits for the next command
#define IDLE_BARE_NS UINT64_C(120000000000)      // connections without payload
#define IDLE_NS UINT64_C(900000000000)           // RFC 5321 4.5.3.2: the longest wait is 10 minutes
#define COUNTERS_EVERY_NS UINT64_C(30000000000)

// Clocks that wrote the input, told apart by how far they are behind: 4, because a tap has two arms and may be two taps.
enum { ENGINE_CLOCKS = 4 };
#define CLOCK_SLACK_NS UINT64_C(1000000000) // packets change places by less

struct dissect {
	struct dissect_config config;
	struct flow_table table;
	struct wheel wheel;
	struct slab conns, chunks, lines, tapes;
	struct second *second;
	struct tls_memory tls;
	struct guards guards;
	uint32_t conn_hand;  // of the clock that looks for a session to evict
	struct frag_table *frag;
	struct protocols *protocols; // NULL: not counted
	uint64_t now_ns;     // engine time: packet time, but it never runs back
	uint64_t shift_ns[ENGINE_CLOCKS]; // what has to be added to packet time for that, by clock
	uint32_t n_clocks;
	uint64_t time_ns;    // packet time of the packet in hand
	uint64_t seq;        // for messages, see struct message
	uint64_t watermark;
	uint64_t counters_due_ns;
	uint32_t counters_ord; // messages that belong to no session
	uint32_t anomalies_told; // bits of the kinds of trouble that were told
	uint8_t known_port[65536 / 8];
	uint64_t *common;    // where what is below the connections is counted of the packet in hand: `counter` or `scratch`
	uint64_t *ledger;    // ... and where it ended
	uint64_t scratch[DISSECT_COUNTERS]; // for what another worker counts
	uint64_t counter[DISSECT_COUNTERS];
	void *message;       // room to put a long one together: MESSAGE_LEN_MAX
	struct keep *keep;   // packets as evidence; NULL: none is wanted
};

static inline void engine_count(struct dissect *e, enum dissect_counter c, uint64_t n)
{
	counter_add(&e->counter[c], n);
}

// The ledger row of the packet in hand.
static inline void engine_ends(struct dissect *e, enum dissect_counter row)
{
	counter_add(&e->ledger[row], 1);
}

static inline bool engine_known_port(const struct dissect *e, uint16_t port)
{
	return e->known_port[port / 8] & 1 << port % 8;
}

static inline struct conn *engine_conn(const struct dissect *e, const struct flow_hot *h)
{
	return slab_at(&e->conns, h->session);
}

// dissect/tell.c: what leaves the worker.
void tell_session(struct dissect *e, uint32_t flow, bool sealed, enum session_end end);
void tell_end(struct dissect *e, uint32_t flow, enum session_end end);
void tell_anomaly(struct dissect *e, enum dissect_counter what, const struct packet *p);
void tell_counters(struct dissect *e, bool last);
// The facts of a DNS message, which lie in e->message already.
void tell_dns(struct dissect *e);
// A packet as evidence: of `octets` m->len are taken. All of `m` but its head is set.
void tell_evidence(struct dissect *e, uint32_t flow, const struct message_evidence *m, const uint8_t *octets);
// Handshake octets for the judge; `m` as struct tls_env hands them over.
void tell_handshake(struct dissect *e, uint32_t flow, const struct message_handshake *m, const uint8_t *p, size_t len);

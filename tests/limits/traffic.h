// Makes traffic in memory and feeds it to one worker, keeping books on what goes in and what comes out.
//
// Packets are raw IPv4 (link type 101) with good checksums, in bursts of 32 as a source would give them. Connections
// have numbers; a number is a client address of its own. One thread.
#pragma once

#include "dissect/dissect.h"
#include "dissect/net/decode.h"

enum {
	C = DIR_C2S,
	S = DIR_S2C,
	FIN = TCP_FIN,
	SYN = TCP_SYN,
	RST = TCP_RST,
	ACK = TCP_ACK,
	SEGMENT_MAX = 1460,
	FRAME_MAX = 65535, // what a host that offloads segmentation captures
	LONG_SEGMENT_MAX = FRAME_MAX - 40,
};

// What the worker told.
struct tally {
	uint64_t finals, sealed, ends, anomalies;
	uint64_t most_flows, most_memory;
	uint64_t last_seq, last_birth; // order
	uint32_t last_ord;
	const char *broken; // first promise that did not hold; NULL
	struct message_counters last;
	bool over; // the last counters came
	void (*also)(void *ctx, const struct message *m, size_t len); // who else takes messages, or NULL
	void *also_ctx;
};

struct traffic {
	struct dissect *d;
	struct dissect_config config;
	struct tally tally;
	uint64_t packets, octets; // fed
	uint64_t time_ns, step_ns; // packet time, and how much a packet takes
	uint32_t servers;         // connections go to so many in turn; 0: one
	uint64_t resident;        // most memory seen between bursts
	size_t n;
	struct packet burst[PACKET_BURST];
	uint8_t frame[PACKET_BURST][FRAME_MAX];
};

// A connection as its two ends see it: how much each has sent.
struct talk {
	uint32_t id;
	uint16_t port;
	uint32_t sent[2];
};

// `t->config` is set, but for emit. 0 or -errno.
int traffic_open(struct traffic *t);
// End of input: what is left is fed and every flow ends. The worker stays open for a look at it.
void traffic_finish(struct traffic *t);
void traffic_close(struct traffic *t);

// One segment, whatever it means. seq and ack are relative: 0 the SYN, 1 the first octet.
void traffic_segment(struct traffic *t, const struct talk *k, int d, int flags, uint32_t seq, uint32_t ack, const void *p, size_t len);
// One IP fragment of `len` octets at `off`, of datagram `id` of client `client`.
void traffic_fragment(struct traffic *t, uint32_t client, uint16_t id, uint32_t off, bool more, size_t len);

void talk_syn(struct traffic *t, struct talk *k, uint32_t id, uint16_t port);
// SYN, SYN/ACK, ACK.
void talk_open(struct traffic *t, struct talk *k, uint32_t id, uint16_t port);
// Octets in order, everything of the other side acknowledged, `mss` octets in a segment.
void talk_send(struct traffic *t, struct talk *k, int d, const void *p, size_t len, size_t mss);
// A string, in one segment or more.
void talk_say(struct traffic *t, struct talk *k, int d, const char *text);
// 220, EHLO and a reply that offers STARTTLS.
void talk_greet(struct traffic *t, struct talk *k);

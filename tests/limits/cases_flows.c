// Many connections, each with as much state as it can have for the price.
#include "tests/limits/limits.h"

#include <string.h>

static const uint8_t filler[SEGMENT_MAX];

// W6: a SYN flood.
static void syn_only(struct traffic *t, uint64_t n)
{
	struct talk k;
	for (uint32_t i = 0; i < n; i++)
		talk_syn(t, &k, i, 25);
}

static void syn_answered(struct traffic *t, uint64_t n)
{
	struct talk k;
	for (uint32_t i = 0; i < n; i++) {
		talk_syn(t, &k, i, 25);
		traffic_segment(t, &k, S, SYN | ACK, 0, 1, NULL, 0);
	}
}

static void partial_ehlo(struct traffic *t, uint64_t n)
{
	struct talk k;
	for (uint32_t i = 0; i < n; i++) {
		talk_open(t, &k, i, 25);
		talk_say(t, &k, S, "220 mx.example ESMTP\r\n");
		talk_say(t, &k, C, "EHLO client.exam");
	}
}

// W7: octet 0 never comes, the rest does.
static void hole(struct traffic *t, uint64_t n)
{
	struct talk k;
	for (uint32_t i = 0; i < n; i++) {
		talk_open(t, &k, i, 25);
		traffic_segment(t, &k, C, ACK, 2, 1, filler, 1000);
	}
}

// Replies that acknowledge what was never captured: they wait for their causes.
static void unseen_causes(struct traffic *t, uint64_t n)
{
	struct talk k;
	talk_open(t, &k, 0, 25);
	talk_greet(t, &k);
	for (uint64_t i = 0; i < n; i++) {
		k.sent[C] += 100; // lost
		talk_say(t, &k, S, "250 ok\r\n");
	}
}

// W12: all reset at once, then opened again.
static void reconnect_storm(struct traffic *t, uint64_t n)
{
	static const char hello[] = "EHLO client.example\r\n";
	struct talk k;
	for (uint32_t i = 0; i < n; i++) {
		talk_open(t, &k, i, 25);
		talk_say(t, &k, C, hello);
	}
	for (uint32_t i = 0; i < n; i++) {
		k = (struct talk){.id = i, .port = 25};
		traffic_segment(t, &k, C, RST, (uint32_t)sizeof(hello), 0, NULL, 0);
	}
	for (uint32_t i = 0; i < n; i++) {
		k = (struct talk){.id = i, .port = 25};
		traffic_segment(t, &k, C, SYN, 5000000, 0, NULL, 0);
	}
}

// One tuple that begins anew with every other packet.
static void tuple_reused(struct traffic *t, uint64_t n)
{
	struct talk k = {.id = 1, .port = 25};
	for (uint32_t i = 0; i < n; i++) {
		uint32_t isn = i * 70000;
		traffic_segment(t, &k, C, SYN, isn, 0, NULL, 0);
		traffic_segment(t, &k, S, SYN | ACK, isn / 2, isn + 1, NULL, 0);
		traffic_segment(t, &k, S, ACK, isn / 2 + 1, isn + 1, "220 mx\r\n", 8);
		traffic_segment(t, &k, C, ACK, isn + 1, isn / 2 + 9, "EHLO a\r\n", 8);
	}
}

// Everything at once stands still: its timers come in the same second.
static void stuck_together(struct traffic *t, uint64_t n)
{
	struct talk k;
	hole(t, n);
	talk_open(t, &k, (uint32_t)n, 25);
	for (int i = 0; i < 200; i++) {
		t->time_ns += UINT64_C(1000000000);
		talk_say(t, &k, C, "NOOP\r\n");
	}
}

const struct limit limits_flows[] = {
	{"half-open, all held", "SYN", 10000, 1000000, 16, 1, syn_only, {0}, 0},
	{"half-open", "SYN", 10000, 1000000, 1, 1, syn_only, {COUNT_flow_closed_evicted}, 1},
	{"half-open, answered", "SYN and SYN/ACK", 6000, 1000000, 1, 1, syn_answered, {COUNT_flow_closed_evicted}, 1},
	{"partial EHLO, all held", "connections with half a line", 3000, 1000000, 16, 16, partial_ehlo, {COUNT_smtp_line_no_memory}, 1},
	{"partial EHLO", "connections with half a line", 4000, 1000000, 1, 1, partial_ehlo, {COUNT_flow_closed_evicted}, 1},
	{"no room for facts", "connections with half a line", 4000, 250000, 16, 1, partial_ehlo, {COUNT_session_no_memory}, 1},
	{"hole attack", "connections that never send octet 0", 4000, 100000, 16, 16, hole,
		{COUNT_reassembly_no_memory, COUNT_tcp_out_of_order}, 2},
	{"stuck together", "connections, then 200 s", 1500, 100000, 16, 16, stuck_together, {COUNT_tcp_gap}, 1},
	{"unseen causes", "replies", 20000, 1000000, 0, 0, unseen_causes, {COUNT_tcp_gap, COUNT_tcp_gap_octets}, 2},
	{"reconnect storm", "connections reset and reopened", 4000, 1000000, 16, 4, reconnect_storm,
		{COUNT_flow_closed_rst, COUNT_session_no_memory}, 2},
	{"tuple reused", "connections", 10000, 1000000, 0, 0, tuple_reused, {COUNT_flow_closed_reuse}, 1},
};
const size_t n_limits_flows = sizeof(limits_flows) / sizeof(*limits_flows);

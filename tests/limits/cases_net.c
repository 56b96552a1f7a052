// Segments and fragments that never fit together.
#include "tests/limits/limits.h"

// Every other octet, for ever.
static void every_other_octet(struct traffic *t, uint64_t n)
{
	struct talk k;
	talk_open(t, &k, 0, 25);
	for (uint64_t i = 0; i < n; i++)
		traffic_segment(t, &k, C, ACK, (uint32_t)(3 + 2 * i), 1, "x", 1);
}

// The same, from the far end of the window to the near one, again and again.
static void backwards(struct traffic *t, uint64_t n)
{
	enum { SPAN = 1000 };
	struct talk k;
	talk_open(t, &k, 0, 25);
	for (uint64_t i = 0; i < n; i++) {
		uint64_t base = i / SPAN * (2 * SPAN);
		traffic_segment(t, &k, C, ACK, (uint32_t)(3 + base + 2 * (SPAN - i % SPAN)), 1, "x", 1);
	}
}

// The same octets, sent with other contents each time.
static void contradictions(struct traffic *t, uint64_t n)
{
	struct talk k;
	talk_open(t, &k, 0, 25);
	for (uint64_t i = 0; i < n; i++) {
		char text[] = "EHLO client.exampl?";
		text[18] = (char)('a' + i % 26);
		traffic_segment(t, &k, C, ACK, i % 2 ? 1 : 100, 1, text, sizeof(text) - 1);
	}
}

static void datagrams(struct traffic *t, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		traffic_fragment(t, (uint32_t)(i >> 16), (uint16_t)i, 0, true, 64);
}

// Datagrams of as many pieces with holes between them as there may be, and more.
static void pieces(struct traffic *t, uint64_t n)
{
	enum { PIECES = 128 };
	for (uint64_t i = 0; i < n; i++)
		traffic_fragment(t, 1, (uint16_t)(i / PIECES), (uint32_t)(i % PIECES) * 16, true, 8);
}

static void large_datagrams(struct traffic *t, uint64_t n)
{
	enum { PIECES = 45 };
	for (uint64_t i = 0; i < n; i++)
		traffic_fragment(t, 1, (uint16_t)(i / PIECES), (uint32_t)(i % PIECES) * 1456, true, i % PIECES ? 1456 : 1448);
}

const struct limit limits_net[] = {
	{"every other octet", "segments of one octet", 40000, 2000000, 0, 0, every_other_octet, {COUNT_tcp_out_of_order, COUNT_tcp_gap}, 2},
	{"backwards", "segments of one octet", 40000, 2000000, 0, 0, backwards, {COUNT_tcp_out_of_order, COUNT_tcp_gap}, 2},
	{"contradictions", "segments", 40000, 2000000, 0, 0, contradictions, {COUNT_tcp_overlap_differs, COUNT_tcp_retransmit}, 2},
	{"datagrams never completed", "first fragments", 40000, 2000000, 0, 0, datagrams,
		{COUNT_packet_fragment_kept, COUNT_fragment_no_memory}, 2},
	{"pieces with holes", "fragments of 8 octets", 40000, 2000000, 0, 0, pieces,
		{COUNT_packet_fragment_dropped, COUNT_fragment_no_memory}, 2},
	{"large datagrams", "fragments", 40000, 1000000, 0, 0, large_datagrams, {COUNT_fragment_no_memory}, 1},
};
const size_t n_limits_net = sizeof(limits_net) / sizeof(*limits_net);

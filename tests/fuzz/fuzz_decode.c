// Any octets as packets: two octets of link type, then packets of a two-octet length each, through decode and fragments.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dissect/net/frag.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
	if (!condition)
		abort();
}

// A copy of its own, so that one octet too far is seen.
static void take(struct frag_table *t, struct packet p, uint64_t *counter)
{
	uint8_t *copy = malloc(p.len ? p.len : 1);
	require(copy);
	memcpy(copy, p.data, p.len);
	p.data = copy;

	struct decoded d;
	bool ambiguous;
	enum decode_outcome outcome = decode_packet(&p, &d, true, counter);
	if (outcome == DECODE_FRAGMENT)
		outcome = frag_take(t, &p, &d, &ambiguous, true, counter);
	require(outcome != DECODE_FRAGMENT);
	if (outcome == DECODE_TCP) {
		counter[COUNT_packet_tcp_counted]++;
		require(d.payload_len <= d.payload_wire_len && d.cut == (d.payload_len < d.payload_wire_len));
		require(d.tcp_checksum_ok == decode_tcp_checksum_ok(&d));
	}
	if (outcome == DECODE_UDP) {
		counter[COUNT_packet_dns]++;
		require(d.payload_len <= d.payload_wire_len && d.cut == (d.payload_len < d.payload_wire_len));
		require(decode_udp_checksum_ok(&d) || !d.cut);
		(void)decode_udp_checksum_offloaded(&d);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	uint64_t counter[DISSECT_COUNTERS] = {0}, n = 0, ledger = 0;
	struct frag_table *t;
	if (len < 2 || frag_open(&t) < 0)
		return 0;
	uint16_t linktype = (uint16_t)(data[0] << 8 | data[1]);
	for (size_t at = 2; at + 2 <= len;) {
		// The length is that on the wire: where the input has less, the capture was cut.
		uint32_t wire_len = (uint32_t)data[at] << 8 | data[at + 1];
		at += 2;
		uint32_t left = (uint32_t)(len - at), n_octets = wire_len < left ? wire_len : left;
		take(t, (struct packet){.data = data + at, .len = n_octets, .wire_len = wire_len, .linktype = linktype,
			.time_ns = ++n * 1000000000}, counter);
		at += n_octets;
	}
	for (int i = COUNT_packet_tcp_session; i <= COUNT_packet_no_flow; i++)
		ledger += counter[i];
	require(counter[COUNT_packets] == n && ledger == n);
	frag_close(&t);
	return 0;
}

// Any octets as packets, through decode and fragments: four bits of enum dissect_tunnel, twelve of link type, then packets of
// a two-octet length each. Whose a packet is must be told as the decoder reads it.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "capture/live.h"
#include "dissect/dissect.h"
#include "dissect/flow/table.h"
#include "dissect/net/frag.h"
#include "tests/fuzz/fuzz.h"

static void require(bool condition)
{
	if (!condition)
		abort();
}

// A copy of its own, so that one octet too far is seen.
static void require_owner(uint32_t tunnels, const struct packet *p, const struct decoded *d, enum decode_outcome outcome, bool inner)
{
	struct dissect_owner o = {.n_workers = 3, .tunnels = tunnels};
	uint32_t here = dissect_owner(&o, p, false), fanned = dissect_owner(&o, p, true);
	if (outcome == DECODE_FRAGMENT) {
		require(here == LIVE_ALL && fanned == LIVE_ALL);
		return;
	}
	struct flow_key key;
	flow_key_of(&key, d);
	bool ends = outcome == DECODE_TCP || outcome == DECODE_UDP;
	require(fanned < 3 && (!ends || fanned == flow_key_owner(&key) % 3));
	require(here == (ends && inner ? fanned : LIVE_HERE));
}

static void take(struct frag_table *t, struct packet p, uint32_t tunnels, uint64_t *counter)
{
	uint8_t *copy = malloc(p.len ? p.len : 1);
	require(copy);
	memcpy(copy, p.data, p.len);
	p.data = copy;

	struct decoded d;
	bool ambiguous;
	uint64_t opened = counter[COUNT_decode_tunnel];
	enum decode_outcome outcome = decode_packet(&p, &d, true, tunnels, counter);
	require_owner(tunnels, &p, &d, outcome, counter[COUNT_decode_tunnel] > opened);
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
	uint16_t linktype = (uint16_t)((data[0] & 0xf) << 8 | data[1]);
	for (size_t at = 2; at + 2 <= len;) {
		// The length is that on the wire: where the input has less, the capture was cut.
		uint32_t wire_len = (uint32_t)data[at] << 8 | data[at + 1];
		at += 2;
		uint32_t left = (uint32_t)(len - at), n_octets = wire_len < left ? wire_len : left;
		take(t, (struct packet){.data = data + at, .len = n_octets, .wire_len = wire_len, .linktype = linktype,
			.time_ns = ++n * 1000000000}, data[0] >> 4, counter);
		at += n_octets;
	}
	for (int i = COUNT_packet_tcp_session; i <= COUNT_packet_no_flow; i++)
		ledger += counter[i];
	require(counter[COUNT_packets] == n && ledger == n);
	frag_close(&t);
	return 0;
}

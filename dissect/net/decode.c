// The way of one packet through the layers: link, IP, TCP.
#include "dissect/net/decode.h"

#include "dissect/net/layer.h"

enum decode_outcome decode_network(struct layer *l, int version, struct decoded *out, bool checksum)
{
	switch (version) {
	case 4:
		return ip4_decode(l, out, checksum);
	case 6:
		return ip6_decode(l, out, checksum);
	default:
		return DECODE_DONE;
	}
}

enum decode_outcome decode_packet(const struct packet *p, struct decoded *out, bool checksum, uint32_t tunnels, uint64_t *counter)
{
	uint32_t octets = packet_octets(p);
	struct layer l = {
		.at = p->data,
		.end = p->data + p->len,
		.missing = octets > p->len ? octets - p->len : 0,
		.tunnels = tunnels,
		.counter = counter,
	};
	counter_add(&counter[COUNT_packets], 1);
	counter_add(&counter[COUNT_octets], octets);
	counter_add(&counter[COUNT_decode_wire_len], octets != p->wire_len);
	decode_nothing(out, p->tap);
	return decode_network(&l, link_peel(&l, p->linktype, out), out, checksum);
}

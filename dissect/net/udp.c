// The UDP header (RFC 768), of the ports that are read: DNS, what shows that a client uses DNS over QUIC, and tunnels.
#include <endian.h>

#include "dissect/net/checksum.h"
#include "dissect/net/layer.h"
#include "dissect/net/tunnel.h"

enum {
	UDP_HEADER_LEN = 8,
	PROTO_UDP = 17,
	PORT_DNS = 53,
	PORT_DOQ = 853, // RFC 9250
};

// The first packet of a QUIC client has a long header (RFC 9000 17.2) and is padded to 1,200 octets (14.1).
static bool begins_quic(const uint8_t *h, uint32_t len)
{
	return len >= UDP_HEADER_LEN + 1200 && h[8] >> 6 == 3;
}

enum decode_outcome udp_decode(struct layer *l, struct decoded *out, bool checksum)
{
	const uint8_t *h = l->at;
	if (layer_left(l) < UDP_HEADER_LEN)
		return layer_other(l, out);
	out->src_port = layer_be16(h);
	out->dst_port = layer_be16(h + 2);
	bool dns = out->src_port == PORT_DNS || out->dst_port == PORT_DNS;
	bool tunnel = !dns && tunnel_port(l, out->dst_port);
	if (!dns && !tunnel && !(out->dst_port == PORT_DOQ && begins_quic(h, layer_left(l))))
		return layer_other(l, out);
	uint32_t len = layer_be16(h + 4);
	if (tunnel && !len && layer_offloaded(l)) // a host's own capture
		len = layer_left(l) + l->missing;
	if (len < UDP_HEADER_LEN || len > (uint64_t)layer_left(l) + l->missing)
		return layer_malformed(l, COUNT_decode_udp_bad_header);
	layer_narrow(l, len);
	if (tunnel) {
		l->at += UDP_HEADER_LEN;
		return tunnel_udp(l, out->dst_port, out, checksum);
	}
	out->payload = h + UDP_HEADER_LEN;
	out->payload_len = layer_left(l) - UDP_HEADER_LEN;
	out->payload_wire_len = len - UDP_HEADER_LEN;
	out->cut = l->missing > 0;
	return DECODE_UDP;
}

static uint64_t pseudo_sum(const struct decoded *s)
{
	uint32_t address_len = s->ip_v == 4 ? 4 : 16;
	return checksum_sum(s->src, address_len) + checksum_sum(s->dst, address_len) + htobe16(PROTO_UDP) +
	       (uint64_t)htobe32(UDP_HEADER_LEN + s->payload_len);
}

static uint16_t field_of(const struct decoded *s)
{
	uint16_t field;
	memcpy(&field, s->payload - 2, sizeof(field));
	return field;
}

bool decode_udp_checksum_ok(const struct decoded *s)
{
	if (s->cut || (s->ip_v == 4 && !field_of(s))) // RFC 768: 0 is none; RFC 8200 8.1: never over IPv6
		return true;
	uint64_t sum = pseudo_sum(s) + checksum_sum(s->payload - UDP_HEADER_LEN, UDP_HEADER_LEN + s->payload_len);
	return checksum_fold(sum) == 0xffff;
}

bool decode_udp_checksum_offloaded(const struct decoded *s)
{
	return field_of(s) == checksum_fold(pseudo_sum(s));
}

// IPv4 and IPv6: header, length, fragments, and the chain of extension headers to TCP.
#include "dissect/net/checksum.h"
#include "dissect/net/layer.h"
#include "dissect/net/tunnel.h"

enum {
	IP4_HEADER_LEN = 20,
	IP6_HEADER_LEN = 40,
	PROTO_HOP_BY_HOP = 0,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ROUTING = 43,
	PROTO_FRAGMENT = 44,
	PROTO_GRE = 47,
	PROTO_AH = 51,
	PROTO_DESTINATION = 60,
};

static enum decode_outcome tcp_of(struct layer *l, struct decoded *out, bool checksum)
{
	uint32_t len = layer_left(l);
	return decode_tcp(l->at, len, len + l->missing, out, checksum, l->counter);
}

static enum decode_outcome fragment_of(const struct layer *l, struct decoded *out)
{
	out->frag_data = l->at;
	out->frag_len = layer_left(l);
	out->frag_cut = l->missing > 0;
	return DECODE_FRAGMENT;
}

// Of other protocols DNS is read, and tunnels are opened, unless they came in fragments.
static enum decode_outcome other_of(struct layer *l, struct decoded *out, bool checksum, uint16_t fragment)
{
	if (out->proto == PROTO_GRE)
		return fragment ? tunnel_closed(l, out) : tunnel_gre(l, out, checksum);
	if (out->proto != PROTO_UDP || fragment)
		return layer_other(l, out);
	return udp_decode(l, out, checksum);
}

enum decode_outcome ip4_decode(struct layer *l, struct decoded *out, bool checksum)
{
	const uint8_t *h = l->at;
	if (layer_left(l) < IP4_HEADER_LEN)
		return layer_short(l, IP4_HEADER_LEN);
	uint32_t header_len = (h[0] & 0xf) * 4u;
	uint32_t total = layer_be16(h + 2);
	bool offload = total == 0 && layer_offloaded(l);
	if (h[0] >> 4 != 4 || header_len < IP4_HEADER_LEN || (!offload && total < header_len))
		return layer_malformed(l, COUNT_decode_ip4_bad_header);
	if (!offload)
		layer_narrow(l, total);
	if (layer_left(l) < header_len)
		return layer_short(l, header_len);

	out->ip_v = 4;
	out->ip_id = layer_be16(h + 4);
	out->ttl = h[8];
	out->proto = h[9];
	memcpy(out->src, h + 12, 4);
	memcpy(out->dst, h + 16, 4);
	out->ip_checksum_ok = checksum_fold(checksum_sum(h, header_len)) == 0xffff;
	out->ip_checksum_zero = !h[10] && !h[11];
	if (!out->ip_checksum_ok)
		counter_add(&l->counter[COUNT_decode_ip4_bad_checksum], 1);
	l->at += header_len;
	// Before the fragments: those of other protocols shall not push mail out of the small table.
	uint16_t fragment = layer_be16(h + 6) & 0x3fff;
	if (out->proto != PROTO_TCP)
		return other_of(l, out, checksum, fragment);
	if (!fragment)
		return tcp_of(l, out, checksum);
	out->frag_id = out->ip_id;
	out->frag_off = (fragment & 0x1fffu) * 8;
	out->frag_more = fragment & 0x2000;
	return fragment_of(l, out);
}

// The length of an extension header, from its second octet.
static uint32_t extension_len(uint8_t type, const uint8_t *h)
{
	return type == PROTO_AH ? (h[1] + 2u) * 4 : (h[1] + 1u) * 8;
}

enum decode_outcome ip6_walk(struct layer *l, uint8_t next, struct decoded *out, bool checksum, bool whole)
{
	for (unsigned n = 0; n <= IP6_HEADERS_MAX; n++) {
		out->proto = next;
		if (next == PROTO_TCP)
			return tcp_of(l, out, checksum);
		if (next == PROTO_UDP || next == PROTO_GRE)
			return other_of(l, out, checksum, whole && next == PROTO_GRE);
		bool fragment = next == PROTO_FRAGMENT;
		bool extension = fragment || next == PROTO_HOP_BY_HOP || next == PROTO_ROUTING || next == PROTO_DESTINATION ||
		                 next == PROTO_AH;
		if (!extension)
			return layer_other(l, out);
		// Hop-by-hop options stand first or the receiver drops the packet (RFC 8200 4.1). So must we: octets that
		// only we read are an insertion.
		if ((next == PROTO_HOP_BY_HOP && (n > 0 || whole)) || (fragment && whole))
			return layer_malformed(l, COUNT_decode_ip6_bad_header);
		const uint8_t *h = l->at;
		if (layer_left(l) < 8)
			return layer_short(l, 8);
		uint32_t len = fragment ? 8 : extension_len(next, h);
		if (layer_left(l) < len)
			return layer_short(l, len);
		l->at += len;
		next = h[0];
		// Neither offset nor more: an atomic fragment, which is a whole packet (RFC 6946).
		if (fragment && layer_be16(h + 2) & 0xfff9) {
			out->proto = next;
			out->frag_id = layer_be32(h + 4);
			out->frag_off = layer_be16(h + 2) & 0xfff8u;
			out->frag_more = h[3] & 1;
			return fragment_of(l, out);
		}
	}
	return layer_malformed(l, COUNT_decode_ip6_ext_limit);
}

enum decode_outcome ip6_decode(struct layer *l, struct decoded *out, bool checksum)
{
	const uint8_t *h = l->at;
	if (layer_left(l) < IP6_HEADER_LEN)
		return layer_short(l, IP6_HEADER_LEN);
	if (h[0] >> 4 != 6)
		return layer_malformed(l, COUNT_decode_ip6_bad_header);
	out->ip_v = 6;
	out->ttl = h[7];
	memcpy(out->src, h + 8, 16);
	memcpy(out->dst, h + 24, 16);
	l->at += IP6_HEADER_LEN;
	// Payload length 0: a jumbogram (RFC 2675) or offload; what there is counts.
	uint32_t payload_len = layer_be16(h + 4);
	if (payload_len || !layer_offloaded(l))
		layer_narrow(l, payload_len);
	return ip6_walk(l, h[6], out, checksum, false);
}

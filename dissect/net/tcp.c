// The TCP header (RFC 9293 3.1): ports, numbers, the options that matter to a bystander, the checksum.
#include <endian.h>

#include "dissect/net/checksum.h"
#include "dissect/net/layer.h"

enum {
	TCP_HEADER_LEN = 20,
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_WINDOW_SCALE = 3,
	OPTION_MD5 = 19,
	OPTION_AO = 29,
	WINDOW_SCALE_MAX = 14, // RFC 7323 2.3: more means 14
};

static void read_option(uint8_t kind, uint8_t len, const uint8_t *value, struct decoded *out)
{
	switch (kind) {
	case OPTION_WINDOW_SCALE:
		if (len == 3 && out->flags & TCP_SYN)
			out->window_scale = value[0] > WINDOW_SCALE_MAX ? WINDOW_SCALE_MAX : value[0];
		break;
	case OPTION_MD5:
	case OPTION_AO:
		out->md5_option = true;
		break;
	default:
		break;
	}
}

// Stops without a word at a length that cannot be, as the receivers do.
static void read_options(const uint8_t *at, uint32_t len, struct decoded *out)
{
	// Two no-ops and a time stamp: what nearly every segment carries.
	if (len == 12 && layer_be32(at) == 0x0101080a)
		return;
	for (uint32_t i = 0; i < len && at[i] != OPTION_END;) {
		if (at[i] == OPTION_NOP) {
			i++;
			continue;
		}
		if (len - i < 2 || at[i + 1] < 2 || at[i + 1] > len - i)
			return;
		read_option(at[i], at[i + 1], at + i + 2, out);
		i += at[i + 1];
	}
}

bool decode_tcp_checksum_ok(const struct decoded *s)
{
	if (s->cut)
		return true;
	uint32_t len = s->tcp_header_len + s->payload_len;
	uint32_t address_len = s->ip_v == 4 ? 4 : 16;
	uint64_t sum = checksum_sum(s->src, address_len) + checksum_sum(s->dst, address_len);
	sum += (uint64_t)htobe32(len) + htobe16(6);
	sum += checksum_sum(s->payload - s->tcp_header_len, len);
	return checksum_fold(sum) == 0xffff;
}

bool decode_tcp_checksum_offloaded(const struct decoded *s)
{
	uint32_t len = s->tcp_header_len + s->payload_len;
	uint32_t address_len = s->ip_v == 4 ? 4 : 16;
	uint64_t sum = checksum_sum(s->src, address_len) + checksum_sum(s->dst, address_len) + htobe16(6);
	uint16_t field;
	memcpy(&field, s->payload - s->tcp_header_len + 16, sizeof(field));
	return field == checksum_fold(sum) || field == checksum_fold(sum + htobe32(len));
}

enum decode_outcome decode_tcp(const uint8_t *l4, uint32_t len, uint32_t wire_len, struct decoded *out, bool checksum,
                               uint64_t *counter)
{
	const struct layer l = {.at = l4, .end = l4 + len, .missing = wire_len - len, .counter = counter};
	if (len < TCP_HEADER_LEN && wire_len >= TCP_HEADER_LEN)
		return layer_count(&l, COUNT_packet_cut);
	uint32_t header_len = len < TCP_HEADER_LEN ? 0 : (uint32_t)(l4[12] >> 4) * 4;
	if (header_len < TCP_HEADER_LEN || header_len > wire_len)
		return layer_malformed(&l, COUNT_decode_tcp_bad_header);
	if (header_len > len)
		return layer_count(&l, COUNT_packet_cut);

	out->proto = 6;
	out->src_port = layer_be16(l4);
	out->dst_port = layer_be16(l4 + 2);
	out->seq = layer_be32(l4 + 4);
	out->ack = layer_be32(l4 + 8);
	out->flags = l4[13] & 0x3f;
	out->window = layer_be16(l4 + 14);
	out->urgent = layer_be16(l4 + 18);
	out->window_scale = 255;
	out->md5_option = false;
	out->tcp_header_len = (uint8_t)header_len;
	if (header_len > TCP_HEADER_LEN)
		read_options(l4 + TCP_HEADER_LEN, header_len - TCP_HEADER_LEN, out);
	out->payload = l4 + header_len;
	out->payload_len = len - header_len;
	out->payload_wire_len = wire_len - header_len;
	out->cut = len < wire_len;
	out->tcp_checksum_ok = !checksum || decode_tcp_checksum_ok(out);
	return DECODE_TCP;
}

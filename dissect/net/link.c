// The link layer: from the first octet of a frame to the IP header in it.
//
// LINKTYPE_* numbers are those of the pcap registry. A frame of a kind we read that carries no IP is packet_not_ip.
#include "dissect/net/layer.h"

enum {
	LINKTYPE_ETHERNET = 1,
	ETHER_HEADER_LEN = 14,
	ETHER_LENGTH_MAX = 1500, // type fields up to here are the length of an 802.3 frame
	ETHER_IP4 = 0x0800,
	ETHER_IP6 = 0x86dd,
	PPP_IP4 = 0x0021,
	PPP_IP6 = 0x0057,
	PPP_MPLS = 0x0281,
};

static int none(const struct layer *l, enum dissect_counter row)
{
	layer_count(l, row);
	return 0;
}

// Moves past `len` octets. NULL: they are not there, which was counted.
static const uint8_t *take(struct layer *l, uint32_t len)
{
	if (layer_left(l) < len) {
		layer_short(l, len);
		return NULL;
	}
	const uint8_t *p = l->at;
	l->at += len;
	return p;
}

// Where nothing but the first four bits says what follows.
static int by_nibble(struct layer *l)
{
	if (l->at == l->end) {
		layer_short(l, 1);
		return 0;
	}
	int version = *l->at >> 4;
	return version == 4 || version == 6 ? version : none(l, COUNT_packet_not_ip);
}

static int tags_exhausted(const struct layer *l)
{
	layer_malformed(l, COUNT_decode_vlan_limit);
	return 0;
}

// RFC 3032. What follows the last label is not named; a pseudowire (first nibble 0) is not ours.
static int peel_mpls(struct layer *l, unsigned tags)
{
	for (; tags < LINK_TAGS_MAX; tags++) {
		const uint8_t *label = take(l, 4);
		if (!label)
			return 0;
		if (label[2] & 1)
			return by_nibble(l);
	}
	return tags_exhausted(l);
}

// The protocol field may be compressed to one octet, which is then odd. RFC 1661 2, 6.5.
static int peel_ppp_protocol(struct layer *l, unsigned tags)
{
	const uint8_t *p = take(l, 1);
	if (!p)
		return 0;
	unsigned protocol = p[0];
	if (!(protocol & 1)) {
		p = take(l, 1);
		if (!p)
			return 0;
		protocol = protocol << 8 | p[0];
	}
	switch (protocol) {
	case PPP_IP4:
		return 4;
	case PPP_IP6:
		return 6;
	case PPP_MPLS:
		return peel_mpls(l, tags);
	default:
		return none(l, COUNT_packet_not_ip);
	}
}

// RFC 2516 4: version and type, code, session, length.
static int peel_pppoe(struct layer *l, unsigned tags)
{
	const uint8_t *p = take(l, 6);
	if (!p)
		return 0;
	return p[0] == 0x11 && p[1] == 0 ? peel_ppp_protocol(l, tags) : none(l, COUNT_packet_not_ip);
}

static void keep_vlan(struct decoded *out, const uint8_t *tci)
{
	if (out->n_vlan < 2)
		out->vlan[out->n_vlan++] = layer_be16(tci) & 0xfff;
}

// LLC: SNAP with the type of Ethernet behind it (RFC 1042), or the service access point of IP itself (802.2).
// The type in `*type`, or 0 and counted.
static bool peel_llc(struct layer *l, uint16_t *type)
{
	const uint8_t *llc = take(l, 3);
	if (!llc)
		return false;
	if (llc[0] == 0x06 && llc[1] == 0x06 && llc[2] == 0x03) {
		*type = ETHER_IP4;
		return true;
	}
	if (llc[0] != 0xaa || llc[1] != 0xaa || llc[2] != 0x03) {
		none(l, COUNT_packet_not_ip);
		return false;
	}
	const uint8_t *snap = take(l, 5);
	if (!snap)
		return false;
	*type = layer_be16(snap + 3);
	// Zero, or that of 802.1H bridges; other organisations number as they like.
	bool known = !snap[0] && !snap[1] && (!snap[2] || snap[2] == 0xf8) && *type > ETHER_LENGTH_MAX;
	if (!known)
		none(l, COUNT_packet_not_ip);
	return known;
}

// Everything that an Ethernet type can name, tags in any order.
int link_peel_type(struct layer *l, uint16_t type, struct decoded *out)
{
	for (unsigned tags = 0; tags < LINK_TAGS_MAX; tags++) {
		if (type <= ETHER_LENGTH_MAX && !peel_llc(l, &type))
			return 0;
		const uint8_t *tag;
		switch (type) {
		case ETHER_IP4:
			return 4;
		case ETHER_IP6:
			return 6;
		case 0x8100: // 802.1Q
		case 0x88a8: // 802.1ad
		case 0x9100: // QinQ before it had a standard
			tag = take(l, 4);
			if (!tag)
				return 0;
			keep_vlan(out, tag);
			type = layer_be16(tag + 2);
			break;
		case 0x8847:
		case 0x8848:
			return peel_mpls(l, tags);
		case 0x8864:
			return peel_pppoe(l, tags);
		default:
			return none(l, COUNT_packet_not_ip);
		}
	}
	return tags_exhausted(l);
}

static int peel_ethernet(struct layer *l, struct decoded *out)
{
	const uint8_t *p = take(l, ETHER_HEADER_LEN);
	return p ? link_peel_type(l, layer_be16(p + 12), out) : 0;
}

// 1 and 4 in the type field of cooked frames mean "802.3" and "802.2": both arrive in peel_llc().
static int peel_sll(struct layer *l, struct decoded *out)
{
	const uint8_t *p = take(l, 16);
	return p ? link_peel_type(l, layer_be16(p + 14), out) : 0;
}

static int peel_sll2(struct layer *l, struct decoded *out)
{
	const uint8_t *p = take(l, 20);
	return p ? link_peel_type(l, layer_be16(p), out) : 0;
}

static int peel_raw(struct layer *l, struct decoded *out)
{
	return by_nibble(l);
}

static int peel_raw4(struct layer *l, struct decoded *out)
{
	return 4;
}

static int peel_raw6(struct layer *l, struct decoded *out)
{
	return 6;
}

// The address family as the capturing machine numbers it, in its byte order: IPv6 is 10 on Linux, 24 on NetBSD and
// OpenBSD, 28 on FreeBSD, 30 on macOS.
static int peel_null(struct layer *l, struct decoded *out)
{
	const uint8_t *p = take(l, 4);
	if (!p)
		return 0;
	uint32_t family = layer_be32(p);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	switch (family) {
	case 2:
		return 4;
	case 10:
	case 24:
	case 28:
	case 30:
		return 6;
	default:
		return none(l, COUNT_packet_not_ip);
	}
}

// With or without the address and control octets of HDLC.
static int peel_ppp(struct layer *l, struct decoded *out)
{
	if (layer_left(l) >= 2 && l->at[0] == 0xff && l->at[1] == 0x03)
		l->at += 2;
	return peel_ppp_protocol(l, 0);
}

static const struct link_row {
	uint16_t linktype;
	int (*peel)(struct layer *l, struct decoded *out);
} link_table[] = {
	{0, peel_null},     // BSD loopback
	{9, peel_ppp},      // PPP
	{12, peel_raw},     // DLT_RAW, written by old libpcaps
	{14, peel_raw},     // DLT_RAW of OpenBSD
	{101, peel_raw},    // raw IP
	{108, peel_null},   // OpenBSD loopback
	{113, peel_sll},    // Linux cooked
	{228, peel_raw4},   // raw IPv4
	{229, peel_raw6},   // raw IPv6
	{276, peel_sll2},   // Linux cooked, version 2
};

int link_peel(struct layer *l, uint16_t linktype, struct decoded *out)
{
	if (linktype == LINKTYPE_ETHERNET)
		return peel_ethernet(l, out);
	for (size_t i = 0; i < sizeof(link_table) / sizeof(link_table[0]); i++) {
		if (link_table[i].linktype == linktype)
			return link_table[i].peel(l, out);
	}
	return none(l, COUNT_packet_link_unknown);
}

// Each kind of header names an Ethernet type of what follows; open_inner() goes on from there.
#include "dissect/net/tunnel.h"

#include "dissect/dissect.h"

enum {
	GRE_CHECKSUM = 0x8000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_REFUSED = 0x4c00, // RFC 2784 2.3: with any of these a receiver discards the packet
	GRE_VERSION = 7,
	TYPE_IP4 = 0x0800,
	TYPE_IP6 = 0x86dd,
	TYPE_ETHERNET = 0x6558, // transparent Ethernet bridging
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_UPSTREAM = 0x8848,
	TYPE_ERSPAN = 0x88be,   // I and II
	TYPE_ERSPAN_III = 0x22eb,
	LINKTYPE_ETHERNET = 1,
	PORT_VXLAN = 4789,
	PORT_GENEVE = 6081,
};

// Moves past `len` octets. NULL: they are not there, which was counted.
static const uint8_t *take(struct layer *l, uint32_t len)
{
	if (layer_left(l) < len) {
		bool was_on_wire = len <= (uint64_t)layer_left(l) + l->missing;
		counter_add(&l->counter[COUNT_decode_tunnel_bad], !was_on_wire);
		layer_short(l, len);
		return NULL;
	}
	const uint8_t *p = l->at;
	l->at += len;
	return p;
}

static enum decode_outcome bad(const struct layer *l)
{
	return layer_malformed(l, COUNT_decode_tunnel_bad);
}

enum decode_outcome tunnel_closed(const struct layer *l, struct decoded *out)
{
	counter_add(&l->counter[COUNT_decode_tunnel_closed], 1);
	return layer_other(l, out);
}

static enum decode_outcome open_inner(struct layer *l, uint16_t type, struct decoded *out, bool checksum)
{
	if (l->depth == TUNNELS_MAX) {
		counter_add(&l->counter[COUNT_decode_tunnel_limit], 1);
		return layer_other(l, out);
	}
	l->depth++;
	counter_add(&l->counter[COUNT_decode_tunnel], 1);
	decode_nothing(out, out->tap);
	int version = type == TYPE_ETHERNET ? link_peel(l, LINKTYPE_ETHERNET, out) : link_peel_type(l, type, out);
	return decode_network(l, version, out, checksum);
}

// ---- GRE -----------------------------------------------------------------------------------------------------

// Type I has no header at all, and no sequence number before it.
static enum decode_outcome erspan(struct layer *l, bool sequence, struct decoded *out, bool checksum)
{
	const uint8_t *h = sequence ? take(l, 8) : NULL;
	if (sequence && !h)
		return DECODE_DONE;
	return h && h[0] >> 4 != 1 ? bad(l) : open_inner(l, TYPE_ETHERNET, out, checksum);
}

static enum decode_outcome erspan_iii(struct layer *l, struct decoded *out, bool checksum)
{
	enum { FRAME_ETHERNET = 0, FRAME_IP = 2 };
	const uint8_t *h = take(l, 12);
	if (!h)
		return DECODE_DONE;
	if (h[0] >> 4 != 2)
		return bad(l);
	if (h[11] & 1 && !take(l, 8)) // what platforms add
		return DECODE_DONE;
	unsigned frame = h[10] >> 2 & 0x1f;
	if (frame == FRAME_ETHERNET)
		return open_inner(l, TYPE_ETHERNET, out, checksum);
	if (frame != FRAME_IP)
		return tunnel_closed(l, out);
	bool six = layer_left(l) && *l->at >> 4 == 6;
	return open_inner(l, six ? TYPE_IP6 : TYPE_IP4, out, checksum);
}

static bool gre_type_opens(const struct layer *l, uint16_t type)
{
	switch (type) {
	case TYPE_IP4:
	case TYPE_IP6:
	case TYPE_ETHERNET:
	case TYPE_MPLS:
	case TYPE_MPLS_UPSTREAM:
		return l->tunnels & TUNNEL_GRE;
	case TYPE_ERSPAN:
	case TYPE_ERSPAN_III:
		return l->tunnels & TUNNEL_ERSPAN;
	default:
		return false;
	}
}

enum decode_outcome tunnel_gre(struct layer *l, struct decoded *out, bool checksum)
{
	if (!(l->tunnels & (TUNNEL_GRE | TUNNEL_ERSPAN)))
		return tunnel_closed(l, out);
	const uint8_t *h = take(l, 4);
	if (!h)
		return DECODE_DONE;
	uint16_t flags = layer_be16(h), type = layer_be16(h + 2);
	if (flags & GRE_VERSION || !gre_type_opens(l, type)) // version 1 is PPTP's (RFC 2637)
		return tunnel_closed(l, out);
	if (flags & GRE_REFUSED)
		return bad(l);
	uint32_t options = 4 * (!!(flags & GRE_CHECKSUM) + !!(flags & GRE_KEY) + !!(flags & GRE_SEQUENCE));
	if (options && !take(l, options))
		return DECODE_DONE;
	if (type == TYPE_ERSPAN)
		return erspan(l, flags & GRE_SEQUENCE, out, checksum);
	if (type == TYPE_ERSPAN_III)
		return erspan_iii(l, out, checksum);
	return open_inner(l, type, out, checksum);
}

// ---- over UDP ------------------------------------------------------------------------------------------------

bool tunnel_port(const struct layer *l, uint16_t port)
{
	if (port != PORT_VXLAN && port != PORT_GENEVE)
		return false;
	bool opens = l->tunnels & (port == PORT_VXLAN ? TUNNEL_VXLAN : TUNNEL_GENEVE);
	counter_add(&l->counter[COUNT_decode_tunnel_closed], !opens);
	return opens;
}

static enum decode_outcome vxlan(struct layer *l, struct decoded *out, bool checksum)
{
	const uint8_t *h = take(l, 8);
	if (!h)
		return DECODE_DONE;
	return h[0] & 0x08 ? open_inner(l, TYPE_ETHERNET, out, checksum) : bad(l);
}

static enum decode_outcome geneve(struct layer *l, struct decoded *out, bool checksum)
{
	const uint8_t *h = take(l, 8);
	if (!h)
		return DECODE_DONE;
	uint32_t options = (h[0] & 0x3fu) * 4;
	uint16_t type = layer_be16(h + 2);
	if (h[0] >> 6)
		return bad(l);
	if (options && !take(l, options))
		return DECODE_DONE;
	bool control = h[1] & 0x80; // for the other end of the tunnel: RFC 8926 3.4
	if (control || (type != TYPE_ETHERNET && type != TYPE_IP4 && type != TYPE_IP6))
		return tunnel_closed(l, out);
	return open_inner(l, type, out, checksum);
}

enum decode_outcome tunnel_udp(struct layer *l, uint16_t port, struct decoded *out, bool checksum)
{
	return port == PORT_VXLAN ? vxlan(l, out, checksum) : geneve(l, out, checksum);
}

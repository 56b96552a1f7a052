// Whose a packet is, told before any worker has seen it. What nearly every packet is, Ethernet with IP and TCP or UDP, is read
// here; the rest goes through the decoder, so that whoever counts a packet and whoever hands it out read it alike.
#include "capture/live.h"
#include "dissect/dissect.h"
#include "dissect/flow/table.h"
#include "dissect/net/layer.h"
#include "dissect/net/tunnel.h"

enum {
	LINKTYPE_ETHERNET = 1,
	ETHER_LEN = 14,
	TAG_LEN = 4,
	TAGS_MAX = 2,
	IP4_LEN = 20,
	IP6_LEN = 40,
	TCP_LEN = 20, // for UDP, too: shorter ones take the long way
	PROTO_TCP = 6,
	PROTO_UDP = 17,
};

static uint32_t by_ends(const struct dissect_owner *o, const struct decoded *d)
{
	struct flow_key key;
	flow_key_of(&key, d);
	return (uint32_t)(flow_key_owner(&key) % o->n_workers);
}

// Behind the Ethernet header and its tags. NULL: not so simple. `*six`: IPv6.
static const uint8_t *plain_ip(const struct packet *p, bool *six)
{
	if (p->linktype != LINKTYPE_ETHERNET || p->len < ETHER_LEN + IP4_LEN + TCP_LEN)
		return NULL;
	const uint8_t *type = p->data + ETHER_LEN - 2;
	for (int i = 0; i < TAGS_MAX && (layer_be16(type) == 0x8100 || layer_be16(type) == 0x88a8); i++)
		type += TAG_LEN;
	*six = layer_be16(type) == 0x86dd;
	if (!*six && layer_be16(type) != 0x0800)
		return NULL;
	return p->data + p->len - (type + 2) < (*six ? IP6_LEN : IP4_LEN) + TCP_LEN ? NULL : type + 2;
}

// The IP header of a segment or datagram that needs no more than a look. NULL: it does.
static const uint8_t *plain(const struct packet *p, uint32_t tunnels, bool *is_six)
{
	const uint8_t *h = plain_ip(p, is_six);
	bool six = *is_six;
	if (!h || h[0] >> 4 != (six ? 6 : 4))
		return NULL;
	uint8_t proto = six ? h[6] : h[9];
	bool simple = six || (h[0] == 0x45 && !(layer_be16(h + 6) & 0x3fff));
	uint32_t octets = six ? layer_be16(h + 4) : layer_be16(h + 2) - (uint32_t)IP4_LEN;
	if (!simple || (proto != PROTO_TCP && proto != PROTO_UDP) || octets < TCP_LEN || octets > UINT16_MAX)
		return NULL;
	return proto == PROTO_UDP && tunnels & (TUNNEL_VXLAN | TUNNEL_GENEVE) ? NULL : h;
}

static uint32_t plain_owner(const struct dissect_owner *o, const struct packet *p, const uint8_t *h, bool six)
{
	uint8_t addr[2][16] = {{0}};
	memcpy(addr[0], h + (six ? 8 : 12), six ? 16 : 4);
	memcpy(addr[1], h + (six ? 24 : 16), six ? 16 : 4);
	const uint8_t *l4 = h + (six ? IP6_LEN : IP4_LEN);
	struct flow_key key = {.ip_v = six ? 6 : 4, .tap = p->tap};
	flow_key_ends(&key, addr[0], addr[1], layer_be16(l4), layer_be16(l4 + 2));
	return (uint32_t)(flow_key_owner(&key) % o->n_workers);
}

static uint32_t by_decoder(const struct dissect_owner *o, const struct packet *p, bool fanned)
{
	uint64_t counter[DISSECT_COUNTERS] = {0};
	struct decoded d;
	enum decode_outcome outcome = decode_packet(p, &d, false, o->tunnels, counter);
	if (outcome == DECODE_FRAGMENT)
		return LIVE_ALL;
	bool ends = outcome != DECODE_DONE;
	if (!fanned)
		return ends && counter[COUNT_decode_tunnel] ? by_ends(o, &d) : LIVE_HERE;
	// What cannot be read goes to one worker, so that trouble of a kind is told once.
	return ends || counter[COUNT_packet_not_tcp] ? by_ends(o, &d) : 0;
}

uint32_t dissect_owner(void *owner, const struct packet *p, bool fanned)
{
	const struct dissect_owner *o = owner;
	if (o->n_workers < 2)
		return fanned ? 0 : LIVE_HERE;
	bool six = false;
	const uint8_t *h = plain(p, o->tunnels, &six);
	if (!h)
		return by_decoder(o, p, fanned);
	return fanned ? plain_owner(o, p, h, six) : LIVE_HERE;
}

// Which octets are DNS messages, who asked whom, and what of them is told.
#include "dissect/dns/dns.h"

#include <string.h>

#include "dissect/dns/parse.h"

enum { MESSAGES_PER_SEGMENT = 8 }; // 8, because a client sends its questions one by one

static void tell(struct dissect *e, struct dns_facts *f, const struct decoded *s, const struct packet *p)
{
	bool response = f->flags & DNS_RESPONSE;

	memcpy(f->client, response ? s->dst : s->src, sizeof(f->client));
	memcpy(f->server, response ? s->src : s->dst, sizeof(f->server));
	f->tap = s->tap;
	f->client_port = response ? s->dst_port : s->src_port;
	f->server_port = response ? s->src_port : s->dst_port;
	f->ip_v = s->ip_v;
	f->ttl = s->ttl;
	f->file = p->file;
	f->frame = p->frame;
	tell_dns(e);
}

static void take(struct dissect *e, const uint8_t *octets, size_t len, const struct decoded *s, const struct packet *p)
{
	struct dns_facts *f = &((struct message_dns *)e->message)->facts;
	enum dns_parsed parsed = dns_parse(f, octets, len, e->table.seed);

	if (parsed == DNS_MALFORMED) {
		engine_count(e, COUNT_dns_malformed, 1);
		return;
	}
	engine_count(e, COUNT_dns_truncated, (f->flags & DNS_TRUNCATED) != 0);
	// The server is the one that is asked, on its port; both may be servers.
	uint16_t server_port = f->flags & DNS_RESPONSE ? s->src_port : s->dst_port;
	if (parsed == DNS_OTHER || server_port != DNS_PORT) {
		engine_count(e, COUNT_dns_other, 1);
		return;
	}
	if (s->proto == 6)
		f->flags |= DNS_OVER_TCP;
	engine_count(e, COUNT_dns_messages, 1);
	tell(e, f, s, p);
}

static void tell_encrypted(struct dissect *e, const struct decoded *s, const struct packet *p)
{
	struct dns_facts *f = &((struct message_dns *)e->message)->facts;

	memset(f, 0, offsetof(struct dns_facts, answer));
	f->flags = DNS_ENCRYPTED | (s->proto == 6 ? DNS_OVER_TCP : 0);
	f->text[0] = '\0';
	f->text_used = 1;
	engine_count(e, COUNT_dns_encrypted, 1);
	tell(e, f, s, p);
}

// As for segments: wrong sums reach nobody, but a host's own capture shows those that its card fills in.
static bool usable(const struct dissect *e, const struct decoded *s)
{
	bool lenient = e->config.checksums == CHECKSUMS_AUTO;

	if (e->config.checksums == CHECKSUMS_IGNORE)
		return true;
	if (!s->ip_checksum_ok && !(lenient && s->ip_checksum_zero))
		return false;
	return decode_udp_checksum_ok(s) || (lenient && decode_udp_checksum_offloaded(s));
}

void dns_datagram(struct dissect *e, const struct decoded *s, const struct packet *p)
{
	engine_ends(e, COUNT_packet_dns);
	if (s->cut)
		engine_count(e, COUNT_dns_cut, 1);
	else if (!usable(e, s))
		engine_count(e, COUNT_dns_checksum_bad, 1);
	else if (s->dst_port == DNS_TLS_PORT)
		tell_encrypted(e, s, p);
	else
		take(e, s->payload, s->payload_len, s, p);
}

void dns_segment(struct dissect *e, const struct flow_hot *h, enum dir d, const struct decoded *s, const struct packet *p)
{
	if (s->dst_port == DNS_TLS_PORT) {
		if ((s->flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN)
			tell_encrypted(e, s, p);
		return;
	}
	if (!s->payload_len)
		return;
	bool first = flow_has(h, FLOW_SYN, d) && flow_has(h, FLOW_BASE, d) && s->seq == h->base[d] && !(s->flags & TCP_SYN);
	const uint8_t *at = s->payload;
	size_t left = s->payload_len;
	for (int i = 0; first && i < MESSAGES_PER_SEGMENT && left > 2; i++) {
		size_t len = (size_t)at[0] << 8 | at[1]; // RFC 1035 4.2.2
		if (len > left - 2)
			break;
		take(e, at + 2, len, s, p);
		at += 2 + len;
		left -= 2 + len;
	}
	if (left)
		engine_count(e, COUNT_dns_tcp_unread, 1);
}

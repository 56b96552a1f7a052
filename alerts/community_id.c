// Community ID v1, seed 0: the same connection has the same name in every tool that knows it.
// "1:" base64(SHA-1(seed . lesser address . other address . protocol . 0 . its port . other port)), network order.
#include "alerts/record_parts.h"

#include <string.h>

#include <openssl/evp.h>

enum { PROTO_TCP = 6 };

// The endpoint with the smaller address, then the smaller port, stands first.
static bool client_first(const struct conn_facts *c, size_t addr_len)
{
	int order = memcmp(c->src, c->dst, addr_len);
	return order < 0 || (order == 0 && c->src_port < c->dst_port);
}

static uint8_t *put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
	return p + 2;
}

void record_community_id(char out[32], const struct conn_facts *c)
{
	size_t addr_len = c->ip_v == 6 ? 16 : 4;
	bool ordered = client_first(c, addr_len);
	uint8_t in[2 + 16 + 16 + 2 + 2 + 2], digest[20];
	uint8_t *p = put_be16(in, 0);

	p = mempcpy(p, ordered ? c->src : c->dst, addr_len);
	p = mempcpy(p, ordered ? c->dst : c->src, addr_len);
	*p++ = PROTO_TCP;
	*p++ = 0;
	p = put_be16(p, ordered ? c->src_port : c->dst_port);
	p = put_be16(p, ordered ? c->dst_port : c->src_port);
	record_sha1(digest, in, (size_t)(p - in));
	memcpy(out, "1:", 2);
	EVP_EncodeBlock((unsigned char *)out + 2, digest, sizeof(digest)); // 28 digits and the final NUL
}

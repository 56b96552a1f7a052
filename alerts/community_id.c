// Community ID v1, seed 0: the same connection has the same name in every tool that knows it.
// "1:" base64(SHA-1(seed . lesser address . other address . protocol . 0 . its port . other port)), network order.
#include "alerts/record.h"

#include <stdlib.h>
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
	uint8_t in[2 + 16 + 16 + 2 + 2 + 2], digest[EVP_MAX_MD_SIZE];
	uint8_t *p = put_be16(in, 0);

	p = mempcpy(p, ordered ? c->src : c->dst, addr_len);
	p = mempcpy(p, ordered ? c->dst : c->src, addr_len);
	*p++ = PROTO_TCP;
	*p++ = 0;
	p = put_be16(p, ordered ? c->src_port : c->dst_port);
	p = put_be16(p, ordered ? c->dst_port : c->src_port);
	// Fails only without memory, or where OpenSSL cannot load a digest at all; no true name could follow.
	unsigned int len;
	if (!EVP_Digest(in, (size_t)(p - in), digest, &len, EVP_sha1(), NULL))
		abort();
	memcpy(out, "1:", 2);
	EVP_EncodeBlock((unsigned char *)out + 2, digest, (int)len); // 20 octets make 28, and the final NUL
}

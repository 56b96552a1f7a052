// Own and exempt networks: direction of a session, and who is left in peace.
#include "alerts/judge_private.h"

#include <string.h>

static bool covers(const struct judge_net *n, const uint8_t addr[16], uint8_t ip_v)
{
	uint8_t whole = n->bits / 8, rest = n->bits % 8;

	if (n->ip_v != ip_v || n->bits > (ip_v == 4 ? 32 : 128) || memcmp(n->addr, addr, whole) != 0)
		return false;
	return !rest || !((n->addr[whole] ^ addr[whole]) >> (8 - rest));
}

static bool any(const struct judge_net *nets, size_t n, const uint8_t addr[16], uint8_t ip_v)
{
	for (size_t i = 0; i < n && i < JUDGE_NETS_MAX; i++)
		if (covers(&nets[i], addr, ip_v))
			return true;
	return false;
}

enum direction judge_direction(const struct judge_config *config, const struct conn_facts *c)
{
	if (!config->n_own)
		return DIRECTION_UNKNOWN;
	bool src = any(config->own, config->n_own, c->src, c->ip_v);
	bool dst = any(config->own, config->n_own, c->dst, c->ip_v);

	if (src)
		return dst ? DIRECTION_INTERNAL : DIRECTION_OUTBOUND;
	return dst ? DIRECTION_INBOUND : DIRECTION_TRANSIT;
}

bool judge_exempt(const struct judge_config *config, const struct conn_facts *c)
{
	return any(config->exempt, config->n_exempt, c->src, c->ip_v) ||
	       any(config->exempt, config->n_exempt, c->dst, c->ip_v);
}

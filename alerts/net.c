// Whether an address lies in a prefix.
#include "alerts/net.h"

#include <string.h>

bool judge_net_covers(const struct judge_net *n, const uint8_t addr[16], uint8_t ip_v)
{
	uint8_t whole = n->bits / 8, rest = n->bits % 8;

	if (n->ip_v != ip_v || n->bits > (ip_v == 4 ? 32 : 128) || memcmp(n->addr, addr, whole) != 0)
		return false;
	return !rest || !((n->addr[whole] ^ addr[whole]) >> (8 - rest));
}

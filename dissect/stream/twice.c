// The whole segment is hashed with a key: whoever could make other octets of the same hash could hide them behind those that
// came first. A checksum would not do.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "dissect/stream/twice.h"

#define NUMBERED_NS UINT64_C(5000000) // 5 ms: longer than a switch or firewall holds a packet; who sends again takes another number
#define BARE_NS UINT64_C(500000)      // 0.5 ms: nothing tells a copy from one sent again, but that takes a round trip, and longer

static bool soon(uint64_t a, uint64_t b, const struct decoded *s)
{
	return (a > b ? a - b : b - a) <= (s->ip_id ? NUMBERED_NS : BARE_NS);
}

bool twice_seen(struct twice *t, enum dir d, const struct decoded *s, uint64_t time_ns, uint64_t seed)
{
	if (s->cut || !time_ns)
		return false;
	uint64_t hash = XXH3_64bits_withSeed(s->payload - s->tcp_header_len, s->tcp_header_len + s->payload_len, seed + s->ip_id);
	for (int i = 0; i < TWICE_KEPT; i++) {
		if (t->time_ns[d][i] && t->hash[d][i] == hash && soon(t->time_ns[d][i], time_ns, s))
			return true;
	}
	t->hash[d][t->next[d]] = hash;
	t->time_ns[d][t->next[d]] = time_ns;
	t->next[d] = (uint8_t)((t->next[d] + 1) % TWICE_KEPT);
	return false;
}

// What several certificates' facts come to together.
#include "alerts/peer.h"

#include <stddef.h>

static bool in_time(const struct peer *p, int64_t now_s)
{
	return now_s >= p->server.not_before_s && now_s >= p->chain_not_before_s && now_s <= p->server.not_after_s &&
	       now_s <= p->chain_not_after_s;
}

enum peer_pkix peer_pkix(const struct peer *p, uint8_t names, int64_t now_s)
{
	if (p == NULL || !p->server.present || p->server.unreadable || p->raw_key)
		return PKIX_UNKNOWN;
	if (names == NAMES_DIFFER || p->trust > TRUST_OK || (now_s && !in_time(p, now_s)))
		return PKIX_INVALID;
	return names == NAMES_MATCH && p->trust == TRUST_OK && now_s ? PKIX_VALID : PKIX_UNKNOWN;
}

// The books of a worker after dissect_finish(): what came in must have gone somewhere, and everything that was lent is back.
#pragma once

#include "dissect/engine.h"

static inline bool ledger_pools_full(const struct dissect *d)
{
	const struct slab *all[] = {
		&d->table.hot, &d->table.cold, &d->conns, &d->chunks, &d->lines, &d->tls.offers, &d->tls.room[0],
		&d->tls.room[1], &d->tls.room[2]};
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		if (all[i]->n_used)
			return false;
	}
	return true;
}

static inline uint64_t ledger_sum(const uint64_t *counter, enum dissect_counter first, enum dissect_counter last)
{
	uint64_t sum = 0;
	for (int i = (int)first; i <= (int)last; i++)
		sum += counter[i];
	return sum;
}

// What does not balance, or NULL. `finals`, `sealed` and `ends` are messages the worker has sent: last messages of
// sessions, messages with `sealed` set, and ends of sealed sessions.
static inline const char *ledger_broken(const struct dissect *d, uint64_t packets, uint64_t finals, uint64_t sealed, uint64_t ends)
{
	const uint64_t *n = d->counter;
	if (n[COUNT_packets] != packets)
		return "packets that came in";
	if (ledger_sum(n, COUNT_packet_tcp_session, COUNT_packet_no_flow) != packets)
		return "packets that went somewhere";
	if (n[COUNT_flow_opened] != ledger_sum(n, COUNT_flow_closed_fin, COUNT_flow_closed_reuse))
		return "flows opened and closed";
	if (n[COUNT_session_opened] != finals + n[COUNT_session_sealed] + n[COUNT_session_dropped])
		return "sessions opened and told";
	if (sealed != ends || sealed > n[COUNT_session_sealed])
		return "sessions sealed and ended";
	return ledger_pools_full(d) ? NULL : "objects of the pools that are not back";
}

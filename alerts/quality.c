// Whole-connection evidence quality, from the counters of the connection.
#include "alerts/quality.h"

uint32_t quality_clear_n(const struct facts *f)
{
	uint64_t n = 0;
	for (size_t i = 0; i < CLEAR_N; i++)
		n += f->smtp.clear[i];
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

bool quality_clear_guessed(const struct facts *f)
{
	uint32_t guessed = f->smtp.n_mail_guessed;
	return guessed && guessed >= quality_clear_n(f);
}

uint8_t quality_of_conn(const struct facts *f)
{
	const struct conn_facts *c = &f->conn;
	uint8_t q = 0;

	if (c->gaps[0] || c->gaps[1] || c->evicted_bytes)
		q |= Q_GAP;
	if (!c->syn[0] || !c->syn[1])
		q |= Q_MIDSTREAM;
	// A side that only acknowledges was seen; a side without a single packet was not.
	if (!c->pkts[0] || !c->pkts[1])
		q |= Q_ONE_DIR;
	if (c->snaplen_cut)
		q |= Q_TRUNC;
	if (c->ambiguous)
		q |= Q_AMBIG;
	return q;
}

uint8_t quality_of_end(const struct facts *f)
{
	uint8_t q = quality_of_conn(f);
	switch ((enum session_end)f->conn.end) {
	case END_OPEN:
	case END_FIN:
	case END_RST:
		return q;
	case END_IDLE:
	case END_EOF:
	case END_EVICTED:
	case END_REUSE:
		break;
	}
	// Only one side closed before the capture stopped looking: when that was the client, it said all it had to say.
	return quality_client_ended(f) ? q : q | Q_TRUNC;
}

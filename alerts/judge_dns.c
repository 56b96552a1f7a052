// DNS on the tap: kept for the sessions that follow, and told where none does.
#include "alerts/judge_private.h"

void judge_dns(struct judge *j, const struct message_dns *m)
{
	bool asked = race_take(j->race, m);

	seen_take(j->seen, m, asked);
	judge_dns_due(j, false); // one more may have left no room for the next
}

void judge_dns_due(struct judge *j, bool all)
{
	const struct race_double *d;

	while ((d = race_due(j->race, j->now_ns, all)))
		judge_write(j, RECORD_ANOMALY, record_dns_double(j->line, &j->config.record, d));
}

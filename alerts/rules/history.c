// Rules on an offer that was there before (alerts/history/). RFC 3207 6: "a man-in-the-middle could prevent STARTTLS".
#include "alerts/rules/rule.h"

static unsigned long long hours(uint64_t ns)
{
	return (unsigned long long)(ns / HISTORY_HOUR_NS);
}

// The server answers from farther away or from nearer than before.
static bool moved(const struct rule_input *in, const struct history_drop *d)
{
	uint8_t ttl = in->facts->path.ttl[DIR_S2C];
	return d->ttl_usual && ttl && path_ttl_far(ttl, d->ttl_usual);
}

static uint8_t reply_quality(const struct rule_input *in)
{
	return quality_answered(&in->smtp->greeting_mark) | quality_answered(&in->smtp->offer_mark);
}

// A server may withdraw its offer from a client with which TLS failed: that is no mystery.
static bool withdrawn(const struct rule_input *in)
{
	return in->memory && memory_failed_lately(in->memory, in->facts, MEMORY_WITHDRAWN_NS);
}

bool rule_offer_gone(const struct rule_input *in, struct history_drop *d)
{
	return in->conn->role != ROLE_LMTP && history_vanished(in->history, in->facts, d) && !withdrawn(in);
}

bool rule_vanished(const struct rule_input *in, struct claim *c)
{
	struct history_drop d;
	char before[HISTORY_OFFERED_TEXT];

	if (!rule_offer_gone(in, &d))
		return false;
	claim_absent(c, d.exact ? CONFIDENCE_PROBABLE : CONFIDENCE_SUSPECT, reply_quality(in));
	claim_conflict(c, in->facts);
	claim_frame(c, &in->smtp->offer_mark);
	for (size_t i = 0; i < CLEAR_N; i++)
		if (in->smtp->clear[i])
			claim_frame(c, &in->smtp->clear_mark[i]);
	if (!d.exact)
		c->severity = SEVERITY_MEDIUM;
	history_offered_text(before, in->history, in->facts);
	claim_detail(c, "%s:in_hours:%llu%s%s", before, hours(d.since_ns), d.exact ? "" : ":other_template",
		moved(in, &d) ? ":other_ttl" : "");
	return true;
}

bool rule_reply_length(const struct rule_input *in, struct claim *c)
{
	struct history_drop d;

	if (in->conn->role == ROLE_LMTP || !history_line_gone(in->history, in->facts, &d) || withdrawn(in))
		return false;
	claim_absent(c, moved(in, &d) ? CONFIDENCE_PROBABLE : CONFIDENCE_SUSPECT, reply_quality(in));
	claim_conflict(c, in->facts);
	claim_frame(c, &in->smtp->offer_mark);
	claim_detail(c, "template:%u:less:14:replies_before:%u%s%s", in->smtp->ehlo_len, d.n, moved(in, &d) ? ":other_ttl" : "",
		in->smtp->oddities & ODD_REPLY_HYPHEN_LAST ? ":last_line_hyphen" : "");
	return true;
}

bool rule_alternating(const struct rule_input *in, struct claim *c)
{
	unsigned n = history_alternates(in->history, in->facts);

	if (!n || withdrawn(in))
		return false;
	claim_absent(c, CONFIDENCE_CERTAIN, reply_quality(in));
	claim_frame(c, &in->smtp->offer_mark);
	claim_detail(c, "changes_in_24h:%u", n);
	return true;
}

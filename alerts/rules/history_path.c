// Rules on what happens to many connections at once.
#include "alerts/rules/rule.h"

enum { ALIKE_MIN = 3 };

bool rule_rst_at_starttls(const struct rule_input *in, struct claim *c)
{
	struct history_resets r;

	if (!history_resets(in->history, in->facts, &r))
		return false;
	claim_absent(c, CONFIDENCE_PROBABLE, quality_of_conn(in->facts));
	claim_frame(c, &in->smtp->starttls_mark);
	claim_frame(c, &in->facts->path.rst_mark);
	claim_detail(c, "%s:resets:%u/%u:before:%u/%u", r.client ? "client" : "server", r.n, r.all, r.n_before, r.all_before);
	return true;
}

bool rule_transparent_proxy(const struct rule_input *in, struct claim *c)
{
	unsigned n = history_answers_alike(in->history, in->facts);

	if (n < ALIKE_MIN)
		return false;
	claim_absent(c, CONFIDENCE_PROBABLE, quality_answered(&in->smtp->greeting_mark) | quality_answered(&in->smtp->offer_mark));
	claim_frame(c, &in->smtp->greeting_mark);
	claim_frame(c, &in->smtp->offer_mark);
	claim_detail(c, "operators:%u:answer_alike", n);
	return true;
}

// Rules on grammar and order of the dialogue. RFC 5321 2.4, 4.2, 4.5.3.1, RFC 2920 3.1, RFC 3030.
#include "alerts/rules/rule.h"

#include <inttypes.h>

enum {
	SYNTAX_REPLY = ODD_REPLY_NO_CODE | ODD_REPLY_MIXED_CODE | ODD_REPLY_NO_CRLF | ODD_REPLY_HYPHEN_LAST,
	SYNTAX_BDAT = ODD_BDAT_SYNTAX | ODD_BDAT_NO_LAST | ODD_BDAT_MIXED,
};

bool rule_reply_malformed(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!(m->oddities & SYNTAX_REPLY))
		return false;
	claim_seen(c, &m->malformed_mark);
	// A line without its start looks malformed too.
	if (quality_answered(&m->malformed_mark))
		claim_cap(c, CONFIDENCE_SUSPECT);
	claim_detail(c, "reply%s%s%s%s", m->oddities & ODD_REPLY_NO_CODE ? ":no_code" : "",
		m->oddities & ODD_REPLY_MIXED_CODE ? ":mixed_codes" : "", m->oddities & ODD_REPLY_NO_CRLF ? ":no_crlf" : "",
		m->oddities & ODD_REPLY_HYPHEN_LAST ? ":hyphen_last" : "");
	return true;
}

bool rule_bad_octets(const struct rule_input *in, struct claim *c)
{
	if (!in->smtp->n_bad_octets)
		return false;
	claim_in_context(c, &in->smtp->bad_octet_mark);
	claim_detail(c, "octets:%" PRIu32, in->smtp->n_bad_octets);
	return true;
}

bool rule_line_too_long(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!m->long_command && !m->long_text && !m->long_reply)
		return false;
	claim_absent(c, CONFIDENCE_CERTAIN, quality_of_conn(in->facts)); // what is a line depends on all before it
	claim_detail(c, "commands:%" PRIu32 ":text:%" PRIu32 ":replies:%" PRIu32, m->long_command, m->long_text,
		m->long_reply);
	return true;
}

// Crossing a synchronisation point is seen; that PIPELINING was not offered is an absence in the EHLO reply.
bool rule_pipelining_abuse(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	bool sync = m->oddities & ODD_PIPELINE_SYNC;

	if (!sync && !(m->oddities & ODD_PIPELINE_UNOFFERED))
		return false;
	if (sync)
		claim_in_context(c, &m->odd_mark[ODD_AT_PIPELINE_SYNC]);
	else
		claim_absent(c, CONFIDENCE_CERTAIN, quality_answered(&m->offer_mark));
	claim_frame(c, &m->odd_mark[sync ? ODD_AT_PIPELINE_SYNC : ODD_AT_PIPELINE_UNOFFERED]);
	// A client that speaks first may know its server (Exim PIPECONNECT, TCP fast open).
	if (m->oddities & ODD_EARLY_TALKER) {
		claim_cap(c, CONFIDENCE_SUSPECT);
		c->severity = SEVERITY_LOW;
	}
	claim_detail(c, "pipelining:%s", sync ? "across_sync_point" : "not_offered");
	return true;
}

bool rule_early_talker(const struct rule_input *in, struct claim *c)
{
	if (!(in->smtp->oddities & ODD_EARLY_TALKER) || in->tls->implicit)
		return false;
	// What the client had seen is told by its acknowledgements; with holes they mean less.
	claim_absent(c, CONFIDENCE_CERTAIN, quality_answered(&in->smtp->greeting_mark));
	claim_frame(c, &in->smtp->odd_mark[ODD_AT_EARLY_TALKER]);
	claim_frame(c, &in->smtp->greeting_mark);
	claim_detail(c, "client_before_greeting");
	return true;
}

bool rule_reply_desync(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!m->n_unmatched)
		return false;
	claim_absent(c, CONFIDENCE_PROBABLE, quality_answered(&m->unmatched_mark));
	claim_frame(c, &m->unmatched_mark);
	claim_detail(c, "unmatched_replies:%u", m->n_unmatched);
	return true;
}

bool rule_bdat_abuse(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!(m->oddities & SYNTAX_BDAT))
		return false;
	claim_in_context(c, &m->odd_mark[ODD_AT_BDAT]);
	// The LAST chunk may be among what was lost.
	if (!(m->oddities & (ODD_BDAT_SYNTAX | ODD_BDAT_MIXED)))
		claim_absent(c, CONFIDENCE_CERTAIN, quality_of_conn(in->facts));
	claim_detail(c, "bdat%s%s%s", m->oddities & ODD_BDAT_SYNTAX ? ":size" : "",
		m->oddities & ODD_BDAT_NO_LAST ? ":no_last" : "", m->oddities & ODD_BDAT_MIXED ? ":mixed_with_data" : "");
	return true;
}

bool rule_nested_mail(const struct rule_input *in, struct claim *c)
{
	if (!(in->smtp->oddities & ODD_NESTED_MAIL))
		return false;
	claim_in_context(c, &in->smtp->odd_mark[ODD_AT_NESTED_MAIL]);
	claim_detail(c, "mail_inside_transaction");
	return true;
}

bool rule_http(const struct rule_input *in, struct claim *c)
{
	if (!(in->smtp->oddities & ODD_HTTP))
		return false;
	claim_in_context(c, &in->smtp->odd_mark[ODD_AT_HTTP]);
	claim_detail(c, "http_request_line");
	return true;
}

// Rules on what a client does for a promise, whichever made it, and on the sensor's own knowledge of promises.
#include "alerts/rules/expect.h"

#include <stdio.h>

// TLS could not be had as policy wants it, and the client left without mail: it did what it should. RFC 7672 2.2, 8461 5.
bool rule_policy_abort(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	char what[FINDING_DETAIL_MAX] = "";
	struct mark at = m->offer_mark;
	bool refused = m->starttls_rejected_code && m->starttls_rejected_code == m->starttls_code;
	enum confidence failed = rule_handshake_failed(in, what, &at);
	bool not_offered = rule_expect_not_offered(in);

	if (!in->expect->enforced || m->n_mail || !quality_client_ended(in->facts) || in->facts->conn.end == END_OPEN)
		return false;
	if (!not_offered && !refused && failed == CONFIDENCE_UNVERIFIABLE)
		return false;
	claim_absent(c, CONFIDENCE_PROBABLE, quality_of_end(in->facts) | quality_answered(&at));
	claim_cap(c, (enum confidence)in->expect->confidence);
	claim_frame(c, &at);
	claim_detail(c, "%.40s:%s", in->expect->domain[0] ? in->expect->domain : in->expect->mx,
		not_offered ? "not_offered" : refused ? "starttls_refused" : what);
	return true;
}

// RFC 7672 8.1 and RFC 8461 7.1 want the host's name in it.
bool rule_sni_other(const struct rule_input *in, struct claim *c)
{
	if (!(in->expect->notes & NOTE_SNI_OTHER) || !in->expect->identity_required)
		return false;
	claim_seen(c, &in->tls->client_hello_mark);
	claim_cap(c, CONFIDENCE_PROBABLE);
	claim_cap(c, (enum confidence)in->expect->confidence);
	claim_detail(c, "sni:%.*s:host:%.40s", in->tls->sni.len < 40 ? in->tls->sni.len : 40,
		(const char *)facts_text(in->facts, in->tls->sni), in->expect->mx);
	return true;
}

bool rule_nullmx(const struct rule_input *in, struct claim *c)
{
	if (!(in->expect->notes & NOTE_NULL_MX) || !in->smtp->n_rcpt)
		return false;
	claim_seen(c, &in->smtp->mail_mark);
	claim_cap(c, in->expect->notes & NOTE_STALE ? CONFIDENCE_SUSPECT : CONFIDENCE_CERTAIN);
	claim_detail(c, "null_mx:%.70s", in->expect->domain);
	return true;
}

bool rule_policy_stale(const struct rule_input *in, struct claim *c)
{
	int64_t now_s = conn_start_s(in->conn), as_of_s = in->expect->as_of_s;
	if (!(in->expect->notes & NOTE_STALE))
		return false;
	c->confidence = CONFIDENCE_CERTAIN;
	claim_detail(c, "%.50s:%s_hours:%lld", in->expect->mx[0] ? in->expect->mx : in->expect->domain,
		as_of_s > now_s ? "newer_by" : "older_by", (long long)((as_of_s > now_s ? as_of_s - now_s : now_s - as_of_s) / 3600));
	return true;
}

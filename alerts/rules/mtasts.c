// Rules on MTA-STS: the policy in force for the recipient's domain, RFC 8461, and what is wrong with what it publishes,
// RFC 8460 4.3. Where DANE promises something, DANE decides (RFC 8461 2).
#include "alerts/rules/expect.h"

#include "alerts/expect/dane.h"
#include "alerts/expect/policy.h"

#include <string.h>

static bool enforces(const struct rule_input *in)
{
	return in->expect->sts_mode == STS_ENFORCE && in->conn->dst_port == EXPECT_SMTP_PORT;
}

static bool invalid_certificate(const struct rule_input *in)
{
	return peer_pkix(in->peer, in->expect->sts_names, conn_start_s(in->conn)) == PKIX_INVALID;
}

static const char *certificate_flaw(const struct rule_input *in)
{
	const struct peer *p = in->peer;
	int64_t now_s = conn_start_s(in->conn);
	if (in->expect->sts_names == NAMES_DIFFER)
		return "name";
	if (now_s > p->server.not_after_s || now_s > p->chain_not_after_s)
		return "expired";
	if (now_s < p->server.not_before_s || now_s < p->chain_not_before_s)
		return "not_yet_valid";
	return "untrusted";
}

static void claim_certificate(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	claim_seen(c, mark_set(&t->certificate_mark) ? &t->certificate_mark : &t->server_hello_mark);
	claim_promise(in, c);
}

bool rule_sts_plaintext(const struct rule_input *in, struct claim *c)
{
	if (!enforces(in) || !quality_clear_n(in->facts))
		return false;
	claim_clear_mail(c, in);
	// The domain stands in RCPT: which host the server is matters to nobody here.
	if (!in->smtp->n_rcpt_domains)
		claim_promise(in, c);
	claim_detail(c, "%.60s:enforce:mail_in_clear", in->expect->domain);
	return true;
}

bool rule_sts_mx_unlisted(const struct rule_input *in, struct claim *c)
{
	if (!enforces(in) || !in->expect->sts_mx_unlisted)
		return false;
	claim_promise(in, c);
	claim_cap(c, CONFIDENCE_PROBABLE);
	claim_detail(c, "%.40s:not_listed_by:%.40s", in->expect->mx, in->expect->domain);
	return true;
}

bool rule_sts_certificate(const struct rule_input *in, struct claim *c)
{
	if (!enforces(in) || in->expect->level != EXPECT_STS || !invalid_certificate(in))
		return false;
	claim_certificate(in, c);
	claim_detail(c, "%.50s:certificate:%s", in->expect->mx, certificate_flaw(in));
	return true;
}

bool rule_sts_testing(const struct rule_input *in, struct claim *c)
{
	const struct expectation *e = in->expect;
	bool clear = quality_clear_n(in->facts);
	if (e->sts_mode != STS_TESTING || in->conn->dst_port != EXPECT_SMTP_PORT)
		return false;
	if (!clear && !e->sts_mx_unlisted && !invalid_certificate(in))
		return false;
	if (clear)
		claim_clear_mail(c, in);
	else if (!e->sts_mx_unlisted)
		claim_certificate(in, c);
	claim_promise(in, c);
	claim_detail(c, "%.50s:testing:%s", e->domain, clear ? "mail_in_clear" : e->sts_mx_unlisted ? "mx_not_listed" : certificate_flaw(in));
	return true;
}

// ---- what is published ---------------------------------------------------------------------------------------

static bool published(const struct rule_input *in, struct claim *c, bool holds)
{
	if (!holds || in->conn->dst_port != EXPECT_SMTP_PORT)
		return false;
	c->confidence = in->smtp->n_rcpt_domains ? CONFIDENCE_CERTAIN : CONFIDENCE_PROBABLE;
	claim_detail(c, "%.60s", in->expect->domain);
	return true;
}

bool rule_sts_fetch(const struct rule_input *in, struct claim *c)
{
	return published(in, c, in->expect->sts_fault == STS_FETCH_ERROR);
}

bool rule_sts_invalid(const struct rule_input *in, struct claim *c)
{
	return published(in, c, in->expect->sts_fault == STS_POLICY_INVALID);
}

bool rule_sts_webpki(const struct rule_input *in, struct claim *c)
{
	return published(in, c, in->expect->sts_fault == STS_WEBPKI_INVALID);
}

bool rule_sts_id(const struct rule_input *in, struct claim *c)
{
	return published(in, c, in->expect->notes & NOTE_STS_ID_UNCHANGED);
}

bool rule_sts_removed(const struct rule_input *in, struct claim *c)
{
	bool holds = published(in, c, in->expect->notes & NOTE_STS_REMOVED);
	claim_cap(c, CONFIDENCE_PROBABLE);
	return holds;
}

// One of them passes what the other refuses: a sender that knows only one behaves differently from one that knows both.
bool rule_sts_conflict(const struct rule_input *in, struct claim *c)
{
	const struct expectation *e = in->expect;
	bool dane = e->outcome == DANE_OUTCOME_MATCH, compared = e->outcome != DANE_OUTCOME_NONE && e->outcome != DANE_OUTCOME_COSTLY;
	enum peer_pkix pkix = peer_pkix(in->peer, e->sts_names, conn_start_s(in->conn));
	bool sts_fails = e->sts_mx_unlisted || pkix == PKIX_INVALID;
	if (!enforces(in) || !compared || e->notes & NOTE_NAME_OPEN || (dane ? !sts_fails : sts_fails || pkix != PKIX_VALID))
		return false;
	claim_certificate(in, c);
	claim_detail(c, "%.50s:dane:%s:mta_sts:%s", e->mx, dane ? "match" : "mismatch", dane ? "fails" : "valid");
	return true;
}

bool rule_tlsrpt_absent(const struct rule_input *in, struct claim *c)
{
	return published(in, c, in->expect->notes & NOTE_TLSRPT_ABSENT);
}

// The server spoke of it in clear; whether a message asked for it is inside TLS. RFC 8689 2.
bool rule_requiretls_unverifiable(const struct rule_input *in, struct claim *c)
{
	if (!(in->smtp->caps & CAP_REQUIRETLS) || in->smtp->requiretls_param || !in->tls->completed)
		return false;
	c->confidence = CONFIDENCE_UNVERIFIABLE;
	claim_frame(c, &in->smtp->offer_mark);
	claim_detail(c, "requiretls:inside_tls");
	return true;
}

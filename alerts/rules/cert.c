// Rules on the dates, the path and the names of a server's certificate, and on sessions that show none. Dates are compared
// with packet time; a capture without a clock says nothing about them. RFC 5280 4.1.2.5 and 6.1, RFC 9525, RFC 8461 4.2.
#include "alerts/rules/cert.h"

#include "alerts/record.h"
#include "dissect/tls/names.h"

#include <inttypes.h>
#include <limits.h>

enum { CERT_DAY_S = 86400, CERT_EXPIRING_S = 14 * CERT_DAY_S };

const struct certificate *cert_of_server(const struct rule_input *in)
{
	const struct certificate *cert = &in->peer->server;
	return cert->present && !cert->unreadable && !in->peer->raw_key ? cert : NULL;
}

void claim_cert(const struct rule_input *in, struct claim *c, uint8_t severity)
{
	const struct tls_facts *t = in->tls;
	claim_tls(in, c, mark_set(&t->certificate_mark) ? &t->certificate_mark : &t->server_hello_mark, severity);
}

uint8_t cert_severity_by_policy(const struct rule_input *in)
{
	return rule_severity_if(in->expect->level == EXPECT_STS && in->expect->enforced, SEVERITY_HIGH);
}

bool rule_cert_expired(const struct rule_input *in, struct claim *c)
{
	const struct certificate *cert = cert_of_server(in);
	int64_t now_s = conn_start_s(in->conn);
	if (!cert || !now_s || (now_s <= cert->not_after_s && now_s <= in->peer->chain_not_after_s))
		return false;
	// A leaf's end is told first: who renews it gets its intermediates anew.
	bool leaf = now_s > cert->not_after_s;
	int64_t end_s = leaf ? cert->not_after_s : in->peer->chain_not_after_s;
	claim_cert(in, c, cert_severity_by_policy(in));
	claim_detail(c, "%sexpired_days_ago:%" PRId64, leaf ? "" : "intermediate_", (now_s - end_s) / CERT_DAY_S);
	return true;
}

bool rule_cert_not_yet_valid(const struct rule_input *in, struct claim *c)
{
	const struct certificate *cert = cert_of_server(in);
	int64_t now_s = conn_start_s(in->conn);
	if (!cert || !now_s || (now_s >= cert->not_before_s && now_s >= in->peer->chain_not_before_s))
		return false;
	bool leaf = now_s < cert->not_before_s;
	int64_t begin_s = leaf ? cert->not_before_s : in->peer->chain_not_before_s;
	claim_cert(in, c, cert_severity_by_policy(in));
	claim_detail(c, "%svalid_in_days:%" PRId64, leaf ? "" : "intermediate_", (begin_s - now_s) / CERT_DAY_S);
	return true;
}

// A certificate made to live for days is renewed within days: the last third of its life, when that is less.
bool rule_cert_expiring(const struct rule_input *in, struct claim *c)
{
	const struct certificate *cert = cert_of_server(in);
	int64_t now_s = conn_start_s(in->conn);
	if (!cert || !now_s || now_s < cert->not_before_s || now_s > cert->not_after_s || cert->not_after_s == INT64_MAX)
		return false;
	int64_t third_s = cert->not_after_s / 3 - cert->not_before_s / 3;
	int64_t left_s = cert->not_after_s - now_s;
	if (left_s > (third_s < CERT_EXPIRING_S ? third_s : CERT_EXPIRING_S))
		return false;
	claim_cert(in, c, CLAIM_DEFAULT);
	c->severity = SEVERITY_INFO;
	claim_detail(c, "expires_in_days:%" PRId64, left_s / CERT_DAY_S);
	return true;
}

// In the trust store it is a root like any other.
// Between mail servers nobody asks for a public authority unless policy does, and DANE does not: then it is what a session was, no more.
static uint8_t severity_of_distrust(const struct rule_input *in)
{
	bool asked = (in->expect->identity_required && in->expect->level != EXPECT_DANE) || in->conn->role == ROLE_SUBMISSION;
	uint8_t by_policy = cert_severity_by_policy(in);
	return by_policy == CLAIM_DEFAULT && !asked ? (uint8_t)SEVERITY_INFO : by_policy;
}

bool rule_cert_self_signed(const struct rule_input *in, struct claim *c)
{
	const struct certificate *cert = cert_of_server(in);
	if (!cert || !cert->self_signed || in->peer->trust == TRUST_OK)
		return false;
	claim_cert(in, c, severity_of_distrust(in));
	claim_detail(c, "self_signed:%.60s", cert->subject);
	return true;
}

bool rule_cert_untrusted(const struct rule_input *in, struct claim *c)
{
	const struct certificate *cert = cert_of_server(in);
	uint8_t trust = in->peer->trust;
	if (!cert || cert->self_signed || trust < TRUST_INCOMPLETE || trust > TRUST_BROKEN)
		return false;
	claim_cert(in, c, trust == TRUST_BROKEN ? cert_severity_by_policy(in) : severity_of_distrust(in));
	claim_detail(c, "%s:issuer:%.60s", record_trust_name(trust), cert->issuer);
	return true;
}

bool rule_cert_names(const struct rule_input *in, struct claim *c)
{
	const struct text sni = in->tls->sni;
	if (!cert_of_server(in) || in->peer->names != NAMES_DIFFER)
		return false;
	claim_cert(in, c, cert_severity_by_policy(in));
	claim_frame(c, &in->tls->client_hello_mark);
	claim_detail(c, "not_valid_for:%.*s", sni.len < 64 ? sni.len : 64, (const char *)facts_text(in->facts, sni));
	return true;
}

// Not "was not captured": the handshake is of a kind that has none.
static const char *why_missing(const struct rule_input *in)
{
	const struct tls_facts *t = in->tls;
	const struct tls_suite *s = rule_suite(in);
	if (t->resumed)
		return t->server_version > 0x0303 ? "pre_shared_key" : "resumed";
	if (!s || t->certificate)
		return NULL;
	if (tls_suite_is_anon(t->suite))
		return "anonymous";
	bool psk = s->kex == KEX_PSK || s->kex == KEX_DHE_PSK || s->kex == KEX_ECDHE_PSK;
	return psk || s->auth == AUTH_KRB5 || s->auth == AUTH_SRP ? "key_known_before" : NULL;
}

bool rule_cert_missing(const struct rule_input *in, struct claim *c)
{
	const char *why = why_missing(in);
	if (!why || !in->tls->completed)
		return false;
	// A Certificate that was lost would make a full handshake look resumed.
	claim_in_context(c, &in->tls->server_hello_mark);
	claim_detail(c, "no_certificate:%s%s", why, in->peer->linked[0] ? ":linked" : "");
	return true;
}

bool rule_cert_client(const struct rule_input *in, struct claim *c)
{
	const struct certificate *cert = &in->peer->client;
	if (!in->tls->client_certificate && !cert->present)
		return false;
	claim_seen(c, &in->tls->client_certificate_mark);
	claim_detail(c, "client_certificate:%.64s", cert->present && cert->subject[0] ? cert->subject : "not_opened");
	return true;
}

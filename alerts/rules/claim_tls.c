// What the rules on TLS ask alike: how far the handshake got, and how a code point is worded.
#include "alerts/rules/rule.h"
#include "dissect/tls/names.h"

#include <stdio.h>

enum { CLAIM_SSL3 = 0x0300 }; // before it a suite had three octets

bool rule_agreed(const struct tls_facts *t)
{
	return t->completed || t->sslv2_kind; // SSL 2.0 knows no CCS: the client's key has to do
}

const struct tls_suite *rule_suite(const struct rule_input *in)
{
	const struct tls_facts *t = in->tls;
	return t->server_hello && t->server_version >= CLAIM_SSL3 ? tls_suite_find(t->suite) : NULL;
}

void claim_tls(const struct rule_input *in, struct claim *c, const struct mark *m, uint8_t severity)
{
	claim_seen(c, m);
	c->severity = severity;
	if (!rule_agreed(in->tls))
		c->severity_most = SEVERITY_LOW;
}

const char *rule_point(char out[RULE_POINT_MAX], const char *name, uint32_t value)
{
	if (name)
		snprintf(out, RULE_POINT_MAX, "%s", name);
	else
		snprintf(out, RULE_POINT_MAX, "0x%04x", value);
	return out;
}

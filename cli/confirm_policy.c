// How to ask again what was promised. Names are those that policy knows: checked host names (alerts/expect/name.h).
#include "cli/confirm.h"

#include <string.h>

#include "alerts/expect/policy.h"

static void step(struct confirm *c, const char *what, const char *format, const char *name, const char *again)
{
	if (c->n == CONFIRM_MAX)
		return;
	int len = snprintf(c->step[c->n].command, CONFIRM_LEN, format, name, again);
	c->step[c->n].what = what;
	c->n += len > 0 && len < CONFIRM_LEN;
}

void confirm_policy(struct confirm *c, const struct expectation *e)
{
	if (e->promise != PROMISE_UNKNOWN && e->mx[0] != '\0') {
		step(c, "the TLSA records of the host, with their signatures", "kdig +dnssec TLSA _25._tcp.%s", e->mx, "");
		step(c, "what the host shows now, beside its records",
			"HOST=%s; kdig +short TLSA _25._tcp.$HOST | sed \"s/.*/-dane_tlsa_rrdata '&'/\" | "
			"xargs openssl s_client -brief -starttls smtp -connect $HOST:25 -dane_tlsa_domain $HOST", e->mx, "");
	}
	if (e->promise != PROMISE_UNKNOWN && e->domain[0] != '\0')
		step(c, "the MX answer of the domain, with its signatures", "kdig +dnssec MX %s", e->domain, "");
	if (e->sts_mode > STS_ABSENT && e->domain[0] != '\0')
		step(c, "the MTA-STS policy of the domain", "kdig +short TXT _mta-sts.%s; curl -s https://mta-sts.%s/.well-known/mta-sts.txt",
			e->domain, e->domain);
}

// From promises to duties.
#include "cli/advice.h"

#include "alerts/expect/decide.h"

#include <stdio.h>

const char *advice_name(enum advice a)
{
	static const char *const names[] = {"none", "testing", "sts", "encrypt", "dane", "undecided", "no_mail"};
	return names[a];
}

enum advice advice_host(const struct policy_domain *d, const struct policy_host *h)
{
	struct dane_set set;
	if (h == NULL)
		return ADVICE_UNDECIDED;
	dane_set_read(&set, &h->tlsa);
	switch (decide_promise(h, NULL, &set)) {
	case PROMISE_USABLE:
		return ADVICE_DANE;
	case PROMISE_UNUSABLE:
		return ADVICE_ENCRYPT;
	case PROMISE_NONE:
	case PROMISE_INSECURE:
		return d->sts.mode == STS_ENFORCE ? ADVICE_STS : d->sts.mode == STS_TESTING ? ADVICE_TESTING : ADVICE_NONE;
	default:
		return ADVICE_UNDECIDED;
	}
}

enum advice advice_domain(const struct policy_domain *d, struct store *s, bool *mixed)
{
	enum advice out = ADVICE_NONE;
	*mixed = false;
	if (d->mx_dnssec != DNSSEC_SECURE && d->mx_dnssec != DNSSEC_INSECURE)
		return ADVICE_UNDECIDED;
	if (d->null_mx || d->n_mx == 0)
		return d->mx_more ? ADVICE_UNDECIDED : ADVICE_NO_MAIL;
	for (uint8_t i = 0; i < d->n_mx; i++) {
		enum advice one = advice_host(d, store_host(s, d->mx[i].host));
		*mixed |= i > 0 && one != out;
		if (i == 0 || one > out)
			out = one;
	}
	return d->mx_more && out < ADVICE_UNDECIDED ? ADVICE_UNDECIDED : out;
}

static const char *undecided(const struct policy_domain *d, struct store *s)
{
	if (d->why[0] != '\0')
		return d->why;
	for (uint8_t i = 0; i < d->n_mx; i++) {
		const struct policy_host *h = store_host(s, d->mx[i].host);
		if (h != NULL && h->why[0] != '\0')
			return h->why;
	}
	return "not everything could be learned";
}

void advice_text(char out[static ADVICE_TEXT], const struct policy_domain *d, struct store *s)
{
	bool mixed;
	enum advice a = advice_domain(d, s, &mixed);
	const char *hosts = mixed ? "some of its hosts (each host's own line says which)" : d->n_mx > 1 ? "each of its hosts" : "its host";
	const char *forged = d->mx_dnssec == DNSSEC_INSECURE && !d->implicit_mx ?
		" The MX answer is not signed: who forges it chooses other hosts, and DANE does not help against that." : "";
	switch (a) {
	case ADVICE_DANE:
		snprintf(out, ADVICE_TEXT, "DANE: a sender must use TLS and authenticate %s by the TLSA records that count, and deliver nothing "
			"where that fails.%s", hosts, forged);
		break;
	case ADVICE_ENCRYPT:
		snprintf(out, ADVICE_TEXT, "Encrypt: there are TLSA records but none is usable, so a sender must use TLS with %s, without "
			"authentication, and deliver nothing in clear.%s", hosts, forged);
		break;
	case ADVICE_STS:
		snprintf(out, ADVICE_TEXT, "MTA-STS enforce: a sender must use TLS with a certificate that a public authority issued for "
			"the host's name, and only with hosts that the policy names.");
		break;
	case ADVICE_TESTING:
		snprintf(out, ADVICE_TEXT, "MTA-STS testing: nothing is demanded yet; a sender reports what would have failed.");
		break;
	case ADVICE_NONE:
		snprintf(out, ADVICE_TEXT, "Nothing is promised%s: a sender uses TLS where it is offered, and cannot notice when somebody "
			"takes it away.", d->sts.mode == STS_UNKNOWN ? " by DANE, and MTA-STS is not known" : "");
		break;
	case ADVICE_UNDECIDED:
		snprintf(out, ADVICE_TEXT, "Undecided (%s): a careful sender defers. This is not the same as no promise.", undecided(d, s));
		break;
	case ADVICE_NO_MAIL:
		snprintf(out, ADVICE_TEXT, "The domain takes no mail: %s.", d->null_mx ? "it says so (null MX)" : "it has no host for it");
		break;
	}
}

const char *advice_unused(const struct policy_tlsa_set *t, const struct dane_set *set, uint8_t i)
{
	const struct policy_tlsa *r = &t->tlsa[i];
	if (set->counted & 1u << i)
		return NULL;
	if (r->usage < 2)
		return "usages 0 and 1 do not count for SMTP (RFC 7672 3.1.3)";
	if (r->usage > 3)
		return "the usage is not known";
	if (r->selector > 1)
		return "the selector is not known";
	if (r->mtype > 2)
		return "the matching type is not known";
	if (r->mtype == 0)
		return r->len == 0 ? "it is empty or longer than is looked at" : "it is no certificate or key";
	if (r->len != (r->mtype == 1 ? 32 : 64))
		return "the digest has the wrong length";
	return "a stronger digest stands beside it (RFC 7671 9)";
}

bool advice_sts_names(const struct policy_domain *d, const char *host)
{
	return d->sts.mode < STS_TESTING || policy_sts_lists(&d->sts, host);
}

// The policy cache, and what a domain promises in one row.
#include "cli/policy.h"

#include <stdio.h>
#include <string.h>

#include "alerts/expect/cache.h"
#include "alerts/expect/decide.h"
#include "alerts/session.h"
#include "hw/log.h"

int policy_state(const struct options *o, const char *command)
{
	if (o->state != NULL)
		return 0;
	log_error("usage", "%s needs --state DIR, the directory that keeps the policy cache", command);
	return EXIT_USAGE;
}

static int tell(const struct options *o, int r, bool there, bool must, const char *error)
{
	if (r == 1)
		log_error("policy", "%s/policy.json is damaged: %s; remove it", o->state, error);
	else if (r < 0)
		log_error("policy", "cannot read %s/policy.json: %s; check --state", o->state, strerror(-r));
	else if (!there && must)
		log_error("policy", "there is no policy cache in %s; `postwacht policy import` makes one", o->state);
	return r || (!there && must) ? EXIT_TROUBLE : 0;
}

int policy_load(const struct options *o, struct store **out, bool must)
{
	char error[SNAPSHOT_ERROR];
	bool there;
	int r = store_open(out, STORE_DOMAINS_MAX, STORE_HOSTS_MAX);
	if (r < 0) {
		log_error("policy", "no memory for the policy cache");
		return EXIT_TROUBLE;
	}
	r = cache_read(o->state, *out, &there, error);
	r = tell(o, r, there, must, error);
	if (r != 0)
		store_close(out);
	return r;
}

void policy_left_out(uint32_t n)
{
	if (n > 0)
		log_warn("policy", "the cache is full: the %lu values learned first were left out", (unsigned long)n);
}

static enum expect_level level(const struct policy_domain *d, bool usable, bool records, bool unknown)
{
	if (d->null_mx)
		return EXPECT_NONE;
	if (d->mx_dnssec == DNSSEC_SECURE && (usable || records))
		return usable ? EXPECT_DANE : EXPECT_ENCRYPT;
	if (d->sts.mode == STS_ENFORCE)
		return EXPECT_STS;
	if (unknown || d->sts.mode == STS_UNKNOWN || (d->mx_dnssec != DNSSEC_SECURE && d->mx_dnssec != DNSSEC_INSECURE))
		return EXPECT_UNKNOWN;
	return EXPECT_MAY;
}

void policy_row(struct policy_row *out, struct store *s, const struct policy_domain *d)
{
	bool records = false, unknown = d->mx_more;
	*out = (struct policy_row){.name = d->name, .dnssec = d->mx_dnssec, .n_hosts = d->n_mx, .sts = d->sts.mode,
		.as_of_s = d->as_of_s, .why = d->why};
	for (size_t i = 0; i < d->n_mx; i++) {
		const struct policy_host *h = store_host(s, d->mx[i].host);
		struct dane_set set;
		uint8_t promise = PROMISE_UNKNOWN;
		if (h != NULL) {
			dane_set_read(&set, &h->tlsa);
			promise = decide_promise(h, NULL, &set);
		}
		// Something that decides was not learned: then less than `sts` is not known to be all.
		unknown |= promise == PROMISE_UNKNOWN || promise == PROMISE_BOGUS || promise == PROMISE_INDETERMINATE;
		out->n_usable = (uint8_t)(out->n_usable + (promise == PROMISE_USABLE));
		records |= promise == PROMISE_UNUSABLE;
	}
	out->level = level(d, out->n_usable > 0, records, unknown);
}

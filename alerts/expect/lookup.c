// The steps of a domain: MX (or what stands in for it), its hosts side by side, and the two TXT records.
#include "alerts/expect/lookup.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/expect/lookup_private.h"
#include "alerts/expect/name.h"
#include "hw/clock.h"

enum {
	TIMEOUT_MS = 40000, // four questions one after the other, each at its limit
	TXT_RECORDS_MAX = 64, // looked at; one counts
};

int lookup_ask(struct lookup *l, const char *name, uint16_t type, resolver_done done, void *ctx, bool *open, uint64_t *id)
{
	int rc = l->config.source.ask(l->config.source.ctx, name, type, done, ctx, id);
	*open = rc == 0;
	l->n_open += rc == 0;
	return rc;
}

void lookup_answered(struct lookup *l, bool *open)
{
	*open = false;
	l->n_open--;
}

void lookup_check(struct lookup *l)
{
	if (l->n_open > 0 || l->finished || l->beginning)
		return;
	l->finished = true;
	l->done(l->ctx, l);
}

static void sts_came(void *ctx, const struct resolver_answer *a)
{
	struct lookup *l = ctx;
	struct sts_txt txt[TXT_RECORDS_MAX];
	lookup_answered(l, &l->sts_open);
	l->sts.answered = a->dnssec == DNSSEC_SECURE || a->dnssec == DNSSEC_INSECURE;
	if (l->sts.answered)
		l->sts.record = sts_record_read(txt, lookup_read_txt(txt, TXT_RECORDS_MAX, a), l->sts.id, l->sts.why);
	else
		lookup_say(l->sts.why, "TXT _mta-sts", a->why);
	lookup_check(l);
}

static void tlsrpt_came(void *ctx, const struct resolver_answer *a)
{
	struct lookup *l = ctx;
	struct sts_txt txt[TXT_RECORDS_MAX];
	lookup_answered(l, &l->tlsrpt_open);
	if (a->dnssec == DNSSEC_SECURE || a->dnssec == DNSSEC_INSECURE)
		l->domain.tlsrpt = sts_tlsrpt_read(txt, lookup_read_txt(txt, TXT_RECORDS_MAX, a));
	lookup_check(l);
}

static void begin_hosts(struct lookup *l)
{
	for (size_t i = 0; i < l->domain.n_mx; i++) {
		if (lookup_get_host(l, l->mx[i].host) != NULL || lookup_host_begin(l, l->mx[i].host) == 0)
			continue;
		l->domain.mx_more = true;
		lookup_say(l->domain.why, "hosts", "not all could be asked for");
	}
}

static void implicit_mx(struct lookup *l)
{
	l->domain.implicit_mx = true;
	l->domain.n_mx = 1;
	memcpy(l->mx[0].host, l->domain.name, POLICY_NAME);
}

static void mx_came(void *ctx, const struct resolver_answer *a)
{
	struct lookup *l = ctx;
	lookup_answered(l, &l->mx_open);
	l->domain.mx_dnssec = a->dnssec;
	l->domain.mx_ttl_s = a->ttl_s;
	if (a->why[0] != '\0')
		lookup_say(l->domain.why, "MX", a->why);
	if (a->canonical[0] != '\0' && !name_from_wire(l->domain.canonical, (const uint8_t *)a->canonical, strlen(a->canonical))) {
		l->domain.mx_dnssec = DNSSEC_INDETERMINATE;
		lookup_say(l->domain.why, "MX", "an alias leads to what is no host name");
	}
	bool known = l->domain.mx_dnssec == DNSSEC_SECURE || l->domain.mx_dnssec == DNSSEC_INSECURE;
	if (known && a->n > 0)
		lookup_read_mx(l, a);
	else if (known && !a->nxdomain)
		implicit_mx(l);
	begin_hosts(l);
	lookup_check(l);
}

// "LABEL.NAME"; one that does not fit into a name is asked by nobody.
static int ask_below(struct lookup *l, const char *label, resolver_done done, bool *open, uint64_t *id)
{
	char name[POLICY_NAME];
	if (snprintf(name, sizeof name, "%s.%s", label, l->domain.name) >= (int)sizeof name)
		return 0;
	return lookup_ask(l, name, RESOLVER_TYPE_TXT, done, l, open, id);
}

static struct lookup *make(const struct lookup_config *config, const char *name, void (*done)(void *ctx, struct lookup *l), void *ctx)
{
	struct lookup *l = calloc(1, sizeof *l);
	if (l == NULL)
		return NULL;
	*l = (struct lookup){.config = *config, .done = done, .ctx = ctx};
	l->deadline_ms = clock_mono_ns() / 1000000 + (config->timeout_ms != 0 ? config->timeout_ms : TIMEOUT_MS);
	l->domain.mx = l->mx;
	snprintf(l->domain.name, sizeof l->domain.name, "%s", name);
	return l;
}

int lookup_domain(struct lookup **out, const struct lookup_config *config, const char *name, void (*done)(void *ctx, struct lookup *l),
	void *ctx)
{
	struct lookup *l = *out = make(config, name, done, ctx);
	if (l == NULL)
		return -ENOMEM;
	l->is_domain = true;
	l->domain.mx_dnssec = DNSSEC_INDETERMINATE;
	int rc = lookup_ask(l, name, RESOLVER_TYPE_MX, mx_came, l, &l->mx_open, &l->mx_id);
	if (rc == 0 && config->sts)
		rc = ask_below(l, "_mta-sts", sts_came, &l->sts_open, &l->sts_id);
	if (rc == 0)
		rc = ask_below(l, "_smtp._tls", tlsrpt_came, &l->tlsrpt_open, &l->tlsrpt_id);
	if (rc < 0)
		lookup_close(out);
	return rc;
}

int lookup_host(struct lookup **out, const struct lookup_config *config, const char *name, void (*done)(void *ctx, struct lookup *l),
	void *ctx)
{
	struct lookup *l = *out = make(config, name, done, ctx);
	if (l == NULL)
		return -ENOMEM;
	int rc = lookup_host_begin(l, name);
	if (rc < 0)
		lookup_close(out);
	return rc;
}

static void cancel(struct lookup *l, bool open, uint64_t id)
{
	if (open)
		l->config.source.cancel(l->config.source.ctx, id);
}

static void cancel_all(struct lookup *l)
{
	cancel(l, l->mx_open, l->mx_id);
	cancel(l, l->sts_open, l->sts_id);
	cancel(l, l->tlsrpt_open, l->tlsrpt_id);
	for (size_t i = 0; i < l->n_hosts; i++)
		for (int k = 0; k < OPEN_N; k++)
			cancel(l, l->hosts[i]->open[k], l->hosts[i]->id[k]);
}

void lookup_close(struct lookup **l)
{
	if (*l == NULL)
		return;
	cancel_all(*l);
	for (size_t i = 0; i < (*l)->n_hosts; i++) {
		free((*l)->hosts[i]->tlsa_octets);
		free((*l)->hosts[i]);
	}
	free(*l);
	*l = NULL;
}

void lookup_tick(struct lookup *l, uint64_t now)
{
	if (l->finished || now < l->deadline_ms)
		return;
	cancel_all(l);
	if (l->mx_open)
		lookup_say(l->domain.why, "MX", "not answered in time");
	if (l->sts_open)
		lookup_say(l->sts.why, "TXT _mta-sts", "not answered in time");
	for (size_t i = 0; i < l->n_hosts; i++)
		lookup_host_time_over(l->hosts[i]);
	l->mx_open = l->sts_open = l->tlsrpt_open = false;
	l->n_open = 0;
	lookup_check(l);
}

const struct policy_domain *lookup_get_domain(const struct lookup *l)
{
	return l->is_domain ? &l->domain : NULL;
}

const struct policy_host *lookup_host_at(const struct lookup *l, size_t i)
{
	return i < l->n_hosts ? &l->hosts[i]->host : NULL;
}

const struct policy_host *lookup_get_host(const struct lookup *l, const char *name)
{
	for (size_t i = 0; i < l->n_hosts; i++)
		if (strcmp(l->hosts[i]->host.name, name) == 0)
			return &l->hosts[i]->host;
	return NULL;
}

const struct sts_seen *lookup_get_sts(const struct lookup *l)
{
	return &l->sts;
}

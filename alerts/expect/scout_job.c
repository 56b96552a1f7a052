// One name, step by step: DNS, then, where a policy is due, the policy host's addresses and the fetch.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <xxhash.h>

#include "alerts/expect/scout_work.h"
#include "hw/clock.h"

static void looked(void *ctx, struct lookup *l)
{
	struct job *j = ctx;
	(void)l;
	j->looked = true;
}

static void web_looked(void *ctx, struct lookup *l)
{
	struct job *j = ctx;
	(void)l;
	j->web_looked = true;
}

static void fetched(void *ctx, const struct sts_fetched *result)
{
	struct job *j = ctx;
	j->result = *result;
	j->fetched = true;
}

static void fetch_failed(struct job *j, const char *why)
{
	j->result = (struct sts_fetched){.fault = STS_FETCH_ERROR};
	snprintf(j->result.why, sizeof j->result.why, "%s", why);
	j->fetched = true;
	j->step = JOB_DONE;
}

static struct lookup_config lookup_config_of(const struct job *j)
{
	return (struct lookup_config){
		.source = resolver_source(j->fresh != NULL ? j->fresh : j->w->resolver),
		.sts = j->w->fetch != NULL,
		.timeout_ms = j->w->config->lookup_ms,
	};
}

static int open_fresh(struct job *j)
{
	const struct scout_config *c = j->w->config;
	const struct resolver_config config = {
		.trust_anchor = c->trust_anchor,
		.forward_to = c->forward_to,
		.n_forward_to = c->n_forward_to,
		.root_hints = c->root_hints,
		.anchor_read_only = true,
		.timeout_ms = c->question_ms,
		.cache_mib = 2,
	};
	int rc = resolver_open(&j->fresh, &config);
	j->w->n_fresh += rc == 0;
	return rc;
}

static void job_close(struct job **at)
{
	struct job *j = *at;
	lookup_close(&j->lookup);
	lookup_close(&j->web);
	if (j->step == JOB_FETCH && !j->fetched)
		fetch_cancel(j->w->fetch, j->fetch_id);
	j->w->n_fresh -= j->fresh != NULL;
	resolver_close(&j->fresh);
	free(j);
	*at = NULL;
}

bool job_start(struct work *w, const struct scout_request *request)
{
	struct job **at = w->jobs;
	while (at < w->jobs + WORK_JOBS_MAX && *at != NULL)
		at++;
	if (at == w->jobs + WORK_JOBS_MAX || (request->fresh && w->n_fresh == WORK_FRESH_MAX))
		return false;
	struct job *j = *at = calloc(1, sizeof *j);
	if (j == NULL)
		return false;
	j->w = w;
	j->request = *request;
	int rc = request->fresh ? open_fresh(j) : 0;
	if (rc == 0) {
		const struct lookup_config config = lookup_config_of(j);
		rc = request->kind == SCOUT_DOMAIN ? lookup_domain(&j->lookup, &config, request->name, looked, j) :
			lookup_host(&j->lookup, &config, request->name, looked, j);
	}
	j->failed = rc < 0;
	return true;
}

// ---- MTA-STS -----------------------------------------------------------------------------------------------------

static uint64_t hash_of(const struct job *j)
{
	return XXH3_64bits(j->request.name, strlen(j->request.name));
}

static bool retry_allowed(const struct job *j, int64_t now_s)
{
	uint64_t h = hash_of(j);
	return j->w->retry[h % WORK_RETRY_SLOTS].name != h || j->w->retry[h % WORK_RETRY_SLOTS].until_s <= now_s;
}

static bool fetch_wanted(const struct job *j)
{
	if (j->w->fetch == NULL || j->request.kind != SCOUT_DOMAIN || j->failed)
		return false;
	int64_t now_s = time(NULL);
	const struct policy_domain *before = store_domain(j->w->store, j->request.name);
	return sts_fetch_due(before != NULL ? &before->sts : NULL, lookup_get_sts(j->lookup), now_s) && retry_allowed(j, now_s);
}

static void begin_web(struct job *j)
{
	char name[POLICY_NAME];
	struct lookup_config config = lookup_config_of(j);
	config.addresses_only = true;
	j->step = JOB_ADDRESSES;
	if (snprintf(name, sizeof name, "mta-sts.%s", j->request.name) >= (int)sizeof name)
		fetch_failed(j, "the policy host's name is too long");
	else if (lookup_host(&j->web, &config, name, web_looked, j) < 0)
		fetch_failed(j, "the policy host could not be asked for");
}

static void begin_fetch(struct job *j)
{
	const struct policy_host *h = lookup_host_at(j->web, 0);
	char why[POLICY_WHY];
	if (h->addresses_dnssec == DNSSEC_BOGUS || h->n_addresses == 0) {
		snprintf(why, sizeof why, "policy host: %.100s", h->why[0] != '\0' ? h->why : "it has no address");
		fetch_failed(j, why);
		return;
	}
	j->step = JOB_FETCH;
	int rc = fetch_start(j->w->fetch, j->request.name, h->addresses, h->n_addresses, &j->fetch_id, fetched, j);
	if (rc == -EADDRNOTAVAIL)
		fetch_failed(j, "policy host: its addresses are this machine's or its link's, which are not asked");
	else if (rc < 0 && rc != -EAGAIN)
		fetch_failed(j, "the policy could not be asked for");
	else if (rc == -EAGAIN)
		j->step = JOB_ADDRESSES; // again when there is room
}

static void remember_failure(struct job *j)
{
	uint64_t h = hash_of(j);
	if (!j->fetched || j->result.fault == STS_FAULT_NONE)
		return;
	j->w->retry[h % WORK_RETRY_SLOTS].name = h;
	j->w->retry[h % WORK_RETRY_SLOTS].until_s = time(NULL) + STS_RETRY_S;
}

// ---- steps -------------------------------------------------------------------------------------------------------

static void advance(struct job *j)
{
	if (j->failed)
		j->step = JOB_DONE;
	if (j->step == JOB_LOOKUP && j->looked) {
		j->step = JOB_DONE;
		if (fetch_wanted(j))
			begin_web(j);
	}
	if (j->step == JOB_ADDRESSES && j->web_looked)
		begin_fetch(j);
	if (j->step == JOB_FETCH && j->fetched)
		j->step = JOB_DONE;
}

static void watch_again(struct work *w, const struct job *j)
{
	enum { SOONEST_S = 300, LATEST_S = 86400 }; // a TTL of a second is not worth a question a second
	uint32_t ttl_s = j->ttl_s < SOONEST_S ? SOONEST_S : j->ttl_s > LATEST_S ? LATEST_S : j->ttl_s;
	for (size_t i = 0; i < w->config->n_watchlist; i++)
		if (strcmp(w->watched[i].name, j->request.name) == 0)
			w->watched[i].due_s = time(NULL) + ttl_s;
}

static void end(struct work *w, struct job **at)
{
	struct job *j = *at;
	remember_failure(j);
	if (j->failed || answer_make(j) < 0)
		out_put(w, &j->request, NULL, 0);
	if (j->request.kind == SCOUT_DOMAIN)
		watch_again(w, j);
	job_close(at);
}

void job_process(struct work *w)
{
	uint64_t now = clock_mono_ns() / 1000000;
	for (size_t i = 0; i < WORK_JOBS_MAX; i++) {
		struct job *j = w->jobs[i];
		if (j == NULL)
			continue;
		if (j->fresh != NULL)
			j->failed |= resolver_process(j->fresh) < 0;
		if (j->lookup != NULL)
			lookup_tick(j->lookup, now);
		if (j->web != NULL)
			lookup_tick(j->web, now);
		advance(j);
		if (j->step == JOB_DONE)
			end(w, &w->jobs[i]);
	}
}

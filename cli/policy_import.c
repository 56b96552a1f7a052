// `postwacht policy import` and `policy flush`: what changes the cache, under its lock.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "alerts/expect/cache.h"
#include "alerts/expect/name.h"
#include "cli/policy.h"
#include "cli/words.h"
#include "hw/log.h"

// The cache, locked, and what it has.
static int begin(const struct options *o, struct cache **c, struct store **s)
{
	int r = cache_open(c, o->state);
	if (r == -EWOULDBLOCK)
		log_error("policy", "the policy cache in %s is in use; try again", o->state);
	else if (r < 0)
		log_error("policy", "cannot use the state directory %s: %s", o->state, strerror(-r));
	if (r < 0)
		return EXIT_TROUBLE;
	r = policy_load(o, s, false);
	if (r != 0)
		cache_close(c);
	return r;
}

static int finish(const struct options *o, struct cache *c, struct store *s)
{
	uint32_t left_out;
	int r = cache_write(c, s, &left_out);
	if (r < 0) {
		log_error("policy", "cannot write %s/policy.json: %s; it is as it was", o->state, strerror(-r));
		return EXIT_TROUBLE;
	}
	policy_left_out(left_out);
	return EXIT_FINE;
}

static int take(const char *name, struct cache_newer *n)
{
	char error[SNAPSHOT_ERROR];
	const struct snapshot_sink sink = cache_newer_sink(n);
	int r = snapshot_read_file(strcmp(name, "-") == 0 ? "/dev/stdin" : name, &sink, error);
	if (r == 1)
		log_error("policy", "%s is no policy snapshot: %s", words_input(name), error);
	else if (r < 0)
		log_error("policy", "cannot read %s: %s", words_input(name), strerror(-r));
	return r ? EXIT_TROUBLE : 0;
}

int policy_import_run(const struct options *o)
{
	struct cache *c;
	struct store *s;
	int rc = policy_state(o, "policy import");
	if (rc == 0)
		rc = begin(o, &c, &s);
	if (rc != 0)
		return rc;
	struct cache_newer n = {.store = s};
	rc = take(o->operands[0], &n);
	if (rc == 0)
		rc = finish(o, c, s);
	if (rc == 0)
		printf("taken: domains %u, hosts %u; passed over, as the cache has them as new or newer: %u\n", n.domains, n.hosts,
			n.older);
	store_close(&s);
	cache_close(&c);
	return rc;
}

static bool names(const struct policy_domain *d, const char *host)
{
	for (size_t i = 0; d != NULL && i < d->n_mx; i++)
		if (strcmp(d->mx[i].host, host) == 0)
			return true;
	return false;
}

// Everything of `s` but this domain and this host, and hosts that only this domain names. How many went; -ENOMEM.
static int copy_without(struct store *to, struct store *s, const char *name)
{
	const struct policy_domain *gone = store_domain(s, name), *d;
	const struct policy_host *h;
	int n = gone != NULL, r = 0;
	for (uint32_t at = 0; r == 0 && (h = store_next_host(s, &at)) != NULL;) {
		bool only_its = names(gone, h->name) && store_of_host(s, h->name, &d, 0) == 1;
		if (strcmp(h->name, name) == 0 || only_its)
			n++;
		else
			r = store_put_host(to, h);
	}
	for (uint32_t at = 0; r == 0 && (d = store_next_domain(s, &at)) != NULL;)
		if (d != gone)
			r = store_put_domain(to, d);
	return r < 0 ? r : n;
}

static int flush_one(const struct options *o, struct cache *c, struct store *s, const char *word)
{
	char name[POLICY_NAME];
	struct store *rest;
	if (!name_from_wire(name, (const uint8_t *)word, strlen(word))) {
		log_error("usage", "\"%s\" is no name of a domain or a host", word);
		return EXIT_USAGE;
	}
	int n = store_open(&rest, STORE_DOMAINS_MAX, STORE_HOSTS_MAX);
	if (n == 0)
		n = copy_without(rest, s, name);
	int rc = EXIT_TROUBLE;
	if (n < 0)
		log_error("policy", "no memory for the policy cache");
	else if (n == 0)
		log_error("policy", "the cache does not have %s; `postwacht policy list` shows what it has", name);
	else
		rc = finish(o, c, rest);
	if (rc == EXIT_FINE)
		printf("flushed: %s, values %d\n", name, n);
	store_close(&rest);
	return rc;
}

int policy_flush_run(const struct options *o)
{
	struct cache *c;
	struct store *s;
	int rc = policy_state(o, "policy flush");
	if (rc == 0)
		rc = begin(o, &c, &s);
	if (rc != 0)
		return rc;
	if (o->n_operands > 0) {
		rc = flush_one(o, c, s, o->operands[0]);
	} else {
		const struct store_counts counts = store_counts(s);
		store_flush(s);
		rc = finish(o, c, s);
		if (rc == 0)
			printf("flushed: domains %u, hosts %u\n", counts.domains, counts.hosts);
	}
	store_close(&s);
	cache_close(&c);
	return rc;
}

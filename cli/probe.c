// `postwacht probe`: asks one mail host what it offers and shows now. Opt-in, rare, and never part of reading captures.
#include "cli/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alerts/expect/cache.h"
#include "alerts/expect/name.h"
#include "alerts/probe/rate.h"
#include "cli/policy.h"
#include "cli/settings.h"
#include "cli/wire.h"
#include "cli/words.h"
#include "hw/log.h"

// What one probe has open.
struct probing {
	struct config config;
	struct inventory *inventory;
	struct store *store;
	struct cert *cert;
	struct rate *rate;
	bool there;           // the policy cache has a file
	char ehlo[POLICY_NAME];
	struct probe_target target;
	struct probe_result result;
	struct probe_compared compared;
};

static uint32_t ms_since(const struct timespec *from)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint32_t)((now.tv_sec - from->tv_sec) * 1000 + (now.tv_nsec - from->tv_nsec) / 1000000);
}

// Our own name: as configured, or the system's where that is a host name at all.
static int own_name(struct probing *p)
{
	char name[POLICY_NAME] = "";
	if (strcmp(p->config.probe_ehlo, "system") != 0)
		snprintf(name, sizeof name, "%s", p->config.probe_ehlo);
	else if (gethostname(name, sizeof name - 1) < 0)
		name[0] = '\0';
	if (name_from_wire(p->ehlo, (const uint8_t *)name, strlen(name)))
		return 0;
	log_error("probe", "this machine's name \"%.60s\" is not a full host name; set policy.probe_ehlo", name);
	return EXIT_USAGE;
}

static int open_state(struct probing *p, const char *dir)
{
	char error[SNAPSHOT_ERROR];
	int rc = store_open(&p->store, STORE_DOMAINS_MAX, STORE_HOSTS_MAX);
	if (rc == 0)
		rc = cache_read(dir, p->store, &p->there, error);
	if (rc == 1)
		log_error("probe", "%s/policy.json is damaged: %s; remove it", dir, error);
	else if (rc < 0)
		log_error("probe", "cannot read %s/policy.json: %s; check --state", dir, strerror(-rc));
	return rc != 0 ? EXIT_TROUBLE : 0;
}

// May the host be asked now? Holds the lock from here on.
static int ask_rate(struct probing *p, const char *dir, time_t now)
{
	char text[PROBE_ADDRESSES_MAX][INET6_ADDRSTRLEN], at[WORDS_TIME_LEN];
	const char *keys[PROBE_ADDRESSES_MAX + 1] = {p->target.host};
	const struct probe_target *t = &p->target;
	for (size_t i = 0; i < t->n; i++)
		keys[i + 1] = inet_ntop(t->address[i].ip_v == 6 ? AF_INET6 : AF_INET, t->address[i].octets, text[i], sizeof text[i]);
	int rc = rate_open(&p->rate, dir);
	if (rc == 0)
		rc = rate_ask(p->rate, keys, t->n + 1, now);
	if (rc == 0)
		return 0;
	words_time(at, ((uint64_t)now + (uint64_t)(rc > 0 ? rc : 0)) * 1000000000);
	if (rc > 0)
		log_error("probe", "%s was probed within the last ten minutes; it may be again at %.19s UTC (in %d s)", t->host, at, rc);
	else if (rc == -EWOULDBLOCK)
		log_error("probe", "another probe is going on; there is one at a time");
	else if (rc == -ENOSPC)
		log_error("probe", "%d hosts were probed within ten minutes; wait", RATE_ENTRIES_MAX);
	else if (rc == -EBADMSG)
		log_error("probe", "%s/probes is damaged; look at it, wait ten minutes, and remove it", dir);
	else
		log_error("probe", "cannot keep %s/probes: %s; check --state", dir, strerror(-rc));
	return EXIT_TROUBLE;
}

// One address after the other, until one is reached; all together within the limit.
static size_t ask(struct probing *p, uint32_t limit_ms, const struct timespec *from)
{
	const struct probe_target *t = &p->target;
	size_t i = 0;
	for (;; i++) {
		uint32_t gone = ms_since(from), left = gone < limit_ms ? limit_ms - gone : 0;
		uint32_t share = left / (uint32_t)(t->n - i); // so that a silent address leaves time for the next
		const struct probe_config c = {.name = t->literal ? NULL : t->host, .ehlo = p->ehlo, .address = t->address[i],
			.port = t->port, .limit_ms = i + 1 < t->n && share < left ? share : left};
		probe_run(&p->result, &c);
		bool reached = strcmp(p->result.where, "connection") != 0;
		if (reached || i + 1 == t->n)
			return i;
	}
}

// Keeps it with the host, when the cache has the host and something was learned. Another process may have changed the file
// meanwhile: it is read again under the lock.
static bool keep(struct probing *p, const char *dir, const struct policy_address *address, time_t now)
{
	struct cache *cache = NULL;
	struct store *s = NULL;
	char error[SNAPSHOT_ERROR];
	uint32_t left_out;
	bool there, kept = false;
	if (!p->result.ehlo_seen || p->compared.host == NULL || p->target.port != 25)
		return false;
	int rc = cache_open(&cache, dir);
	if (rc == 0)
		rc = store_open(&s, STORE_DOMAINS_MAX, STORE_HOSTS_MAX);
	if (rc == 0)
		rc = cache_read(dir, s, &there, error);
	const struct policy_host *h = rc == 0 ? store_host(s, p->target.host) : NULL;
	if (h != NULL) {
		struct policy_host seen = *h;
		seen.probe = (struct policy_probe){.at_s = now, .ip_v = address->ip_v, .starttls = p->result.offered,
			.tls = p->result.tls, .dane = p->compared.dane};
		memcpy(seen.probe.address, address->octets, sizeof seen.probe.address);
		if (p->compared.n_certs > 0)
			memcpy(seen.probe.spki_sha256, p->compared.peer[0].server.spki_sha256, sizeof seen.probe.spki_sha256);
		rc = store_put_host(s, &seen);
		if (rc == 0)
			rc = cache_write(cache, s, &left_out);
		kept = rc == 0;
	}
	if (rc != 0)
		log_warn("probe", "the result is not kept: %s/policy.json: %s", dir, rc == 1 ? "damaged" : strerror(-rc));
	store_close(&s);
	cache_close(&cache);
	return kept;
}

static int run(struct probing *p, const struct options *o, const char *dir)
{
	const uint32_t limit_ms = (uint32_t)(o->seconds > 0 ? o->seconds : PROBE_LIMIT_S) * 1000;
	struct timespec from;
	time_t now = time(NULL);
	clock_gettime(CLOCK_MONOTONIC, &from);
	int rc = open_state(p, dir);
	if (rc == 0)
		rc = probe_target_find(&p->target, &p->config.inventory, p->store, limit_ms);
	if (rc == 0)
		rc = probe_target_allowed(&p->target, &p->config, p->inventory, p->store);
	if (rc == 0)
		rc = ask_rate(p, dir, now);
	if (rc != 0)
		return rc;
	size_t asked = ask(p, limit_ms, &from);
	const struct probe_target *t = &p->target;
	probe_compare(&p->compared, &p->result, t->literal ? NULL : t->host, t->port, p->store, p->cert, now);
	const struct probe_told told = {.target = t, .ehlo = p->ehlo, .at_s = now, .address = t->address[asked],
		.result = &p->result, .compared = &p->compared, .store = cert_store_name(p->cert), .cache = p->there,
		.kept = keep(p, dir, &t->address[asked], now)};
	if (!o->json)
		probe_print(stdout, &told);
	else if (!probe_print_json(stdout, &told))
		return EXIT_TROUBLE;
	return p->result.ehlo_seen ? EXIT_FINE : EXIT_TROUBLE;
}

static int prepare(struct probing *p, const struct options *o, const char **dir)
{
	int rc = settings_load(&p->config, o, NULL);
	if (rc != 0)
		return rc;
	if (!p->config.probe) {
		log_error("probe", "probing is off: it connects to mail hosts from this machine; set policy.probe: on to allow it");
		return EXIT_USAGE;
	}
	rc = probe_target_parse(&p->target, o->operands[0]);
	if (rc == 0)
		rc = own_name(p);
	if (rc != 0)
		return rc;
	*dir = o->state != NULL ? o->state : strcmp(p->config.state_dir, "none") != 0 ? p->config.state_dir : NULL;
	if (*dir == NULL) {
		log_error("usage", "probe keeps when it asked whom: give --state DIR, or set sensor.state_dir");
		return EXIT_USAGE;
	}
	const struct cert_config cert = {.trust_store = wire_trust_store(&p->config)};
	rc = cert_open(&p->cert, &cert);
	if (rc < 0)
		log_error("policy.trust_store", "cannot read %s: %s", cert.trust_store, words_error(-rc));
	else if (inventory_open(&p->inventory, &p->config.inventory) < 0)
		log_error("probe", "out of memory");
	else
		return 0;
	return EXIT_TROUBLE;
}

int probe_command_run(const struct options *o)
{
	struct probing *p = calloc(1, sizeof *p);
	const char *dir;
	if (p == NULL) {
		log_error("probe", "out of memory");
		return EXIT_TROUBLE;
	}
	int rc = prepare(p, o, &dir);
	if (rc == 0)
		rc = run(p, o, dir);
	rate_close(&p->rate);
	store_close(&p->store);
	inventory_close(&p->inventory);
	cert_close(&p->cert);
	free(p);
	return rc;
}

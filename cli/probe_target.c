// Whom a probe asks, where that is, and whether the configuration allows it.
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/expect/name.h"
#include "cli/probe.h"
#include "hw/log.h"

static bool parse_port(const char *text, uint16_t *out)
{
	size_t len = strspn(text, "0123456789");
	unsigned long value = len > 0 && len <= 5 && text[len] == '\0' ? strtoul(text, NULL, 10) : 0;
	*out = (uint16_t)value;
	return value >= 1 && value <= 65535;
}

static bool parse_address(struct policy_address *out, const char *text)
{
	*out = (struct policy_address){.ip_v = strchr(text, ':') != NULL ? 6 : 4};
	return inet_pton(out->ip_v == 6 ? AF_INET6 : AF_INET, text, out->octets) == 1;
}

// Splits at the port: behind the last colon, unless there are several and no brackets (an IPv6 address).
static bool split(const char *word, char host[256], const char **port)
{
	const char *end = NULL, *colon = strrchr(word, ':');
	*port = NULL;
	if (word[0] == '[') {
		end = strchr(++word, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return false;
		*port = end[1] == ':' ? end + 2 : NULL;
	} else if (colon != NULL && strchr(word, ':') == colon) {
		end = colon;
		*port = colon + 1;
	}
	size_t len = end != NULL ? (size_t)(end - word) : strlen(word);
	if (len == 0 || len > 255)
		return false;
	memcpy(host, word, len);
	host[len] = '\0';
	return true;
}

int probe_target_parse(struct probe_target *t, const char *word)
{
	char host[256], name[POLICY_NAME];
	const char *port;
	*t = (struct probe_target){.port = 25};
	if (split(word, host, &port) && (port == NULL || parse_port(port, &t->port))) {
		t->literal = parse_address(&t->address[0], host);
		if (t->literal || name_from_wire(name, (const uint8_t *)host, strlen(host))) {
			snprintf(t->host, sizeof t->host, "%s", t->literal ? host : name);
			return 0;
		}
	}
	log_error("usage", "\"%s\" is no host; write mx.example.org, mx.example.org:25, 192.0.2.1 or [2001:db8::1]:25", word);
	return EXIT_USAGE;
}

// ---- addresses -----------------------------------------------------------------------------------------------

static void add(struct probe_target *t, const struct policy_address *a)
{
	if (t->n < PROBE_ADDRESSES_MAX)
		t->address[t->n++] = *a;
}

// Whoever's DNS chooses an address does not choose this machine, its link, or a group.
static bool is_elsewhere(const struct policy_address *a)
{
	static const struct judge_net here[] = {{{0}, 4, 8}, {{127}, 4, 8}, {{169, 254}, 4, 16}, {{224}, 4, 3}, {{0}, 6, 96},
		{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 6, 96}, {{0xfe, 0x80}, 6, 10}, {{0xff}, 6, 8}};
	for (size_t i = 0; i < sizeof here / sizeof here[0]; i++)
		if (judge_net_covers(&here[i], a->octets, a->ip_v))
			return false;
	return true;
}

static void add_found(struct probe_target *t, const struct policy_address *a)
{
	if (is_elsewhere(a))
		add(t, a);
}

static void from_inventory(struct probe_target *t, const struct inventory_mxs *c)
{
	for (size_t i = 0; i < c->n; i++) {
		if (strcmp(inventory_text(&c->text, c->mx[i].name), t->host) != 0)
			continue;
		for (uint32_t k = c->mx[i].first; k < c->mx[i].first + c->mx[i].n; k++) {
			struct policy_address a = {.ip_v = c->pool.net[k].ip_v};
			memcpy(a.octets, c->pool.net[k].addr, sizeof a.octets);
			add(t, &a);
		}
	}
}

// getaddrinfo() knows no limit of its own: it runs beside us, and who comes too late is left behind.
struct lookup {
	char host[INVENTORY_DOMAIN_MAX + 1];
	pthread_mutex_t mutex;
	pthread_cond_t done_cond;
	bool done, left;
	int error;
	struct addrinfo *list;
};

static void lookup_free(struct lookup *l)
{
	if (l->list != NULL)
		freeaddrinfo(l->list);
	pthread_cond_destroy(&l->done_cond);
	pthread_mutex_destroy(&l->mutex);
	free(l);
}

static void *lookup_main(void *arg)
{
	struct lookup *l = arg;
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *list = NULL;
	int error = getaddrinfo(l->host, NULL, &hints, &list);
	pthread_mutex_lock(&l->mutex);
	l->error = error;
	l->list = error == 0 ? list : NULL;
	l->done = true;
	bool left = l->left;
	pthread_cond_signal(&l->done_cond);
	pthread_mutex_unlock(&l->mutex);
	if (left)
		lookup_free(l);
	return NULL;
}

// NULL: no thread or no memory. Whoever gets one waits for it.
static struct lookup *lookup_start(const char *host)
{
	struct lookup *l = calloc(1, sizeof *l);
	pthread_condattr_t attr;
	pthread_t thread;
	if (l == NULL)
		return NULL;
	snprintf(l->host, sizeof l->host, "%s", host);
	pthread_mutex_init(&l->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->done_cond, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&thread, NULL, lookup_main, l) == 0) {
		pthread_detach(thread);
		return l;
	}
	lookup_free(l);
	return NULL;
}

static int from_resolver(struct probe_target *t, uint32_t limit_ms)
{
	struct lookup *l = lookup_start(t->host);
	struct timespec until;
	if (l == NULL)
		return EAI_MEMORY;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += limit_ms / 1000;
	int rc = 0;
	pthread_mutex_lock(&l->mutex);
	while (!l->done && rc == 0)
		rc = pthread_cond_timedwait(&l->done_cond, &l->mutex, &until);
	bool done = l->done;
	l->left = !done;
	rc = done ? l->error : EAI_AGAIN;
	for (const struct addrinfo *a = done ? l->list : NULL; a != NULL; a = a->ai_next) {
		struct policy_address p = {.ip_v = a->ai_family == AF_INET6 ? 6 : 4};
		const void *from = p.ip_v == 6 ? (const void *)&((const struct sockaddr_in6 *)(const void *)a->ai_addr)->sin6_addr :
			(const void *)&((const struct sockaddr_in *)(const void *)a->ai_addr)->sin_addr;
		memcpy(p.octets, from, p.ip_v == 6 ? 16 : 4);
		add_found(t, &p);
	}
	pthread_mutex_unlock(&l->mutex);
	if (done)
		lookup_free(l);
	return rc;
}

int probe_target_find(struct probe_target *t, const struct inventory_config *inventory, struct store *cache, uint32_t limit_ms)
{
	const struct policy_host *h = cache != NULL ? store_host(cache, t->host) : NULL;
	t->n = t->literal;
	t->source = "typed";
	if (t->literal)
		return 0;
	// Where our own hosts are we know best: DNS may show the outside of a translation.
	t->source = "inventory";
	from_inventory(t, &inventory->mx);
	if (t->n > 0)
		return 0;
	t->source = "policy cache";
	for (size_t i = 0; h != NULL && i < h->n_addresses; i++)
		add_found(t, &h->addresses[i]);
	if (t->n > 0)
		return 0;
	t->source = "resolver";
	int error = from_resolver(t, limit_ms);
	if (t->n > 0)
		return 0;
	log_error("probe", "%s has no address here: %s", t->host, error != 0 ? gai_strerror(error) : "the resolver found none");
	return EXIT_TROUBLE;
}

// ---- scope ---------------------------------------------------------------------------------------------------

// A partner's host: it has the partner's name or one below it, it is in the partner's networks, or the partner's mail goes
// there as the policy cache knows.
static bool is_partner(struct probe_target *t, const struct inventory *i, struct store *cache)
{
	const struct policy_domain *domains[16];
	for (const char *name = t->host; !t->literal && name != NULL; name = strchr(name, '.')) {
		name += *name == '.';
		if (inventory_partner(i, name, &t->peer))
			return true;
	}
	for (size_t k = 0; k < t->n; k++)
		if (inventory_partner_at(i, t->address[k].octets, t->address[k].ip_v, &t->peer))
			return true;
	size_t n = cache != NULL && !t->literal ? store_of_host(cache, t->host, domains, 16) : 0;
	for (size_t k = 0; k < n && k < 16; k++)
		if (inventory_partner(i, domains[k]->name, &t->peer))
			return true;
	return false;
}

int probe_target_allowed(struct probe_target *t, const struct config *c, const struct inventory *i, struct store *cache)
{
	t->own = !t->literal && inventory_mx_named(i, t->host);
	for (size_t k = 0; k < t->n; k++)
		t->own |= inventory_own_host(i, t->address[k].octets, t->address[k].ip_v);
	t->partner = is_partner(t, i, cache);
	bool own = c->probe_scope == SCOPE_INVENTORY || c->probe_scope == SCOPE_OWN_MX;
	bool partner = c->probe_scope == SCOPE_INVENTORY || c->probe_scope == SCOPE_PARTNERS;
	if (c->probe_scope == SCOPE_ANY || (own && t->own) || (partner && t->partner))
		return 0;
	log_error("probe", "%s is not within policy.probe_scope; add it to %s%s%s, or widen the scope", t->host,
		own ? "inventory.own_mx" : "", own && partner ? " or " : "", partner ? "inventory.partners" : "");
	return EXIT_USAGE;
}

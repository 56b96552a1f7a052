// `postwacht policy lookup`: one question to the scout, its answer shown.
#include "cli/policy_lookup.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "alerts/expect/name.h"
#include "alerts/json.h"
#include "cli/advice.h"
#include "cli/settings.h"
#include "cli/stdout.h"
#include "cli/wire.h"
#include "hw/log.h"

enum {
	WAIT_S = 150,      // for all of it: questions, the policy host's addresses, a minute for the policy
	HOSTS_MAX = 64,
};

struct waiting {
	const char *name;
	struct store *store;
	bool done, answered;
};

static void came(void *ctx, const char *name, enum scout_kind kind, bool fresh, bool answered)
{
	struct waiting *w = ctx;
	(void)fresh;
	if (kind != SCOUT_DOMAIN || strcmp(name, w->name) != 0)
		return;
	w->done = true;
	w->answered = answered;
}

static int wait_for_answer(struct scout *scout, struct waiting *w)
{
	const struct scout_sink sink = {
		.values = {.domain = store_put_domain, .host = store_put_host, .ctx = w->store},
		.done = came,
		.ctx = w,
	};
	time_t end = time(NULL) + WAIT_S;
	int rc = scout_ask(scout, w->name, SCOUT_DOMAIN, false);
	while (rc >= 0 && !w->done && time(NULL) < end) {
		struct pollfd p = {.fd = scout_fd(scout), .events = POLLIN};
		poll(&p, 1, 1000);
		rc = scout_poll(scout, &sink);
	}
	return rc < 0 ? rc : w->answered ? 0 : -ETIMEDOUT;
}

static int open_failed(const struct wire_scout *wire, int rc)
{
	if (rc == -EINVAL)
		log_error("policy", "--resolver %s is no address; write 192.0.2.53 or 192.0.2.53@5353",
			wire->config.n_forward_to > 0 ? wire->forward_to[0] : "");
	else if (rc == -EBADMSG)
		log_error("policy", "no DNSSEC key of the root in %s; check --trust-anchor", wire->config.trust_anchor);
	else
		log_error("policy", "cannot begin with the keys in %s: %s; install dns-root-data or check --trust-anchor",
			wire->config.trust_anchor, strerror(-rc));
	return rc == -EINVAL ? EXIT_USAGE : EXIT_TROUBLE;
}

static int ask(const struct wire_scout *wire, struct waiting *w)
{
	struct scout *scout;
	int rc = scout_open(&scout, &wire->config);
	if (rc < 0)
		return open_failed(wire, rc);
	rc = wait_for_answer(scout, w);
	scout_close(&scout);
	if (rc < 0)
		log_error("policy", "nothing could be learned of %s: %s", w->name, rc == -ETIMEDOUT ? "no answer" : strerror(-rc));
	return rc < 0 ? EXIT_TROUBLE : 0;
}

// ---- JSON --------------------------------------------------------------------------------------------------------

struct told {
	const struct policy_domain *domain;
	struct store *store;
	const char *snapshot;
	size_t len;
};

static void put_host(struct json *j, const struct policy_domain *d, const char *name, const struct policy_host *h)
{
	struct dane_set set;
	json_open_object(j);
	json_field(j, "name", cstr, name);
	json_field(j, "decision", cstr, advice_name(advice_host(d, h)));
	json_key(j, "tlsa");
	json_open_array(j);
	for (uint8_t i = 0; h != NULL && i < h->tlsa.n; i++) {
		if (i == 0)
			dane_set_read(&set, &h->tlsa);
		const char *why = advice_unused(&h->tlsa, &set, i);
		json_open_object(j);
		json_field(j, "counts", flag, why == NULL);
		if (why != NULL)
			json_field(j, "why", cstr, why);
		json_close_object(j);
	}
	json_close_array(j);
	json_close_object(j);
}

static void put_told(struct json *j, const void *ctx)
{
	const struct told *t = ctx;
	char text[ADVICE_TEXT];
	bool mixed;
	advice_text(text, t->domain, t->store);
	json_open_object(j);
	json_field(j, "v", u64, 1);
	json_field(j, "domain", cstr, t->domain->name);
	json_field(j, "decision", cstr, advice_name(advice_domain(t->domain, t->store, &mixed)));
	json_field(j, "mixed", flag, mixed);
	json_field(j, "text", cstr, text);
	json_key(j, "hosts");
	json_open_array(j);
	for (uint8_t i = 0; i < t->domain->n_mx; i++)
		put_host(j, t->domain, t->domain->mx[i].host, store_host(t->store, t->domain->mx[i].host));
	json_close_array(j);
	json_key(j, "snapshot");
	json_separate(j);
	json_put_raw(j, t->snapshot, t->len);
	json_close_object(j);
}

static const struct policy_host *find_host(void *store, const char *name)
{
	return store_host(store, name);
}

static int tell_json(const struct policy_domain *d, struct store *store)
{
	struct told t = {.domain = d, .store = store};
	struct snapshot *s;
	char *text = NULL;
	if (snapshot_open(&s, time(NULL)) < 0)
		return EXIT_TROUBLE;
	if (snapshot_put_domain(s, d, find_host, store) == 0)
		text = snapshot_text(s, false, &t.len);
	snapshot_close(&s);
	while (t.len > 0 && text != NULL && text[t.len - 1] == '\n')
		t.len--;
	t.snapshot = text;
	bool good = text != NULL && stdout_json(stdout, put_told, &t);
	free(text);
	return good ? EXIT_FINE : EXIT_TROUBLE;
}

static int tell(const struct options *o, struct waiting *w)
{
	const struct policy_domain *d = store_domain(w->store, w->name);
	if (d == NULL)
		return EXIT_TROUBLE;
	if (o->json)
		return tell_json(d, w->store);
	policy_lookup_print(stdout, d, w->store, time(NULL));
	return EXIT_FINE;
}

int policy_lookup_run(const struct options *o)
{
	struct config config;
	struct wire_scout wire;
	char name[POLICY_NAME];
	struct waiting w = {.name = name};
	int rc = settings_load(&config, o, NULL);
	if (rc != 0)
		return rc;
	if (!name_from_wire(name, (const uint8_t *)o->operands[0], strlen(o->operands[0]))) {
		log_error("usage", "\"%s\" is no mail domain", o->operands[0]);
		return EXIT_USAGE;
	}
	config.watchlist.n = 0;
	wire_scout(&wire, &config, o);
	if (store_open(&w.store, 1, HOSTS_MAX) < 0)
		return EXIT_TROUBLE;
	rc = ask(&wire, &w);
	if (rc == 0)
		rc = tell(o, &w);
	store_close(&w.store);
	return rc;
}

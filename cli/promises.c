// A store, and who fills it: a snapshot, or the scout.
#include "cli/promises.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/expect/ops.h"
#include "alerts/expect/scout.h"
#include "alerts/expect/snapshot.h"
#include "cli/pipeline.h"
#include "cli/wire.h"
#include "hw/clock.h"
#include "hw/log.h"

struct promises {
	struct store *store;
	struct scout *scout; // NULL: nobody is asked
	struct wire_scout wire;
};

// ---- asking --------------------------------------------------------------------------------------------------

static uint64_t now_ns(void *ctx)
{
	return clock_wall_ns();
}

static int want(void *ctx, enum expect_kind kind, const char *name, bool fresh)
{
	struct promises *p = ctx;
	return scout_ask(p->scout, name, kind == EXPECT_OF_HOST ? SCOUT_HOST : SCOUT_DOMAIN, fresh);
}

struct polled {
	struct store *store;
	bool any;
};

// Nobody could say anything of it: that is known now, and nothing waits for it.
static void done(void *ctx, const char *name, enum scout_kind kind, bool fresh, bool answered)
{
	struct polled *p = ctx;
	int64_t now_s = (int64_t)(clock_wall_ns() / 1000000000);

	p->any = true;
	if (answered)
		return;
	if (kind == SCOUT_DOMAIN) {
		struct policy_domain d = {.mx_dnssec = DNSSEC_INDETERMINATE, .as_of_s = now_s, .why = "no answer"};
		snprintf(d.name, sizeof(d.name), "%s", name);
		store_put_domain(p->store, &d);
	} else {
		struct policy_host h = {.addresses_dnssec = DNSSEC_INDETERMINATE, .as_of_s = now_s, .why = "no answer"};
		snprintf(h.name, sizeof(h.name), "%s", name);
		store_put_host(p->store, &h);
	}
}

static bool poll_scout(void *ctx, struct store *s)
{
	struct promises *p = ctx;
	struct polled polled = {.store = s};
	const struct scout_sink sink = {.values = {.domain = store_put_domain, .host = store_put_host, .ctx = s}, .done = done, .ctx = &polled};

	scout_poll(p->scout, &sink);
	return polled.any;
}

static const struct expect_ops ops = {.want = want, .poll = poll_scout, .now = now_ns};

static int ask(struct promises *p, const struct options *o, const struct config *c)
{
	wire_scout(&p->wire, c, o);
	p->wire.config.n_watchlist = 0; // only what the capture names
	int r = scout_open(&p->scout, &p->wire.config);
	if (r)
		log_error("resolve", "cannot resolve: %s; check --trust-anchor (%s) and --resolver", strerror(-r),
			p->wire.config.trust_anchor);
	return r ? EXIT_TROUBLE : 0;
}

// ---- a snapshot ----------------------------------------------------------------------------------------------

static int take_snapshot(struct promises *p, const char *path)
{
	const struct snapshot_sink sink = {.domain = store_put_domain, .host = store_put_host, .ctx = p->store};
	char error[SNAPSHOT_ERROR];
	int r = snapshot_read_file(path, &sink, error);

	if (r == 1)
		log_error("policy", "%s is no policy snapshot: %s", path, error);
	else if (r < 0)
		log_error("policy", "cannot read %s: %s; check --policy", path, strerror(-r));
	return r ? EXIT_TROUBLE : 0;
}

static int open_store(struct promises **out, bool any)
{
	struct promises *p = calloc(1, sizeof(*p));
	// An empty one is asked as well: the operator's word needs no other.
	int r = p ? store_open(&p->store, any ? STORE_DOMAINS_MAX : 16, any ? STORE_HOSTS_MAX : 16) : -1;
	*out = p;
	if (!r)
		return 0;
	free(p);
	*out = NULL;
	log_error("policy", "no memory for what policy says");
	return EXIT_TROUBLE;
}

int promises_attach(struct promises **out, int fd, const struct options *o, const struct config *c)
{
	struct promises *p;
	int r = open_store(out, o->policy || fd >= 0);

	if (r)
		return r;
	p = *out;
	if (o->policy) {
		r = take_snapshot(p, o->policy);
	} else if (fd >= 0) {
		wire_scout(&p->wire, c, o);
		r = scout_attach(&p->scout, fd, &p->wire.config);
		if (r)
			log_error("policy", "cannot ask the scout: %s", strerror(-r));
	}
	if (r)
		promises_close(out);
	return r ? EXIT_TROUBLE : 0;
}

int promises_open(struct promises **out, const struct options *o, const struct config *c)
{
	*out = NULL;
	bool any = o->policy != NULL || o->resolve;
	if (o->policy && o->resolve) {
		log_error("usage", "--policy and --resolve exclude each other: a snapshot says all there is");
		return EXIT_USAGE;
	}
	if ((o->resolver || o->trust_anchor) && !o->resolve) {
		log_error("usage", "--resolver and --trust-anchor need --resolve");
		return EXIT_USAGE;
	}
	int r = open_store(out, any);
	if (r)
		return r;
	struct promises *p = *out;
	r = o->policy ? take_snapshot(p, o->policy) : o->resolve ? ask(p, o, c) : 0;
	if (r)
		promises_close(out);
	return r;
}

void promises_close(struct promises **p)
{
	if (!*p)
		return;
	if ((*p)->scout)
		scout_close(&(*p)->scout);
	store_close(&(*p)->store);
	free(*p);
	*p = NULL;
}

void promises_join_judge(const struct promises *p, struct judge_config *judge)
{
	judge->store = p->store;
	judge->expect = p->scout ? &ops : NULL;
	judge->expect_ctx = (void *)p;
}

void promises_join(struct promises *p, struct pipeline_config *pipeline)
{
	pipeline->store = p->store;
	pipeline->expect = p->scout ? &ops : NULL;
	pipeline->expect_ctx = p;
}

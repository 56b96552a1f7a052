// A store, and who fills it.
#include "cli/promises.h"

#include <stdlib.h>
#include <string.h>

#include "alerts/expect/snapshot.h"
#include "cli/pipeline.h"
#include "hw/log.h"

struct promises {
	struct store *store;
};

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

int promises_open(struct promises **out, const struct options *o)
{
	*out = NULL;
	bool any = o->policy != NULL;
	struct promises *p = calloc(1, sizeof(*p));
	// An empty one is asked as well: the operator's word needs no other.
	int r = p ? store_open(&p->store, any ? STORE_DOMAINS_MAX : 16, any ? STORE_HOSTS_MAX : 16) : -1;
	if (r) {
		free(p);
		log_error("policy", "no memory for what policy says");
		return EXIT_TROUBLE;
	}
	r = any ? take_snapshot(p, o->policy) : 0;
	if (r)
		promises_close(&p);
	*out = p;
	return r;
}

void promises_close(struct promises **p)
{
	if (!*p)
		return;
	store_close(&(*p)->store);
	free(*p);
	*p = NULL;
}

void promises_join(const struct promises *p, struct pipeline_config *pipeline)
{
	if (p)
		pipeline->store = p->store;
}

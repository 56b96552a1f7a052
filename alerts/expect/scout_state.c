// What outlives the worker: MTA-STS policies that stay in force, and TLSA sets that were there before. The policy cache.
#include <errno.h>
#include <string.h>

#include "alerts/expect/cache.h"
#include "alerts/expect/scout_work.h"
#include "hw/log.h"

enum {
	DOMAINS_MAX = 16384, // their snapshot is below FILE_OCTETS_MAX of scout_keep.c
	HOSTS_MAX = 16384,
};

int state_open(struct work *w)
{
	char error[SNAPSHOT_ERROR];
	const char *dir = w->config->state_dir;
	bool there;
	int rc = store_open(&w->store, DOMAINS_MAX, HOSTS_MAX);
	if (rc < 0 || dir == NULL)
		return rc;
	rc = cache_read(dir, w->store, &there, error);
	if (rc > 0)
		log_warn("scout", "the policy cache in %s is damaged and begun anew: %s", dir, error);
	else if (rc < 0 && rc != -ENOENT)
		log_warn("scout", "the policy cache in %s cannot be read: %s", dir, strerror(-rc));
	return rc == -ENOMEM ? rc : 0;
}

// Others may have written meanwhile: what is newer there stays.
static int save(struct work *w, const char *dir)
{
	char path[4096], error[SNAPSHOT_ERROR];
	struct cache *c;
	struct cache_newer newer = {.store = w->store};
	uint32_t left_out;
	int rc = cache_open(&c, dir);
	if (rc < 0)
		return rc;
	const struct snapshot_sink sink = cache_newer_sink(&newer);
	if (snprintf(path, sizeof path, "%s/policy.json", dir) < (int)sizeof path)
		(void)snapshot_read_file(path, &sink, error); // what is damaged is written anew
	rc = cache_write(c, w->store, &left_out);
	cache_close(&c);
	return rc;
}

void state_save(struct work *w)
{
	const char *dir = w->config->state_dir;
	if (dir == NULL || !w->store_changed)
		return;
	int rc = save(w, dir);
	if (rc < 0)
		log_warn("scout", "the policy cache in %s cannot be written: %s", dir, strerror(-rc));
	w->store_changed = rc < 0;
}

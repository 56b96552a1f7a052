// What outlives the worker: MTA-STS policies that stay in force, and TLSA sets that were there before. A snapshot on disk.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alerts/expect/scout_work.h"
#include "hw/log.h"

enum {
	DOMAINS_MAX = 16384, // their snapshot is below FILE_OCTETS_MAX of scout_keep.c
	HOSTS_MAX = 16384,
};

int state_open(struct work *w)
{
	char error[SNAPSHOT_ERROR];
	int rc = store_open(&w->store, DOMAINS_MAX, HOSTS_MAX);
	if (rc < 0 || w->config->cache_file == NULL)
		return rc;
	const struct snapshot_sink sink = {.domain = store_put_domain, .host = store_put_host, .ctx = w->store};
	rc = snapshot_read_file(w->config->cache_file, &sink, error);
	if (rc > 0)
		log_warn("scout", "the policy cache is begun anew: %s", error);
	else if (rc < 0 && rc != -ENOENT)
		log_warn("scout", "the policy cache %s cannot be read: %s", w->config->cache_file, strerror(-rc));
	return rc == -ENOMEM ? rc : 0;
}

static const struct policy_host *find_host(void *store, const char *name)
{
	return store_host(store, name);
}

static char *text_of(struct store *store, size_t *len)
{
	struct snapshot *s;
	uint32_t at = 0;
	if (snapshot_open(&s, time(NULL)) < 0)
		return NULL;
	for (const struct policy_domain *d; (d = store_next_domain(store, &at)) != NULL;)
		if (snapshot_put_domain(s, d, find_host, store) != 0)
			break;
	at = 0;
	for (const struct policy_host *h; (h = store_next_host(store, &at)) != NULL;)
		if (snapshot_put_host(s, h) != 0)
			break;
	char *text = snapshot_text(s, false, len);
	snapshot_close(&s);
	return text;
}

// Beside it first, then in its place: a reader sees the old file or the new one.
static int replace(const char *path, const char *text, size_t len)
{
	char beside[4096];
	if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside)
		return -ENAMETOOLONG;
	int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return -errno;
	int rc = 0;
	for (size_t at = 0; at < len && rc == 0;) {
		ssize_t n = write(fd, text + at, len - at);
		if (n > 0)
			at += (size_t)n;
		else if (n < 0 && errno != EINTR)
			rc = -errno;
	}
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	close(fd);
	return rc < 0 ? rc : rename(beside, path) < 0 ? -errno : 0;
}

void state_save(struct work *w)
{
	size_t len;
	if (w->config->cache_file == NULL || !w->store_changed)
		return;
	char *text = text_of(w->store, &len);
	int rc = text != NULL ? replace(w->config->cache_file, text, len) : -ENOMEM;
	if (rc < 0)
		log_warn("scout", "the policy cache %s cannot be written: %s", w->config->cache_file, strerror(-rc));
	w->store_changed = rc < 0;
	free(text);
}

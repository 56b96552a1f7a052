// One file that is replaced as a whole, and a lock beside it.
#include "alerts/expect/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAME "policy.json"
#define NAME_NEW "policy.json.new" // one is enough: only who has the lock makes it
#define NAME_LOCK "policy.lock"

enum { MODE = 0640, MODE_DIR = 0750, LOCK_TRIES_PER_S = 20 };

struct cache {
	int dir, lock;
};

static int take_lock(int fd)
{
	const struct timespec pause = {.tv_nsec = 1000000000 / LOCK_TRIES_PER_S};

	for (int i = 0; i < CACHE_LOCK_S * LOCK_TRIES_PER_S; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return -EWOULDBLOCK;
}

int cache_open(struct cache **out, const char *dir)
{
	struct cache *c = malloc(sizeof(*c));
	int r = 0;

	*out = NULL;
	if (!c)
		return -ENOMEM;
	*c = (struct cache){.dir = -1, .lock = -1};
	if (mkdir(dir, MODE_DIR) < 0 && errno != EEXIST)
		r = -errno;
	if (!r) {
		c->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = c->dir < 0 ? -errno : 0;
	}
	if (!r) {
		c->lock = openat(c->dir, NAME_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, MODE);
		r = c->lock < 0 ? -errno : take_lock(c->lock);
	}
	if (r)
		cache_close(&c);
	*out = c;
	return r;
}

void cache_close(struct cache **c)
{
	if (!*c)
		return;
	if ((*c)->lock >= 0)
		close((*c)->lock); // and with it the lock
	if ((*c)->dir >= 0)
		close((*c)->dir);
	free(*c);
	*c = NULL;
}

int cache_read(const char *dir, struct store *s, bool *there, char *error)
{
	const struct snapshot_sink sink = {store_put_domain, store_put_host, s};
	char path[PATH_MAX];

	error[0] = '\0';
	*there = false;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, NAME) >= sizeof(path))
		return -ENAMETOOLONG;
	int r = snapshot_read_file(path, &sink, error);
	*there = r != -ENOENT;
	return r == -ENOENT ? 0 : r;
}

static int write_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return fchmod(fd, MODE) < 0 || fsync(fd) < 0 ? -errno : 0;
}

// A crash leaves the old file or the new one; what it left half written goes at the next writing.
static int replace(int dir, const char *text, size_t len)
{
	if (unlinkat(dir, NAME_NEW, 0) < 0 && errno != ENOENT)
		return -errno;
	int fd = openat(dir, NAME_NEW, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
	if (fd < 0)
		return -errno;
	int r = write_all(fd, text, len);
	if (close(fd) < 0 && !r)
		r = -errno;
	if (!r && renameat(dir, NAME_NEW, dir, NAME) < 0)
		r = -errno;
	if (r)
		unlinkat(dir, NAME_NEW, 0);
	else if (fsync(dir) < 0)
		r = -errno;
	return r;
}

int cache_write(struct cache *c, struct store *s, uint32_t *left_out)
{
	size_t len;
	char *text = cache_text(s, false, &len, left_out);
	int r = text ? replace(c->dir, text, len) : -ENOMEM;

	free(text);
	return r;
}

static const struct policy_host *find_host(void *ctx, const char *name)
{
	return store_host(ctx, name);
}

static int64_t newest(struct store *s)
{
	const struct policy_domain *d;
	const struct policy_host *h;
	int64_t as_of_s = 0;

	for (uint32_t at = 0; (d = store_next_domain(s, &at));)
		as_of_s = d->as_of_s > as_of_s ? d->as_of_s : as_of_s;
	for (uint32_t at = 0; (h = store_next_host(s, &at));)
		as_of_s = h->as_of_s > as_of_s ? h->as_of_s : as_of_s;
	return as_of_s;
}

// All but so many that were put first. 0, SNAPSHOT_FULL or -errno.
static int put_all(struct snapshot *out, struct store *s, uint32_t domains_without, uint32_t hosts_without)
{
	const struct policy_domain *d;
	const struct policy_host *h;
	uint32_t n = 0;
	int r = 0;

	for (uint32_t at = 0; !r && (d = store_next_domain(s, &at));)
		if (n++ >= domains_without)
			r = snapshot_put_domain(out, d, find_host, s);
	n = 0;
	for (uint32_t at = 0; !r && (h = store_next_host(s, &at));)
		if (n++ >= hosts_without)
			r = snapshot_put_host(out, h);
	return r;
}

char *cache_text(struct store *s, bool indent, size_t *len, uint32_t *left_out)
{
	const struct store_counts counts = store_counts(s);
	const int64_t as_of_s = newest(s);
	char *text = NULL;
	int r = SNAPSHOT_FULL;

	// An eighth less at each try; nothing at all always fits.
	for (uint64_t eighth = 0; r == SNAPSHOT_FULL && eighth <= 8; eighth++) {
		uint32_t domains = (uint32_t)(counts.domains * eighth / 8), hosts = (uint32_t)(counts.hosts * eighth / 8);
		struct snapshot *out;
		*left_out = domains + hosts;
		r = snapshot_open(&out, as_of_s);
		if (r)
			break;
		r = put_all(out, s, domains, hosts);
		if (r == 0)
			text = snapshot_text(out, indent, len);
		snapshot_close(&out);
	}
	return text;
}

static int newer_domain(void *ctx, const struct policy_domain *d)
{
	struct cache_newer *n = ctx;
	const struct policy_domain *have = store_domain(n->store, d->name);

	if (have && have->as_of_s >= d->as_of_s) {
		n->older++;
		return 0;
	}
	n->domains++;
	return store_put_domain(n->store, d);
}

static int newer_host(void *ctx, const struct policy_host *h)
{
	struct cache_newer *n = ctx;
	const struct policy_host *have = store_host(n->store, h->name);

	if (have && have->as_of_s >= h->as_of_s) {
		n->older++;
		return 0;
	}
	n->hosts++;
	return store_put_host(n->store, h);
}

struct snapshot_sink cache_newer_sink(struct cache_newer *n)
{
	return (struct snapshot_sink){newer_domain, newer_host, n};
}

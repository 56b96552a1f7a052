// From operands to logs. The order in which files were written is in their names, not in the order in which they were named.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alerts/outbox/segment.h"
#include "cli/verify.h"
#include "hw/log.h"

static size_t without(const char *path, size_t len, const char *end)
{
	size_t n = strlen(end);
	return len > n && memcmp(path + len - n, end, n) == 0 ? len - n : len;
}

static size_t digits_before(const char *path, size_t len)
{
	size_t n = 0;
	while (n < len && path[len - 1 - n] >= '0' && path[len - 1 - n] <= '9')
		n++;
	return n;
}

// logrotate's two ways: a number, greater for older ones; or a date (dateext), perhaps with the seconds since 1970.
bool verify_rotated(const char *path, size_t *base_len, uint64_t *age)
{
	size_t len = without(path, strlen(path), ".gz"), n = digits_before(path, len), base = len - n - 1;
	*base_len = len;
	*age = 0;
	if (n == 0 || n > 18 || n + 1 >= len)
		return false;
	bool dated = path[base] == '-' && n >= 8;
	if (!dated && (path[base] != '.' || n > 9))
		return false;
	uint64_t value = strtoull(path + base + 1, NULL, 10);
	if (dated && n >= 10 && digits_before(path, base) == 8 && base > 9 && path[base - 9] == '-')
		base -= 9; // eve.json-20261123-1795000000
	if (base == 0 || path[base - 1] == '/')
		return false;
	*base_len = base;
	*age = dated ? UINT64_MAX / 2 - value : value;
	return true;
}

// ---- sets of files -----------------------------------------------------------------------------------------------

struct named {
	const char *path;
	size_t base_len;
	uint64_t age;
};

static int compare(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	size_t len = x->base_len < y->base_len ? x->base_len : y->base_len;
	int by_base = memcmp(x->path, y->path, len);
	if (by_base != 0 || x->base_len != y->base_len)
		return by_base != 0 ? by_base : (x->base_len > y->base_len) - (x->base_len < y->base_len);
	return (x->age < y->age) - (x->age > y->age); // the oldest first
}

static bool same_set(const struct named *a, const struct named *b)
{
	return a->base_len == b->base_len && memcmp(a->path, b->path, a->base_len) == 0;
}

static struct verify_log *new_log(struct verify_logs *l)
{
	struct verify_log *more = realloc(l->log, (l->n + 1) * sizeof *more);
	if (more == NULL)
		return NULL;
	l->log = more;
	memset(&more[l->n], 0, sizeof *more);
	return &more[l->n++];
}

static int no_memory(void)
{
	log_error("verify", "out of memory");
	return EXIT_TROUBLE;
}

static int add_log(struct verify_logs *l, const struct named *f, size_t n, bool outbox)
{
	struct verify_log *log = new_log(l);
	if (log == NULL || (log->file = calloc(n, sizeof *log->file)) == NULL)
		return no_memory();
	for (size_t i = 0; i < n; i++)
		log->file[i] = f[i].path;
	log->n_files = n;
	log->outbox = outbox;
	snprintf(log->name, sizeof log->name, "%s", f[n - 1].path);
	return 0;
}

static int add_sets(struct verify_logs *l, struct named *f, size_t n)
{
	qsort(f, n, sizeof *f, compare);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && same_set(&f[i], &f[end]); end++) {
			if (f[end].age != f[end - 1].age)
				continue;
			log_error("usage", "%s and %s have the same place in their log; name one of them", f[end - 1].path, f[end].path);
			return EXIT_USAGE;
		}
		int code = add_log(l, f + i, end - i, false);
		if (code != 0)
			return code;
	}
	return 0;
}

// ---- directories -------------------------------------------------------------------------------------------------

static bool is_dir(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static const char *own(struct verify_logs *l, const char *dir, const char *name)
{
	char **more = realloc(l->owned, (l->n_owned + 1) * sizeof *more);
	if (more == NULL)
		return NULL;
	l->owned = more;
	size_t len = strlen(dir);
	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (asprintf(&more[l->n_owned], "%.*s/%s", (int)len, dir, name) < 0)
		return NULL;
	return more[l->n_owned++];
}

// Or something that cannot be looked at: whoever opens it says why.
static bool has_segments(const char *path)
{
	DIR *d = opendir(path);
	uint64_t first;
	bool any = d == NULL && errno != ENOENT && errno != ENOTDIR;
	for (struct dirent *e; !any && d != NULL && (e = readdir(d)) != NULL;)
		any = segment_is(e->d_name, &first);
	if (d != NULL)
		closedir(d);
	return any;
}

static bool add_box(struct verify_logs *l, const char *state)
{
	struct verify_box *more = realloc(l->box, (l->n_box + 1) * sizeof *more);
	if (more == NULL)
		return false;
	l->box = more;
	more[l->n_box] = (struct verify_box){.n = 0};
	snprintf(more[l->n_box].delivery, VERIFY_PATH, "%s/delivery", state);
	return verify_box_read(&more[l->n_box++]);
}

static int add_lane(struct verify_logs *l, const char *dir, enum outbox_lane lane, bool absent)
{
	int code = add_log(l, &(struct named){.path = dir}, 1, true);
	if (code != 0)
		return code;
	struct verify_log *log = &l->log[l->n - 1];
	log->box = l->n_box;
	log->absent = absent;
	log->lane = lane;
	return 0;
}

// Those that are absent behind those that say of which outbox they are.
static int add_lanes(struct verify_logs *l, const char *state, const char *outbox)
{
	const char *dir[OUTBOX_LANES];
	bool there[OUTBOX_LANES];
	size_t n = 0;
	for (enum outbox_lane lane = 0; lane < OUTBOX_LANES; lane++) {
		if ((dir[lane] = own(l, outbox, outbox_lane_name[lane])) == NULL)
			return no_memory();
		n += there[lane] = has_segments(dir[lane]);
	}
	if (n > 0 && !add_box(l, state))
		return no_memory();
	for (int absent = 0; n > 0 && absent < 2; absent++) {
		for (enum outbox_lane lane = 0; lane < OUTBOX_LANES; lane++) {
			int code = there[lane] == !absent ? add_lane(l, dir[lane], lane, absent) : 0;
			if (code != 0)
				return code;
		}
	}
	return 0;
}

// A lane, an outbox, or a state directory.
static int add_dir(struct verify_logs *l, const char *path)
{
	const char *inner = own(l, path, "outbox");
	size_t before = l->n;
	const char *above = own(l, path, "..");
	if (inner == NULL || above == NULL)
		return no_memory();
	if (has_segments(path))
		return add_log(l, &(struct named){.path = path}, 1, true);
	int code = is_dir(inner) ? add_lanes(l, path, inner) : add_lanes(l, above, path);
	if (code != 0 || l->n > before)
		return code;
	log_error("usage", "%s has no outbox; name a state directory, its outbox, or files of records", path);
	return EXIT_USAGE;
}

static bool is_segment(const char *path)
{
	const char *slash = strrchr(path, '/');
	uint64_t first;
	return segment_is(slash != NULL ? slash + 1 : path, &first);
}

int verify_logs_find(struct verify_logs *l, char *const *operands, size_t n)
{
	struct named *files = calloc(n, sizeof *files);
	size_t n_files = 0;
	int code = files != NULL ? 0 : no_memory();
	for (size_t i = 0; code == 0 && i < n; i++) {
		struct named f = {.path = operands[i]};
		if (strlen(operands[i]) >= VERIFY_PATH - 64) {
			log_error("usage", "a name is too long: %.60s...", operands[i]);
			code = EXIT_USAGE;
		} else if (is_dir(operands[i])) {
			code = add_dir(l, operands[i]);
		} else if (is_segment(operands[i])) {
			code = add_log(l, &f, 1, true);
		} else {
			verify_rotated(f.path, &f.base_len, &f.age);
			files[n_files++] = f;
		}
	}
	if (code == 0 && n_files > 0)
		code = add_sets(l, files, n_files);
	free(files);
	return code;
}

void verify_logs_free(struct verify_logs *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->log[i].file);
	for (size_t i = 0; i < l->n_owned; i++)
		free(l->owned[i]);
	for (size_t i = 0; i < l->n_box; i++)
		free(l->box[i].known);
	free(l->box);
	free(l->log);
	free(l->owned);
	*l = (struct verify_logs){.log = NULL};
}

// Which files there are to read: named ones are checked now, so that a typing error is told before the work begins.
#include "capture/source/list.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void list_init(struct list *l)
{
	*l = (struct list){.sized = true};
}

void list_fini(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->files[i].name);
	free(l->files);
	list_init(l);
}

static int append(struct list *l, const char *name, const struct stat *st, bool named)
{
	if (l->n > UINT16_MAX) // packet.file names a file with 16 bits
		return -E2BIG;
	if (l->n == l->n_room) {
		size_t n_room = l->n_room ? 2 * l->n_room : 16;
		struct list_file *files = reallocarray(l->files, n_room, sizeof(*files));
		if (!files)
			return -ENOMEM;
		l->files = files;
		l->n_room = n_room;
	}
	char *copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	bool plain = st && S_ISREG(st->st_mode);
	l->files[l->n++] = (struct list_file){copy, plain ? (uint64_t)st->st_size : 0, named};
	l->sized = l->sized && plain;
	return 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int add_found(struct list *l, const FTSENT *e)
{
	switch (e->fts_info) {
	case FTS_F:
		return append(l, e->fts_path, e->fts_statp, false);
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return -e->fts_errno;
	default: // directories themselves, cycles of links, dangling links, devices, sockets
		return 0;
	}
}

static int add_directory(struct list *l, const char *path)
{
	char *copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	char *roots[] = {copy, NULL};
	int result = 0;
	errno = 0;
	FTS *walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
	if (!walk) {
		result = -errno;
		goto out;
	}
	const FTSENT *e;
	while (result == 0 && (e = fts_read(walk)))
		result = add_found(l, e);
	fts_close(walk);
out:
	free(copy);
	return result;
}

static bool listed(const struct list *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->files[i].name, name) == 0)
			return true;
	return false;
}

int list_add(struct list *l, const char *path)
{
	// Standard input can be read once.
	if (strcmp(path, "-") == 0)
		return listed(l, path) ? -EINVAL : append(l, path, NULL, true);
	struct stat st;
	if (stat(path, &st) < 0 || faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? add_directory(l, path) : append(l, path, &st, true);
}

// The set of files. A directory is listed again when it changed; otherwise a round is one stat() for each file.
#include "alerts/keylog/files.h"

#include "hw/log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	SETTLED_S = 2, // a directory that changed just now may change again without another time stamp
};

struct keylog_files {
	struct keylog_reader reader;
	char *path;
	bool directory;
	ino_t ino;               // of the directory, and its st_ctim, when it was listed
	struct timespec changed; // 0: list it again
	bool told_many;
	size_t n;
	struct keylog_file *file[KEYLOG_FILES_MAX];
	char octets[KEYLOG_READ_LEN];
};

static bool earlier(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

// In the order they were last written, so that the oldest secrets come first and leave first.
static int by_modified(const void *a, const void *b)
{
	const struct keylog_file *x = *(struct keylog_file *const *)a, *y = *(struct keylog_file *const *)b;
	if (earlier(&x->modified, &y->modified) || earlier(&y->modified, &x->modified))
		return earlier(&x->modified, &y->modified) ? -1 : 1;
	return strcmp(x->path, y->path);
}

static struct keylog_file *find(const struct keylog_files *k, const struct stat *st)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->file[i]->dev == st->st_dev && k->file[i]->ino == st->st_ino)
			return k->file[i];
	return NULL;
}

// Makes room for a file that was written at `modified`: the one that was written longest ago goes. False: that is this one.
static bool make_room(struct keylog_files *k, const struct timespec *modified)
{
	size_t oldest = 0;

	if (k->n < KEYLOG_FILES_MAX)
		return true;
	if (!k->told_many)
		log_warn("keylog", "%s: more than %d files; only the latest are read, remove old ones", k->path, KEYLOG_FILES_MAX);
	k->told_many = true;
	for (size_t i = 1; i < k->n; i++)
		if (earlier(&k->file[i]->modified, &k->file[oldest]->modified))
			oldest = i;
	if (!earlier(&k->file[oldest]->modified, modified))
		return false;
	keylog_file_close(&k->file[oldest]);
	k->file[oldest] = k->file[--k->n];
	return true;
}

static struct keylog_file *add(struct keylog_files *k, char *path, const struct stat *st)
{
	struct keylog_file *f = keylog_file_open(path);
	if (!f)
		return NULL;
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	return k->file[k->n++] = f;
}

static int list_one(struct keylog_files *k, int dir, const char *name)
{
	struct stat st;
	char *path;

	if (name[0] == '.' || fstatat(dir, name, &st, 0) < 0 || !S_ISREG(st.st_mode))
		return 0;
	struct keylog_file *f = find(k, &st);
	if (!f && !make_room(k, &st.st_mtim))
		return 0;
	if (asprintf(&path, "%s/%s", k->path, name) < 0)
		return -ENOMEM;
	if (f) {
		free(f->path);
		f->path = path;
	} else {
		f = add(k, path, &st);
	}
	if (!f)
		return -ENOMEM;
	f->modified = st.st_mtim;
	f->listed = true;
	return 0;
}

static int list_all(struct keylog_files *k)
{
	DIR *dir = opendir(k->path);
	int r = dir ? 0 : -errno;

	for (size_t i = 0; i < k->n; i++)
		k->file[i]->listed = false;
	for (struct dirent *e = NULL; !r && (e = readdir(dir));)
		r = list_one(k, dirfd(dir), e->d_name);
	if (dir)
		closedir(dir);
	if (r)
		return r;
	for (size_t i = k->n; i-- > 0;) {
		if (k->file[i]->listed)
			continue;
		keylog_file_close(&k->file[i]);
		k->file[i] = k->file[--k->n];
	}
	qsort(k->file, k->n, sizeof(k->file[0]), by_modified);
	return 0;
}

static int list_changed(struct keylog_files *k)
{
	struct stat st;
	struct timespec now;

	if (stat(k->path, &st) < 0)
		return -errno;
	if (k->ino == st.st_ino && k->changed.tv_sec == st.st_ctim.tv_sec && k->changed.tv_nsec == st.st_ctim.tv_nsec)
		return 0;
	int r = list_all(k);
	clock_gettime(CLOCK_REALTIME, &now);
	k->ino = st.st_ino;
	k->changed = now.tv_sec - st.st_ctim.tv_sec < SETTLED_S ? (struct timespec){0} : st.st_ctim;
	return r;
}

int keylog_files_open(struct keylog_files **out, const char *path, const struct keylog_reader *reader)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return -EINVAL;
	struct keylog_files *k = calloc(1, sizeof(*k));
	if (!k)
		return -ENOMEM;
	k->reader = *reader;
	k->directory = S_ISDIR(st.st_mode);
	k->path = strdup(path);
	if (k->path && !k->directory) {
		k->file[0] = keylog_file_open(strdup(path));
		k->n = k->file[0] ? 1 : 0;
	}
	if (!k->path || (!k->directory && k->n == 0)) {
		keylog_files_close(&k);
		return -ENOMEM;
	}
	*out = k;
	return 0;
}

void keylog_files_close(struct keylog_files **k)
{
	if (!*k)
		return;
	for (size_t i = 0; i < (*k)->n; i++)
		keylog_file_close(&(*k)->file[i]);
	free((*k)->path);
	free(*k);
	*k = NULL;
}

int keylog_files_read(struct keylog_files *k)
{
	int r = k->directory ? list_changed(k) : 0;

	for (size_t i = 0; i < k->n; i++) {
		struct keylog_file *f = k->file[i];
		int e = keylog_file_read(f, &k->reader, k->octets);
		if (!k->directory)
			r = e;
		if (e && !f->told)
			log_warn("keylog", "%s: %s; its secrets are missing, make it readable", f->path, strerrordesc_np(-e));
		f->told = e != 0;
	}
	return r;
}

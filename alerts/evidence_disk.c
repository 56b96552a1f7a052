// Files of evidence: see alerts/evidence_disk.h. Everything goes by a descriptor of the directory, so that a process that may
// open nothing else can do it.
#include "alerts/evidence_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "alerts/session.h"

enum {
	PAGE = 4096,       // what a file of less takes, too
	MAKE_ROOM = 32,    // a 32nd of all goes at once, so that a directory is read once in a while
	DIR_MODE = 0750,
	FILE_MODE = 0640,
};

static const char suffix[] = ".pcapng", unfinished[] = ".unfinished";

// ---- names ---------------------------------------------------------------------------------------------------

bool evidence_disk_is_day(const char *name)
{
	return strlen(name) == EVIDENCE_DAY_LEN && strspn(name, "0123456789") == EVIDENCE_DAY_LEN;
}

static bool is_id(const char *id, size_t len)
{
	return len == RECORD_ID_LEN && strspn(id, "0123456789ABCDEFGHJKMNPQRSTVWXYZ") >= RECORD_ID_LEN;
}

bool evidence_disk_is_file(const char *name)
{
	size_t len = strlen(name), tail = sizeof(suffix) - 1;
	return len > tail && strcmp(name + len - tail, suffix) == 0 && is_id(name, len - tail);
}

static bool day_of(uint64_t time_ns, char day[static EVIDENCE_DAY_LEN + 1])
{
	struct tm tm;
	time_t t = (time_t)(time_ns / 1000000000);
	return gmtime_r(&t, &tm) && strftime(day, EVIDENCE_DAY_LEN + 1, "%Y%m%d", &tm) == EVIDENCE_DAY_LEN;
}

static uint64_t space(off_t size)
{
	return ((uint64_t)size + PAGE - 1) / PAGE * PAGE;
}

// ---- what is there -------------------------------------------------------------------------------------------

struct names {
	char (*name)[EVIDENCE_NAME_MAX];
	size_t n, room;
};

static bool take_name(struct names *l, const char *name)
{
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		void *p = realloc(l->name, room * sizeof(*l->name));
		if (!p)
			return false;
		l->name = p;
		l->room = room;
	}
	memccpy(l->name[l->n++], name, '\0', sizeof(*l->name)); // shorter: it is one of ours
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

// Entries of a directory that `wanted` says yes to, sorted. The descriptor stays open. False: it could not be read.
static bool list(int dir, bool (*wanted)(const char *name), struct names *out)
{
	*out = (struct names){0};
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	if (!d) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	bool good = true;
	for (struct dirent *e; good && (e = readdir(d));)
		good = !wanted(e->d_name) || take_name(out, e->d_name);
	closedir(d);
	if (out->n)
		qsort(out->name, out->n, sizeof(*out->name), by_name);
	return good;
}

static int open_day(const struct evidence_disk *d, const char *day)
{
	return openat(d->dir, day, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool is_unfinished(const char *name)
{
	size_t len = strlen(name), tail = sizeof(unfinished) - 1;
	return len > tail && strcmp(name + len - tail, unfinished) == 0 && is_id(name, len - tail);
}

// Calls `each` for the files of every day, the oldest first, until it says false.
static void walk(struct evidence_disk *d, bool (*wanted)(const char *), bool (*each)(struct evidence_disk *, int, const char *))
{
	struct names days, files;
	bool on = true;
	if (!list(d->dir, evidence_disk_is_day, &days))
		d->errors++;
	for (size_t i = 0; i < days.n && on; i++) {
		int day = open_day(d, days.name[i]);
		if (day < 0 || !list(day, wanted, &files)) {
			d->errors++;
		} else {
			for (size_t k = 0; k < files.n && on; k++)
				on = each(d, day, files.name[k]);
			free(files.name);
		}
		if (day >= 0)
			close(day);
		if (on)
			unlinkat(d->dir, days.name[i], AT_REMOVEDIR); // when it is empty
	}
	free(days.name);
}

static bool count_file(struct evidence_disk *d, int day, const char *name)
{
	struct stat st;
	if (fstatat(day, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		d->octets += space(st.st_size);
	return true;
}

static bool remove_unfinished(struct evidence_disk *d, int day, const char *name)
{
	(void)d;
	unlinkat(day, name, 0);
	return true;
}

static bool remove_oldest(struct evidence_disk *d, int day, const char *name)
{
	struct stat st;
	if (d->octets <= d->octets_max - d->octets_max / MAKE_ROOM)
		return false;
	if (fstatat(day, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || unlinkat(day, name, 0) < 0) {
		d->errors++;
		return true;
	}
	d->octets -= space(st.st_size) < d->octets ? space(st.st_size) : d->octets;
	d->removed++;
	return true;
}

static void make_room(struct evidence_disk *d)
{
	if (d->octets > d->octets_max)
		walk(d, evidence_disk_is_file, remove_oldest);
}

// ---- opening -------------------------------------------------------------------------------------------------

// With what is above it.
static int make_path(const char *path)
{
	char *part = strdup(path);
	int err = part ? 0 : -ENOMEM;
	for (char *slash = part; !err && (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		err = mkdir(part, DIR_MODE) < 0 && errno != EEXIST ? -errno : 0;
		*slash = '/';
	}
	if (!err && mkdir(path, DIR_MODE) < 0 && errno != EEXIST)
		err = -errno;
	free(part);
	return err;
}

int evidence_disk_open(struct evidence_disk *d, const char *path, uint64_t octets_max)
{
	*d = (struct evidence_disk){.dir = -1, .octets_max = octets_max};
	int err = make_path(path);
	if (err)
		return err;
	d->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->dir < 0)
		return -errno;
	walk(d, is_unfinished, remove_unfinished);
	walk(d, evidence_disk_is_file, count_file);
	make_room(d);
	return 0;
}

void evidence_disk_close(struct evidence_disk *d)
{
	if (d->dir >= 0)
		close(d->dir);
	d->dir = -1;
}

// ---- writing -------------------------------------------------------------------------------------------------

static bool write_all(int fd, const uint8_t *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno != EINTR)
			return false;
		p += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

// Readers see a file that is whole, or none.
static bool write_file(int day, const char *id, const void *octets, size_t len)
{
	char temporary[EVIDENCE_NAME_MAX], name[EVIDENCE_NAME_MAX];
	snprintf(temporary, sizeof(temporary), "%s%s", id, unfinished);
	snprintf(name, sizeof(name), "%s%s", id, suffix);
	int fd = openat(day, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	if (fd < 0)
		return false;
	bool good = write_all(fd, octets, len);
	good = close(fd) == 0 && good;
	good = good && renameat(day, temporary, day, name) == 0;
	if (!good)
		unlinkat(day, temporary, 0);
	return good;
}

static bool write_on_day(struct evidence_disk *d, const char *day, const char *id, const void *octets, size_t len)
{
	char name[EVIDENCE_NAME_MAX];
	struct stat before;
	if (mkdirat(d->dir, day, DIR_MODE) < 0 && errno != EEXIST)
		return false;
	int fd = open_day(d, day);
	if (fd < 0)
		return false;
	snprintf(name, sizeof(name), "%s%s", id, suffix);
	uint64_t was = fstatat(fd, name, &before, AT_SYMLINK_NOFOLLOW) == 0 ? space(before.st_size) : 0;
	bool good = write_file(fd, id, octets, len);
	close(fd);
	if (good)
		d->octets = d->octets - (was < d->octets ? was : d->octets) + space((off_t)len);
	return good;
}

bool evidence_disk_write(struct evidence_disk *d, const char *id, uint64_t time_ns, const void *octets, size_t len,
                         char name[static EVIDENCE_NAME_MAX])
{
	char day[EVIDENCE_DAY_LEN + 1];
	if (!is_id(id, strlen(id)) || !day_of(time_ns, day) || !write_on_day(d, day, id, octets, len)) {
		d->errors++;
		return false;
	}
	snprintf(name, EVIDENCE_NAME_MAX, "%s/%s%s", day, id, suffix);
	d->files++;
	make_room(d);
	return true;
}

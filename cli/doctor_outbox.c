// The outbox: that it has a place, that the place is a disk, and how fast that disk says that it has something. And the place where
// metrics are served.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cli/doctor.h"
#include "cli/figures.h"
#include "configs/listen.h"
#include "hw/clock.h"

enum { TRIES = 9, SYNC_SLOW_MS = 50, BLOCK = 4096 }; // an alert waits for one fdatasync(), at worst for two

// Names of filesystems that are no local disk: they lose what was promised, or answer when somebody else likes.
static const struct {
	uint32_t magic;
	const char *name, *what;
} elsewhere[] = {
	{TMPFS_MAGIC, "tmpfs", "memory: what is not delivered is gone at the next start"},
	{RAMFS_MAGIC, "ramfs", "memory: what is not delivered is gone at the next start"},
	{NFS_SUPER_MAGIC, "nfs", "another machine: records wait for the network"},
	{SMB_SUPER_MAGIC, "smb", "another machine: records wait for the network"},
	{CIFS_SUPER_MAGIC, "cifs", "another machine: records wait for the network"},
	{SMB2_SUPER_MAGIC, "smb", "another machine: records wait for the network"},
	{CEPH_SUPER_MAGIC, "ceph", "other machines: records wait for the network"},
	{FUSE_SUPER_MAGIC, "fuse", "a program: what it has when it says so is its secret"},
	{V9FS_MAGIC, "9p", "another machine: records wait for it"},
};

static void check_kind(struct doctor *d, const char *dir)
{
	struct statfs s;
	if (statfs(dir, &s) < 0)
		return;
	for (size_t i = 0; i < sizeof elsewhere / sizeof elsewhere[0]; i++) {
		if ((uint32_t)s.f_type != elsewhere[i].magic)
			continue;
		doctor_say(d, DOCTOR_WARN, "%.120s is on %s, which is %s", dir, elsewhere[i].name, elsewhere[i].what);
		doctor_repair(d, "findmnt -T %.160s; sensor: {state_dir: a directory of a local disk}", dir);
	}
}

// Limits that the disk has room for; there are none below the least of both lanes.
static void repair_room(struct doctor *d, const char *dir, uint64_t mib)
{
	const uint64_t least = OUTBOX_LANES * CONFIG_OUTBOX_LEAST_MIB;
	if (mib < least)
		doctor_repair(d, "df -h %.160s; make room there: an outbox needs at least %llu MiB of disk", dir, (unsigned long long)least);
	else
		doctor_repair(d, "df -h %.160s; make room there, or outbox: {alerts_mib: N, sessions_mib: N} that sum up to %llu, each at least %d",
			dir, (unsigned long long)mib, CONFIG_OUTBOX_LEAST_MIB);
}

static void check_room(struct doctor *d, const char *dir, uint64_t there)
{
	struct statvfs v;
	char left[FIGURE_LEN], most[FIGURE_LEN];
	uint64_t limit = (uint64_t)d->config->outbox_alerts_mib + d->config->outbox_sessions_mib;
	if (statvfs(dir, &v) < 0)
		return;
	uint64_t octets = (uint64_t)v.f_bavail * v.f_frsize, wanted = limit << 20;
	wanted = wanted > there ? wanted - there : 0;
	figure_octets(left, octets);
	figure_octets(most, limit << 20);
	if (octets >= wanted) {
		doctor_say(d, DOCTOR_PASS, "%.120s: %s left for an outbox of at most %s", dir, left, most);
		return;
	}
	doctor_say(d, DOCTOR_WARN, "%.120s has %s left, and the outbox may take %s", dir, left, most);
	repair_room(d, dir, (octets + there) >> 20);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

// Times of appending a block and having it on disk, in a file that has no name. False with errno.
static bool measure(const char *dir, uint64_t ns[static TRIES])
{
	static const char block[BLOCK];
	int fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	bool good = fd >= 0;
	for (int i = 0; good && i < TRIES; i++) {
		uint64_t start = clock_mono_ns();
		good = write(fd, block, sizeof block) == (ssize_t)sizeof block && fdatasync(fd) == 0;
		ns[i] = clock_mono_ns() - start;
	}
	int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	return good;
}

static void check_sync(struct doctor *d, const char *dir)
{
	uint64_t ns[TRIES];
	if (!measure(dir, ns)) {
		doctor_say(d, DOCTOR_SKIP, "%.120s: how long fdatasync() takes cannot be tried: %s", dir, strerror(errno));
		return;
	}
	qsort(ns, TRIES, sizeof ns[0], compare);
	double middle = (double)ns[TRIES / 2] / 1e6, longest = (double)ns[TRIES - 1] / 1e6;
	bool slow = ns[TRIES / 2] > SYNC_SLOW_MS * UINT64_C(1000000);
	doctor_say(d, slow ? DOCTOR_WARN : DOCTOR_PASS, "%.120s: fdatasync() takes %.1f ms, %.1f ms at most: so long is an alert not yet safe",
		dir, middle, longest);
	if (slow)
		doctor_repair(d, "a disk of its own for sensor.state_dir, best one whose cache survives a power cut");
}

static uint64_t used_by(const char *path)
{
	uint64_t octets = 0;
	DIR *dir = opendir(path);
	const struct dirent *e;
	struct stat st;
	while (dir != NULL && (e = readdir(dir)) != NULL)
		if (fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			octets += (uint64_t)st.st_blocks * 512;
	if (dir != NULL)
		closedir(dir);
	return octets;
}

// What the outbox has already.
static uint64_t used(const char *dir)
{
	char path[DOCTOR_PATH];
	uint64_t octets = 0;
	for (int i = 0; i < OUTBOX_LANES; i++) {
		snprintf(path, sizeof path, "%.400s/outbox/%s", dir, outbox_lane_name[i]);
		octets += used_by(path);
	}
	return octets;
}

// What of `dir` is there: it is made on that disk.
static const char *nearest_parent(char path[static DOCTOR_PATH], const char *dir)
{
	struct stat st;
	char *at = path;
	snprintf(path, DOCTOR_PATH, "%s", dir);
	while ((stat(at, &st) < 0 || !S_ISDIR(st.st_mode)) && strcmp(at, "/") != 0 && strcmp(at, ".") != 0)
		at = dirname(at);
	return at;
}

void doctor_outbox(struct doctor *d)
{
	const char *dir = d->config->state_dir;
	char path[DOCTOR_PATH];
	struct stat st;
	if (strcmp(dir, "none") == 0) {
		doctor_say(d, DOCTOR_WARN, "sensor.state_dir is none: records that an output has not yet taken go with the run");
		doctor_repair(d, "sensor: {state_dir: /var/lib/postwacht}");
		return;
	}
	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)) {
		const char *parent = nearest_parent(path, dir);
		doctor_say(d, DOCTOR_SKIP, "%.160s is not there yet; its disk is that of %.80s", dir, parent);
		check_kind(d, parent);
		check_room(d, parent, 0);
		return;
	}
	check_kind(d, dir);
	check_room(d, dir, used(dir));
	check_sync(d, dir);
}

static void can_listen(struct doctor *d, const struct listen_address *a)
{
	const char *where = d->config->metrics;
	int on = 1, fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool bound = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 && bind(fd, &a->any, a->len) == 0;
	int error = errno;
	if (fd >= 0)
		close(fd);
	if (bound) {
		doctor_say(d, DOCTOR_PASS, "metrics can be served at %.160s", where);
	} else if (error == EADDRINUSE) {
		doctor_say(d, DOCTOR_SKIP, "somebody listens at %.160s already: the sensor, or another", where);
	} else {
		doctor_say(d, DOCTOR_FAIL, "metrics cannot be served at %.160s: %s", where, strerror(error));
		doctor_repair(d, "metrics: {listen: \"127.0.0.1:9325\"} or a unix:PATH");
	}
}

void doctor_metrics(struct doctor *d)
{
	struct listen_address a;
	char copy[CONFIG_PATH_MAX + 1], why[LISTEN_WHY];
	const char *where = d->config->metrics;
	if (strcmp(where, "none") == 0) {
		doctor_say(d, DOCTOR_SKIP, "metrics.listen is none: nobody is served");
		return;
	}
	if (!listen_parse(&a, where, why)) {
		doctor_say(d, DOCTOR_FAIL, "metrics.listen: %.160s", why);
		return;
	}
	if (a.any.sa_family != AF_UNIX) {
		can_listen(d, &a);
		return;
	}
	snprintf(copy, sizeof copy, "%s", a.un.sun_path);
	if (doctor_directory(d, "directory of the metrics socket", dirname(copy), 0755))
		doctor_say(d, DOCTOR_PASS, "metrics can be served at %.160s", where);
}

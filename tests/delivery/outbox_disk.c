// The outbox on disks that are full, read-only, broken, and cut off from power.
//
//     outbox_disk [CUTS]     (10)
//
// In a mount namespace of its own: a small tmpfs that is full; an ext4 in a file, remounted read-only; and that ext4 stopped by the
// kernel as if the power had gone (EXT4_IOC_SHUTDOWN without writing its journal), mounted again and read: whatever had been told to
// be durable must be there. Needs root, mkfs.ext4 and a loop device; 77 without. The last line: N passed, N failed.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts/outbox/outbox_private.h"
#include "alerts/outbox/outbox_read.h"
#include "hw/clock.h"

#define SHUTDOWN _IOR('X', 125, uint32_t)

enum { SEGMENT = 64 << 10, LINE = 400, SHUTDOWN_LOSES_JOURNAL = 2, TMPFS_MIB = 4, EXT4_MIB = 64, LONGEST_US = 60000 };

static char dir[64], outbox_dir[256];
static int passed, failed;

static void row(const char *name, bool good)
{
	printf("%s %s\n", good ? "ok  " : "FAIL", name);
	passed += good;
	failed += !good;
}

static struct outbox *open_outbox(struct outbox_shared *shared, uint64_t octets_max, int *rc)
{
	const struct outbox_config c = {.dir = outbox_dir, .octets_max = {octets_max, octets_max}, .segment_octets = SEGMENT,
		.wall_ns = clock_wall_ns()};
	struct outbox *o;
	char why[160];
	*rc = outbox_open(&o, &c, shared, why);
	if (*rc < 0)
		printf("     (%s)\n", why);
	return o;
}

static size_t line_of(char *line, enum outbox_lane lane, uint64_t n)
{
	int len = sprintf(line, "{\"%s\":%" PRIu64 ",\"pad\":\"", outbox_lane_name[lane], n);
	memset(line + len, 'a' + (int)(n % 26), n * 41 % 301);
	len += (int)(n * 41 % 301);
	return (size_t)(len + sprintf(line + len, "\"}"));
}

static int append(struct outbox *o, enum outbox_lane lane, uint64_t n)
{
	char line[LINE];
	const struct outbox_about about = {.type = lane == OUTBOX_ALERTS ? RECORD_ALERT : RECORD_SMTP};
	const struct outbox_origin from = {1, n};
	return outbox_append(o, &about, &from, line, line_of(line, lane, n));
}

// Records 1 to `last`, all of them, and right.
static bool read_all(enum outbox_lane lane, uint64_t last)
{
	struct outbox_reader *r;
	struct outbox_item item;
	struct outbox_missed missed;
	char line[LINE];
	uint64_t n = 0;
	if (outbox_reader_open(&r, outbox_dir, lane) < 0)
		return false;
	while (outbox_reader_next(r, last, &item, &missed) == 1 && item.seq == n + 1 && !missed.damaged) {
		size_t len = line_of(line, lane, ++n);
		if (len != item.len || memcmp(line, item.line, len) != 0)
			break;
	}
	outbox_reader_close(&r);
	if (n != last)
		printf("     %s: %" PRIu64 " of %" PRIu64 "\n", outbox_lane_name[lane], n, last);
	return n == last;
}

// Until it is refused, or `most` are there. What the last outbox_sync() said.
static int write_on(struct outbox *o, const struct outbox_shared *shared, uint64_t most)
{
	int rc = 0;
	while (rc == 0 && shared->durable[OUTBOX_ALERTS] < most) {
		uint64_t n = shared->durable[OUTBOX_ALERTS];
		for (uint64_t i = 1; i <= 20; i++)
			append(o, OUTBOX_ALERTS, n + i);
		rc = outbox_sync(o);
	}
	return rc;
}

// ---- a full disk -------------------------------------------------------------------------------------------------------

static void full_disk(void)
{
	struct outbox_shared shared = {0}, other = {0};
	char filler[200];
	int rc;
	if (mount("none", dir, "tmpfs", 0, "size=4m") < 0) {
		row("tmpfs", false);
		return;
	}
	snprintf(filler, sizeof(filler), "%s/filler", dir);
	struct outbox *o = open_outbox(&shared, 64 << 20, &rc);
	int fd = open(filler, O_WRONLY | O_CREAT, 0600);
	off_t left = TMPFS_MIB << 20;
	while (left > 0 && fallocate(fd, 0, 0, left) < 0)
		left -= 4096;
	close(fd);
	rc = write_on(o, &shared, UINT64_MAX);
	uint64_t durable = shared.durable[OUTBOX_ALERTS], since = shared.trouble_since_ns;
	row("full disk: told, and what is written stays", rc == -ENOSPC && shared.state == OUTBOX_NO_SPACE && shared.error == ENOSPC && since &&
		durable > 50 && read_all(OUTBOX_ALERTS, durable));
	row("full disk: records wait", outbox_sync(o) == -ENOSPC && outbox_gathered(o) > 0 && shared.trouble_since_ns == since);
	outbox_close(&o);
	o = open_outbox(&shared, 64 << 20, &rc);
	row("full disk: a new process opens what is there", rc == 0 && shared.durable[OUTBOX_ALERTS] == durable);
	outbox_close(&o);
	snprintf(outbox_dir, sizeof(outbox_dir), "%s/another", dir);
	o = open_outbox(&other, 64 << 20, &rc);
	row("full disk: nothing can be begun, and it is told", rc == -ENOSPC && !o && other.state == OUTBOX_NO_SPACE);
	snprintf(outbox_dir, sizeof(outbox_dir), "%s/outbox", dir);
	o = open_outbox(&shared, 64 << 20, &rc);
	rc = write_on(o, &shared, UINT64_MAX);
	unlink(filler);
	bool good = rc == -ENOSPC && outbox_sync(o) == 0 && shared.state == OUTBOX_GOOD && !shared.trouble_since_ns && !shared.damaged[0];
	row("full disk: with room again nothing is missing", good && read_all(OUTBOX_ALERTS, shared.durable[OUTBOX_ALERTS]));
	outbox_close(&o);
	o = open_outbox(&shared, 4 * SEGMENT, &rc);
	rc = write_on(o, &shared, 20000);
	row("an outbox within its bound needs no more", rc == 0 && shared.octets[OUTBOX_ALERTS] <= 4 * SEGMENT);
	outbox_close(&o);
	umount(dir);
}

// Room for one segment and a little: alerts have it, sessions are told that there is none, and one who opens it again finds both.
static void nearly_full_disk(void)
{
	struct outbox_shared shared = {0};
	int rc;
	bool good = mount("none", dir, "tmpfs", 0, "size=100k") == 0;
	struct outbox *o = open_outbox(&shared, 4 * SEGMENT, &rc);
	good = good && rc == 0 && write_on(o, &shared, 40) == 0 && append(o, OUTBOX_SESSIONS, 1) == 0;
	row("nearly full disk: alerts are written, sessions are not", good && outbox_sync(o) == -ENOSPC && shared.durable[OUTBOX_ALERTS] >= 40 &&
		shared.state == OUTBOX_NO_SPACE);
	uint64_t epoch = shared.epoch, durable = shared.durable[OUTBOX_ALERTS];
	outbox_close(&o);
	memset(&shared, 0, sizeof(shared));
	o = open_outbox(&shared, 4 * SEGMENT, &rc);
	row("nearly full disk: opened again it goes on", rc == 0 && shared.epoch == epoch && shared.durable[OUTBOX_ALERTS] == durable);
	append(o, OUTBOX_SESSIONS, 1);
	rc = outbox_sync(o); // for one there may be room
	good = (rc == 0 || rc == -ENOSPC) && mount("none", dir, "tmpfs", MS_REMOUNT, "size=4m") == 0 && outbox_sync(o) == 0;
	row("nearly full disk: with room sessions are written", good && read_all(OUTBOX_SESSIONS, 1) && read_all(OUTBOX_ALERTS, durable));
	outbox_close(&o);
	umount(dir);
}

// ---- an ext4 -----------------------------------------------------------------------------------------------------------

static char image[128], place[128];

static bool mount_ext4(const char *options)
{
	char command[500];
	snprintf(command, sizeof(command), "mount -o loop%s %s %s", options, image, place);
	return system(command) == 0;
}

static bool make_ext4(void)
{
	char command[300];
	snprintf(image, sizeof(image), "%s/image", dir);
	snprintf(place, sizeof(place), "%s/place", dir);
	int fd = open(image, O_WRONLY | O_CREAT, 0600);
	bool good = fd >= 0 && ftruncate(fd, EXT4_MIB << 20) == 0 && mkdir(place, 0700) == 0;
	close(fd);
	snprintf(command, sizeof(command), "mkfs.ext4 -q %s", image);
	snprintf(outbox_dir, sizeof(outbox_dir), "%s/outbox", place);
	return good && system(command) == 0 && mount_ext4("");
}

static void read_only(void)
{
	struct outbox_shared shared = {0};
	int rc;
	struct outbox *o = open_outbox(&shared, 64 << 20, &rc);
	rc = write_on(o, &shared, 500);
	for (size_t i = 0; i < OUTBOX_LANES; i++)
		outbox_lane_seal(o, &o->lane[i]); // what is open for writing keeps the kernel from it
	close(o->lock);
	o->lock = -1;
	bool ro = mount("none", place, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0;
	append(o, OUTBOX_ALERTS, shared.durable[OUTBOX_ALERTS] + 1);
	rc = outbox_sync(o);
	row("read-only: told, and readable", ro && rc == -EROFS && shared.state == OUTBOX_READ_ONLY &&
		read_all(OUTBOX_ALERTS, shared.durable[OUTBOX_ALERTS]));
	mount("none", place, NULL, MS_REMOUNT, NULL);
	uint64_t before = shared.durable[OUTBOX_ALERTS];
	row("read-only: goes on when it no longer is", outbox_sync(o) == 0 && shared.state == OUTBOX_GOOD &&
		shared.durable[OUTBOX_ALERTS] == before + 1 && read_all(OUTBOX_ALERTS, before + 1));
	outbox_close(&o);
	mount("none", place, NULL, MS_REMOUNT | MS_RDONLY, NULL);
	o = open_outbox(&shared, 64 << 20, &rc);
	row("read-only: cannot be opened, and it is told", rc == -EROFS && !o && shared.state == OUTBOX_READ_ONLY);
	mount("none", place, NULL, MS_REMOUNT, NULL);
}

static void cut_power(void)
{
	const uint32_t how = SHUTDOWN_LOSES_JOURNAL;
	int fd = open(place, O_RDONLY | O_DIRECTORY);
	if (fd < 0 || ioctl(fd, SHUTDOWN, &how) < 0)
		perror("shutdown");
	close(fd);
}

static void append_some(struct outbox *o, uint64_t n[static OUTBOX_LANES])
{
	for (int i = rand() % 30; i >= 0; i--) {
		enum outbox_lane lane = rand() % 3 ? OUTBOX_SESSIONS : OUTBOX_ALERTS;
		append(o, lane, ++n[lane]);
	}
}

// What is there after a cut: at least what was `durable`, at most what was written, and right.
static bool check_lane(enum outbox_lane lane, const struct outbox_shared *shared, uint64_t durable, uint64_t written)
{
	struct outbox_reader *r;
	struct outbox_item item;
	struct outbox_missed missed;
	char line[LINE];
	uint64_t seq = 0;
	bool good = shared->durable[lane] >= durable && shared->durable[lane] <= written && !shared->damaged[lane];
	if (outbox_reader_open(&r, outbox_dir, lane) < 0)
		return false;
	while (good && outbox_reader_next(r, shared->durable[lane], &item, &missed) == 1) {
		good = item.seq == seq + counts_sum(&missed.evicted) + 1 && !missed.damaged && item.len == line_of(line, lane, item.seq) &&
		       memcmp(item.line, line, item.len) == 0;
		seq = item.seq;
	}
	outbox_reader_close(&r);
	return good && seq == shared->durable[lane];
}

// What the writer, a process of its own, tells.
static struct told {
	struct outbox_shared shared;
	uint64_t written[OUTBOX_LANES]; // at most
	bool ready;
} *told;

static void write_until_cut(void)
{
	uint64_t n[OUTBOX_LANES];
	int rc;
	struct outbox *o = open_outbox(&told->shared, 2 << 20, &rc);
	memcpy(n, told->shared.durable, sizeof(n));
	told->ready = true;
	while (rc == 0) {
		append_some(o, n);
		memcpy(told->written, n, sizeof(n));
		rc = outbox_sync(o);
	}
	_exit(o && told->shared.state != OUTBOX_GOOD ? 0 : 1);
}

// Cuts while it writes, mounts again. True: all that was told to be durable is there.
static bool one_cut(uint64_t *lost)
{
	struct outbox_shared shared = {0};
	uint64_t durable[OUTBOX_LANES];
	int rc, status;
	memset(told, 0, sizeof(*told));
	fflush(stdout);
	pid_t pid = fork();
	if (pid == 0)
		write_until_cut();
	while (!*(volatile bool *)&told->ready && waitpid(pid, &status, WNOHANG) == 0)
		usleep(100);
	usleep((useconds_t)(rand() % LONGEST_US));
	// A call that was under way may say 0 though the file system has stopped: nobody hears that after a real cut.
	for (size_t i = 0; i < OUTBOX_LANES; i++)
		durable[i] = __atomic_load_n(&told->shared.durable[i], __ATOMIC_ACQUIRE);
	cut_power();
	bool good = waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
	good = umount(place) == 0 && mount_ext4("") && good;
	struct outbox *o = good ? open_outbox(&shared, 2 << 20, &rc) : NULL;
	for (size_t i = 0; o && i < OUTBOX_LANES; i++) {
		good = good && check_lane((enum outbox_lane)i, &shared, durable[i], told->written[i]);
		*lost += told->written[i] - shared.durable[i];
	}
	good = good && o;
	outbox_close(&o);
	return good;
}

static void power_cuts(int cuts)
{
	char name[160];
	uint64_t lost = 0;
	bool good = true;
	int i;
	char command[300];
	snprintf(command, sizeof(command), "rm -rf %s", outbox_dir);
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	good = told != MAP_FAILED && system(command) == 0;
	for (i = 0; good && i < cuts; i++)
		good = one_cut(&lost);
	snprintf(name, sizeof(name), "power cut %d times: all that was durable is there; %" PRIu64 " records that were not are gone", i, lost);
	row(name, good);
}

static bool can_run(void)
{
	return geteuid() == 0 && unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       system("command -v mkfs.ext4 losetup >/dev/null && losetup -f >/dev/null 2>&1") == 0;
}

int main(int argc, char **argv)
{
	int cuts = argc > 1 ? atoi(argv[1]) : 10;
	unsigned seed = (unsigned)clock_wall_ns();
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!can_run()) {
		printf("needs root, mkfs.ext4 and a loop device\n");
		return 77;
	}
	snprintf(dir, sizeof(dir), "/tmp/postwacht-disk-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	snprintf(outbox_dir, sizeof(outbox_dir), "%s/outbox", dir);
	printf("seed %u\n", seed);
	srand(seed);
	full_disk();
	nearly_full_disk();
	bool memory = mount("none", dir, "tmpfs", 0, "size=128m") == 0;
	if (memory && make_ext4()) {
		read_only();
		power_cuts(cuts);
		umount(place);
	} else
		row("an ext4 in a file", false);
	umount(dir);
	rmdir(dir);
	printf("%d passed, %d failed\n", passed, failed);
	return failed ? 1 : 0;
}

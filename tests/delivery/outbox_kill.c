// kill -9 of the outbox's writer at random moments, again and again, while records keep coming and two readers read.
//
//     outbox_kill [KILLS [DIR]]     (300, below /tmp)
//
// A producer puts records on a ring; a child takes them off, appends, syncs, and only then gives the ring back, as cli/keeper.c
// does. It is killed after a random number of microseconds, wherever it is: opening, repairing, writing, making or removing a
// segment; another takes its place. At the end every record is in the outbox exactly once and in order, and each reader has seen every
// number once. The second round has an outbox that is full all the time: then what was removed unread is counted exactly.
// The last line: N passed, N failed.
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts/outbox/outbox_read.h"
#include "hw/clock.h"
#include "hw/ring.h"

enum { RING = 1 << 16, SEGMENT = 16 << 10, BATCH = 32, LINE = 256, RUN = 4711 };

static const int longest_us[] = {1000, 4000, 16000, 40000}; // a life: some end while the outbox is opened, some after many groups

struct world {
	struct outbox_shared outbox;
	uint64_t produced;   // records that the ring has taken, or had
	uint64_t given[OUTBOX_LANES], evicted[OUTBOX_LANES];
	bool finished;       // nothing will follow
	bool wrong;
	char what[200];
};

static struct world *world;
static struct ring *ring;
static char dir[200], outbox_dir[256];
static struct outbox_config config;

// ---- records ---------------------------------------------------------------------------------------------------------

static enum outbox_lane lane_of(uint64_t k)
{
	return k % 3 == 0 ? OUTBOX_ALERTS : OUTBOX_SESSIONS;
}

// The record with number `seq` of a lane.
static uint64_t record_of(enum outbox_lane lane, uint64_t seq)
{
	return lane == OUTBOX_ALERTS ? 3 * (seq - 1) : 3 * ((seq - 1) / 2) + 1 + (seq - 1) % 2;
}

static uint64_t records_of(enum outbox_lane lane, uint64_t produced)
{
	uint64_t alerts = (produced + 2) / 3;
	return lane == OUTBOX_ALERTS ? alerts : produced - alerts;
}

static size_t line_of(char *line, uint64_t k)
{
	int n = sprintf(line, "{\"k\":%" PRIu64 ",\"pad\":\"", k);
	memset(line + n, 'a' + (int)(k % 26), k * 31 % 97);
	n += (int)(k * 31 % 97);
	return (size_t)(n + sprintf(line + n, "\"}"));
}

static bool produce(uint64_t k)
{
	char line[LINE];
	size_t len = line_of(line, k);
	const struct outbox_about about = {.type = lane_of(k) == OUTBOX_ALERTS ? RECORD_ALERT : RECORD_SMTP};
	uint8_t *m = ring_reserve(ring, sizeof(about) + len);
	if (!m)
		return false;
	memcpy(m, &about, sizeof(about));
	memcpy(m + sizeof(about), line, len);
	ring_commit(ring, sizeof(about) + len);
	__atomic_store_n(&world->produced, k + 1, __ATOMIC_RELEASE);
	return true;
}

// ---- the writer ------------------------------------------------------------------------------------------------------

static int take_batch(struct outbox *o)
{
	const uint8_t *m;
	size_t len, n = 0;
	while (n < BATCH && (m = ring_peek(ring, &len))) {
		struct outbox_about about;
		const struct outbox_origin from = {RUN, ring_position(ring)};
		memcpy(&about, m, sizeof(about));
		int rc = outbox_append(o, &about, &from, (const char *)m + sizeof(about), len - sizeof(about));
		if (rc < 0)
			return rc;
		ring_pass(ring);
		n++;
	}
	int rc = outbox_sync(o);
	if (rc == 0 && n)
		ring_release_passed(ring);
	return rc < 0 ? rc : (int)n;
}

static void keep(bool to_the_end)
{
	struct outbox *o;
	char why[160];
	int rc = outbox_open(&o, &config, &world->outbox, why);
	if (rc < 0) {
		fprintf(stderr, "outbox_open: %s\n", why);
		_exit(1);
	}
	ring_rejoin_reader(ring);
	do
		rc = take_batch(o);
	while (rc > 0 || (rc == 0 && !to_the_end));
	if (rc < 0)
		fprintf(stderr, "writing: %s\n", strerror(-rc));
	_exit(rc < 0 ? 1 : 0);
}

static pid_t start_keeper(bool to_the_end)
{
	pid_t pid = fork();
	if (pid == 0)
		keep(to_the_end);
	return pid;
}

// ---- a reader --------------------------------------------------------------------------------------------------------

static bool wrong(const char *what, enum outbox_lane lane, uint64_t seq)
{
	if (!__atomic_exchange_n(&world->wrong, true, __ATOMIC_RELAXED))
		snprintf(world->what, sizeof(world->what), "%s, %s %" PRIu64, what, outbox_lane_name[lane], seq);
	return false;
}

static uint64_t sum_of(const struct outbox_counts *c)
{
	uint64_t n = 0;
	for (size_t i = 0; i < sizeof(*c) / sizeof(uint64_t); i++)
		n += ((const uint64_t *)c)[i];
	return n;
}

static bool check_item(enum outbox_lane lane, uint64_t before, const struct outbox_item *item, const struct outbox_missed *missed)
{
	char line[LINE];
	uint64_t gone = sum_of(&missed->evicted);
	if (item->seq != before + gone + 1)
		return wrong(item->seq <= before ? "a number came again" : "a gap that nobody told", lane, item->seq);
	if (missed->damaged)
		return wrong("damage", lane, item->seq);
	size_t len = line_of(line, record_of(lane, item->seq));
	if (item->len != len || memcmp(item->line, line, len) != 0)
		return wrong("another record", lane, item->seq);
	return true;
}

static void read_on(struct outbox_reader *r, enum outbox_lane lane, uint64_t *seq)
{
	struct outbox_item item;
	struct outbox_missed missed;
	uint64_t durable = __atomic_load_n(&world->outbox.durable[lane], __ATOMIC_ACQUIRE);
	int rc;
	while ((rc = outbox_reader_next(r, durable, &item, &missed)) == 1 && check_item(lane, *seq, &item, &missed)) {
		*seq = item.seq;
		world->given[lane]++;
		world->evicted[lane] += sum_of(&missed.evicted);
	}
	if (rc < 0)
		wrong(strerror(-rc), lane, *seq);
}

static void read_lane(enum outbox_lane lane)
{
	struct outbox_reader *r;
	uint64_t seq = 0;
	while (__atomic_load_n(&world->outbox.epoch, __ATOMIC_ACQUIRE) == 0)
		usleep(1000);
	if (outbox_reader_open(&r, outbox_dir, lane) < 0)
		_exit(1);
	while (!world->wrong) {
		bool end = __atomic_load_n(&world->finished, __ATOMIC_ACQUIRE);
		uint32_t looked = bell_look(&world->outbox.bell);
		read_on(r, lane, &seq);
		if (end && seq == __atomic_load_n(&world->outbox.durable[lane], __ATOMIC_ACQUIRE))
			break;
		bell_wait(&world->outbox.bell, looked, 20);
	}
	outbox_reader_close(&r);
	_exit(world->wrong ? 1 : 0);
}

// ---- a round ---------------------------------------------------------------------------------------------------------

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	return remove(path);
}

// A keeper for a while. False: it ended by itself.
static bool one_life(uint64_t *k)
{
	pid_t pid = start_keeper(false);
	uint64_t until = clock_mono_ns() + 1000 * (uint64_t)(rand() % longest_us[rand() % 4]);
	int status;
	while (clock_mono_ns() < until)
		if (produce(*k))
			++*k;
	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
}

static bool ended_well(pid_t pid)
{
	int status;
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool all_there(uint64_t k)
{
	bool good = !world->wrong;
	for (size_t lane = 0; lane < OUTBOX_LANES; lane++) {
		good = good && world->outbox.durable[lane] == records_of((enum outbox_lane)lane, k);
		good = good && world->given[lane] + world->evicted[lane] == world->outbox.durable[lane];
		good = good && world->outbox.damaged[lane] == 0;
	}
	return good;
}

static bool play(const char *name, long kills, uint64_t octets_max)
{
	uint64_t k = 0, began = clock_mono_ns();
	pid_t reader[OUTBOX_LANES];
	bool good = true;
	memset(world, 0, sizeof(*world));
	snprintf(outbox_dir, sizeof(outbox_dir), "%s/%s", dir, name);
	config = (struct outbox_config){.dir = outbox_dir, .octets_max = {octets_max, octets_max}, .segment_octets = SEGMENT,
		.wall_ns = clock_wall_ns()};
	ring = ring_open(RING);
	fflush(stdout);
	for (size_t i = 0; i < OUTBOX_LANES; i++)
		if ((reader[i] = fork()) == 0)
			read_lane((enum outbox_lane)i);
	for (long i = 0; i < kills && good && !world->wrong; i++)
		good = one_life(&k);
	good = ended_well(start_keeper(true)) && good;
	__atomic_store_n(&world->finished, true, __ATOMIC_RELEASE);
	bell_ring(&world->outbox.bell);
	for (size_t i = 0; i < OUTBOX_LANES; i++)
		good = ended_well(reader[i]) && good;
	good = good && all_there(k) && k > (uint64_t)kills; // or nothing was killed at work
	printf("%s %s: %ld kills, %" PRIu64 " records, %" PRIu64 " removed unread, %.1f s%s%s\n", good ? "ok  " : "FAIL", name, kills, k,
		world->evicted[0] + world->evicted[1], (double)(clock_mono_ns() - began) / 1e9, world->wrong ? ": " : "", world->what);
	if (!good && !world->wrong)
		for (size_t i = 0; i < OUTBOX_LANES; i++)
			printf("     %s: %" PRIu64 " written of %" PRIu64 ", %" PRIu64 " read, %" PRIu64 " removed unread\n", outbox_lane_name[i],
				world->outbox.durable[i], records_of((enum outbox_lane)i, k), world->given[i], world->evicted[i]);
	ring_close(&ring);
	nftw(outbox_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return good;
}

int main(int argc, char **argv)
{
	long kills = argc > 1 ? strtol(argv[1], NULL, 10) : 300;
	unsigned seed = (unsigned)clock_wall_ns();
	snprintf(dir, sizeof(dir), "%s/postwacht-kill-XXXXXX", argc > 2 ? argv[2] : "/tmp");
	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (!mkdtemp(dir) || world == MAP_FAILED) {
		perror(dir);
		return 1;
	}
	printf("seed %u\n", seed);
	srand(seed);
	int passed = play("roomy", kills, UINT64_C(8) << 30) + play("full", (kills + 2) / 3, 4 * SEGMENT);
	rmdir(dir);
	printf("%d passed, %d failed\n", passed, 2 - passed);
	return passed == 2 ? 0 : 1;
}

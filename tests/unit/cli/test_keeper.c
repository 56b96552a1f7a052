// The keeper as a process, with a disk that is slow: it never has nothing to do, and does all the same what is done once a second.
#include "cli/run.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "alerts/outbox/outbox.h"

enum { SYNC_MS = 20, OLD = 40, SEGMENT = 4096, DAYS_LATER = 3, MOST_MS = 5000 };

static struct run run;
static time_t later_s; // the clock, by so much

// In place of the C library's.
int clock_gettime(clockid_t clock, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, clock, t);
	if (clock == CLOCK_REALTIME)
		t->tv_sec += later_s;
	return rc;
}

int fdatasync(int fd)
{
	run_sleep_us(SYNC_MS * 1000);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static const char line[] = "{\"event_type\":\"alert\",\"smtp_tls\":{\"v\":1}}";
static const struct outbox_about about = {.type = RECORD_ALERT};

// Some segments, of today.
static void make_outbox(void)
{
	static struct outbox_shared shared;
	char dir[CONFIG_PATH_MAX + 16], why[160];
	struct outbox *o;
	snprintf(dir, sizeof dir, "%s/outbox", run.store);
	const struct outbox_config c = {.dir = dir, .octets_max = {1 << 20, 1 << 20}, .segment_octets = SEGMENT,
		.wall_ns = UINT64_C(1790000000) * 1000000000};
	assert_int_equal(outbox_open(&o, &c, &shared, why), 0);
	for (uint64_t i = 1; i <= OLD; i++)
		assert_int_equal(outbox_append(o, &about, &(struct outbox_origin){.run = 1, .position = i}, line, sizeof line - 1), 0);
	assert_int_equal(outbox_sync(o), 0);
	outbox_close(&o);
}

static void put(void)
{
	struct ring *r = run.board->records;
	char *room = ring_reserve(r, sizeof about + sizeof line - 1);
	assert_non_null(room);
	memcpy(room, &about, sizeof about);
	memcpy(room + sizeof about, line, sizeof line - 1);
	ring_commit(r, sizeof about + sizeof line - 1);
	bell_ring(&run.board->records_bell);
}

static void test_age_while_busy(void **state)
{
	struct outbox_shared *o = &run.board->state.outbox;
	uint64_t n = 1;
	int status;
	make_outbox();
	put();
	later_s = DAYS_LATER * 86400;
	pid_t keeper = fork();
	if (keeper == 0)
		_exit(keeper_run(&run));
	while (n < MOST_MS && __atomic_load_n(&o->oldest[OUTBOX_ALERTS], __ATOMIC_RELAXED) <= 1) {
		put();
		n++;
		run_sleep_us(1000);
	}
	ring_finish(run.board->records);
	bell_ring(&run.board->records_bell);
	assert_int_equal(waitpid(keeper, &status, 0), keeper);
	assert_int_equal(status, 0);
	assert_int_equal(o->durable[OUTBOX_ALERTS], OLD + n);
	assert_true(n < MOST_MS); // what was kept for longer than it may be went meanwhile, not at the end
}

static int set_up(void **state)
{
	snprintf(run.store, sizeof run.store, "/tmp/postwacht-keeper-XXXXXX");
	if (mkdtemp(run.store) == NULL || board_open(&run.board, 1, 4096) < 0)
		return -1;
	run.supervisor = getpid();
	run.board->run = 2;
	config_init(&run.board->config[0]);
	run.board->config[0].outbox_keep_days = 1;
	return 0;
}

static int tear_down(void **state)
{
	board_close(&run.board);
	return nftw(run.store, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_age_while_busy, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

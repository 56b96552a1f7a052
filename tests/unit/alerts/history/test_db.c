// The copy on disk: bounded, whole after a kill at any moment, one writer at a time, refused or begun anew when it is not ours.
#include "alerts/history/private.h"
#include "tests/unit/alerts/facts_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

static char dir[64];

static int make_dir(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/postwacht-history-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char text[128];
	snprintf(text, sizeof(text), "rm -rf -- '%s'", dir);
	return system(text);
}

static struct history *opened(void)
{
	struct history *h = NULL;
	char error[HISTORY_ERROR];
	int r = history_open(&h, dir, error);
	if (r)
		fail_msg("%s: %s", strerror(-r), error);
	return h;
}

// Session `n`, of a server of its own or of one of `servers`.
static void learn(struct history *h, uint32_t n, uint32_t servers)
{
	struct facts f;
	struct session s = {.facts = &f, .final = true};
	uint32_t which = n % servers;

	upgraded(&f);
	f.conn.dst[0] = 100;
	memcpy(f.conn.dst + 1, &which, 3);
	f.conn.start_ns = FIXTURE_START_NS + n * HISTORY_SECOND_NS;
	f.conn.last_ns = f.conn.start_ns + HISTORY_SECOND_NS;
	f.smtp.ehlo_digest = 0x1001;
	f.smtp.ehlo_len = 114;
	text(&f, &f.smtp.server_name, "mx.rcpt.example");
	text(&f, &f.smtp.banner, "mx.rcpt.example ESMTP");
	snprintf(s.id, sizeof(s.id), "S%025u", n);
	history_learn(h, &s);
}

static void kept(void **state)
{
	struct history *h = opened();

	for (uint32_t n = 0; n < 1000; n++)
		learn(h, n, 10);
	assert_int_equal(history_counts(h).servers, 10);
	history_close(&h);
	h = opened();
	assert_int_equal(history_counts(h).servers, 10);
	learn(h, 999, 10);
	assert_int_equal(history_counts(h).known, 1);
	learn(h, 1000, 10);
	assert_int_equal(history_counts(h).learned, 1);
	struct facts f;
	upgraded(&f);
	f.conn.dst[0] = 100;
	f.conn.dst[1] = f.conn.dst[2] = f.conn.dst[3] = 0;
	f.smtp.offer = OFFER_NO;
	f.smtp.ehlo_digest = 0x1001;
	text(&f, &f.smtp.server_name, "mx.rcpt.example");
	text(&f, &f.smtp.banner, "mx.rcpt.example ESMTP");
	f.conn.start_ns = FIXTURE_START_NS + 2000 * HISTORY_SECOND_NS;
	struct history_offered o;
	assert_true(history_offered(h, &f, &o));
	assert_int_equal(o.yes, 101);
	history_close(&h);
}

// Learns and flushes for ever; says what is on disk.
static void work(int out)
{
	char error[HISTORY_ERROR];
	struct history *h;

	if (history_open(&h, dir, error))
		_exit(1);
	uint32_t from = (uint32_t)h->learned.next;
	for (uint32_t n = from;; n++) {
		learn(h, n, 500);
		if (n % 7 != 6)
			continue;
		if (history_flush(h))
			_exit(2);
		n++;
		if (write(out, &n, sizeof(n)) != sizeof(n))
			_exit(3);
		n--;
	}
}

static void killed(void **state)
{
	uint32_t told = 0;

	for (unsigned round = 0; round < 40; round++) {
		int ends[2], status;
		assert_int_equal(pipe(ends), 0);
		pid_t child = fork();
		assert_true(child >= 0);
		if (!child) {
			close(ends[0]);
			work(ends[1]);
		}
		close(ends[1]);
		assert_int_equal(read(ends[0], &told, sizeof(told)), sizeof(told));
		usleep(round * 397 % 9000);
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSIGNALED(status));
		while (read(ends[0], &told, sizeof(told)) == sizeof(told))
			;
		close(ends[0]);
		struct history *h = opened(); // nothing was moved aside
		assert_true(h->learned.next >= told);
		// All of a batch or nothing: as many offers as sessions.
		uint64_t offers = 0;
		const struct history_table *t = &h->table[KIND_SERVER];
		for (uint32_t i = 0; i < t->n_sets * HISTORY_WAYS; i++)
			if (history_row_at(t, i)->key.used)
				offers += ((const struct row_server *)(const void *)(history_row_at(t, i) + 1))->n_all;
		assert_int_equal(offers, h->learned.next);
		history_close(&h);
	}
	assert_true(told > 100);
}

static void one_writer(void **state)
{
	struct history *h = opened(), *other;
	char error[HISTORY_ERROR];

	assert_int_equal(history_open(&other, dir, error), -EBUSY);
	assert_string_equal(error, "another process uses it");
	history_close(&h);
	h = opened();
	history_close(&h);
}

static void damaged_at_work(void **state)
{
	struct history *h = opened();
	char path[128];
	static char garbage[65536];

	for (uint32_t n = 0; n < 100; n++)
		learn(h, n, 100);
	assert_int_equal(history_flush(h), 0);
	memset(garbage, 0x5a, sizeof(garbage));
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/history.sqlite%s", dir, i ? "-wal" : "");
		int fd = open(path, O_WRONLY);
		assert_true(fd >= 0);
		assert_int_equal(write(fd, garbage, sizeof(garbage)), sizeof(garbage));
		close(fd);
	}
	for (uint32_t n = 100; n < 200; n++)
		learn(h, n, 200);
	history_flush(h);
	history_close(&h);
	h = opened(); // whatever was left of it, this one is usable
	learn(h, 1000, 1);
	assert_int_equal(history_flush(h), 0);
	history_close(&h);
}

static void not_to_be_used(void **state)
{
	struct history *h;
	char error[HISTORY_ERROR];

	assert_int_equal(history_open(&h, "/proc/no/such/place", error), -ENOENT);
	if (geteuid() == 0)
		return;
	assert_int_equal(chmod(dir, 0500), 0);
	assert_int_equal(history_open(&h, dir, error), -EACCES);
	assert_int_equal(chmod(dir, 0700), 0);
}

// Far more servers than there is room for: what is in memory and on disk stays what it is.
static void bounded(void **state)
{
	struct history *h = opened();
	char path[128];
	struct stat st;

	for (uint32_t n = 0; n < 300000; n++)
		learn(h, n, 1 << 24);
	assert_true(history_counts(h).servers <= history_kinds[KIND_SERVER].n_max);
	assert_true(history_counts(h).servers > history_kinds[KIND_SERVER].n_max / 2);
	assert_int_equal(history_flush(h), 0);
	snprintf(path, sizeof(path), "%s/history.sqlite", dir);
	uint64_t servers = history_counts(h).servers;
	history_close(&h);
	assert_int_equal(stat(path, &st), 0);
	assert_true(st.st_size < 512 << 20);
	h = opened();
	assert_int_equal(history_counts(h).servers, servers);
	history_close(&h);
}

// One number off the disk, as a report would ask for it.
static int64_t asked(const char *text)
{
	char path[128];
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;

	snprintf(path, sizeof(path), "%s/history.sqlite", dir);
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	int64_t out = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return out;
}

static void when_it_was_blind(void **state)
{
	struct history *h = opened();
	struct loss_interval l = {.from_ns = 1000, .to_ns = 2000, .n = {[LOSS_MISSED] = 5, [LOSS_LANES] = UINT64_MAX}, .tap = 0};

	history_loss(h, &l, "tap'); --");
	l.to_ns = 3000; // it went on
	l.n[LOSS_MISSED] = 7;
	history_loss(h, &l, "tap'); --");
	l.tap = SENSOR_NO_TAP;
	l.blind = true;
	history_loss(h, &l, "");
	assert_int_equal(history_flush(h), 0);
	assert_int_equal(asked("SELECT count(*) FROM loss"), 2);
	assert_int_equal(asked("SELECT to_ns FROM loss WHERE blind = 0"), 3000);
	assert_int_equal(asked("SELECT missed FROM loss WHERE tap = 'tap''); --'"), 7);
	assert_int_equal(asked("SELECT lanes FROM loss WHERE tap = ''"), INT64_MAX);
	l.to_ns = 4000; // and on, after it was written
	history_loss(h, &l, "");
	for (uint64_t i = 0; i < 1000; i++) { // more than wait at once
		l.from_ns = 10000 + i;
		history_loss(h, &l, "");
	}
	history_close(&h);
	h = opened();
	assert_int_equal(asked("SELECT count(*) FROM loss"), 1002);
	assert_int_equal(asked("SELECT to_ns FROM loss WHERE from_ns = 1000 AND blind = 1"), 4000);
	history_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(kept, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(when_it_was_blind, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(killed, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(one_writer, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(damaged_at_work, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(not_to_be_used, make_dir, remove_dir),
		cmocka_unit_test_setup_teardown(bounded, make_dir, remove_dir),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

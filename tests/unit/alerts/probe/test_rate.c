// Ten minutes a host, one probe at a time, whatever the clock and the file do.
#include "alerts/probe/rate.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], file[96];

static int fresh(void **state)
{
	snprintf(dir, sizeof(dir), "/tmp/postwacht-rate-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/probes", dir);
	return 0;
}

static int gone(void **state)
{
	unlink(file);
	return rmdir(dir);
}

// Another process each time, as far as the file is concerned.
static int ask(const char *a, const char *b, int64_t now_s)
{
	struct rate *r;
	const char *keys[] = {a, b};
	int rc = rate_open(&r, dir);

	if (rc)
		return rc;
	rc = rate_ask(r, keys, b ? 2 : 1, now_s);
	rate_close(&r);
	assert_null(r);
	return rc;
}

static void interval(void **state)
{
	assert_int_equal(ask("mx.example.org", "192.0.2.1", 10000), 0);
	assert_int_equal(ask("mx.example.org", NULL, 10000), 600);
	assert_int_equal(ask("mx.example.org", NULL, 10599), 1);
	assert_int_equal(ask("other.example.org", "192.0.2.1", 10300), 300); // another name of the same host
	assert_int_equal(ask("other.example.org", "192.0.2.2", 10300), 0);
	assert_int_equal(ask("mx.example.org", NULL, 10600), 0);
	assert_int_equal(ask("other.example.org", NULL, 10600), 300);
}

// A refusal is no probe: it does not begin the ten minutes anew.
static void refusals_do_not_count(void **state)
{
	assert_int_equal(ask("a.example", NULL, 10000), 0);
	assert_int_equal(ask("a.example", NULL, 10500), 100);
	assert_int_equal(ask("a.example", NULL, 10600), 0);
}

static void clock_set_back(void **state)
{
	assert_int_equal(ask("a.example", NULL, 10000), 0);
	assert_int_equal(ask("a.example", NULL, 9500), 600);
	assert_int_equal(ask("a.example", NULL, 9000), 0); // nonsense by now
}

static void one_at_a_time(void **state)
{
	struct rate *r;

	assert_int_equal(rate_open(&r, dir), 0);
	assert_int_equal(ask("a.example", NULL, 10000), -EWOULDBLOCK);
	rate_close(&r);
	assert_int_equal(ask("a.example", NULL, 10000), 0);
}

static void write_file(const char *text)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void damaged(void **state)
{
	write_file("10000 a.example\nnonsense\n");
	assert_int_equal(ask("b.example", NULL, 10000), -EBADMSG);
	write_file("10000 a.example\n");
	assert_int_equal(ask("a.example", NULL, 10001), 599);
}

static void full(void **state)
{
	FILE *f = fopen(file, "w");

	assert_non_null(f);
	for (int i = 0; i < RATE_ENTRIES_MAX; i++)
		fprintf(f, "10000 mx%d.example\n", i);
	fclose(f);
	assert_int_equal(ask("a.example", NULL, 10001), -ENOSPC);
	assert_int_equal(ask("a.example", NULL, 10601), 0);
	assert_int_equal(ask("a.example", NULL, 10602), 599);
}

static void no_place(void **state)
{
	struct rate *r;

	assert_int_equal(rate_open(&r, "/nonexistent/dir"), -ENOENT);
	assert_null(r);
	assert_int_equal(symlink("/dev/null", file), 0);
	assert_int_equal(rate_open(&r, dir), -ELOOP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(interval, fresh, gone),
		cmocka_unit_test_setup_teardown(refusals_do_not_count, fresh, gone),
		cmocka_unit_test_setup_teardown(clock_set_back, fresh, gone),
		cmocka_unit_test_setup_teardown(one_at_a_time, fresh, gone),
		cmocka_unit_test_setup_teardown(damaged, fresh, gone),
		cmocka_unit_test_setup_teardown(full, fresh, gone),
		cmocka_unit_test_setup_teardown(no_place, fresh, gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

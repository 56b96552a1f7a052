// Each process attempts what it must not, and dies of it. As root, as a plain user, and with nothing given up, to see that the
// attempts are some.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "hw/rights.h"
#include "hw/rights_private.h"

enum { NOBODY = 65534 };

static char dir[] = "/tmp/postwacht-rights-XXXXXX";

static const char *const names[RIGHTS_PROFILES] = {"watch", "judge", "scout", "keeper", "courier", "supervisor"};
static const char *const outcomes[] = {"died", "got an error", "COULD", "was not tried"};

struct counts {
	const char *who;
	size_t n[RIGHTS_NOT_TRIED + 1];
	bool loud;
};

static void told(void *ctx, const struct rights_attempt *a, enum rights_outcome o)
{
	struct counts *c = ctx;
	c->n[o]++;
	if (c->loud || o == RIGHTS_NOT_TRIED)
		print_message("%s: %s: %s\n", c->who, a->name, outcomes[o]);
}

static struct rights_config config(enum rights_profile p)
{
	struct rights_config c = {.profile = p};
	if (p != RIGHTS_WATCH && p != RIGHTS_SUPERVISOR) {
		c.write_dirs[c.n_write_dirs++] = dir;
		c.read_paths[c.n_read_paths++] = "/usr/share/zoneinfo";
		c.read_paths[c.n_read_paths++] = "/nonexistent";
	}
	return c;
}

static bool landlock(void)
{
	struct rights_config c = {.profile = RIGHTS_WATCH};
	struct rights_landlock l;
	char why[RIGHTS_WORDS];
	assert_int_equal(rights_landlock_open(&l, &c, why), 0);
	rights_landlock_close(&l);
	return l.abi > 0;
}

static void all_profiles(const char *user)
{
	bool files = landlock();
	for (enum rights_profile p = RIGHTS_WATCH; p < RIGHTS_PROFILES; p++) {
		struct rights_config c = config(p);
		struct counts n = {.who = names[p], .loud = getenv("RIGHTS_LOUD") != NULL};
		c.user = user;
		size_t wrong = rights_selftest(&c, told, &n);
		print_message("%s: %zu died, %zu errors, %zu could, %zu wrong\n", names[p], n.n[0], n.n[1], n.n[2], wrong);
		// Without Landlock only the first four are beyond us, where files may be opened at all.
		assert_in_range(wrong, 0, files || p == RIGHTS_WATCH ? 0 : 4);
		if (p == RIGHTS_WATCH) // which is refused opening, and dies of everything else
			assert_true(n.n[RIGHTS_DIED] == rights_attempts_n - 3 && n.n[RIGHTS_GOT_ERROR] == 3);
		assert_true(n.n[RIGHTS_DIED] >= (p == RIGHTS_SUPERVISOR ? 15 : 24));
	}
}

static void who_must_not_dies(void **state)
{
	all_profiles(NULL);
}

static void who_became_somebody_else_dies(void **state)
{
	if (geteuid() != 0)
		skip();
	all_profiles("nobody");
}

// In a process of its own: there is no way back.
static void who_is_a_plain_user_dies(void **state)
{
	if (geteuid() != 0)
		skip();
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
			_exit(2);
		all_profiles(NULL);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

// With everything root has, they are possible: so it is the giving up that makes the difference.
static void the_attempts_are_some(void **state)
{
	struct counts n = {.who = "root", .loud = true};
	if (geteuid() != 0)
		skip();
	assert_int_equal(rights_selftest(NULL, told, &n), 0);
	assert_int_equal(n.n[RIGHTS_DIED] + n.n[RIGHTS_NOT_TRIED], 0);
	assert_true(n.n[RIGHTS_COULD] >= 35); // a container may refuse some
}

static void finding_out_kills_nobody(void **state)
{
	struct rights_config c = config(RIGHTS_WATCH);
	struct counts n = {.who = "lenient"};
	c.lenient = true;
	assert_int_equal(rights_selftest(&c, told, &n), 0);
	assert_int_equal(n.n[RIGHTS_GOT_ERROR], rights_attempts_n);
}

// What is refused, and that it is said why.
static void what_cannot_be_given_up(void **state)
{
	char words[RIGHTS_WORDS], why[RIGHTS_WORDS];
	struct rights_config c = config(RIGHTS_JUDGE);
	c.write_dirs[c.n_write_dirs++] = "/nonexistent";
	assert_true(rights_drop(&c, words, why) < 0);
	assert_non_null(strstr(why, "/nonexistent"));
	c = config(RIGHTS_WATCH);
	c.write_dirs[c.n_write_dirs++] = dir;
	assert_true(rights_drop(&c, words, why) < 0);
	c = config(RIGHTS_WATCH);
	c.n_read_paths = RIGHTS_PATHS_MAX + 1;
	assert_true(rights_drop(&c, words, why) < 0);
	if (geteuid() != 0)
		return;
	c = config(RIGHTS_WATCH);
	c.user = "nobody-of-this-name";
	assert_true(rights_drop(&c, words, why) < 0);
	assert_non_null(strstr(why, "nobody-of-this-name"));
}

// What is said of a child, at its longest, is a sentence that fits.
static void what_is_said(void **state)
{
	int fds[2], status;
	char words[RIGHTS_WORDS] = "";
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		char why[RIGHTS_WORDS];
		struct rights_config c = config(RIGHTS_COURIER);
		c.user = "nobody";
		int rc = rights_drop(&c, words, why);
		_exit(rc == 0 && write(fds[1], words, sizeof words) == (ssize_t)sizeof words ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(fds[0], words, sizeof words), sizeof words);
	close(fds[0]);
	close(fds[1]);
	print_message("%s\n", words);
	assert_true(geteuid() != 0 || strncmp(words, "user nobody; ", 13) == 0);
	assert_non_null(strstr(words, "; no capabilities; "));
	assert_non_null(strstr(words, " system calls, any other ends it"));
	assert_true(!landlock() || strstr(words, "write 1 directory, read 1 path") != NULL);
}

static int set_up(void **state)
{
	if (mkdtemp(dir) == NULL)
		return -1;
	return chmod(dir, 0755);
}

static int tear_down(void **state)
{
	return rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_attempts_are_some), cmocka_unit_test(who_must_not_dies), cmocka_unit_test(who_became_somebody_else_dies),
		cmocka_unit_test(who_is_a_plain_user_dies), cmocka_unit_test(finding_out_kills_nobody), cmocka_unit_test(what_cannot_be_given_up),
		cmocka_unit_test(what_is_said),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

// Key logs as files: as servers write them, as log rotation leaves them, and what else lies in a directory.
#include "alerts/keylog/keylog.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "alerts/keylog/files.h"
#include "hw/log.h"

#define S "SERVER_HANDSHAKE_TRAFFIC_SECRET"
#define C "CLIENT_HANDSHAKE_TRAFFIC_SECRET"
#define R1 "1111111111111111111111111111111111111111111111111111111111111111"
#define R2 "2222222222222222222222222222222222222222222222222222222222222222"
#define R3 "3333333333333333333333333333333333333333333333333333333333333333"
#define R4 "4444444444444444444444444444444444444444444444444444444444444444"
#define R5 "5555555555555555555555555555555555555555555555555555555555555555"
#define R9 "9999999999999999999999999999999999999999999999999999999999999999"
#define AB "abABabABabABabABabABabABabABabABabABabABabABabABabABabABabABabAB"

static char directory[] = "/tmp/test-keylog-XXXXXX";

static const char *in(const char *name)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void put(const char *name, const char *mode, const char *text)
{
	FILE *f = fopen(in(name), mode);
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void rename_to(const char *from, const char *to)
{
	char old[256];
	strcpy(old, in(from));
	assert_int_equal(rename(old, in(to)), 0);
}

static void random_of(uint8_t out[32], uint8_t octet)
{
	memset(out, octet, 32);
}

static bool has_number(struct keylog *k, uint32_t number)
{
	uint8_t client_random[32] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
	return keylog_find(k, client_random) != NULL;
}

static bool has(struct keylog *k, uint8_t octet)
{
	uint8_t client_random[32];
	random_of(client_random, octet);
	return keylog_find(k, client_random) != NULL;
}

static int open_directory(void **state)
{
	strcpy(directory + sizeof(directory) - 7, "XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int close_directory(void **state)
{
	char command[300];
	snprintf(command, sizeof(command), "rm -rf '%s'", directory);
	return system(command);
}

static void a_file_that_grows(void **state)
{
	struct keylog *k;
	uint8_t client_random[32];

	put("log", "w", "# a comment\n" S " " R1 " " AB "\n");
	assert_int_equal(keylog_open(&k, in("log")), 0);
	assert_true(has(k, 0x11));
	assert_false(has(k, 0x22));
	put("log", "a", S " " R2 " " AB "\n" S " " R3 " ");
	assert_true(has(k, 0x22));
	assert_false(has(k, 0x33));
	// Half of a longer secret looks like a whole one; its end makes it right.
	put("log", "a", AB);
	assert_true(has(k, 0x33));
	put("log", "a", "abABabABabABabABabABabABabABabAB");
	assert_false(has(k, 0x44));
	random_of(client_random, 0x33);
	assert_int_equal(keylog_find(k, client_random)->server_len, 48);
	put("log", "a", "\n");
	assert_false(has(k, 0x44));
	assert_int_equal(keylog_find(k, client_random)->server_len, 48);
	assert_int_equal(keylog_counts(k).lines, 3);
	assert_int_equal(keylog_counts(k).kept, 3);
	assert_int_equal(keylog_counts(k).malformed, 0);
	keylog_close(&k);
}

// Read again from the start: cut short, replaced, or written anew and longer than before.
static void a_file_that_is_not_the_same(void **state)
{
	struct keylog *k;

	put("log", "w", S " " R1 " " AB "\n" C " " R1 " " AB "\n" S " 44");
	assert_int_equal(keylog_open(&k, in("log")), 0);
	put("log", "w", S " " R2 " " AB "\n");
	assert_true(has(k, 0x22));
	assert_true(has(k, 0x11));
	rename_to("log", "log.1");
	assert_false(has(k, 0x33)); // there is none at the moment
	put("log", "w", S " " R3 " " AB "\n");
	assert_true(has(k, 0x33));
	put("log", "w", S " " R4 " " AB "\n" S " " R1 " " AB "\n");
	assert_true(has(k, 0x44));
	assert_int_equal(keylog_counts(k).malformed, 0);
	keylog_close(&k);
}

static void a_directory(void **state)
{
	struct keylog *k;

	put("a", "w", S " " R1 " " AB "\n");
	put(".hidden", "w", S " " R9 " " AB "\n");
	assert_int_equal(keylog_open(&k, directory), 0);
	assert_true(has(k, 0x11));
	put("b", "w", S " " R2 " " AB "\n");
	assert_true(has(k, 0x22));
	put("a", "a", S " " R3 " " AB "\n");
	assert_true(has(k, 0x33));
	// Rotated: what is known stays known, the rest of the old file is still read.
	rename_to("a", "a.1");
	put("a", "w", S " " R4 " " AB "\n");
	put("a.1", "a", S " " R5 " " AB "\n");
	assert_true(has(k, 0x44) && has(k, 0x55));
	assert_int_equal(keylog_counts(k).lines, 5);
	unlink(in("b"));
	assert_true(has(k, 0x22));
	assert_false(has(k, 0x99));
	keylog_close(&k);
}

// Nothing that is not a file is opened, nothing blocks, and the rest is read all the same.
static void what_else_lies_there(void **state)
{
	struct keylog *k;

	assert_int_equal(mkfifo(in("fifo"), 0600), 0);
	assert_int_equal(keylog_open(&k, in("fifo")), -EINVAL);
	assert_int_equal(keylog_open(&k, "/dev/null"), -EINVAL);
	assert_int_equal(keylog_open(&k, in("none")), -ENOENT);
	assert_int_equal(mkdir(in("sub"), 0700), 0);
	put("sub/log", "w", S " " R1 " " AB "\n");
	assert_int_equal(symlink("fifo", in("link-to-fifo")), 0);
	assert_int_equal(symlink("nowhere", in("link-to-nothing")), 0);
	assert_int_equal(symlink("sub/log", in("link-to-log")), 0);
	assert_int_equal(symlink("link-to-itself", in("link-to-itself")), 0);
	put("unreadable", "w", S " " R2 " " AB "\n");
	assert_int_equal(chmod(in("unreadable"), 0), 0);
	assert_int_equal(keylog_open(&k, directory), 0);
	assert_true(has(k, 0x11));
	assert_int_equal(has(k, 0x22), geteuid() == 0);
	assert_int_equal(chmod(in("unreadable"), 0600), 0);
	assert_true(has(k, 0x22));
	// A file that became a FIFO.
	unlink(in("unreadable"));
	assert_int_equal(mkfifo(in("unreadable"), 0600), 0);
	assert_false(has(k, 0x33));
	keylog_close(&k);
	// The same for one file.
	assert_int_equal(keylog_open(&k, in("sub/log")), 0);
	unlink(in("sub/log"));
	assert_false(has(k, 0x33));
	assert_int_equal(mkfifo(in("sub/log"), 0600), 0);
	assert_false(has(k, 0x33));
	unlink(in("sub/log"));
	put("sub/log", "w", S " " R3 " " AB "\n");
	assert_true(has(k, 0x33));
	keylog_close(&k);
}

// More files than are read: the latest.
static void too_many_files(void **state)
{
	struct keylog *k;
	char name[16], line[256];

	for (int i = 0; i < KEYLOG_FILES_MAX + 20; i++) {
		snprintf(name, sizeof(name), "%03d", (i * 7) % (KEYLOG_FILES_MAX + 20));
		snprintf(line, sizeof(line), S " %08x%056x " AB "\n", atoi(name), 0);
		put(name, "w", line);
		struct timespec t[2] = {{.tv_sec = 1000000 + atoi(name)}, {.tv_sec = 1000000 + atoi(name)}};
		assert_int_equal(utimensat(AT_FDCWD, in(name), t, 0), 0);
	}
	assert_int_equal(keylog_open(&k, directory), 0);
	for (uint32_t i = 0; i < KEYLOG_FILES_MAX + 20; i++)
		assert_int_equal(has_number(k, i), i >= 20);
	keylog_close(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_file_that_grows, open_directory, close_directory),
		cmocka_unit_test_setup_teardown(a_file_that_is_not_the_same, open_directory, close_directory),
		cmocka_unit_test_setup_teardown(a_directory, open_directory, close_directory),
		cmocka_unit_test_setup_teardown(what_else_lies_there, open_directory, close_directory),
		cmocka_unit_test_setup_teardown(too_many_files, open_directory, close_directory),
	};
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

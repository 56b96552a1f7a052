// Where records go: whole, in order, never over an input, and with the first error kept.
#include "cli/writer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/source.h"

static char folder[] = "/tmp/postwacht-writer-XXXXXX";
static char input[128], output[128];
static struct source *source;

static void create(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static long size_of(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static int setup(void **state)
{
	const char *paths[] = {input}, *bad;
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(input, sizeof input, "%s/in.pcap", folder);
	snprintf(output, sizeof output, "%s/out.json", folder);
	create(input, "not much of a capture");
	return source_file_open(&source, &(struct source_file_config){.paths = paths, .n_paths = 1}, &bad);
}

static int teardown(void **state)
{
	source_close(&source);
	unlink(input);
	unlink(output);
	return rmdir(folder);
}

static void test_whole_and_in_order(void **state)
{
	enum { LINES = 100000 };
	struct writer *w;
	char line[32];
	long total = 0;
	create(output, "what stood here before");
	assert_int_equal(writer_open(&w, output, source), 0);
	for (int i = 0; i < LINES; i++) {
		int n = snprintf(line, sizeof line, "%d\n", i);
		total += n;
		assert_int_equal(writer_put(w, line, (size_t)n), 0);
	}
	assert_int_equal(writer_close(&w), 0);
	assert_null(w);
	assert_int_equal(size_of(output), total);
	FILE *f = fopen(output, "r");
	for (int i = 0; i < LINES; i++) {
		int got = -1;
		assert_int_equal(fscanf(f, "%d", &got), 1);
		assert_int_equal(got, i);
	}
	fclose(f);
}

static void test_longer_than_the_buffer(void **state)
{
	enum { LEN = 1024 * 1024 + 1 };
	struct writer *w;
	char *text = malloc(LEN);
	memset(text, 'x', LEN);
	assert_int_equal(writer_open(&w, output, source), 0);
	assert_int_equal(writer_put(w, text, LEN), 0);
	assert_int_equal(writer_close(&w), 0);
	assert_int_equal(size_of(output), LEN);
	free(text);
}

static void test_never_an_input(void **state)
{
	struct writer *w = NULL;
	char other[256];
	long before = size_of(input);
	assert_int_equal(writer_open(&w, input, source), -EEXIST);
	snprintf(other, sizeof other, "%s/../%s/in.pcap", folder, strrchr(folder, '/') + 1);
	assert_int_equal(writer_open(&w, other, source), -EEXIST);
	snprintf(other, sizeof other, "%s/link", folder);
	assert_int_equal(link(input, other), 0);
	assert_int_equal(writer_open(&w, other, source), -EEXIST);
	unlink(other);
	assert_int_equal(size_of(input), before);
}

static void test_no_room(void **state)
{
	struct writer *w;
	char text[4096] = "";
	int rc = 0;
	assert_int_equal(writer_open(&w, "/dev/full", source), 0);
	for (int i = 0; i < 1000 && rc == 0; i++)
		rc = writer_put(w, text, sizeof text);
	assert_int_equal(rc, -ENOSPC);
	assert_int_equal(writer_put(w, text, 1), -ENOSPC);
	assert_int_equal(writer_close(&w), -ENOSPC);
}

static void test_no_room_seen_at_the_end(void **state)
{
	struct writer *w;
	assert_int_equal(writer_open(&w, "/dev/full", source), 0);
	assert_int_equal(writer_put(w, "x", 1), 0);
	assert_int_equal(writer_close(&w), -ENOSPC);
}

static void test_cannot_open(void **state)
{
	struct writer *w = NULL;
	assert_int_equal(writer_open(&w, "/nonexistent/x", source), -ENOENT);
	assert_int_equal(writer_open(&w, folder, source), -EISDIR);
	assert_int_equal(writer_close(&w), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_and_in_order),
		cmocka_unit_test(test_longer_than_the_buffer),
		cmocka_unit_test(test_never_an_input),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_no_room_seen_at_the_end),
		cmocka_unit_test(test_cannot_open),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

// Several taps as one source: order, taps, frames, files, damage.
#include "tests/unit/capture/build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/postwacht-merge-XXXXXX";

// A capture with packets at these seconds, 0-terminated; `cut` octets are missing at its end.
static const char *capture(const char *name, const uint32_t *seconds, size_t cut)
{
	static char path[4][64];
	static int n;
	char *p = path[n++ % 4];
	struct build *b = calloc(1, sizeof(*b));
	build_pcap(b, 0xa1b2c3d4, 1);
	for (; *seconds; seconds++)
		build_pcap_record(b, *seconds, 0, 40, 40);
	snprintf(p, sizeof(path[0]), "%s/%s", folder, name);
	FILE *f = fopen(p, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(b->octets, 1, b->len - cut, f), b->len - cut);
	fclose(f);
	free(b);
	return p;
}

static size_t read_taps(const char *a, const char *b, char *order, struct source **s)
{
	const struct source_file_config taps[2] = {{&a, 1}, {&b, 1}};
	const char *bad;
	struct packet burst[PACKET_BURST];
	size_t n = 0;
	uint32_t frame[2] = {0};
	assert_int_equal(source_taps_open(s, taps, 2, &bad), 0);
	for (int got; (got = source_burst(*s, burst)) > 0;)
		for (int i = 0; i < got; i++) {
			const struct packet *p = &burst[i];
			assert_int_equal(p->seq, ++n);
			assert_int_equal(p->frame, ++frame[p->tap]);
			assert_int_equal(p->file, p->tap);
			for (uint32_t k = 0; k < p->len; k++) // the octets are still there
				assert_int_equal(p->data[k], k);
			*order++ = (char)('a' + p->tap);
		}
	*order = '\0';
	return n;
}

static void test_order(void **state)
{
	static const struct {
		const char *name;
		uint32_t a[8], b[8];
		const char *want;
	} rows[] = {
		{"in turn", {1, 3, 5}, {2, 4, 6}, "ababab"},
		{"at once: the first tap first", {1, 2}, {1, 2}, "abab"},
		{"one after the other", {1, 2}, {8, 9}, "aabb"},
		{"the other way round", {8, 9}, {1, 2}, "bbaa"},
		{"one of them empty", {0}, {1, 2}, "bb"},
		{"both", {0}, {0}, ""},
		{"a little out of order", {1, 4, 3, 5}, {2, 6}, "abaaab"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct source *s;
		char order[32];
		read_taps(capture("a", rows[i].a, 0), capture("b", rows[i].b, 0), order, &s);
		if (strcmp(order, rows[i].want) != 0)
			fail_msg("%s: %s, wanted %s", rows[i].name, order, rows[i].want);
		assert_int_equal(source_n_files(s), 2);
		source_close(&s);
	}
}

static void test_many(void **state)
{
	enum { N = BUILD_MARKS - 2 };
	static uint32_t a[N + 1], b[N + 1];
	static char order[2 * N + 1];
	struct source *s;
	for (uint32_t i = 0; i < N; i++) {
		a[i] = 2 * i + 1;
		b[i] = i % 7 ? 2 * i + 2 : 2 * i + 1;
	}
	assert_int_equal(read_taps(capture("a", a, 0), capture("b", b, 0), order, &s), 2 * N);
	uint64_t done, total;
	source_progress(s, &done, &total);
	assert_true(total && done == total);
	source_close(&s);
}

static void test_damage(void **state)
{
	const uint32_t seconds[] = {1, 2, 3, 0};
	struct source *s;
	struct source_damage d;
	char order[32];
	const char *a = capture("a", seconds, 0), *b = capture("b", seconds, 7);
	assert_int_equal(read_taps(a, b, order, &s), 5);
	assert_int_equal(source_damage(s, 0, &d), 0);
	assert_int_equal(d.file, 1);
	assert_string_equal(source_file_name(s, d.file), b);
	assert_string_equal(source_file_name(s, 0), a);
	assert_string_equal(source_file_name(s, 9), "");
	assert_true(source_damage(s, 1, &d) < 0);
	source_close(&s);
}

static void test_missing(void **state)
{
	const uint32_t seconds[] = {1, 0};
	const char *a = capture("a", seconds, 0), *none = "/nowhere/at/all", *bad;
	const struct source_file_config taps[2] = {{&a, 1}, {&none, 1}};
	struct source *s;
	assert_true(source_taps_open(&s, taps, 2, &bad) < 0);
	assert_null(s);
	assert_string_equal(bad, none);
	assert_true(source_taps_open(&s, taps, 0, &bad) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_missing),
	};
	if (!mkdtemp(folder))
		return 1;
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	char path[64];
	for (const char *name = "ab"; *name; name++) {
		snprintf(path, sizeof(path), "%s/%c", folder, *name);
		unlink(path);
	}
	rmdir(folder);
	return failed;
}

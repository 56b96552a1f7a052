// The cache on disk: what is written is read, replaced as a whole, by one at a time; what is newer wins.
#include "alerts/expect/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/alerts/expect/values.h"

static char folder[64];

static const char *in(const char *name)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static int setup(void **state)
{
	strcpy(folder, "/tmp/postwacht-cache-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int teardown(void **state)
{
	const char *const names[] = {"policy.json", "policy.json.new", "policy.lock"};
	for (size_t i = 0; i < 3; i++)
		unlink(in(names[i]));
	return rmdir(folder);
}

static struct store *open_store(void)
{
	struct store *s;
	assert_int_equal(store_open(&s, 4096, 4096), 0);
	return s;
}

static void put(struct store *s, const char *name, int64_t as_of_s, const char *why)
{
	struct policy_mx mx = {10, "mx.example"};
	struct policy_domain d = value_domain(name, &mx, 1);
	struct policy_host h = value_host("mx.example", NULL, 0);
	d.as_of_s = h.as_of_s = as_of_s;
	snprintf(d.why, sizeof d.why, "%s", why);
	assert_int_equal(store_put_domain(s, &d), 0);
	assert_int_equal(store_put_host(s, &h), 0);
}

static void save(struct store *s)
{
	struct cache *c;
	uint32_t left_out = 9;
	assert_int_equal(cache_open(&c, folder), 0);
	assert_int_equal(cache_write(c, s, &left_out), 0);
	assert_int_equal(left_out, 0);
	cache_close(&c);
	assert_null(c);
}

static struct store *load(bool want_there)
{
	char error[SNAPSHOT_ERROR];
	struct store *s = open_store();
	bool there;
	if (cache_read(folder, s, &there, error) != 0)
		fail_msg("%s", error);
	assert_int_equal(there, want_there);
	return s;
}

static void test_written_and_read(void **state)
{
	struct store *s = load(false), *back;
	struct stat st;
	mode_t mask = umask(0);
	assert_int_equal(store_counts(s).domains, 0);
	put(s, "a.example", 1000, "first");
	save(s);
	put(s, "a.example", 2000, "second");
	put(s, "b.example", 2000, "");
	save(s);
	umask(mask);
	back = load(true);
	assert_int_equal(store_counts(back).domains, 2);
	assert_string_equal(store_domain(back, "a.example")->why, "second");
	assert_int_equal(store_domain(back, "a.example")->as_of_s, 2000);
	assert_non_null(store_host(back, "mx.example"));
	assert_int_equal(stat(in("policy.json"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(access(in("policy.json.new"), F_OK), -1);
	store_close(&s);
	store_close(&back);
}

// What a crash left half written is in nobody's way, and nobody's link leads us elsewhere.
static void test_what_a_crash_left(void **state)
{
	struct store *s = open_store(), *back;
	assert_int_equal(symlink("/dev/full", in("policy.json.new")), 0);
	put(s, "a.example", 1000, "");
	save(s);
	back = load(true);
	assert_int_equal(store_counts(back).domains, 1);
	store_close(&s);
	store_close(&back);
}

static void test_damaged(void **state)
{
	char error[SNAPSHOT_ERROR];
	struct store *s = open_store();
	bool there;
	FILE *f = fopen(in("policy.json"), "w");
	assert_non_null(f);
	fputs("{\"version\":1,", f);
	fclose(f);
	assert_int_equal(cache_read(folder, s, &there, error), 1);
	assert_true(there && error[0] != '\0');
	assert_int_equal(store_counts(s).domains, 0);
	store_close(&s);
}

static void test_directories(void **state)
{
	struct cache *c;
	char path[128];
	snprintf(path, sizeof path, "%s/new", folder);
	assert_int_equal(cache_open(&c, path), 0);
	cache_close(&c);
	unlink(in("new/policy.lock"));
	assert_int_equal(rmdir(path), 0);
	snprintf(path, sizeof path, "%s/no/such", folder);
	assert_int_equal(cache_open(&c, path), -ENOENT);
	assert_null(c);
	assert_int_equal(cache_open(&c, "/dev/null"), -ENOTDIR);
}

// Eight processes, each adds its domain to what is there: with the lock none of them is lost.
static void test_one_at_a_time(void **state)
{
	enum { N = 8, ROUNDS = 10 };
	for (int i = 0; i < N; i++) {
		if (fork() != 0)
			continue;
		for (int k = 0; k < ROUNDS; k++) {
			struct cache *c;
			char name[32], error[SNAPSHOT_ERROR];
			uint32_t left_out;
			bool there;
			struct store *s;
			snprintf(name, sizeof name, "d%d-%d.example", i, k);
			if (cache_open(&c, folder) != 0 || store_open(&s, 256, 256) != 0 || cache_read(folder, s, &there, error) != 0)
				_exit(1);
			const struct policy_domain d = value_domain(name, NULL, 0);
			if (store_put_domain(s, &d) != 0 || cache_write(c, s, &left_out) != 0)
				_exit(1);
			cache_close(&c);
			store_close(&s);
		}
		_exit(0);
	}
	for (int i = 0; i < N; i++) {
		int status;
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	struct store *s = load(true);
	assert_int_equal(store_counts(s).domains, N * ROUNDS);
	store_close(&s);
}

static void test_newer_wins(void **state)
{
	struct store *s = open_store();
	put(s, "a.example", 2000, "have");
	struct cache_newer n = {.store = s};
	const struct snapshot_sink sink = cache_newer_sink(&n);
	static const struct {
		int64_t as_of_s;
		const char *want;
	} rows[] = {{1999, "have"}, {2000, "have"}, {2001, "new"}};
	for (size_t i = 0; i < 3; i++) {
		struct policy_domain d = value_domain("a.example", NULL, 0);
		struct policy_host h = value_host("mx.example", NULL, 0);
		d.as_of_s = h.as_of_s = rows[i].as_of_s;
		strcpy(d.why, "new");
		strcpy(h.why, "new");
		assert_int_equal(sink.domain(sink.ctx, &d), 0);
		assert_int_equal(sink.host(sink.ctx, &h), 0);
		assert_string_equal(store_domain(s, "a.example")->why, rows[i].want);
		assert_string_equal(store_host(s, "mx.example")->why, i == 2 ? "new" : "");
	}
	assert_int_equal(n.older, 4);
	assert_int_equal(n.domains + n.hosts, 2);
	store_close(&s);
}

// More than a document may have: what was put first is left out, what is left is read.
static void test_full(void **state)
{
	static uint8_t data[POLICY_TLSA_LEN];
	struct policy_tlsa records[POLICY_TLSA_MAX];
	struct store *s;
	char name[32], error[SNAPSHOT_ERROR];
	size_t len;
	uint32_t left_out;
	assert_int_equal(store_open(&s, 65536, 65536), 0);
	for (size_t i = 0; i < POLICY_TLSA_MAX; i++)
		records[i] = (struct policy_tlsa){.usage = 3, .len = POLICY_TLSA_LEN, .data = data};
	for (int i = 0; i < 160; i++) {
		snprintf(name, sizeof name, "mx%d.example", i);
		struct policy_host h = value_host(name, NULL, 0);
		value_records(&h, records, POLICY_TLSA_MAX, 1);
		assert_int_equal(store_put_host(s, &h), 0);
	}
	char *text = cache_text(s, true, &len, &left_out);
	assert_non_null(text);
	assert_int_equal(left_out, 80); // 95 fit, and it is eighths of 160 that are left out
	struct store *back = open_store();
	const struct snapshot_sink sink = {store_put_domain, store_put_host, back};
	assert_int_equal(snapshot_read(text, len, &sink, error), 0);
	assert_non_null(store_host(back, "mx159.example"));
	assert_null(store_host(back, "mx79.example"));
	assert_true(store_counts(back).hosts > 0);
	free(text);
	store_close(&s);
	store_close(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_written_and_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_a_crash_left, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_directories, setup, teardown),
		cmocka_unit_test_setup_teardown(test_one_at_a_time, setup, teardown),
		cmocka_unit_test(test_newer_wins),
		cmocka_unit_test(test_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

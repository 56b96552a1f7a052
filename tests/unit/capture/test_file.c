// Files as a source: lists of them, directories, gzip, standard input, progress, and what cannot be opened.
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

#include "tests/unit/capture/build.h"

// ---- a directory to read -------------------------------------------------------------------------------------

static char root[] = "test-capture-XXXXXX"; // below the working directory, which is the build's

static int enter_directory(void **state)
{
	return mkdtemp(root) && chdir(root) == 0 ? 0 : -1;
}

static int leave_directory(void **state)
{
	char command[64];
	snprintf(command, sizeof(command), "rm -rf %s", root);
	return chdir("..") == 0 && system(command) == 0 ? 0 : -1;
}

static void put_file(const char *name, const void *p, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, len), len);
	close(fd);
}

// A capture of `n` packets, each `len` octets.
static struct build *build_plain(uint32_t n, uint32_t len)
{
	struct build *b = calloc(1, sizeof(*b));
	build_pcap(b, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < n; i++) {
		b->n_marks = 0;
		build_pcap_record(b, i, 0, len, len);
	}
	return b;
}

static void put_capture(const char *name, uint32_t n)
{
	struct build *b = build_plain(n, 20);
	put_file(name, b->octets, b->len);
	free(b);
}

static void read_one(struct result *r, const char *path)
{
	result_read(r, &path, 1);
}

static void directories_are_read_in_name_order(void **state)
{
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(mkdir("d/m", 0700), 0);
	assert_int_equal(mkdir("d/m/deep", 0700), 0);
	put_capture("d/b", 2);
	put_capture("d/m/deep/x", 4);
	put_capture("d/m/a", 3);
	put_capture("d/z", 5);
	put_capture("d/a", 1);
	assert_int_equal(symlink("..", "d/m/loop"), 0);
	assert_int_equal(symlink("nowhere", "d/dangling"), 0);
	assert_int_equal(mkfifo("d/fifo", 0600), 0);

	static const char *const want[] = {"d/a", "d/b", "d/m/a", "d/m/deep/x", "d/z"};
	static const uint32_t want_n[] = {1, 2, 3, 4, 5};
	const char *path = "d", *bad_path;
	struct source *s;
	assert_int_equal(source_file_open(&s, &(struct source_file_config){&path, 1}, &bad_path), 0);
	assert_int_equal(source_n_files(s), 5);
	for (uint16_t i = 0; i < 5; i++)
		assert_string_equal(source_file_name(s, i), want[i]);
	assert_string_equal(source_file_name(s, 5), "");
	source_close(&s);

	struct result r;
	read_one(&r, "d");
	assert_int_equal(r.n_damages, 0);
	size_t at = 0;
	for (uint16_t file = 0; file < 5; file++) {
		for (uint32_t frame = 1; frame <= want_n[file]; frame++, at++) {
			assert_int_equal(r.packets[at].file, file);
			assert_int_equal(r.packets[at].frame, frame);
		}
	}
	assert_int_equal(r.n, at);
}

static void what_is_no_capture_is_told_only_when_it_should_be_one(void **state)
{
	static const struct {
		const char *name, *octets;
		size_t len;
		bool told_in_directory;
	} rows[] = {
		{"README", "hello, world", 12, false},
		{"empty", "", 0, false},
		{"short", "\xd4", 1, false},
		{"trace.snoop", "snoop\0\0\0", 8, false},
		{"empty.pcap", "", 0, true},
		{"text.pcapng.gz", "hello", 5, true},
		{"solaris.cap", "snoop\0\0\0", 8, true},
		{"begins-like-one", "\xd4\xc3\xb2\xa1\2\0", 6, true},
		{"begins-like-the-other", "\n\r\r\n\0\0", 6, true},
	};
	assert_int_equal(mkdir("n", 0700), 0);
	size_t n_told = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[64];
		struct result r;
		snprintf(name, sizeof(name), "n/%s", rows[i].name);
		put_file(name, rows[i].octets, rows[i].len);
		read_one(&r, name);
		if (r.n_damages != 1 || r.damages[0].offset != 0)
			fail_msg("%s is not told", name);
		n_told += rows[i].told_in_directory;
		read_one(&r, "n");
		if (r.n_damages != n_told)
			fail_msg("%s in a directory", name);
	}
}

static void damage_in_one_file_does_not_stop_the_next(void **state)
{
	struct build *b = build_plain(3, 20);
	put_file("cut", b->octets, b->len - 1);
	free(b);
	put_capture("whole", 4);
	static const char *const paths[] = {"cut", "whole", "cut", "whole"};
	struct result r;
	result_read(&r, paths, 4);
	assert_int_equal(r.n, 12);
	assert_int_equal(r.n_damages, 2);
	assert_int_equal(r.damages[1].file, 2);
	assert_int_equal(r.damages[1].offset, 24 + 2 * 36);
}

static void a_file_that_went_away_is_damage(void **state)
{
	put_capture("going", 1);
	put_capture("staying", 2);
	static const char *const paths[] = {"going", "staying"};
	const char *bad_path;
	struct source *s;
	struct packet burst[PACKET_BURST];
	struct source_damage d;
	assert_int_equal(source_file_open(&s, &(struct source_file_config){paths, 2}, &bad_path), 0);
	unlink("going");
	assert_int_equal(source_burst(s, burst), 2);
	assert_int_equal(source_burst(s, burst), SOURCE_END);
	assert_int_equal(source_damage(s, 0, &d), 0);
	assert_int_equal(d.file, 0);
	assert_string_equal(d.reason, "No such file or directory");
	assert_int_equal(source_damage(s, 1, &d), -ENOENT);
	source_close(&s);
}

static void what_cannot_be_used_is_refused_at_once(void **state)
{
	put_capture("good", 1);
	static const struct {
		const char *paths[2];
		int want;
	} rows[] = {
		{{"good", "absent"}, -ENOENT},
		{{"good", "good/below"}, -ENOTDIR},
		{{"good", ""}, -ENOENT},
		{{"-", "-"}, -EINVAL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct source *s;
		const char *bad_path;
		assert_int_equal(source_file_open(&s, &(struct source_file_config){rows[i].paths, 2}, &bad_path), rows[i].want);
		assert_null(s);
		assert_ptr_equal(bad_path, rows[i].paths[1]);
	}
}

static void progress_goes_from_nothing_to_all(void **state)
{
	struct build *b = build_plain(100, 50);
	static uint8_t packed[BUILD_MAX];
	size_t packed_len = build_gzip(b->octets, b->len, 0, packed, sizeof(packed));
	put_file("p1", b->octets, b->len);
	put_file("p2.gz", packed, packed_len);
	static const char *const paths[] = {"p1", "p2.gz"};
	const char *bad_path;
	struct source *s;
	struct packet burst[PACKET_BURST];
	uint64_t done, total, before = 0;
	assert_int_equal(source_file_open(&s, &(struct source_file_config){paths, 2}, &bad_path), 0);
	source_progress(s, &done, &total);
	assert_int_equal(done, 0);
	assert_int_equal(total, b->len + packed_len);
	while (source_burst(s, burst) > 0) {
		source_progress(s, &done, &total);
		assert_true(done >= before && done <= total);
		before = done;
	}
	source_progress(s, &done, &total);
	assert_int_equal(done, total);
	source_close(&s);
	free(b);
}

// ---- streams -------------------------------------------------------------------------------------------------

static void gzip_members_and_padding_are_one_stream(void **state)
{
	struct build *b = build_plain(40, 30);
	static uint8_t packed[4 * BUILD_MAX];
	static const size_t member_lens[] = {0, 1, 2, 3, 24, 1000};
	for (size_t i = 0; i < sizeof(member_lens) / sizeof(member_lens[0]); i++) {
		size_t len = build_gzip(b->octets, b->len, member_lens[i], packed, sizeof(packed));
		memset(packed + len, 0, 100);
		struct result r;
		result_of_file(&r, packed, len);
		assert_int_equal(r.n + 1000 * r.n_damages, 40);
		result_of_file(&r, packed, len + 100);
		assert_int_equal(r.n + 1000 * r.n_damages, 40);
		result_of_pipe(&r, packed, len + 100, 7);
		assert_int_equal(r.n + 1000 * r.n_damages, 40);
	}
	free(b);
}

static void gzip_cut_anywhere_gives_what_came_before(void **state)
{
	struct build *b = build_plain(5, 30);
	static uint8_t packed[BUILD_MAX];
	size_t len = build_gzip(b->octets, b->len, 0, packed, sizeof(packed)), last_n = 0;
	for (size_t cut = 0; cut < len; cut++) {
		struct result r;
		result_of_file(&r, packed, cut);
		assert_int_equal(r.n_damages, 1);
		assert_true(r.n >= last_n && r.n <= 5);
		assert_true(r.damages[0].offset == 24 + r.n * 46 || (r.n == 0 && r.damages[0].offset == 0));
		if (cut >= 3)
			assert_string_equal(r.damages[0].reason, "truncated gzip data");
		last_n = r.n;
	}
	assert_int_equal(last_n, 5); // only the checksum was missing
	packed[len - 8] ^= 1;
	struct result r;
	result_of_file(&r, packed, len);
	assert_int_equal(r.n, 5);
	assert_int_equal(r.n_damages, 1);
	assert_string_equal(r.damages[0].reason, "damaged gzip data");
	assert_int_equal(r.damages[0].offset, b->len);
	free(b);
}

static void standard_input_is_read(void **state)
{
	struct build *b = build_plain(50, 40);
	int fds[2], saved = dup(STDIN_FILENO);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], b->octets, b->len), b->len);
	close(fds[1]);
	dup2(fds[0], STDIN_FILENO);
	struct result r;
	read_one(&r, "-");
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(fds[0]);
	assert_int_equal(r.n, 50);
	assert_int_equal(r.n_damages, 0);
	free(b);
}

// Packets of the greatest length, more of them than any buffer holds: the window must slide, and a burst must stay
// valid (result_read() looks at every octet of it).
static void the_window_slides_under_long_packets(void **state)
{
	enum { N = 40 };
	const uint32_t len = 262144 + 65536;
	struct build *head = build_plain(0, 0);
	uint8_t *octets = malloc(24 + N * (16 + (size_t)len));
	size_t at = head->len;
	memcpy(octets, head->octets, at);
	for (int i = 0; i < N; i++) {
		uint32_t n = i % 3 ? len : 100, record[4] = {1, 2, n, n};
		memcpy(octets + at, record, sizeof(record));
		at += sizeof(record);
		for (uint32_t k = 0; k < n; k++)
			octets[at++] = (uint8_t)k;
	}
	struct result r;
	result_of_file(&r, octets, at);
	assert_int_equal(r.n + 1000 * r.n_damages, N);
	result_of_pipe(&r, octets, at, 100000);
	assert_int_equal(r.n + 1000 * r.n_damages, N);
	size_t room = at / 2;
	uint8_t *packed = malloc(room);
	result_of_file(&r, packed, build_gzip(octets, at, 1 << 20, packed, room));
	assert_int_equal(r.n + 1000 * r.n_damages, N);
	free(packed);
	free(octets);
	free(head);
}

// A block nobody knows, longer than the window, is passed over in a stream as in a file.
static void long_unknown_blocks_are_passed_over(void **state)
{
	const uint32_t len = 3 * 1024 * 1024;
	struct build *b = calloc(1, sizeof(*b));
	build_section(b, false);
	build_interface(b, 1, 0);
	size_t front = b->len;
	build_enhanced(b, 0, 1, 10, 10);
	uint8_t *octets = calloc(1, b->len + len);
	uint32_t head[2] = {0x40000001, len};
	memcpy(octets, b->octets, front);
	memcpy(octets + front, head, sizeof(head));
	memcpy(octets + front + len - 4, &len, 4);
	memcpy(octets + front + len, b->octets + front, b->len - front);
	for (int spoilt = 0; spoilt < 2; spoilt++) {
		struct result by_file, by_pipe;
		result_of_file(&by_file, octets, b->len + len);
		result_of_pipe(&by_pipe, octets, b->len + len, 65536);
		assert_int_equal(by_file.n, 1 - spoilt);
		assert_int_equal(by_pipe.n, 1 - spoilt);
		assert_int_equal(by_file.n_damages, spoilt);
		assert_int_equal(by_pipe.n_damages, spoilt);
		if (spoilt)
			assert_true(by_file.damages[0].offset == front && by_pipe.damages[0].offset == front);
		octets[front + len - 4] ^= 4;
	}
	free(octets);
	free(b);
}

// ---- by name -------------------------------------------------------------------------------------------------

static void a_prefix_chooses_the_source(void **state)
{
	put_capture("named", 2);
	struct source *s;
	struct packet burst[PACKET_BURST];
	const char *reason = NULL;
	assert_int_equal(source_open(&s, "file:named", &reason), 0);
	assert_int_equal(source_burst(s, burst), 2);
	source_close(&s);
	static const char *const refused[] = {"file:absent", "nonsense:eth0", ""};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		reason = NULL;
		assert_true(source_open(&s, refused[i], &reason) < 0);
		assert_null(s);
		assert_non_null(reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(directories_are_read_in_name_order),
		cmocka_unit_test(what_is_no_capture_is_told_only_when_it_should_be_one),
		cmocka_unit_test(damage_in_one_file_does_not_stop_the_next),
		cmocka_unit_test(a_file_that_went_away_is_damage),
		cmocka_unit_test(what_cannot_be_used_is_refused_at_once),
		cmocka_unit_test(progress_goes_from_nothing_to_all),
		cmocka_unit_test(gzip_members_and_padding_are_one_stream),
		cmocka_unit_test(gzip_cut_anywhere_gives_what_came_before),
		cmocka_unit_test(standard_input_is_read),
		cmocka_unit_test(the_window_slides_under_long_packets),
		cmocka_unit_test(long_unknown_blocks_are_passed_over),
		cmocka_unit_test(a_prefix_chooses_the_source),
	};
	return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}

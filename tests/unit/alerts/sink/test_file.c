// A file: whole lines whatever happened before, names that move, what is refused, and the newest stamps in it.
#include "alerts/sink/file_private.h"
#include "alerts/sink/file_tail.h"
#include "alerts/sink/stamp.h"

#include "tests/unit/alerts/sink/file_fixture.h"

#include <sys/resource.h>

static void plain(void **state)
{
	const struct sink_config c = config_of(sink_path("eve.json"));
	struct sink *s = opened(&c);
	struct stat st;
	const struct sink_message m[] = {sink_text("{\"a\":1}", 1), sink_text("two\nlines", 2), sink_text("{\"a\":2}", 3)};
	uint64_t refused = 0;
	assert_int_equal(ops->send(s, m, 3, &refused), 3);
	assert_int_equal(refused, 1);
	sink_holds(c.path, "{\"a\":1}\n{\"a\":2}\n");
	assert_int_equal(stat(c.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	ops->destroy(&s);
	assert_null(s);
	s = opened(&c); // again: behind what there is
	assert_int_equal(put(s, "{\"a\":3}"), 1);
	sink_holds(c.path, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
	ops->destroy(&s);
}

static void a_torn_end_is_mended(void **state)
{
	static const struct {
		const char *name, *there, *want;
		size_t zeros;
	} rows[] = {
		{"half a record", "{\"a\":1}\n{\"b\":", "{\"a\":1}\n", 0},
		{"one octet", "{\"a\":1}\n{", "{\"a\":1}\n", 0},
		{"half of the first record", "{\"a\":", "", 0},
		{"half a CEF", "CEF:0|x\nCEF:0|y", "CEF:0|x\n", 0},
		{"zeros", "{\"a\":1}\n", "{\"a\":1}\n", 5000},
		{"half a record and zeros", "{\"a\":1}\n{\"b\":", "{\"a\":1}\n", 400000},
		{"only zeros", "", "", 700},
		{"whole", "{\"a\":1}\n", "{\"a\":1}\n", 0},
		{"empty", "", "", 0},
		{"somebody else's last words", "{\"a\":1}\nhello", "{\"a\":1}\nhello\n", 0},
		{"somebody else's file", "key: value", "key: value\n", 0},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char name[32], *zeros = calloc(1, rows[i].zeros + 1);
		snprintf(name, sizeof name, "torn-%zu", i);
		const struct sink_config c = config_of(sink_path(name));
		sink_write(c.path, rows[i].there, strlen(rows[i].there));
		sink_write(c.path, zeros, rows[i].zeros);
		struct sink *s = opened(&c);
		sink_holds(c.path, rows[i].want);
		struct stat st;
		assert_int_equal(stat(c.path, &st), 0);
		assert_int_equal(st.st_size, strlen(rows[i].want));
		ops->destroy(&s);
		free(zeros);
	}
}

// What the path leads to by mistake: its zeros are its own.
static void another_file_is_not_cut(void **state)
{
	static const char *const begins[] = {"PACK", "PACK\n", "{\"a\":1}\nPACK", "{\"a\":1}\nPACK\n"};
	static const char zeros[5000];
	for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
		char name[32];
		snprintf(name, sizeof name, "other-%zu", i);
		const struct sink_config c = config_of(sink_path(name));
		sink_write(c.path, begins[i], strlen(begins[i]));
		sink_write(c.path, zeros, sizeof zeros);
		struct sink *s = opened(&c);
		ops->destroy(&s);
		char *got = sink_slurp(c.path);
		struct stat st;
		assert_int_equal(stat(c.path, &st), 0);
		assert_int_equal(st.st_size, strlen(begins[i]) + sizeof zeros + 1); // and a line ends
		assert_memory_equal(got, begins[i], strlen(begins[i]));
		assert_int_equal(got[st.st_size - 1], '\n');
		free(got);
	}
}

static void cut_at_every_octet(void **state)
{
	static const char all[] = "{\"a\":1}\n{\"bb\":22}\n{\"c\":3}\n";
	for (size_t len = 0; len < sizeof all; len++) {
		const struct sink_config c = config_of(sink_path("every"));
		unlink(c.path);
		sink_write(c.path, all, len);
		struct sink *s = opened(&c);
		assert_int_equal(put(s, "{\"z\":0}"), 1);
		char want[64];
		size_t whole = len;
		while (whole > 0 && all[whole - 1] != '\n')
			whole--;
		snprintf(want, sizeof want, "%.*s{\"z\":0}\n", (int)whole, all);
		sink_holds(c.path, want);
		ops->destroy(&s);
	}
}

static void opened_again_when_told_or_removed(void **state)
{
	const struct sink_config c = config_of(sink_path("eve.json"));
	struct sink *s = opened(&c);
	assert_int_equal(put(s, "1"), 1);
	assert_int_equal(rename(c.path, sink_path("old")), 0);
	assert_int_equal(put(s, "2"), 1); // as logrotate expects
	ops->reopen(s);
	assert_int_equal(put(s, "3"), 1);
	sink_holds(sink_path("old"), "1\n2\n");
	sink_holds(c.path, "3\n");
	assert_int_equal(unlink(c.path), 0); // nobody would ever read what is written there
	assert_int_equal(put(s, "4"), 1);
	sink_holds(c.path, "4\n");
	assert_int_equal(truncate(c.path, 0), 0); // copytruncate
	assert_int_equal(put(s, "5"), 1);
	sink_holds(c.path, "5\n");
	ops->destroy(&s);
}

// ---- trouble -----------------------------------------------------------------------------------------------------

static void what_is_no_file(void **state)
{
	static const struct {
		const char *name;
		uint32_t mib, keep;
		int want;
		const char *words;
	} rows[] = {
		{"none/eve.json", 0, 1, -ENOENT, "No such file"},
		{"directory", 0, 1, -EISDIR, "neither a file nor a pipe"},
		{"pipe", 1, 1, -ESPIPE, "cannot be rotated"},
		{"eve.json", 1, 0, -EINVAL, "at least one"},
	};
	assert_int_equal(mkdir(sink_path("directory"), 0755), 0);
	assert_int_equal(mkfifo(sink_path("pipe"), 0600), 0);
	int reader = open(sink_path("pipe"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sink_config c = config_of(sink_path(rows[i].name));
		struct sink *s;
		c.rotate_mib = rows[i].mib;
		c.rotate_keep = rows[i].keep;
		assert_int_equal(ops->prepare(&s, &c, &sink_env), rows[i].want);
		assert_null(s);
		assert_non_null(strstr(sink_said, rows[i].words));
	}
	close(reader);
}

static void a_pipe_waits_for_its_reader(void **state)
{
	const struct sink_config c = config_of(sink_path("pipe"));
	struct sink *s;
	char room[64] = "";
	assert_int_equal(mkfifo(c.path, 0600), 0);
	assert_int_equal(ops->prepare(&s, &c, &sink_env), 0); // trouble that may pass
	assert_int_equal(ops->open(s), -ENXIO);
	assert_non_null(strstr(sink_said, "nobody reads"));
	int reader = open(c.path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(ops->open(s), 0);
	assert_int_equal(put(s, "1"), 1);
	assert_int_equal(read(reader, room, sizeof room), 2);
	assert_string_equal(room, "1\n");
	close(reader);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(put(s, "2"), -EPIPE);
	ops->destroy(&s);
}

static void one_writer_at_a_time(void **state)
{
	const struct sink_config c = config_of(sink_path("eve.json"));
	struct sink *s = opened(&c), *other;
	assert_int_equal(ops->prepare(&other, &c, &sink_env), 0);
	assert_int_equal(ops->open(other), -EBUSY);
	ops->destroy(&s);
	assert_int_equal(ops->open(other), 0);
	ops->destroy(&other);
}

// There is room for one line and a half: the one stays and counts, the half does not.
static void no_room_in_the_middle(void **state)
{
	const struct sink_config c = config_of(sink_path("eve.json"));
	struct sink *s = opened(&c);
	const struct sink_message m[] = {sink_text("{\"a\":1}", 1), sink_text("{\"a\":2}", 2), sink_text("{\"a\":3}", 3)};
	struct rlimit before, few;
	uint64_t refused = 0;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	few = before;
	few.rlim_cur = 8 + 4;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
	int first = ops->send(s, m, 3, &refused), then = ops->send(s, m + 1, 2, &refused);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(first, 1);
	assert_int_equal(then, -EFBIG);
	assert_non_null(strstr(sink_said, "File too large"));
	sink_holds(c.path, "{\"a\":1}\n");
	ops->close(s);
	assert_int_equal(ops->open(s), 0);
	assert_int_equal(ops->send(s, m + 1, 2, &refused), 2);
	sink_holds(c.path, "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n");
	ops->destroy(&s);
}

// Opened with rights that are gone: the descriptor is still good, as long as the name leads to it.
static void opened_with_rights_that_are_gone(void **state)
{
	if (geteuid() != 0)
		skip();
	const struct sink_config c = config_of(sink_path("eve.json"));
	struct sink *s = opened(&c);
	assert_int_equal(chmod(sink_dir, 0711), 0);
	assert_int_equal(seteuid(65534), 0);
	ops->close(s);
	int again = ops->open(s), wrote = put(s, "1");
	ops->reopen(s);
	int followed = put(s, "2");
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(again, 0);
	assert_int_equal(wrote, 1);
	assert_int_equal(followed, 1);
	sink_holds(c.path, "1\n2\n");
	ops->close(s);
	assert_int_equal(rename(c.path, sink_path("old")), 0);
	sink_write(c.path, "", 0);
	assert_int_equal(seteuid(65534), 0);
	again = ops->open(s);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(again, -EACCES);
	ops->destroy(&s);
}

static void a_new_file_belongs_to_whom_its_directory_does(void **state)
{
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(sink_path("logs"), 0750), 0);
	assert_int_equal(chown(sink_path("logs"), 65534, 4), 0);
	const struct sink_config c = config_of(sink_path("logs/eve.json"));
	struct sink *s = opened(&c);
	struct stat st;
	assert_int_equal(stat(c.path, &st), 0);
	assert_int_equal(st.st_uid, 65534);
	assert_int_equal(st.st_gid, 4);
	assert_int_equal(st.st_mode & 07777, 0640);
	ops->destroy(&s);
}

// ---- stamps ------------------------------------------------------------------------------------------------------

static uint8_t chain[OUTBOX_LANES][OUTBOX_HASH];

static size_t stamped(char *out, enum outbox_lane lane, uint64_t seq, size_t fill_len)
{
	static char line[RECORD_LEN_MAX];
	int len = snprintf(line, sizeof line, "{\"event_type\":\"%s\",\"fill\":\"%*s\",\"smtp_tls\":{\"v\":1}}",
		lane == OUTBOX_ALERTS ? "alert" : "smtp", (int)fill_len, "");
	size_t n = stamp_write(out, line, (size_t)len, 1790000000, seq, chain[lane]);
	assert_true(n > 0);
	out[n] = '\n';
	return n + 1;
}

static void put_stamped(const char *path, enum outbox_lane lane, uint64_t first, uint64_t last, size_t fill_len)
{
	char line[RECORD_LEN_MAX + STAMP_MAX + 1];
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	for (uint64_t seq = first; seq <= last; seq++) {
		size_t len = stamped(line, lane, seq, fill_len);
		assert_int_equal(write(fd, line, len), len);
	}
	close(fd);
}

static int64_t newest(struct sink *s, enum outbox_lane lane)
{
	uint64_t epoch = 0, seq = 0;
	uint8_t link[OUTBOX_HASH];
	if (!ops->newest(s, lane, &epoch, &seq, link))
		return -1;
	assert_int_equal(epoch, 1790000000);
	assert_memory_equal(link, chain[lane], OUTBOX_HASH);
	return (int64_t)seq;
}

static void the_newest_of_each_lane(void **state)
{
	struct sink_config c = config_of(sink_path("eve.json"));
	struct sink *s = opened(&c);
	assert_int_equal(newest(s, OUTBOX_ALERTS), -1);
	put_stamped(c.path, OUTBOX_ALERTS, 1, 3, 10);
	put_stamped(c.path, OUTBOX_SESSIONS, 1, 700, 1000); // several chunks, lines across their edges
	sink_write(c.path, "not ours\n\n{\"epoch\":1,\"seq\":999}\n", 32);
	assert_int_equal(newest(s, OUTBOX_ALERTS), 3);
	assert_int_equal(newest(s, OUTBOX_SESSIONS), 700);
	ops->destroy(&s);
	c.format = FORMAT_ECS;
	s = opened(&c);
	assert_int_equal(newest(s, OUTBOX_ALERTS), -1);
	ops->destroy(&s);
}

static void the_newest_is_in_the_file_before(void **state)
{
	const struct sink_config c = config_of(sink_path("eve.json"));
	put_stamped(sink_path("eve.json.1"), OUTBOX_ALERTS, 1, 5, 10);
	put_stamped(sink_path("eve.json.1"), OUTBOX_SESSIONS, 1, 6, 10);
	struct sink *s = opened(&c);
	assert_int_equal(newest(s, OUTBOX_ALERTS), 5);
	put_stamped(c.path, OUTBOX_SESSIONS, 7, 8, 10);
	assert_int_equal(newest(s, OUTBOX_ALERTS), 5);
	assert_int_equal(newest(s, OUTBOX_SESSIONS), 8);
	ops->destroy(&s);
}

// A power cut: what is behind the hole has arrived and what was in it has not. It is all written again.
static void behind_a_hole_nothing_counts(void **state)
{
	const struct sink_config c = config_of(sink_path("eve.json"));
	uint8_t before[OUTBOX_HASH];
	char zeros[4096] = {0};
	put_stamped(c.path, OUTBOX_ALERTS, 1, 4, 10);
	put_stamped(c.path, OUTBOX_SESSIONS, 1, 4, 10);
	memcpy(before, chain[OUTBOX_SESSIONS], sizeof before);
	sink_write(c.path, zeros, sizeof zeros);
	put_stamped(c.path, OUTBOX_SESSIONS, 6, 300, 1000);
	memcpy(chain[OUTBOX_SESSIONS], before, sizeof before);
	struct sink *s = opened(&c);
	assert_int_equal(newest(s, OUTBOX_SESSIONS), 4);
	assert_int_equal(newest(s, OUTBOX_ALERTS), 4);
	ops->destroy(&s);
}

static void no_further_back_than_its_bound(void **state)
{
	const struct sink_config c = config_of(sink_path("eve.json"));
	put_stamped(c.path, OUTBOX_ALERTS, 1, 1, 10);
	put_stamped(c.path, OUTBOX_SESSIONS, 1, 2800, 6000);
	struct sink *s = opened(&c);
	assert_int_equal(newest(s, OUTBOX_SESSIONS), 2800);
	assert_int_equal(newest(s, OUTBOX_ALERTS), -1);
	ops->destroy(&s);
	static char endless[400000];
	memset(endless, 'e', sizeof endless);
	sink_write(c.path, endless, sizeof endless); // a line that is none of ours
	sink_write(c.path, "\n", 1);
	s = opened(&c);
	assert_int_equal(newest(s, OUTBOX_SESSIONS), -1);
	ops->destroy(&s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, sink_setup, sink_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain), TEST(a_torn_end_is_mended), TEST(cut_at_every_octet), TEST(another_file_is_not_cut),
		TEST(opened_again_when_told_or_removed), TEST(what_is_no_file), TEST(a_pipe_waits_for_its_reader), TEST(one_writer_at_a_time),
		TEST(no_room_in_the_middle), TEST(opened_with_rights_that_are_gone), TEST(a_new_file_belongs_to_whom_its_directory_does),
		TEST(the_newest_of_each_lane), TEST(the_newest_is_in_the_file_before), TEST(behind_a_hole_nothing_counts),
		TEST(no_further_back_than_its_bound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Rotation: what is renamed, what stays, what happens where a name cannot be had.
#include "tests/unit/alerts/sink/file_fixture.h"

static char big[2 << 20];

static void fill(struct sink *s, char letter, size_t len)
{
	memset(big, letter, len - 1);
	big[len - 1] = '\0';
	for (size_t at = 0; at < len;) {
		size_t part = len - at < 500000 ? len - at : 500000;
		char kept = big[part - 1];
		big[part - 1] = '\0';
		assert_int_equal(put(s, big), 1);
		big[part - 1] = kept;
		at += part;
	}
}

static char first_of(const char *path)
{
	char c = '-';
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, &c, 1) < 1)
		c = '-';
	if (fd >= 0)
		close(fd);
	return c;
}

static void rotated_by_size(void **state)
{
	struct sink_config c = config_of(sink_path("r"));
	c.rotate_mib = 1;
	struct sink *s = opened(&c);
	for (char letter = 'a'; letter <= 'f'; letter++)
		fill(s, letter, 1 << 20); // to the octet: the next one makes the new file
	static const char *const names[] = {"r", "r.1", "r.2", "r.3", "r.4"};
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(first_of(sink_path(names[i])), "fedc-"[i]);
	struct stat st;
	assert_int_equal(stat(sink_path("r.1"), &st), 0);
	assert_int_equal(st.st_size, 1 << 20);
	ops->destroy(&s);
}

// A death between two renames leaves a number empty; nothing is written over, and the next rotation goes only so far.
static void a_hole_in_the_numbers(void **state)
{
	struct sink_config c = config_of(sink_path("r"));
	c.rotate_mib = 1;
	sink_write(sink_path("r.2"), "2\n", 2);
	struct sink *s = opened(&c);
	fill(s, 'a', 1 << 20);
	fill(s, 'b', 1000);
	assert_int_equal(first_of(sink_path("r")), 'b');
	assert_int_equal(first_of(sink_path("r.1")), 'a');
	assert_int_equal(first_of(sink_path("r.2")), '2');
	assert_int_equal(first_of(sink_path("r.3")), '-');
	ops->destroy(&s);
}

// The file may be written and not renamed (another's in a directory as /tmp, chattr +a, a mount of its own): however often that is
// tried, no more than the one that is too many goes.
static void what_was_rotated_stays(void **state)
{
	static const char *const names[] = {"r", "r.1", "r.2", "r.3"};
	struct sink_config c = config_of(sink_path("r"));
	c.rotate_mib = 1;
	if (geteuid() != 0)
		skip();
	struct sink *s = opened(&c);
	for (size_t i = 1; i < 4; i++) {
		sink_write(sink_path(names[i]), &"0123"[i], 1);
		assert_int_equal(chown(sink_path(names[i]), 65534, 65534), 0);
	}
	assert_int_equal(chmod(sink_dir, 01777), 0);
	assert_int_equal(seteuid(65534), 0);
	fill(s, 'a', 1 << 20);
	for (char letter = 'b'; letter <= 'f'; letter++)
		fill(s, letter, 1000);
	assert_int_equal(seteuid(0), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(first_of(sink_path(names[i])), "a-12"[i]);
	assert_int_equal(chown(c.path, 65534, 65534), 0);
	assert_int_equal(seteuid(65534), 0);
	fill(s, 'g', 1000);
	assert_int_equal(seteuid(0), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(first_of(sink_path(names[i])), "ga12"[i]);
	ops->destroy(&s);
}

static void what_cannot_be_renamed_is_written_on(void **state)
{
	struct sink_config c = config_of(sink_path("r"));
	c.rotate_mib = 1;
	c.rotate_keep = 1;
	struct sink *s = opened(&c);
	assert_int_equal(mkdir(sink_path("r.1"), 0755), 0); // in its way
	fill(s, 'a', 1 << 20);
	fill(s, 'b', 1000);
	struct stat st;
	assert_int_equal(stat(c.path, &st), 0);
	assert_int_equal(st.st_size, (1 << 20) + 1000);
	assert_int_equal(rmdir(sink_path("r.1")), 0);
	fill(s, 'c', 1000);
	assert_int_equal(first_of(sink_path("r")), 'c');
	assert_int_equal(first_of(sink_path("r.1")), 'a');
	ops->destroy(&s);
}

// Renamed by somebody who has not said so yet: a new file, and the numbers stay.
static void renamed_before_it_was_full(void **state)
{
	struct sink_config c = config_of(sink_path("r"));
	c.rotate_mib = 1;
	struct sink *s = opened(&c);
	fill(s, 'a', 1 << 20);
	assert_int_equal(rename(c.path, sink_path("elsewhere")), 0);
	sink_write(sink_path("r.1"), "1\n", 2);
	fill(s, 'b', 1000);
	assert_int_equal(first_of(sink_path("r")), 'b');
	assert_int_equal(first_of(sink_path("r.1")), '1');
	ops->destroy(&s);
}

static void links_are_followed(void **state)
{
	struct sink_config c = config_of(sink_path("link"));
	c.rotate_mib = 1;
	assert_int_equal(mkdir(sink_path("there"), 0755), 0);
	assert_int_equal(symlink("there/eve.json", c.path), 0); // leads to nothing yet
	struct sink *s = opened(&c);
	fill(s, 'a', 1 << 20);
	fill(s, 'b', 1000);
	struct stat st;
	assert_int_equal(lstat(c.path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(first_of(sink_path("there/eve.json")), 'b');
	assert_int_equal(first_of(sink_path("there/eve.json.1")), 'a');
	ops->destroy(&s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, sink_setup, sink_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rotated_by_size), TEST(a_hole_in_the_numbers), TEST(what_was_rotated_stays),
		TEST(what_cannot_be_renamed_is_written_on), TEST(renamed_before_it_was_full), TEST(links_are_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

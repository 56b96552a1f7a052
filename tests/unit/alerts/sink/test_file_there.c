// A file that is there already: what is in it is on disk before it counts, and it is the one that was meant.
#include "tests/unit/alerts/sink/file_fixture.h"

#include <sys/syscall.h>

// In place of the C library's.
static unsigned syncs;
int fdatasync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

static unsigned directories;
int fsync(int fd)
{
	directories++;
	return (int)syscall(SYS_fsync, fd);
}

// Whoever wrote it may have been killed before it was on disk: what is in it counts as had only when it is.
static void what_is_there_is_on_disk(void **state)
{
	const struct sink_config c = config_of(sink_path("eve.json"));
	sink_write(c.path, "{\"a\":1}\n", 8);
	syncs = 0;
	struct sink *s = opened(&c);
	assert_int_equal(syncs, 1);
	ops->destroy(&s);
}

// A name that a power cut could take back would take the records with it; whoever made it may have died before it was on disk.
static void its_name_is_on_disk(void **state)
{
	const struct sink_config c = config_of(sink_path("eve.json"));
	for (int life = 0; life < 2; life++) {
		directories = 0;
		struct sink *s = opened(&c);
		assert_int_equal(directories, 1);
		ops->destroy(&s);
	}
}

// In a directory of somebody else, who would have root write elsewhere.
static void no_link_of_others(void **state)
{
	struct sink_config c = config_of(sink_path("theirs/eve.json"));
	struct sink *s;
	struct stat st;
	const char *target = sink_path("target"), *dir = sink_path("theirs"), *ours = sink_path("ours");
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(chown(dir, 65534, 65534), 0);
	assert_int_equal(symlink(target, c.path), 0);
	assert_int_equal(lchown(c.path, 65534, 65534), 0);
	assert_int_equal(ops->prepare(&s, &c, &sink_env), -ELOOP);
	assert_int_equal(lstat(target, &st), -1); // it was not made
	assert_int_equal(symlink(target, ours), 0);
	c = config_of(ours);
	s = opened(&c);
	assert_int_equal(put(s, "{\"a\":1}"), 1);
	sink_holds(target, "{\"a\":1}\n");
	ops->destroy(&s);
}

// The same with a second name for another's file.
static void no_second_name(void **state)
{
	const struct sink_config c = config_of(sink_path("theirs/eve.json"));
	struct sink *s;
	const char *target = sink_path("target"), *dir = sink_path("theirs"), *other = sink_path("theirs/other");
	if (geteuid() != 0)
		skip();
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(chown(dir, 65534, 65534), 0);
	sink_write(target, "{\"", 2);
	assert_int_equal(link(target, c.path), 0);
	assert_int_equal(ops->prepare(&s, &c, &sink_env), -ELOOP);
	sink_holds(target, "{\"");
	assert_int_equal(unlink(c.path), 0);
	sink_write(other, "", 0); // his own may have two names, as backups make them
	assert_int_equal(chown(other, 65534, 65534), 0);
	assert_int_equal(link(other, c.path), 0);
	s = opened(&c);
	ops->destroy(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_there_is_on_disk, sink_setup, sink_teardown),
		cmocka_unit_test_setup_teardown(its_name_is_on_disk, sink_setup, sink_teardown),
		cmocka_unit_test_setup_teardown(no_link_of_others, sink_setup, sink_teardown),
		cmocka_unit_test_setup_teardown(no_second_name, sink_setup, sink_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

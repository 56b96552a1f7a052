// Files of keys and passwords: what is taken, and that nothing else is.
#include "alerts/sink/secret.h"

#include "tests/unit/alerts/sink/sink_fixture.h"

static void passwords(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
		const char *want; // NULL: refused
		const char *words;
	} rows[] = {
		{"sesam\n", 6, "sesam", ""},
		{"sesam\r\nmore", 11, "sesam", ""},
		{" with = and \xc3\xa4 ", 15, " with = and \xc3\xa4 ", ""},
		{"", 0, NULL, "is empty"},
		{"\nsesam\n", 7, NULL, "no password"},
		{"ses\tam\n", 7, NULL, "no password"},
		{"sesam\0x\n", 8, NULL, "no password"},
		{"\xff\xfes\0e\0s\0a\0m\0\n\0", 14, NULL, "no password"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char name[16], got[SECRET_LINE + 1] = "";
		snprintf(name, sizeof name, "p%zu", i);
		sink_write(sink_path(name), rows[i].octets, rows[i].len);
		int rc = secret_line(got, sink_path(name), &sink_env);
		if (rc != (rows[i].want != NULL ? 0 : -EINVAL))
			fail_msg("row %zu: %d", i, rc);
		if (rows[i].want != NULL)
			assert_string_equal(got, rows[i].want);
		else
			assert_non_null(strstr(sink_said, rows[i].words));
	}
}

static void longest_password(void **state)
{
	char text[SECRET_LINE + 2], got[SECRET_LINE + 1];
	memset(text, 'x', sizeof text);
	sink_write(sink_path("longest"), text, SECRET_LINE);
	sink_write(sink_path("longer"), text, SECRET_LINE + 1);
	assert_int_equal(secret_line(got, sink_path("longest"), &sink_env), 0);
	assert_int_equal(strlen(got), SECRET_LINE);
	assert_int_equal(secret_line(got, sink_path("longer"), &sink_env), -EINVAL);
}

// To a library that is given an empty CA it may be as if none was named: then it is the system's that are trusted.
static void files(void **state)
{
	static const struct {
		const char *name;
		int want;
		const char *words;
	} rows[] = {{"pem", 0, ""}, {"empty", -EINVAL, "is empty"}, {"none", -ENOENT, "No such file"}, {"pipe", -EINVAL, "not a file"},
		{"dir", -EINVAL, "not a file"}};
	sink_write(sink_path("pem"), "-----BEGIN", 10);
	sink_write(sink_path("empty"), "", 0);
	assert_int_equal(mkfifo(sink_path("pipe"), 0600), 0);
	assert_int_equal(mkdir(sink_path("dir"), 0700), 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char *octets;
		size_t len;
		sink_said[0] = '\0';
		assert_int_equal(secret_file(&octets, &len, sink_path(rows[i].name), &sink_env), rows[i].want);
		assert_true((octets != NULL) == (rows[i].want == 0) && (octets != NULL || len == 0));
		assert_non_null(strstr(sink_said, rows[i].words));
		secret_free(&octets, len);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, sink_setup, sink_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(passwords), TEST(longest_password), TEST(files)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

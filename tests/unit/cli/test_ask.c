// status, stats, top and reload as a whole, against a sensor that is a board and a control socket in another process.
#include "cli/command.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/control.h"
#include "cli/options.h"
#include "cli/stdout.h"
#include "tests/unit/cli/board_fixture.h"

static char folder[] = "/tmp/postwacht-ask-XXXXXX", path[64], output_path[64];
static pid_t sensor;
static struct board *b;
static struct control *c;

static int on_status(void *ctx, struct json *j, const char **why)
{
	control_put_status(j, b, &b->config[0]);
	return 0;
}

static int on_stats(void *ctx, struct json *j, const char **why)
{
	control_put_stats(j, b);
	b->state.rx += 1000000; // until the next
	return 0;
}

static int on_reload(void *ctx, struct json *j, const char **why)
{
	static int times;
	struct config_errors errors = {.n = 0};
	times++;
	if (times > 2) {
		*why = "it cannot read its file";
		return -EACCES;
	}
	if (times == 2) {
		strcpy(errors.line[0], "/etc/x.yaml:3:5: unknown key \033[2J");
		errors.n = 1;
	}
	control_put_reload(j, "/etc/x.yaml", 1 + (uint32_t)(times == 1), "records.tls", "taps, capture.workers", &errors);
	return 0;
}

static int setup(void **state)
{
	static const struct control_ops ops = {on_status, on_stats, on_reload, on_status};
	b = board_well();
	if (mkdtemp(folder) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/sock", folder);
	snprintf(output_path, sizeof output_path, "%s/output", folder);
	b->state.port[1].missed = 1234;
	b->state.port[1].steered = true;
	strcpy(b->state.port[0].offload, "checksums \033[2J");
	b->state.child[CHILD_SCOUT].pid = 0;
	b->state.child[CHILD_JUDGE].restarts = 3;
	if (control_open(&c, path, "none", &ops, b) < 0)
		return -1;
	sensor = fork();
	if (sensor == 0) {
		for (int i = 0; i < 3000; i++) {
			control_turn(c);
			b->turned_ns[0] = b->turned_ns[1] = clock_mono_ns();
			poll(NULL, 0, 10);
		}
		_exit(0);
	}
	return 0;
}

static int teardown(void **state)
{
	kill(sensor, SIGKILL);
	waitpid(sensor, NULL, 0);
	control_close(&c);
	free(b);
	unlink(output_path);
	return rmdir(folder);
}

// What a command prints on standard output; its exit code.
static int run(int (*command)(const struct options *), const struct options *o, char *out, size_t cap)
{
	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	assert_non_null(freopen(output_path, "w", stdout));
	int code = command(o);
	fflush(stdout);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	FILE *f = fopen(output_path, "r");
	out[fread(out, 1, cap - 1, f)] = '\0';
	fclose(f);
	for (const char *p = out; *p != '\0'; p++)
		assert_true(*p == '\n' || (*p >= ' ' && *p <= '~'));
	return code;
}

static void expect(const char *out, const char *const *words)
{
	for (; *words != NULL; words++)
		if (strstr(out, *words) == NULL)
			fail_msg("\"%s\" is not in:\n%s", *words, out);
}

static char out[64 << 10];

static void test_status(void **state)
{
	static const char *const words[] = {
		"on sensor-1, up 1 h", ": trouble\n", "  ! scout is not running\n", "configuration 0, /etc/postwacht/postwacht.yaml",
		"0000:81:00.0    tap0            link up 10 Gb/s  500 packets, 0 B\n", "501 packets, 0 B, 1,234 lost\n",
		"nothing sent (0 queues for it)", "checksums \\x1b[2J", "only mail ports arrive", "core 3", "not pinned",
		"judge   pid 101     up 1 h", "started again 3 times", "scout   not running", "no capabilities; seccomp 40 calls",
		"dissected + 10 without room on their way to a worker + 1 on their way", "never received: 1,234 missed", "synchronised, estimated error 0.0 ms", NULL,
	};
	assert_int_equal(run(status_run, &(struct options){.socket = path}, out, sizeof out), EXIT_FINE);
	expect(out, words);
	static const char *const json[] = {"{\"v\":1,\"program\":\"postwacht ", "\"lanes_full\":10", NULL};
	assert_int_equal(run(status_run, &(struct options){.socket = path, .json = true}, out, sizeof out), EXIT_FINE);
	expect(out, json);
	assert_ptr_equal(strchr(out, '\n'), out + strlen(out) - 1);
}

static void test_stats(void **state)
{
	static const char *const words[] = {"990  packets                     packets taken from the source\n",
		"1,234  missed                      lost:", "5  starttls_ok ", "2  clear  ", NULL};
	assert_int_equal(run(stats_run, &(struct options){.socket = path}, out, sizeof out), EXIT_FINE);
	expect(out, words);
	assert_null(strstr(out, "flow_opened")); // zero
	static const char *const json[] = {"{\"v\":1,\"mono_ns\":", "\"counters\":{\"packets\":990}", NULL};
	assert_int_equal(run(stats_run, &(struct options){.socket = path, .json = true}, out, sizeof out), EXIT_FINE);
	expect(out, json);
}

// Standard output is no terminal here: one difference, whatever is asked.
static void test_top(void **state)
{
	static const char *const words[] = {"postwacht, up 1 h", "PORT ", "0000:81:00.1", "WORKER", "VERDICT", NULL};
	assert_int_equal(run(top_run, &(struct options){.socket = path}, out, sizeof out), EXIT_FINE);
	expect(out, words);
	double packets = 0;
	assert_int_equal(run(top_run, &(struct options){.socket = path, .json = true}, out, sizeof out), EXIT_FINE);
	const char *at = strstr(out, "\"packets_per_s\":");
	assert_non_null(at);
	sscanf(at, "\"packets_per_s\":%lf", &packets);
	assert_true(packets > 300000 && packets < 1000100); // a million in a second, or in a slow one
}

static void test_reload(void **state)
{
	static const char *const words[] = {"configuration 2 of /etc/x.yaml is in use\n", "changed: records.tls\n",
		"changed, but in use only after a new start: taps, capture.workers\n", NULL};
	assert_int_equal(run(reload_command_run, &(struct options){.socket = path}, out, sizeof out), EXIT_FINE);
	expect(out, words);
	assert_int_equal(run(reload_command_run, &(struct options){.socket = path}, out, sizeof out), EXIT_CONFIG);
	assert_string_equal(out, "");
	assert_int_equal(run(reload_command_run, &(struct options){.socket = path}, out, sizeof out), EXIT_TROUBLE);
}

static void test_nobody(void **state)
{
	int (*const runs[])(const struct options *) = {status_run, stats_run, top_run, reload_command_run};
	for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
		assert_int_equal(run(runs[i], &(struct options){.socket = "/nonexistent/sock"}, out, sizeof out), EXIT_TROUBLE);
		assert_string_equal(out, "");
		assert_int_equal(run(runs[i], &(struct options){.set = {"sensor.control=none"}, .n_set = 1}, out, sizeof out), EXIT_TROUBLE);
		assert_int_equal(run(runs[i], &(struct options){.set = {"sensor.control=[1]"}, .n_set = 1}, out, sizeof out), EXIT_CONFIG);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_stats),
		cmocka_unit_test(test_top),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_nobody),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

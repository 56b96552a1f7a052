// Octets to whoever is slow: all of them in order, in steps that see the end of the sensor; and a connection that stops half-way.
#include "alerts/sink/carrier.h"
#include "alerts/sink/stream.h"
#include "hw/clock.h"

#include "tests/unit/alerts/sink/sink_fixture.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

enum { MANY = 300000 };

static char sent[MANY], got[MANY + 1];

struct reader {
	int fd;
	size_t n;
	useconds_t pause_us;
};

static void *read_slowly(void *arg)
{
	struct reader *r = arg;
	ssize_t n;
	while ((n = read(r->fd, got + r->n, MANY + 1 - r->n < 5000 ? MANY + 1 - r->n : 5000)) > 0) {
		r->n += (size_t)n;
		usleep(r->pause_us);
	}
	return NULL;
}

// A pipe that blocks, one that does not, a socket: filled long before the reader has begun.
static void all_of_it_arrives(void **state)
{
	for (size_t i = 0; i < MANY; i++)
		sent[i] = (char)(i * 7 + i / 251);
	for (int kind = 0; kind < 3; kind++) {
		int fd[2];
		assert_int_equal(kind == 2 ? socketpair(AF_UNIX, SOCK_STREAM, 0, fd) : pipe2(fd, kind == 1 ? O_NONBLOCK : 0), 0);
		if (kind == 1)
			assert_int_equal(fcntl(fd[0], F_SETFL, 0), 0);
		struct reader r = {.fd = fd[0], .pause_us = 500};
		pthread_t thread;
		struct sink_wait w;
		size_t done;
		sink_wait_begin(&w, &sink_env);
		assert_int_equal(stream_kind_of(fd[1]), kind == 2 ? STREAM_SOCKET : STREAM_PIPE);
		assert_int_equal(pthread_create(&thread, NULL, read_slowly, &r), 0);
		assert_int_equal(stream_write(fd[1], stream_kind_of(fd[1]), sent, MANY, &done, &w), 0);
		assert_int_equal(done, MANY);
		close(fd[1]);
		pthread_join(thread, NULL);
		assert_int_equal(r.n, MANY);
		assert_memory_equal(got, sent, MANY);
		close(fd[0]);
	}
}

// Always ready, never done: the end is seen all the same.
static void the_sensor_ends_while_little_is_taken(void **state)
{
	int fd[2];
	struct sink_wait w;
	assert_int_equal(pipe(fd), 0);
	sink_wait_begin(&w, &sink_env);
	w.began_ns -= UINT64_C(1000000000);
	assert_int_equal(sink_wait_fd(&w, fd[1], POLLOUT, SINK_WAIT_LONG), 1);
	sink_stop = true;
	assert_int_equal(sink_wait_fd(&w, fd[1], POLLOUT, SINK_WAIT_LONG), -ECANCELED);
	sink_wait_begin(&w, &sink_env); // one that has just begun has its step
	assert_int_equal(sink_wait_fd(&w, fd[1], POLLOUT, SINK_WAIT_LONG), 1);
	close(fd[0]);
	close(fd[1]);
}

static void nobody_reads_and_the_sensor_ends(void **state)
{
	int fd[2];
	struct sink_wait w;
	size_t done;
	assert_int_equal(pipe2(fd, 0), 0);
	sink_wait_begin(&w, &sink_env);
	sink_stop = true;
	uint64_t began_ns = clock_mono_ns();
	assert_int_equal(stream_write(fd[1], STREAM_PIPE, sent, MANY, &done, &w), -ECANCELED);
	assert_true(clock_mono_ns() - began_ns < UINT64_C(1000000000));
	assert_true(done > 0 && done < MANY); // so it says how far it came
	close(fd[0]);
	signal(SIGPIPE, SIG_IGN);
	sink_wait_begin(&w, &sink_env);
	assert_int_equal(stream_write(fd[1], STREAM_PIPE, sent, MANY, &done, &w), -EPIPE);
	close(fd[1]);
}

static void a_wait_of_no_time_looks_once(void **state)
{
	int fd[2];
	struct sink_wait w;
	assert_int_equal(pipe2(fd, 0), 0);
	sink_wait_begin(&w, &sink_env);
	uint64_t began_ns = clock_mono_ns();
	assert_int_equal(sink_wait_fd(&w, fd[0], POLLIN, 0), 0);
	assert_true(clock_mono_ns() - began_ns < UINT64_C(100000000));
	assert_int_equal(sink_wait_fd(&w, fd[1], POLLOUT, 0), 1);
	w.moved_ns -= (SINK_PATIENCE_S + 1) * UINT64_C(1000000000);
	assert_int_equal(sink_wait_fd(&w, fd[0], POLLIN, SINK_WAIT_LONG), -ETIMEDOUT);
	close(fd[0]);
	close(fd[1]);
}

static void words_are_printable(void **state)
{
	assert_int_equal(sink_why(&sink_env, -EIO, "%s", "a\nb\x1b[2J\xc3\xa9"), -EIO);
	assert_string_equal(sink_said, "a?b?[2J??");
	char longest[500];
	memset(longest, 'w', sizeof longest);
	longest[499] = '\0';
	sink_why(&sink_env, -EIO, "%s", longest);
	assert_int_equal(strlen(sink_said), SINK_WHY - 1);
}

// Given up in the middle of a message, and taken up again at the same octet.
static void a_batch_goes_on_where_it_stopped(void **state)
{
	int fd[2];
	struct carrier c;
	struct sink_wait w;
	static char line[3000];
	struct sink_message m[SINK_BATCH];
	memset(line, 'l', sizeof line - 1);
	for (size_t i = 0; i < SINK_BATCH; i++)
		m[i] = sink_text(line, i + 1);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	assert_int_equal(fcntl(fd[0], F_SETFL, 0), 0);
	assert_int_equal(carrier_open(&c, &sink_env, "it", false), 0);
	assert_false(carrier_stands(&c, m));
	carrier_connected(&c, fd[1]);
	assert_true(carrier_stands(&c, m));
	sink_batch_lines(&c.batch, m, SINK_BATCH);
	carrier_begin(&c, m);
	sink_wait_begin(&w, &sink_env);
	sink_stop = true;
	assert_int_equal(carrier_push(&c, &w), -ECANCELED);
	assert_true(carrier_park(&c));
	assert_true(carrier_has(&c, m) && !carrier_has(&c, m + 1));
	size_t before = c.written;
	assert_true(before > 0 && before < c.batch.used);

	struct reader r = {.fd = fd[0]};
	pthread_t thread;
	size_t n = c.batch.n, used = c.batch.used;
	memcpy(sent, c.batch.octets, used);
	sink_stop = false;
	sink_wait_begin(&w, &sink_env);
	assert_int_equal(pthread_create(&thread, NULL, read_slowly, &r), 0);
	assert_int_equal(carrier_push(&c, &w), 0);
	assert_false(carrier_park(&c)); // nothing is on its way: it is closed
	pthread_join(thread, NULL);
	assert_int_equal(r.n, used);
	assert_memory_equal(got, sent, used);
	assert_true(n > 50);
	carrier_close(&c);
	close(fd[0]);
}

// Whoever dies with octets unread did not have them; whoever closes after the last one did.
static void unread_is_not_had(void **state)
{
	for (int reads = 0; reads < 2; reads++) {
		int fd[2];
		struct carrier c;
		struct sink_wait w;
		char room[64];
		const struct sink_message m = sink_text("abc", 1);
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
		assert_int_equal(carrier_open(&c, &sink_env, "it", false), 0);
		carrier_connected(&c, fd[1]);
		sink_batch_lines(&c.batch, &m, 1);
		carrier_begin(&c, &m);
		sink_wait_begin(&w, &sink_env);
		sink_stop = true;
		assert_int_equal(carrier_push(&c, &w), -ECANCELED);
		sink_stop = false;
		if (reads)
			assert_int_equal(read(fd[0], room, sizeof room), 4);
		close(fd[0]);
		assert_int_equal(carrier_push(&c, &w), reads ? 0 : -ECONNRESET);
		carrier_close(&c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_of_it_arrives, sink_setup, sink_teardown),
		cmocka_unit_test_setup_teardown(nobody_reads_and_the_sensor_ends, sink_setup, sink_teardown),
		cmocka_unit_test_setup_teardown(the_sensor_ends_while_little_is_taken, sink_setup, sink_teardown),
		cmocka_unit_test_setup_teardown(a_wait_of_no_time_looks_once, sink_setup, sink_teardown),
		cmocka_unit_test_setup_teardown(words_are_printable, sink_setup, sink_teardown),
		cmocka_unit_test_setup_teardown(a_batch_goes_on_where_it_stopped, sink_setup, sink_teardown),
		cmocka_unit_test_setup_teardown(unread_is_not_had, sink_setup, sink_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

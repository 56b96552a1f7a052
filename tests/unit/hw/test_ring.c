// The ring: order, wrap, fullness, the watermark, two threads, two processes, and a writer that lies.
#include "hw/ring.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static bool put(struct ring *r, const void *p, size_t len)
{
	void *to = ring_reserve(r, len);
	if (!to)
		return false;
	memcpy(to, p, len);
	ring_commit(r, len);
	return true;
}

static void messages_come_out_as_they_went_in(void **state)
{
	struct ring *r = ring_open(1);
	assert_non_null(r);
	uint8_t message[600];
	size_t len;
	assert_null(ring_peek(r, &len));
	// Lengths that go round the buffer many times and hit its end at every distance.
	for (size_t i = 0; i < 20000; i++) {
		size_t want = i * 7 % sizeof(message);
		memset(message, (int)i, want);
		assert_true(put(r, message, want));
		const uint8_t *got = ring_peek(r, &len);
		assert_non_null(got);
		assert_int_equal(len, want);
		assert_int_equal((uintptr_t)got % 8, 0);
		assert_memory_equal(got, message, want);
		assert_ptr_equal(ring_peek(r, &len), got);
		ring_release(r);
		assert_null(ring_peek(r, &len));
	}
	ring_close(&r);
	assert_null(r);
}

static void a_full_ring_says_so_and_recovers(void **state)
{
	struct ring *r = ring_open(4096);
	uint8_t message[100] = {0};
	size_t len, n = 0;
	while (put(r, message, sizeof(message)))
		message[0] = (uint8_t)++n;
	assert_int_equal(n, 4096 / 112);
	assert_null(ring_reserve(r, sizeof(message)));
	const uint8_t *got = ring_peek(r, &len);
	assert_int_equal(got[0], 0);
	ring_release(r);
	assert_true(put(r, message, sizeof(message)));
	for (size_t i = 1; i <= n; i++) {
		got = ring_peek(r, &len);
		assert_int_equal(got[0], i);
		ring_release(r);
	}
	assert_null(ring_peek(r, &len));
	ring_close(&r);
}

static void the_longest_message_fits_wherever_the_ring_stands(void **state)
{
	struct ring *r = ring_open(4096);
	static uint8_t message[4096];
	size_t len, longest = ring_len_max(r);
	assert_null(ring_reserve(r, longest + 1));
	assert_null(ring_reserve(r, SIZE_MAX));
	for (int i = 0; i < 2000; i++) {
		assert_true(put(r, message, 24));
		assert_non_null(ring_peek(r, &len));
		ring_release(r);
		assert_true(put(r, message, longest));
		assert_non_null(ring_peek(r, &len));
		assert_int_equal(len, longest);
		ring_release(r);
	}
	ring_close(&r);
}

static void only_what_is_committed_is_seen(void **state)
{
	struct ring *r = ring_open(4096);
	size_t len;
	memset(ring_reserve(r, 1000), 1, 1000);
	assert_null(ring_peek(r, &len));
	memset(ring_reserve(r, 500), 2, 500);
	ring_commit(r, 40); // less than was reserved
	const uint8_t *got = ring_peek(r, &len);
	assert_int_equal(len, 40);
	assert_int_equal(got[39], 2);
	ring_release(r);
	assert_null(ring_peek(r, &len));
	ring_close(&r);
}

static void finishing_ends_the_ring_when_all_is_read(void **state)
{
	struct ring *r = ring_open(4096);
	size_t len;
	assert_int_equal(ring_watermark(r), 0);
	put(r, "x", 1);
	ring_set_watermark(r, 7);
	assert_int_equal(ring_watermark(r), 7);
	assert_false(ring_done(r));
	ring_finish(r);
	assert_int_equal(ring_watermark(r), UINT64_MAX);
	assert_false(ring_done(r));
	assert_non_null(ring_peek(r, &len));
	ring_release(r);
	assert_true(ring_done(r));
	ring_close(&r);
}

// ---- two sides -----------------------------------------------------------------------------------------------

enum { N_MESSAGES = 200000 };

// Message i: its key i, then a number of octets that follows from i. The watermark says "all up to i - 1 are out".
static void write_messages(struct ring *r)
{
	for (uint64_t i = 1; i <= N_MESSAGES; i++) {
		size_t len = 8 + i * 13 % 300;
		uint8_t *to;
		while (!(to = ring_reserve(r, len)))
			sched_yield();
		memcpy(to, &i, 8);
		memset(to + 8, (int)i, len - 8);
		ring_commit(r, len);
		if (i % 3 == 0)
			ring_set_watermark(r, i);
	}
	ring_finish(r);
}

// The number of messages read in order and whole; each time all that the watermark promises must be there.
static uint64_t read_messages(struct ring *r)
{
	uint64_t last = 0;
	size_t len;
	while (!ring_done(r)) {
		uint64_t watermark = ring_watermark(r);
		const uint8_t *got = ring_peek(r, &len);
		if (!got) {
			if (watermark != UINT64_MAX && watermark > last)
				return 0;
			sched_yield();
			continue;
		}
		uint64_t key;
		memcpy(&key, got, 8);
		if (key != last + 1 || len != 8 + key * 13 % 300 || (len > 8 && got[len - 1] != (uint8_t)key))
			return 0;
		last = key;
		ring_release(r);
	}
	return last;
}

static void *writer_thread(void *r)
{
	write_messages(r);
	return NULL;
}

static void two_threads_lose_nothing(void **state)
{
	struct ring *r = ring_open(4096);
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, writer_thread, r), 0);
	uint64_t n = read_messages(r);
	pthread_join(thread, NULL);
	assert_int_equal(n, N_MESSAGES);
	ring_close(&r);
}

static void two_processes_lose_nothing(void **state)
{
	struct ring *r = ring_open(65536);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		write_messages(r);
		_exit(0);
	}
	assert_int_equal(read_messages(r), N_MESSAGES);
	int status;
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	ring_close(&r);
}

static void a_lying_length_ends_the_ring(void **state)
{
	static const uint32_t lies[] = {2049, 65536, 4096, UINT32_MAX - 1, UINT32_MAX};
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct ring *r = ring_open(4096);
		uint8_t *message = ring_reserve(r, 16);
		ring_commit(r, 16);
		memcpy(message - 8, &lies[i], 4); // the head in front of it
		size_t len;
		assert_false(ring_damaged(r));
		assert_null(ring_peek(r, &len));
		assert_true(ring_damaged(r));
		assert_true(ring_done(r));
		ring_close(&r);
	}
}

// Positions lie in memory that the other side can write, too.
static void a_spoilt_position_is_no_place(void **state)
{
	for (uint64_t odd = 1; odd < 8; odd++) {
		struct ring *r = ring_open(4096);
		uint8_t *octets = (uint8_t *)ring_reserve(r, 16) - 8;
		uint64_t *released = (uint64_t *)(octets - 128), *written = (uint64_t *)(octets - 2 * 128);
		size_t len;
		ring_commit(r, 16);
		*released = odd;
		ring_rejoin_reader(r);
		ring_peek(r, &len); // whatever it gives: where a message may begin
		*written = 4096 - odd;
		ring_skip(r);
		*written = 8192;
		ring_peek(r, &len);
		ring_close(&r);
	}
}

// A child writes `n` messages that count on from `first`, and dies in the middle of the next one.
static void write_and_die(struct ring *r, uint32_t first, uint32_t n)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		ring_rejoin_writer(r);
		for (uint32_t i = 0; i < n; i++)
			if (!put(r, &(uint32_t){first + i}, sizeof(i)))
				_exit(1);
		memset(ring_reserve(r, 100), 0xee, 100);
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void another_process_takes_the_place_of_the_writer(void **state)
{
	struct ring *r = ring_open(4096);
	const uint32_t *got;
	size_t len;
	uint32_t want = 0;
	// More than one round, so that the second does not begin where memory happens to be zero.
	for (uint32_t life = 0; life < 20; life++) {
		write_and_die(r, life * 50, 50);
		ring_finish(r);
		while ((got = ring_peek(r, &len)) != NULL) {
			assert_int_equal(*got, want++);
			ring_release(r);
		}
		assert_true(ring_done(r));
		assert_int_equal(want, (life + 1) * 50);
	}
	ring_rejoin_writer(r);
	assert_false(ring_done(r));
	ring_close(&r);
}

static void another_reader_gets_what_was_not_released(void **state)
{
	struct ring *r = ring_open(4096);
	size_t len;
	for (uint32_t i = 0; i < 10; i++)
		assert_true(put(r, &i, sizeof(i)));
	assert_true(ring_used(r) > 0 && ring_used(r) <= ring_len(r));
	for (int i = 0; i < 4; i++) {
		ring_peek(r, &len);
		ring_release(r);
	}
	assert_int_equal(*(const uint32_t *)ring_peek(r, &len), 4); // looked at, not released
	ring_rejoin_reader(r);
	assert_int_equal(*(const uint32_t *)ring_peek(r, &len), 4);
	ring_skip(r);
	assert_null(ring_peek(r, &len));
	assert_int_equal(ring_used(r), 0);
	assert_true(put(r, &(uint32_t){77}, sizeof(uint32_t)));
	assert_int_equal(*(const uint32_t *)ring_peek(r, &len), 77);
	ring_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_out_as_they_went_in),
		cmocka_unit_test(a_full_ring_says_so_and_recovers),
		cmocka_unit_test(the_longest_message_fits_wherever_the_ring_stands),
		cmocka_unit_test(only_what_is_committed_is_seen),
		cmocka_unit_test(finishing_ends_the_ring_when_all_is_read),
		cmocka_unit_test(two_threads_lose_nothing),
		cmocka_unit_test(two_processes_lose_nothing),
		cmocka_unit_test(a_lying_length_ends_the_ring),
		cmocka_unit_test(a_spoilt_position_is_no_place),
		cmocka_unit_test(another_process_takes_the_place_of_the_writer),
		cmocka_unit_test(another_reader_gets_what_was_not_released),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

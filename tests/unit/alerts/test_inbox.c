// The inbox: order over rings, silence, patience, and a writer that lies.
#include "alerts/inbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define MS 1000000ull

static struct inbox in;

static void open_inbox(size_t n, uint64_t patience_ns)
{
	in = (struct inbox){.n = n, .patience_ns = patience_ns};
	for (size_t i = 0; i < n; i++)
		assert_non_null(in.ring[i] = ring_open(4096));
}

static void close_inbox(void)
{
	for (size_t i = 0; i < in.n; i++)
		ring_close(&in.ring[i]);
}

static void put(size_t ring, uint64_t seq, uint64_t birth, uint32_t ord)
{
	const struct message m = {.seq = seq, .birth = birth, .ord = ord};
	void *room = ring_reserve(in.ring[ring], sizeof(m));

	assert_non_null(room);
	memcpy(room, &m, sizeof(m));
	ring_commit(in.ring[ring], sizeof(m));
}

// seq of the next message, taken; 0: none can be taken.
static uint64_t take(uint64_t now_ns)
{
	struct ring *from;
	size_t len;
	const struct message *m = inbox_next(&in, now_ns, &len, &from);

	if (!m)
		return 0;
	assert_int_equal(len, sizeof(*m));
	uint64_t seq = m->seq;
	ring_release(from);
	return seq;
}

static void messages_come_in_the_order_of_everything(void **state)
{
	static const struct message want[] = {
		{.seq = 2, .birth = 9, .ord = 0}, {.seq = 3, .birth = 1, .ord = 5}, {.seq = 3, .birth = 2, .ord = 0}, {.seq = 3, .birth = 2, .ord = 1},
		{.seq = 8, .birth = 1, .ord = 0}};
	struct ring *from;
	size_t len;

	open_inbox(2, 0);
	put(0, 3, 1, 5);
	put(1, 2, 9, 0);
	put(1, 3, 2, 0);
	put(1, 3, 2, 1);
	put(0, 8, 1, 0);
	ring_finish(in.ring[0]);
	ring_finish(in.ring[1]);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_false(inbox_done(&in));
		const struct message *m = inbox_next(&in, 0, &len, &from);
		assert_non_null(m);
		assert_memory_equal(m, &want[i], sizeof(*m));
		ring_release(from);
	}
	assert_null(inbox_next(&in, 0, &len, &from));
	assert_true(inbox_done(&in));
	close_inbox();
}

static void a_silent_ring_is_waited_for_until_its_watermark(void **state)
{
	open_inbox(2, 0);
	put(0, 10, 1, 0);
	assert_int_equal(take(1), 0);
	ring_set_watermark(in.ring[1], 9);
	assert_int_equal(take(UINT64_MAX), 0); // without patience however long
	ring_set_watermark(in.ring[1], 10);
	assert_int_equal(take(2), 10);
	put(0, 12, 1, 0);
	assert_int_equal(take(3), 0);
	put(1, 11, 1, 0);
	assert_int_equal(take(3), 11);
	assert_int_equal(take(3), 0);
	ring_finish(in.ring[1]);
	assert_int_equal(take(3), 12);
	assert_int_equal(in.impatient, 0);
	close_inbox();
}

static void nobody_is_waited_for_longer_than_patience(void **state)
{
	open_inbox(3, 100 * MS);
	ring_set_watermark(in.ring[1], 50);
	ring_set_watermark(in.ring[2], 5);
	put(0, 10, 1, 0);
	put(0, 60, 1, 0);
	put(0, 61, 1, 0);
	assert_int_equal(take(1000 * MS), 0);
	assert_int_equal(take(1099 * MS), 0);
	assert_int_equal(take(1100 * MS), 10); // ring 2 is passed over; ring 1 has said that nothing before 50 comes
	assert_int_equal(in.impatient, 1);
	ring_set_watermark(in.ring[1], 55);
	assert_int_equal(take(1150 * MS), 0); // ring 1 moves, so it is waited for anew
	assert_int_equal(take(1249 * MS), 0);
	ring_set_watermark(in.ring[1], 60);
	assert_int_equal(take(1249 * MS), 60);
	assert_int_equal(in.impatient, 2);
	// The stuck one comes back: first what it had to say, late as it is, then it is waited for again.
	put(2, 7, 1, 0);
	ring_set_watermark(in.ring[2], 7);
	ring_set_watermark(in.ring[1], 100);
	assert_int_equal(take(1250 * MS), 7);
	assert_int_equal(take(1250 * MS), 0);
	assert_int_equal(take(1349 * MS), 0);
	assert_int_equal(take(1350 * MS), 61);
	assert_int_equal(in.impatient, 3);
	close_inbox();
}

static void time_is_reached_when_everybody_has_told_it(void **state)
{
	open_inbox(3, 100 * MS);
	assert_int_equal(inbox_reached(&in), 0);
	ring_set_watermark(in.ring[0], 2000);
	ring_set_watermark(in.ring[1], 1000);
	ring_set_watermark(in.ring[2], 200);
	assert_int_equal(inbox_reached(&in), 100);
	put(0, 150, 1, 0); // told, but not taken
	assert_int_equal(inbox_reached(&in), 75);
	assert_int_equal(take(1 * MS), 150);
	assert_int_equal(take(1 * MS), 0);
	assert_int_equal(take(101 * MS), 0);
	assert_int_equal(inbox_reached(&in), 0); // all stand still
	ring_set_watermark(in.ring[0], 2002);
	ring_set_watermark(in.ring[1], 1002);
	assert_int_equal(take(102 * MS), 0);
	assert_int_equal(inbox_reached(&in), 501); // only the last does
	ring_finish(in.ring[1]);
	assert_int_equal(inbox_reached(&in), 1001);
	ring_finish(in.ring[0]);
	ring_finish(in.ring[2]);
	assert_int_equal(inbox_reached(&in), 0);
	close_inbox();
}

// Less than a message is never looked into; whoever takes it says so.
static void what_is_no_message_is_handed_on(void **state)
{
	struct ring *from;
	size_t len;

	open_inbox(2, 0);
	put(0, 5, 1, 0);
	assert_non_null(ring_reserve(in.ring[1], 3));
	ring_commit(in.ring[1], 3);
	assert_int_equal(inbox_reached(&in), 0);
	assert_non_null(inbox_next(&in, 0, &len, &from));
	assert_int_equal(len, 3);
	assert_ptr_equal(from, in.ring[1]);
	close_inbox();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_come_in_the_order_of_everything),
		cmocka_unit_test(a_silent_ring_is_waited_for_until_its_watermark),
		cmocka_unit_test(nobody_is_waited_for_longer_than_patience),
		cmocka_unit_test(time_is_reached_when_everybody_has_told_it),
		cmocka_unit_test(what_is_no_message_is_handed_on),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Trouble of the outbox and of outputs: told when it lasts and when it is over, whatever the clock does and whoever is gone.
#include "cli/supervisor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cli/board_fixture.h"

static struct supervisor s;
static struct run run;
static struct board *b;
static uint64_t mono_ns;

static int set_up(void **state)
{
	b = board_well();
	b->notices = ring_open(4096);
	run = (struct run){.board = b};
	s = (struct supervisor){.run = &run, .board = b};
	mono_ns = clock_mono_ns();
	b->config[0].outputs.n = b->state.n_sinks = 2;
	strcpy(b->state.sink[0].name, "log");
	strcpy(b->state.sink[1].name, "siem");
	return 0;
}

static int tear_down(void **state)
{
	ring_close(&b->notices);
	free(b);
	return 0;
}

// A second later.
static void look(void)
{
	mono_ns += SECOND;
	supervisor_look_at_delivery(&s, mono_ns);
}

// The next word to the judge is of this text, and this.
static void told(const char *text, bool over)
{
	size_t len;
	const struct message_sensor *m = ring_peek(b->notices, &len);
	assert_non_null(m);
	assert_int_equal(m->kind, SENSOR_OUTBOX_TROUBLE);
	assert_string_equal(m->text, text);
	assert_int_equal(m->over, over);
	ring_release(b->notices);
}

static void nothing_told(void)
{
	size_t len;
	assert_null(ring_peek(b->notices, &len));
}

static void fails(struct sink_shared *k, uint64_t since_ns)
{
	strcpy(k->trouble, "refused");
	k->failing_since_ns = since_ns;
}

static void test_told_and_over(void **state)
{
	look();
	fails(&b->state.sink[1], clock_wall_ns() - 30 * SECOND);
	look();
	nothing_told();
	fails(&b->state.sink[1], clock_wall_ns() - 61 * SECOND);
	look();
	told("siem:refused", false);
	look();
	nothing_told();
	b->state.sink[1].failing_since_ns = 0;
	look();
	told("siem:refused", true);
}

// The clock was set back behind the moment when it began: nobody waits until it is there again.
static void test_clock_set_back(void **state)
{
	fails(&b->state.sink[0], clock_wall_ns() + 3600 * SECOND);
	look();
	told("log:refused", false);
	b->state.sink[0].failing_since_ns = 0;
	look();
	told("log:refused", true);
	fails(&b->state.sink[0], clock_wall_ns() + SECOND); // that is no setting back
	look();
	nothing_told();
}

// One that is not configured any more has no trouble; while another courier begins, nobody knows.
static void test_output_removed(void **state)
{
	fails(&b->state.sink[1], clock_wall_ns() - 61 * SECOND);
	look();
	told("siem:refused", false);
	b->state.n_sinks = 0;
	look();
	nothing_told();
	b->config[0].outputs.n = b->state.n_sinks = 1;
	look();
	told("siem:refused", true);
	look();
	nothing_told();
}

static bool asked_to_leave(unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		look();
		if (b->courier_leave)
			return true;
	}
	return false;
}

// One that cannot be prepared is tried again by another courier, after ever longer pauses; at once after a reload.
static void test_tried_again(void **state)
{
	assert_false(asked_to_leave(1000));
	b->state.sink[1].dead = 1;
	for (unsigned pause = 4; pause < 512; pause *= 2) {
		assert_false(asked_to_leave(pause));
		assert_true(asked_to_leave(pause + 4));
		b->courier_leave = false;
		b->state.n_sinks = 0; // it prepares them
		look();
		b->state.n_sinks = 2;
	}
	for (int i = 0; i < 3; i++) {
		assert_true(asked_to_leave(610));
		b->courier_leave = false;
	}
	b->config[1] = b->config[0];
	b->state.config_generation = 1;
	assert_true(asked_to_leave(1));
	b->courier_leave = false;
	b->applied[CHILD_COURIER] = 1;
	assert_false(asked_to_leave(4));
	assert_true(asked_to_leave(4));
	b->courier_leave = false;
	b->state.sink[1].dead = 0;
	assert_false(asked_to_leave(1000));
	b->state.sink[1].dead = 1;
	s.stopping = true;
	assert_false(asked_to_leave(1000));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_told_and_over), TEST(test_clock_set_back), TEST(test_output_removed), TEST(test_tried_again),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

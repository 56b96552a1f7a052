// Sequence numbers grow with packet time whatever it does; marks come when nothing else does.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "capture/pace.h"

static const uint64_t day_ns = UINT64_C(1700000000) * 1000000000;

static void test_seq(void **state)
{
	const struct {
		const char *name;
		uint64_t time_ns, seq; // seq: 0 the one before + 16
	} rows[] = {
		{"without a time, the first", 0, 0},
		{"its time, the worker in the lowest four bits", day_ns + 1234, ((day_ns + 1234) & ~UINT64_C(15)) | 5},
		{"the same time", day_ns + 1234, 0},
		{"and again", day_ns + 1234, 0},
		{"a little later, but not enough", day_ns + 1240, 0},
		{"later", day_ns + 5000, ((day_ns + 5000) & ~UINT64_C(15)) | 5},
		{"back", day_ns, 0},
		{"without a time", 0, 0},
		{"a time that no clock has", UINT64_MAX, 0},
		{"2^62", UINT64_C(1) << 62, 0},
		{"later again", day_ns + 9000, ((day_ns + 9000) & ~UINT64_C(15)) | 5},
	};
	struct pace p;
	pace_init(&p, 5, false, 1);
	uint64_t last = 5;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct packet k = {.time_ns = rows[i].time_ns};
		pace_packet(&p, &k, 1);
		uint64_t want = rows[i].seq ? rows[i].seq : last + 16;
		if (k.seq != want || k.seq <= last || k.seq % 16 != 5)
			fail_msg("%s: %llu, wanted %llu", rows[i].name, (unsigned long long)k.seq, (unsigned long long)want);
		last = k.seq;
	}
}

static bool idle(struct pace *p, struct packet *mark, uint64_t mono_ns, uint64_t wall_ns, uint64_t held_ns)
{
	const struct pace_still s = {.mono_ns = mono_ns, .wall_ns = wall_ns, .late_ns = p->play ? 0 : 300000, .held_ns = held_ns};
	return pace_idle(p, mark, &s);
}

static void test_marks(void **state)
{
	struct pace p;
	struct packet m, k = {.time_ns = day_ns};
	pace_init(&p, 3, false, 1000);
	assert_false(idle(&p, &m, 1000 + PACE_IDLE_NS - 1, day_ns - 5000000, UINT64_MAX));
	assert_true(idle(&p, &m, 1000 + PACE_IDLE_NS, day_ns - 5000000, UINT64_MAX)); // nothing yet: the machine's time
	assert_int_equal(m.kind, PACKET_TIME);
	assert_null(m.data);
	assert_int_equal(m.time_ns, day_ns - 5300000);
	assert_int_equal(m.seq % 16, 3);
	assert_false(idle(&p, &m, 1000 + 2 * PACE_IDLE_NS - 1, day_ns, UINT64_MAX)); // one a millisecond
	pace_packet(&p, &k, 10000000);
	assert_true(k.seq > m.seq);
	assert_false(idle(&p, &m, 10000000 + PACE_IDLE_NS - 1, 0, UINT64_MAX));
	// The time since the packet came, less what may still come; somebody has set the clock meanwhile: it is not asked.
	assert_true(idle(&p, &m, 10000000 + PACE_IDLE_NS, 77, UINT64_MAX));
	assert_int_equal(m.time_ns, day_ns + PACE_IDLE_NS - 300000);
	assert_true(m.seq > k.seq);
	uint64_t seq = m.seq;
	assert_true(idle(&p, &m, 20000000, 77, day_ns + 800000)); // one in hand will be next
	assert_int_equal(m.time_ns, day_ns + 800000);
	assert_true(m.seq > seq);
	seq = m.seq;
	assert_true(idle(&p, &m, 22000000, 77, day_ns)); // never back
	assert_int_equal(m.time_ns, day_ns + 800000);
	assert_true(m.seq > seq);
}

static void test_play(void **state)
{
	struct pace p;
	struct packet m, k = {.time_ns = day_ns};
	pace_init(&p, 0, true, 1000);
	assert_false(idle(&p, &m, 1000 + 10 * PACE_PLAY_NS, day_ns, UINT64_MAX)); // no file, no time
	pace_packet(&p, &k, 2000);
	assert_false(idle(&p, &m, 2000 + PACE_PLAY_NS - 1, day_ns, UINT64_MAX));
	assert_true(idle(&p, &m, 2000 + PACE_PLAY_NS, 5, UINT64_MAX));
	assert_int_equal(m.time_ns, day_ns + PACE_PLAY_NS);
	assert_false(idle(&p, &m, 2000 + PACE_PLAY_NS + 1, 5, UINT64_MAX));
	assert_true(idle(&p, &m, 2000 + PACE_PLAY_NS + PACE_IDLE_NS, 5, UINT64_MAX));
	assert_int_equal(m.time_ns, day_ns + PACE_PLAY_NS + PACE_IDLE_NS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seq),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_play),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

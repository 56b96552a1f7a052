// A lane gives back what was put in, in order, or says that it is full.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "capture/lane.h"

static uint8_t octets[700 * 1024];

static struct packet numbered(uint64_t n, uint32_t len)
{
	return (struct packet){.data = octets + n % 251, .len = len, .wire_len = len + 1, .time_ns = n * 3, .seq = n, .frame = (uint32_t)n,
		.file = 0, .tap = 2, .kind = n % 5 ? PACKET_WHOLE : PACKET_COPY, .linktype = 113, .port = 9};
}

static void is_numbered(const struct packet *p, uint64_t n, uint32_t len)
{
	const struct packet want = numbered(n, len);
	assert_int_equal(p->seq, n);
	assert_int_equal(p->len, len);
	assert_memory_equal(p->data, want.data, len);
	assert_true(p->time_ns == want.time_ns && p->wire_len == want.wire_len && p->frame == want.frame && p->tap == 2 && p->port == 9);
	assert_int_equal(p->linktype, 113);
	assert_int_equal(p->kind, want.kind);
}

// Every length there is, block after block, many times round the ring.
static void test_order(void **state)
{
	struct lane *l;
	struct packet burst[PACKET_BURST];
	uint64_t put = 0, got = 0, whole = 0;
	assert_int_equal(lane_open(&l, 0), 0);
	struct source *s = lane_source(l);
	assert_int_equal(source_burst(s, burst), SOURCE_IDLE);
	for (int round = 0; round < 3000; round++) {
		for (int i = 0; i < round % 70; i++, put++) {
			const struct packet p = numbered(put + 1, (uint32_t)((put * 37) % 1515));
			assert_true(lane_put(l, &p));
		}
		lane_flush(l);
		for (int n; (n = source_burst(s, burst)) != SOURCE_IDLE;) {
			assert_true(n > 0 && n <= PACKET_BURST);
			for (int i = 0; i < n; i++, got++) {
				is_numbered(&burst[i], got + 1, (uint32_t)((got * 37) % 1515));
				whole += burst[i].kind == PACKET_WHOLE;
			}
		}
		assert_int_equal(got, put);
	}
	assert_int_equal(lane_read(l), whole);
	lane_finish(l);
	assert_int_equal(source_burst(s, burst), SOURCE_END);
	assert_int_equal(source_burst(s, burst), SOURCE_END);
	lane_close(&l);
	assert_null(l);
}

static void test_unflushed(void **state)
{
	struct lane *l;
	struct packet burst[PACKET_BURST];
	assert_int_equal(lane_open(&l, LANE_LEN_MIN), 0);
	const struct packet p = numbered(1, 60);
	assert_true(lane_put(l, &p));
	assert_int_equal(source_burst(lane_source(l), burst), SOURCE_IDLE);
	lane_finish(l); // what was put is not lost
	assert_int_equal(source_burst(lane_source(l), burst), 1);
	is_numbered(&burst[0], 1, 60);
	assert_int_equal(source_burst(lane_source(l), burst), SOURCE_END);
	lane_close(&l);
}

static void test_large(void **state)
{
	static const uint32_t lens[] = {65535, 1, 262144, 0, 65536, 262144, 20000};
	struct lane *l;
	struct packet burst[PACKET_BURST];
	size_t n = sizeof(lens) / sizeof(lens[0]), got = 0;
	assert_int_equal(lane_open(&l, LANE_LEN_MIN), 0);
	for (size_t i = 0; i < n; i++) {
		const struct packet p = numbered(i + 1, lens[i]);
		assert_true(lane_put(l, &p));
	}
	lane_finish(l);
	for (int k; (k = source_burst(lane_source(l), burst)) != SOURCE_END;)
		for (int i = 0; i < k; i++, got++)
			is_numbered(&burst[i], got + 1, lens[got]);
	assert_int_equal(got, n);
	lane_close(&l);
	assert_int_equal(lane_open(&l, LANE_LEN_MIN), 0);
	const struct packet p = numbered(1, 600 * 1024); // never
	assert_false(lane_put(l, &p));
	lane_close(&l);
}

static void test_mark(void **state)
{
	struct lane *l;
	struct packet burst[PACKET_BURST];
	const struct packet mark = {.kind = PACKET_TIME, .time_ns = 8, .seq = 9};
	assert_int_equal(lane_open(&l, LANE_LEN_MIN), 0);
	assert_true(lane_put(l, &mark));
	lane_finish(l);
	assert_int_equal(source_burst(lane_source(l), burst), 1);
	assert_null(burst[0].data);
	assert_true(burst[0].kind == PACKET_TIME && burst[0].time_ns == 8 && burst[0].seq == 9 && burst[0].len == 0);
	assert_int_equal(lane_read(l), 0);
	lane_close(&l);
}

static void test_full(void **state)
{
	struct lane *l;
	struct packet burst[PACKET_BURST];
	uint64_t seq = 0, n_put = 0, n_got = 0, last = 0;
	assert_int_equal(lane_open(&l, LANE_LEN_MIN), 0);
	for (int round = 0; round < 4; round++) {
		uint64_t refused = 0;
		while (refused < 10) {
			const struct packet p = numbered(++seq, 1000);
			if (lane_put(l, &p))
				n_put++;
			else
				refused++;
		}
		lane_flush(l);
		for (int n, k = 0; k < 5 && (n = source_burst(lane_source(l), burst)) != SOURCE_IDLE; k++)
			for (int i = 0; i < n; i++, n_got++) {
				assert_true(burst[i].seq > last); // what was refused is missing, the rest keeps its order
				last = burst[i].seq;
				is_numbered(&burst[i], last, 1000);
			}
	}
	lane_finish(l);
	for (int n; (n = source_burst(lane_source(l), burst)) != SOURCE_END;)
		n_got += (uint64_t)n;
	assert_int_equal(n_got, n_put);
	assert_int_equal(n_put + 40, seq);
	assert_true(n_put > 700); // nearly all of its octets can be used
	lane_close(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_unflushed),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_full),
	};
	for (size_t i = 0; i < sizeof(octets); i++)
		octets[i] = (uint8_t)(i * 31 + i / 256);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

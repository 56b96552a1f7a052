// Datagrams in pieces: any order, holes, overlaps, ends that disagree, time, and a full table.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dissect/net/frag.h"
#include "tests/unit/dissect/net/packets.h"

enum { PIECES_MAX = 6, WHOLE_LEN = 40 };

struct piece {
	uint32_t off, len;
	bool last;
	bool other; // octets that differ from the datagram's
	uint32_t after_s;
	char want;  // k kept, d dropped, t TCP, n not TCP
};

static const struct row {
	const char *name;
	uint8_t ip_v;
	struct piece piece[PIECES_MAX];
	bool ambiguous;
	uint8_t proto; // 0: TCP
} rows[] = {
	{"in order", 4, {{0, 24, .want = 'k'}, {24, 16, true, .want = 't'}}},
	{"in reverse", 6, {{24, 16, true, .want = 'k'}, {0, 24, .want = 't'}}},
	{"tiny first", 4, {{0, 8, .want = 'k'}, {8, 8, .want = 'k'}, {16, 24, true, .want = 't'}}},
	{"the middle last", 6, {{0, 8, .want = 'k'}, {32, 8, true, .want = 'k'}, {8, 24, .want = 't'}}},
	{"a hole stays", 4, {{0, 8, .want = 'k'}, {24, 16, true, .want = 'k'}}},
	{"repeated", 4, {{0, 24, .want = 'k'}, {0, 24, .want = 'k'}, {24, 16, true, .want = 't'}}},
	{"repeated ipv6", 6, {{0, 24, .want = 'k'}, {0, 24, .want = 'k'}, {24, 16, true, .want = 't'}}},
	{"equal overlap", 4, {{0, 24, .want = 'k'}, {16, 24, true, .want = 't'}}},
	{"overlap differs, first wins", 4, {{0, 24, .want = 'k'}, {16, 8, false, true, .want = 'k'}, {24, 16, true, .want = 't'}},
		.ambiguous = true},
	{"around a piece", 4, {{16, 8, .want = 'k'}, {0, 40, true, .want = 't'}}},
	{"overlap ipv6", 6, {{0, 24, .want = 'k'}, {16, 24, true, .want = 'd'}, {24, 16, true, .want = 'd'}}},
	{"overlap ipv6 differs inside", 6, {{0, 24, .want = 'k'}, {8, 8, false, true, .want = 'd'}, {24, 16, true, .want = 'd'}}},
	{"two ends", 4, {{24, 16, true, .want = 'k'}, {16, 16, true, .want = 'd'}, {0, 24, .want = 'd'}}},
	{"past the end", 4, {{16, 8, true, .want = 'k'}, {24, 8, .want = 'd'}}},
	{"end before what came", 4, {{24, 16, .want = 'k'}, {0, 16, true, .want = 'd'}}},
	{"nothing in it", 4, {{8, 0, .want = 'd'}, {0, 24, .want = 'k'}, {24, 16, true, .want = 't'}}},
	{"no multiple of eight", 4, {{0, 23, .want = 'd'}}},
	{"past the largest datagram", 4, {{65528, 16, true, .want = 'd'}}},
	{"too late", 4, {{0, 24, .want = 'k'}, {24, 16, true, .after_s = 30, .want = 'k'}}},
	{"just in time", 4, {{0, 24, .want = 'k'}, {24, 16, true, .after_s = 29, .want = 't'}}},
	{"other protocol", 6, {{0, 24, .want = 'k'}, {24, 16, true, .want = 'n'}}, .proto = 17},
};

static const uint8_t whole[WHOLE_LEN] = {0x9c, 0x40, 0, 25, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x18, 2, 0, 0, 0, 0, 0,
	'M', 'A', 'I', 'L', ' ', 'F', 'R', 'O', 'M', ':', '<', 'a', '@', 'b', '.', 'c', '>', '\r', '\n', '.'};

static struct decoded piece_of(const struct row *r, const struct piece *p, uint32_t id)
{
	uint8_t octets[WHOLE_LEN];
	for (uint32_t i = 0; i < p->len; i++)
		octets[i] = p->off + i < WHOLE_LEN ? whole[p->off + i] ^ (p->other ? 0x20 : 0) : 0;
	uint8_t *at = packets_guard() - p->len;
	memcpy(at, octets, p->len);
	return (struct decoded){.ip_v = r->ip_v, .proto = r->proto ? r->proto : 6, .src = {192, 0, 2, 1}, .dst = {192, 0, 2, 2},
		.frag_id = id, .frag_off = p->off, .frag_len = p->len, .frag_more = !p->last, .frag_data = at};
}

static char take(struct frag_table *t, struct decoded *d, uint64_t time_ns, bool *ambiguous, uint64_t *counter)
{
	memset(counter, 0, DISSECT_COUNTERS * sizeof(*counter));
	enum decode_outcome outcome =
		frag_take(t, &(struct packet){.time_ns = time_ns}, d, ambiguous, false, counter);
	assert_int_not_equal(outcome, DECODE_FRAGMENT);
	assert_int_equal(packets_ledger(counter), outcome == DECODE_DONE ? 1 : 0);
	return outcome == DECODE_TCP ? 't' : counter[COUNT_packet_fragment_kept] ? 'k' : counter[COUNT_packet_not_tcp] ? 'n' : 'd';
}

static void check_row(const struct row *r)
{
	struct frag_table *t;
	uint64_t counter[DISSECT_COUNTERS];
	print_message("%s\n", r->name);
	assert_int_equal(frag_open(&t), 0);
	for (const struct piece *p = r->piece; p < r->piece + PIECES_MAX && p->want; p++) {
		struct decoded d = piece_of(r, p, 7);
		bool ambiguous;
		assert_int_equal(take(t, &d, (1 + p->after_s) * UINT64_C(1000000000), &ambiguous, counter), p->want);
		assert_int_equal(counter[COUNT_fragment_timeout], p->after_s >= 30);
		if (p->want != 't')
			continue;
		assert_int_equal(ambiguous, r->ambiguous);
		assert_int_equal(d.payload_len, WHOLE_LEN - 20);
		assert_memory_equal(d.payload, whole + 20, WHOLE_LEN - 20);
	}
	frag_close(&t);
	assert_null(t);
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

// One more than fits: the oldest goes, the second oldest is still there.
static void test_full_table(void **state)
{
	struct frag_table *t;
	uint64_t counter[DISSECT_COUNTERS];
	bool ambiguous;
	assert_int_equal(frag_open(&t), 0);
	for (uint32_t id = 0; id <= FRAG_DATAGRAMS_MAX; id++) {
		struct decoded d = piece_of(&rows[0], &rows[0].piece[0], id);
		assert_int_equal(take(t, &d, 1000 + id, &ambiguous, counter), 'k');
		assert_int_equal(counter[COUNT_fragment_no_memory], id == FRAG_DATAGRAMS_MAX);
	}
	struct decoded second = piece_of(&rows[0], &rows[0].piece[1], 1);
	assert_int_equal(take(t, &second, 2000, &ambiguous, counter), 't');
	struct decoded first = piece_of(&rows[0], &rows[0].piece[1], 0);
	assert_int_equal(take(t, &first, 2000, &ambiguous, counter), 'k');
	frag_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_full_table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

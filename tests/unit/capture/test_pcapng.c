// pcapng: sections, interfaces, kinds of blocks, exact times, and where it may be broken off or spoilt.
#include "tests/unit/capture/build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// Two sections of opposite order; interfaces that differ; every kind of block.
static struct build *build_sections(bool first_big)
{
	struct build *b = calloc(1, sizeof(*b));
	for (int i = 0; i < 2; i++) {
		build_section(b, first_big != (i == 1));
		build_interface(b, 1, 16);
		build_interface_timed(b, 276, 9, -5);
		build_enhanced(b, 0, 1700000000000001, 14, 99);
		size_t block = build_block(b, 0xbad); // nobody knows what it is
		build_put(b, "whatever is in it", 17);
		build_block_end(b, block);
		build_enhanced(b, 1, 6000000001, 5, 5);
		block = build_block(b, 3); // simple packet, cut by interface 0
		build_32(b, 20);
		for (uint8_t k = 0; k < 16; k++)
			build_put(b, &k, 1);
		b->n_packets++;
		build_block_end(b, block);
		block = build_block(b, 2); // obsolete packet, with an option behind it
		build_16(b, 1);
		build_16(b, 7);
		build_32(b, 1);
		build_32(b, 2);
		build_32(b, 2);
		build_32(b, 2);
		build_put(b, "\0\1\0\0", 4);
		build_32(b, 0);
		b->n_packets++;
		build_block_end(b, block);
	}
	return b;
}

static void check_sections(const struct result *r)
{
	static const struct packet want[] = {
		{.len = 14, .wire_len = 99, .time_ns = 1700000000000001000, .linktype = 1},
		{.len = 5, .wire_len = 5, .time_ns = 1000000001, .linktype = 276},
		{.len = 16, .wire_len = 20, .time_ns = 0, .linktype = 1},
		{.len = 2, .wire_len = 2, .time_ns = 0, .linktype = 276}, // 4.29 s minus 5 s: before the epoch
	};
	assert_int_equal(r->n, 8);
	assert_int_equal(r->n_damages, 0);
	for (size_t i = 0; i < r->n; i++) {
		const struct packet *p = &r->packets[i], *w = &want[i % 4];
		assert_int_equal(p->len, w->len);
		assert_int_equal(p->wire_len, w->wire_len);
		assert_int_equal(p->time_ns, w->time_ns);
		assert_int_equal(p->linktype, w->linktype);
		assert_int_equal(p->frame, i + 1);
	}
}

static void packets_are_read(void **state)
{
	for (int big = 0; big < 2; big++) {
		struct build *b = build_sections(big);
		struct result r;
		result_of_file(&r, b->octets, b->len);
		check_sections(&r);
		result_of_pipe(&r, b->octets, b->len, 1);
		check_sections(&r);
		free(b);
	}
}

static void times_are_exact(void **state)
{
	static const struct {
		const char *name;
		uint8_t tsresol;
		int64_t offset_s;
		uint64_t ticks, want_ns;
	} rows[] = {
		{"seconds", 0, 0, 1700000000, 1700000000000000000},
		{"milliseconds", 3, 0, 1700000000123, 1700000000123000000},
		{"microseconds", 6, 0, 1700000000123456, 1700000000123456000},
		{"nanoseconds", 9, 0, 1700000000123456789, 1700000000123456789},
		{"picoseconds", 12, 0, 1234567890123, 1234567890},
		{"10^-28: 64 bits of it are a nanosecond", 28, 0, UINT64_MAX, 1},
		{"10^-29: and of this none", 29, 0, UINT64_MAX, 0},
		{"10^-127", 127, 0, UINT64_MAX, 0},
		{"2^-0", 0x80, 0, 1700000000, 1700000000000000000},
		{"2^-1", 0x81, 0, 3, 1500000000},
		{"2^-20", 0x94, 0, 1700000000 * UINT64_C(1048576) + 524288, 1700000000500000000},
		{"2^-32", 0xa0, 0, UINT64_C(1700000000) << 32 | 0x40000000, 1700000000250000000},
		{"2^-63", 0xbf, 0, UINT64_C(1) << 63, 1000000000},
		{"2^-127", 0xff, 0, UINT64_MAX, 0},
		{"offset forward", 6, 3600, 1000000, 3601000000000},
		{"offset back", 6, -3600, 3601000000, 1000000000},
		{"before the epoch", 6, -3600, 1000000, 0},
		{"largest offset", 6, INT64_MAX, 1, UINT64_MAX},
		{"smallest offset", 6, INT64_MIN, 1, 0},
		{"beyond 64 bits", 6, 0, UINT64_MAX, UINT64_MAX},
		{"beyond 64 bits in seconds", 0x80, 0, UINT64_MAX, UINT64_MAX},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct build *b = calloc(1, sizeof(*b));
		build_section(b, i % 2);
		build_interface_timed(b, 1, rows[i].tsresol, rows[i].offset_s);
		build_enhanced(b, 0, rows[i].ticks, 1, 1);
		struct result r;
		result_of_file(&r, b->octets, b->len);
		if (r.n != 1 || r.packets[0].time_ns != rows[i].want_ns)
			fail_msg("%s: %llu", rows[i].name, (unsigned long long)r.packets[0].time_ns);
		free(b);
	}
}

static void may_be_cut_anywhere(void **state)
{
	for (int big = 0; big < 2; big++) {
		struct build *b = build_sections(big);
		result_of_all_cuts(b);
		free(b);
	}
}

// ---- damaged -----------------------------------------------------------------------------------------------

// Each writes something wrong behind a good packet.
static void unknown_interface(struct build *b)
{
	build_enhanced(b, 1, 0, 4, 4);
}

static void longer_than_block(struct build *b)
{
	size_t off = b->len;
	build_enhanced(b, 0, 0, 4, 4);
	b->octets[off + 20] = 5;
}

static void longer_than_possible(struct build *b)
{
	size_t off = b->len;
	build_enhanced(b, 0, 0, 4, 4);
	b->octets[off + 22] = 6;
}

static void lengths_differ(struct build *b)
{
	build_enhanced(b, 0, 0, 4, 4);
	b->octets[b->len - 4] ^= 4;
}

static void lengths_of_unknown_block_differ(struct build *b)
{
	build_block_end(b, build_block(b, 77));
	b->octets[b->len - 4] ^= 4;
}

static void odd_length(struct build *b)
{
	size_t off = b->len;
	build_enhanced(b, 0, 0, 4, 4);
	b->octets[off + 4] |= 1;
}

static void length_zero(struct build *b)
{
	build_64(b, 6);
	build_32(b, 0);
}

static void too_small_for_its_type(struct build *b)
{
	build_block_end(b, build_block(b, 6));
}

static void too_long_to_hold(struct build *b)
{
	build_32(b, 6);
	build_32(b, 512 * 1024);
}

static void option_overruns(struct build *b)
{
	size_t block = build_block(b, 1);
	build_64(b, 1);
	build_16(b, 2);
	build_16(b, 5);
	build_put(b, "abcd", 4);
	build_block_end(b, block);
}

static void bad_order_mark(struct build *b)
{
	size_t off = b->len;
	build_section(b, false);
	b->octets[off + 8] ^= 1;
}

static void bad_section_version(struct build *b)
{
	size_t off = b->len;
	build_section(b, false);
	b->octets[off + 12] = 2;
}

static void interfaces_of_the_last_section_are_gone(struct build *b)
{
	build_section(b, true);
}

static void damage_is_told(void **state)
{
	static const struct {
		const char *name;
		void (*spoil)(struct build *b);
		const char *reason;
		size_t good; // octets behind the first packet that are in order
	} rows[] = {
		{"unknown interface", unknown_interface, "packet of an unknown interface", 0},
		{"longer than its block", longer_than_block, "packet longer than its block", 0},
		{"longer than possible", longer_than_possible, "impossible packet length", 0},
		{"lengths differ", lengths_differ, "block lengths differ", 0},
		{"lengths differ, unknown", lengths_of_unknown_block_differ, "block lengths differ", 0},
		{"odd length", odd_length, "bad block length", 0},
		{"length 0", length_zero, "bad block length", 0},
		{"too small", too_small_for_its_type, "bad block length", 0},
		{"too long", too_long_to_hold, "block too long", 0},
		{"option overruns", option_overruns, "bad option of an interface", 0},
		{"bad order mark", bad_order_mark, "bad byte order mark of a section", 0},
		{"bad version", bad_section_version, "unknown version of the pcapng format", 0},
		{"section forgets interfaces", interfaces_of_the_last_section_are_gone, "packet of an unknown interface", 28},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct build *b = calloc(1, sizeof(*b));
		build_section(b, false);
		build_interface(b, 1, 0);
		build_enhanced(b, 0, 1, 10, 10);
		size_t off = b->len + rows[i].good;
		rows[i].spoil(b);
		build_enhanced(b, 0, 1, 10, 10);
		result_is_damage(b, rows[i].name, 1, off, rows[i].reason);
		free(b);
	}
}

static void more_interfaces_than_we_keep_are_damage(void **state)
{
	struct build *b = calloc(1, sizeof(*b));
	build_section(b, false);
	for (int i = 0; i < 1024; i++) {
		build_interface(b, 1, 0);
		b->n_marks = 0;
	}
	build_enhanced(b, 1023, 1, 10, 10);
	size_t off = b->len;
	build_interface(b, 1, 0);
	result_is_damage(b, "1025 interfaces", 1, off, "too many interfaces");
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_read),
		cmocka_unit_test(times_are_exact),
		cmocka_unit_test(may_be_cut_anywhere),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(more_interfaces_than_we_keep_are_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Classic pcap in every byte order and resolution: what comes out, and where it may be broken off.
#include "tests/unit/capture/build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct pcap_style {
	const char *name;
	uint32_t magic;
	bool big;
	uint64_t fraction_ns;
} pcap_styles[] = {
	{"microseconds, little-endian", 0xa1b2c3d4, false, 1000},
	{"microseconds, big-endian", 0xa1b2c3d4, true, 1000},
	{"nanoseconds, little-endian", 0xa1b23c4d, false, 1},
	{"nanoseconds, big-endian", 0xa1b23c4d, true, 1},
};

enum { N_STYLES = sizeof(pcap_styles) / sizeof(pcap_styles[0]) };

static struct build *build_style(const struct pcap_style *style)
{
	struct build *b = calloc(1, sizeof(*b));
	b->big = style->big;
	build_pcap(b, style->magic, 0x14000071); // the upper half speaks of checksums: SLL
	build_pcap_record(b, 1700000000, 999999, 60, 60);
	build_pcap_record(b, UINT32_MAX, 1, 0, 1500);
	build_pcap_record(b, 0, 0, 3, 2); // less on the wire than captured: tolerated
	return b;
}

static void packets_are_read(void **state)
{
	for (size_t i = 0; i < N_STYLES; i++) {
		const struct pcap_style *style = &pcap_styles[i];
		struct build *b = build_style(style);
		struct result r;
		result_of_file(&r, b->octets, b->len);
		if (r.n != 3 || r.n_damages)
			fail_msg("%s: %zu packets", style->name, r.n);
		assert_int_equal(r.packets[0].time_ns, 1700000000 * UINT64_C(1000000000) + 999999 * style->fraction_ns);
		assert_int_equal(r.packets[1].time_ns, UINT32_MAX * UINT64_C(1000000000) + style->fraction_ns);
		assert_int_equal(r.packets[2].time_ns, 0);
		assert_int_equal(r.packets[1].wire_len, 1500);
		assert_int_equal(r.packets[1].len, 0);
		assert_int_equal(r.packets[2].wire_len, 3);
		assert_int_equal(r.packets[2].frame, 3);
		assert_int_equal(r.packets[0].linktype, 113);
		free(b);
	}
}

static void may_be_cut_anywhere(void **state)
{
	for (size_t i = 0; i < N_STYLES; i++) {
		struct build *b = build_style(&pcap_styles[i]);
		result_of_all_cuts(b);
		free(b);
	}
}

static void damage_is_told(void **state)
{
	static const struct {
		const char *name;
		uint32_t len;
		const char *reason;
	} rows[] = {
		{"longest possible, not there", 262144 + 65536, "truncated packet record"},
		{"one longer", 262144 + 65536 + 1, "impossible packet length"},
		{"negative", UINT32_MAX, "impossible packet length"},
		{"one more than there is", 21, "truncated packet record"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct build *b = calloc(1, sizeof(*b));
		build_pcap(b, 0xa1b2c3d4, 1);
		build_pcap_record(b, 1, 1, 8, 8);
		size_t off = b->len;
		build_pcap_record(b, 1, 1, 20, 20);
		b->len = off + 8;
		build_32(b, rows[i].len);
		b->len = off + 16 + 20;
		result_is_damage(b, rows[i].name, 1, off, rows[i].reason);
		free(b);
	}
}

static void bad_version(struct build *b)
{
	size_t end = b->len;
	b->len = 4;
	build_16(b, 1);
	b->len = end;
}

static void headers_we_cannot_read_are_told(void **state)
{
	struct build *b = build_style(&pcap_styles[0]);
	bad_version(b);
	result_is_damage(b, "version 1", 0, 0, "unknown version of the pcap format");
	memcpy(b->octets, "snoop\0\0\0", 8);
	result_is_damage(b, "snoop", 0, 0, "not a capture file (pcap or pcapng)");
	b->len = 3;
	result_is_damage(b, "three octets", 0, 0, "not a capture file (pcap or pcapng)");
	b->len = 0;
	result_is_damage(b, "empty", 0, 0, "empty file");
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_are_read),
		cmocka_unit_test(may_be_cut_anywhere),
		cmocka_unit_test(damage_is_told),
		cmocka_unit_test(headers_we_cannot_read_are_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

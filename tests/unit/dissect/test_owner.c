// Whose a packet is. That it is told as the decoder reads it, for any octets, is tests/fuzz/fuzz_decode.c.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "capture/live.h"
#include "dissect/dissect.h"
#include "tests/unit/dissect/net/packets.h"

#define MAC "020000000001 020000000002 "
#define IP4 "4500002c 00070000 4006f6c1 c0000201 c0000202 "
#define TCP4 "9c400019 00000001 00000002 50180200 fbd00000 45484c4f "
#define BACK4 "4500002c 00070000 4006f6c1 c0000202 c0000201 00199c40 00000001 00000002 50180200 fbd00000 45484c4f "
#define FRAGMENT4 "4500002c 00072000 4006d6c1 c0000201 c0000202 " TCP4
#define TCP6 "60000000 00180640 20010db8000000000000000000000001 20010db8000000000000000000000002 " \
	"9c400019 00000001 00000002 50180200 24600000 45484c4f "
#define UDP(src, dst) "45000024 00000000 4011f6c6 c0000201 c0000202 " src dst "00100000 0102030405060708 00000000 "
#define VXLAN "08000000 00002a00 "

enum { WORKERS = 5, ENDS = 100, SAME = 101 }; // by the ends; as the row before

static const struct row {
	const char *name, *hex;
	uint32_t fanned, here;
} rows[] = {
	{"tcp", MAC "0800" IP4 TCP4, ENDS, LIVE_HERE},
	{"... the other way", MAC "0800" BACK4, SAME, LIVE_HERE},
	{"... tagged", MAC "8100 0007 0800" IP4 TCP4, SAME, LIVE_HERE},
	{"... mpls, the long way", MAC "8847 00010140" IP4 TCP4, SAME, LIVE_HERE},
	{"... with options", MAC "0800" "46000030 00070000 400661b9 c0000201 c0000202 94040000" TCP4, SAME, LIVE_HERE},
	{"... in vxlan", MAC "0800 45000086 00000000 40110000 c0000203 c0000204 c35012b5 00720000" VXLAN MAC "0800" IP4 TCP4, SAME, SAME},
	{"... in gre", MAC "0800 45000044 00000000 402f0000 c0000203 c0000204 0000 0800" IP4 TCP4, SAME, SAME},
	{"tcp over ipv6", MAC "86dd" TCP6, ENDS, LIVE_HERE},
	{"a fragment", MAC "0800" FRAGMENT4, LIVE_ALL, LIVE_ALL},
	{"a fragment in gre", MAC "0800 45000044 00000000 402f0000 c0000203 c0000204 0000 0800" FRAGMENT4, LIVE_ALL, LIVE_ALL},
	{"dns", MAC "0800" UDP("9c40", "0035"), ENDS, LIVE_HERE},
	{"... its answer", MAC "0800 45000024 00000000 4011f6c6 c0000202 c0000201 0035 9c40 00100000 0102030405060708 00000000", SAME, LIVE_HERE},
	{"udp", MAC "0800" UDP("9c40", "9c41"), ENDS, LIVE_HERE},
	{"icmp", MAC "0800 4500001c 00000000 4001f6c6 c0000201 c0000202 0800000000000000", ENDS, LIVE_HERE},
	{"arp", MAC "0806 0001080006040001", 0, LIVE_HERE},
	{"bad header", MAC "0800 4400002c 00070000 4006f6c1 c0000201 c0000202" TCP4, 0, LIVE_HERE},
};

static void test_rows(void **state)
{
	uint8_t octets[PACKETS_LEN];
	uint32_t before = 0, seen = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t len = packets_hex(rows[i].hex, octets);
		struct packet p = packets_at(octets, len, len, 1);
		struct dissect_owner o = {.n_workers = WORKERS, .tunnels = TUNNEL_GRE | TUNNEL_VXLAN};
		uint32_t fanned = dissect_owner(&o, &p, true), here = dissect_owner(&o, &p, false);
		print_message("%s\n", rows[i].name);
		if (rows[i].fanned == ENDS)
			assert_in_range(fanned, 0, WORKERS - 1);
		else
			assert_int_equal(fanned, rows[i].fanned == SAME ? before : rows[i].fanned);
		assert_int_equal(here, rows[i].here == SAME ? before : rows[i].here);
		before = fanned;
		seen |= rows[i].fanned == ENDS ? 1u << fanned : 0;
		o.n_workers = 1;
		assert_int_equal(dissect_owner(&o, &p, true), 0);
		assert_int_equal(dissect_owner(&o, &p, false), LIVE_HERE);
	}
	assert_true(seen & (seen - 1)); // not one worker for all of them
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

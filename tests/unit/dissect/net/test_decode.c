// Every encapsulation, every header that cannot be, and each of them cut at every octet.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/dissect/net/packets.h"

#define MAC "020000000001 020000000002 "
#define IP4 "4500002c 00070000 4006f6c1 c0000201 c0000202 "
#define TCP4 "9c400019 00000001 00000002 50180200 fbd00000 45484c4f "
#define ADDRESS6 "20010db8000000000000000000000001 20010db8000000000000000000000002 "
#define IP6(len, next) "60000000 " len next "40 " ADDRESS6
#define TCP6 "9c400019 00000001 00000002 50180200 24600000 45484c4f "
#define COOKED "0000 0001 0006 0200000000010000 "

static const struct row {
	const char *name;
	uint16_t linktype;
	const char *hex;
	enum decode_outcome want;
	int row;             // DECODE_DONE: its row of the ledger
	uint8_t ip_v;
	uint32_t payload_len;
	bool bad_tcp, bad_ip, cut;
	uint16_t vlan[2];
} rows[] = {
	{"ethernet ipv4", 1, MAC "0800" IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"padding", 1, MAC "0800" IP4 TCP4 "00000000 0000", DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"ethernet ipv6", 1, MAC "86dd" IP6("0018", "06") TCP6, DECODE_TCP, .ip_v = 6, .payload_len = 4},
	{"802.1q", 1, MAC "8100 6064 0800" IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4, .vlan = {0x64}},
	{"qinq", 1, MAC "88a8 0fff 8100 0001 0800" IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4, .vlan = {0xfff, 1}},
	{"three tags", 1, MAC "9100 0003 88a8 0002 8100 0001 0800" IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4,
		.vlan = {3, 2}},
	{"nine tags", 1, MAC "8100 00018100 00018100 00018100 00018100 00018100 00018100 00018100 00018100 0001 0800" IP4 TCP4,
		DECODE_DONE, COUNT_packet_malformed},
	{"llc snap", 1, MAC "0034 aaaa03 000000 0800" IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"llc ip", 1, MAC "002f 060603" IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"llc spanning tree", 1, MAC "0026 424203 0000000000", DECODE_DONE, COUNT_packet_not_ip},
	{"snap of cisco", 1, MAC "0034 aaaa03 00000c 2000 01020304", DECODE_DONE, COUNT_packet_not_ip},
	{"arp", 1, MAC "0806 0001 0800 0604", DECODE_DONE, COUNT_packet_not_ip},
	{"mpls, two labels", 1, MAC "8847 00010040 00010140" IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"mpls ipv6", 1, MAC "8848 00010140" IP6("0018", "06") TCP6, DECODE_TCP, .ip_v = 6, .payload_len = 4},
	{"mpls pseudowire", 1, MAC "8847 00010140 00000000", DECODE_DONE, COUNT_packet_not_ip},
	{"pppoe", 1, MAC "8864 1100 0001 002e 0021" IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"pppoe ipv6", 1, MAC "8864 1100 0001 0042 0057" IP6("0018", "06") TCP6, DECODE_TCP, .ip_v = 6, .payload_len = 4},
	{"pppoe lcp", 1, MAC "8864 1100 0001 0006 c021 0901", DECODE_DONE, COUNT_packet_not_ip},
	{"cooked", 113, COOKED "0800" IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"cooked vlan", 113, COOKED "8100 0007 86dd" IP6("0018", "06") TCP6, DECODE_TCP, .ip_v = 6, .payload_len = 4, .vlan = {7}},
	{"cooked 2", 276, "0800 0000 00000001 0001 00 06 0200000000010000" IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"raw", 101, IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"raw 12", 12, IP6("0018", "06") TCP6, DECODE_TCP, .ip_v = 6, .payload_len = 4},
	{"raw 14", 14, IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"raw ipv4", 228, IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"raw ipv6", 229, IP6("0018", "06") TCP6, DECODE_TCP, .ip_v = 6, .payload_len = 4},
	{"raw neither", 101, "00000000", DECODE_DONE, COUNT_packet_not_ip},
	{"raw ipv6 as ipv4", 228, IP6("0018", "06") TCP6, DECODE_DONE, COUNT_packet_malformed},
	{"null little", 0, "02000000" IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"null big", 108, "00000002" IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"null 10", 0, "0a000000" IP6("0018", "06") TCP6, DECODE_TCP, .ip_v = 6, .payload_len = 4},
	{"null 24", 108, "00000018" IP6("0018", "06") TCP6, DECODE_TCP, .ip_v = 6, .payload_len = 4},
	{"null 28", 0, "1c000000" IP6("0018", "06") TCP6, DECODE_TCP, .ip_v = 6, .payload_len = 4},
	{"null 30", 0, "1e000000" IP6("0018", "06") TCP6, DECODE_TCP, .ip_v = 6, .payload_len = 4},
	{"null appletalk", 0, "10000000 00", DECODE_DONE, COUNT_packet_not_ip},
	{"ppp", 9, "ff03 0021" IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"ppp compressed", 9, "21" IP4 TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"802.11", 105, "0800 0000", DECODE_DONE, COUNT_packet_link_unknown},
	{"udp", 101, "4500001c 00070000 4011f6c6 c0000201 c0000202 3132333435363738", DECODE_DONE, COUNT_packet_not_tcp},
	{"ip options", 101, "46000030 00070000 400661b9 c0000201 c0000202 94040000" TCP4, DECODE_TCP, .ip_v = 4, .payload_len = 4},
	{"total 0, no offload", 101, "45000000 00070000 4006f6ed c0000201 c0000202" TCP4, DECODE_DONE, COUNT_packet_malformed},
	{"longer than captured", 101, "4500003c 00070000 4006f6b1 c0000201 c0000202" TCP4, DECODE_TCP, .ip_v = 4,
		.payload_len = 4, .cut = true},
	{"bad header checksum", 101, "4500002c 00070000 40060000 c0000201 c0000202" TCP4, DECODE_TCP, .ip_v = 4,
		.payload_len = 4, .bad_ip = true},
	{"header length 4", 101, "4400002c 00070000 4006f6c1 c0000201 c0000202" TCP4, DECODE_DONE, COUNT_packet_malformed},
	{"total below header", 101, "45000013 00070000 4006f6c1 c0000201 c0000202" TCP4, DECODE_DONE, COUNT_packet_malformed},
	{"bad tcp checksum", 101, IP4 "9c400019 00000001 00000002 50180200 fbd00000 45484c4e", DECODE_TCP, .ip_v = 4,
		.payload_len = 4, .bad_tcp = true},
	{"tcp offset 4", 101, IP4 "9c400019 00000001 00000002 40180200 fbd00000 45484c4f", DECODE_DONE, COUNT_packet_malformed},
	{"tcp offset past the end", 101, IP4 "9c400019 00000001 00000002 70180200 fbd00000 45484c4f", DECODE_DONE,
		COUNT_packet_malformed},
	{"fragment", 101, "4500002c 00072000 4006d6c1 c0000201 c0000202" TCP4, DECODE_FRAGMENT, .ip_v = 4},
	{"hop by hop, destination", 229, IP6("0028", "00") "3c00 010400000000 0600 010400000000" TCP6, DECODE_TCP, .ip_v = 6,
		.payload_len = 4},
	{"routing", 229, IP6("0020", "2b") "0600 0400 00000000" TCP6, DECODE_TCP, .ip_v = 6, .payload_len = 4},
	{"authentication", 229, IP6("0024", "33") "0601 0000 00000001 00000001" TCP6, DECODE_TCP, .ip_v = 6, .payload_len = 4},
	{"atomic fragment", 229, IP6("0020", "2c") "0600 0000 00000009" TCP6, DECODE_TCP, .ip_v = 6, .payload_len = 4},
	{"fragment ipv6", 229, IP6("0020", "2c") "0600 0001 00000009" TCP6, DECODE_FRAGMENT, .ip_v = 6},
	{"hop by hop not first", 229, IP6("0028", "3c") "0000 010400000000 0600 010400000000" TCP6, DECODE_DONE,
		COUNT_packet_malformed},
	{"extension past the end", 229, IP6("0008", "3c") "0609 010400000000", DECODE_DONE, COUNT_packet_malformed},
	{"nine extensions", 229, IP6("0060", "3c") "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000"
		"3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000 0600010400000000" TCP6, DECODE_DONE,
		COUNT_packet_malformed},
	{"no next header", 229, IP6("0000", "3b"), DECODE_DONE, COUNT_packet_not_tcp},
	{"length 0, no jumbogram", 229, IP6("0000", "06") TCP6, DECODE_DONE, COUNT_packet_malformed},
};

static enum decode_outcome decode(const struct packet *p, struct decoded *out, uint64_t *counter)
{
	memset(counter, 0, DISSECT_COUNTERS * sizeof(*counter));
	enum decode_outcome outcome = decode_packet(p, out, true, 0, counter);
	assert_int_equal(counter[COUNT_packets], 1);
	assert_int_equal(counter[COUNT_octets], p->wire_len);
	assert_int_equal(packets_ledger(counter), outcome == DECODE_DONE ? 1 : 0);
	if (outcome == DECODE_TCP) {
		assert_true(out->payload >= p->data && out->payload + out->payload_len <= p->data + p->len);
		assert_int_equal(out->cut, out->payload_len < out->payload_wire_len);
	}
	if (outcome == DECODE_FRAGMENT)
		assert_true(out->frag_data >= p->data && out->frag_data + out->frag_len <= p->data + p->len);
	return outcome;
}

static void check_row(const struct row *r, const uint8_t *octets, uint32_t len)
{
	uint64_t counter[DISSECT_COUNTERS];
	struct decoded d;
	struct packet p = packets_at(octets, len, len, r->linktype);
	print_message("%s\n", r->name);
	assert_int_equal(decode(&p, &d, counter), r->want);
	if (r->want == DECODE_DONE) {
		assert_int_equal(counter[r->row], 1);
		return;
	}
	assert_int_equal(d.ip_v, r->ip_v);
	assert_int_equal(d.vlan[0], r->vlan[0]);
	assert_int_equal(d.vlan[1], r->vlan[1]);
	assert_int_equal(counter[COUNT_decode_ip4_bad_checksum], r->bad_ip);
	assert_int_equal(d.ip_checksum_ok, !r->bad_ip);
	if (r->want != DECODE_TCP)
		return;
	assert_int_equal(d.src_port, 40000);
	assert_int_equal(d.dst_port, 25);
	assert_int_equal(d.seq, 1);
	assert_int_equal(d.ack, 2);
	assert_int_equal(d.flags, TCP_PSH | TCP_ACK);
	assert_int_equal(d.payload_len, r->payload_len);
	assert_int_equal(d.cut, r->cut);
	assert_int_equal(d.tcp_checksum_ok, !r->bad_tcp);
	assert_int_equal(decode_tcp_checksum_ok(&d), !r->bad_tcp);
}

static void test_rows(void **state)
{
	uint8_t octets[PACKETS_LEN];
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i], octets, packets_hex(rows[i].hex, octets));
}

// Cut by the capture: never called malformed unless the whole is. Short on the wire: no octet past the end is read.
static void test_every_length(void **state)
{
	uint8_t octets[PACKETS_LEN];
	uint64_t counter[DISSECT_COUNTERS];
	struct decoded d;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint32_t len = packets_hex(rows[i].hex, octets);
		for (uint32_t n = 0; n < len; n++) {
			struct packet p = packets_at(octets, n, len, rows[i].linktype);
			decode(&p, &d, counter);
			if (rows[i].want != DECODE_DONE)
				assert_int_equal(counter[COUNT_packet_malformed], 0);
			p.wire_len = n;
			decode(&p, &d, counter);
		}
	}
}

static void test_snaplen_cuts_payload(void **state)
{
	uint8_t octets[PACKETS_LEN];
	uint64_t counter[DISSECT_COUNTERS];
	struct decoded d;
	uint32_t len = packets_hex(IP4 TCP4, octets);
	struct packet p = packets_at(octets, len - 3, len, 101);
	assert_int_equal(decode(&p, &d, counter), DECODE_TCP);
	assert_true(d.cut && d.tcp_checksum_ok);
	assert_int_equal(d.payload_len, 1);
	assert_int_equal(d.payload_wire_len, 4);
}

// A record that claims to have been longer than any capture takes: its claim is not added up.
static void test_absurd_length(void **state)
{
	static const uint32_t claims[] = {PACKET_WIRE_MAX, PACKET_WIRE_MAX + 1, UINT32_MAX};
	uint8_t octets[PACKETS_LEN];
	uint64_t counter[DISSECT_COUNTERS];
	struct decoded d;
	uint32_t len = packets_hex(MAC "0800" "45000000 00070000 4006f6ed c0000201 c0000202 " TCP4, octets); // length 0: told by the record
	for (int i = 0; i < 3; i++) {
		struct packet p = packets_at(octets, len, claims[i], 1);
		memset(counter, 0, sizeof(counter));
		assert_int_equal(decode_packet(&p, &d, true, 0, counter), i ? DECODE_DONE : DECODE_TCP); // by itself 0 is no length
		assert_int_equal(counter[COUNT_octets], i ? len : PACKET_WIRE_MAX);
		assert_int_equal(counter[COUNT_decode_wire_len], i ? 1 : 0);
		assert_true(d.payload_wire_len <= PACKET_WIRE_MAX);
	}
}

// Longer than a frame: length 0 is a host's own capture, and the checksum what it left for its card.
static void test_offload(void **state)
{
	uint8_t octets[4096];
	uint64_t counter[DISSECT_COUNTERS];
	struct decoded d;
	uint32_t headers = packets_hex("45000000 00070000 4006f6ed c0000201 c0000202 9c400019 00000001 00000002 50180200 00000000", octets);
	memset(octets + headers, 'x', 2000);
	for (uint32_t payload = 1459; payload <= 1462; payload++) {
		struct packet p = packets_at(octets, headers + payload, headers + payload, 101);
		assert_int_equal(decode(&p, &d, counter), payload > 1460 ? DECODE_TCP : DECODE_DONE);
	}
	assert_int_equal(d.payload_len, 1462);
	assert_false(decode_tcp_checksum_offloaded(&d));
	uint32_t sum = 2 * 0xc000u + 0x201 + 0x202 + 6;
	for (int with_len = 0; with_len < 2; with_len++) {
		uint32_t field = sum + (with_len ? 20 + 1462 : 0);
		field = (field & 0xffff) + (field >> 16);
		octets[20 + 16] = (uint8_t)(field >> 8);
		octets[20 + 17] = (uint8_t)field;
		struct packet p = packets_at(octets, headers + 1462, headers + 1462, 101);
		assert_int_equal(decode(&p, &d, counter), DECODE_TCP);
		assert_true(decode_tcp_checksum_offloaded(&d));
		assert_false(decode_tcp_checksum_ok(&d));
	}
}

static void test_tcp_options(void **state)
{
	uint8_t octets[PACKETS_LEN];
	uint64_t counter[DISSECT_COUNTERS];
	struct decoded d;
	uint32_t len = packets_hex("45000044 00070000 4006f6a9 c0000201 c0000202 9c400019 00000001 00000002 c0020200 53de0000"
		"020405b4 01030310 1312 55555555555555555555555555555555 0000", octets);
	struct packet p = packets_at(octets, len, len, 101);
	assert_int_equal(decode(&p, &d, counter), DECODE_TCP);
	assert_true(d.md5_option && d.tcp_checksum_ok);
	assert_int_equal(d.window_scale, 14);
	assert_int_equal(d.payload_len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_snaplen_cuts_payload),
		cmocka_unit_test(test_absurd_length),
		cmocka_unit_test(test_offload),
		cmocka_unit_test(test_tcp_options),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

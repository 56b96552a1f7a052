// Every kind of tunnel, opened and not; nested; headers that cannot be; each of them cut at every octet.
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dissect/dissect.h"
#include "tests/unit/dissect/net/packets.h"

#define MAC "020000000001 020000000002 "
#define IP4 "4500002c 00070000 4006f6c1 c0000201 c0000202 "
#define TCP4 "9c400019 00000001 00000002 50180200 fbd00000 45484c4f "
#define IP6 "60000000 00180640 20010db8000000000000000000000001 20010db8000000000000000000000002 "
#define TCP6 "9c400019 00000001 00000002 50180200 24600000 45484c4f "
#define FRAME4 MAC "0800" IP4 TCP4
#define TAGGED4 MAC "8100 6064 0800" IP4 TCP4
#define FRAME6 MAC "86dd" IP6 TCP6
#define VXLAN "08000000 00002a00 "
#define ERSPAN_II "1064 2001 00000007 "
#define ERSPAN_III "2064 2001 00000007 0000 0000 "

enum { ALL = TUNNEL_GRE | TUNNEL_ERSPAN | TUNNEL_VXLAN | TUNNEL_GENEVE, GRE = 0, FRAGMENT = 1, VX = 4789, GEN = 6081 };

static const struct row {
	const char *name;
	uint16_t port;   // of UDP; below 2: GRE, or a fragment of it
	const char *hex; // behind the outer IP header, or that of UDP
	uint32_t tunnels;
	enum decode_outcome want;
	int row;         // DECODE_DONE: its row of the ledger
	uint64_t opened, closed, bad, limit;
	uint8_t ip_v;
	uint16_t vlan;
} rows[] = {
	{"gre ipv4", GRE, "0000 0800" IP4 TCP4, TUNNEL_GRE, DECODE_TCP, .opened = 1, .ip_v = 4},
	{"gre ipv6", GRE, "0000 86dd" IP6 TCP6, TUNNEL_GRE, DECODE_TCP, .opened = 1, .ip_v = 6},
	{"gre mpls", GRE, "0000 8847 00010140" IP4 TCP4, TUNNEL_GRE, DECODE_TCP, .opened = 1, .ip_v = 4},
	{"gre ethernet", GRE, "0000 6558" FRAME4, TUNNEL_GRE, DECODE_TCP, .opened = 1, .ip_v = 4},
	{"gre ethernet with a tag", GRE, "0000 6558" TAGGED4, TUNNEL_GRE, DECODE_TCP, .opened = 1, .ip_v = 4, .vlan = 0x64},
	{"gre checksum, key, sequence", GRE, "b000 6558 12340000 00000001 00000002" FRAME6, TUNNEL_GRE, DECODE_TCP, .opened = 1, .ip_v = 6},
	{"nvgre", GRE, "2000 6558 00002a00" FRAME4, TUNNEL_GRE, DECODE_TCP, .opened = 1, .ip_v = 4},
	{"gre not asked for", GRE, "0000 0800" IP4 TCP4, ALL & ~TUNNEL_GRE, DECODE_DONE, COUNT_packet_not_tcp, .closed = 1},
	{"gre, no tunnels", GRE, "0000 0800" IP4 TCP4, 0, DECODE_DONE, COUNT_packet_not_tcp, .closed = 1},
	{"gre in fragments", FRAGMENT, "0000 0800" IP4 TCP4, ALL, DECODE_DONE, COUNT_packet_not_tcp, .closed = 1},
	{"gre ppp", GRE, "0000 880b ff030021" IP4 TCP4, ALL, DECODE_DONE, COUNT_packet_not_tcp, .closed = 1},
	{"gre version 1", GRE, "3001 880b 00040001 00000000", ALL, DECODE_DONE, COUNT_packet_not_tcp, .closed = 1},
	{"gre keep-alive", GRE, "0000 0000", ALL, DECODE_DONE, COUNT_packet_not_tcp, .closed = 1},
	{"gre source route", GRE, "4000 0800 00000000 00000000" IP4 TCP4, ALL, DECODE_DONE, COUNT_packet_malformed, .bad = 1},
	{"gre cut short", GRE, "0000", ALL, DECODE_DONE, COUNT_packet_malformed, .bad = 1},
	{"gre key cut short", GRE, "2000 0800 0000", ALL, DECODE_DONE, COUNT_packet_malformed, .bad = 1},
	{"gre arp", GRE, "0000 6558" MAC "0806 0001 0800 0604", ALL, DECODE_DONE, COUNT_packet_not_ip, .opened = 1},
	{"gre ipv4 that is ipv6", GRE, "0000 0800" IP6 TCP6, ALL, DECODE_DONE, COUNT_packet_malformed, .opened = 1},
	{"gre udp", GRE, "0000 0800 4500001c 00070000 4011f6c6 c0000201 c0000202 3132333435363738", ALL, DECODE_DONE,
		COUNT_packet_not_tcp, .opened = 1},
	{"gre with a fragment", GRE, "0000 0800 4500002c 00072000 4006d6c1 c0000201 c0000202" TCP4, ALL, DECODE_FRAGMENT,
		.opened = 1, .ip_v = 4},
	{"erspan I", GRE, "0000 88be" FRAME4, TUNNEL_ERSPAN, DECODE_TCP, .opened = 1, .ip_v = 4},
	{"erspan II", GRE, "1000 88be 00000001" ERSPAN_II TAGGED4, TUNNEL_ERSPAN, DECODE_TCP, .opened = 1, .ip_v = 4, .vlan = 0x64},
	{"erspan II ipv6", GRE, "1000 88be 00000001" ERSPAN_II FRAME6, TUNNEL_ERSPAN, DECODE_TCP, .opened = 1, .ip_v = 6},
	{"erspan II of version 2", GRE, "1000 88be 00000001" "2064 2001 00000007" FRAME4, ALL, DECODE_DONE, COUNT_packet_malformed, .bad = 1},
	{"erspan II cut short", GRE, "1000 88be 00000001 1064 2001", ALL, DECODE_DONE, COUNT_packet_malformed, .bad = 1},
	{"erspan III", GRE, "1000 22eb 00000001" ERSPAN_III FRAME4, TUNNEL_ERSPAN, DECODE_TCP, .opened = 1, .ip_v = 4},
	{"erspan III, more of the platform", GRE, "1000 22eb 00000001 2064 2001 00000007 0000 0001 0102030405060708" FRAME4, TUNNEL_ERSPAN,
		DECODE_TCP, .opened = 1, .ip_v = 4},
	{"erspan III ip", GRE, "1000 22eb 00000001 2064 2001 00000007 0000 0800" IP4 TCP4, TUNNEL_ERSPAN, DECODE_TCP, .opened = 1, .ip_v = 4},
	{"erspan III ipv6", GRE, "1000 22eb 00000001 2064 2001 00000007 0000 0800" IP6 TCP6, TUNNEL_ERSPAN, DECODE_TCP, .opened = 1, .ip_v = 6},
	{"erspan III 802.11", GRE, "1000 22eb 00000001 2064 2001 00000007 0000 0400 0102", ALL, DECODE_DONE, COUNT_packet_not_tcp, .closed = 1},
	{"erspan III of version 1", GRE, "1000 22eb 00000001 1064 2001 00000007 0000 0000" FRAME4, ALL, DECODE_DONE,
		COUNT_packet_malformed, .bad = 1},
	{"erspan III cut short", GRE, "1000 22eb 00000001 2064 2001 00000007 0000 0001 01020304", ALL, DECODE_DONE,
		COUNT_packet_malformed, .bad = 1},
	{"erspan not asked for", GRE, "1000 88be 00000001" ERSPAN_II FRAME4, TUNNEL_GRE, DECODE_DONE, COUNT_packet_not_tcp, .closed = 1},
	{"vxlan", VX, VXLAN FRAME4, TUNNEL_VXLAN, DECODE_TCP, .opened = 1, .ip_v = 4},
	{"vxlan with a tag", VX, VXLAN TAGGED4, TUNNEL_VXLAN, DECODE_TCP, .opened = 1, .ip_v = 4, .vlan = 0x64},
	{"vxlan without its flag", VX, "00000000 00002a00" FRAME4, ALL, DECODE_DONE, COUNT_packet_malformed, .bad = 1},
	{"vxlan cut short", VX, "08000000", ALL, DECODE_DONE, COUNT_packet_malformed, .bad = 1},
	{"vxlan not asked for", VX, VXLAN FRAME4, ALL & ~TUNNEL_VXLAN, DECODE_DONE, COUNT_packet_not_tcp, .closed = 1},
	{"vxlan, no tunnels", VX, VXLAN FRAME4, 0, DECODE_DONE, COUNT_packet_not_tcp, .closed = 1},
	{"geneve", GEN, "0000 6558 00002a00" TAGGED4, TUNNEL_GENEVE, DECODE_TCP, .opened = 1, .ip_v = 4, .vlan = 0x64},
	{"geneve ipv4", GEN, "0000 0800 00002a00" IP4 TCP4, TUNNEL_GENEVE, DECODE_TCP, .opened = 1, .ip_v = 4},
	{"geneve ipv6, critical option", GEN, "0240 86dd 00002a00 0103 8001 00000000" IP6 TCP6, TUNNEL_GENEVE, DECODE_TCP, .opened = 1, .ip_v = 6},
	{"geneve control", GEN, "0080 6558 00002a00" FRAME4, ALL, DECODE_DONE, COUNT_packet_not_tcp, .closed = 1},
	{"geneve of something else", GEN, "0000 8847 00002a00 00010140" IP4 TCP4, ALL, DECODE_DONE, COUNT_packet_not_tcp, .closed = 1},
	{"geneve version 1", GEN, "4000 6558 00002a00" FRAME4, ALL, DECODE_DONE, COUNT_packet_malformed, .bad = 1},
	{"geneve options past the end", GEN, "3f00 6558 00002a00 00000000", ALL, DECODE_DONE, COUNT_packet_malformed, .bad = 1},
	{"geneve not asked for", GEN, "0000 6558 00002a00" FRAME4, TUNNEL_VXLAN, DECODE_DONE, COUNT_packet_not_tcp, .closed = 1},
	{"erspan in vxlan", VX, VXLAN MAC "0800 45000066 00000000 402f0000 c0000203 c0000204 1000 88be 00000001" ERSPAN_II TAGGED4, ALL,
		DECODE_TCP, .opened = 2, .ip_v = 4, .vlan = 0x64},
	{"three deep", VX, VXLAN MAC "0800 45000000 00000000 402f0000 c0000203 c0000204 0000 0800"
		"45000000 00000000 402f0000 c0000205 c0000206 0000 0800" IP4 TCP4, ALL, DECODE_DONE, COUNT_packet_not_tcp, .opened = 2, .limit = 1},
};
enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

// Where a row has no length of an inner header: what is left.
static void fill_lengths(uint8_t *octets, uint32_t len)
{
	for (uint32_t i = 0; i + 20 < len; i++) {
		if (octets[i] == 0x45 && !octets[i + 1] && !octets[i + 2] && !octets[i + 3] && octets[i + 9] == 47)
			put16(octets + i + 2, len - i);
	}
}

// The row behind an outer Ethernet and IP header, with a VLAN tag of its own.
static uint32_t build(const struct row *r, bool six, uint8_t *out)
{
	uint8_t inner[PACKETS_LEN];
	uint32_t len = packets_hex(r->hex, inner);
	bool udp = r->port > FRAGMENT;
	fill_lengths(inner, len);
	uint32_t n = packets_hex(six ? MAC "8100 0fff 86dd 60000000 00000040 20010db8000000000000000000000011 20010db8000000000000000000000012"
	                             : MAC "8100 0fff 0800 45000000 00000000 3f000000 cb007101 cb007102", out);
	uint8_t *ip = out + 18;
	uint32_t ip_len = len + (udp ? 8 : 0);
	if (six) {
		put16(ip + 4, ip_len);
		ip[6] = udp ? 17 : 47;
	} else {
		put16(ip + 2, ip_len + 20);
		ip[6] = r->port == FRAGMENT ? 0x20 : 0;
		ip[9] = udp ? 17 : 47;
	}
	if (udp) {
		put16(out + n, 50000);
		put16(out + n + 2, r->port);
		put16(out + n + 4, len + 8);
		put16(out + n + 6, 0);
		n += 8;
	}
	memcpy(out + n, inner, len);
	return n + len;
}

static enum decode_outcome decode(const struct row *r, const struct packet *p, struct decoded *d, uint64_t *counter)
{
	memset(counter, 0, DISSECT_COUNTERS * sizeof(*counter));
	enum decode_outcome outcome = decode_packet(p, d, true, r->tunnels, counter);
	assert_int_equal(packets_ledger(counter), outcome == DECODE_DONE ? 1 : 0);
	if (outcome == DECODE_TCP)
		assert_true(d->payload >= p->data && d->payload + d->payload_len <= p->data + p->len);
	return outcome;
}

static void check_row(const struct row *r, bool six)
{
	uint8_t octets[PACKETS_LEN], zero[12] = {0};
	uint64_t counter[DISSECT_COUNTERS];
	struct decoded d;
	uint32_t len = build(r, six, octets);
	struct packet p = packets_at(octets, len, len, 1);
	print_message("%s over IPv%d\n", r->name, six ? 6 : 4);
	assert_int_equal(decode(r, &p, &d, counter), r->want);
	assert_int_equal(counter[COUNT_decode_tunnel], r->opened);
	assert_int_equal(counter[COUNT_decode_tunnel_closed], r->closed);
	assert_int_equal(counter[COUNT_decode_tunnel_bad], r->bad);
	assert_int_equal(counter[COUNT_decode_tunnel_limit], r->limit);
	if (r->want == DECODE_DONE) {
		assert_int_equal(counter[r->row], 1);
		return;
	}
	assert_int_equal(d.ip_v, r->ip_v);
	assert_int_equal(d.n_vlan, r->vlan ? 1 : 0);
	assert_int_equal(d.vlan[0], r->vlan);
	assert_int_equal(d.ttl, 64);
	assert_true(d.ip_checksum_ok);
	if (r->ip_v == 4) // nothing of an outer IPv6 address stays
		assert_memory_equal(d.src + 4, zero, 12);
	if (r->want == DECODE_TCP) {
		assert_int_equal(d.src_port, 40000);
		assert_int_equal(d.payload_len, 4);
		assert_true(d.tcp_checksum_ok && !d.cut);
	}
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		check_row(&rows[i], false);
		if (rows[i].port != FRAGMENT)
			check_row(&rows[i], true);
	}
}

// Cut by the capture: never called malformed, nor a tunnel bad, unless the whole is. Short on the wire: nothing is read past
// the end.
static void test_every_length(void **state)
{
	uint8_t octets[PACKETS_LEN];
	uint64_t counter[DISSECT_COUNTERS];
	struct decoded d;
	for (size_t i = 0; i < 2 * N_ROWS; i++) {
		const struct row *r = &rows[i / 2];
		uint32_t len = build(r, i % 2, octets);
		for (uint32_t n = 0; n < len; n++) {
			struct packet p = packets_at(octets, n, len, 1);
			decode(r, &p, &d, counter);
			if (r->row != COUNT_packet_malformed)
				assert_int_equal(counter[COUNT_packet_malformed] + counter[COUNT_decode_tunnel_bad], 0);
			p.wire_len = n;
			decode(r, &p, &d, counter);
		}
	}
}

// The mirror cut the frame, or the capture did: what the inner header promises is known, and that it is not there.
static void test_cut_payload(void **state)
{
	static const struct row r = {"", GRE, "1000 88be 00000001" ERSPAN_II MAC "0800 4500002c 00070000 4006f6c1 c0000201 c0000202 "
		"9c400019 00000001 00000002 50180200 fbd00000 45", TUNNEL_ERSPAN};
	uint8_t octets[PACKETS_LEN];
	uint64_t counter[DISSECT_COUNTERS];
	struct decoded d;
	uint32_t len = build(&r, false, octets);
	struct packet p = packets_at(octets, len, len, 1);
	assert_int_equal(decode(&r, &p, &d, counter), DECODE_TCP);
	assert_true(d.cut);
	assert_int_equal(d.payload_len, 1);
	assert_int_equal(d.payload_wire_len, 4);
}

// An answer of DNS to a client whose port happens to be that of a tunnel is an answer of DNS.
static void test_dns_first(void **state)
{
	static const struct row r = {"", VX, "08000000 00000000 00000000", ALL};
	uint8_t octets[PACKETS_LEN];
	uint64_t counter[DISSECT_COUNTERS];
	struct decoded d;
	uint32_t len = build(&r, false, octets);
	put16(octets + 38, 53);
	struct packet p = packets_at(octets, len, len, 1);
	assert_int_equal(decode(&r, &p, &d, counter), DECODE_UDP);
	assert_int_equal(d.payload_len, 12);
	put16(octets + 38, 50000);
	put16(octets + 42, 7); // shorter than its own header
	p = packets_at(octets, len, len, 1);
	assert_int_equal(decode(&r, &p, &d, counter), DECODE_DONE);
	assert_int_equal(counter[COUNT_decode_udp_bad_header], 1);
}

// Length 0: a host's own capture, before its card has cut up what is in the tunnel.
static void test_offload(void **state)
{
	static const struct row r = {"", VX, VXLAN MAC "0800 45000000 00070000 4006f6ed c0000201 c0000202"
		"9c400019 00000001 00000002 50180200 00000000", ALL};
	uint8_t octets[PACKETS_LEN];
	uint64_t counter[DISSECT_COUNTERS];
	struct decoded d;
	uint32_t len = build(&r, true, octets);
	memset(octets + len, 'x', 2000);
	put16(octets + 18 + 4, 0);  // of IPv6
	put16(octets + 58 + 4, 0);  // of UDP
	for (int i = 0; i < 2; i++) {
		struct packet p = packets_at(octets, len + 2000 - 1000 * i, len + 2000 - 1000 * i, 1);
		assert_int_equal(decode(&r, &p, &d, counter), i ? DECODE_DONE : DECODE_TCP);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_cut_payload),
		cmocka_unit_test(test_dns_first),
		cmocka_unit_test(test_offload),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// What a mirror shows twice, and what only looks like it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/dissect/wire.h"

static const struct segment story[] = {
	{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, ACK, 1, 1, "220 mx ESMTP\r\n"},
	{C, ACK, 1, 15, "EHLO a\r\n"}, {S, ACK, 15, 9, "250-mx\r\n250 SIZE\r\n"}, {C, ACK, 9, 33, "MAIL FROM:<a@a.example>\r\n"},
	{S, ACK, 33, 34, "250 ok\r\n"}, {C, ACK, 34, 41, "QUIT\r\n"}, {S, FIN | ACK, 41, 40}, {C, FIN | ACK, 40, 42},
};
enum { N_STORY = sizeof(story) / sizeof(*story), N_READ = N_STORY - 3 }; // of a session: all but its handshake

struct copy {
	const char *name;
	uint64_t later_ns;
	uint16_t id, id_add; // IPv4 identification, and how much the copy's is greater
	uint8_t ttl_less;
	size_t after;        // packets between the two
	int change;          // octet of the payload that differs, the checksum does not: 1
	bool cut;
	uint64_t want;       // duplicates
};

static void set(uint8_t *ip, uint16_t id, uint8_t ttl)
{
	wire_put(ip + 4, id, 2);
	ip[8] = ttl;
	wire_put(ip + 10, 0, 2);
	wire_put(ip + 10, ~wire_sum(ip, 20, 0), 2);
}

static void put(struct dissect *d, struct wire *w, const uint8_t *octets, size_t len, bool cut, uint64_t time_ns)
{
	w->seq++;
	struct packet p = {.data = octets, .len = (uint32_t)len - cut, .wire_len = (uint32_t)len, .time_ns = time_ns,
		.seq = w->seq, .frame = (uint32_t)w->seq, .linktype = 101};
	dissect_burst(d, &p, 1);
}

// Other octets with the same sum: two of them change places, two octets apart.
static bool change(uint8_t *octets, size_t len)
{
	if (len < 40 + 6)
		return false;
	uint8_t first = octets[40], third = octets[42];
	octets[40] = third;
	octets[42] = first;
	return first != third;
}

static void run(struct wire *w, const struct copy *c)
{
	struct dissect *d;
	uint8_t octets[N_STORY][256];
	size_t len[N_STORY];
	wire_init(w);
	assert_int_equal(dissect_open(&d, &w->config), 0);
	for (size_t i = 0; i < N_STORY + c->after; i++) {
		uint64_t now_ns = w->time_ns + i * 10000000;
		if (i < N_STORY) {
			const char *text = story[i].text ? story[i].text : "";
			len[i] = wire_packet(w, &story[i], text, strlen(text), octets[i]);
			set(octets[i], (uint16_t)(c->id ? c->id + i : 0), 64);
			put(d, w, octets[i], len[i], c->cut && text[0], now_ns);
		}
		if (i < c->after)
			continue;
		size_t k = i - c->after;
		if (c->change && !change(octets[k], len[k]))
			continue;
		set(octets[k], (uint16_t)((c->id ? c->id + k : 0) + c->id_add), (uint8_t)(64 - c->ttl_less));
		put(d, w, octets[k], len[k], c->cut && len[k] > 40, w->time_ns + k * 10000000 + c->later_ns);
	}
	dissect_finish(d);
	dissect_close(&d);
}

static void test_copies(void **state)
{
	static const struct copy rows[] = {
		{"behind a router", 20000, 7, .ttl_less = 1, .want = N_READ},
		{"4.9 ms", 4900000, 7, .want = N_READ},
		{"5.1 ms", 5100000, 7, .want = 0},
		{"another identification", 20000, 7, 100, .want = 0},
		{"none, 0.4 ms", 400000, 0, .want = N_READ},
		{"none, 0.6 ms", 600000, 0, .want = 0},
		{"the other arm of a slow mirror", 4900000, 7, .after = 3, .want = N_READ},
		{"other octets, the same checksum", 20000, 7, .change = 1, .want = 0},
		{"cut", 20000, 7, .cut = true, .want = 2}, // those without payload are not
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct wire w;
		run(&w, &rows[i]);
		const uint64_t *n = w.counters.counter;
		print_message("%s\n", rows[i].name);
		assert_int_equal(n[COUNT_packet_duplicate], rows[i].want);
		assert_int_equal(n[COUNT_packets], w.seq);
		assert_int_equal(n[COUNT_packet_tcp_session] + n[COUNT_packet_tcp_counted] + n[COUNT_packet_duplicate], w.seq);
		assert_int_equal(w.last.conn.pkts[0] + w.last.conn.pkts[1], w.seq); // as captured, all of them
		assert_int_equal(w.n_finals, 1);
		assert_int_equal(w.last.conn.end, END_FIN);
		assert_int_equal(w.last.conn.ambiguous, rows[i].change);
		if (!rows[i].cut)
			assert_int_equal(w.last.smtp.n_mail_ok, 1);
		if (rows[i].want >= N_READ)
			assert_int_equal(w.last.conn.retransmits, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Datagrams and segments of DNS through a whole worker: which are read, which are told, and the ledger's rows.
#include "tests/unit/dissect/wire.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const uint8_t question[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 15, 0, 1};

struct heard {
	size_t n;
	struct message_dns last;
	struct message_counters counters;
};

static void hear(void *ctx, const struct message *m, size_t len)
{
	struct heard *h = ctx;
	if (m->type == MESSAGE_DNS) {
		h->n++;
		memcpy(&h->last, m, len);
	} else if (m->type == MESSAGE_COUNTERS) {
		memcpy(&h->counters, m, sizeof(h->counters));
	}
}

struct datagram {
	const char *name;
	uint16_t src, dst;
	int sum;          // 0 right, 1 none, 2 wrong, 3 for the card to fill in
	int cut;          // octets not captured
	int longer;       // of the UDP length
	uint16_t fragment;
	enum dissect_checksums checksums;
	int row;          // of the ledger
	int detail;       // 0: told
};

static size_t make(const struct datagram *d, const uint8_t *payload, size_t payload_len, uint8_t *out)
{
	static const uint8_t addr[] = {192, 0, 2, 1, 192, 0, 2, 2};
	size_t udp_len = 8 + payload_len;
	memset(out, 0, 28);
	out[0] = 0x45;
	wire_put(out + 2, (uint32_t)(20 + udp_len), 2);
	wire_put(out + 6, d->fragment, 2);
	out[8] = 61;
	out[9] = 17;
	memcpy(out + 12, addr, 8);
	wire_put(out + 10, ~wire_sum(out, 20, 0), 2);
	wire_put(out + 20, d->src, 2);
	wire_put(out + 22, d->dst, 2);
	wire_put(out + 24, (uint32_t)(udp_len + (size_t)d->longer), 2);
	memcpy(out + 28, payload, payload_len);
	uint32_t pseudo = wire_sum(addr, 8, (uint32_t)(17 + udp_len));
	uint32_t whole = ~wire_sum(out + 20, udp_len, pseudo);
	const uint32_t sums[] = {whole, 0, whole ^ 0x5555, pseudo};
	wire_put(out + 26, sums[d->sum], 2);
	return 20 + udp_len;
}

static void run(const struct datagram *rows, size_t n, uint16_t worker, uint16_t n_workers, struct heard *h)
{
	struct wire w;
	struct dissect *e;
	wire_init(&w);
	w.config.emit = hear;
	w.config.emit_ctx = h;
	w.config.worker = worker;
	w.config.n_workers = n_workers;
	memset(h, 0, sizeof(*h));
	w.config.checksums = rows->checksums;
	assert_int_equal(dissect_open(&e, &w.config), 0);
	for (size_t i = 0; i < n; i++) {
		uint8_t octets[128];
		size_t len = make(&rows[i], question, sizeof(question), octets);
		uint32_t kept = (uint32_t)(len - (size_t)rows[i].cut);
		uint8_t *exact = malloc(kept);
		memcpy(exact, octets, kept);
		struct packet p = {.data = exact, .len = kept, .wire_len = (uint32_t)len, .time_ns = w.time_ns, .seq = i + 1,
			.frame = (uint32_t)i + 1, .linktype = 101};
		dissect_burst(e, &p, 1);
		free(exact);
	}
	dissect_finish(e);
	dissect_close(&e);
}

static void rows_of_the_ledger(void **state)
{
	static const struct datagram rows[] = {
		{"question", 4000, 53, .row = COUNT_packet_dns},
		{"from the wrong port", 53, 4000, .row = COUNT_packet_dns, .detail = COUNT_dns_other},
		{"not dns", 4000, 54, .row = COUNT_packet_not_tcp, .detail = -1},
		{"no sum", 4000, 53, 1, .row = COUNT_packet_dns},
		{"wrong sum", 4000, 53, 2, .row = COUNT_packet_dns, .detail = COUNT_dns_checksum_bad},
		{"wrong sum, ignored", 4000, 53, 2, .checksums = CHECKSUMS_IGNORE, .row = COUNT_packet_dns},
		{"left to the card", 4000, 53, 3, .row = COUNT_packet_dns},
		{"left to the card, on a tap", 4000, 53, 3, .checksums = CHECKSUMS_REQUIRE, .row = COUNT_packet_dns, .detail = COUNT_dns_checksum_bad},
		{"cut in the payload", 4000, 53, 0, 3, .row = COUNT_packet_dns, .detail = COUNT_dns_cut},
		{"cut in the header", 4000, 53, 0, (int)sizeof(question) + 3, .row = COUNT_packet_not_tcp, .detail = -1},
		{"too long", 4000, 53, 0, 0, 1, .row = COUNT_packet_malformed, .detail = COUNT_decode_udp_bad_header},
		{"too short", 4000, 53, 0, 0, -(int)sizeof(question) - 1, .row = COUNT_packet_malformed, .detail = COUNT_decode_udp_bad_header},
		{"a fragment", 4000, 53, 0, 0, 0, 0x2000, .row = COUNT_packet_not_tcp, .detail = -1},
	};
	static struct heard h;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		run(&rows[i], 1, 0, 1, &h);
		uint64_t ledger = 0;
		for (int c = COUNT_packet_tcp_session; c <= COUNT_packet_no_flow; c++)
			ledger += h.counters.counter[c];
		bool told = h.n == 1 && h.counters.counter[COUNT_dns_messages] == 1;
		bool silent = h.n == 0 && (rows[i].detail < 0 || h.counters.counter[rows[i].detail] == 1);
		if (ledger != 1 || h.counters.counter[rows[i].row] != 1 || (rows[i].detail ? !silent : !told))
			fail_msg("%s", rows[i].name);
	}
}

static void told_as_it_was(void **state)
{
	static const struct datagram row = {"question", 4000, 53};
	static struct heard h;
	run(&row, 1, 0, 1, &h);
	const struct dns_facts *f = &h.last.facts;
	assert_string_equal(dns_qname(f), "a.example");
	assert_int_equal(f->client[3], 1);
	assert_int_equal(f->server[3], 2);
	assert_int_equal(f->client_port, 4000);
	assert_int_equal(f->ttl, 61);
	assert_int_equal(f->frame, 1);
}

// Each datagram belongs to one worker, and both directions to the same.
static void one_worker_each(void **state)
{
	static struct heard h;
	size_t all = 0;
	for (uint16_t worker = 0; worker < 4; worker++) {
		size_t mine = 0;
		for (uint16_t port = 4000; port < 4064; port++) {
			const struct datagram row = {"", port, 53};
			run(&row, 1, worker, 4, &h);
			mine += h.n;
			assert_int_equal(h.n, h.counters.counter[COUNT_packet_dns]);
		}
		assert_true(mine > 0 && mine < 64);
		all += mine;
	}
	assert_int_equal(all, 64);
}

static void over_tcp(void **state)
{
	static struct heard h;
	char text[64] = {0, sizeof(question)};
	memcpy(text + 2, question, sizeof(question));
	struct segment story[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1, text, .len = sizeof(question) + 2},
		{C, ACK, 30, 1, text, .len = sizeof(question) + 2}};
	for (int partial = 0; partial < 2; partial++) {
		struct wire w;
		wire_init(&w);
		w.port[S] = 53;
		w.config.emit = hear;
		w.config.emit_ctx = &h;
		memset(&h, 0, sizeof(h));
		story[2].len -= (size_t)partial;
		wire_run(&w, story, 4);
		assert_int_equal(h.n, !partial);
		// The second question does not begin the connection.
		assert_int_equal(h.counters.counter[COUNT_dns_tcp_unread], 1 + partial);
		assert_true(partial || h.last.facts.flags & DNS_OVER_TCP);
	}
}

static void over_tls(void **state)
{
	static const struct segment story[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}};
	static struct heard h;
	struct wire w;
	wire_init(&w);
	w.port[S] = 853;
	w.config.emit = hear;
	w.config.emit_ctx = &h;
	wire_run(&w, story, 3);
	assert_int_equal(h.n, 1);
	assert_true(h.last.facts.flags & DNS_ENCRYPTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(rows_of_the_ledger), cmocka_unit_test(told_as_it_was),
		cmocka_unit_test(one_worker_each), cmocka_unit_test(over_tcp), cmocka_unit_test(over_tls)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Packets that are handed to workers, as a live source does: each whole to one of them, fragments to all, and marks of time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "capture/live.h"
#include "dissect/engine.h"
#include "dissect/meet.h"
#include "tests/unit/dissect/wire.h"

enum { WORKERS = 3, PACKETS_MAX = 64, OCTETS_MAX = 256 };

static const struct segment story[] = {
	{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}, {S, ACK, 1, 1, "220 mx ESMTP\r\n"},
	{C, ACK, 1, 15, "EHLO a\r\n"}, {S, ACK, 15, 9, "250-mx\r\n250 SIZE\r\n"}, {C, ACK, 9, 33, "MAIL FROM:<a@a.example>\r\n"},
	{S, ACK, 33, 34, "250 ok\r\n"}, {C, ACK, 34, 41, "QUIT\r\n"}, {S, FIN | ACK, 41, 40}, {C, FIN | ACK, 40, 42},
};
enum { N_STORY = sizeof(story) / sizeof(*story) };

// Some workers of one process.
struct crew {
	struct wire w[WORKERS];
	struct dissect *d[WORKERS];
	uint16_t n;
	struct meet *meet;
	uint64_t handed[WORKERS]; // whole packets
	uint64_t seq, time_ns;
};

static void crew_open(struct crew *c, uint16_t n)
{
	memset(c, 0, sizeof(*c));
	c->n = n;
	assert_int_equal(meet_open(&c->meet), 0);
	for (uint16_t i = 0; i < n; i++) {
		wire_init(&c->w[i]);
		c->w[i].config.worker = i;
		c->w[i].config.n_workers = n;
		c->w[i].config.shared_out = true;
		c->w[i].config.meet = c->meet;
		assert_int_equal(dissect_open(&c->d[i], &c->w[i].config), 0);
	}
	c->time_ns = c->w[0].time_ns;
}

// The books of each worker balance, by itself: what it was handed whole stands in one row.
static void crew_finish(struct crew *c)
{
	for (uint16_t i = 0; i < c->n; i++) {
		dissect_finish(c->d[i]);
		dissect_close(&c->d[i]);
		const uint64_t *n = c->w[i].counters.counter;
		uint64_t ledger = 0;
		for (int row = COUNT_packet_tcp_session; row <= COUNT_packet_no_flow; row++)
			ledger += n[row];
		assert_int_equal(n[COUNT_packets], c->handed[i]);
		assert_int_equal(ledger, c->handed[i]);
	}
	meet_close(&c->meet);
}

static uint64_t sum(const struct crew *c, enum dissect_counter row)
{
	uint64_t n = 0;
	for (uint16_t i = 0; i < c->n; i++)
		n += c->w[i].counters.counter[row];
	return n;
}

static size_t finals(const struct crew *c)
{
	size_t n = 0;
	for (uint16_t i = 0; i < c->n; i++)
		n += c->w[i].n_finals;
	return n;
}

static struct packet packet_of(struct crew *c, const uint8_t *octets, size_t len)
{
	c->seq++;
	c->time_ns += 1000000;
	return (struct packet){.data = octets, .len = (uint32_t)len, .wire_len = (uint32_t)len, .time_ns = c->time_ns, .seq = c->seq,
		.frame = (uint32_t)c->seq, .linktype = 101};
}

static void hand(struct crew *c, uint32_t worker, struct packet p, enum packet_kind kind)
{
	p.kind = (uint8_t)kind;
	c->handed[worker] += kind == PACKET_WHOLE;
	dissect_burst(c->d[worker], &p, 1);
}

// Whole to `worker`; the others have a copy, in turn before it and after it.
static void hand_all(struct crew *c, uint32_t worker, const struct packet *p)
{
	for (uint32_t i = 0; i < c->n; i++)
		hand(c, i, *p, i == worker ? PACKET_WHOLE : PACKET_COPY);
}

// As a reader thread does (fanned), or a card that puts the connection on `queue`.
static void deliver(struct crew *c, bool fanned, uint32_t queue, const uint8_t *octets, size_t len)
{
	struct dissect_owner o = {.n_workers = c->n};
	struct packet p = packet_of(c, octets, len);
	uint32_t to = dissect_owner(&o, &p, fanned);
	if (to == LIVE_ALL)
		hand_all(c, fanned ? (uint32_t)(c->seq % c->n) : queue, &p);
	else
		hand(c, to == LIVE_HERE ? queue : to, p, PACKET_WHOLE);
}

// A part of the IP payload of `whole`.
static size_t fragment(const uint8_t *whole, size_t from, size_t to, bool more, uint16_t id, uint8_t *out)
{
	memcpy(out, whole, 20);
	memcpy(out + 20, whole + 20 + from, to - from);
	wire_put(out + 2, (uint32_t)(20 + to - from), 2);
	wire_put(out + 4, id, 2);
	wire_put(out + 6, (more ? 0x2000u : 0) | (uint32_t)from / 8, 2);
	wire_put(out + 10, 0, 2);
	wire_put(out + 10, ~wire_sum(out, 20, 0), 2);
	return 20 + to - from;
}

// The story; segments with octets in two fragments where `cut` says so, the second one first when it is 2.
static void play(struct crew *c, uint16_t port, bool fanned, uint32_t queue, int cut)
{
	struct wire w;
	wire_init(&w);
	w.port[0] = port;
	for (size_t i = 0; i < N_STORY; i++) {
		uint8_t whole[OCTETS_MAX], part[2][OCTETS_MAX];
		const char *text = story[i].text ? story[i].text : "";
		size_t len = wire_packet(&w, &story[i], text, strlen(text), whole);
		if (!cut || !*text) {
			deliver(c, fanned, queue, whole, len);
			continue;
		}
		size_t n[2] = {fragment(whole, 0, 24, true, (uint16_t)i, part[0]), fragment(whole, 24, len - 20, false, (uint16_t)i, part[1])};
		for (int k = 0; k < 2; k++)
			deliver(c, fanned, queue, part[k ^ (cut == 2)], n[k ^ (cut == 2)]);
	}
}

static void test_handed(void **state)
{
	static const struct {
		const char *name;
		bool fanned;
		int cut;
	} rows[] = {
		{"a reader hands them out", true, 0},
		{"... in fragments", true, 1},
		{"... the last one first", true, 2},
		{"a card does", false, 0},
		{"... in fragments", false, 1},
		{"... the last one first", false, 2},
	};
	enum { CONNECTIONS = 12 };
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct crew c;
		print_message("%s\n", rows[i].name);
		crew_open(&c, WORKERS);
		for (uint16_t k = 0; k < CONNECTIONS; k++) // the card's choice has nothing to do with the owner's
			play(&c, (uint16_t)(40000 + k), rows[i].fanned, (k / 3u) % WORKERS, rows[i].cut);
		crew_finish(&c);
		assert_int_equal(finals(&c), CONNECTIONS);
		assert_int_equal(sum(&c, COUNT_flow_opened), CONNECTIONS);
		assert_int_equal(sum(&c, COUNT_flow_closed_fin), CONNECTIONS);
		assert_int_equal(sum(&c, COUNT_flow_midstream) + sum(&c, COUNT_flow_split) + sum(&c, COUNT_tcp_gap), 0);
		assert_int_equal(sum(&c, COUNT_smtp_lines), CONNECTIONS * 7);
		assert_int_equal(sum(&c, COUNT_packets), CONNECTIONS * (N_STORY + (rows[i].cut ? 6 : 0)));
	}
}

// Only fragments of a connection were ever seen: one worker has it, the one that anybody can compute.
static void test_fragments_only(void **state)
{
	struct crew c;
	uint8_t whole[OCTETS_MAX], part[OCTETS_MAX];
	struct wire w;
	(void)state;
	wire_init(&w);
	crew_open(&c, WORKERS);
	size_t len = wire_packet(&w, &story[3], story[3].text, strlen(story[3].text), whole);
	deliver(&c, false, 2, part, fragment(whole, 0, 24, true, 7, part));
	deliver(&c, false, 2, part, fragment(whole, 24, len - 20, false, 7, part));
	crew_finish(&c);
	assert_int_equal(finals(&c), 1);
	assert_int_equal(sum(&c, COUNT_flow_opened), 1);
}

// The card brings the two directions to two workers.
static void test_split(void **state)
{
	struct crew c;
	struct wire w;
	(void)state;
	wire_init(&w);
	crew_open(&c, WORKERS);
	for (uint16_t k = 0; k < 4; k++) {
		w.port[0] = (uint16_t)(40000 + k);
		for (size_t i = 0; i < 3; i++) {
			uint8_t octets[OCTETS_MAX];
			size_t len = wire_packet(&w, &story[i], "", 0, octets);
			struct packet p = packet_of(&c, octets, len);
			hand(&c, k < 3 && story[i].d == S ? 1 : 0, p, PACKET_WHOLE); // the last one is as it should be
		}
	}
	crew_finish(&c);
	assert_int_equal(sum(&c, COUNT_flow_split), 3);
}

static void test_meet(void **state)
{
	struct meet *m;
	(void)state;
	assert_int_equal(meet_open(&m), 0);
	assert_int_equal(meet_who(m, 0), MEET_NOBODY);
	assert_int_equal(meet_who(m, 0x123400000000), MEET_NOBODY);
	meet_put(m, 0, 0);
	meet_put(m, 0x56780000ffff, 15);
	assert_int_equal(meet_who(m, 0), 0);
	assert_int_equal(meet_who(m, 0x56780000ffff), 15);
	assert_int_equal(meet_who(m, 0x56790000ffff), MEET_NOBODY); // same place, another connection
	meet_put(m, 0x56790000ffff, 3);
	assert_int_equal(meet_who(m, 0x56790000ffff), 3);
	assert_int_equal(meet_who(m, 0x56780000ffff), MEET_NOBODY);
	meet_close(&m);
	assert_null(m);
}

// A session falls silent, and so does everything: marks alone end it, where its timers say.
static void test_marks(void **state)
{
	struct crew c;
	struct wire w;
	(void)state;
	wire_init(&w);
	crew_open(&c, 1);
	for (size_t i = 0; i < 5; i++) {
		uint8_t octets[OCTETS_MAX];
		const char *text = story[i].text ? story[i].text : "";
		size_t len = wire_packet(&w, &story[i], text, strlen(text), octets);
		hand(&c, 0, packet_of(&c, octets, len), PACKET_WHOLE);
	}
	uint64_t last_ns = c.time_ns, ended_ns = 0;
	for (int s = 1; s < 1000 && !ended_ns; s++) {
		struct packet mark = {.kind = PACKET_TIME, .time_ns = last_ns + (uint64_t)s * 1000000000, .seq = ++c.seq};
		dissect_burst(c.d[0], &mark, 1);
		assert_int_equal(dissect_watermark(c.d[0]), 2 * c.seq + 1);
		if (c.w[0].n_finals)
			ended_ns = mark.time_ns;
	}
	assert_int_equal(c.w[0].last.conn.end, END_IDLE);
	assert_in_range(ended_ns - last_ns, IDLE_NS, IDLE_NS + UINT64_C(3000000000));
	assert_true(c.w[0].counters.head.time_ns > last_ns); // counters were told, too
	// One from the past, and one without a time: they say nothing, and no other clock is learned from them.
	struct packet odd[2] = {{.kind = PACKET_TIME, .time_ns = 1, .seq = ++c.seq}, {.kind = PACKET_TIME, .seq = ++c.seq}};
	dissect_burst(c.d[0], odd, 2);
	assert_int_equal(c.d[0]->n_clocks, 1);
	crew_finish(&c); // no mark was counted
	assert_int_equal(sum(&c, COUNT_decode_time_backwards) + sum(&c, COUNT_decode_no_time), 0);
}

// A copy is counted by nobody, whatever it is.
static void test_copies(void **state)
{
	static const uint8_t odd[3][20] = {{0x12}, {0x45, 0, 0, 4}, {0x45, 0, 0, 20, 0, 0, 0, 0, 64, 17}};
	struct crew c;
	(void)state;
	crew_open(&c, 2);
	for (size_t i = 0; i < 3; i++) {
		struct packet p = packet_of(&c, odd[i], 20);
		hand(&c, 0, p, PACKET_COPY);
		hand(&c, 1, p, PACKET_WHOLE);
	}
	crew_finish(&c);
	assert_int_equal(c.w[0].n_anomalies, 0);
	assert_int_equal(c.w[1].n_anomalies, 1);
}

static bool known[2]; // the server's port, as told: 2526, 25

static void note_known(void *ctx, const struct message *m, size_t len)
{
	const struct conn_facts *f = &((const struct message_session *)(const void *)m)->facts.conn;
	if (m->type == MESSAGE_SESSION)
		known[f->dst_port == 25] = f->known_port;
	wire_emit(ctx, m, len);
}

// From now on: what is open stays what it is.
static void test_reconfigure(void **state)
{
	static const uint16_t other[] = {2526};
	(void)state;
	for (int later = 0; later < 2; later++) {
		struct crew c;
		struct wire w;
		wire_init(&w);
		crew_open(&c, 1);
		c.d[0]->config.emit = note_known;
		known[0] = known[1] = false;
		for (uint16_t k = 0; k < 2; k++) {
			w.port[0] = (uint16_t)(40000 + k);
			w.port[1] = k ? 2526 : 25;
			for (size_t i = 0; i < 4; i++) {
				uint8_t octets[OCTETS_MAX];
				struct segment s = story[i];
				s.bad_checksum = i == 3 && k == 1;
				size_t len = wire_packet(&w, &s, s.text ? s.text : "", s.text ? strlen(s.text) : 0, octets);
				hand(&c, 0, packet_of(&c, octets, len), PACKET_WHOLE);
			}
			if (!k && later)
				dissect_reconfigure(c.d[0], other, 1, CHECKSUMS_IGNORE);
		}
		crew_finish(&c);
		assert_int_equal(c.w[0].n_finals, 1 + later); // a greeting alone is nobody's mail on a port that is not watched
		assert_int_equal(sum(&c, COUNT_tcp_checksum_bad), !later);
		assert_true(known[1]);
		assert_int_equal(known[0], later);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handed),
		cmocka_unit_test(test_fragments_only),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_meet),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_copies),
		cmocka_unit_test(test_reconfigure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

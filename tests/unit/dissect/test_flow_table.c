// The flow table: both directions of a connection are one flow, there is room for as many as was said, and who goes first.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "dissect/flow/table.h"

static struct decoded ends(uint32_t client, uint16_t client_port, uint16_t server_port)
{
	struct decoded p = {.src_port = client_port, .dst_port = server_port, .ip_v = 4};
	memcpy(p.src, &client, sizeof(client));
	p.dst[0] = 192;
	return p;
}

static struct decoded reply_to(const struct decoded *p)
{
	struct decoded r = *p;
	memcpy(r.src, p->dst, 16);
	memcpy(r.dst, p->src, 16);
	r.src_port = p->dst_port;
	r.dst_port = p->src_port;
	return r;
}

static uint64_t hash_of(const struct flow_table *t, const struct decoded *p)
{
	struct flow_key key;
	flow_key_of(&key, p);
	return flow_table_hash(t, &key);
}

static uint32_t add(struct flow_table *t, const struct decoded *p)
{
	uint32_t flow = flow_table_add(t, hash_of(t, p), p, true);
	if (flow)
		flow_hot_at(t, flow)->phase = FLOW_WAITING;
	return flow;
}

static uint32_t find(const struct flow_table *t, const struct decoded *p, enum dir *d)
{
	return flow_table_find(t, hash_of(t, p), p, d);
}

static void test_directions(void **state)
{
	static const struct {
		const char *name;
		uint32_t client;
		uint16_t client_port, server_port;
	} row[] = {
		{"lower address", 1, 40000, 25},
		{"higher address", 0xffffffff, 40000, 25},
		{"both ends alike but for the port", 192, 40000, 25},
		{"both ends alike but for the port, the other way round", 192, 24, 25},
		{"a port to itself", 7, 25, 25},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct flow_table t;
		assert_int_equal(flow_table_open(&t, 4), 0);
		struct decoded p = ends(row[i].client, row[i].client_port, row[i].server_port), r = reply_to(&p), other = p;
		uint32_t flow = add(&t, &p);
		enum dir d = DIR_S2C;
		assert_int_not_equal(flow, 0);
		assert_int_equal(find(&t, &p, &d), flow);
		assert_int_equal(d, DIR_C2S);
		assert_int_equal(find(&t, &r, &d), flow);
		assert_int_equal(d, DIR_S2C);
		other.src_port++;
		assert_int_equal(find(&t, &other, &d), 0);
		other = p;
		other.ip_v = 6;
		assert_int_equal(find(&t, &other, &d), 0);
		flow_table_remove(&t, flow);
		assert_int_equal(find(&t, &p, &d), 0);
		flow_table_close(&t);
	}
}

// A server that speaks first is still the server.
static void test_server_first(void **state)
{
	(void)state;
	struct flow_table t;
	assert_int_equal(flow_table_open(&t, 4), 0);
	struct decoded p = ends(1, 40000, 25), r = reply_to(&p);
	uint32_t flow = flow_table_add(&t, hash_of(&t, &r), &r, false);
	enum dir d;
	assert_int_equal(flow_cold_at(&t, flow)->port[DIR_S2C], 25);
	assert_int_equal(find(&t, &r, &d), flow);
	assert_int_equal(d, DIR_S2C);
	flow_table_close(&t);
}

// Every flow up to flows_max finds a place, at the highest load there is (a power of two), whatever the seed.
static void test_room(void **state)
{
	static const uint32_t size[] = {1, 2, 4, 5, 64, 1000, 4096, 65536};
	(void)state;
	for (size_t i = 0; i < 4 * sizeof(size) / sizeof(*size); i++) {
		uint32_t n = size[i / 4];
		struct flow_table t;
		assert_int_equal(flow_table_open(&t, n), 0);
		for (uint32_t c = 1; c <= n; c++) {
			struct decoded p = ends(c, 40000, 25);
			assert_int_not_equal(add(&t, &p), 0);
		}
		struct decoded more = ends(n + 1, 40000, 25);
		assert_int_equal(add(&t, &more), 0);
		for (uint32_t c = 1; c <= n; c++) {
			struct decoded p = ends(c, 40000, 25);
			enum dir d;
			assert_int_not_equal(find(&t, &p, &d), 0);
		}
		uint32_t victim = flow_table_victim(&t, hash_of(&t, &more));
		assert_in_range(victim, 1, n);
		flow_table_remove(&t, victim);
		assert_int_not_equal(add(&t, &more), 0);
		flow_table_close(&t);
	}
}

// Flows come and go at random; the table agrees with a list.
static void test_churn(void **state)
{
	enum { CLIENTS = 512, ROOM = 300, STEPS = 60000 };
	static uint32_t flow_of[CLIENTS];
	(void)state;
	struct flow_table t;
	uint32_t random = 12345, n = 0;
	memset(flow_of, 0, sizeof(flow_of));
	assert_int_equal(flow_table_open(&t, ROOM), 0);
	for (int i = 0; i < STEPS; i++) {
		random = random * 1103515245 + 12345;
		uint32_t c = (random >> 16) % CLIENTS;
		struct decoded p = ends(c, 40000, 25);
		enum dir d;
		assert_int_equal(find(&t, &p, &d), flow_of[c]);
		if (flow_of[c]) {
			flow_table_remove(&t, flow_of[c]);
			flow_of[c] = 0;
			n--;
		} else if (n < ROOM) {
			flow_of[c] = add(&t, &p);
			assert_int_not_equal(flow_of[c], 0);
			n++;
		}
		assert_int_equal(t.hot.n_used, n);
		assert_int_equal(t.cold.n_used, n);
	}
	flow_table_close(&t);
}

// A connection without payload goes before one with, the longest silent before the others.
static void test_victim(void **state)
{
	static const struct {
		const char *name;
		uint8_t phase[3];
		uint64_t seen_ns[3];
		uint32_t want;
	} row[] = {
		{"longest silent", {FLOW_SESSION, FLOW_SESSION, FLOW_SESSION}, {3, 1, 2}, 2},
		{"without payload", {FLOW_SESSION, FLOW_SESSION, FLOW_WAITING}, {3, 1, 9}, 3},
		{"longest silent without payload", {FLOW_WAITING, FLOW_SESSION, FLOW_WAITING}, {3, 1, 9}, 1},
		{"sealed ones are worth keeping, too", {FLOW_SEALED, FLOW_WAITING, FLOW_COUNTED}, {1, 9, 2}, 2},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++) {
		struct flow_table t;
		struct decoded more = ends(9, 40000, 25);
		assert_int_equal(flow_table_open(&t, 3), 0);
		assert_int_equal(flow_table_victim(&t, hash_of(&t, &more)), 0);
		for (uint32_t c = 0; c < 3; c++) {
			struct decoded p = ends(c, 40000, 25);
			uint32_t flow = add(&t, &p);
			flow_hot_at(&t, flow)->phase = row[i].phase[flow - 1];
			flow_hot_at(&t, flow)->seen_ns = row[i].seen_ns[flow - 1];
		}
		assert_int_equal(flow_table_victim(&t, hash_of(&t, &more)), row[i].want);
		flow_table_close(&t);
	}
}

// Flows whose two buckets are the same ones, more than fit: with the table nearly empty, and with it full.
static void test_full_buckets(void **state)
{
	enum { ROOM = 64, PLACES = 16 };
	(void)state;
	for (int full = 0; full < 2; full++) {
		struct flow_table t;
		assert_int_equal(flow_table_open(&t, ROOM), 0);
		uint64_t mask = t.bucket_mask;
		uint32_t n = 0, c = 0;
		struct decoded p;
		for (;; c++) {
			p = ends(c, 40000, 25);
			uint64_t hash = hash_of(&t, &p);
			if (hash & mask || hash >> 32 & mask)
				continue;
			if (!add(&t, &p))
				break;
			n++;
		}
		assert_int_equal(n, PLACES);
		struct decoded extra;
		for (uint32_t i = c + 1; full && t.hot.n_used < ROOM; i++) {
			extra = ends(i, 40000, 25);
			(void)add(&t, &extra);
		}
		// One eviction is enough, whoever else might have gone.
		uint32_t victim = flow_table_victim(&t, hash_of(&t, &p));
		assert_int_not_equal(victim, 0);
		flow_table_remove(&t, victim);
		assert_int_not_equal(add(&t, &p), 0);
		flow_table_close(&t);
	}
}

static void test_flip(void **state)
{
	(void)state;
	struct flow_table t;
	assert_int_equal(flow_table_open(&t, 1), 0);
	struct decoded p = ends(1, 40000, 25);
	uint32_t flow = add(&t, &p);
	struct flow_hot *h = flow_hot_at(&t, flow), before;
	flow_set(h, FLOW_BASE, DIR_C2S);
	flow_set(h, FLOW_RST, DIR_S2C);
	h->flags |= FLOW_GUESSED | FLOW_TWIN;
	h->base[DIR_C2S] = 7;
	before = *h;
	flow_table_flip(&t, flow);
	assert_true(flow_has(h, FLOW_BASE, DIR_S2C) && flow_has(h, FLOW_RST, DIR_C2S));
	assert_false(flow_has(h, FLOW_BASE, DIR_C2S) || flow_has(h, FLOW_RST, DIR_S2C));
	assert_true(h->flags & FLOW_GUESSED && h->flags & FLOW_TWIN);
	assert_int_equal(h->base[DIR_S2C], 7);
	enum dir d;
	assert_int_equal(find(&t, &p, &d), flow);
	assert_int_equal(d, DIR_S2C);
	flow_table_flip(&t, flow);
	assert_memory_equal(h, &before, sizeof(before));
	flow_table_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_server_first),
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_churn),
		cmocka_unit_test(test_victim),
		cmocka_unit_test(test_full_buckets),
		cmocka_unit_test(test_flip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Opens a live capture on fake ports and takes what it hands out, checking what holds for every packet.
#include "tests/unit/capture/taken.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

uint16_t n_workers;

// A packet's first octet says whose it is.
static uint32_t owner_of(void *ctx, const struct packet *p, bool fanned)
{
	assert_ptr_equal(ctx, &n_workers);
	assert_int_equal(p->kind, PACKET_WHOLE);
	if (p->data[0] == ALL)
		return LIVE_ALL;
	if (p->data[0] == HERE) {
		assert_false(fanned);
		return LIVE_HERE;
	}
	return p->data[0] % n_workers;
}

struct taken taken[LIVE_WORKERS_MAX];

struct live *open_live(uint16_t workers, struct fake *const *fakes, size_t n, size_t lane_octets)
{
	struct live_config c = {.n_ports = n, .workers = workers, .owner = owner_of, .owner_ctx = &n_workers, .lane_octets = lane_octets};
	struct port *ports[LIVE_PORTS_MAX];
	struct live *l;
	char why[PORT_WHY];
	n_workers = workers;
	memset(taken, 0, sizeof(taken));
	for (size_t i = 0; i < n; i++) {
		ports[i] = &fakes[i]->port;
		c.port[i].tap = (uint8_t)(i / 2);
	}
	assert_int_equal(live_open_ports(&l, &c, ports, why), 0);
	assert_int_equal(live_n_ports(l), n);
	return l;
}

int take(struct live *l, uint16_t w)
{
	struct packet burst[PACKET_BURST];
	struct taken *t = &taken[w];
	int n = source_burst(live_source(l, w), burst);
	for (int i = 0; n > 0 && n != SOURCE_IDLE && i < n; i++) {
		const struct packet *p = &burst[i];
		assert_true(t->n < TAKEN_MAX);
		assert_true(!t->n || p->seq > t->p[t->n - 1].seq);
		assert_int_equal(p->seq % 16, live_fanned(l) ? 0 : w);
		assert_int_equal(p->data == NULL, p->kind == PACKET_TIME);
		for (uint32_t k = 0; p->data && k < p->len && p->len == FAKE_LEN; k++)
			assert_int_equal(p->data[k], p->data[0]);
		t->mark[t->n] = p->data ? p->data[0] : 0;
		t->p[t->n++] = *p;
		t->whole += p->kind == PACKET_WHOLE;
	}
	return n;
}

void ledger(struct live *l)
{
	struct live_counts c;
	uint64_t rx = 0, whole = 0;
	live_counts(l, &c);
	for (size_t i = 0; i < live_n_ports(l); i++) {
		struct port_stats s;
		live_port_stats(l, i, &s);
		rx += s.rx_packets;
	}
	for (int w = 0; w < LIVE_WORKERS_MAX; w++)
		whole += taken[w].whole;
	assert_int_equal(rx, whole + c.lanes_full + c.waiting);
}

void read_fan(struct live *l, uint16_t workers)
{
	assert_true(live_fanned(l));
	for (int n; (n = live_read(l)) != SOURCE_END;)
		assert_true(n > 0);
	ledger(l);
	for (uint16_t w = 0; w < workers; w++) {
		while (take(l, w) != SOURCE_IDLE)
			;
		ledger(l);
	}
	live_read_end(l);
	for (uint16_t w = 0; w < workers; w++)
		assert_int_equal(take(l, w), SOURCE_END);
}

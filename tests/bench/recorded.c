// See tests/bench/recorded.h.
#include "tests/bench/recorded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/source.h"

enum { ETHERNET = 14 };

static void *need(void *p)
{
	if (p)
		return p;
	fprintf(stderr, "bench: no memory\n");
	exit(1);
}

// ---- which packets are of one connection ---------------------------------------------------------------------

struct ends {
	uint8_t octets[2][18]; // address, port: the smaller one first
	uint32_t flow;         // + 1; 0: free
};

struct book {
	struct ends *at;
	uint64_t mask;
	uint32_t n;
};

static uint32_t address_len(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? 4 : 16;
}

static const uint8_t *addresses(const uint8_t *ip)
{
	return ip + (ip[0] >> 4 == 4 ? 12 : 8);
}

static const uint8_t *tcp_of(const uint8_t *ip)
{
	return ip + (ip[0] >> 4 == 4 ? 20 : 40);
}

static void put_end(uint8_t out[18], const uint8_t *address, uint32_t len, const uint8_t *port)
{
	memset(out, 0, 18);
	memcpy(out, address, len);
	memcpy(out + 16, port, 2);
}

static uint32_t flow_of(struct book *b, const uint8_t *ip)
{
	struct ends e = {0};
	uint32_t len = address_len(ip);
	uint8_t side[2][18];
	uint64_t hash = 0xcbf29ce484222325u;

	put_end(side[0], addresses(ip), len, tcp_of(ip));
	put_end(side[1], addresses(ip) + len, len, tcp_of(ip) + 2);
	int first = memcmp(side[0], side[1], 18) > 0;
	memcpy(e.octets[0], side[first], 18);
	memcpy(e.octets[1], side[!first], 18);
	for (size_t i = 0; i < sizeof(e.octets); i++)
		hash = (hash ^ e.octets[i / 18][i % 18]) * 0x100000001b3u;
	for (uint64_t at = hash & b->mask;; at = (at + 1) & b->mask) {
		if (!b->at[at].flow) {
			e.flow = ++b->n;
			b->at[at] = e;
		}
		if (!memcmp(b->at[at].octets, e.octets, sizeof(e.octets)))
			return b->at[at].flow - 1;
	}
}

// ---- loading -------------------------------------------------------------------------------------------------

static uint64_t for_all(const char *path, void (*each)(void *ctx, const struct packet *p), void *ctx)
{
	struct source_file_config config = {.paths = &path, .n_paths = 1};
	struct packet burst[PACKET_BURST];
	struct source *s;
	const char *bad;
	uint64_t all = 0;

	if (source_file_open(&s, &config, &bad)) {
		fprintf(stderr, "bench: cannot open %s\n", path);
		exit(1);
	}
	for (int n; (n = source_burst(s, burst)) > 0; all += (uint64_t)n) {
		for (int i = 0; i < n; i++)
			each(ctx, &burst[i]);
	}
	source_close(&s);
	return all;
}

static void measure(void *ctx, const struct packet *p)
{
	struct recording *r = ctx;
	if (p->linktype != 1 || p->len > RECORDED_MAX || p->len < ETHERNET + 40) {
		fprintf(stderr, "bench: that is no capture of tests/bench/generate\n");
		exit(1);
	}
	r->octets += p->len;
}

struct filling {
	struct recording *r;
	struct book book;
	uint8_t *at;
};

static void keep(void *ctx, const struct packet *p)
{
	struct filling *f = ctx;
	memcpy(f->at, p->data, p->len);
	f->r->packet[f->r->n++] = (struct recorded){.octets = f->at, .len = p->len, .flow = flow_of(&f->book, f->at + ETHERNET)};
	f->at += p->len;
}

void recording_open(struct recording *r, const char *path)
{
	*r = (struct recording){0};
	uint64_t n = for_all(path, measure, r);
	struct filling f = {.r = r, .book = {.mask = 1023}};
	while (f.book.mask < 2 * n)
		f.book.mask = 2 * f.book.mask + 1;
	f.book.at = need(calloc(f.book.mask + 1, sizeof(*f.book.at)));
	r->packet = need(calloc(n + 1, sizeof(*r->packet)));
	f.at = r->memory = need(malloc(r->octets + 1));
	for_all(path, keep, &f);
	r->n_flows = f.book.n;
	free(f.book.at);
}

void recording_close(struct recording *r)
{
	free(r->packet);
	free(r->memory);
}

// ---- moving --------------------------------------------------------------------------------------------------

// One word of an address changes; RFC 1624 3: what that adds to a one's complement sum.
static uint32_t change(uint8_t *word, uint16_t by)
{
	uint16_t was = (uint16_t)(word[0] << 8 | word[1]), is = was ^ by;
	word[0] = (uint8_t)(is >> 8);
	word[1] = (uint8_t)is;
	return (uint32_t)(uint16_t)~was + is;
}

static void adjust(uint8_t *sum, uint32_t by)
{
	uint32_t s = (uint16_t)~(sum[0] << 8 | sum[1]) + by;
	s = (s & 0xffff) + (s >> 16);
	s = ~((s & 0xffff) + (s >> 16));
	sum[0] = (uint8_t)(s >> 8);
	sum[1] = (uint8_t)s;
}

void recorded_move(const struct recorded *p, uint32_t world, uint8_t *out)
{
	memcpy(out, p->octets, p->len);
	if (!world)
		return;
	uint8_t *ip = out + ETHERNET;
	uint32_t len = address_len(ip), by = 0;
	uint8_t *a = (uint8_t *)(uintptr_t)addresses(ip) + (len == 4 ? 0 : 2);
	for (int side = 0; side < 2; side++, a += len)
		by += change(a, (uint16_t)world) + change(a + 2, (uint16_t)(world >> 16));
	if (len == 4)
		adjust(ip + 10, by);
	adjust((uint8_t *)(uintptr_t)tcp_of(ip) + 16, by);
}

void recorded_later(uint8_t *out, uint32_t octets)
{
	uint8_t *tcp = (uint8_t *)(uintptr_t)tcp_of(out + ETHERNET);
	uint32_t was = (uint32_t)tcp[4] << 24 | (uint32_t)tcp[5] << 16 | (uint32_t)tcp[6] << 8 | tcp[7], by = was ^ (was + octets);
	adjust(tcp + 16, change(tcp + 4, (uint16_t)(by >> 16)) + change(tcp + 6, (uint16_t)by));
}

const uint8_t *recorded_payload(const struct recorded *p, uint32_t *len, uint8_t *flags)
{
	const uint8_t *tcp = tcp_of(p->octets + ETHERNET), *payload = tcp + (tcp[12] >> 4) * 4;
	*flags = tcp[13];
	*len = (uint32_t)(p->octets + p->len - payload);
	return *len ? payload : NULL;
}

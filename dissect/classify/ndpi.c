// nDPI behind dissect/classify/ndpi.h: its memory counted, bounded and wiped.
#include "dissect/classify/ndpi.h"

#include <ndpi/ndpi_api.h>

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hw/slab.h"

enum {
	HEADERS = 40,            // IPv4 and TCP, without options
	SHOW_HEAP = 256 << 10,   // one segment makes nDPI hold no more than this: a few records of TLS are 64 KiB
	STACK_WIPED = 16 << 10,  // below us: nDPI copies lines and pieces of them there
};

struct shown {
	struct ndpi_flow_struct flow;
	uint32_t owner;   // 0: free
	uint32_t address; // ours, of one end; the other has the next one
	uint32_t octets;  // shown so far
	uint16_t segments;
};

struct classifier {
	struct ndpi_detection_module_struct *module;
	struct classifier_limits limits;
	struct slab places;
	size_t heap_octets, heap_limit; // in use by connections; what may be used now
	uint32_t address; // next
	uint16_t hand;    // the place that was given out last
	uint8_t packet[HEADERS + CLASSIFIER_OCTETS];
};

// ---- nDPI's memory -------------------------------------------------------------------------------------------

// nDPI takes one malloc and one free a process, so that who allocates is known only by the thread.
static _Thread_local struct classifier *in_hand;

struct block {
	size_t len;
	struct classifier *holder; // NULL: of a module, not of a connection
};
static_assert(sizeof(struct block) % 16 == 0, "what follows is aligned as malloc() aligns");

static void *take_block(size_t len)
{
	struct classifier *c = in_hand;
	if (c && (c->heap_octets >= c->heap_limit || len > c->heap_limit - c->heap_octets))
		return NULL;
	struct block *b = len <= SIZE_MAX / 2 ? malloc(sizeof(*b) + len) : NULL;
	if (!b)
		return NULL;
	*b = (struct block){.len = len, .holder = c};
	if (c)
		c->heap_octets += len;
	return b + 1;
}

static void give_block(void *p)
{
	if (!p)
		return;
	struct block *b = (struct block *)p - 1;
	if (b->holder)
		b->holder->heap_octets -= b->len;
	explicit_bzero(p, b->len);
	free(b);
}

// ---- opening -------------------------------------------------------------------------------------------------

static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER; // nDPI makes one module at a time

bool classifier_built_in(void)
{
	return true;
}

static struct ndpi_detection_module_struct *open_module(void)
{
	// A library of another version has another struct ndpi_flow_struct.
	if (ndpi_get_api_version() != NDPI_API_VERSION || ndpi_detection_get_sizeof_ndpi_flow_struct() != sizeof(struct ndpi_flow_struct))
		return NULL;
	pthread_mutex_lock(&opening);
	set_ndpi_malloc(take_block);
	set_ndpi_free(give_block);
	set_ndpi_flow_malloc(take_block);
	set_ndpi_flow_free(give_block);
	// Neither lists of names nor the random source of libgcrypt: only QUIC is decrypted, and of UDP nothing is shown.
	struct ndpi_detection_module_struct *m = ndpi_init_detection_module(ndpi_dont_load_tor_hosts | ndpi_dont_init_libgcrypt);
	if (m) {
		NDPI_PROTOCOL_BITMASK all;
		NDPI_BITMASK_SET_ALL(all);
		ndpi_set_protocol_detection_bitmask2(m, &all);
		ndpi_finalize_initialization(m);
	}
	pthread_mutex_unlock(&opening);
	return m;
}

int classifier_open(struct classifier **out, const struct classifier_limits *limits)
{
	struct classifier *c = calloc(1, sizeof(*c));
	*out = NULL;
	if (!c)
		return -ENOMEM;
	c->limits = *limits;
	int err = slab_open(&c->places, sizeof(struct shown), limits->flows);
	for (uint16_t i = 0; !err && i < limits->flows; i++) // all are in use, in turn
		slab_get(&c->places);
	if (!err)
		c->module = open_module();
	if (!err && !c->module)
		err = -ELIBBAD;
	if (err)
		classifier_close(&c);
	*out = c;
	return err;
}

void classifier_close(struct classifier **c)
{
	if (!*c)
		return;
	for (uint16_t i = 1; (*c)->places.base && i <= (*c)->limits.flows; i++)
		classifier_end(*c, i, ((struct shown *)slab_at(&(*c)->places, i))->owner);
	if ((*c)->module)
		ndpi_exit_detection_module((*c)->module);
	slab_close(&(*c)->places);
	free(*c);
	*c = NULL;
}

// ---- a connection --------------------------------------------------------------------------------------------

void classifier_end(struct classifier *c, uint16_t place, uint32_t owner)
{
	struct shown *at = slab_at(&c->places, place);
	if (!owner || at->owner != owner)
		return;
	ndpi_free_flow_data(&at->flow);
	explicit_bzero(at, sizeof(*at));
}

uint16_t classifier_begin(struct classifier *c, uint32_t owner)
{
	c->hand = (uint16_t)(c->hand % c->limits.flows + 1);
	struct shown *at = slab_at(&c->places, c->hand);
	classifier_end(c, c->hand, at->owner);
	at->owner = owner;
	at->address = c->address;
	c->address = (c->address + 2) & 0xffffff; // 10.0.0.0/8; nDPI remembers a few thousand ends
	return c->hand;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

// Which of two ends sent it: any order, as long as it is the same for all segments.
static bool first_end(const struct decoded *s)
{
	int order = memcmp(s->src, s->dst, sizeof(s->src));
	return order ? order < 0 : s->src_port <= s->dst_port;
}

static uint16_t make_packet(struct classifier *c, const struct shown *at, const struct decoded *s, uint32_t len)
{
	uint8_t *ip = c->packet, *tcp = ip + 20;
	uint32_t address = UINT32_C(10) << 24 | at->address, mine = !first_end(s);
	memset(ip, 0, HEADERS);
	ip[0] = 0x45;
	put16(ip + 2, HEADERS + len);
	ip[8] = 64;
	ip[9] = 6;
	put32(ip + 12, address + mine);
	put32(ip + 16, address + !mine);
	put16(tcp, s->src_port);
	put16(tcp + 2, s->dst_port);
	put32(tcp + 4, s->seq);
	put32(tcp + 8, s->ack);
	tcp[12] = 5 << 4;
	tcp[13] = s->flags;
	put16(tcp + 14, s->window);
	memcpy(tcp + 20, s->payload, len);
	return (uint16_t)(HEADERS + len);
}

static __attribute__((noinline)) void wipe_stack(void)
{
	uint8_t below[STACK_WIPED];
	explicit_bzero(below, sizeof(below));
}

// Only what it read in the octets: ports and addresses say nothing, and other connections less.
static uint16_t what(const struct ndpi_flow_struct *f, ndpi_protocol p)
{
	uint16_t is = p.master_protocol != NDPI_PROTOCOL_UNKNOWN ? p.master_protocol : p.app_protocol;
	return is == NDPI_PROTOCOL_UNKNOWN || f->confidence != NDPI_CONFIDENCE_DPI ? CLASSIFIED_UNKNOWN : is;
}

uint16_t classifier_show(struct classifier *c, uint16_t place, uint32_t owner, const struct decoded *s, uint64_t time_ns)
{
	struct shown *at = slab_at(&c->places, place);
	if (!owner || at->owner != owner)
		return CLASSIFIED_LOST;
	uint32_t left = CLASSIFIER_OCTETS - at->octets, len = s->payload_len < left ? s->payload_len : left;
	uint16_t n = make_packet(c, at, s, len);
	at->octets += len;
	at->segments++;
	c->heap_limit = c->heap_octets + SHOW_HEAP < c->limits.heap_octets ? c->heap_octets + SHOW_HEAP : c->limits.heap_octets;
	in_hand = c;
	ndpi_protocol p = ndpi_detection_process_packet(c->module, &at->flow, c->packet, n, time_ns / 1000000);
	bool known = p.master_protocol != NDPI_PROTOCOL_UNKNOWN || p.app_protocol != NDPI_PROTOCOL_UNKNOWN;
	bool over = at->segments >= CLASSIFIER_SEGMENTS || at->octets >= CLASSIFIER_OCTETS;
	if (!known && over) {
		uint8_t guessed;
		p = ndpi_detection_giveup(c->module, &at->flow, 0, &guessed);
	}
	in_hand = NULL;
	explicit_bzero(c->packet, n);
	wipe_stack();
	return known || over ? what(&at->flow, p) : CLASSIFIED_NOT_YET;
}

bool classifier_says_mail(uint16_t protocol)
{
	return protocol == NDPI_PROTOCOL_MAIL_SMTP || protocol == NDPI_PROTOCOL_MAIL_SMTPS;
}

const char *classifier_name(const struct classifier *c, uint16_t protocol)
{
	return ndpi_get_proto_name(c->module, protocol);
}

size_t classifier_heap_octets(const struct classifier *c)
{
	return c->heap_octets;
}

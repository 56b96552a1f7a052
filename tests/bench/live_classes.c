// Cycles a packet by class: many copies of a connection go through the engine in step, so that a batch is of one class.
#include "tests/bench/live.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COPIES = 16384, BATCH = 4096, TEMPLATES = 6, STEPS_MAX = 400, FLOWS_MAX = 1 << 20 };

enum class { CLASS_NEW, CLASS_CLEAR, CLASS_HANDSHAKE, CLASS_CIPHERTEXT, CLASS_CLOSE, CLASSES };
static const char *const class_name[CLASSES] = {"new_flow", "clear", "handshake", "ciphertext", "close"};

struct cost {
	uint64_t cycles, packets;
};

static bool is_record(const uint8_t *p, uint32_t len)
{
	return len > 2 && p[0] >= 20 && p[0] <= 23 && p[1] == 3;
}

static void note_sealed(void *ctx, const struct message *m, size_t len)
{
	if (m->type == MESSAGE_SESSION && ((const struct message_session *)m)->sealed)
		*(bool *)ctx = true;
}

// The class of each packet of a connection: what the engine does with it, alone.
static void classify(const struct recorded *const *packet, size_t n, uint8_t *class)
{
	struct dissect_config config = live_dissect(64);
	struct dissect *d;
	bool sealed = false, tls = false;

	config.sessions_max = 64;
	config.reassembly_octets = 16 << 20;
	config.protocols = false;
	config.emit = note_sealed;
	config.emit_ctx = &sealed;
	if (dissect_open(&d, &config))
		exit(1);
	for (size_t i = 0; i < n; i++) {
		uint32_t len;
		uint8_t flags;
		const uint8_t *payload = recorded_payload(packet[i], &len, &flags);
		tls |= payload && is_record(payload, len);
		class[i] = i < 3 ? CLASS_NEW : flags & 5 ? CLASS_CLOSE : sealed ? CLASS_CIPHERTEXT : tls ? CLASS_HANDSHAKE : CLASS_CLEAR;
		const struct packet p = {.data = packet[i]->octets, .len = packet[i]->len, .wire_len = packet[i]->len, .time_ns = 1000 + i,
			.seq = i + 1, .linktype = 1};
		dissect_burst(d, &p, 1);
	}
	dissect_close(&d);
}

static void run_template(struct crew *c, const struct recorded *const *packet, size_t n, uint32_t world, struct cost *cost)
{
	uint8_t class[STEPS_MAX];
	classify(packet, n, class);
	for (size_t i = 0; i < n; i++) {
		for (uint32_t k = 0; k < COPIES; k++) {
			crew_put(c, 0, packet[i], world + k);
			if ((k + 1) % BATCH)
				continue;
			crew_do(c, ORDER_ENGINE);
			cost[class[i]].cycles += c->hand[0].cycles;
			cost[class[i]].packets += c->hand[0].packets;
		}
	}
}

// The packets of connection `flow`; 0 when it is not whole, or longer than we like.
static size_t packets_of(const struct recording *r, uint32_t flow, const struct recorded **out)
{
	size_t n = 0;
	bool ends = false;
	for (size_t i = 0; i < r->n && n < STEPS_MAX; i++) {
		uint32_t len;
		uint8_t flags;
		if (r->packet[i].flow != flow)
			continue;
		recorded_payload(&r->packet[i], &len, &flags);
		ends |= flags & 1;
		out[n++] = &r->packet[i];
	}
	return ends && n < STEPS_MAX ? n : 0;
}

void live_classes(const struct recording *r, const struct feed_ops *ops)
{
	static struct crew c;
	struct cost cost[CLASSES] = {{0, 0}};
	uint32_t done = 0;

	crew_open(&c, ops, 1, BATCH, FLOWS_MAX);
	for (uint32_t flow = 0; flow < r->n_flows && done < TEMPLATES; flow++) {
		const struct recorded *packet[STEPS_MAX];
		size_t n = packets_of(r, flow, packet);
		if (n)
			run_template(&c, packet, n, ++done << 20, cost);
	}
	crew_close(&c);
	printf("\"cycles_per_packet\":{");
	for (int i = 0; i < CLASSES; i++)
		printf("%s\"%s\":%.0f", i ? "," : "", class_name[i], cost[i].packets ? (double)cost[i].cycles / (double)cost[i].packets : 0);
	printf("},\"class_packets\":{");
	for (int i = 0; i < CLASSES; i++)
		printf("%s\"%s\":%lu", i ? "," : "", class_name[i], cost[i].packets);
	printf("}");
}

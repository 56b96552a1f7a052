// Builds TCP segments by hand and runs them through a whole worker: what the tests of flows and streams stand on.
//
//   static const struct segment story[] = {
//       {C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1},
//       {S, ACK, 1, 1, "220 mx ESMTP\r\n"}, ...
//   };
//
// Sequence and acknowledgment numbers are relative: 0 is the SYN, 1 the first octet. `gap_ms` lets time pass first.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dissect/dissect.h"
#include "dissect/net/decode.h"

enum { C = DIR_C2S, S = DIR_S2C };
enum { FIN = TCP_FIN, SYN = TCP_SYN, RST = TCP_RST, ACK = TCP_ACK };

// What receivers drop.
enum wire_odd { ODD_NONE, ODD_IP_CHECKSUM, ODD_IP_CHECKSUM_0, ODD_IP_LENGTH_0, ODD_MD5 };

struct segment {
	int d;
	int flags;
	uint32_t seq, ack;
	const char *text;
	uint32_t gap_ms;
	int bad_checksum;
	int keep_len; // octets captured of the payload + 1; 0: all
	size_t len;   // octets of text; 0: up to its NUL
	int odd;      // enum wire_odd
	uint8_t ttl;  // 0: 64
};

struct wire {
	uint32_t isn[2];
	uint16_t port[2];
	struct dissect_config config;
	// What came out.
	struct facts last;   // of the last MESSAGE_SESSION
	struct facts other;  // what the later version of its octets says
	bool two;            // there is one
	size_t n_two;        // messages with one
	struct message_end end;
	struct message_counters counters;
	size_t n_sessions, n_finals, n_ends, n_sealed, n_anomalies;
	uint64_t seq;
	uint64_t time_ns;
};

static void wire_emit(void *ctx, const struct message *m, size_t len)
{
	struct wire *w = ctx;
	if (m->type == MESSAGE_SESSION) {
		const struct message_session *s = (const void *)m;
		memset(&w->last, 0, sizeof(w->last));
		memcpy(&w->last, &s->facts, facts_len(&s->facts));
		memset(&w->other, 0, sizeof(w->other));
		w->two = s->other;
		w->n_two += w->two;
		if (w->two)
			memcpy(&w->other, message_session_other(s), facts_len(message_session_other(s)));
		w->n_sessions++;
		w->n_finals += s->facts.conn.end != END_OPEN;
		w->n_sealed += s->sealed;
	} else if (m->type == MESSAGE_END) {
		memcpy(&w->end, m, sizeof(w->end));
		w->n_ends++;
	} else if (m->type == MESSAGE_ANOMALY) {
		w->n_anomalies++;
	} else if (m->type == MESSAGE_COUNTERS) {
		memcpy(&w->counters, m, sizeof(w->counters));
	}
}

static inline void wire_init(struct wire *w)
{
	memset(w, 0, sizeof(*w));
	w->isn[0] = 1000;
	w->isn[1] = 5000;
	w->port[0] = 40000;
	w->port[1] = 25;
	w->time_ns = UINT64_C(1790000000000000000);
	w->config = (struct dissect_config){
		.ports = {25, 465, 587},
		.n_ports = 3,
		.flows_max = 1024,
		.sessions_max = 1024,
		.reassembly_octets = 8 << 20,
		.n_workers = 1,
		.emit = wire_emit,
		.emit_ctx = w,
	};
}

static inline uint32_t wire_sum(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static inline void wire_put(uint8_t *p, uint32_t v, int octets)
{
	for (int i = 0; i < octets; i++)
		p[i] = (uint8_t)(v >> 8 * (octets - 1 - i));
}

// Raw IPv4 (link type 101): fewest octets in the way.
static inline size_t wire_packet(const struct wire *w, const struct segment *s, const void *payload, size_t payload_len, uint8_t *out)
{
	static const uint8_t addr[2][4] = {{192, 0, 2, 1}, {192, 0, 2, 2}};
	uint8_t *tcp = out + 20;
	size_t header_len = s->odd == ODD_MD5 ? 40 : 20;
	memset(out, 0, 60);
	out[0] = 0x45;
	if (s->odd != ODD_IP_LENGTH_0)
		wire_put(out + 2, (uint32_t)(20 + header_len + payload_len), 2);
	out[8] = s->ttl ? s->ttl : 64;
	out[9] = 6;
	memcpy(out + 12, addr[s->d], 4);
	memcpy(out + 16, addr[!s->d], 4);
	if (s->odd != ODD_IP_CHECKSUM_0)
		wire_put(out + 10, ~wire_sum(out, 20, 0) ^ (s->odd == ODD_IP_CHECKSUM ? 0x5555 : 0), 2);
	wire_put(tcp, w->port[s->d], 2);
	wire_put(tcp + 2, w->port[!s->d], 2);
	wire_put(tcp + 4, w->isn[s->d] + s->seq, 4);
	wire_put(tcp + 8, s->flags & ACK ? w->isn[!s->d] + s->ack : 0, 4);
	tcp[12] = (uint8_t)(header_len / 4 << 4);
	tcp[13] = (uint8_t)s->flags;
	wire_put(tcp + 14, 65000, 2);
	if (s->odd == ODD_MD5)
		memcpy(tcp + 20, "\x13\x12signature-of-16.\x01\x01", 20);
	memcpy(tcp + header_len, payload, payload_len);
	uint32_t sum = wire_sum(out + 12, 8, (uint32_t)(6 + header_len + payload_len));
	wire_put(tcp + 16, ~wire_sum(tcp, header_len + payload_len, sum) ^ (s->bad_checksum ? 0x5555 : 0), 2);
	return 20 + header_len + payload_len;
}

static inline void wire_send(struct wire *w, struct dissect *d, const struct segment *s)
{
	uint8_t octets[4096];
	size_t text_len = s->len ? s->len : s->text ? strlen(s->text) : 0;
	size_t len = wire_packet(w, s, s->text ? s->text : "", text_len, octets);
	w->time_ns += 1000000 + (uint64_t)s->gap_ms * 1000000;
	w->seq++;
	size_t kept = s->keep_len ? 40 + (size_t)s->keep_len - 1 : len;
	uint8_t *exact = malloc(kept); // so that a sanitizer sees a read past the capture
	memcpy(exact, octets, kept);
	struct packet p = {
		.data = exact,
		.len = (uint32_t)kept,
		.wire_len = (uint32_t)len,
		.time_ns = w->time_ns,
		.seq = w->seq,
		.frame = (uint32_t)w->seq,
		.linktype = 101,
	};
	dissect_burst(d, &p, 1);
	free(exact);
}

// Runs a story from the first segment to the end of input.
static inline void wire_run(struct wire *w, const struct segment *story, size_t n)
{
	struct dissect *d;
	if (dissect_open(&d, &w->config))
		abort();
	for (size_t i = 0; i < n; i++)
		wire_send(w, d, &story[i]);
	dissect_finish(d);
	dissect_close(&d);
}

// Segments, connections, and the books.
#include "tests/limits/traffic.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

#include "dissect/net/checksum.h"
#include "tests/limits/measure.h"

enum { IP_LEN = 20, TCP_LEN = 20, RESIDENT_EVERY = 4096 };

static const uint32_t isn[2] = {1000, 0xfffffff0}; // the server's wraps in the greeting

static void note(struct tally *y, const char *what)
{
	if (!y->broken)
		y->broken = what;
}

static bool goes_back(const struct tally *y, const struct message *m)
{
	if (m->seq != y->last_seq)
		return m->seq < y->last_seq;
	if (m->birth != y->last_birth)
		return m->birth < y->last_birth;
	return m->ord <= y->last_ord && (m->seq || m->birth);
}

static void take(void *ctx, const struct message *m, size_t len)
{
	struct tally *y = ctx;
	if (y->over)
		note(y, "a message after the last one");
	if (goes_back(y, m))
		note(y, "the order of messages goes back");
	y->last_seq = m->seq;
	y->last_birth = m->birth;
	y->last_ord = m->ord;
	if (m->type == MESSAGE_SESSION) {
		const struct message_session *s = (const void *)m;
		if (len != message_session_len(s) || len > MESSAGE_LEN_MAX)
			note(y, "the length of a session's message");
		y->finals += s->facts.conn.end != END_OPEN;
		y->sealed += s->sealed;
	} else if (m->type == MESSAGE_END) {
		y->ends++;
	} else if (m->type == MESSAGE_ANOMALY) {
		y->anomalies++;
	} else if (m->type == MESSAGE_HANDSHAKE) {
		if (len != sizeof(struct message_handshake) + ((const struct message_handshake *)m)->len || len > MESSAGE_LEN_MAX)
			note(y, "the length of a handshake message");
	} else if (m->type == MESSAGE_COUNTERS && len == sizeof(y->last)) {
		memcpy(&y->last, m, len);
		y->over = y->last.last;
		y->most_memory = y->last.memory_octets > y->most_memory ? y->last.memory_octets : y->most_memory;
	} else {
		note(y, "a message of no known kind");
	}
	if (y->also)
		y->also(y->also_ctx, m, len);
}

int traffic_open(struct traffic *t)
{
	t->tally = (struct tally){.also = t->tally.also, .also_ctx = t->tally.also_ctx};
	t->packets = t->octets = t->n = t->resident = 0;
	t->time_ns = UINT64_C(1790000000000000000);
	if (!t->step_ns)
		t->step_ns = 1000;
	t->config.emit = take;
	t->config.emit_ctx = &t->tally;
	return dissect_open(&t->d, &t->config);
}

static void flush(struct traffic *t)
{
	dissect_burst(t->d, t->burst, t->n);
	t->n = 0;
	if (t->packets % RESIDENT_EVERY < PACKET_BURST) {
		measure_stop();
		uint64_t now = measure_resident();
		t->resident = now > t->resident ? now : t->resident;
		measure_go_on();
	}
}

void traffic_finish(struct traffic *t)
{
	flush(t);
	dissect_finish(t->d);
}

void traffic_close(struct traffic *t)
{
	dissect_close(&t->d);
}

// The next frame of the burst, and its packet filled in for `len` octets.
static uint8_t *next_frame(struct traffic *t, size_t len)
{
	if (t->n == PACKET_BURST)
		flush(t);
	size_t i = t->n++;
	t->time_ns += t->step_ns;
	t->packets++;
	t->octets += len;
	t->burst[i] = (struct packet){
		.data = t->frame[i],
		.len = (uint32_t)len,
		.wire_len = (uint32_t)len,
		.time_ns = t->time_ns,
		.seq = t->packets,
		.frame = (uint32_t)t->packets,
		.linktype = 101,
	};
	return t->frame[i];
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

static void put_sum(uint8_t *p, uint64_t sum)
{
	uint16_t folded = (uint16_t)~checksum_fold(sum);
	memcpy(p, &folded, 2);
}

static void ip_header(uint8_t *ip, size_t len, uint32_t client, uint32_t server, int d, uint16_t id, uint16_t frag)
{
	memset(ip, 0, IP_LEN);
	ip[0] = 0x45;
	put16(ip + 2, (uint32_t)len);
	put16(ip + 4, id);
	put16(ip + 6, frag);
	ip[8] = 64;
	ip[9] = 6;
	put32(ip + (d == C ? 12 : 16), 0x0a000000u + (client & 0xffffff));
	put32(ip + (d == C ? 16 : 12), 0xc0000201u + server);
	put_sum(ip + 10, checksum_sum(ip, IP_LEN));
}

void traffic_segment(struct traffic *t, const struct talk *k, int d, int flags, uint32_t seq, uint32_t ack, const void *p, size_t len)
{
	uint8_t *ip = next_frame(t, IP_LEN + TCP_LEN + len), *tcp = ip + IP_LEN;
	uint16_t client_port = (uint16_t)(40000 + (k->id >> 24));
	ip_header(ip, IP_LEN + TCP_LEN + len, k->id, t->servers ? k->id % t->servers : 0, d, 0, 0);
	memset(tcp, 0, TCP_LEN);
	put16(tcp, d == C ? client_port : k->port);
	put16(tcp + 2, d == C ? k->port : client_port);
	put32(tcp + 4, isn[d] + seq);
	if (flags & ACK)
		put32(tcp + 8, isn[!d] + ack);
	tcp[12] = 0x50;
	tcp[13] = (uint8_t)flags;
	put16(tcp + 14, 65000);
	if (len)
		memcpy(tcp + TCP_LEN, p, len);
	uint64_t pseudo = checksum_sum(ip + 12, 8) + htons(6) + htons((uint16_t)(TCP_LEN + len));
	put_sum(tcp + 16, pseudo + checksum_sum(tcp, (uint32_t)(TCP_LEN + len)));
}

void traffic_fragment(struct traffic *t, uint32_t client, uint16_t id, uint32_t off, bool more, size_t len)
{
	uint8_t *ip = next_frame(t, IP_LEN + len);
	ip_header(ip, IP_LEN + len, client, 0, C, id, (uint16_t)(off / 8 | (more ? 0x2000 : 0)));
	memset(ip + IP_LEN, 0, len);
}

// ---- connections ---------------------------------------------------------------------------------------------

void talk_syn(struct traffic *t, struct talk *k, uint32_t id, uint16_t port)
{
	*k = (struct talk){.id = id, .port = port};
	traffic_segment(t, k, C, SYN, 0, 0, NULL, 0);
}

void talk_open(struct traffic *t, struct talk *k, uint32_t id, uint16_t port)
{
	talk_syn(t, k, id, port);
	traffic_segment(t, k, S, SYN | ACK, 0, 1, NULL, 0);
	traffic_segment(t, k, C, ACK, 1, 1, NULL, 0);
}

void talk_send(struct traffic *t, struct talk *k, int d, const void *p, size_t len, size_t mss)
{
	const uint8_t *octets = p;
	while (len) {
		size_t part = len < mss ? len : mss;
		traffic_segment(t, k, d, ACK, 1 + k->sent[d], 1 + k->sent[!d], octets, part);
		k->sent[d] += (uint32_t)part;
		octets += part;
		len -= part;
	}
}

void talk_say(struct traffic *t, struct talk *k, int d, const char *text)
{
	talk_send(t, k, d, text, strlen(text), SEGMENT_MAX);
}

void talk_greet(struct traffic *t, struct talk *k)
{
	talk_say(t, k, S, "220 mx.example ESMTP\r\n");
	talk_say(t, k, C, "EHLO client.example\r\n");
	talk_say(t, k, S, "250-mx.example\r\n250-PIPELINING\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n");
}

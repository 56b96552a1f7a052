// Writes a large capture of mail traffic: unique, interleaved TCP connections whose octets come from scripts with
// real TLS. Deterministic for a seed, apart from what OpenSSL draws.
//
//   generate PROFILE MIB SEED FILE        profiles: mixed short bulk clear link
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/script.h"

enum { SCRIPTS = 48, CONCURRENT_MAX = 5000, MSS = 1440 };

struct profile {
	const char *name;
	uint32_t tls13, tls12, implicit; // per cent; the rest is clear
	uint32_t small, large;           // message octets, spread between them
	uint32_t messages;
	uint32_t concurrent;
	uint32_t web; // per cent of connections that are no mail: TLS on port 443
};

// `mixed` follows the budget of the design: 58 % TLS 1.3, 25 % TLS 1.2, the rest clear, about 535 octets a packet. `link` is
// the same with nine connections of ten to web servers.
static const struct profile profiles[] = {
	{"mixed", 58, 25, 0, 10000, 54000, 1, 5000},
	{"short", 60, 40, 0, 300, 600, 1, 5000},
	{"bulk", 70, 20, 10, 400000, 1500000, 1, 50},
	{"clear", 0, 0, 0, 2000, 30000, 2, 1000},
	{"link", 53, 23, 10, 10000, 54000, 1, 5000, 90},
};

struct flow {
	const struct script *script;
	uint8_t addr[2][16];
	uint16_t port[2];
	uint32_t seq[2];
	size_t at;          // utterance
	uint32_t off;       // within it
	uint8_t ip_v, step; // of the handshake or the close
	uint8_t unacked;    // segments the other side owes an acknowledgment for
	enum dir last;
};

static uint64_t random_state;

static uint64_t draw(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint32_t sum16(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (len & 1)
		sum += (uint32_t)p[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
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

static size_t put_ip(uint8_t *ip, const struct flow *f, enum dir d, size_t tcp_len)
{
	if (f->ip_v == 4) {
		memset(ip, 0, 20);
		ip[0] = 0x45;
		put16(ip + 2, (uint32_t)(20 + tcp_len));
		ip[8] = 60;
		ip[9] = 6;
		memcpy(ip + 12, f->addr[d], 4);
		memcpy(ip + 16, f->addr[!d], 4);
		put16(ip + 10, ~sum16(ip, 20, 0));
		return 20;
	}
	memset(ip, 0, 40);
	ip[0] = 0x60;
	put16(ip + 4, (uint32_t)tcp_len);
	ip[6] = 6;
	ip[7] = 60;
	memcpy(ip + 8, f->addr[d], 16);
	memcpy(ip + 24, f->addr[!d], 16);
	return 40;
}

static uint64_t write_packet(FILE *out, const struct flow *f, enum dir d, uint8_t flags, const uint8_t *p, uint32_t len)
{
	static uint64_t time_us = UINT64_C(1790000000000000), n;
	uint8_t frame[16 + 14 + 40 + 20 + MSS];
	uint8_t *ether = frame + 16, *ip = ether + 14;
	memset(ether, 2, 12);
	put16(ether + 12, f->ip_v == 4 ? 0x0800 : 0x86dd);
	size_t ip_len = put_ip(ip, f, d, 20 + len);
	uint8_t *tcp = ip + ip_len;
	memset(tcp, 0, 20);
	put16(tcp, f->port[d]);
	put16(tcp + 2, f->port[!d]);
	put32(tcp + 4, f->seq[d]);
	put32(tcp + 8, flags & 16 ? f->seq[!d] : 0);
	tcp[12] = 0x50;
	tcp[13] = flags;
	put16(tcp + 14, 65000);
	if (len)
		memcpy(tcp + 20, p, len);
	size_t addr_len = f->ip_v == 4 ? 8 : 32;
	uint32_t sum = sum16(f->ip_v == 4 ? ip + 12 : ip + 8, addr_len, 6 + 20 + len);
	put16(tcp + 16, ~sum16(tcp, 20 + len, sum));
	uint32_t caplen = (uint32_t)(14 + ip_len + 20 + len);
	time_us += 1 + n++ % 3;
	uint32_t head[4] = {(uint32_t)(time_us / 1000000), (uint32_t)(time_us % 1000000), caplen, caplen};
	memcpy(frame, head, 16);
	fwrite(frame, 1, 16 + caplen, out);
	return 16 + caplen;
}

// The scripts of web connections are the last ones (make_scripts()): TLS from the first octet.
static void flow_start(struct flow *f, const struct script *scripts, uint64_t number, const struct profile *p)
{
	bool web = draw() % 100 < p->web;
	memset(f, 0, sizeof(*f));
	f->script = &scripts[web ? SCRIPTS * (p->tls13 + p->tls12) / 100 + 1 : draw() % SCRIPTS];
	f->ip_v = draw() % 4 ? 4 : 6;
	f->port[0] = (uint16_t)(1024 + number % 60000);
	f->port[1] = web ? 443 : 25;
	for (int d = 0; d < 2; d++) {
		uint32_t host = d ? (uint32_t)(draw() % 200) : (uint32_t)(number / 60000 * 251 + draw() % 251);
		static const uint8_t v4[2][4] = {{198, 18, 0, 0}, {198, 19, 0, 0}}; // RFC 2544
		static const uint8_t v6[2][4] = {{0x20, 0x01, 0x0d, 0xb8}, {0x20, 0x01, 0x0d, 0xb8}};
		memcpy(f->addr[d], f->ip_v == 4 ? v4[d] : v6[d], 4);
		put16(f->addr[d] + (f->ip_v == 4 ? 2 : 14), host);
		f->addr[d][7] = f->ip_v == 6 ? (uint8_t)d : 0;
		f->seq[d] = (uint32_t)draw();
	}
}

// The next packet of a flow. False when it has said everything.
static bool flow_step(FILE *out, struct flow *f, uint64_t *octets)
{
	if (f->step < 3) {
		static const uint8_t flags[] = {2, 18, 16};
		enum dir d = f->step == 1 ? DIR_S2C : DIR_C2S;
		*octets += write_packet(out, f, d, flags[f->step], NULL, 0);
		f->seq[d] += f->step < 2;
		f->step++;
		return true;
	}
	const struct script *s = f->script;
	if (f->unacked >= 2 || (f->unacked && f->at < s->n && s->said[f->at].d != f->last && f->at % 2)) {
		f->unacked = 0;
		*octets += write_packet(out, f, dir_other(f->last), 16, NULL, 0);
		return true;
	}
	if (f->at < s->n) {
		const struct utterance *u = &s->said[f->at];
		uint32_t len = u->len - f->off < MSS ? u->len - f->off : MSS;
		*octets += write_packet(out, f, u->d, 24, u->octets + f->off, len);
		f->seq[u->d] += len;
		f->off += len;
		f->unacked = u->d == f->last ? f->unacked + 1 : 1;
		f->last = u->d;
		if (f->off == u->len) {
			f->at++;
			f->off = 0;
		}
		return true;
	}
	if (f->step < 6) { // FIN, FIN, ACK
		enum dir d = f->step == 4 ? DIR_S2C : DIR_C2S;
		*octets += write_packet(out, f, d, f->step == 5 ? 16 : 17, NULL, 0);
		f->seq[d] += f->step < 5;
		f->step++;
		return true;
	}
	return false;
}

static const struct profile *profile_find(const char *name)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(*profiles); i++) {
		if (!strcmp(profiles[i].name, name))
			return &profiles[i];
	}
	return NULL;
}

static void make_scripts(struct script *scripts, const struct profile *p)
{
	for (uint32_t i = 0; i < SCRIPTS; i++) {
		uint32_t share = i * 100 / SCRIPTS;
		struct script_config c = {
			.kind = share < p->tls13                             ? SCRIPT_TLS13
			        : share < p->tls13 + p->tls12                ? SCRIPT_TLS12
			        : share < p->tls13 + p->tls12 + p->implicit ? SCRIPT_IMPLICIT
			                                                     : SCRIPT_CLEAR,
			.message_octets = p->small + (uint32_t)(draw() % (p->large - p->small)),
			.n_messages = p->messages,
		};
		script_make(&scripts[i], &c, i);
	}
}

int main(int argc, char **argv)
{
	const struct profile *p = argc == 5 ? profile_find(argv[1]) : NULL;
	if (!p) {
		fprintf(stderr, "usage: generate mixed|short|bulk|clear|link MIB SEED FILE\n");
		return 2;
	}
	uint64_t limit = strtoull(argv[2], NULL, 10) << 20, octets = 24, packets = 0, number = 0;
	random_state = strtoull(argv[3], NULL, 10) * 2654435761u + 88172645463325252u;
	FILE *out = fopen(argv[4], "wb");
	if (!out) {
		perror(argv[4]);
		return 1;
	}
	setvbuf(out, NULL, _IOFBF, 1 << 20);
	const uint32_t head[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 262144, 1};
	fwrite(head, 1, sizeof(head), out);

	static struct script scripts[SCRIPTS];
	static struct flow flows[CONCURRENT_MAX];
	make_scripts(scripts, p);
	for (size_t i = 0; i < p->concurrent; i++)
		flow_start(&flows[i], scripts, number++, p);
	size_t open = p->concurrent;
	while (open) { // after the limit no new connections; the open ones are told to their end
		size_t i = draw() % open;
		if (flow_step(out, &flows[i], &octets)) {
			packets++;
		} else if (octets < limit) {
			flow_start(&flows[i], scripts, number++, p);
		} else {
			flows[i] = flows[--open];
		}
	}
	for (size_t i = 0; i < SCRIPTS; i++)
		script_free(&scripts[i]);
	if (fclose(out)) {
		perror(argv[4]);
		return 1;
	}
	printf("{\"profile\":\"%s\",\"packets\":%lu,\"octets\":%lu,\"connections\":%lu,\"octets_per_packet\":%.1f}\n", p->name, packets,
		octets, number, (double)octets / (double)packets - 16);
	return 0;
}

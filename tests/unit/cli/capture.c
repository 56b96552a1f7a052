// Packets by hand. TCP checksums are computed, so that no setting of capture.checksums refuses them.
#include "tests/unit/cli/capture.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FIN = 1, SYN = 2, PSH = 8, ACK = 16, HEADERS = 14 + 20 + 20 };

struct half {
	uint8_t addr[4];
	uint16_t port;
	uint32_t seq;
};

static void be16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void be32(uint8_t *p, uint32_t v)
{
	be16(p, v >> 16);
	be16(p + 2, v);
}

static uint32_t sum(uint32_t s, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		s += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
	return s;
}

static uint16_t fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static void put(struct capture *c, const void *p, size_t len)
{
	if (fwrite(p, 1, len, c->f) != len)
		abort();
}

static void segment(struct capture *c, struct half *from, const struct half *to, uint8_t flags, const char *text)
{
	uint8_t packet[2048] = {0}, *ip = packet + 14, *tcp = ip + 20;
	size_t len = strlen(text);
	be16(packet + 12, 0x0800);
	ip[0] = 0x45;
	be16(ip + 2, (uint32_t)(40 + len));
	ip[8] = 64;
	ip[9] = 6;
	memcpy(ip + 12, from->addr, 4);
	memcpy(ip + 16, to->addr, 4);
	be16(ip + 10, fold(sum(0, ip, 20)));
	be16(tcp, from->port);
	be16(tcp + 2, to->port);
	be32(tcp + 4, from->seq);
	be32(tcp + 8, flags & ACK ? to->seq : 0);
	tcp[12] = 5 << 4;
	tcp[13] = flags;
	be16(tcp + 14, 65535);
	memcpy(tcp + 20, text, len);
	be16(tcp + 16, fold(sum(sum(6 + 20 + (uint32_t)len, ip + 12, 8), tcp, 20 + len)));

	uint32_t record[4] = {(uint32_t)(c->time_us / 1000000), (uint32_t)(c->time_us % 1000000), (uint32_t)(HEADERS + len),
		(uint32_t)(HEADERS + len)};
	put(c, record, sizeof record);
	put(c, packet, HEADERS + len);
	c->time_us += 1000;
	from->seq += (uint32_t)len + ((flags & (SYN | FIN)) != 0);
}

void capture_open(struct capture *c, const char *path)
{
	const uint32_t header[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1};
	c->f = fopen(path, "w");
	c->time_us = 1700000000000000;
	if (c->f == NULL)
		abort();
	put(c, header, sizeof header);
}

void capture_session(struct capture *c, uint16_t port, const struct capture_line *lines, size_t n)
{
	struct half client = {{192, 0, 2, 1}, port, 1000}, server = {{192, 0, 2, 2}, 25, 2000};
	segment(c, &client, &server, SYN, "");
	segment(c, &server, &client, SYN | ACK, "");
	segment(c, &client, &server, ACK, "");
	for (size_t i = 0; i < n; i++) {
		bool by_client = lines[i].who == 'C';
		segment(c, by_client ? &client : &server, by_client ? &server : &client, PSH | ACK, lines[i].text);
	}
	segment(c, &client, &server, FIN | ACK, "");
	segment(c, &server, &client, FIN | ACK, "");
	segment(c, &client, &server, ACK, "");
}

void capture_close(struct capture *c)
{
	if (fclose(c->f) != 0)
		abort();
}

// Builds capture files in memory.
#include "tests/unit/capture/build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

void build_put(struct build *b, const void *p, size_t len)
{
	assert_true(len <= BUILD_MAX - b->len);
	if (len)
		memcpy(b->octets + b->len, p, len);
	b->len += len;
}

static void put_number(struct build *b, uint64_t v, int len)
{
	uint8_t octets[8];
	for (int i = 0; i < len; i++)
		octets[i] = (uint8_t)(v >> 8 * (b->big ? len - 1 - i : i));
	build_put(b, octets, (size_t)len);
}

void build_16(struct build *b, uint16_t v)
{
	put_number(b, v, 2);
}

void build_32(struct build *b, uint32_t v)
{
	put_number(b, v, 4);
}

void build_64(struct build *b, uint64_t v)
{
	put_number(b, v, 8);
}

void build_mark(struct build *b)
{
	assert_true(b->n_marks < BUILD_MARKS);
	b->marks[b->n_marks].off = b->len;
	b->marks[b->n_marks++].n_packets = b->n_packets;
}

static void put_octets(struct build *b, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		build_put(b, &(uint8_t){(uint8_t)i}, 1);
	b->n_packets++;
}

void build_pcap(struct build *b, uint32_t magic, uint32_t network)
{
	build_32(b, magic);
	build_16(b, 2);
	build_16(b, 4);
	build_64(b, 0);
	build_32(b, 65535);
	build_32(b, network);
	build_mark(b);
}

void build_pcap_record(struct build *b, uint32_t s, uint32_t fraction, uint32_t len, uint32_t wire_len)
{
	build_32(b, s);
	build_32(b, fraction);
	build_32(b, len);
	build_32(b, wire_len);
	put_octets(b, len);
	build_mark(b);
}

size_t build_block(struct build *b, uint32_t type)
{
	size_t block = b->len;
	build_32(b, type);
	build_32(b, 0); // build_block_end() knows
	return block;
}

void build_block_end(struct build *b, size_t block)
{
	while (b->len % 4)
		build_put(b, "", 1);
	size_t end = b->len;
	b->len = block + 4;
	build_32(b, (uint32_t)(end + 4 - block));
	b->len = end;
	build_32(b, (uint32_t)(end + 4 - block));
	build_mark(b);
}

void build_section(struct build *b, bool big)
{
	b->big = big;
	size_t block = build_block(b, 0x0a0d0d0a);
	build_32(b, 0x1a2b3c4d);
	build_16(b, 1);
	build_16(b, 0);
	build_64(b, UINT64_MAX);
	build_block_end(b, block);
}

void build_interface(struct build *b, uint16_t linktype, uint32_t snaplen)
{
	size_t block = build_block(b, 1);
	build_16(b, linktype);
	build_16(b, 0);
	build_32(b, snaplen);
	build_block_end(b, block);
}

void build_interface_timed(struct build *b, uint16_t linktype, uint8_t tsresol, int64_t offset_s)
{
	size_t block = build_block(b, 1);
	build_16(b, linktype);
	build_16(b, 0);
	build_32(b, 0);
	build_16(b, 2); // if_name, of no use here
	build_16(b, 3);
	build_put(b, "en0\0", 4);
	build_16(b, 9);
	build_16(b, 1);
	build_put(b, (uint8_t[4]){tsresol}, 4);
	build_16(b, 14);
	build_16(b, 8);
	build_64(b, (uint64_t)offset_s);
	build_32(b, 0);
	build_block_end(b, block);
}

void build_enhanced(struct build *b, uint32_t interface, uint64_t ticks, uint32_t len, uint32_t wire_len)
{
	size_t block = build_block(b, 6);
	build_32(b, interface);
	build_32(b, (uint32_t)(ticks >> 32));
	build_32(b, (uint32_t)ticks);
	build_32(b, len);
	build_32(b, wire_len);
	put_octets(b, len);
	build_block_end(b, block);
}

static size_t gzip_member(const uint8_t *octets, size_t len, uint8_t *out, size_t room)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)octets, .avail_in = (uInt)len, .next_out = out, .avail_out = (uInt)room};
	assert_int_equal(deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size_t used = z.total_out;
	deflateEnd(&z);
	return used;
}

size_t build_gzip(const uint8_t *octets, size_t len, size_t member_len, uint8_t *out, size_t room)
{
	size_t used = 0, step = member_len ? member_len : len ? len : 1;
	for (size_t at = 0; at == 0 || at < len; at += step)
		used += gzip_member(octets + at, len - at < step ? len - at : step, out + used, room - used);
	return used;
}

// A cursor over octets with a sticky error: a read past the end yields zero and is remembered, later reads do
// nothing, and the parser asks once, at the end. So a parser reads like its RFC.
//
//   uint8_t type = bytes_u8(&c);
//   struct bytes body = bytes_sub(&c, bytes_be24(&c));
//   return bytes_ok(&c) ? PARSE_DONE : PARSE_BAD;
//
// A cursor owns nothing; NULL with a length of 0 is an empty one. Multi-octet reads are big-endian on the wire and host
// order in the result.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// What a parser says. It takes all of a message or none of it.
enum parse { PARSE_DONE, PARSE_MORE, PARSE_BAD };

struct bytes {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

static inline struct bytes bytes_of(const void *p, size_t len)
{
	return (struct bytes){.at = p, .end = p ? (const uint8_t *)p + len : NULL, .failed = false};
}

static inline size_t bytes_left(const struct bytes *b)
{
	return (size_t)(b->end - b->at);
}

static inline bool bytes_ok(const struct bytes *b)
{
	return !b->failed;
}

// The next `len` octets, or NULL and the sticky error.
static inline const uint8_t *bytes_take(struct bytes *b, size_t len)
{
	if (b->failed || len > bytes_left(b)) {
		b->failed = true;
		return NULL;
	}
	const uint8_t *p = b->at;
	b->at += len;
	return p;
}

static inline uint8_t bytes_u8(struct bytes *b)
{
	const uint8_t *p = bytes_take(b, 1);
	return p ? p[0] : 0;
}

static inline uint16_t bytes_be16(struct bytes *b)
{
	const uint8_t *p = bytes_take(b, 2);
	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t bytes_be24(struct bytes *b)
{
	const uint8_t *p = bytes_take(b, 3);
	return p ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2] : 0;
}

static inline uint32_t bytes_be32(struct bytes *b)
{
	const uint8_t *p = bytes_take(b, 4);
	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

static inline void bytes_skip(struct bytes *b, size_t len)
{
	(void)bytes_take(b, len);
}

// A narrower cursor for what a length prefix covers; the outer one moves past it.
// Too short an outer cursor fails both.
static inline struct bytes bytes_sub(struct bytes *b, size_t len)
{
	const uint8_t *p = bytes_take(b, len);
	return p ? bytes_of(p, len) : (struct bytes){.at = b->end, .end = b->end, .failed = true};
}

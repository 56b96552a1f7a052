// Records and messages made by hand.
#include "tests/unit/dissect/tls/made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

const char made_retry[] = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c";

static void put(struct made *m, uint64_t value, int octets)
{
	assert_true(m->len + (size_t)octets <= MADE_MAX);
	while (octets--)
		m->p[m->len++] = (uint8_t)(value >> (8 * octets));
}

void made_fill(struct made *m, size_t len, uint8_t octet)
{
	assert_true(m->len + len <= MADE_MAX);
	memset(m->p + m->len, octet, len);
	m->len += len;
}

// Sets the big-endian length of `octets` at `from` to what followed it.
static void close_length(struct made *m, size_t from, int octets)
{
	size_t end = m->len, len = end - from - (size_t)octets;
	m->len = from;
	put(m, len, octets);
	m->len = end;
}

// ---- hex ----

enum { NESTED_MAX = 8 };

struct open_length {
	size_t from[NESTED_MAX];
	int octets[NESTED_MAX];
	int n;
};

static void begin_length(struct made *m, struct open_length *o, int octets)
{
	assert_true(o->n < NESTED_MAX && octets >= 1 && octets <= 4);
	o->from[o->n] = m->len;
	o->octets[o->n++] = octets;
	put(m, 0, octets);
}

static void end_length(struct made *m, struct open_length *o)
{
	assert_true(o->n > 0);
	o->n--;
	close_length(m, o->from[o->n], o->octets[o->n]);
}

// "*n" behind an octet: n of them in all.
static const char *repeat(struct made *m, const char *p)
{
	char *end;
	unsigned long n = strtoul(p + 1, &end, 10);
	assert_true(m->len > 0 && n > 0);
	made_fill(m, n - 1, m->p[m->len - 1]);
	return end;
}

void made_hex(struct made *m, const char *hex)
{
	struct open_length open = {.n = 0};
	while (*hex) {
		unsigned octet;
		switch (*hex) {
		case ' ':
			hex++;
			break;
		case '<':
			begin_length(m, &open, hex[1] - '0');
			hex += 2;
			break;
		case '>':
			end_length(m, &open);
			hex++;
			break;
		case '*':
			hex = repeat(m, hex);
			break;
		default:
			assert_int_equal(sscanf(hex, "%2x", &octet), 1);
			put(m, octet, 1);
			hex += 2;
		}
	}
	assert_int_equal(open.n, 0);
}

void made_record(struct made *m, uint8_t type, const char *body)
{
	put(m, type, 1);
	put(m, 0x0303, 2);
	size_t at = m->len;
	put(m, 0, 2);
	made_hex(m, body);
	close_length(m, at, 2);
}

void made_sealed(struct made *m, uint8_t type, size_t len)
{
	put(m, type, 1);
	put(m, 0x0303, 2);
	put(m, len, 2);
	made_fill(m, len, 0xee);
}

static void put_hex8(struct made *m, const char *hex)
{
	size_t at = m->len;
	put(m, 0, 1);
	made_hex(m, hex);
	close_length(m, at, 1);
}

static void put_extensions(struct made *m, const char *hex)
{
	if (!hex)
		return;
	size_t at = m->len;
	put(m, 0, 2);
	made_hex(m, hex);
	close_length(m, at, 2);
}

void made_client_hello(struct made *m, const char *session_id, const char *extensions)
{
	put(m, 0x160301, 3);
	size_t record = m->len;
	put(m, 0, 2);
	put(m, 1, 1);
	size_t message = m->len;
	put(m, 0, 3);
	put(m, 0x0303, 2);
	made_fill(m, 32, 0xaa);
	put_hex8(m, session_id);
	made_hex(m, "0004 c02f 00ff 01 00");
	put_extensions(m, extensions);
	close_length(m, message, 3);
	close_length(m, record, 2);
}

void made_server_hello(struct made *m, uint16_t version, const char *random, const char *session_id, uint16_t suite,
	const char *extensions)
{
	put(m, 0x160303, 3);
	size_t record = m->len;
	put(m, 0, 2);
	put(m, 2, 1);
	size_t message = m->len;
	put(m, 0, 3);
	put(m, version, 2);
	if (random)
		made_hex(m, random);
	else
		made_fill(m, 32, 0xbb);
	put_hex8(m, session_id);
	put(m, suite, 2);
	put(m, 0, 1);
	put_extensions(m, extensions);
	close_length(m, message, 3);
	close_length(m, record, 2);
}

// Octets as handshake records of at most `piece` octets each.
static void put_pieces(struct made *m, const struct made *body, size_t piece)
{
	for (size_t i = 0; i < body->len || i == 0; i += piece) {
		size_t n = body->len - i < piece ? body->len - i : piece;
		put(m, 0x160303, 3);
		put(m, n, 2);
		assert_true(m->len + n <= MADE_MAX);
		memcpy(m->p + m->len, body->p + i, n);
		m->len += n;
	}
}

void made_play_pieces(struct tape *t, const struct made_said *said, size_t piece)
{
	static struct made m, body;
	for (; said->body; said++) {
		m.len = body.len = 0;
		made_hex(&body, said->body);
		if (said->type == 22)
			put_pieces(&m, &body, piece);
		else if (said->type)
			made_record(&m, said->type, said->body);
		else
			made_hex(&m, said->body);
		tape_say(t, said->d, m.p, m.len);
	}
}

void made_play(struct tape *t, const struct made_said *said)
{
	made_play_pieces(t, said, 16384);
}

size_t made_octets(const char *hex, uint8_t *out, size_t max)
{
	static struct made m;
	m.len = 0;
	made_hex(&m, hex);
	assert_true(m.len <= max);
	memcpy(out, m.p, m.len);
	return m.len;
}

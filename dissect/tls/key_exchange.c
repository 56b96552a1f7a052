// ServerKeyExchange.
#include "dissect/tls/key_exchange.h"

#include <xxhash.h>

#include "dissect/tls/names.h"

enum { CURVE_EXPLICIT_PRIME = 1, CURVE_EXPLICIT_CHAR2 = 2, CURVE_NAMED = 3, VERSION_TLS12 = 0x0303 };

// Without leading zeros: they are no part of the number.
static struct bytes number(struct bytes b)
{
	while (bytes_left(&b) && *b.at == 0)
		b.at++;
	return b;
}

static uint16_t bits_of(struct bytes b)
{
	b = number(b);
	if (!bytes_left(&b))
		return 0;
	size_t bits = bytes_left(&b) * 8;
	for (uint8_t top = *b.at; !(top & 0x80); top = (uint8_t)(top << 1))
		bits--;
	return bits > UINT16_MAX ? UINT16_MAX : (uint16_t)bits;
}

// Octets with their 16-bit length, `times` of them, of which nothing is wanted.
static void skip16(struct bytes *b, int times)
{
	while (times-- > 0)
		bytes_skip(b, bytes_be16(b));
}

static void read_curve(struct bytes *b, struct tls_key_exchange *out)
{
	switch (bytes_u8(b)) {
	case CURVE_NAMED:
		out->group = bytes_be16(b);
		bytes_skip(b, bytes_u8(b));
		break;
	case CURVE_EXPLICIT_PRIME: // prime, a, b, base, order, cofactor, the point
		out->group = GROUP_EXPLICIT_PRIME;
		for (int i = 0; i < 7; i++)
			bytes_skip(b, bytes_u8(b));
		break;
	case CURVE_EXPLICIT_CHAR2: // what follows has a shape of its own; the signature behind it is given up
		out->group = GROUP_EXPLICIT_CHAR2;
		b->at = b->end;
		break;
	default:
		b->failed = true;
	}
}

static void read_prime(struct bytes *b, struct tls_key_exchange *out)
{
	struct bytes p = bytes_sub(b, bytes_be16(b));
	skip16(b, 2); // g, Ys
	struct bytes n = number(p);
	out->dh_bits = bits_of(p);
	out->dh_prime = bytes_left(&n) ? XXH3_64bits(n.at, bytes_left(&n)) : 0;
}

static void read_rsa(struct bytes *b, struct tls_key_exchange *out)
{
	out->rsa_bits = bits_of(bytes_sub(b, bytes_be16(b)));
	skip16(b, 1);
}

static bool has_hint(uint8_t kex)
{
	return kex == KEX_PSK || kex == KEX_DHE_PSK || kex == KEX_ECDHE_PSK || kex == KEX_RSA_PSK;
}

static bool is_signed(const struct tls_suite *s)
{
	return !has_hint(s->kex) && s->auth != AUTH_ANON && s->auth != AUTH_NULL && s->auth != AUTH_PSK;
}

enum parse tls_key_exchange_parse(struct bytes body, uint16_t suite, uint16_t version, struct tls_key_exchange *out)
{
	const struct tls_suite *s = tls_suite_find(suite);
	*out = (struct tls_key_exchange){0};
	if (!s)
		return PARSE_BAD;
	if (has_hint(s->kex))
		skip16(&body, 1);
	switch (s->kex) {
	case KEX_ECDHE:
	case KEX_ECDHE_PSK:
		read_curve(&body, out);
		break;
	case KEX_DHE:
	case KEX_DHE_EXPORT:
	case KEX_DHE_PSK:
		read_prime(&body, out);
		break;
	case KEX_RSA_EXPORT:
		read_rsa(&body, out);
		break;
	case KEX_PSK:
	case KEX_RSA_PSK:
		break;
	default:
		return PARSE_BAD;
	}
	if (!bytes_ok(&body))
		return PARSE_BAD;
	if (is_signed(s) && version >= VERSION_TLS12 && bytes_left(&body) >= 4)
		out->scheme = bytes_be16(&body);
	return PARSE_DONE;
}

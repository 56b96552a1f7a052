// Deterministic ids: the same input gives the same ids, whoever reads it and with however many workers (P12).
//
// A digest, not a fast hash: ports, ISNs and times are the attacker's choice, and two alerts with one id would be
// one alert to the receiver.
#include "alerts/record_parts.h"

#include <string.h>

enum { DIGEST_LEN = 32, HASH_LEN = 10 };

// What is hashed. Host order would tie ids to the machine, so everything goes in big-endian.
struct hashed {
	uint8_t octets[128 + 256];
	size_t len;
};

static void put(struct hashed *h, const void *p, size_t len)
{
	if (len > sizeof(h->octets) - h->len)
		len = sizeof(h->octets) - h->len;
	memcpy(h->octets + h->len, p, len);
	h->len += len;
}

static void put_be(struct hashed *h, uint64_t value, size_t len)
{
	uint8_t octets[8];

	for (size_t i = 0; i < len; i++)
		octets[i] = (uint8_t)(value >> 8 * (len - 1 - i));
	put(h, octets, len);
}

// What tells one connection from every other: `label` keeps the kinds of ids apart. The tap's name comes last, so
// it may be cut (255 octets) without touching the rest.
static void digest_of(uint8_t out[DIGEST_LEN], char label, const struct facts *f, const char *tap,
                      uint32_t signature_id, uint32_t ordinal)
{
	const struct conn_facts *c = &f->conn;
	struct hashed h = {.len = 0};

	put(&h, &label, 1);
	put_be(&h, c->ip_v, 1);
	put(&h, c->src, sizeof(c->src));
	put(&h, c->dst, sizeof(c->dst));
	put_be(&h, c->src_port, 2);
	put_be(&h, c->dst_port, 2);
	for (int d = 0; d < 2; d++) {
		put_be(&h, c->syn[d], 1);
		put_be(&h, c->syn[d] ? c->isn[d] : 0, 4);
	}
	put_be(&h, c->start_ns, 8);
	put_be(&h, signature_id, 4);
	put_be(&h, ordinal, 4);
	put(&h, tap, strlen(tap));
	record_sha256(out, h.octets, h.len);
}

// 48 bits of milliseconds and 80 of hash as 26 digits of five bits; two leading bits are zero.
static void base32(char out[RECORD_ID_LEN + 1], uint64_t time_ns, const uint8_t hash[HASH_LEN])
{
	static const char digit[33] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; // Crockford: without I, L, O, U
	uint64_t ms = time_ns / 1000000;

	for (int i = 9; i >= 0; i--) {
		out[i] = digit[ms & 31];
		ms >>= 5;
	}
	for (int half = 0; half < 2; half++) {
		uint64_t bits = 0;
		for (int i = 0; i < 5; i++)
			bits = bits << 8 | hash[5 * half + i];
		for (int i = 7; i >= 0; i--) {
			out[10 + 8 * half + i] = digit[bits & 31];
			bits >>= 5;
		}
	}
	out[RECORD_ID_LEN] = '\0';
}

void record_session_id(char out[RECORD_ID_LEN + 1], const struct facts *f, const char *tap)
{
	uint8_t digest[DIGEST_LEN];

	digest_of(digest, 's', f, tap, 0, 0);
	base32(out, f->conn.start_ns, digest);
}

void record_alert_id(char out[RECORD_ID_LEN + 1], const struct facts *f, const char *tap, uint64_t time_ns,
                     uint32_t signature_id, uint32_t ordinal)
{
	uint8_t digest[DIGEST_LEN];

	digest_of(digest, 'a', f, tap, signature_id, ordinal);
	base32(out, time_ns, digest);
}

// Wall clock and what happened: no packet decided it.
void record_sensor_id(char out[RECORD_ID_LEN + 1], const struct message_sensor *m, const char *tap, uint32_t signature_id,
                      uint32_t ordinal)
{
	uint8_t digest[DIGEST_LEN];
	struct hashed h = {.len = 0};

	put(&h, "S", 1);
	put_be(&h, m->head.time_ns, 8);
	put_be(&h, m->from_ns, 8);
	put_be(&h, signature_id, 4);
	put_be(&h, ordinal, 4);
	put(&h, m->text, strlen(m->text) + 1);
	put(&h, tap ? tap : "", tap ? strlen(tap) : 0);
	record_sha256(digest, h.octets, h.len);
	base32(out, m->head.time_ns, digest);
}

uint64_t record_flow_id(const struct facts *f, const char *tap)
{
	uint8_t digest[DIGEST_LEN];
	uint64_t id = 0;

	digest_of(digest, 'f', f, tap, 0, 0);
	for (int i = 0; i < 8; i++)
		id = id << 8 | digest[i];
	// 51 bits survive JavaScript; 0 means "none" to some consumers.
	id &= ((uint64_t)1 << 51) - 1;
	return id ? id : 1;
}

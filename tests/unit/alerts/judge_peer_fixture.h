// Handshake octets as a worker ships them, and the record that tells what they showed.
#pragma once

#include "alerts/judge_private.h"
#include "tests/unit/alerts/cert/cert_fixture.h"
#include "tests/unit/alerts/judge_fixture.h"

#include <errno.h>

#define BORN_S ((int64_t)(FIXTURE_START_NS / SECOND) - 86400)

static EVP_PKEY *ca_key;
static X509 *ca, *leaf, *other;
static struct list chain, other_chain;

static inline int setup(void **state)
{
	ca_key = make_key("P-256", 0);
	EVP_PKEY *key = make_key("P-256", 0);
	ca = make(&(struct make){"CN=CA", .key = ca_key, .extension = {MAKE_CA}, .born_s = BORN_S});
	leaf = make(&(struct make){"CN=mx.rcpt.example", "CN=CA", key, ca_key, .serial = 7, .born_s = BORN_S,
		.extension = {{NID_subject_alt_name, "DNS:mx.rcpt.example"}}});
	other = make(&(struct make){"CN=other.example", "CN=CA", key, ca_key, .serial = 8, .born_s = BORN_S});
	list_x509(&chain, leaf);
	list_x509(&chain, ca);
	list_x509(&other_chain, other);
	list_x509(&other_chain, ca);
	return 0;
}

static inline int teardown(void **state)
{
	make_end();
	return 0;
}

// A ClientHello that asks for `name`; the length.
static inline size_t hello_of(uint8_t *out, const char *name)
{
	size_t len = strlen(name), n = 0;
	static const uint8_t suites[] = {0, 0, 4, 0x13, 0x01, 0xc0, 0x2f, 1, 0};
	out[n++] = 3;
	out[n++] = 3;
	memset(out + n, 0xaa, 32);
	n += 32;
	memcpy(out + n, suites, sizeof(suites));
	n += sizeof(suites);
	const uint8_t head[] = {0, (uint8_t)(len + 9), 0, 0, 0, (uint8_t)(len + 5), 0, (uint8_t)(len + 3), 0, 0, (uint8_t)len};
	memcpy(out + n, head, sizeof(head));
	memcpy(out + n + sizeof(head), name, len);
	return n + sizeof(head) + len;
}

static inline void ship_of(uint64_t birth, enum handshake_kind kind, enum dir d, const uint8_t *p, size_t len, uint16_t suite)
{
	static union {
		struct message_handshake m;
		uint8_t octets[MESSAGE_LEN_MAX];
	} u;
	memset(&u.m, 0, sizeof(u.m));
	u.m.head = (struct message){.seq = ++seq, .birth = birth, .time_ns = FIXTURE_START_NS, .type = MESSAGE_HANDSHAKE};
	u.m.kind = (uint8_t)kind;
	u.m.dir = (uint8_t)d;
	u.m.suite = suite;
	u.m.cut = kind == HANDSHAKE_CERTIFICATES && !len;
	memset(u.m.client_random, 0xaa, 32);
	u.m.len = (uint32_t)len;
	if (len)
		memcpy(u.m.octets, p, len);
	assert_int_equal(judge_take(judge, &u.m.head, sizeof(u.m) + len), 0);
}

static inline void ship(uint64_t birth, enum handshake_kind kind, const uint8_t *p, size_t len)
{
	ship_of(birth, kind, kind == HANDSHAKE_CLIENT_HELLO || kind == HANDSHAKE_CLIENT_CERTIFICATES ? DIR_C2S : DIR_S2C, p, len, 0x1301);
}

static inline void ship_hello(uint64_t birth, const char *name)
{
	uint8_t hello[512];
	ship(birth, HANDSHAKE_CLIENT_HELLO, hello, hello_of(hello, name));
}

// The first value of this key anywhere below.
static inline const json_t *below(const json_t *in, const char *key)
{
	const char *k;
	json_t *v;
	size_t i;
	const json_t *found = json_object_get(in, key);
	if (found)
		return found;
	json_object_foreach((json_t *)in, k, v)
		if ((found = below(v, key)))
			return found;
	json_array_foreach((json_t *)in, i, v)
		if ((found = below(v, key)))
			return found;
	return NULL;
}

// The record of the session ended last.
static inline const json_t *record(void)
{
	for (size_t i = told.n; i > 0; i--)
		if (strcmp(json_string_value(json_object_get(told.line[i - 1], "event_type")), "smtp") == 0)
			return told.line[i - 1];
	fail_msg("no record");
	return NULL;
}

static inline const char *word(const char *object, const char *key)
{
	const json_t *in = below(record(), object);
	const char *text = json_string_value(json_object_get(in, key));
	return text ? text : "";
}

static inline void finish(uint64_t birth)
{
	struct facts f;
	upgraded(&f);
	f.birth = birth;
	f.conn.dst[3] = (uint8_t)birth;
	send_whole(&f);
}

static inline void check_leaf(X509 *want)
{
	uint8_t digest[32];
	char hex[65];
	unsigned len;
	assert_true(X509_digest(want, EVP_sha256(), digest, &len));
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	assert_string_equal(word("cert", "sha256"), hex);
}

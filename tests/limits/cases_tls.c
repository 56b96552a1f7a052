// Handshakes that never complete.
#include "tests/limits/limits.h"

#include <string.h>

enum { HELLO_LEN = 64000 }; // of a ClientHello padded to what a 16-bit length can say

static void begin(struct traffic *t, struct talk *k)
{
	talk_open(t, k, 0, 25);
	talk_greet(t, k);
	talk_say(t, k, C, "STARTTLS\r\n");
	talk_say(t, k, S, "220 go ahead\r\n");
}

static void repeat(struct traffic *t, struct talk *k, const void *p, size_t len, uint64_t n)
{
	uint8_t block[SEGMENT_MAX];
	size_t per_block = sizeof(block) / len, fill = 0;
	for (size_t i = 0; i < per_block; i++, fill += len)
		memcpy(block + fill, p, len);
	for (; n >= per_block; n -= per_block)
		talk_send(t, k, C, block, fill, SEGMENT_MAX);
	talk_send(t, k, C, block, n * len, SEGMENT_MAX);
}

// A message of 2^24 octets, one octet in a record.
static void endless_message(struct traffic *t, uint64_t n)
{
	static const uint8_t head[] = {22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff}, more[] = {22, 3, 1, 0, 1, 'x'};
	struct talk k;
	begin(t, &k);
	talk_send(t, &k, C, head, sizeof(head), SEGMENT_MAX);
	repeat(t, &k, more, sizeof(more), n);
}

static void empty_records(struct traffic *t, uint64_t n)
{
	static const uint8_t record[] = {22, 3, 1, 0, 0};
	struct talk k;
	begin(t, &k);
	repeat(t, &k, record, sizeof(record), n);
}

static void many_messages(struct traffic *t, uint64_t n)
{
	static const uint8_t record[] = {22, 3, 1, 0, 4, 0, 0, 0, 0}; // hello_request
	struct talk k;
	begin(t, &k);
	repeat(t, &k, record, sizeof(record), n);
}

static void many_alerts(struct traffic *t, uint64_t n)
{
	static const uint8_t record[] = {21, 3, 1, 0, 2, 1, 90}; // warning, user_canceled
	struct talk k;
	begin(t, &k);
	repeat(t, &k, record, sizeof(record), n);
}

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

// A message in records of at most 2^14 octets. Returns the length.
static size_t make_records(uint8_t *out, const uint8_t *message, size_t left)
{
	size_t made = 0;
	while (left) {
		size_t part = left < 16384 ? left : 16384;
		static const uint8_t type[] = {22, 3, 1};
		memcpy(out + made, type, sizeof(type));
		put16(out + made + 3, part);
		memcpy(out + made + 5, message, part);
		made += 5 + part;
		message += part;
		left -= part;
	}
	return made;
}

// A ClientHello that is all padding.
static size_t make_hello(uint8_t *out)
{
	static const uint8_t start[] = {3, 3};
	static const uint8_t suites[] = {0, 0, 2, 0x13, 1, 1, 0};
	static uint8_t message[HELLO_LEN + 64];
	uint8_t *p = message;
	*p++ = 1;
	uint8_t *len = p;
	p += 3;
	memcpy(p, start, sizeof(start));
	p += sizeof(start);
	memset(p, 'r', 32);
	p += 32;
	memcpy(p, suites, sizeof(suites));
	p += sizeof(suites);
	put16(p, HELLO_LEN);
	put16(p + 2, 21); // padding
	put16(p + 4, HELLO_LEN - 4);
	p += 2 + HELLO_LEN;
	len[0] = 0;
	put16(len + 1, (size_t)(p - len - 3));
	return make_records(out, message, (size_t)(p - message));
}

// A ServerHello of TLS 1.2, and a Certificate as long as one that is opened can be.
static size_t make_certificate(uint8_t *out)
{
	static uint8_t hello[4 + 38] = {2, 0, 0, 38, 3, 3, [39] = 0xc0, 0x2f}, message[4 + HELLO_LEN];
	size_t made = make_records(out, hello, sizeof(hello));
	memset(message, 'c', sizeof(message));
	message[0] = 11;
	message[1] = message[4] = 0;
	put16(message + 2, HELLO_LEN);
	put16(message + 5, HELLO_LEN - 3);
	return made + make_records(out + made, message, sizeof(message));
}

// Each in segments of one octet.
static void large_hellos(struct traffic *t, uint64_t n)
{
	static uint8_t hello[HELLO_LEN + 128];
	size_t len = make_hello(hello);
	for (uint32_t i = 0; i < n; i++) {
		struct talk k;
		talk_open(t, &k, i, 465);
		talk_send(t, &k, C, hello, len, 1);
	}
}

// More of them at once than there is room for: all but the last octet.
static void large_hellos_held(struct traffic *t, uint64_t n)
{
	static uint8_t hello[HELLO_LEN + 128];
	size_t len = make_hello(hello);
	for (uint32_t i = 0; i < n; i++) {
		struct talk k;
		talk_open(t, &k, i, 465);
		talk_send(t, &k, C, hello, len - 1, SEGMENT_MAX);
	}
}

// Certificates of as many connections, each without its last octet.
static void large_certificates_held(struct traffic *t, uint64_t n)
{
	static const uint8_t hello[] = {22, 3, 1, 0, 47, 1, 0, 0, 43, 3, 3, [44] = 0, 2, 0xc0, 0x2f, 1, [51] = 0};
	static uint8_t certificate[HELLO_LEN + 256];
	size_t len = make_certificate(certificate);
	for (uint32_t i = 0; i < n; i++) {
		struct talk k;
		talk_open(t, &k, i, 465);
		talk_send(t, &k, C, hello, sizeof(hello), SEGMENT_MAX);
		talk_send(t, &k, S, certificate, len - 1, SEGMENT_MAX);
	}
}

const struct limit limits_tls[] = {
	{"endless TLS message", "records of one octet", 60000, 4000000, 0, 0, endless_message, {COUNT_tls_records}, 1},
	{"empty TLS records", "records", 60000, 4000000, 0, 0, empty_records, {COUNT_tls_records}, 1},
	{"TLS messages", "messages", 60000, 4000000, 0, 0, many_messages, {COUNT_tls_records}, 1},
	{"TLS alerts", "alerts", 60000, 4000000, 0, 0, many_alerts, {COUNT_tls_records}, 1},
	{"large hello, octet by octet", "ClientHello of 64 KiB", 1, 20, 0, 0, large_hellos, {COUNT_tls_records}, 1},
	{"large hellos held", "ClientHello of 64 KiB", 200, 5000, 16, 16, large_hellos_held, {COUNT_tls_handshake_no_memory}, 1},
	{"large certificates held", "Certificate of 64 KiB", 200, 5000, 16, 16, large_certificates_held, {COUNT_tls_handshake_no_memory}, 1},
};
const size_t n_limits_tls = sizeof(limits_tls) / sizeof(*limits_tls);

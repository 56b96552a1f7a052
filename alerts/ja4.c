// JA4 from the octets of a ClientHello. Written from FoxIO's description; where that is silent, what the comments say.
#include "alerts/ja4.h"

#include "alerts/record_parts.h"
#include "dissect/bytes.h"
#include "dissect/tls/names.h"

#include <stdlib.h>

enum {
	EXT_SERVER_NAME = 0,
	EXT_SIGNATURE_ALGORITHMS = 13,
	EXT_ALPN = 16,
	EXT_SUPPORTED_VERSIONS = 43,
	COUNT_MAX = 99,   // two digits
	VALUES_MAX = 32767, // 16-bit values in a vector whose length has 16 bits
	HASH_LEN = 12,    // digits shown of a digest
};

struct values {
	size_t n;
	uint16_t value[VALUES_MAX];
};

// What the fingerprint is made of. Larger than a stack likes: on the heap for the time of one call.
struct parts {
	uint16_t version;
	bool sni;
	char alpn[2];
	size_t n_extensions;     // all but GREASE, SNI and ALPN among them
	struct values suites, extensions, schemes;
	char text[VALUES_MAX * 10]; // two lists of "abcd,"
};

// The values of a vector in their order, without GREASE. False: half a value.
static bool read_values(struct bytes list, struct values *out)
{
	out->n = 0;
	while (bytes_ok(&list) && bytes_left(&list)) {
		uint16_t value = bytes_be16(&list);
		if (bytes_ok(&list) && !tls_value_is_grease(value))
			out->value[out->n++] = value;
	}
	return bytes_ok(&list);
}

static bool is_alphanumeric(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// First and last character of the first protocol; of its hexadecimal form where either is not alphanumeric.
static void read_alpn(struct bytes body, char out[2])
{
	static const char digits[] = "0123456789abcdef";
	struct bytes list = bytes_sub(&body, bytes_be16(&body));
	struct bytes name = bytes_sub(&list, bytes_u8(&list));
	if (!bytes_ok(&name) || bytes_left(&name) == 0)
		return;
	uint8_t first = name.at[0], last = name.end[-1];
	bool plain = is_alphanumeric(first) && is_alphanumeric(last);
	out[0] = plain ? (char)first : digits[first >> 4];
	out[1] = plain ? (char)last : digits[last & 15];
}

// The highest value counts, even one that is no version: then it is unknown. So is a list of nothing but GREASE.
static uint16_t read_versions(struct bytes body)
{
	struct bytes list = bytes_sub(&body, bytes_u8(&body));
	uint16_t highest = 0;
	while (bytes_ok(&list) && bytes_left(&list)) {
		uint16_t version = bytes_be16(&list);
		if (!tls_value_is_grease(version) && version > highest)
			highest = version;
	}
	return highest;
}

// An extension that contradicts itself counts as one; what it would have said is absent.
static void read_extension(struct parts *p, uint16_t type, struct bytes body)
{
	if (tls_value_is_grease(type))
		return;
	p->n_extensions++;
	if (type == EXT_SERVER_NAME)
		p->sni = true;
	else if (type == EXT_ALPN)
		read_alpn(body, p->alpn);
	else
		p->extensions.value[p->extensions.n++] = type;
	if (type == EXT_SUPPORTED_VERSIONS)
		p->version = read_versions(body);
	if (type == EXT_SIGNATURE_ALGORITHMS && !read_values(bytes_sub(&body, bytes_be16(&body)), &p->schemes))
		p->schemes.n = 0;
}

static bool read_hello(struct bytes hello, struct parts *p)
{
	p->version = bytes_be16(&hello);
	bytes_skip(&hello, 32); // random
	bytes_skip(&hello, bytes_u8(&hello)); // session id
	if (!read_values(bytes_sub(&hello, bytes_be16(&hello)), &p->suites))
		return false;
	bytes_skip(&hello, bytes_u8(&hello)); // compression methods
	if (!bytes_ok(&hello) || bytes_left(&hello) == 0)
		return bytes_ok(&hello);
	struct bytes all = bytes_sub(&hello, bytes_be16(&hello));
	while (bytes_ok(&all) && bytes_left(&all)) {
		uint16_t type = bytes_be16(&all);
		struct bytes body = bytes_sub(&all, bytes_be16(&all));
		if (bytes_ok(&body))
			read_extension(p, type, body);
	}
	return bytes_ok(&all);
}

static int by_value(const void *a, const void *b)
{
	return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

// "002f,0035"; in the order of `v`. The end of what was written.
static char *put_values(char *at, const struct values *v)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < v->n; i++) {
		if (i)
			*at++ = ',';
		for (int shift = 12; shift >= 0; shift -= 4)
			*at++ = digits[v->value[i] >> shift & 15];
	}
	return at;
}

// Nothing at all has zeros where its digest would stand.
static void put_hash(char out[HASH_LEN], const char *text, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t digest[32] = {0};
	if (len)
		record_sha256(digest, text, len);
	for (size_t i = 0; i < HASH_LEN; i++)
		out[i] = digits[i % 2 ? digest[i / 2] & 15 : digest[i / 2] >> 4];
}

static void put_count(char out[2], size_t n)
{
	if (n > COUNT_MAX)
		n = COUNT_MAX;
	out[0] = (char)('0' + n / 10);
	out[1] = (char)('0' + n % 10);
}

static const char *version_text(uint16_t version)
{
	static const struct {
		uint16_t version;
		const char *text;
	} versions[] = {
		{0x0304, "13"}, {0x0303, "12"}, {0x0302, "11"}, {0x0301, "10"}, {0x0300, "s3"}, {0x0002, "s2"},
		{0xfeff, "d1"}, {0xfefd, "d2"}, {0xfefc, "d3"},
	};
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (versions[i].version == version)
			return versions[i].text;
	return "00";
}

static void put_parts(char out[PEER_JA4_LEN + 1], struct parts *p)
{
	out[0] = 't';
	memcpy(out + 1, version_text(p->version), 2);
	out[3] = p->sni ? 'd' : 'i';
	put_count(out + 4, p->suites.n);
	put_count(out + 6, p->n_extensions);
	memcpy(out + 8, p->alpn, 2);
	out[10] = out[23] = '_';
	qsort(p->suites.value, p->suites.n, sizeof(p->suites.value[0]), by_value);
	put_hash(out + 11, p->text, (size_t)(put_values(p->text, &p->suites) - p->text));
	qsort(p->extensions.value, p->extensions.n, sizeof(p->extensions.value[0]), by_value);
	char *end = put_values(p->text, &p->extensions);
	if (p->schemes.n) {
		*end++ = '_';
		end = put_values(end, &p->schemes);
	}
	put_hash(out + 24, p->text, (size_t)(end - p->text));
	out[PEER_JA4_LEN] = '\0';
}

bool ja4_of(char out[PEER_JA4_LEN + 1], const uint8_t *hello, size_t len)
{
	out[0] = '\0';
	struct parts *p = malloc(sizeof(*p));
	if (!p)
		return false;
	p->sni = false;
	p->alpn[0] = p->alpn[1] = '0';
	p->n_extensions = p->suites.n = p->extensions.n = p->schemes.n = 0;
	bool readable = read_hello(bytes_of(hello, len), p);
	if (readable)
		put_parts(out, p);
	free(p);
	return readable;
}

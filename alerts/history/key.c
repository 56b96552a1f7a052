// What counts as the same server, client, name or stack. Names from the wire become digests; nothing here is kept as text.
#include "alerts/history/private.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { NAME_MAX_LEN = 128, BANNER_MAX = 256, LABEL_SECOND = 3 };

uint64_t history_digest(const struct history *h, const void *p, size_t len)
{
	uint64_t d = XXH3_64bits_withSeed(p, len, h->seed);
	return d ? d : 1;
}

uint64_t history_digest_text(const struct history *h, const char *text)
{
	return *text ? history_digest(h, text, strlen(text)) : 0;
}

static uint64_t digest_two(const struct history *h, uint64_t a, uint64_t b)
{
	const uint64_t both[2] = {a, b};
	return history_digest(h, both, sizeof(both));
}

static char lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

// Machines of one operator differ in numbers: mx1 and mx2, mail-wr1-f43 and mail-wr1-f50.
static size_t template_of(char *out, size_t room, const uint8_t *p, size_t len)
{
	size_t n = 0;
	for (size_t i = 0; i < len && n < room; i++) {
		if (digit(p[i]) && n && out[n - 1] == '#')
			continue;
		out[n++] = digit(p[i]) ? '#' : lower(p[i]);
	}
	return n;
}

// Words of the banner that differ from session to session or from day to day: ids and versions (they have digits), days,
// months, and what stands in brackets.
static bool passing(const uint8_t *p, size_t len)
{
	static const char *const dates[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", "jan", "feb", "mar", "apr", "may",
		"jun", "jul", "aug", "sep", "oct", "nov", "dec"};

	if (p[0] == '(' || p[0] == '[' || p[0] == '<')
		return true;
	for (size_t i = 0; i < len; i++)
		if (digit(p[i]))
			return true;
	if (len != 3 && !(len == 4 && p[3] == ','))
		return false;
	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
		if (lower(p[0]) == dates[i][0] && lower(p[1]) == dates[i][1] && lower(p[2]) == dates[i][2])
			return true;
	return false;
}

static size_t word_len(const uint8_t *p, size_t len)
{
	size_t n = 0;
	while (n < len && p[n] != ' ' && p[n] != '\t')
		n++;
	return n;
}

// The banner behind its first word.
static uint64_t banner_digest(const struct history *h, const uint8_t *p, size_t len)
{
	char out[BANNER_MAX];
	size_t n = 0;

	for (size_t at = word_len(p, len); at < len;) {
		size_t word = word_len(p + at, len - at);
		if (word && !passing(p + at, word) && n + word < sizeof(out)) {
			for (size_t i = 0; i < word; i++)
				out[n++] = lower(p[at + i]);
			out[n++] = ' ';
		}
		at += word ? word : 1;
	}
	return history_digest(h, out, n);
}

// The last two labels, or three below a country's "co", "com", "ac". Good enough to tell strangers apart: who is wrongly
// taken for the same is not told.
uint64_t history_operator_of(const struct history *h, const char *host, size_t len)
{
	static const char *const nobody[] = {"local", "localdomain", "lan", "internal", "home", "localhost"};
	size_t dot[3] = {0}, n = 0;

	while (len && host[len - 1] == '.')
		len--;
	for (size_t i = len; i-- > 0 && n < 3;)
		if (host[i] == '.')
			dot[n++] = i;
	if (!n || host[0] == '[' || digit((uint8_t)host[len - 1]) || host[len - 1] == '#')
		return 0;
	for (size_t i = 0; i < sizeof(nobody) / sizeof(nobody[0]); i++)
		if (len - dot[0] - 1 == strlen(nobody[i]) && strncasecmp(host + dot[0] + 1, nobody[i], len - dot[0] - 1) == 0)
			return 0;
	bool country = len - dot[0] - 1 == 2 && n > 1 && dot[0] - dot[1] - 1 <= LABEL_SECOND;
	size_t first = country ? (n > 2 ? dot[2] + 1 : 0) : n > 1 ? dot[1] + 1 : 0;
	char out[NAME_MAX_LEN];
	size_t used = template_of(out, sizeof(out), (const uint8_t *)host + first, len - first);
	return history_digest(h, out, used);
}

void history_name(const struct history *h, const struct facts *f, struct history_name *out)
{
	const uint8_t *banner = facts_text(f, f->smtp.banner), *host = facts_text(f, f->smtp.server_name);
	size_t banner_len = f->smtp.greeting_masked ? 0 : f->smtp.banner.len, len = f->smtp.server_name.len;
	char name[NAME_MAX_LEN];

	if (!len) {
		host = banner;
		len = word_len(banner, banner_len);
	}
	*out = (struct history_name){0};
	if (!len)
		return;
	size_t used = template_of(name, sizeof(name), host, len);
	out->name = digest_two(h, history_digest(h, name, used), banner_digest(h, banner, banner_len));
	out->operator = history_operator_of(h, (const char *)host, len);
}

// ---- keys ------------------------------------------------------------------------------------------------------

struct history_key history_key_digest(uint64_t a)
{
	return (struct history_key){.a = a, .used = 1};
}

static uint32_t tap_of(const struct history *h, const struct conn_facts *c)
{
	return c->tap < FACTS_TAPS ? h->tap[c->tap] : 0;
}

struct history_key history_key_server(const struct history *h, const struct facts *f)
{
	struct history_key k = {.port = f->conn.dst_port, .ip_v = f->conn.ip_v, .used = 1, .tap = tap_of(h, &f->conn)};
	memcpy(k.address, f->conn.dst, sizeof(k.address));
	return k;
}

// An IPv6 client changes the lower half of its address at will.
static size_t client_len(const struct facts *f)
{
	return f->conn.ip_v == 6 ? 8 : 4;
}

struct history_key history_key_client(const struct history *h, const struct facts *f)
{
	struct history_key k = {.ip_v = f->conn.ip_v, .used = 1, .tap = tap_of(h, &f->conn)};
	memcpy(k.address, f->conn.src, client_len(f));
	return k;
}

struct history_key history_key_offer(const struct history *h, const struct facts *f, uint64_t name, uint64_t template)
{
	struct history_key k = history_key_server(h, f);
	k.a = name || template ? digest_two(h, name, template) : 0;
	k.b = history_digest(h, f->conn.src, client_len(f));
	return k;
}

struct history_key history_key_tls(const struct history *h, const struct facts *f, const struct peer *p, uint64_t name)
{
	struct history_key k = history_key_server(h, f);
	k.a = name;
	k.b = history_stack(h, p);
	return k;
}

// RSA and ECDSA certificates stand side by side, and each name may have its own.
struct history_key history_key_cert(const struct history *h, const struct peer *p, const struct facts *f)
{
	struct history_key k = history_key_server(h, f);
	k.a = p->server.key;
	k.b = history_digest_text(h, p->asked);
	return k;
}

struct history_key history_key_stack(const struct history *h, const struct facts *f)
{
	struct history_key k = history_key_client(h, f);
	k.a = f->smtp.hello_digest;
	return k;
}

struct history_key history_key_answer(const struct facts *f, const struct history_name *who)
{
	return (struct history_key){.a = who->operator, .b = f->smtp.ehlo_digest, .used = 1};
}

uint64_t history_network(const struct history *h, const struct facts *f)
{
	return history_digest(h, f->conn.dst, f->conn.ip_v == 6 ? 4 : 2);
}

// JA4 is "t13d1516h2_sorted suites_sorted extensions": whether a name was sent, and with it the number of extensions,
// depends on the server that is asked (RFC 7672 8.1).
uint64_t history_stack(const struct history *h, const struct peer *p)
{
	char part[PEER_JA4_LEN + 1];

	if (strlen(p->ja4) != PEER_JA4_LEN)
		return 0;
	memcpy(part, p->ja4, sizeof(part));
	part[3] = part[6] = part[7] = '.';
	return history_digest(h, part, PEER_JA4_LEN);
}

uint64_t history_spki(const struct peer *p)
{
	static const uint8_t none[32];
	uint64_t d;

	// A placeholder says that no name was sent, and a default is nobody's key.
	if (p->vendor[0] || p->server.unreadable || !(p->server.present || p->raw_key))
		return 0;
	if (memcmp(p->server.spki_sha256, none, sizeof(none)) == 0)
		return 0;
	memcpy(&d, p->server.spki_sha256, sizeof(d));
	return d ? d : 1;
}

uint64_t history_issuer(const struct history *h, const struct peer *p)
{
	return p->server.present && !p->raw_key ? history_digest_text(h, p->server.issuer) : 0;
}

uint8_t history_issuer_kind(const struct peer *p)
{
	if (p->raw_key || !p->server.present)
		return ISSUER_UNKNOWN;
	switch (p->trust) {
	case TRUST_OK:
		return ISSUER_TRUSTED;
	case TRUST_SELF_SIGNED:
		return ISSUER_SELF;
	case TRUST_INCOMPLETE:
	case TRUST_ROOT_UNKNOWN:
		return ISSUER_PRIVATE;
	default:
		return ISSUER_UNKNOWN;
	}
}

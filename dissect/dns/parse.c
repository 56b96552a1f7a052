// Header, question, answers; the rest is walked for the flag that stands in the OPT record.
#include "dissect/dns/parse.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <string.h>

#include "dissect/bytes.h"

enum {
	CLASS_IN = 1,
	TYPE_OPT = 41,         // RFC 6891 6.1
	OPT_DO = 0x8000,       // in the lower half of its TTL
	WIRE_NAME_MAX = 255,   // RFC 1035 2.3.4
	MX_MIN = 3, TLSA_MIN = 4,
};

struct input {
	const uint8_t *p;
	size_t len;
	uint64_t seed;
};

struct name {
	char text[DNS_NAME_MAX];
	uint16_t len;   // without the NUL; 0: the root
	bool odd;       // has octets that no host name has: not told, but compared like any other
};

struct record {
	struct name owner;
	uint16_t type, class;
	uint32_t ttl_s;
	size_t data, data_len;
};

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static void append(struct name *n, const uint8_t *label, uint8_t len)
{
	if (n->len)
		n->text[n->len++] = '.';
	for (uint8_t i = 0; i < len; i++) {
		n->odd |= label[i] <= ' ' || label[i] > '~' || label[i] == '.';
		n->text[n->len++] = (char)lower(label[i]);
	}
}

// The name at *at; *at moves behind it. Each pointer must lead before the place that the one before it led to, so that
// the way ends (RFC 1035 4.1.4).
static bool read_name(const struct input *m, size_t *at, struct name *out)
{
	size_t here = *at, before = *at, wire_len = 1;
	bool jumped = false;

	out->len = 0;
	out->odd = false;
	for (;;) {
		if (here >= m->len)
			return false;
		uint8_t n = m->p[here];
		if (n >= 0xc0) {
			if (m->len - here < 2)
				return false;
			size_t to = (size_t)(n & 0x3f) << 8 | m->p[here + 1];
			if (!jumped)
				*at = here + 2;
			jumped = true;
			if (to >= before)
				return false;
			here = before = to;
			continue;
		}
		wire_len += n ? n + 1u : 0;
		if (n >= 0x40 || wire_len > WIRE_NAME_MAX || n > m->len - here - 1)
			return false;
		here += n + 1u;
		if (!n)
			break;
		append(out, m->p + here - n, n);
	}
	out->text[out->len] = '\0';
	if (!jumped)
		*at = here;
	return true;
}

// Past a name that nobody asks for.
static bool skip_name(const struct input *m, size_t *at)
{
	for (size_t here = *at; here < m->len;) {
		uint8_t n = m->p[here];
		if (n == 0 || n >= 0xc0) {
			*at = here + (n ? 2 : 1);
			return *at <= m->len;
		}
		if (n >= 0x40)
			return false;
		here += n + 1u;
	}
	return false;
}

// What follows a record's name, and past it.
static bool read_fixed(const struct input *m, size_t *at, struct record *r)
{
	struct bytes b = bytes_of(m->p + *at, m->len - *at);
	r->type = bytes_be16(&b);
	r->class = bytes_be16(&b);
	r->ttl_s = bytes_be32(&b);
	r->data_len = bytes_be16(&b);
	r->data = *at + 10;
	bytes_skip(&b, r->data_len);
	*at = r->data + r->data_len;
	return bytes_ok(&b);
}

// ---- answers -------------------------------------------------------------------------------------------------

// Where the name stands in the text; it is put there once. 0xffff: no room.
static uint16_t keep(struct dns_facts *out, const struct name *n)
{
	for (uint32_t at = 0; at < out->text_used; at += (uint32_t)strlen(out->text + at) + 1)
		if (strcmp(out->text + at, n->text) == 0)
			return (uint16_t)at;
	if (n->len + 1u > DNS_TEXT_MAX - out->text_used)
		return UINT16_MAX;
	uint16_t at = (uint16_t)out->text_used;
	memcpy(out->text + at, n->text, n->len + 1u);
	out->text_used += n->len + 1u;
	return at;
}

static uint64_t digest_of(const struct input *m, const struct record *r, const void *data, size_t data_len, uint16_t preference)
{
	uint64_t owner = XXH3_64bits_withSeed(r->owner.text, r->owner.len, m->seed);
	uint64_t value = XXH3_64bits_withSeed(data, data_len, owner);
	const uint16_t rest[4] = {r->type, preference};
	return XXH3_64bits_withSeed(rest, sizeof(rest), value);
}

static void add_answer(struct dns_facts *out, const struct dns_answer *a, const struct record *r, const struct name *target)
{
	struct dns_answer *to = &out->answer[out->n_answers];

	out->set += a->digest;
	if (out->n_answers == DNS_ANSWERS_MAX || r->owner.odd || (target && target->odd)) {
		out->flags |= DNS_MORE;
		return;
	}
	*to = *a;
	to->owner = keep(out, &r->owner);
	to->name = target ? keep(out, target) : 0;
	if (to->owner == UINT16_MAX || to->name == UINT16_MAX)
		out->flags |= DNS_MORE;
	else
		out->n_answers++;
}

// A record of the kinds that are told. False: its data are not what its type says.
static bool read_answer(const struct input *m, const struct record *r, struct dns_facts *out)
{
	// RFC 2181 8: a TTL with the highest bit is 0.
	struct dns_answer a = {.type = r->type, .ttl_s = r->ttl_s & 1u << 31 ? 0 : r->ttl_s};
	size_t at = r->data + (r->type == DNS_MX ? 2 : 0), end = r->data + r->data_len;
	const struct input inside = {.p = m->p, .len = end, .seed = m->seed};
	struct name target;

	switch (r->type) {
	case DNS_A:
	case DNS_AAAA:
		if (r->data_len != (r->type == DNS_A ? 4 : 16))
			return false;
		memcpy(a.address, m->p + r->data, r->data_len);
		a.digest = digest_of(m, r, m->p + r->data, r->data_len, 0);
		add_answer(out, &a, r, NULL);
		return true;
	case DNS_MX:
	case DNS_CNAME:
		if (r->data_len < (r->type == DNS_MX ? MX_MIN : 1) || !read_name(&inside, &at, &target) || at != end)
			return false;
		if (r->type == DNS_MX)
			a.preference = (uint16_t)(m->p[r->data] << 8 | m->p[r->data + 1]);
		a.digest = digest_of(m, r, target.text, target.len, a.preference);
		add_answer(out, &a, r, &target);
		return true;
	case DNS_TLSA:
		if (r->data_len < TLSA_MIN)
			return false;
		a.digest = digest_of(m, r, m->p + r->data, r->data_len, 0);
		add_answer(out, &a, r, NULL);
		return true;
	default: // RRSIG and the like
		return true;
	}
}

static bool read_answers(const struct input *m, size_t *at, uint16_t n, struct dns_facts *out)
{
	struct record r;

	for (uint16_t i = 0; i < n; i++) {
		if (i >= DNS_READ_MAX) {
			out->flags |= DNS_MORE;
			if (!skip_name(m, at) || !read_fixed(m, at, &r))
				return false;
		} else if (!read_name(m, at, &r.owner) || !read_fixed(m, at, &r) ||
		           (r.class == CLASS_IN && !read_answer(m, &r, out))) {
			return false;
		}
	}
	return true;
}

// ---- the message ---------------------------------------------------------------------------------------------

static bool skip_records(const struct input *m, size_t *at, uint32_t n, struct dns_facts *out)
{
	struct record r;

	for (uint32_t i = 0; i < n; i++) {
		if (!skip_name(m, at) || !read_fixed(m, at, &r))
			return false;
		if (r.type == TYPE_OPT && r.ttl_s & OPT_DO)
			out->flags |= DNS_SIGNED;
	}
	return true;
}

static uint16_t flags_of(uint16_t word)
{
	static const struct {
		uint16_t bit, flag;
	} bits[] = {{0x8000, DNS_RESPONSE}, {0x0400, DNS_AUTHORITATIVE}, {0x0200, DNS_TRUNCATED}, {0x0100, DNS_WANTED},
		{0x0080, DNS_AVAILABLE}, {0x0020, DNS_VALIDATED}, {0x0010, DNS_UNCHECKED}};
	uint16_t flags = 0;

	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		if (word & bits[i].bit)
			flags |= bits[i].flag;
	return flags;
}

static bool is_mail(uint16_t type)
{
	return type == DNS_A || type == DNS_AAAA || type == DNS_MX || type == DNS_TLSA;
}

enum dns_parsed dns_parse(struct dns_facts *out, const uint8_t *p, size_t len, uint64_t seed)
{
	const struct input m = {.p = p, .len = len, .seed = seed};
	struct bytes b = bytes_of(p, len);
	struct name question;
	size_t at = 12;

	memset(out, 0, offsetof(struct dns_facts, answer));
	out->id = bytes_be16(&b);
	uint16_t word = bytes_be16(&b), n_questions = bytes_be16(&b), n_answers = bytes_be16(&b);
	uint32_t n_others = bytes_be16(&b);
	n_others += bytes_be16(&b);
	if (!bytes_ok(&b))
		return DNS_MALFORMED;
	out->flags = flags_of(word);
	out->rcode = word & 0xf;
	if (word & 0x7800 || n_questions != 1)
		return DNS_OTHER;
	if (!read_name(&m, &at, &question) || len - at < 4)
		return DNS_MALFORMED;
	out->qtype = (uint16_t)(p[at] << 8 | p[at + 1]);
	bool told = is_mail(out->qtype) && p[at + 2] == 0 && p[at + 3] == CLASS_IN && question.len && !question.odd;
	at += 4;
	if (!told)
		return DNS_OTHER;
	keep(out, &question);
	if (out->flags & DNS_TRUNCATED) // what there is of them is of no use: the client asks again over TCP
		return DNS_MAIL;
	if (!read_answers(&m, &at, n_answers, out) || !skip_records(&m, &at, n_others, out))
		return DNS_MALFORMED;
	return DNS_MAIL;
}

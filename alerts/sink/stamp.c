// The stamp: found by the shape of the line, never by searching for words that a text of the wire could hold.
//
// In a line of ours a quotation mark inside a text is always written \", so one that no backslash precedes begins or ends
// a string. One pass over the line follows strings and brackets; what it finds at the end is therefore structure.
#include "alerts/sink/stamp.h"

#include "alerts/record_parts.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LINE_MAX_STAMPED = OUTBOX_LINE_MAX + STAMP_MAX, DEPTH_MAX = 32 };

static const char letter[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// ---- base64url without padding (RFC 4648, 5) ---------------------------------------------------------------------------

static void encode(char out[static STAMP_CHAIN], const uint8_t in[static OUTBOX_HASH])
{
	uint32_t bits = 0, n = 0;
	size_t at = 0;

	for (size_t i = 0; i < OUTBOX_HASH; i++) {
		bits = bits << 8 | in[i];
		for (n += 8; n >= 6; n -= 6)
			out[at++] = letter[bits >> (n - 6) & 63];
	}
	out[at] = letter[bits << (6 - n) & 63];
}

// False: not what encode() writes, in every bit.
static bool decode(uint8_t out[static OUTBOX_HASH], const char *in)
{
	uint32_t bits = 0, n = 0;
	size_t at = 0;

	for (size_t i = 0; i < STAMP_CHAIN; i++) {
		const char *p = in[i] ? memchr(letter, in[i], sizeof(letter)) : NULL;
		if (!p)
			return false;
		bits = bits << 6 | (uint32_t)(p - letter);
		n += 6;
		if (n >= 8) {
			n -= 8;
			out[at++] = (uint8_t)(bits >> n);
		}
	}
	return (bits & ((1u << n) - 1)) == 0;
}

// ---- the shape of a line ---------------------------------------------------------------------------------------------

struct shape {
	enum outbox_lane lane;
	unsigned types, known;  // members event_type; of them with a word of ours
	unsigned own;           // members smtp_tls
	bool last_own;          // it is the last one so far
	unsigned stamps;        // members of it that are a stamp's
};

static bool same(const char *p, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(p, word, len) == 0;
}

static void see_key(struct shape *s, unsigned depth, const char *p, size_t len)
{
	if (depth == 1) {
		s->last_own = same(p, len, "smtp_tls");
		s->own += s->last_own;
		s->types += same(p, len, "event_type");
	} else if (depth == 2 && s->last_own) {
		s->stamps += same(p, len, "epoch") || same(p, len, "seq") || same(p, len, "chain");
	}
}

static void see_event_type(struct shape *s, const char *p, size_t len)
{
	static const struct {
		const char *word;
		enum outbox_lane lane;
	} row[] = {{"alert", OUTBOX_ALERTS}, {"stats", OUTBOX_ALERTS}, {"smtp", OUTBOX_SESSIONS}, {"tls", OUTBOX_SESSIONS},
	           {"anomaly", OUTBOX_SESSIONS}};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		if (!same(p, len, row[i].word))
			continue;
		s->known++;
		s->lane = row[i].lane;
	}
}

// The closing quotation mark of the string that begins at `p`; NULL: it has none. *escaped: there is a backslash in it.
static const char *string_end(const char *p, const char *end, bool *escaped)
{
	*escaped = false;
	for (; p < end && *p != '"'; p++) {
		if (*p != '\\')
			continue;
		*escaped = true;
		p++;
	}
	return p < end ? p : NULL;
}

// Not a whole parser of JSON: brackets and strings, which is what a stamp needs. False: no line of ours.
static bool walk(const char *line, size_t len, struct shape *s)
{
	char open[DEPTH_MAX];
	unsigned depth = 0;
	bool is_type = false, escaped;
	const char *p = line, *end = line + len;

	for (; p < end; p++) {
		if (*p == '{' || *p == '[') {
			if (depth == DEPTH_MAX || (!depth && p != line))
				return false;
			open[depth++] = *p;
		} else if (*p == '}' || *p == ']') {
			if (!depth || open[--depth] != (*p == '}' ? '{' : '['))
				return false;
		} else if (*p == '"') {
			const char *text = p + 1;
			p = string_end(text, end, &escaped);
			if (!p || !depth)
				return false;
			size_t n = (size_t)(p - text);
			if (p + 1 < end && p[1] == ':') {
				if (escaped) // a key of ours needs none: this one may be another in disguise
					return false;
				see_key(s, depth, text, n);
				is_type = depth == 1 && same(text, n, "event_type");
			} else if (is_type && text[-2] == ':') {
				see_event_type(s, text, n);
			}
		} else if (!depth) {
			return false;
		}
	}
	return !depth && s->types == 1 && s->known == 1 && s->own == 1 && s->last_own && memcmp(end - 2, "}}", 2) == 0 && end[-3] != '{';
}

static bool ours(const char *line, size_t len, struct shape *s)
{
	*s = (struct shape){0};
	for (size_t i = 0; i < len; i++)
		if (line[i] < 0x20 || line[i] > 0x7e)
			return false;
	return len > 4 && len <= LINE_MAX_STAMPED && line[0] == '{' && walk(line, len, s);
}

// ---- links -----------------------------------------------------------------------------------------------------------

void stamp_begin(uint8_t chain[static OUTBOX_HASH], uint64_t epoch, enum outbox_lane lane)
{
	static const char name[] = "postwacht";
	uint8_t in[sizeof(name) - 1 + sizeof(epoch) + 1];
	uint64_t be_epoch = htobe64(epoch);

	memcpy(in, name, sizeof(name) - 1);
	memcpy(in + sizeof(name) - 1, &be_epoch, sizeof(be_epoch));
	in[sizeof(in) - 1] = (uint8_t)lane;
	record_sha256(chain, in, sizeof(in));
}

// One call of the digest with both in a row is faster than a context for each.
static void link_of(uint8_t out[static OUTBOX_HASH], const uint8_t before[static OUTBOX_HASH], const char *line, size_t covered)
{
	uint8_t in[OUTBOX_HASH + LINE_MAX_STAMPED];

	memcpy(in, before, OUTBOX_HASH);
	memcpy(in + OUTBOX_HASH, line, covered);
	record_sha256(out, in, OUTBOX_HASH + covered);
}

size_t stamp_write(char *out, const char *line, size_t len, uint64_t epoch, uint64_t seq, uint8_t chain[static OUTBOX_HASH])
{
	struct shape s;

	// One that has a stamp already would have two: which of them a receiver believes, nobody could say.
	if (len > OUTBOX_LINE_MAX || !ours(line, len, &s) || s.stamps)
		return 0;
	memcpy(out, line, len - 2);
	char *p = out + len - 2;
	p += snprintf(p, STAMP_MAX, ",\"epoch\":%" PRIu64 ",\"seq\":%" PRIu64, epoch, seq);
	link_of(chain, chain, out, (size_t)(p - out));
	memcpy(p, ",\"chain\":\"", 10);
	p += 10;
	encode(p, chain);
	p += STAMP_CHAIN;
	memcpy(p, "\"}}", 3);
	return (size_t)(p + 3 - out);
}

// ---- reading, from the end ---------------------------------------------------------------------------------------------

// True: `word` stands before `at`, which moves to its beginning.
static bool back_word(const char *line, size_t *at, const char *word)
{
	size_t len = strlen(word);

	if (*at < len || memcmp(line + *at - len, word, len) != 0)
		return false;
	*at -= len;
	return true;
}

// A number as we write it: no sign, no leading zero, 64 bits.
static bool back_number(const char *line, size_t *at, uint64_t *value)
{
	size_t end = *at;

	while (*at && line[*at - 1] >= '0' && line[*at - 1] <= '9')
		(*at)--;
	if (*at == end || end - *at > 20 || (line[*at] == '0' && end - *at > 1))
		return false;
	*value = 0;
	for (size_t i = *at; i < end; i++)
		if (__builtin_mul_overflow(*value, 10u, value) || __builtin_add_overflow(*value, (unsigned)(line[i] - '0'), value))
			return false;
	return true;
}

bool stamp_read(const char *line, size_t len, struct stamp *s)
{
	struct shape shape;
	size_t at = len;

	if (!ours(line, len, &shape) || shape.stamps != 3 || !back_word(line, &at, "\"}}") || at < STAMP_CHAIN)
		return false;
	at -= STAMP_CHAIN;
	if (!decode(s->chain, line + at) || !back_word(line, &at, ",\"chain\":\""))
		return false;
	s->covered = at;
	s->lane = shape.lane;
	return back_number(line, &at, &s->seq) && back_word(line, &at, ",\"seq\":") && back_number(line, &at, &s->epoch) &&
		back_word(line, &at, ",\"epoch\":");
}

bool stamp_follows(const struct stamp *s, const uint8_t before[static OUTBOX_HASH], const char *line)
{
	uint8_t link[OUTBOX_HASH];

	if (s->covered > LINE_MAX_STAMPED)
		return false;
	link_of(link, before, line, s->covered);
	return memcmp(link, s->chain, sizeof(link)) == 0;
}

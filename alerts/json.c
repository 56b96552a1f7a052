// The JSON emitter: escaping by a table of 256 classes, plain runs copied whole.
#include "alerts/json.h"

enum { PLAIN, SHORT, CONTROL, HIGH };

#define ROW(x) x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x
static const uint8_t class_of[256] = {
	// 0x00: \b \t \n, then \f \r
	CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL, CONTROL,
	SHORT, SHORT, SHORT, CONTROL, SHORT, SHORT, CONTROL, CONTROL,
	ROW(CONTROL),
	// 0x20: the quotation mark
	PLAIN, PLAIN, SHORT, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN,
	ROW(PLAIN), ROW(PLAIN),
	// 0x50: the backslash
	PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, SHORT, PLAIN, PLAIN, PLAIN,
	ROW(PLAIN),
	// 0x70: DEL
	PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, PLAIN, CONTROL,
	ROW(HIGH), ROW(HIGH), ROW(HIGH), ROW(HIGH), ROW(HIGH), ROW(HIGH), ROW(HIGH), ROW(HIGH),
};
#undef ROW

// The letter after the backslash, for SHORT.
static const char short_of[128] = {
	['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\',
};

static const char hex[16] = "0123456789abcdef";

void json_put_u64(struct json *j, uint64_t value)
{
	char digits[20];
	char *p = digits + sizeof(digits);

	do {
		*--p = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	json_separate(j);
	json_put_raw(j, p, (size_t)(digits + sizeof(digits) - p));
}

// One code point of valid UTF-8 at p (RFC 3629 section 4). Its length in octets, or 0 when it is none.
static size_t utf8_decode(const uint8_t *p, size_t left, uint32_t *out)
{
	// Per length: the lead octet's mask and value, and the smallest code point that needs that length.
	static const struct {
		uint8_t mask, lead;
		uint32_t least;
	} form[] = {{0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};

	for (size_t i = 0; i < sizeof(form) / sizeof(form[0]); i++) {
		if ((p[0] & form[i].mask) != form[i].lead)
			continue;
		size_t len = i + 2;
		if (len > left)
			return 0;
		uint32_t c = p[0] & (uint8_t)~form[i].mask;
		for (size_t k = 1; k < len; k++) {
			if ((p[k] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (p[k] & 0x3f);
		}
		if (c < form[i].least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return 0;
		*out = c;
		return len;
	}
	return 0;
}

static void put_unit(struct json *j, uint32_t u)
{
	const char text[6] = {'\\', 'u', hex[u >> 12 & 15], hex[u >> 8 & 15], hex[u >> 4 & 15], hex[u & 15]};
	json_put_raw(j, text, sizeof(text));
}

static void put_code_point(struct json *j, uint32_t c)
{
	if (c < 0x10000) {
		put_unit(j, c);
		return;
	}
	put_unit(j, 0xd800 + ((c - 0x10000) >> 10));
	put_unit(j, 0xdc00 + ((c - 0x10000) & 0x3ff));
}

// Writes what stands at p, which is not PLAIN; returns how many octets that took.
static size_t put_escaped(struct json *j, const uint8_t *p, size_t left)
{
	uint32_t c;
	size_t len;

	switch (class_of[p[0]]) {
	case SHORT:
		json_put_raw(j, (const char[2]){'\\', short_of[p[0]]}, 2);
		return 1;
	case CONTROL:
		put_unit(j, p[0]);
		return 1;
	default:
		len = utf8_decode(p, left, &c);
		if (len) {
			put_code_point(j, c);
			return len;
		}
		// The backslash of \xNN is itself text, hence two.
		json_put_raw(j, (const char[5]){'\\', '\\', 'x', hex[p[0] >> 4], hex[p[0] & 15]}, 5);
		return 1;
	}
}

void json_put_text(struct json *j, const void *text, size_t len)
{
	if (!len) // then `text` may be NULL, which nothing may be added to
		return;
	const uint8_t *p = text;
	const uint8_t *end = p + len;

	while (p < end && !j->overflow) {
		const uint8_t *run = p;
		while (p < end && class_of[*p] == PLAIN)
			p++;
		json_put_raw(j, (const char *)run, (size_t)(p - run));
		if (p < end)
			p += put_escaped(j, p, (size_t)(end - p));
	}
}

void json_open_string(struct json *j)
{
	json_separate(j);
	json_put_char(j, '"');
}

void json_close_string(struct json *j)
{
	json_put_char(j, '"');
}

void json_put_string(struct json *j, const void *p, size_t len)
{
	json_open_string(j);
	json_put_text(j, p, len);
	json_close_string(j);
}

void json_put_cstr(struct json *j, const char *s)
{
	json_put_string(j, s, strlen(s));
}

// Any octets as a string of the JSON emitter: printable, bounded, and readable back to the same octets.
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/json.h"
#include "tests/fuzz/fuzz.h"

enum { IN_MAX = 4096, OUT_MAX = 2 + 6 * IN_MAX };

static void require(bool condition)
{
	if (!condition)
		abort();
}

// `n` lower-case hex digits.
static uint32_t hex_value(const char *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t v = 0;

	for (size_t i = 0; i < n; i++) {
		const char *at = memchr(digits, p[i], 16);
		require(at != NULL);
		v = v << 4 | (uint32_t)(at - digits);
	}
	return v;
}

static uint8_t *put_utf8(uint8_t *out, uint32_t c)
{
	if (c < 0x80) {
		*out++ = (uint8_t)c;
		return out;
	}
	if (c < 0x800) {
		*out++ = (uint8_t)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*out++ = (uint8_t)(0xe0 | c >> 12);
		} else {
			*out++ = (uint8_t)(0xf0 | c >> 18);
			*out++ = (uint8_t)(0x80 | (c >> 12 & 63));
		}
		*out++ = (uint8_t)(0x80 | (c >> 6 & 63));
	}
	*out++ = (uint8_t)(0x80 | (c & 63));
	return out;
}

// One escape at p (behind the backslash); `*used` octets of it. \\xNN is taken for the octet it stands for.
static uint8_t *unescape(uint8_t *out, const char *p, size_t *used)
{
	static const char letters[] = "btnfr\"", octets[] = "\b\t\n\f\r\"";

	if (p[0] == '\\') {
		require(p[1] == 'x');
		*used = 4;
		*out++ = (uint8_t)hex_value(p + 2, 2);
		return out;
	}
	if (p[0] != 'u') {
		const char *at = memchr(letters, p[0], sizeof(letters) - 1);
		require(at != NULL);
		*used = 1;
		*out++ = (uint8_t)octets[at - letters];
		return out;
	}
	uint32_t c = hex_value(p + 1, 4);
	*used = 5;
	require(c < 0xdc00 || c > 0xdfff);
	if (c >= 0xd800 && c <= 0xdbff) {
		require(p[5] == '\\' && p[6] == 'u');
		uint32_t low = hex_value(p + 7, 4);
		require(low >= 0xdc00 && low <= 0xdfff);
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		*used = 11;
	}
	return put_utf8(out, c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char out[OUT_MAX + 16], small[OUT_MAX];
	static uint8_t back[IN_MAX + 16];
	struct json j;

	if (len > IN_MAX)
		return 0;
	json_init(&j, out, OUT_MAX);
	json_put_string(&j, data, len);
	require(json_ok(&j));
	size_t n = json_len(&j);
	for (size_t i = 0; i < n; i++)
		require(out[i] >= 0x20 && out[i] <= 0x7e);

	// Room for one octet less is too little; never is anything written behind it.
	small[n - 1] = 'S';
	json_init(&j, small, n - 1);
	json_put_string(&j, data, len);
	require(!json_ok(&j) && small[n - 1] == 'S');

	// A backslash of the wire could begin an \xNN of its own, so such input is not read back.
	if (memchr(data, '\\', len))
		return 0;
	require(out[0] == '"' && out[n - 1] == '"');
	uint8_t *at = back;
	for (size_t i = 1, used; i < n - 1; i += used) {
		used = 1;
		require(out[i] != '"');
		if (out[i] != '\\') {
			*at++ = (uint8_t)out[i];
			continue;
		}
		at = unescape(at, out + i + 1, &used);
		used++;
	}
	require((size_t)(at - back) == len && memcmp(back, data, len) == 0);
	return 0;
}

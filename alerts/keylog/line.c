// Words are separated by blanks (one in the draft; more do no harm), hex digits may be large or small, and a line may
// end with the carriage return of another system.
#include "alerts/keylog/line.h"

#include <string.h>

struct word {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct word take_word(const char **at, const char *end)
{
	while (*at < end && is_blank(**at))
		(*at)++;
	struct word w = {.at = *at};
	while (*at < end && !is_blank(**at))
		(*at)++;
	w.len = (size_t)(*at - w.at);
	return w;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(uint8_t *out, struct word w)
{
	for (size_t i = 0; i < w.len; i += 2) {
		int high = digit(w.at[i]), low = digit(w.at[i + 1]);
		if (high < 0 || low < 0)
			return false;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static bool is_label(struct word w)
{
	for (size_t i = 0; i < w.len; i++)
		if (!(w.at[i] >= 'A' && w.at[i] <= 'Z') && !(w.at[i] >= '0' && w.at[i] <= '9') && w.at[i] != '_')
			return false;
	return w.len > 0;
}

static enum keylog_line_kind kind_of(struct word label)
{
	static const struct {
		const char *label;
		enum keylog_line_kind kind;
	} kept[] = {
		{"SERVER_HANDSHAKE_TRAFFIC_SECRET", KEYLOG_LINE_SERVER},
		{"CLIENT_HANDSHAKE_TRAFFIC_SECRET", KEYLOG_LINE_CLIENT},
	};
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (label.len == strlen(kept[i].label) && memcmp(label.at, kept[i].label, label.len) == 0)
			return kept[i].kind;
	return is_label(label) ? KEYLOG_LINE_OTHER : KEYLOG_LINE_BAD;
}

enum keylog_line_kind keylog_line_parse(struct keylog_line *out, const char *text, size_t len)
{
	const char *at = text, *end = text + len;
	struct word label = take_word(&at, end);
	struct word random = take_word(&at, end), secret = take_word(&at, end), rest = take_word(&at, end);

	if (label.len == 0 || label.at[0] == '#')
		return KEYLOG_LINE_NOTHING;
	enum keylog_line_kind kind = kind_of(label);
	if (random.len == 0 || secret.len == 0 || rest.len > 0)
		return KEYLOG_LINE_BAD;
	if (kind != KEYLOG_LINE_SERVER && kind != KEYLOG_LINE_CLIENT)
		return kind;
	if (random.len != 2 * sizeof(out->client_random) || (secret.len != 64 && secret.len != 96))
		return KEYLOG_LINE_BAD;
	out->secret_len = (uint8_t)(secret.len / 2);
	return read_hex(out->client_random, random) && read_hex(out->secret, secret) ? kind : KEYLOG_LINE_BAD;
}

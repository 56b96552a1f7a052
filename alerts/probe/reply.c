// The grammar: "250-text" and so on, "250 text" (or "250") at the end; lines end in CRLF, or in LF as some do.
#include "alerts/probe/reply.h"

#include <string.h>
#include <strings.h>

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

// A keyword with nothing behind it.
static bool is_starttls(const char *text, size_t len)
{
	static const char word[] = "STARTTLS";

	while (len && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	return len == sizeof(word) - 1 && strncasecmp(text, word, len) == 0;
}

static void keep(struct probe_reply *r, const char *text, size_t len)
{
	if (r->n_kept == PROBE_KEPT_MAX)
		return;
	char *out = r->kept[r->n_kept++];
	size_t n = len < PROBE_KEPT_LEN - 1 ? len : PROBE_KEPT_LEN - 1;
	for (size_t i = 0; i < n; i++)
		out[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
	out[n] = '\0';
}

static enum probe_read take_line(struct probe_reader *r)
{
	const char *l = r->line;
	size_t len = r->line_len;

	if (len && l[len - 1] == '\r')
		len--;
	r->line_len = 0;
	if (len < 3 || l[0] < '2' || l[0] > '5' || !digit(l[1]) || !digit(l[2]) || (len > 3 && l[3] != ' ' && l[3] != '-'))
		return PROBE_READ_BAD;
	uint16_t code = (uint16_t)((l[0] - '0') * 100 + (l[1] - '0') * 10 + (l[2] - '0'));
	if (r->reply.n_lines && code != r->reply.code)
		return PROBE_READ_BAD;
	const char *text = len > 3 ? l + 4 : l + len;
	size_t text_len = len > 3 ? len - 4 : 0;
	r->reply.code = code;
	r->reply.starttls |= r->reply.n_lines && is_starttls(text, text_len);
	keep(&r->reply, text, text_len);
	if (++r->reply.n_lines > PROBE_LINES_MAX)
		return PROBE_READ_TOO_MUCH;
	return len > 3 && l[3] == '-' ? PROBE_READ_MORE : PROBE_READ_DONE;
}

enum probe_read probe_reply_take(struct probe_reader *r, const uint8_t *p, size_t len, size_t *used)
{
	enum probe_read got = PROBE_READ_MORE;

	for (*used = 0; *used < len && got == PROBE_READ_MORE;) {
		char c = (char)p[(*used)++];
		if (c == '\n')
			got = take_line(r);
		else if (r->line_len == PROBE_LINE_MAX)
			got = PROBE_READ_TOO_MUCH;
		else
			r->line[r->line_len++] = c;
	}
	return got;
}

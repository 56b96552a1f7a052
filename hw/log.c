// The log: one line per message on stderr, made safe for terminals and log files before it is written.
#include "hw/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

// 1024, because a line that says more is not read; what does not fit ends in "...".
enum { LOG_MESSAGE_MAX = 1024, LOG_ESCAPED_MAX = 4 * LOG_MESSAGE_MAX + 64 };

static const char *const level_names[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARN] = "warn",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static _Atomic int log_level = LOG_LEVEL_WARN;

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
}

// By its first octet: how many octets a character has, and the least it may stand for (RFC 3629 3: no detours).
struct utf8_lead {
	uint8_t mask, value, len;
	uint32_t least;
};

static const struct utf8_lead utf8_leads[] = {
	{0x80, 0x00, 1, 0},
	{0xe0, 0xc0, 2, 0x80},
	{0xf0, 0xe0, 3, 0x800},
	{0xf8, 0xf0, 4, 0x10000},
};

// Control characters, and those that make a terminal show lines or text in another order than they are.
static bool unprintable(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0xd800 && c < 0xe000) || c > 0x10ffff || c == 0x200e ||
	       c == 0x200f || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

// Octets of the printable character at `p`; 0 when there is none and the octet must be escaped.
static size_t printable(const uint8_t *p, size_t left)
{
	for (size_t i = 0; i < sizeof(utf8_leads) / sizeof(utf8_leads[0]); i++) {
		const struct utf8_lead *lead = &utf8_leads[i];
		if ((p[0] & lead->mask) != lead->value)
			continue;
		if (lead->len > left)
			return 0;
		uint32_t c = p[0] & (uint8_t)~lead->mask;
		for (size_t k = 1; k < lead->len; k++) {
			if ((p[k] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (p[k] & 0x3f);
		}
		return c < lead->least || unprintable(c) ? 0 : lead->len;
	}
	return 0;
}

// `out` has room for four octets per octet of `in`. Returns what was used of it.
static size_t escape(char *out, const char *in, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *p = (const uint8_t *)in;
	size_t used = 0;
	for (size_t i = 0; i < len;) {
		size_t n = printable(p + i, len - i);
		if (n) {
			memcpy(out + used, p + i, n);
			used += n;
			i += n;
			continue;
		}
		out[used++] = '\\';
		out[used++] = 'x';
		out[used++] = hex[p[i] >> 4];
		out[used++] = hex[p[i] & 15];
		i++;
	}
	return used;
}

void log_write(enum log_level level, const char *area, const char *format, ...)
{
	if ((int)level > atomic_load_explicit(&log_level, memory_order_relaxed))
		return;
	int saved_errno = errno;
	char message[LOG_MESSAGE_MAX];
	va_list args;
	va_start(args, format);
	int wanted = vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	bool cut = wanted >= (int)sizeof(message);

	char line[LOG_ESCAPED_MAX];
	int prefix = snprintf(line, 64, "postwacht: %s: %.24s: ", level_names[level], area);
	size_t used = (size_t)prefix + escape(line + prefix, message, wanted < 0 ? 0 : strlen(message));
	if (cut) {
		memcpy(line + used, "...", 3);
		used += 3;
	}
	line[used++] = '\n';

	// One write(), so that lines of two threads never mix. Nobody can be told when stderr itself fails.
	ssize_t written = write(STDERR_FILENO, line, used);
	(void)written;
	errno = saved_errno;
}

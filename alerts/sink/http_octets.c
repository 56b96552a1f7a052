// Octets of a request, and JSON strings in them.
#include <stdlib.h>
#include <string.h>

#include "alerts/sink/http_private.h"

static bool room(struct http_octets *o, size_t len)
{
	if (o->full || len > o->max - o->len)
		return !(o->full = true);
	if (o->len + len <= o->cap)
		return true;
	size_t cap = o->cap * 2 > o->len + len ? o->cap * 2 : o->len + len;
	cap = cap > o->max ? o->max : cap;
	char *at = realloc(o->at, cap);
	if (at == NULL)
		return !(o->full = true);
	o->at = at;
	o->cap = cap;
	return true;
}

void http_add(struct http_octets *o, const void *p, size_t len)
{
	if (!room(o, len) || len == 0)
		return;
	memcpy(o->at + o->len, p, len);
	o->len += len;
}

static void add_escaped(struct http_octets *o, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
	if (c == '"' || c == '\\') {
		text[1] = (char)c;
		http_add(o, text, 2);
	} else {
		http_add(o, text, 6);
	}
}

void http_add_string(struct http_octets *o, const char *p, size_t len)
{
	http_add(o, "\"", 1);
	for (size_t at = 0, from = 0; at <= len; at++) {
		bool plain = at < len && (unsigned char)p[at] >= ' ' && p[at] != '"' && p[at] != '\\' && p[at] != 0x7f;
		if (plain)
			continue;
		http_add(o, p + from, at - from);
		if (at < len)
			add_escaped(o, (unsigned char)p[at]);
		from = at + 1;
	}
	http_add(o, "\"", 1);
}

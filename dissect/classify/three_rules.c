// The three rules: see dissect/classify/three_rules.h.
#include "dissect/classify/three_rules.h"

#include <string.h>
#include <strings.h>

// p[0..len) begins with `word`, or is all of a beginning of it.
static bool agrees(const uint8_t *p, size_t len, const char *word)
{
	size_t n = strlen(word);
	return !strncasecmp((const char *)p, word, len < n ? len : n);
}

static bool says_hello(const uint8_t *p, size_t len)
{
	return agrees(p, len, "EHLO ") || agrees(p, len, "HELO ") || agrees(p, len, "LHLO ");
}

enum { SIGNATURE = 12 }; // of PROXY, version 2

bool classify_proxied(const uint8_t *p, size_t len)
{
	static const char signature[] = "\r\n\r\n\0\r\nQUIT\n";
	bool text = agrees(p, len, "PROXY TCP") || agrees(p, len, "PROXY UNKNOWN");
	return len && (text || !memcmp(p, signature, len < SIGNATURE ? len : SIGNATURE));
}

static bool greets(const uint8_t *p, size_t len)
{
	return agrees(p, len, "220 ") || agrees(p, len, "220-");
}

static bool is_client_hello(const uint8_t *p, size_t len)
{
	return len >= 6 && p[0] == 22 && p[1] == 3 && p[5] == 1;
}

// Only a hint, cheap on the many hellos that are somebody's browsing; the TLS machine reads the extension properly.
static bool offers_smtp(const uint8_t *p, size_t len)
{
	return p && (memmem(p, len, "\x04smtp", 5) || memmem(p, len, "\x05" "esmtp", 6));
}

bool classify_candidate(enum dir d, const uint8_t *p, size_t len)
{
	if (d == DIR_S2C)
		return greets(p, len);
	return says_hello(p, len) || classify_proxied(p, len) || (is_client_hello(p, len) && offers_smtp(p, len));
}

int classify_side(const uint8_t *p, size_t len)
{
	enum { TELLING = 4 }; // fewer octets may be anybody's
	if (len < TELLING)
		return -1;
	if (greets(p, len))
		return DIR_S2C;
	bool proxied = classify_proxied(p, len) && (p[0] != '\r' || len >= SIGNATURE); // empty lines may be anybody's, too
	return says_hello(p, len) || is_client_hello(p, len) || proxied ? DIR_C2S : -1;
}

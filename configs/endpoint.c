// Strict: what is not plainly a host or a port is refused, so that nothing can hide in a URL.
#include "configs/endpoint.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { LABEL_MAX = 63, NAME_MAX_LEN = 253 }; // RFC 1035 2.3.4

static bool is_address(const char *text)
{
	unsigned char raw[16];
	return inet_pton(AF_INET, text, raw) == 1 || inet_pton(AF_INET6, text, raw) == 1;
}

static bool is_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
	if (strlen(name) > NAME_MAX_LEN)
		return false;
	bool digits = false; // of the last label: 192.0.2.300 is no name, it is a mistake
	for (;;) {
		size_t len = strspn(name, allowed);
		if (len == 0 || len > LABEL_MAX || name[0] == '-' || name[len - 1] == '-')
			return false;
		digits = strspn(name, "0123456789") == len;
		if (name[len] == '\0')
			return !digits;
		if (name[len] != '.')
			return false;
		name += len + 1;
	}
}

bool endpoint_host_ok(const char *text)
{
	return is_address(text) || is_name(text);
}

static bool parse_port(uint16_t *out, const char *text, size_t len)
{
	unsigned value = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
		if (value > 65535)
			return false;
	}
	*out = (uint16_t)value;
	return len > 0 && value > 0;
}

bool endpoint_parse(struct endpoint *e, const char *text, size_t len)
{
	char whole[ENDPOINT_HOST + 16];
	*e = (struct endpoint){.port = 0};
	if (len == 0 || len >= sizeof whole || memchr(text, '\0', len) != NULL)
		return false;
	snprintf(whole, sizeof whole, "%.*s", (int)len, text);
	char *host = whole, *rest = whole + strcspn(whole, ":");
	bool brackets = whole[0] == '[';
	if (brackets) {
		char *end = strchr(whole, ']');
		if (end == NULL)
			return false;
		*end = '\0';
		host = whole + 1;
		rest = end + 1;
	} else if (*rest == ':' && strchr(rest + 1, ':') != NULL) { // an address of IPv6
		rest = whole + len;
	}
	if (*rest == ':' && !parse_port(&e->port, rest + 1, strlen(rest + 1)))
		return false;
	if (*rest != ':' && *rest != '\0')
		return false;
	if (*rest == ':')
		*rest = '\0';
	if (strlen(host) > ENDPOINT_HOST || !endpoint_host_ok(host) || (brackets && strchr(host, ':') == NULL))
		return false;
	snprintf(e->host, sizeof e->host, "%s", host);
	return true;
}

bool endpoint_parse_url(struct endpoint *e, const char *url, bool *tls)
{
	*tls = strncmp(url, "https://", 8) == 0;
	if (!*tls && strncmp(url, "http://", 7) != 0)
		return false;
	const char *at = url + (*tls ? 8 : 7);
	size_t len = strlen(at);
	if (len > 0 && at[len - 1] == '/')
		len--;
	// Without brackets the colons of an IPv6 address cannot be told from the port's.
	if (!endpoint_parse(e, at, len) || (at[0] != '[' && strchr(e->host, ':') != NULL))
		return false;
	if (e->port == 0)
		e->port = *tls ? 443 : 80;
	return true;
}

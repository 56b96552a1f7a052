// Where something listens, as text: hosts, HOST:PORT, URLs without a path. For configuration and for whoever tries it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ENDPOINT_HOST = 255 };

struct endpoint {
	char host[ENDPOINT_HOST + 1]; // a name, or an address without brackets
	uint16_t port;                // 0: none was given
};

// A host name (labels of letters, digits, "-" and "_", no final dot), or an address of IPv4 or IPv6.
bool endpoint_host_ok(const char *text);
// HOST, HOST:PORT, [ADDRESS]:PORT of `len` octets; an IPv6 address without brackets has no port.
bool endpoint_parse(struct endpoint *e, const char *text, size_t len);
// http[s]://HOST[:PORT][/]: no user, path, query or fragment. `port` is the scheme's where none is given.
bool endpoint_parse_url(struct endpoint *e, const char *url, bool *tls);

// Whether a host of an output is this machine, so that what is sent in clear stays here. One rule for configuration and sink.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

// An address (no name) of loopback, without brackets: 127.example.org is somewhere else.
static inline bool sink_address_near(const char *host)
{
	unsigned char raw[16];
	if (inet_pton(AF_INET, host, raw) == 1)
		return raw[0] == 127;
	return inet_pton(AF_INET6, host, raw) == 1 && memcmp(raw, &in6addr_loopback, sizeof raw) == 0;
}

// The same, and localhost: libcurl knows by itself where that is.
static inline bool sink_host_near(const char *host)
{
	return strcmp(host, "localhost") == 0 || sink_address_near(host);
}

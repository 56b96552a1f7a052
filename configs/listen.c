// Reads an address to listen on. Nothing is looked up; what is not this machine's alone is refused.
#include "configs/listen.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "configs/reader.h"

static bool parse_unix(struct listen_address *out, const char *path, char why[static LISTEN_WHY])
{
	size_t len = strlen(path);
	out->un.sun_family = AF_UNIX;
	if (path[0] != '/') {
		snprintf(why, LISTEN_WHY, "unix: needs a path from the root, like unix:/run/postwacht/metrics.sock");
		return false;
	}
	if (len >= sizeof out->un.sun_path) {
		snprintf(why, LISTEN_WHY, "the path of a unix socket has at most %zu octets", sizeof out->un.sun_path - 1);
		return false;
	}
	memcpy(out->un.sun_path, path, len + 1);
	out->len = sizeof out->un;
	return true;
}

// 1 to 65535, no sign, no leading zero.
static bool parse_port(const char *text, in_port_t *port)
{
	size_t len = strspn(text, "0123456789");
	unsigned long n = len > 0 && len <= 5 && text[len] == '\0' && text[0] != '0' ? strtoul(text, NULL, 10) : 0;
	*port = htons((uint16_t)n);
	return n > 0 && n <= 65535;
}

static bool parse_inet(struct listen_address *out, const char *text, const char *colon, char why[static LISTEN_WHY])
{
	char address[INET6_ADDRSTRLEN + 2];
	size_t len = (size_t)(colon - text);
	in_port_t port;
	if (len >= sizeof address || !parse_port(colon + 1, &port)) {
		snprintf(why, LISTEN_WHY, "\"%.40s\" is no ADDRESS:PORT; write 127.0.0.1:9325, [::1]:9325 or unix:PATH", text);
		return false;
	}
	memcpy(address, text, len);
	address[len] = '\0';
	if (inet_pton(AF_INET, address, &out->in.sin_addr) == 1) {
		out->in.sin_family = AF_INET;
		out->in.sin_port = port;
		out->len = sizeof out->in;
		if (ntohl(out->in.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET)
			return true;
	} else if (address[0] == '[' && address[len - 1] == ']') {
		address[len - 1] = '\0';
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = port;
		out->len = sizeof out->in6;
		if (inet_pton(AF_INET6, address + 1, &out->in6.sin6_addr) == 1 && IN6_IS_ADDR_LOOPBACK(&out->in6.sin6_addr))
			return true;
	}
	snprintf(why, LISTEN_WHY, "\"%.40s\" is not this machine's loopback: 127.0.0.1 or [::1]; others ask through a reverse proxy", text);
	return false;
}

bool listen_parse(struct listen_address *out, const char *text, char why[static LISTEN_WHY])
{
	memset(out, 0, sizeof *out);
	if (strncmp(text, "unix:", 5) == 0)
		return parse_unix(out, text + 5, why);
	const char *colon = strrchr(text, ':');
	if (colon != NULL)
		return parse_inet(out, text, colon, why);
	snprintf(why, LISTEN_WHY, "\"%.40s\" is no ADDRESS:PORT; write 127.0.0.1:9325, [::1]:9325 or unix:PATH", text);
	return false;
}

void value_listen(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	struct listen_address address;
	char text[CONFIG_PATH_MAX + 1], why[LISTEN_WHY];
	if (!value_text(r, node, k->name, 1, CONFIG_PATH_MAX, text))
		return;
	if (strcmp(text, k->words[0]) == 0 || listen_parse(&address, text, why))
		memcpy(field, text, sizeof text);
	else
		reader_error(r, &node->start_mark, "%s: %s", k->name, why);
}

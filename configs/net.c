// Parsing and printing of address prefixes.
#include "configs/net.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Decimal without sign or leading zeros, at most `max`.
static bool parse_bits(const char *text, unsigned max, uint8_t *out)
{
	size_t len = strspn(text, "0123456789");
	if (len == 0 || len > 3 || text[len] != '\0' || (text[0] == '0' && len > 1))
		return false;
	unsigned long bits = strtoul(text, NULL, 10);
	if (bits > max)
		return false;
	*out = (uint8_t)bits;
	return true;
}

static bool host_bits_zero(const struct judge_net *net, unsigned width)
{
	for (unsigned bit = net->bits; bit < width; bit++)
		if (net->addr[bit / 8] & (0x80 >> bit % 8))
			return false;
	return true;
}

bool net_parse(struct judge_net *out, const char *text)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	if (len >= sizeof address)
		return false;
	memcpy(address, text, len);
	address[len] = '\0';

	*out = (struct judge_net){.ip_v = strchr(address, ':') != NULL ? 6 : 4};
	unsigned width = out->ip_v == 6 ? 128 : 32;
	if (inet_pton(out->ip_v == 6 ? AF_INET6 : AF_INET, address, out->addr) != 1)
		return false;
	out->bits = (uint8_t)width;
	if (slash != NULL && !parse_bits(slash + 1, width, &out->bits))
		return false;
	return host_bits_zero(out, width);
}

void net_print(const struct judge_net *net, char out[static NET_TEXT_LEN])
{
	char address[INET6_ADDRSTRLEN] = "";
	inet_ntop(net->ip_v == 6 ? AF_INET6 : AF_INET, net->addr, address, sizeof address);
	snprintf(out, NET_TEXT_LEN, "%s/%u", address, net->bits);
}

// Networks as text: "192.0.2.0/24", "2001:db8::/32", or a single address.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "alerts/net.h"

enum { NET_TEXT_LEN = 64 };

// False when `text` is no network, or has bits set beyond its prefix (then it is rarely what was meant).
bool net_parse(struct judge_net *out, const char *text);

void net_print(const struct judge_net *net, char out[static NET_TEXT_LEN]);

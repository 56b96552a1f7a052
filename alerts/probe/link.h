// One connection of a probe: octets in clear or inside TLS, never longer than its deadline. Private to alerts/probe/.
#pragma once

#include <openssl/ssl.h>

#include "alerts/expect/policy.h"

enum link_result { LINK_OK, LINK_TIMEOUT, LINK_CLOSED, LINK_FAILED }; // failed: `why` says how

enum { LINK_BUFFER = 4096, LINK_WHY = 96 };

struct link {
	int fd;
	SSL_CTX *ctx;
	SSL *ssl;              // NULL: in clear
	uint64_t deadline_ns;  // monotonic
	size_t at, len;        // octets that were read and not taken
	uint8_t buffer[LINK_BUFFER];
	char why[LINK_WHY];
};

// Zeroes `l`. Afterwards link_close(), whatever came of it.
enum link_result link_open(struct link *l, const struct policy_address *to, uint16_t port, uint64_t deadline_ns);
void link_close(struct link *l);

// Sends all of it.
enum link_result link_send(struct link *l, const char *text, size_t len);
// Waits until there are octets at l->buffer + l->at.
enum link_result link_fill(struct link *l);

// TLS 1.2 or newer, as a client that wants to see: nothing is verified here. `name` (SNI) may be NULL. What was read and
// not taken is forgotten (RFC 3207 4.2).
enum link_result link_upgrade(struct link *l, const char *name);

// One line of a key log: label, client random, secret, each in one word. draft-ietf-tls-keylogfile.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/keylog/keylog.h"

enum keylog_line_kind {
	KEYLOG_LINE_NOTHING, // empty, or a comment
	KEYLOG_LINE_SERVER,  // SERVER_HANDSHAKE_TRAFFIC_SECRET
	KEYLOG_LINE_CLIENT,  // CLIENT_HANDSHAKE_TRAFFIC_SECRET
	KEYLOG_LINE_OTHER,   // any other label; what follows it was not read
	KEYLOG_LINE_BAD,
};

struct keylog_line {
	uint8_t client_random[32];
	uint8_t secret[KEYLOG_SECRET_MAX];
	uint8_t secret_len; // 32 or 48: the hash of a TLS 1.3 suite
};

// `text` without its line feed. `out` is set only for SERVER and CLIENT; the caller wipes it. Pure.
enum keylog_line_kind keylog_line_parse(struct keylog_line *out, const char *text, size_t len);

// Octets of a text that is not whole yet, between two reads. All zero to begin with.
struct keylog_text {
	char line[KEYLOG_LINE_MAX];
	uint16_t len;  // octets of a line whose end has not come
	bool skipping; // the line is too long: the rest of it is passed over
};

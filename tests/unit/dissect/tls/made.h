// Records and messages made by hand, for what no library would send.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { MADE_MAX = 1 << 17 };

struct made {
	size_t len;
	uint8_t p[MADE_MAX];
};

// Octets in hex; spaces are free.
void made_hex(struct made *m, const char *hex);
void made_fill(struct made *m, size_t len, uint8_t octet);

// One record; `body` in hex.
void made_record(struct made *m, uint8_t type, const char *body);

// One record of `len` octets nobody can read.
void made_sealed(struct made *m, uint8_t type, size_t len);

// A record with one ClientHello (legacy version 3.3, the given session id) and these extensions, in hex.
void made_client_hello(struct made *m, const char *session_id, const char *extensions);

// A record with one ServerHello. random: NULL plain, or in hex (32 octets).
void made_server_hello(struct made *m, uint16_t version, const char *random, const char *session_id, uint16_t suite,
	const char *extensions);

// What makes a ServerHello a HelloRetryRequest.
extern const char made_retry[];

// Records and messages made by hand, for what no library would send.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "tests/unit/dissect/tls/tape.h"

enum { MADE_MAX = 1 << 17 };

struct made {
	size_t len;
	uint8_t p[MADE_MAX];
};

// Octets in hex; spaces are free. "<2 aabb cc>" is a length of two octets and what it is the length of; "aa*32" is an octet
// 32 times.
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

// Steps of a tape, ended by one without a body: each a record of this type, or, with type 0, octets as they are.
struct made_said {
	enum dir d;
	uint8_t type;
	const char *body;
};

void made_play(struct tape *t, const struct made_said *said);

// The same with handshake messages in records of at most `piece` octets.
void made_play_pieces(struct tape *t, const struct made_said *said, size_t piece);

// Hex as octets; how many.
size_t made_octets(const char *hex, uint8_t *out, size_t max);

// Bodies of handshake records. Arguments are string literals in the form of made_hex(); the session id is empty.
#define MADE_CLIENT(suites, extensions) "01 <3 0303 aa*32 <1> <2 " suites "> <1 00> <2 " extensions ">>"
#define MADE_SERVER(version, suite, extensions) "02 <3 " version " bb*32 <1> " suite " 00 <2 " extensions ">>"
#define MADE_RETRY(suite, extensions) \
	"02 <3 0303 cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c <1> " suite " 00 <2 " extensions ">>"

// What makes a ServerHello a HelloRetryRequest.
extern const char made_retry[];

// Handshake messages inside records: several in one, one across several. RFC 5246 7.4, 8446 4, 5.1.
#pragma once

#include "dissect/tls/tls.h"

enum tls_message {
	MSG_HELLO_REQUEST = 0,
	MSG_CLIENT_HELLO = 1,
	MSG_SERVER_HELLO = 2,
	MSG_NEW_SESSION_TICKET = 4,
	MSG_CERTIFICATE = 11,
	MSG_SERVER_KEY_EXCHANGE = 12,
	MSG_CERTIFICATE_REQUEST = 13,
	MSG_SERVER_HELLO_DONE = 14,
	MSG_CERTIFICATE_STATUS = 22,
	MSG_HEADER_LEN = 4,
};

// A handshake record of `d` begins; its header is in the lane.
void tls_handshake_begin(struct tls *t, const struct tls_env *env, enum dir d);

// The next `len` octets of its body (at most what is left of it), `at` the place of p[0].
// Messages that are opened are read where they lie when whole in `p`, otherwise collected; all else is skipped by length.
void tls_handshake_take(
	struct tls *t, struct tls_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len);

// `missing` octets of the body will never come.
void tls_handshake_gap(struct tls *t, struct tls_env *env, enum dir d, uint64_t missing);

// Forgets the message in hand and gives back its room.
void tls_handshake_reset(struct tls *t, struct tls_env *env, enum dir d);

// Keeps octets of a message that is not whole in one run. False when there is no memory.
bool tls_handshake_collect(struct tls_lane *lane, struct tls_env *env, const uint8_t *p, uint32_t len);

// Handshake messages inside records: several in one, one across several. RFC 5246 7.4, 8446 4, 5.1.
#pragma once

#include "dissect/tls/tls.h"

// A handshake record of `d` begins; its header is in the lane.
void tls_handshake_begin(struct tls *t, enum dir d);

// The next `len` octets of its body (at most what is left of it), `at` the place of p[0].
// Hellos are opened where they lie when whole in `p`, otherwise collected; all else is skipped by length.
void tls_handshake_take(
	struct tls *t, struct tls_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len);

// `missing` octets of the body will never come.
void tls_handshake_gap(struct tls *t, struct tls_env *env, enum dir d, uint64_t missing);

// Forgets the message in hand and gives back its chunk.
void tls_handshake_reset(struct tls *t, struct tls_env *env, enum dir d);

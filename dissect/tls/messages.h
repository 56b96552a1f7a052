// Handshake messages, opened: what each says goes into the facts, what the judge must open is shipped.
// RFC 5246 7.4, 8422 5.4, 5077 3.3, 6066 8, 7250 3.
#pragma once

#include "dissect/bytes.h"
#include "dissect/tls/tls.h"

// Whether a message of this type and direction is opened (else its header is all that counts).
bool tls_message_opened(const struct tls *t, enum dir d, uint8_t type);

// A whole message; `end` is the stream offset behind it. `at`: the place of its last run.
void tls_message_take(
	struct tls *t, struct tls_env *env, enum dir d, uint8_t type, const struct place *at, struct bytes body, uint32_t end);

// A message went by that is not opened, or that there was no room to open; `len` octets.
void tls_message_noted(struct tls *t, struct tls_env *env, enum dir d, uint8_t type, const struct place *at, uint32_t len);

// Gives back the client's offer.
void tls_message_forget(struct tls *t, struct tls_env *env);

// Hands octets on to the judge.
void tls_ship(const struct tls *t, struct tls_env *env, enum handshake_kind kind, enum dir d, bool cut, const uint8_t *p, size_t len);

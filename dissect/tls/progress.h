// How far a handshake got: what was completed, resumed, alerted, and who spoke first. DESIGN section 2, "completed".
//
// Told by record headers and the ServerHello only. "What had the client received when it sent this" is answered by
// the acknowledgement its record travelled with (place.acked), never by packet order.
#pragma once

#include "dissect/tls/hello.h"
#include "dissect/tls/tls.h"

// True when `acked` covers the stream up to `end` (both modulo 2^32).
static inline bool tls_reached(uint32_t acked, uint32_t end)
{
	return (int32_t)(acked - end) >= 0;
}

// The ServerHello (no HelloRetryRequest) whose last octet stands before stream offset `end`. NULL: it went by, but
// there was no memory to open it.
void tls_progress_server_hello(
	struct tls *t, struct tls_env *env, const struct tls_server_hello *sh, const struct place *at, uint32_t end);

// A change_cipher_spec record of `d` that ends before stream offset `end`.
void tls_progress_ccs(struct tls *t, struct tls_env *env, enum dir d, const struct place *at, uint32_t end);

// The header of an application_data record of `d` with `len` octets of body; `begin` is its first octet's offset.
void tls_progress_appdata(
	struct tls *t, struct tls_env *env, enum dir d, const struct place *at, uint32_t begin, uint16_t len);

// A clear alert record.
void tls_progress_alert(
	struct tls *t, struct tls_env *env, enum dir d, const struct place *at, uint8_t level, uint8_t code);

// The connection ended.
void tls_progress_end(struct tls *t, struct tls_env *env);

// JA4, the TLS client fingerprint of FoxIO (BSD 3-Clause; the other members of its family have another licence and are
// not here). Technical details: github.com/FoxIO-LLC/ja4, "JA4: TLS Client Fingerprinting".
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/peer.h"

// `hello` is the body of a ClientHello over TCP, without its handshake header. True and `out` NUL-terminated; false when it
// cannot be read (`out` is then empty). Pure but for hashing; any thread.
bool ja4_of(char out[PEER_JA4_LEN + 1], const uint8_t *hello, size_t len);

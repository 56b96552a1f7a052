// Names of TLS code points, as the IANA registries and EVE records spell them. Pure; any thread.
//
// NULL: no such name, the caller prints hex. GREASE values have none (RFC 8701).
#pragma once

#include <stdbool.h>
#include <stdint.h>

const char *tls_suite_name(uint16_t suite);     // "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
const char *tls_group_name(uint16_t group);     // "x25519"
const char *tls_version_name(uint16_t version); // "TLS 1.2", "SSLv3"
const char *tls_alert_name(uint8_t code);       // "handshake_failure"

// Below the floor whoever the peer is (DESIGN section 2, verdict `weak`): NULL, EXPORT, RC4, DES, 3DES. Told from the
// registry's name; an unknown suite is not weak. RC2 and DES40 occur only in EXPORT suites.
bool tls_suite_is_weak(uint16_t suite);

// Nobody is authenticated: DH_anon, ECDH_anon.
bool tls_suite_is_anon(uint16_t suite);

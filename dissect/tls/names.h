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

// Below the floor whoever the peer is (DESIGN section 2, verdict `weak`): NULL, EXPORT, RC4, DES, 3DES. An unknown
// suite is not weak. RC2 and DES40 occur only in EXPORT suites.
bool tls_suite_is_weak(uint16_t suite);

// Nobody is authenticated: DH_anon, ECDH_anon, and NULL_WITH_NULL_NULL.
bool tls_suite_is_anon(uint16_t suite);

// ---- what a cipher suite is made of: one generated table (dissect/tls/tables.py) ----

enum tls_kex { KEX_UNKNOWN, KEX_NULL, KEX_RSA, KEX_RSA_EXPORT, KEX_DH, KEX_DHE, KEX_DHE_EXPORT, KEX_ECDH, KEX_ECDHE, KEX_PSK,
	KEX_DHE_PSK, KEX_ECDHE_PSK, KEX_RSA_PSK, KEX_KRB5, KEX_SRP, KEX_GOST, KEX_ANY /* TLS 1.3: the key_share tells */, KEX_OTHER };
enum tls_auth { AUTH_UNKNOWN, AUTH_NULL, AUTH_ANON, AUTH_RSA, AUTH_DSS, AUTH_ECDSA, AUTH_PSK, AUTH_KRB5, AUTH_SRP, AUTH_GOST,
	AUTH_ANY /* TLS 1.3 */, AUTH_OTHER };
enum tls_cipher { CIPHER_UNKNOWN, CIPHER_NULL, CIPHER_RC4, CIPHER_RC2, CIPHER_DES, CIPHER_3DES, CIPHER_IDEA, CIPHER_SEED,
	CIPHER_CAMELLIA, CIPHER_ARIA, CIPHER_AES, CIPHER_CHACHA20, CIPHER_GOST, CIPHER_OTHER };
enum tls_mode { MODE_UNKNOWN, MODE_NONE, MODE_STREAM, MODE_CBC, MODE_GCM, MODE_CCM, MODE_CCM8, MODE_POLY1305, MODE_OTHER };
enum tls_hash { TLS_HASH_UNKNOWN, TLS_HASH_NULL, TLS_HASH_MD5, TLS_HASH_SHA1, TLS_HASH_SHA256, TLS_HASH_SHA384, TLS_HASH_OTHER };

struct tls_suite {
	uint16_t value;
	const char *name;
	uint8_t kex, auth, cipher, mode, hash; // the enums above; `hash` is the MAC's, with AEAD the PRF's
	uint16_t key_bits;                     // effective, of the cipher: 40 for EXPORT, 112 for 3DES, 0 for NULL
	bool tls13;
	bool forward_secrecy; // an ephemeral exchange, always; TLS 1.3: unless it is psk_ke, which the suite does not tell
	bool export_grade;    // weakened on purpose: an EXPORT or EXPORT1024 suite
};

// NULL: not in the registry, or GREASE.
const struct tls_suite *tls_suite_find(uint16_t suite);
bool tls_value_is_grease(uint16_t value); // RFC 8701
bool tls_group_is_pq(uint16_t group);     // a post-quantum or hybrid key exchange
uint16_t tls_group_curve_bits(uint16_t group); // field size of an elliptic curve; 0: none, or not in the registry
const char *tls_scheme_name(uint16_t scheme); // SignatureScheme, also the (hash, signature) pairs of TLS 1.2
bool tls_scheme_is_weak(uint16_t scheme);     // MD5, SHA-1 or SHA-224 (RFC 9155)
const char *tls_sslv2_kind_name(uint32_t kind); // "SSL_CK_RC4_128_WITH_MD5"
// What a CIPHER-KIND of SSL 2.0 is made of: enum tls_cipher, CIPHER_UNKNOWN for 0 and for what is no kind.
enum tls_cipher tls_sslv2_kind_cipher(uint32_t kind, bool *export_grade);

// A well-known Diffie-Hellman prime, by the XXH3 digest of its octets without leading zeros; NULL: none we know.
struct tls_prime {
	uint64_t digest;
	const char *name; // "ffdhe2048", "modp1024 (RFC 2409)", "Apache 1024"
	uint16_t bits;
	bool rfc7919;
	bool safe;        // a safe prime with a known origin (RFC 2409, 3526, 7919)
};
const struct tls_prime *tls_prime_find(uint64_t digest);

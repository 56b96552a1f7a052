// ServerKeyExchange of TLS 1.2 and older: group, Diffie-Hellman prime, signature scheme. RFC 5246 7.4.3, 8422 5.4, 4279. Pure.
#pragma once

#include "dissect/bytes.h"

enum { GROUP_EXPLICIT_PRIME = 0xff01, GROUP_EXPLICIT_CHAR2 = 0xff02 }; // the registry's numbers for explicit curves

struct tls_key_exchange {
	uint16_t group;    // named curve, or GROUP_EXPLICIT_*; 0 no curve
	uint16_t dh_bits;  // significant bits of dh_p; 0 no Diffie-Hellman over a prime field
	uint64_t dh_prime; // XXH3 of its octets without leading zeros
	uint16_t rsa_bits; // of the temporary key of an EXPORT suite
	uint16_t scheme;   // SignatureScheme; 0: unsigned, or TLS <= 1.1
};

// `suite` says what the octets mean. PARSE_BAD also where its key exchange is not one that is read here.
enum parse tls_key_exchange_parse(struct bytes body, uint16_t suite, uint16_t version, struct tls_key_exchange *out);

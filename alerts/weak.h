// What makes TLS `weak` (DESIGN section 2): the floor below which encryption is not worth its name, whoever the peer is.
#pragma once

#include "alerts/session.h"

enum weak {
	WEAK_VERSION,   // SSL, TLS 1.0, TLS 1.1
	WEAK_NULL,      // no encryption
	WEAK_EXPORT,    // 40 or 56 bits on purpose, or a temporary RSA key of 512
	WEAK_RC4,
	WEAK_DES,
	WEAK_3DES,
	WEAK_ANONYMOUS, // nobody was authenticated though somebody had to be
	WEAK_DH,        // a prime below 2048 bits
	WEAK_RSA,       // the server's key below 2048 bits
	WEAK_N,
};

// Bits 1 << enum weak of what was negotiated, as far as it was seen; 0 before a ServerHello and for what could not be read.
uint16_t weak_of(const struct session *s);

const char *weak_name(enum weak w); // as records have it: "version", "3des"

// Bits of the server's RSA key, where its certificate or bare key was seen; 0: there is none, or it is none.
uint16_t weak_rsa_bits(const struct session *s);

enum { WEAK_DH_BITS = 2048, WEAK_RSA_BITS = 2048, WEAK_TLS12 = 0x0303 };

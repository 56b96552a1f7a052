// What a ClientHello offered, kept until the server has chosen, and what contradicts it. RFC 5246 7.4.1, 8446 4.1.3.
//
// Copied out of the hello without its key shares, so that an offer is small however large the hello was. A list that is
// longer than its room is not compared: `more` says so.
#pragma once

#include "dissect/tls/facts.h"
#include "dissect/tls/hello.h"

enum {
	OFFER_SUITES = 192,   // OpenSSL offers about 150 with everything switched on
	OFFER_EXTENSIONS = 48, // the registry has about 60; a client sends below 25
	OFFER_GROUPS = 32,
	OFFER_SCHEMES = 48,
	OFFER_VERSIONS = 16,
	OFFER_ALPN = 128,     // octets of the list
};

struct offer_list {
	uint16_t n;
	bool present; // the client sent such a list
	bool more;    // ... and a longer one than there is room for
};

struct tls_offer {
	uint8_t random[32];
	uint16_t legacy_version, version; // highest offered
	uint32_t ext;                     // enum tls_ext bits
	struct offer_list suites, extensions, groups, schemes, versions, alpn;
	uint16_t suite[OFFER_SUITES], extension[OFFER_EXTENSIONS], group[OFFER_GROUPS], scheme[OFFER_SCHEMES];
	uint16_t version_[OFFER_VERSIONS];
	uint8_t alpn_octets[OFFER_ALPN];  // as in the extension: length, name
	uint8_t compressions;             // bit 0 null, bit 1 DEFLATE, bit 7 any other
};

void tls_offer_take(struct tls_offer *o, const struct tls_client_hello *ch);

// What of a ServerHello or HelloRetryRequest was not offered: enum tls_unoffered bits; `ext` gets the first extension.
uint8_t tls_offer_unoffered(const struct tls_offer *o, const struct tls_server_hello *sh, uint16_t *ext);

// The same for a curve and a signature scheme of a ServerKeyExchange; 0: none there.
uint8_t tls_offer_unoffered_key(const struct tls_offer *o, uint16_t group, uint16_t scheme);

bool tls_offer_has_suite(const struct tls_offer *o, uint16_t suite);

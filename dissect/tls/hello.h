// ClientHello and ServerHello, opened: the bodies of two handshake messages as plain values.
// RFC 5246 7.4.1, 8446 4.1, 6066 3, 7301 3.1. Pure.
#pragma once

#include "dissect/bytes.h"
#include "dissect/tls/facts.h"

enum { TLS13 = 0x0304 };

// Pointers stay inside the message: valid as long as it is. A list is empty with `at` NULL where the hello lacks it.
struct tls_client_hello {
	uint16_t version;        // highest offered: supported_versions without GREASE, else legacy_version
	uint16_t legacy_version;
	const uint8_t *random;   // 32 octets
	struct bytes session_id;
	struct bytes suites;     // 16-bit values
	struct bytes compressions; // octets
	struct bytes extensions; // all of them, for tls_extension_next()
	struct bytes versions, groups, schemes; // 16-bit values
	struct bytes sni;        // host_name, raw; empty: absent
	struct bytes alpn;       // first protocol; empty: absent
	struct bytes alpn_list;  // all: 8-bit length, name
	struct bytes ticket;     // session_ticket; empty: none in hand
	struct bytes psk;        // first PSK identity
	struct bytes ech;        // the extension's body; at NULL: absent
	uint32_t ext;            // enum tls_ext bits
	bool malformed; // an extension contradicts itself; what it would have said is absent
};

struct tls_server_hello {
	uint16_t version; // supported_versions, else legacy_version
	uint16_t suite;
	uint16_t group; // of key_share; 0 none
	uint8_t compression;
	uint8_t sentinel; // enum tls_sentinel
	uint8_t certificate_type; // server_certificate_type, RFC 7250; 0 X.509
	struct bytes session_id;
	struct bytes extensions;
	struct bytes alpn;
	uint32_t ext; // enum tls_ext bits
	bool retry; // HelloRetryRequest
	bool psk;   // pre_shared_key selected
	bool malformed;
};

struct tls_extension {
	uint16_t type;
	struct bytes body;
};

// The next extension of a list; false at its end or where it is damaged.
bool tls_extension_next(struct bytes *all, struct tls_extension *out);

// `body` is a whole message without its four octets of header. PARSE_DONE or PARSE_BAD (`out` then means nothing).
enum parse tls_hello_client(struct bytes body, struct tls_client_hello *out);
enum parse tls_hello_server(struct bytes body, struct tls_server_hello *out);

// True when `suite` is in a list of suites, however long; signalling values are such, too.
bool tls_hello_offers(struct bytes suites, uint16_t suite);

// Kinds of application protocols in an ALPN list: enum tls_alpn_kind bits.
uint8_t tls_alpn_kinds(struct bytes list);

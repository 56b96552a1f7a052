// ClientHello and ServerHello, opened: the bodies of two handshake messages as plain values.
// RFC 5246 7.4.1, 8446 4.1, 6066 3, 7301 3.1. Pure.
#pragma once

#include "dissect/bytes.h"

enum { TLS13 = 0x0304 };

// Pointers stay inside the message: valid as long as it is.
struct tls_client_hello {
	uint16_t version; // highest offered: supported_versions without GREASE, else legacy_version
	struct bytes session_id;
	struct bytes sni;  // host_name, raw; empty: absent
	struct bytes alpn; // first protocol; empty: absent
	bool ech;
	bool malformed; // an extension contradicts itself; what it would have said is absent
};

struct tls_server_hello {
	uint16_t version; // supported_versions, else legacy_version
	uint16_t suite;
	uint16_t group; // of key_share; 0 none
	struct bytes session_id;
	bool retry; // HelloRetryRequest
	bool psk;   // pre_shared_key selected
	bool malformed;
};

// `body` is a whole message without its four octets of header. PARSE_DONE or PARSE_BAD (`out` then means nothing).
enum parse tls_hello_client(struct bytes body, struct tls_client_hello *out);
enum parse tls_hello_server(struct bytes body, struct tls_server_hello *out);

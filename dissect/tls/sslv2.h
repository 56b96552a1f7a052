// SSL 2.0 as far as old clients and servers still speak it: the hello that begins any version, and, where the server
// answers in kind, its ServerHello with the certificate and the client's choice. RFC 5246 E.2, RFC 6176;
// draft-hickman-netscape-ssl-00 2.5 to 2.7. Everything behind that is encrypted without a mark to tell it by.
#pragma once

#include "dissect/tls/tls.h"

// Record header 2, message type 1, and two octets: version, hit and certificate type, or the first two of the kind.
enum { SSLV2_HEADER_LEN = 5, SSLV2_VERSION = 0x0002 };

// Whether h[0..n) (n <= SSLV2_HEADER_LEN) can begin the next SSL 2.0 record of `d`.
bool tls_sslv2_plausible(const struct tls_facts *f, enum dir d, const uint8_t *h, size_t n);

// Nothing but SSL 2.0 is spoken here.
static inline bool tls_sslv2_only(const struct tls_facts *f)
{
	return f->sslv2_hello && (f->client_version == SSLV2_VERSION || f->server_version == SSLV2_VERSION);
}

// A whole, plausible header in the lane of `d`: notes the facts, sets what is left of the record.
void tls_sslv2_begin(struct tls *t, struct tls_env *env, enum dir d, const struct place *at);

// The next `len` octets of its body.
void tls_sslv2_take(struct tls *t, struct tls_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len);

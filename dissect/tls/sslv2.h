// SSL 2.0 hellos, as old clients send them to begin any version. RFC 5246 E.2, RFC 6176; draft-hickman-netscape-ssl-00.
#pragma once

#include "dissect/tls/tls.h"

enum { SSLV2_HEADER_LEN = 5 }; // record header 2, message type 1, and the version (client) or hit and certificate type

// Whether h[0..n) (n <= SSLV2_HEADER_LEN) can begin the hello of `d`.
bool tls_sslv2_plausible(enum dir d, const uint8_t *h, size_t n);

// A whole, plausible header in the lane of `d`: notes the facts, sets what is left of the record.
void tls_sslv2_begin(struct tls *t, struct tls_env *env, enum dir d, const struct place *at);

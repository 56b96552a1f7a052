// Is a connection on some other port SMTP? Three rules, each on the first octets of one direction:
//   1. the server speaks first with "220 " or "220-" (FTP does, too: so a candidate, until a client's hello settles it)
//   2. the client says EHLO, HELO or LHLO
//   3. the client starts TLS and offers ALPN "smtp" or "esmtp"
// A PROXY header before that is the proxy's word, not the client's: it is worth a look at what follows.
// No library and no credential is involved. A capture that starts in the middle is judged by rule 2 alone.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dissect/facts.h"

// True when p[0..len), the first octets of direction `d`, match a rule or are the beginning of a match.
// Worth a session then; conn_candidate_verdict() decides.
bool classify_candidate(enum dir d, const uint8_t *p, size_t len);

// True when p[0..len), the client's first octets, are a PROXY header (version 1 or 2) or the beginning of one.
bool classify_proxied(const uint8_t *p, size_t len);

// Whose octets these must be, when nobody saw the SYN: DIR_C2S, DIR_S2C, or -1 when they do not tell.
int classify_side(const uint8_t *p, size_t len);

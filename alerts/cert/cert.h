// Opens what servers and clients show of themselves: certificate chains, raw public keys, stapled OCSP responses.
//
// A chain is learned once: what was parsed and verified is kept by the SHA-256 of its octets, bounded, the chain used
// longest ago makes room. Dates are compared with packet time by whoever asks; nothing here knows the clock. What an
// attacker may make us spend is bounded by the CERT_ limits here and in private.h: a chain made to be costly takes some
// ten milliseconds, an ordinary one about one. Beyond them the answer says `costly` and stays right in what it says: a
// path that was not tried is TRUST_NOT_JUDGED, a signature that was not tried leaves self_signed false. Broken framing
// ends a list; what stands whole before it counts. One thread. No network, ever (no AIA, no CRL, no OCSP request).
#pragma once

#include <stddef.h>

#include "alerts/peer.h"

enum {
	CERT_CHAIN_MAX = 10,      // certificates opened of one chain; public chains have 2 to 4
	CERT_DER_MAX = 16384,     // octets of one certificate; large ones of the field have below 8 KiB
	CERT_RSA_BITS_MAX = 8192, // signatures by larger keys are not verified
	CERT_CACHE_MAX = 4096,    // chains remembered
	CERT_KEPT_MAX = 32 << 20, // octets of chains kept: eight thousand of 4 KiB, more than are new while an answer is awaited
	CERT_KEPT_LEN_MAX = 65536, // of one; longer ones do not reach us from the wire, and are not kept
};

struct cert;

struct cert_config {
	const char *trust_store; // PEM bundle, or a directory of hashed ones; NULL: no path is judged. Read once, at open
	uint32_t cache_max;      // 0: CERT_CACHE_MAX
	size_t kept_max;         // octets; 0: CERT_KEPT_MAX
};

// 0; -ENOENT and the like when the store cannot be read; -EBADMSG when it holds no certificate, or one that is damaged.
// *out is NULL then. `config` may be NULL.
int cert_open(struct cert **out, const struct cert_config *config);
void cert_close(struct cert **c);

// How the trust store is named in records and pages: file name, number of certificates, and the first octets of a digest
// over them (in no order), "ca-certificates.crt (142, 1f3a9c07)". Empty without one.
const char *cert_store_name(const struct cert *c);

// When the newest certificate of a public trust store begins (Unix time). 0: no store, or one of fewer than
// CERT_PUBLIC_STORE certificates: an organisation's own roots are old in good order.
enum { CERT_PUBLIC_STORE = 50 };
int64_t cert_store_newest(const struct cert *c);

// The server's certificate_list as in struct message_handshake. Fills p->server, the chain's members, trust, vendor,
// costly; and p->names against `reference` (a host name as the wire had it, NULL or empty: not asked; an address matches
// an iPAddress only). Keeps the octets (p->chain_sha256). Ends p->raw_key. Leaves the rest.
void cert_take_chain(struct cert *c, struct peer *p, const uint8_t *list, size_t len, const char *reference);

// The client's. Fills p->client only, without SANs.
void cert_take_client(struct cert *c, struct peer *p, const uint8_t *list, size_t len);

// A raw public key of the server (DER of SubjectPublicKeyInfo). Fills p->raw_key and of p->server what is known then;
// the chain's members say that there is none. Keeps the octets (p->chain_sha256).
void cert_take_key(struct cert *c, struct peer *p, const uint8_t *spki, size_t len);

// An OCSPResponse stapled to the chain last given to cert_take_chain() for this `p`; `now_s` is packet time. Fills the
// staple's members, and p->costly when it was too much.
void cert_take_staple(struct cert *c, struct peer *p, const uint8_t *list, size_t list_len, const uint8_t *ocsp,
                      size_t ocsp_len, int64_t now_s);

// What was shown lately, by peer.chain_sha256, the SHA-256 of its octets: whoever compares it with policy may learn the
// policy later. Of a raw key the last bit of the digest is turned, so that octets which one server sent as a list are
// never taken for the key of another. Bounded in octets; what was used longest ago leaves. False: forgotten, or never
// there.
struct cert_kept {
	const uint8_t *octets; // certificate_list, or the SubjectPublicKeyInfo of a raw key; valid until the next take
	size_t len;
	bool raw_key;
};
bool cert_kept_find(struct cert *c, const uint8_t sha256[32], struct cert_kept *out);

// enum peer_names of the leaf of what is kept; NAMES_NOT_ASKED where it is forgotten or has no certificate.
uint8_t cert_kept_names(struct cert *c, const uint8_t sha256[32], const char *reference);

// Chains in the cache, and how often one was found there or not. For tests and `stats`.
struct cert_counts {
	uint64_t hits, misses, evicted, costly;
	uint32_t kept;
};
struct cert_counts cert_counts(const struct cert *c);

// What the judge learned of the two ends of a session by opening handshake octets: the client's fingerprint, the
// certificates, and what a key log showed. Plain data without pointers, kept by value with the session.
//
// Everything here was said by the wire and is attacker text; names are octets as they stood in the certificate, bounded,
// not escaped but for what RFC 2253 escapes and for NUL, which is written \00 wherever it stood. Certificates are judged
// by themselves and against a trust store, never against policy: that is the expectation's part.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	PEER_NAME_MAX = 160,   // octets of a distinguished name in RFC 2253 form; longer ones are cut
	PEER_SERIAL_MAX = 64,  // hexadecimal digits and colons of a serial number (RFC 5280: 20 octets, and a 00 before them)
	PEER_SANS_MAX = 8,     // subjectAltName entries kept; the rest is counted
	PEER_SAN_TEXT = 384,   // octets of all of them
	PEER_JA4_LEN = 36,
	PEER_SESSION_LEN = 26, // RECORD_ID_LEN
	PEER_VENDOR_MAX = 48,
};

enum peer_key { KEY_NONE, KEY_RSA, KEY_EC, KEY_ED25519, KEY_ED448, KEY_DSA, KEY_RSA_PSS, KEY_OTHER };

// Hash of a certificate's signature. SIG_OTHER: none that is weak (Ed25519, SHA-3, post-quantum).
enum peer_hash { HASH_UNKNOWN, HASH_MD5, HASH_SHA1, HASH_SHA224, HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_OTHER };

// One certificate.
struct certificate {
	bool present;              // all else means nothing without it
	bool unreadable;           // it is no X.509, or (peer.costly) too large to be opened; only the digests are known
	uint8_t sha1[20];          // of the DER: EVE's `fingerprint`
	uint8_t sha256[32];
	uint8_t spki_sha256[32];   // of SubjectPublicKeyInfo: TLSA selector 1
	char subject[PEER_NAME_MAX], issuer[PEER_NAME_MAX]; // RFC 2253, NUL-terminated
	char serial[PEER_SERIAL_MAX]; // "0A:1B"
	int64_t not_before_s, not_after_s; // Unix time; INT64_MIN and INT64_MAX where it cannot be read, so that both hold
	uint8_t key;               // enum peer_key
	uint16_t key_bits;         // RSA modulus, EC order, DSA p; 0 unknown
	char curve[24];            // EC: OpenSSL's short name
	uint8_t hash;              // enum peer_hash of its signature; HASH_UNKNOWN: an algorithm we do not have
	bool self_issued;          // subject equals issuer
	bool self_signed;          // ... and its key made its signature
	bool must_staple;          // TLS feature status_request, RFC 7633
	bool is_ca;
	uint16_t n_sans;           // entries of type dNSName and iPAddress in all
	uint8_t n_sans_kept;
	uint16_t san_off[PEER_SANS_MAX], san_len[PEER_SANS_MAX]; // into san_text
	char san_text[PEER_SAN_TEXT]; // dNSName as it stood, iPAddress as text; those that fit
};

// Path from the leaf to the trust store. Dates are left out: they are findings of their own.
enum peer_trust {
	TRUST_NOT_JUDGED,   // no store, no certificate, or what we did not open (costly, an unknown algorithm) might decide
	TRUST_OK,
	TRUST_SELF_SIGNED,  // the leaf, and it is not in the store
	TRUST_INCOMPLETE,   // an issuer is neither sent nor in the store
	TRUST_ROOT_UNKNOWN, // the chain is whole, its root is not in the store
	TRUST_BROKEN,       // a signature or a constraint in the chain is wrong, wherever it leads
};

// A stapled OCSP response, RFC 6960. Verified: signed by the leaf's issuer (or its delegate) as sent or in the store.
// Unverified as well: about another certificate, or signed by nobody ("try later"). Stale: a good or unknown status, or
// a hold, out of its time; a revocation stays one.
enum peer_staple { STAPLE_NONE, STAPLE_GOOD, STAPLE_REVOKED, STAPLE_UNKNOWN, STAPLE_STALE, STAPLE_UNREADABLE, STAPLE_UNVERIFIED };

enum peer_names { NAMES_NOT_ASKED, NAMES_MATCH, NAMES_DIFFER }; // the leaf against a reference name, RFC 9525

// What the key log gave for this session.
enum peer_keylog {
	KEYLOG_OFF,        // none was asked for, or nothing of this session is encrypted that it would open
	KEYLOG_NO_SECRET,  // no line for this client random (or it came too late)
	KEYLOG_WRONG,      // there is a line, and it does not open the records
	KEYLOG_INCOMPLETE, // opened, but records are missing or what was sent is beyond our bounds
	KEYLOG_OPENED,
};

struct peer {
	// The client.
	char ja4[PEER_JA4_LEN + 1]; // empty: no ClientHello that could be read
	char asked[256];            // the SNI, where it can be a host name; empty: none
	struct certificate client;    // its certificate; SANs are not kept
	// The server. `server` is the leaf.
	struct certificate server;
	bool raw_key;               // no certificate but a key (server.present is false): server.spki_sha256, key, key_bits
				    // and curve are set, or unreadable
	bool from_keylog;           // read with a key log, not from the wire
	bool costly;                // cut off: more or larger than we open (see alerts/cert/cert.h); what is set is right
	uint8_t n_certs;            // certificates sent, saturating
	uint8_t n_opened;           // of them, opened and readable
	// Over the intermediates that were sent (no leaf, no self-signed ones): the weakest.
	uint8_t chain_weak_key;     // enum peer_key of an RSA key below 2048 or EC below 256 bits; KEY_NONE none
	uint16_t chain_weak_bits;
	uint8_t chain_weak_hash;    // enum peer_hash MD5, SHA1 or SHA224 signature; HASH_UNKNOWN none
	uint8_t trust;              // enum peer_trust
	// What the intermediates of the path allow: the latest of their beginnings, the earliest of their ends. INT64_MIN and
	// INT64_MAX: there is none. Means nothing without `server.present`.
	int64_t chain_not_before_s, chain_not_after_s;
	uint8_t names;              // enum peer_names, against the SNI; NAMES_NOT_ASKED also for what cannot be read
	uint8_t staple;             // enum peer_staple
	int64_t staple_next_update_s; // 0: none given
	char vendor[PEER_VENDOR_MAX]; // a known default or placeholder certificate; empty: no
	// What was shown, in the judge's store of chains (cert_kept_find()); all zero: nothing that was whole. Of a linked
	// resumption (below), what the full handshake showed.
	uint8_t chain_sha256[32];
	bool chain_inherited;
	// What TLS 1.3 hides, read with a key log.
	uint8_t keylog;             // enum peer_keylog
	uint16_t verify_scheme;     // SignatureScheme of CertificateVerify; 0 not seen
	bool alert_seen;            // an alert in the handshake's protection
	uint8_t alert_level, alert_code, alert_dir; // enum dir
	// Resumption: the session whose full handshake this one goes back to; empty: not linked.
	char linked[PEER_SESSION_LEN + 1];
};

// The server's certificate beside RFC 5280 and the trust store: path, dates, and `names` (enum peer_names of whatever host
// it should be). Unknown: there is none, or it could not be judged; `now_s` 0: no clock.
enum peer_pkix { PKIX_UNKNOWN, PKIX_VALID, PKIX_INVALID };
enum peer_pkix peer_pkix(const struct peer *p, uint8_t names, int64_t now_s);

// A digest of octets that were shown; all zero is none.
static inline bool peer_shown(const uint8_t sha256[32])
{
	static const uint8_t nothing[32];
	return memcmp(sha256, nothing, sizeof(nothing)) != 0;
}

// DANE for SMTP: which TLSA records count, and whether what a server showed is what they promised. RFC 7672, 7671, 6698.
//
// The comparing is OpenSSL's own, on the chain as it was on the wire, at packet time: names and dates count for DANE-TA(2)
// only, how strong keys are never does (that is a finding of its own). What anybody may make us spend, with a chain or
// with records, is bounded as in alerts/cert/cert.h. An answer is remembered for as long as no date of a certificate in
// it is passed. An ordinary chain takes 0.3 to 0.8 ms the first time and 0.2 us from then on, what was made to be costly
// at most 16 ms (a machine of 2023); `meson test -v 'alerts expect dane cost'` prints it for the one at hand.
// No network. One thread.
#pragma once

#include "alerts/cert/cert.h"
#include "alerts/expect/policy.h"

// What stands in a set, before any certificate.
struct dane_set {
	uint8_t n_usable;       // DANE-TA(2) and DANE-EE(3) that are well formed, RFC 7672 3.1; a whole certificate or key decodes
	uint8_t n_unusable;
	uint8_t n_counted;      // usable ones left after digest agility, RFC 7671 9
	bool agility_differs;   // weaker digests stand beside fewer stronger ones: those of a key the stronger ones do not have do
				// not count, and whoever relies on one fails. As many of both may still be of other keys:
				// then a comparison tells it (dane_match.what)
	uint32_t counted;       // bit i: record i counts
};

// Each whole certificate or key in it is decoded: 50 us for one, nothing to speak of for digests.
void dane_set_read(struct dane_set *out, const struct policy_tlsa_set *t);

enum dane_outcome {
	DANE_OUTCOME_NONE,       // nothing to compare with: no usable record, or no chain
	DANE_OUTCOME_MATCH,
	DANE_OUTCOME_MISMATCH,   // no record fits anything that was shown
	DANE_OUTCOME_TA_MISSING, // only DANE-TA(2) digests, none of them of a certificate that was sent, and the chain ends below
				 // its root: what was promised may be what was left out
	DANE_OUTCOME_TA_NAME,    // the anchor fits, the leaf has none of the names
	DANE_OUTCOME_TA_DATE,    // the anchor fits, it or something below it is out of its time
	DANE_OUTCOME_TA_CHAIN,   // the anchor fits, what is between it and the leaf does not hold: signatures, constraints, purposes;
				 // or it was sent and nothing leads to it
	DANE_OUTCOME_COSTLY,     // what we do not open, or not try, might fit
};

// What was shown fits no record, and was compared.
static inline bool dane_contradicts(uint8_t outcome)
{
	return outcome != DANE_OUTCOME_NONE && outcome != DANE_OUTCOME_MATCH && outcome != DANE_OUTCOME_COSTLY;
}

struct dane_match {
	uint8_t outcome;        // enum dane_outcome
	int8_t record;          // index of the record that matched, or that came closest; -1
	uint8_t depth;          // of the certificate that it matched, 0 the leaf; below a bare key (2 1 0) that is not sent
	char what[64];          // "3 1 1 at depth 0": for `why` and details; printable
};

// What was shown: certificates as in struct message_handshake, or a raw public key.
struct dane_shown {
	const uint8_t *octets;
	size_t len;
	bool raw_key;
	const uint8_t *sha256;  // of the octets, or another name that is theirs alone (peer.chain_sha256); NULL: not known
};

// OpenSSL's contexts, and the answers of before: DANE_CACHE_MAX of them, an older one leaves.
struct dane_memory;
enum { DANE_CACHE_MAX = 8192 }; // sessions of an hour go to fewer servers
int dane_open(struct dane_memory **out); // 0 or -ENOMEM
void dane_close(struct dane_memory **d);

// dane_set_read(), remembered.
void dane_read(struct dane_memory *d, struct dane_set *out, const struct policy_tlsa_set *t);

enum { DANE_NAMES_MAX = 6 };

// `names`: reference identifiers, the TLSA base domain first (RFC 7672 3.2.2); they count for usage 2 only, and what is no
// host name is not among them. `now_s`: packet time; 0: not known, no date is looked at.
void dane_compare(struct dane_memory *d, struct dane_match *out, const struct dane_shown *shown, const struct policy_tlsa_set *t,
                  const char *const *names, size_t n_names, int64_t now_s);

// For tests and `stats`.
struct dane_counts {
	uint64_t hits, misses;
};
struct dane_counts dane_counts(const struct dane_memory *d);

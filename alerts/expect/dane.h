// DANE for SMTP: which TLSA records count, and whether what a server showed is what they promised. RFC 7672, 7671, 6698.
//
// The comparing is OpenSSL's own, on the chain as it was on the wire, at packet time. Costs are bounded as in
// alerts/cert/cert.h. No network. One thread.
#pragma once

#include "alerts/cert/cert.h"
#include "alerts/expect/policy.h"

// What stands in a set, before any certificate.
struct dane_set {
	uint8_t n_usable;       // DANE-TA(2) and DANE-EE(3) that are well formed, RFC 7672 3.1
	uint8_t n_unusable;
	uint8_t n_counted;      // usable ones left after digest agility, RFC 7671 9
	bool agility_differs;   // a weaker digest stands beside a stronger one for a key the stronger ones do not have as well:
				// it does not count, and whoever relies on it fails
	uint32_t counted;       // bit i: record i counts
};

void dane_set_read(struct dane_set *out, const struct policy_tlsa_set *t);

enum dane_outcome {
	DANE_OUTCOME_NONE,       // nothing to compare with: no usable record, or no chain
	DANE_OUTCOME_MATCH,
	DANE_OUTCOME_MISMATCH,   // no record fits anything that was shown
	DANE_OUTCOME_TA_MISSING, // only DANE-TA(2) digests, none of them of a certificate that was sent
	DANE_OUTCOME_TA_NAME,    // the anchor fits, the leaf has none of the names
	DANE_OUTCOME_TA_DATE,    // the anchor fits, something below it is out of its time
	DANE_OUTCOME_TA_CHAIN,   // the anchor fits, the signatures between it and the leaf do not
	DANE_OUTCOME_COSTLY,     // not tried: more than we open
};

struct dane_match {
	uint8_t outcome;        // enum dane_outcome
	int8_t record;          // index of the record that matched, or that came closest; -1
	uint8_t depth;          // of the certificate that it matched, 0 the leaf
	char what[64];          // "3 1 1 at depth 0": for `why` and details
};

// What was shown: certificates as in struct message_handshake, or a raw public key.
struct dane_shown {
	const uint8_t *octets;
	size_t len;
	bool raw_key;
};

enum { DANE_NAMES_MAX = 6 };

// `names`: reference identifiers, the TLSA base domain first (RFC 7672 3.2.2); they count for usage 2 only.
void dane_compare(struct dane_match *out, const struct dane_shown *shown, const struct policy_tlsa_set *t,
                  const char *const *names, size_t n_names, int64_t now_s);

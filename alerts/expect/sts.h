// What a domain publishes about MTA-STS and TLSRPT, as text to values: the TXT records and the policy file. RFC 8461 3.1, 3.2,
// RFC 8460 3. Plain parsing, no network: everything here is somebody's text. Re-entrant.
#pragma once

#include "alerts/expect/policy.h"

enum {
	STS_BODY_MAX = 65536,          // octets of a policy file, RFC 8461 3.3: "at least 64 kilobytes"
	STS_MAX_AGE_MAX = 31557600,    // RFC 8461 3.2: about a year
};

enum sts_record {
	STS_RECORD_ABSENT,
	STS_RECORD_VALID,
	STS_RECORD_BAD,   // several, or one that does not parse: as good as none, RFC 8461 3.1
};

// One character-string sequence of a TXT record as it is on the wire: length octet, text, ... RFC 1035 3.3.14.
struct sts_txt {
	const uint8_t *octets;
	size_t len;
};

// `id` and `why` are empty where they do not apply.
enum sts_record sts_record_read(const struct sts_txt *txt, size_t n, char id[static POLICY_STS_ID], char why[static POLICY_WHY]);

// Records at _smtp._tls: exactly one "v=TLSRPTv1" with a rua is a policy.
enum policy_tlsrpt sts_tlsrpt_read(const struct sts_txt *txt, size_t n);

struct sts_policy {
	uint8_t mode;       // enum policy_sts_mode: none, testing or enforce
	uint8_t n_mx;
	uint32_t max_age_s;
	char mx[POLICY_STS_MX_MAX][POLICY_NAME];
};

// The policy file. False: `why` says what is wrong. Unknown fields, and a field again after its first, are ignored (3.2).
bool sts_policy_read(struct sts_policy *out, const char *text, size_t len, char why[static POLICY_WHY]);

// What a domain and a mail host have promised, as DNS and MTA-STS told it at one time. Plain values: whoever reads a
// snapshot, asks a resolver or judges a session means these structs, and nobody else's.
//
// A domain names its hosts; what is known of a host (addresses, TLSA) belongs to the host, whoever names it. Nothing
// here was seen on the tap: every `dnssec` is the result of our own validation, or of the snapshot's author. Names are
// A-labels in lower case without the final dot, checked to be host names before they come here.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	POLICY_NAME = 254,        // octets of a name with its NUL, RFC 1035 2.3.4
	POLICY_MX_MAX = 32,       // hosts kept of an MX answer; large mail services have below 10
	POLICY_ADDRESSES_MAX = 32, // kept of a host
	POLICY_TLSA_MAX = 32,     // records kept of an answer; a rollover needs 4
	POLICY_TLSA_LEN = 4096,   // octets of one record's data: a whole certificate (matching type 0)
	POLICY_STS_MX_MAX = 32,   // patterns kept of an MTA-STS policy
	POLICY_STS_ID = 33,       // RFC 8461 3.1: at most 32 alphanumerics
	POLICY_WHY = 120,         // octets of a reason in words
};

// RFC 4033 5. Unknown: nobody asked, or nobody answered in time; never the same as "there is none".
enum policy_dnssec { DNSSEC_UNKNOWN, DNSSEC_SECURE, DNSSEC_INSECURE, DNSSEC_BOGUS, DNSSEC_INDETERMINATE };

const char *policy_dnssec_name(enum policy_dnssec d); // "unknown", "secure" ...

// One TLSA record, RFC 6698 2.1.
struct policy_tlsa {
	uint8_t usage, selector, mtype;
	uint16_t len;             // octets of `data`; 0 where there were more than POLICY_TLSA_LEN: then it is unusable
	const uint8_t *data;      // owned by whoever owns the set
};

struct policy_tlsa_set {
	uint8_t dnssec;           // enum policy_dnssec of the answer, a denial included
	bool more;                // there were records that are not kept: what follows from them is unknown
	uint8_t n;
	uint32_t ttl_s;           // 0: not known
	int64_t as_of_s;          // when it was learned, Unix time
	int64_t until_s;          // of a former set: when it was last seen; else 0
	char base[POLICY_NAME];   // TLSA base domain: _25._tcp.BASE was asked
	const struct policy_tlsa *tlsa;
};

// What a probe of ours saw of it: "the host at that time", never a session's own result.
struct policy_probe {
	int64_t at_s;             // 0: there was none
	uint8_t ip_v, address[16];
	bool starttls;            // offered
	bool tls;                 // and completed
	uint8_t dane;             // enum dane (alerts/session.h) of what it showed
	uint8_t spki_sha256[32];  // all zero: no certificate
};

struct policy_address {
	uint8_t ip_v;             // 4 or 6
	uint8_t octets[16];       // IPv4 in the first four, rest zero
};

struct policy_host {
	char name[POLICY_NAME];
	char canonical[POLICY_NAME]; // where CNAMEs of the name lead; empty: there are none
	uint8_t addresses_dnssec;
	bool addresses_more;      // there were addresses that are not kept
	uint8_t n_addresses;
	uint32_t addresses_ttl_s;
	int64_t as_of_s;
	struct policy_tlsa_set tlsa;   // asked only where the addresses are secure, RFC 7672 2.2.2; else DNSSEC_INSECURE, n 0
	struct policy_tlsa_set former; // what stood there before (as_of_s 0: nothing known): a rollover is no mismatch
	bool denial_broken;       // addresses secure, yet the TLSA question fails: RFC 7672 2.1.3
	struct policy_probe probe;
	char why[POLICY_WHY];     // why something is bogus or indeterminate; printable, empty where nothing is
	const struct policy_address *addresses;
};

enum policy_sts_mode { STS_UNKNOWN, STS_ABSENT, STS_MODE_NONE, STS_TESTING, STS_ENFORCE };
// What is wrong with what the domain publishes, RFC 8461 and the result types of RFC 8460 4.3.
enum policy_sts_fault { STS_FAULT_NONE, STS_FETCH_ERROR, STS_POLICY_INVALID, STS_WEBPKI_INVALID };

const char *policy_sts_mode_name(enum policy_sts_mode m);    // "unknown", "absent", "none", "testing", "enforce"
const char *policy_sts_fault_name(enum policy_sts_fault f);  // "", "sts-policy-fetch-error" ...

struct policy_sts {
	uint8_t mode;             // enum policy_sts_mode: what is in force, from the cache where the fetch failed
	uint8_t fault;            // enum policy_sts_fault of the newest attempt
	bool id_unchanged;        // the policy changed and its id did not
	bool removed;             // record or policy is gone although an enforce policy is still in force (max_age)
	uint8_t n_mx;
	uint32_t max_age_s;
	int64_t as_of_s;
	char id[POLICY_STS_ID];
	char why[POLICY_WHY];
	const char (*mx)[POLICY_NAME]; // patterns: a name, or "*." and a name
};

// True when one of the patterns fits the host, RFC 8461 4.1.
bool policy_sts_lists(const struct policy_sts *s, const char *host);

struct policy_mx {
	uint16_t preference;
	char host[POLICY_NAME];
};

enum policy_tlsrpt { TLSRPT_UNKNOWN, TLSRPT_ABSENT, TLSRPT_PRESENT };

struct policy_domain {
	char name[POLICY_NAME];
	char canonical[POLICY_NAME]; // where CNAMEs of the domain lead, RFC 5321 5.1; empty: there are none
	uint8_t mx_dnssec;
	bool null_mx;             // "0 .", RFC 7505
	bool implicit_mx;         // no MX record: the domain is its own host
	bool mx_more;             // there were hosts that are not kept
	uint8_t n_mx;
	uint8_t tlsrpt;           // enum policy_tlsrpt
	uint32_t mx_ttl_s;
	int64_t as_of_s;
	struct policy_sts sts;
	char why[POLICY_WHY];
	const struct policy_mx *mx; // in the order of the answer
};

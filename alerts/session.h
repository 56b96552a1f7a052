// What the judge concluded of one session at one moment: facts, state, verdict, expectation, findings.
#pragma once

#include "alerts/finding.h"
#include "alerts/inventory.h"
#include "alerts/peer.h"

// DESIGN section 2; in the order of the table, the first that matches is the state.
enum state {
	STATE_IMPLICIT_TLS,
	STATE_PLAIN_AFTER_HANDSHAKE_FAIL,
	STATE_PLAIN_AFTER_REJECT,
	STATE_PLAIN_OFFERED_UNUSED,
	STATE_PLAIN_NOT_OFFERED,
	STATE_PLAIN_HELO_ONLY,
	STATE_STARTTLS_OK,
	STATE_TLS_FAILED_NO_MAIL,
	STATE_REFUSED,
	STATE_UNKNOWN_GAP,
	STATE_NO_MAIL_PROBE,
	STATE_N,
};

enum verdict {
	VERDICT_CLEAR_AGAINST_POLICY,
	VERDICT_CLEAR,
	VERDICT_MISMATCH,
	VERDICT_WEAK,
	VERDICT_VERIFIED,
	VERDICT_ENCRYPTED,
	VERDICT_INCONCLUSIVE,
	VERDICT_NO_MAIL,
	VERDICT_N,
};

enum identity {
	IDENTITY_VERIFIED,
	IDENTITY_MISMATCH,
	IDENTITY_NOT_OBSERVABLE,
	IDENTITY_NOT_REQUIRED,
	IDENTITY_UNKNOWN,
};
enum dane {
	DANE_MATCH,
	DANE_MISMATCH,
	DANE_UNVERIFIABLE,
	DANE_NOT_ENCRYPTED,
	DANE_UNUSABLE,
	DANE_NONE,
	DANE_INSECURE,
	DANE_BOGUS,
	DANE_INDETERMINATE,
	DANE_UNKNOWN,
	DANE_NOT_APPLICABLE,
};
enum direction { DIRECTION_UNKNOWN, DIRECTION_INBOUND, DIRECTION_OUTBOUND, DIRECTION_INTERNAL, DIRECTION_TRANSIT };
enum expect_level { EXPECT_UNKNOWN, EXPECT_NONE, EXPECT_MAY, EXPECT_ENCRYPT, EXPECT_DANE, EXPECT_STS, EXPECT_OPERATOR };

const char *state_name(enum state s);
const char *verdict_name(enum verdict v);
char verdict_class(enum verdict v); // 'A'..'F', '-' for no_mail
const char *identity_name(enum identity i);
const char *dane_name(enum dane d);
const char *direction_name(enum direction d);
const char *expect_level_name(enum expect_level l);
const char *role_name(enum session_role r);
const char *session_end_name(enum session_end e); // "fin", "rst", ...; "open" while it goes on
const char *offer_name(const struct facts *f);    // starttls.offered of DESIGN section 2

// What is worth a finding of its own, of the domain or of its host. Bits of expectation.notes.
enum expect_note {
	NOTE_MX_CNAME = 1 << 0,        // the MX target is an alias
	NOTE_MX_INSECURE = 1 << 1,     // the MX answer is not signed, the host's TLSA is
	NOTE_MX_ELSEWHERE = 1 << 2,    // the server has no address of any of the domain's hosts
	NOTE_NULL_MX = 1 << 3,         // the domain takes no mail
	NOTE_DENIAL_BROKEN = 1 << 4,   // addresses are signed, the question for TLSA fails
	NOTE_TLSA_SINGLE = 1 << 5,     // one usable record: no next key
	NOTE_AGILITY = 1 << 6,         // a weaker digest without its stronger sibling
	NOTE_ROLLOVER = 1 << 7,        // what was shown fits only one of two sets that were in use
	NOTE_STS_ID_UNCHANGED = 1 << 8,
	NOTE_STS_REMOVED = 1 << 9,
	NOTE_TLSRPT_ABSENT = 1 << 10,
	NOTE_STALE = 1 << 11,          // learned longer ago than it is good for, or long after the session
	NOTE_CANDIDATES = 1 << 12,     // the server may be several hosts, and they promise different things
	NOTE_NAME_OPEN = 1 << 13,      // whose certificate it should be depends on a recipient that was not seen
	NOTE_SNI_OTHER = 1 << 15,      // the client asked for a name that is none of the server's
	NOTE_PROBE_OFFERS = 1 << 16,   // a probe of ours was offered STARTTLS by this very address, within a day
};

// What DANE promises of the server, by how much it asks: of several recipients' domains the strictest counts. RFC 7672 2.
enum promise {
	PROMISE_UNKNOWN,
	PROMISE_NONE,          // it is proven that there is no TLSA record
	PROMISE_INSECURE,      // answers are not signed: DANE does not apply
	PROMISE_INDETERMINATE, // no answer, and no proof: a sender defers
	PROMISE_BOGUS,         // signatures are wrong: likewise
	PROMISE_UNUSABLE,      // records, none of them usable: TLS, without authentication
	PROMISE_USABLE,        // TLS, with what the records say
};

// What policy says should have happened, and how what was shown compares. All zero: nobody knows.
struct expectation {
	enum expect_level level;
	bool enforced;            // clear mail is against it (DANE secure with TLSA, MTA-STS enforce, operator)
	bool identity_required;
	char domain[256], mx[256], source[16]; // A-labels, or empty
	uint8_t confidence;       // enum confidence: most that may be claimed with it
	uint8_t dnssec;           // enum policy_dnssec, of the weakest answer it rests on
	uint8_t promise;          // enum promise
	uint8_t tlsa_n, tlsa_usable;
	uint8_t outcome;          // enum dane_outcome: what was shown, beside the records
	uint8_t sts_mode, sts_fault; // enums of alerts/expect/policy.h
	bool sts_mx_unlisted;     // the host fits none of the policy's patterns
	uint8_t sts_names;        // enum peer_names: the leaf beside the host's name
	uint8_t n_unknown;        // seen domains of which nothing is known
	uint32_t notes;           // enum expect_note bits
	int64_t as_of_s;          // the oldest of what it rests on; 0 not known
	char what[64];            // record that matched or came closest; or why something is bogus
};

enum {
	SESSION_FINDINGS_MAX = 80, // more than facts that contradict each other can bring about (test_rules_tls.c)
	SESSION_WHY_MAX = 16,
	SESSION_WHY_LEN = 64,
	RECORD_ID_LEN = 26,
};

// Where a tap stands (taps[].side).
enum tap_side { TAP_MID, TAP_CLIENT, TAP_SERVER };

// The same session as another tap saw it. `name` NULL: none is known.
struct session_pair {
	const char *name;    // of the pair
	const char *tap;     // of the other tap
	char session[RECORD_ID_LEN + 1]; // what it is called there
	bool proxy;          // two connections with numbers of their own
	uint16_t differs;    // enum pair_differs bits
};

struct session {
	const struct facts *facts;
	const struct peer *peer;          // NULL: nothing was opened
	const char *tap;                  // its name
	enum tap_side side;
	struct session_pair pair;
	const struct rules_sources *sources; // for rules (alerts/rules.h); NULL: none
	const char *store;                // trust store that peer was judged against; empty: none
	const struct inventory *inventory; // what the operator knows; NULL: nothing
	uint32_t store_age_days;          // not 0: the store's newest certificate is that old, and it is told with this session
	uint64_t flow_id;                 // 51 bits, per connection
	char id[RECORD_ID_LEN + 1];       // smtp_tls.session
	bool final;
	bool loss;                        // the sensor lost packets of its tap while it lived, whosever they were
	enum state state;
	enum verdict verdict;
	enum identity identity;
	enum dane dane;
	enum direction direction;
	struct expectation expect;
	struct finding findings[SESSION_FINDINGS_MAX]; // in catalogue order
	size_t n_findings;
	char why[SESSION_WHY_MAX][SESSION_WHY_LEN]; // ordered facts behind the verdict
	size_t n_why;
};

// peer_cert of DESIGN section 2: what the wire showed, or a key log opened.
static inline enum peer_cert session_peer_cert(const struct session *s)
{
	bool opened = s->peer && s->peer->from_keylog && (s->peer->server.present || s->peer->raw_key);
	return opened ? CERT_SEEN : (enum peer_cert)s->facts->tls.peer_cert;
}

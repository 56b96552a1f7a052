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

// What policy says should have happened. All zero: nobody knows.
struct expectation {
	enum expect_level level;
	bool enforced;    // clear mail is against it (DANE secure with TLSA, MTA-STS enforce, operator)
	bool identity_required;
	char domain[256], mx[256], source[16]; // A-labels, or empty
};

enum {
	SESSION_FINDINGS_MAX = 80, // more than facts that contradict each other can bring about (test_rules_tls.c)
	SESSION_WHY_MAX = 16,
	SESSION_WHY_LEN = 64,
	RECORD_ID_LEN = 26,
};

struct session {
	const struct facts *facts;
	const struct peer *peer;          // NULL: nothing was opened
	const char *tap;                  // its name
	const char *store;                // trust store that peer was judged against; empty: none
	const struct inventory *inventory; // what the operator knows; NULL: nothing
	uint32_t store_age_days;          // not 0: the store's newest certificate is that old, and it is told with this session
	uint64_t flow_id;                 // 51 bits, per connection
	char id[RECORD_ID_LEN + 1];       // smtp_tls.session
	bool final;
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

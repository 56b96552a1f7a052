// The words records use for our enums: one table each, so that what is printed can be counted and tested.
#include "alerts/session.h"

#include <string.h>

static const char *const confidence_names[] = {"unverifiable", "suspect", "probable", "certain"};
static const char *const severity_names[] = {"info", "low", "medium", "high", "critical"};
static const char *const subject_names[] = {"server", "client", "path", "domain", "sensor"};
static const char *const evidence_names[] = {"complete", "gap", "one_direction", "midstream", "truncated", "ambiguous"};
static const char *const state_names[STATE_N] = {
	[STATE_IMPLICIT_TLS] = "implicit_tls",
	[STATE_PLAIN_AFTER_HANDSHAKE_FAIL] = "plain_after_handshake_fail",
	[STATE_PLAIN_AFTER_REJECT] = "plain_after_reject",
	[STATE_PLAIN_OFFERED_UNUSED] = "plain_offered_unused",
	[STATE_PLAIN_NOT_OFFERED] = "plain_not_offered",
	[STATE_PLAIN_HELO_ONLY] = "plain_helo_only",
	[STATE_STARTTLS_OK] = "starttls_ok",
	[STATE_TLS_FAILED_NO_MAIL] = "tls_failed_no_mail",
	[STATE_REFUSED] = "refused",
	[STATE_UNKNOWN_GAP] = "unknown_gap",
	[STATE_NO_MAIL_PROBE] = "no_mail_probe",
};
static const struct {
	const char *name;
	char class;
} verdicts[VERDICT_N] = {
	[VERDICT_CLEAR_AGAINST_POLICY] = {"clear_against_policy", 'E'},
	[VERDICT_CLEAR] = {"clear", 'D'},
	[VERDICT_MISMATCH] = {"mismatch", 'C'},
	[VERDICT_WEAK] = {"weak", 'C'},
	[VERDICT_VERIFIED] = {"verified", 'A'},
	[VERDICT_ENCRYPTED] = {"encrypted", 'B'},
	[VERDICT_INCONCLUSIVE] = {"inconclusive", 'F'},
	[VERDICT_NO_MAIL] = {"no_mail", '-'},
};
static const char *const identity_names[] = {"verified", "mismatch", "not_observable", "not_required", "unknown"};
static const char *const dane_names[] = {"match", "mismatch", "unverifiable", "not_encrypted", "unusable", "none",
	"insecure", "bogus", "indeterminate", "unknown", "not_applicable"};
static const char *const direction_names[] = {"unknown", "inbound", "outbound", "internal", "transit"};
static const char *const expect_names[] = {"unknown", "none", "may", "encrypt", "dane", "sts", "operator"};
static const char *const role_names[] = {"unknown", "relay", "submission", "lmtp"};
static const char *const end_names[] = {"open", "fin", "rst", "idle", "eof", "evicted", "reuse"};
static const char *const offer_names[] = {"not_asked", "unseen", "no", "yes", "masked", "malformed"};

// A value without a name would be a broken sender; it is printed, never read past the table.
#define NAME_IN(table, value) ((size_t)(value) < sizeof(table) / sizeof((table)[0]) ? (table)[value] : "invalid")

const char *confidence_name(enum confidence c)
{
	return NAME_IN(confidence_names, c);
}

const char *severity_name(enum severity s)
{
	return NAME_IN(severity_names, s);
}

const char *subject_name(enum subject s)
{
	return NAME_IN(subject_names, s);
}

const char *evidence_name(enum evidence e)
{
	return NAME_IN(evidence_names, e);
}

int severity_parse(const char *name)
{
	for (int i = 0; i <= SEVERITY_CRITICAL; i++)
		if (strcmp(name, severity_names[i]) == 0)
			return i;
	return -1;
}

const char *state_name(enum state s)
{
	return NAME_IN(state_names, s);
}

const char *verdict_name(enum verdict v)
{
	return (size_t)v < VERDICT_N ? verdicts[v].name : "invalid";
}

char verdict_class(enum verdict v)
{
	return (size_t)v < VERDICT_N ? verdicts[v].class : '-';
}

const char *identity_name(enum identity i)
{
	return NAME_IN(identity_names, i);
}

const char *dane_name(enum dane d)
{
	return NAME_IN(dane_names, d);
}

const char *direction_name(enum direction d)
{
	return NAME_IN(direction_names, d);
}

const char *expect_level_name(enum expect_level l)
{
	return NAME_IN(expect_names, l);
}

const char *role_name(enum session_role r)
{
	return NAME_IN(role_names, r);
}

const char *session_end_name(enum session_end e)
{
	return NAME_IN(end_names, e);
}

const char *offer_name(const struct facts *f)
{
	return NAME_IN(offer_names, f->smtp.offer);
}

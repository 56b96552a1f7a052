// Rules on authentication outside TLS. The secret itself never reaches the facts. RFC 4954 4, RFC 8314, RFC 7628,
// RFC 5802.
#include "alerts/rules/rule.h"

#define MECH_BIT(m) (1u << (m))

// Mechanisms that hand the secret, or a token as good as one, to whoever listens.
enum {
	AUTH_BARE = MECH_BIT(MECH_PLAIN) | MECH_BIT(MECH_LOGIN) | MECH_BIT(MECH_XOAUTH2) | MECH_BIT(MECH_OAUTHBEARER),
};

// Mechanisms that prove a secret without showing it: what a listener can still do with the exchange.
static const struct {
	enum smtp_mech mech;
	enum severity severity;
	enum confidence confidence;
} auth_challenges[] = {
	{MECH_CRAM_MD5, SEVERITY_HIGH, CONFIDENCE_CERTAIN},   // offline guessing at the speed of MD5
	{MECH_DIGEST_MD5, SEVERITY_HIGH, CONFIDENCE_CERTAIN},
	{MECH_NTLM, SEVERITY_HIGH, CONFIDENCE_CERTAIN},       // and relaying
	{MECH_SCRAM, SEVERITY_MEDIUM, CONFIDENCE_CERTAIN},    // offline guessing, salted and iterated
	{MECH_GSSAPI, SEVERITY_LOW, CONFIDENCE_CERTAIN},      // a ticket; may even protect the session
	{MECH_OTHER, SEVERITY_MEDIUM, CONFIDENCE_SUSPECT},    // we do not know what it shows
};

// What the server said; told early, it has not spoken yet.
static const char *auth_answer(const struct rule_input *in)
{
	if (in->smtp->auth_accepted)
		return ":accepted";
	if (in->smtp->n_auth_failed)
		return ":not_accepted";
	return in->conn->end == END_OPEN && !in->tls->completed ? ":no_answer_so_far" : ":no_answer_seen";
}

static void auth_frames(const struct rule_input *in, struct claim *c)
{
	// An answer shows that it was a command; without one and with octets missing before it, it may be quoted in a mail.
	if (in->smtp->auth_accepted || in->smtp->n_auth_failed)
		claim_seen(c, &in->smtp->auth_mark);
	else
		claim_in_context(c, &in->smtp->auth_mark);
	claim_frame(c, &in->smtp->auth_reply_mark);
	struct text name = in->smtp->auth_name;
	claim_detail(c, "%.*s%s", name.len ? (name.len < 32 ? name.len : 32) : 7,
		name.len ? (const char *)facts_text(in->facts, name) : "unknown", auth_answer(in));
}

// Refused before anything secret crossed the wire: the server did right, and nothing leaked.
static bool auth_nothing_leaked(const struct smtp_facts *m)
{
	return !m->n_auth || (m->auth_refused_first && !m->auth_sent_secret && !m->auth_accepted);
}

bool rule_auth_plain(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (auth_nothing_leaked(m) || !(AUTH_BARE & MECH_BIT(m->auth_mech)))
		return false;
	auth_frames(in, c);
	if (!m->auth_sent_secret && !m->auth_accepted)
		claim_cap(c, CONFIDENCE_SUSPECT);
	c->severity = m->auth_accepted ? SEVERITY_CRITICAL : SEVERITY_HIGH;
	return true;
}

bool rule_auth_challenge(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (auth_nothing_leaked(m))
		return false;
	for (size_t i = 0; i < sizeof(auth_challenges) / sizeof(auth_challenges[0]); i++) {
		if (auth_challenges[i].mech != m->auth_mech)
			continue;
		auth_frames(in, c);
		claim_cap(c, auth_challenges[i].confidence);
		c->severity = auth_challenges[i].severity;
		return true;
	}
	return false;
}

// A server that lists a mechanism and then refuses it in clear keeps the promise that matters.
bool rule_auth_offered(const struct rule_input *in, struct claim *c)
{
	const struct smtp_facts *m = in->smtp;
	if (!(m->auth_offered & AUTH_BARE) || m->n_530 || m->auth_refused_first)
		return false;
	claim_seen(c, &m->offer_mark);
	claim_absent(c, CONFIDENCE_CERTAIN, quality_of_end(in->facts)); // a refusal may be among what is missing
	claim_detail(c, "auth_before_tls%s%s%s", m->auth_offered & MECH_BIT(MECH_PLAIN) ? ":PLAIN" : "",
		m->auth_offered & MECH_BIT(MECH_LOGIN) ? ":LOGIN" : "",
		m->auth_offered & (MECH_BIT(MECH_XOAUTH2) | MECH_BIT(MECH_OAUTHBEARER)) ? ":bearer" : "");
	return true;
}

bool rule_auth_bruteforce(const struct rule_input *in, struct claim *c)
{
	// Refused before a secret was sent (538, 504): nobody guessed anything.
	if (!in->smtp->n_auth_failed || !in->smtp->auth_sent_secret || !in->memory)
		return false;
	uint32_t n = memory_auth_failed(in->memory, in->facts);
	if (n < MEMORY_GUESSES)
		return false;
	claim_seen(c, &in->smtp->auth_reply_mark);
	claim_frame(c, &in->smtp->auth_mark);
	claim_detail(c, "auth_failures_10min:%u", n);
	return true;
}

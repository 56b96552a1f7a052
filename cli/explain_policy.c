// What policy promised of a session, and what became of it: the part of an explanation between facts and verdict.
#include "cli/explain.h"

#include <string.h>

#include "alerts/expect/policy.h"
#include "cli/words.h"

static void line(FILE *out, const char *name, const char *text)
{
	if (text[0] == '\0')
		return;
	fprintf(out, "  %-10s ", name);
	stdout_escaped(out, text, strlen(text));
	fputc('\n', out);
}

static const char *level_words(const struct expectation *e)
{
	static const char *const words[] = {
		[EXPECT_UNKNOWN] = "not known", [EXPECT_NONE] = "nothing was promised", [EXPECT_MAY] = "TLS is being tested (MTA-STS testing)",
		[EXPECT_ENCRYPT] = "TLS; nobody can check whose (TLSA records, none of them usable)",
		[EXPECT_DANE] = "TLS, and the certificate that the TLSA records name (DANE)",
		[EXPECT_STS] = "TLS, and a valid certificate of a listed host (MTA-STS enforce)", [EXPECT_OPERATOR] = "TLS, says the operator"};
	return (size_t)e->level < sizeof words / sizeof words[0] ? words[e->level] : "";
}

static void print_notes(FILE *out, uint32_t notes)
{
	static const struct {
		uint32_t note;
		const char *text;
	} table[] = {
		{NOTE_CANDIDATES, "the server may be one of several hosts, which promise different things: nothing is concluded"},
		{NOTE_STALE, "learned too long before or after this session: a suspicion at most"},
		{NOTE_MX_ELSEWHERE, "the server has no address of any MX host of the recipient's domain"},
		{NOTE_NAME_OPEN, "the recipient is hidden inside TLS, and the certificate may be for its domain"},
		{NOTE_ROLLOVER, "what was shown fits only one of two record sets that were in use"},
		{NOTE_NULL_MX, "the domain takes no mail (null MX)"},
	};
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (notes & table[i].note)
			line(out, "note", table[i].text);
}

void explain_print_policy(FILE *out, const struct session *s, bool colour)
{
	const struct expectation *e = &s->expect;
	char as_of[WORDS_TIME_LEN];

	if (e->source[0] == '\0' && e->level == EXPECT_UNKNOWN && e->sts_mode == STS_UNKNOWN)
		return;
	explain_heading(out, colour, "What should have happened");
	line(out, "expected", level_words(e));
	line(out, "domain", e->domain);
	line(out, "host", e->mx);
	line(out, "known by", e->source);
	if (e->dnssec != DNSSEC_UNKNOWN)
		line(out, "DNSSEC", policy_dnssec_name((enum policy_dnssec)e->dnssec));
	if (e->promise >= PROMISE_UNUSABLE)
		fprintf(out, "  %-10s %u of %u TLSA records usable\n", "DANE", e->tlsa_usable, e->tlsa_n);
	line(out, e->promise >= PROMISE_UNUSABLE ? "record" : "why", e->what);
	if (e->sts_mode != STS_UNKNOWN)
		line(out, "MTA-STS", policy_sts_mode_name((enum policy_sts_mode)e->sts_mode));
	if (e->as_of_s) {
		words_time(as_of, (uint64_t)e->as_of_s * 1000000000);
		line(out, "as of", as_of);
	}
	fprintf(out, "  %-10s identity %s, DANE %s\n", "outcome", identity_name(s->identity), dane_name(s->dane));
	print_notes(out, e->notes);
}

// The reply to EHLO: which capabilities, and what became of STARTTLS in it. RFC 5321 4.1.1.1, RFC 3207.
//
// Line 1 is the domain and a greeting, never a keyword: a host named STARTTLS is no offer. Lines are collected in the
// answer and become facts with the final line, because half a reply says nothing about what is absent.
#include "dissect/smtp/internal.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
	SERVER_NAME_MAX = 64,
	MASKED_MAX = 24,
	KEYWORD_LEN = 8,
	AROUND_LEN = 6,    // of a line: the code, what stands behind it, and the line end
	TEMPLATE_MAX = 512, // octets of a line that are compared, RFC 5321 4.5.3.1.5
};

static const struct {
	const char *name;
	uint32_t cap;
} keywords[] = {
	{"starttls", CAP_STARTTLS},     {"pipelining", CAP_PIPELINING}, {"chunking", CAP_CHUNKING},
	{"8bitmime", CAP_8BITMIME},     {"smtputf8", CAP_SMTPUTF8},     {"requiretls", CAP_REQUIRETLS},
	{"auth", CAP_AUTH},             {"xclient", CAP_XCLIENT},       {"xforward", CAP_XFORWARD},
	{"x-anonymoustls", CAP_X_ANONYMOUSTLS}, {"size", CAP_SIZE},     {"dsn", CAP_DSN},
	{"binarymime", CAP_BINARYMIME}, {"enhancedstatuscodes", CAP_ENHANCEDSTATUSCODES},
	{"pipeconnect", CAP_PIPE_CONNECT},  {"x_pipe_connect", CAP_PIPE_CONNECT},
};

static uint32_t cap_of(struct bytes word)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
		if (smtp_word_is(word.at, bytes_left(&word), keywords[i].name))
			return keywords[i].cap;
	}
	return CAP_XCODE;
}

// A run of six or more X with at most one other capital behind it, alone on its line: what a firewall leaves of a
// keyword it does not like ("XXXXXXXA"). Strict, so that XCLIENT or XEXCH50 are none.
static bool is_mask(struct bytes word, struct bytes rest)
{
	size_t n = bytes_left(&word), x = 0;
	while (x < n && word.at[x] == 'X')
		x++;
	bool tail = x == n || (x + 1 == n && word.at[x] >= 'A' && word.at[x] <= 'Z');
	return x >= 6 && tail && !bytes_left(&rest);
}

static void masked(struct smtp *m, struct smtp_env *env, struct bytes word)
{
	struct smtp_answer *a = &m->answer;
	SMTP_SATURATE_ADD(a->n_masked, 1);
	bool fits = bytes_left(&word) == KEYWORD_LEN;
	if (a->n_masked == 1 || (fits && !a->masked_8)) {
		facts_set_text(env->facts, &env->facts->smtp.masked, word.at, bytes_left(&word), MASKED_MAX);
		a->offer_line = a->keyword ? a->offer_line : (uint8_t)(a->n_lines < UINT8_MAX ? a->n_lines : UINT8_MAX);
	}
	a->masked_8 |= fits;
}

// A line as this server says it to everybody: sizes, dates and counters are no part of it. Returns its length in `out`.
static size_t template_of(uint8_t out[static TEMPLATE_MAX], struct bytes text)
{
	size_t n = 0;
	for (const uint8_t *p = text.at; p < text.end && n < TEMPLATE_MAX; p++) {
		bool digit = *p >= '0' && *p <= '9';
		if (digit && n && out[n - 1] == '#')
			continue;
		out[n++] = digit ? '#' : smtp_lower(*p);
	}
	while (n && smtp_blank(out[n - 1]))
		n--;
	return n;
}

// What remains of the reply when STARTTLS is taken out of it is the same whether a server or somebody else took it out.
static void note_line(struct smtp_facts *f, struct bytes text, bool offers)
{
	uint8_t line[TEMPLATE_MAX];
	size_t n = template_of(line, text);
	if (!offers)
		f->ehlo_digest += XXH3_64bits(line, n) << 1; // a sum: in any order
	SMTP_SATURATE_ADD(f->ehlo_len, n + AROUND_LEN);
}

static void auth_line(struct smtp_answer *a, struct bytes rest)
{
	while (bytes_left(&rest)) {
		struct bytes name = smtp_word(&rest);
		a->auth |= (uint16_t)(1u << smtp_auth_mech(name.at, bytes_left(&name)));
	}
}

static void offer(struct smtp_answer *a, uint16_t code, bool parameter, bool lf_only)
{
	uint8_t flaws = (uint8_t)((a->n_lines == 1 && !a->hole ? FLAW_LINE_1 : 0) | (code != 250 ? FLAW_CODE : 0));
	bool usable = !flaws;
	flaws |= (uint8_t)((parameter ? FLAW_PARAMETER : 0) | (lf_only ? FLAW_BARE_LF : 0));
	if (usable && !a->keyword) // a usable offer forgives an odd one beside it, but keeps its flaw
		a->offer_line = (uint8_t)(a->n_lines < UINT8_MAX ? a->n_lines : UINT8_MAX);
	else if (!a->offer_line)
		a->offer_line = (uint8_t)(a->n_lines < UINT8_MAX ? a->n_lines : UINT8_MAX);
	a->keyword |= usable;
	a->flaws |= flaws;
}

void smtp_ehlo_line(struct smtp *m, struct smtp_env *env, uint16_t code, struct bytes text, const struct smtp_line *line)
{
	struct smtp_answer *a = &m->answer;
	struct bytes rest = text, word = smtp_word(&rest);
	uint32_t cap = cap_of(word);
	if (a->n_lines == 1 && !a->hole) {
		env->facts->smtp.ehlo_digest = 0;
		env->facts->smtp.ehlo_len = 0;
		if (code / 100 == 2)
			smtp_keep_text(env, &env->facts->smtp.server_name, word, SERVER_NAME_MAX);
		if (cap == CAP_STARTTLS && !bytes_left(&rest))
			offer(a, code, false, line->lf_only);
		return;
	}
	if (is_mask(word, rest)) {
		masked(m, env, word);
		return;
	}
	a->caps |= cap;
	note_line(&env->facts->smtp, text, cap == CAP_STARTTLS);
	if (cap == CAP_STARTTLS || cap == CAP_X_ANONYMOUSTLS) // between Exchange servers; the same upgrade by another name
		offer(a, code, cap == CAP_STARTTLS && bytes_left(&rest), line->lf_only);
	if (cap == CAP_AUTH)
		auth_line(a, rest);
	else if (smtp_starts(word.at, bytes_left(&word), "auth=")) { // an old client's form of the same
		rest.at = word.at + 5;
		a->caps |= CAP_AUTH;
		auth_line(a, rest);
	}
}

static enum smtp_offer offer_of(const struct smtp_answer *a)
{
	if (a->keyword)
		return OFFER_YES;
	if (a->flaws & (FLAW_LINE_1 | FLAW_CODE))
		return OFFER_MALFORMED;
	if (a->n_masked)
		return OFFER_MASKED;
	return a->hole ? OFFER_UNSEEN : OFFER_NO;
}

static void refused(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a)
{
	struct smtp_facts *f = &env->facts->smtp;
	f->ehlo_refused_code = a->code;
	f->ehlo_refused_mark = place_mark(at);
	f->offer = OFFER_NO;
	f->offer_mark = place_mark(at);
	f->caps = 0;
	f->ehlo_digest = 0;
	f->ehlo_len = 0;
	f->auth_offered = 0;
	m->hello = SMTP_HELLO_REFUSED;
}

void smtp_ehlo_end(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a)
{
	struct smtp_facts *f = &env->facts->smtp;
	m->ehlo_end = a->line_end;
	m->lost_since_ehlo = false;
	smtp_early_group(m, env, a->code / 100 == 2 && a->caps & CAP_PIPE_CONNECT);
	if (a->code / 100 != 2) {
		refused(m, env, at, a);
		return;
	}
	m->hello = SMTP_HELLO_EHLO;
	m->mail_open = false;
	m->after_ehlo = true;
	f->offer = (uint8_t)offer_of(a);
	f->offer_flaws = a->flaws;
	f->offer_line = a->offer_line;
	f->caps = a->caps;
	f->ehlo_digest |= 1;
	f->auth_offered = a->auth;
	f->offer_mark = place_mark(at);
	f->n_masked_lines = a->n_masked ? (uint8_t)(a->n_masked - (f->offer == OFFER_MASKED)) : 0;
	if (f->offer == OFFER_MASKED)
		smtp_news(m, env, SMTP_NEWS_MASKED);
	else
		f->masked.len = 0;
}

bool smtp_ehlo_late(struct smtp *m, struct smtp_env *env, struct bytes text)
{
	struct smtp_facts *f = &env->facts->smtp;
	struct bytes word = smtp_word(&text);
	if (!m->after_ehlo || cap_of(word) != CAP_STARTTLS || bytes_left(&text))
		return false;
	f->offer_flaws |= FLAW_AFTER_LAST;
	if (f->offer == OFFER_NO || f->offer == OFFER_MASKED)
		f->offer = OFFER_MALFORMED;
	return true;
}

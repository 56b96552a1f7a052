// A line of the client: which verb, what it says about the client, and what must be remembered until its reply.
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "dissect/smtp/internal.h"

enum { HELO_MAX = 128, COMMAND_LINE_MAX = 512, MANGLED_MIN = 4 };

bool smtp_in_doubt(const struct smtp *m, const struct place *at)
{
	return m->lost || smtp_incomplete(at->quality) || at->acked < m->sync_end;
}

static void hello(struct smtp *m, struct smtp_env *env, const struct place *at, struct bytes args, uint8_t which)
{
	struct smtp_facts *f = &env->facts->smtp;
	struct bytes name = smtp_word(&args);
	size_t n = bytes_left(&name);
	uint8_t folded[SMTP_LINE_MAX];
	for (size_t i = 0; i < n; i++)
		folded[i] = smtp_lower(name.at[i]);
	uint64_t digest = XXH3_64bits(folded, n);
	f->hello_digest = !n ? 0 : digest ? digest : 1;
	f->hello = which;
	f->helo_mark = place_mark(at);
	if (smtp_is_host(name, smtp_in_doubt(m, at)) && !bytes_left(&args))
		facts_set_text(env->facts, &f->helo, name.at, n, HELO_MAX);
	else // some send the user's address, and a line of a message may begin with the word
		facts_set_text(env->facts, &f->helo, "", 0, HELO_MAX);
	if (which == HELLO_LHLO)
		env->facts->conn.role = ROLE_LMTP;
	SMTP_SATURATE_ADD(*(which == HELLO_HELO ? &f->n_helo : &f->n_ehlo), 1);
	if (which != HELLO_HELO && f->offer == OFFER_NOT_ASKED)
		f->offer = OFFER_UNSEEN;
}

#define HANDLER(name) \
	static void name(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, struct bytes args)

HANDLER(helo) { hello(m, env, at, args, HELLO_HELO); }
HANDLER(ehlo) { hello(m, env, at, args, HELLO_EHLO); }
HANDLER(lhlo) { hello(m, env, at, args, HELLO_LHLO); }
HANDLER(quit) { env->facts->smtp.quit = true; }
HANDLER(vrfy) { smtp_oddity(env, at, ODD_VRFY); }
HANDLER(xclient) { smtp_oddity(env, at, ODD_XCLIENT); }
HANDLER(xforward) { smtp_oddity(env, at, ODD_XFORWARD); }

HANDLER(data)
{
	if (m->bdat_open)
		smtp_oddity(env, at, ODD_BDAT_MIXED);
	smtp_data_begin(m, line->lf_only);
	m->content_start = env->facts->smtp.content_octets;
	m->lane[DIR_C2S].mode = SMTP_MODE_WAIT_DATA;
}

// Decimal, bounded by 2^64. False: no such number.
static bool number(struct bytes word, uint64_t *out)
{
	*out = 0;
	for (const uint8_t *p = word.at; p < word.end; p++) {
		uint64_t digit = (uint64_t)*p - '0';
		if (*p < '0' || *p > '9' || *out > (UINT64_MAX - digit) / 10)
			return false;
		*out = *out * 10 + digit;
	}
	return bytes_left(&word);
}

HANDLER(bdat)
{
	struct bytes size = smtp_word(&args), end = smtp_word(&args);
	uint64_t n;
	if (!number(size, &n)) {
		smtp_oddity(env, at, ODD_BDAT_SYNTAX);
		smtp_pending_push(m, env, at, SMTP_SENT_OTHER);
		return;
	}
	bool last = smtp_word_is(end.at, bytes_left(&end), "last");
	if ((bytes_left(&end) && !last) || bytes_left(&args))
		smtp_oddity(env, at, ODD_BDAT_SYNTAX);
	if (!m->bdat_open) {
		smtp_data_begin(m, false);
		m->content_start = env->facts->smtp.content_octets;
	}
	m->bdat_open = !last;
	m->chunk_left = n;
	m->chunk_begun = m->chunk_refused = false;
	if (n)
		m->lane[DIR_C2S].mode = SMTP_MODE_CHUNK;
	smtp_pending_push(m, env, at, last ? SMTP_SENT_BDAT_LAST : SMTP_SENT_BDAT);
}

// The first row of a kind gives it its name.
static const struct smtp_verb verbs[] = {
	{"ehlo", SMTP_SENT_EHLO, true, false, ehlo},
	{"helo", SMTP_SENT_HELO, true, true, helo},
	{"lhlo", SMTP_SENT_EHLO, true, false, lhlo},
	{"mail", SMTP_SENT_MAIL, false, true, smtp_mail},
	{"send", SMTP_SENT_SEND, false, false, smtp_mail},
	{"soml", SMTP_SENT_SEND, false, false, smtp_mail},
	{"saml", SMTP_SENT_SEND, false, false, smtp_mail},
	{"rcpt", SMTP_SENT_RCPT, false, true, smtp_rcpt},
	{"data", SMTP_SENT_DATA, true, true, data},
	{"bdat", SMTP_SENT_BDAT, false, false, bdat},
	{"rset", SMTP_SENT_RSET, false, true, NULL},
	{"noop", SMTP_SENT_NOOP, false, true, NULL},
	{"quit", SMTP_SENT_QUIT, true, true, quit},
	{"starttls", SMTP_SENT_STARTTLS, true, false, smtp_starttls},
	{"x-anonymoustls", SMTP_SENT_STARTTLS, true, false, smtp_starttls},
	{"auth", SMTP_SENT_AUTH, true, false, smtp_auth},
	{"x-exps", SMTP_SENT_AUTH, true, false, smtp_auth}, // Exchange's older name for it
	{"vrfy", SMTP_SENT_OTHER, false, false, vrfy},
	{"expn", SMTP_SENT_OTHER, false, false, vrfy},
	{"help", SMTP_SENT_OTHER, false, false, NULL},
	{"xclient", SMTP_SENT_OTHER, false, false, xclient},
	{"xforward", SMTP_SENT_OTHER, false, false, xforward},
	{"etrn", SMTP_SENT_OTHER, false, false, NULL},
	{"turn", SMTP_SENT_OTHER, false, false, NULL},
	{"burl", SMTP_SENT_OTHER, false, false, NULL},
	{"xexch50", SMTP_SENT_OTHER, false, false, NULL},
};
enum { N_VERBS = sizeof(verbs) / sizeof(verbs[0]) };

const struct smtp_verb *smtp_verb_find(const uint8_t *p, size_t len)
{
	struct bytes b = smtp_skip_blanks(p, len), word = smtp_word(&b);
	for (size_t i = 0; i < N_VERBS; i++) {
		// Whole sentences begin with "send": where lines are read that may be content, only its path tells.
		bool path = verbs[i].kind != SMTP_SENT_SEND || smtp_starts(b.at, bytes_left(&b), "from");
		if (smtp_word_is(word.at, bytes_left(&word), verbs[i].name) && path)
			return &verbs[i];
	}
	return NULL;
}

const struct smtp_verb *smtp_verb_of(uint8_t kind)
{
	for (size_t i = 0; i < N_VERBS; i++) {
		if (verbs[i].kind == kind && kind != SMTP_SENT_OTHER)
			return &verbs[i];
	}
	return NULL;
}

static void line_facts(struct smtp_env *env, const struct place *at, const struct smtp_line *line)
{
	struct smtp_facts *f = &env->facts->smtp;
	uint32_t cr = 0, bad = 0;
	for (size_t i = 0; i < line->len; i++) {
		cr += line->p[i] == '\r';
		bad += !line->p[i] || (line->p[i] >= 0x80 && !(f->caps & CAP_SMTPUTF8));
	}
	SMTP_SATURATE_ADD(f->bare_cr_command, cr);
	SMTP_SATURATE_ADD(f->bare_lf_command, line->lf_only);
	SMTP_SATURATE_ADD(f->n_bad_octets, bad);
	if (cr || line->lf_only)
		place_mark_first(&f->line_end_mark, at);
	if (bad)
		place_mark_first(&f->bad_octet_mark, at);
	if (line->wire_len > COMMAND_LINE_MAX)
		SMTP_SATURATE_ADD(f->long_command, 1);
	if (line->wire_len > SMTP_LINE_MAX)
		smtp_oddity(env, at, ODD_LINE_UNBOUNDED);
}

static bool is_http(const struct smtp_line *line)
{
	static const char *const methods[] = {"get ", "post ", "head ", "put ", "options ", "connect ", "delete "};
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (smtp_starts(line->p, line->len, methods[i]))
			return memmem(line->p, line->len, " HTTP/", 6);
	}
	return false;
}

static bool is_mangled(const uint8_t *p, size_t len)
{
	size_t n = 0;
	while (n < len && smtp_lower(p[n]) == 'x')
		n++;
	return n == len && n >= MANGLED_MIN;
}

void smtp_early_group(struct smtp *m, struct smtp_env *env, bool agreed)
{
	struct place at = {.frame = m->early_frame, .quality = m->early_quality};
	if (m->early_frame && !agreed)
		smtp_oddity(env, &at, ODD_PIPELINE_SYNC);
	m->early_frame = 0;
}

// Commands in flight: the order of octets and what the client had received tell, never the packets.
static void pipelining(struct smtp *m, struct smtp_env *env, const struct place *at)
{
	struct smtp_facts *f = &env->facts->smtp;
	if (m->lost || smtp_incomplete(at->quality) || m->last_pushed == SMTP_SENT_OTHER || m->last_pushed == SMTP_SENT_UNKNOWN)
		return;
	if (m->answer.client_went_on)
		return; // a reply that ends in a hyphen was received, as far as it goes
	bool unanswered = smtp_pending_has(m, SMTP_SENT_EHLO) && m->last_pushed != SMTP_SENT_STARTTLS;
	bool agreed = f->caps & CAP_PIPE_CONNECT && at->acked < m->ehlo_end;
	if (unanswered && !m->early_frame) { // the reply will tell whether the server minds
		m->early_frame = at->frame;
		m->early_quality = at->quality;
	}
	if (unanswered || agreed)
		return;
	const struct smtp_verb *before = smtp_verb_of(m->last_pushed);
	bool in_flight = m->pending.n || at->acked < m->reply_end;
	if ((before && before->sync && m->pending.n) || at->acked < m->sync_end) {
		// Behind STARTTLS it has a name of its own, whatever becomes of it.
		if (m->last_pushed == SMTP_SENT_STARTTLS)
			f->pipelined_after_starttls = true;
		else
			smtp_oddity(env, at, ODD_PIPELINE_SYNC);
	} else if (in_flight && !(f->caps & CAP_PIPELINING)) {
		smtp_oddity(env, at, ODD_PIPELINE_UNOFFERED);
	}
}

// After a loss the queue may hold commands whose replies are in the hole. A client that has received everything
// and speaks again has had its answers.
static void resync(struct smtp *m, struct smtp_env *env, const struct place *at)
{
	if (m->lost && m->pending.n && at->acked > m->push_acked && at->acked >= m->reply_end)
		smtp_pending_clear(m, env);
	m->push_acked = at->acked;
	m->push_off = at->off;
}

static void after_220(struct smtp *m, struct smtp_env *env, const struct place *at, bool verb)
{
	struct smtp_facts *f = &env->facts->smtp;
	if (!m->first_after_220)
		return;
	m->first_after_220 = false;
	f->after_220 = verb ? AFTER_VERB : AFTER_OTHER;
	f->after_220_mark = place_mark(at);
	smtp_news(m, env, SMTP_NEWS_AFTER_220);
}

static void unknown(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, struct bytes word)
{
	struct smtp_facts *f = &env->facts->smtp;
	if (is_mangled(word.at, bytes_left(&word))) {
		bool first = !f->n_mangled;
		SMTP_SATURATE_ADD(f->n_mangled, 1);
		if (first) {
			f->mangled_len = (uint8_t)(bytes_left(&word) < UINT8_MAX ? bytes_left(&word) : UINT8_MAX);
			f->mangled_mark = place_mark(at);
		}
		smtp_pending_push(m, env, at, (uint8_t)(SMTP_SENT_MANGLED | (first ? SMTP_SENT_FIRST : 0)));
		return;
	}
	if (is_http(line)) {
		smtp_oddity(env, at, ODD_HTTP);
		smtp_news(m, env, SMTP_NEWS_HTTP);
	}
	if (!m->lost)
		smtp_pending_push(m, env, at, SMTP_SENT_UNKNOWN);
}

static void known(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line,
                  const struct smtp_verb *verb, struct bytes args)
{
	bool keeps_chunks = verb->kind == SMTP_SENT_BDAT || verb->kind == SMTP_SENT_NOOP || verb->kind == SMTP_SENT_RSET;
	if (m->bdat_open && !keeps_chunks && verb->kind != SMTP_SENT_DATA)
		smtp_oddity(env, at, ODD_BDAT_NO_LAST);
	env->facts->smtp.seen = true;
	if (verb->run)
		verb->run(m, env, at, line, args);
	if (verb->kind != SMTP_SENT_BDAT) { // which has its own pushes
		m->bdat_open = m->bdat_open && verb->kind == SMTP_SENT_NOOP;
		bool mail = verb->kind == SMTP_SENT_MAIL || verb->kind == SMTP_SENT_SEND;
		bool early = mail && (at->acked < m->ehlo_end || smtp_pending_has(m, SMTP_SENT_EHLO));
		smtp_pending_push(m, env, at, (uint8_t)(verb->kind | (early ? SMTP_SENT_UNACKED : 0)));
	}
}

void smtp_early_talker(struct smtp *m, struct smtp_env *env, const struct place *at)
{
	if (m->spoke && m->spoke_acked <= m->greeting_last && !m->lost && !smtp_incomplete(at->quality))
		smtp_oddity(env, at, ODD_EARLY_TALKER);
}

static void first_words(struct smtp *m, struct smtp_env *env, const struct place *at)
{
	m->spoke = true;
	m->spoke_end = at->off;
	m->spoke_acked = at->acked;
	if (m->answer.n_lines) // the greeting is not over, or forgets to say so: its next line tells
		place_mark_first(&env->facts->smtp.odd_mark[ODD_AT_EARLY_TALKER], at);
	smtp_early_talker(m, env, at);
}

void smtp_command(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line)
{
	struct bytes args = smtp_skip_blanks(line->p, line->len), word = smtp_word(&args);
	const struct smtp_verb *verb = smtp_verb_find(line->p, line->len);
	if ((!verb || smtp_blank(line->p[0])) && m->lane[DIR_C2S].doubt)
		return; // the rest of a line whose head is in a hole
	if (!m->spoke && (smtp_starts(line->p, line->len, "proxy tcp") || smtp_starts(line->p, line->len, "proxy unknown"))) {
		smtp_oddity(env, at, ODD_PROXY_V1);
		return;
	}
	smtp_keep_command(m, env, at, line, verb);
	if (!m->spoke)
		first_words(m, env, at);
	if (m->answer.n_lines && m->greeted && at->acked >= m->answer.line_end)
		m->answer.client_went_on = at->off;
	line_facts(env, at, line);
	resync(m, env, at);
	pipelining(m, env, at);
	after_220(m, env, at, verb);
	smtp_talk_command(env, at, verb, line, smtp_in_doubt(m, at));
	if (verb)
		known(m, env, at, line, verb, args);
	else
		unknown(m, env, at, line, word);
}

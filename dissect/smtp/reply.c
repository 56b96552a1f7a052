// A line of the server: the grammar of replies, and which command a reply belongs to. RFC 5321 4.2.
//
// Replies are matched to commands strictly by order. Only after a loss may a code that fits one command alone (354,
// 334, 220, 221) step over commands whose replies must have been in the hole.
#include "dissect/smtp/internal.h"

enum { REPLY_LINE_MAX = 512, BANNER_MAX = 96, REPLY_TEXT_MAX = 96 };

struct parsed {
	uint16_t code;
	bool more; // "nnn-"
	struct bytes text;
};

bool smtp_reply_has_code(const uint8_t *p, size_t len)
{
	if (len < 3 || p[0] < '2' || p[0] > '5' || p[1] < '0' || p[1] > '9' || p[2] < '0' || p[2] > '9')
		return false;
	return len == 3 || p[3] == ' ' || p[3] == '-' || p[3] == '\t';
}

static bool parse(const struct smtp_line *line, struct parsed *out)
{
	const uint8_t *p = line->p;
	if (!smtp_reply_has_code(p, line->len))
		return false;
	size_t skip = line->len > 3 ? 4 : 3;
	out->code = (uint16_t)((p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0'));
	out->more = line->len > 3 && p[3] == '-';
	out->text = bytes_of(p + skip, line->len - skip);
	while (out->text.at < out->text.end && smtp_blank(*out->text.at))
		out->text.at++;
	return true;
}

// Steps over commands whose replies are lost, up to the one this code can belong to.
static void resync(struct smtp *m, struct smtp_env *env, uint16_t code)
{
	uint8_t kind = code == 354 ? SMTP_SENT_DATA : code == 334 || code == 235 ? SMTP_SENT_AUTH :
	               code == 221 ? SMTP_SENT_QUIT : code == 220 ? SMTP_SENT_STARTTLS : SMTP_SENT_OTHER;
	if (!m->lost || kind == SMTP_SENT_OTHER || !smtp_pending_has(m, (enum smtp_pending_kind)kind))
		return;
	for (uint8_t head; smtp_pending_head(m, env, &head) && (head & SMTP_SENT_KIND_MASK) != kind;)
		smtp_pending_pop(m, env);
}

// Could a server say this to that command?
static bool plausible(uint8_t kind, uint16_t code)
{
	switch (kind) {
	case SMTP_SENT_DATA:
		return code != 334;
	case SMTP_SENT_AUTH:
		return code != 354;
	case SMTP_SENT_QUIT:
		return code == 221 || code / 100 >= 4;
	default:
		return code != 354 && code != 334;
	}
}

// The server's first words are its greeting, unless they cannot be one and answer a command it had received: then there
// was no greeting.
static bool greeting_comes(const struct smtp *m, const struct place *at, uint16_t code, struct bytes text)
{
	if (m->greeted)
		return false;
	if (!m->lost)
		return code == 220 || code / 100 >= 4 || !m->pending.n || at->acked < m->spoke_end;
	return (code == 220 || code == 554 || code == 421) && memmem(text.at, bytes_left(&text), "SMTP", 4);
}

static void begin(struct smtp *m, struct smtp_env *env, const struct place *at, const struct parsed *r)
{
	struct smtp_answer *a = &m->answer;
	bool hole = a->hole;
	*a = (struct smtp_answer){.code = r->code, .hole = hole};
	resync(m, env, r->code);
	if (r->code != 421)
		smtp_answer_went_on(m, env, at);
	uint8_t head;
	if (greeting_comes(m, at, r->code, r->text)) {
		a->kind = SMTP_SENT_GREETING;
		a->paired = true;
	} else if (smtp_pending_head(m, env, &head)) {
		uint8_t kind = head & SMTP_SENT_KIND_MASK;
		a->kind = head;
		a->paired = plausible(kind, r->code) || (!m->smuggle && !m->lost);
	}
	m->greeted = true;
}

// Text of the server that is about the server: its greeting, what it says of itself and whether TLS may begin. All other
// text may repeat what the client sent, a password among it. So may the answer to STARTTLS, once the server has more.
static bool is_text(const struct smtp *m, const struct place *at)
{
	const struct smtp_answer *a = &m->answer;
	switch (a->paired ? a->kind & SMTP_SENT_KIND_MASK : SMTP_SENT_KINDS) {
	case SMTP_SENT_GREETING:
		return true;
	case SMTP_SENT_EHLO:
	case SMTP_SENT_HELO:
		return a->code / 100 == 2;
	case SMTP_SENT_STARTTLS:
		return at->acked <= m->push_off;
	default:
		return false;
	}
}

static void banner(struct smtp_env *env, const struct place *at, const struct parsed *r, const struct smtp_answer *a)
{
	struct smtp_facts *f = &env->facts->smtp;
	if (a->n_lines > 1) {
		smtp_oddity(env, at, ODD_BANNER_MULTILINE);
		return;
	}
	f->greeting_code = r->code;
	smtp_keep_text(env, &f->banner, r->text, BANNER_MAX);
	bool mask = bytes_left(&r->text);
	for (const uint8_t *p = r->text.at; p < r->text.end; p++)
		mask = mask && memchr("20 *\t", *p, 5);
	f->greeting_masked = mask && memchr(r->text.at, '*', bytes_left(&r->text));
}

static bool speaks_of(struct bytes text, const char *word)
{
	size_t len = strlen(word);
	for (const uint8_t *p = text.at; (size_t)(text.end - p) >= len; p++) {
		if (smtp_word_is(p, len, word))
			return true;
	}
	return false;
}

static void read_line(struct smtp *m, struct smtp_env *env, const struct place *at, const struct parsed *r, const struct smtp_line *line)
{
	struct smtp_answer *a = &m->answer;
	uint8_t kind = a->kind & SMTP_SENT_KIND_MASK;
	SMTP_SATURATE_ADD(a->n_lines, 1);
	a->relay |= speaks_of(r->text, "relay");
	a->tls |= speaks_of(r->text, "tls");
	a->login |= r->code == 334 && smtp_auth_asks_login(r->text);
	if (!a->paired)
		return;
	if (kind == SMTP_SENT_GREETING)
		banner(env, at, r, a);
	else if (kind == SMTP_SENT_EHLO)
		smtp_ehlo_line(m, env, r->code, r->text, line);
	else if (kind == SMTP_SENT_HELO && a->n_lines == 1 && r->code / 100 == 2)
		smtp_keep_text(env, &env->facts->smtp.server_name, r->text, REPLY_TEXT_MAX);
	else if (kind == SMTP_SENT_STARTTLS && a->n_lines == 1 && is_text(m, at))
		smtp_keep_text(env, &env->facts->smtp.starttls_reply, r->text, REPLY_TEXT_MAX);
}

static bool is_greeting(const struct smtp_answer *a)
{
	return a->paired && a->kind == SMTP_SENT_GREETING;
}

// A "nnn-" line was the last one after all when the client went on and this line came behind that, or when the code
// changes while more commands are waiting. A client that talks into a greeting proves nothing: it may be an early talker.
static bool hyphen_was_last(const struct smtp *m, const struct place *at, const struct parsed *r)
{
	const struct smtp_answer *a = &m->answer;
	bool went_on = a->client_went_on && at->acked >= a->client_went_on;
	if (went_on)
		return r->code != a->code || !(r->more || is_greeting(a));
	return r->code != a->code && m->pending.n > 1;
}

static void line_form(struct smtp_env *env, const struct place *at, const struct smtp_line *line)
{
	struct smtp_facts *f = &env->facts->smtp;
	if (line->lf_only)
		smtp_malformed(env, at, ODD_REPLY_NO_CRLF);
	if (line->wire_len > REPLY_LINE_MAX)
		SMTP_SATURATE_ADD(f->long_reply, 1);
	if (line->wire_len > SMTP_LINE_MAX)
		smtp_oddity(env, at, ODD_LINE_UNBOUNDED);
}

void smtp_reply_end(struct smtp *m, struct smtp_env *env, const struct place *at)
{
	struct smtp_answer a = m->answer;
	m->answer = (struct smtp_answer){0};
	m->after_ehlo = false;
	m->reply_end = a.line_end;
	env->facts->smtp.last_code = a.code;
	smtp_answer_end(m, env, at, &a);
}

void smtp_reply(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, uint64_t line_end)
{
	struct smtp_answer *a = &m->answer;
	struct parsed r = {0};
	bool ok = parse(line, &r);
	if (!ok && m->lane[DIR_S2C].doubt)
		return; // the rest of a line whose head is in a hole
	line_form(env, at, line);
	if (!ok) {
		smtp_talk_reply(env, at, false, line);
		smtp_keep_reply(m, env, at, line, line_end, false);
		smtp_malformed(env, at, ODD_REPLY_NO_CODE);
		a->line_end = a->n_lines ? line_end : 0;
		return;
	}
	env->facts->smtp.seen = true;
	if (!a->n_lines && smtp_ehlo_late(m, env, r.text)) {
		smtp_talk_reply(env, at, true, line);
		smtp_keep_reply(m, env, at, line, line_end, true);
		smtp_oddity(env, at, ODD_REPLY_EXTRA);
		return;
	}
	if (a->n_lines && hyphen_was_last(m, at, &r)) {
		if (!a->hole)
			smtp_malformed(env, at, ODD_REPLY_HYPHEN_LAST);
		smtp_reply_end(m, env, at);
	} else if (a->n_lines && r.code != a->code && !a->hole) {
		smtp_malformed(env, at, ODD_REPLY_MIXED_CODE);
	}
	if (!a->n_lines)
		begin(m, env, at, &r);
	smtp_talk_reply(env, at, is_text(m, at), line);
	smtp_keep_reply(m, env, at, line, line_end, is_text(m, at));
	if (is_greeting(a))
		m->greeting_last = a->line_end;
	a->line_end = line_end;
	a->client_went_on = 0;
	read_line(m, env, at, &r, line);
	if (!r.more)
		smtp_reply_end(m, env, at);
}

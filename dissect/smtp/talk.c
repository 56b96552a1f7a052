// The dialogue for a reader, with everything taken out that is nobody's business: credentials, content, and the local
// parts of addresses unless the worker was told to keep them.
#include <stdio.h>

#include "dissect/smtp/internal.h"

void smtp_talk(struct smtp_env *env, enum dir d, const struct place *at, const char *kind, const uint8_t *p, size_t len)
{
	if (env->dialogue)
		env->dialogue->line(env->dialogue->ctx, env->facts->birth, d, at, kind, p, len);
}

static bool is_line_end_name(const uint8_t *p, size_t len)
{
	return smtp_word_is(p, len, "cr") || smtp_word_is(p, len, "lf") || smtp_word_is(p, len, "crlf");
}

size_t smtp_mask(const uint8_t *p, size_t len, uint8_t *out)
{
	size_t n = 0, word = 0; // word: where in `out` what may be a local part begins
	bool quoted = false, bracket = false;
	for (size_t i = 0; i < len; i++) {
		bool end = !quoted && (smtp_blank(p[i]) || (p[i] && strchr("<>()", p[i])));
		if (p[i] == '@' || (p[i] == '>' && bracket && n > word && !is_line_end_name(out + word, n - word))) {
			if (word + 4 > SMTP_LINE_MAX)
				return word;
			memcpy(out + word, "***", 3);
			n = word + 3;
		}
		if (n == SMTP_LINE_MAX)
			return word;
		out[n++] = p[i];
		bracket = p[i] == '<' || (bracket && p[i] != '>' && p[i] != '@');
		quoted ^= p[i] == '"';
		word = end || p[i] == '@' ? n : word;
	}
	// Of a line that was cut, even without its code, the last word may have lost its "@".
	return len < SMTP_LINE_MAX - 8 ? n : word;
}

void smtp_keep_text(struct smtp_env *env, struct text *t, struct bytes text, size_t max)
{
	uint8_t masked[SMTP_LINE_MAX];
	if (env->keep_envelope)
		facts_set_text(env->facts, t, text.at, bytes_left(&text), max);
	else
		facts_set_text(env->facts, t, masked, smtp_mask(text.at, bytes_left(&text), masked), max);
}

// Octets of an enhanced status code at p, with the blank behind it. RFC 3463 2.
static size_t status_len(const uint8_t *p, size_t len)
{
	static const uint8_t digits_max[] = {1, 3, 3};
	size_t n = 0;
	for (int part = 0; part < 3; part++) {
		size_t from = n;
		while (n < len && n - from < digits_max[part] && p[n] >= '0' && p[n] <= '9')
			n++;
		if (n == from || (part < 2 && (n == len || p[n++] != '.')))
			return 0;
	}
	return n == len ? n : p[n] == ' ' ? n + 1 : 0;
}

// Answers to MAIL, RCPT, VRFY and EXPN name people, with a domain or without; those to AUTH may, too; others may repeat
// a command that nobody knows.
static bool names_people(uint8_t kind)
{
	return kind == SMTP_SENT_MAIL || kind == SMTP_SENT_SEND || kind == SMTP_SENT_RCPT || kind == SMTP_SENT_AUTH ||
	       kind == SMTP_SENT_OTHER || kind == SMTP_SENT_UNKNOWN;
}

void smtp_talk_reply(struct smtp_env *env, const struct place *at, uint8_t kind, const struct smtp_line *line)
{
	enum { HEAD = 4 }; // the code and what follows it
	uint8_t text[HEAD + SMTP_LINE_MAX + 32];
	if (!env->dialogue)
		return;
	if (env->keep_envelope && kind != SMTP_SENT_AUTH) {
		smtp_talk(env, DIR_S2C, at, "reply", line->p, line->len);
		return;
	}
	bool coded = line->len > HEAD && line->p[0] >= '2' && line->p[0] <= '5' && (line->p[3] == '-' || line->p[3] == ' ');
	size_t head = coded ? HEAD : 0, n;
	head += coded && names_people(kind) ? status_len(line->p + head, line->len - head) : 0;
	size_t rest = line->len - head;
	memcpy(text, line->p, head);
	if (names_people(kind) && rest)
		n = (size_t)snprintf((char *)text + head, sizeof(text) - head, "[text, %zu octets]", rest);
	else
		n = smtp_mask(line->p + head, rest, text + head);
	smtp_talk(env, DIR_S2C, at, "reply", text, head + n);
}

static void talk_address(struct smtp_env *env, const struct place *at, const struct smtp_line *line, struct bytes args, const char *key)
{
	char text[SMTP_LINE_MAX + 8];
	struct smtp_path path;
	if (!smtp_path_parse(&args, key, &path)) {
		int n = snprintf(text, sizeof(text), "%s [no path, %zu octets]", *key == 'f' ? "MAIL" : "RCPT", line->len);
		smtp_talk(env, DIR_C2S, at, "command", (const uint8_t *)text, (size_t)n);
		return;
	}
	size_t before = (size_t)(path.whole.at - line->p), n = before;
	memcpy(text, line->p, before);
	if (bytes_left(&path.whole)) {
		memcpy(text + n, "***", 3);
		n += 3;
	}
	// A source route in front goes with the local part; parameters may hold addresses too (AUTH=, ORCPT=).
	bool bracket = path.whole.end < line->p + line->len && *path.whole.end == '>';
	size_t domain = (size_t)(path.whole.end - path.local.end) + bracket;
	memcpy(text + n, path.local.end, domain);
	n += domain;
	smtp_talk(env, DIR_C2S, at, "command", (const uint8_t *)text, n);
}

void smtp_talk_command(struct smtp_env *env, const struct place *at, const struct smtp_verb *verb, const struct smtp_line *line)
{
	char text[96];
	if (!env->dialogue)
		return;
	if (!verb) { // nobody knows what it is: it may be a password
		int n = snprintf(text, sizeof(text), "[unrecognised line, %zu octets]", line->len);
		smtp_talk(env, DIR_C2S, at, "command", (const uint8_t *)text, (size_t)n);
		return;
	}
	struct bytes args = smtp_skip_blanks(line->p, line->len), word = smtp_word(&args);
	if (verb->kind == SMTP_SENT_AUTH) {
		struct bytes mech = smtp_word(&args), name = smtp_auth_name(mech);
		bool more = bytes_left(&args) || bytes_left(&mech) > bytes_left(&name);
		int n = snprintf(text, sizeof(text), "%s %.*s%s", verb->name[0] == 'x' ? "X-EXPS" : "AUTH", (int)(bytes_left(&name) < 32 ? bytes_left(&name) : 32),
		                 (const char *)name.at, more ? " ***" : "");
		smtp_talk(env, DIR_C2S, at, "credential", (const uint8_t *)text, (size_t)n);
		return;
	}
	bool rcpt = verb->kind == SMTP_SENT_RCPT;
	if (!env->keep_envelope && (rcpt || verb->kind == SMTP_SENT_MAIL || verb->kind == SMTP_SENT_SEND)) {
		talk_address(env, at, line, args, rcpt ? "to" : "from");
		return;
	}
	// Other arguments may name people too (VRFY), or be what was typed into the wrong window.
	bool hello = verb->kind == SMTP_SENT_EHLO || verb->kind == SMTP_SENT_HELO;
	bool shown = hello || verb->kind == SMTP_SENT_BDAT;
	uint8_t masked[SMTP_LINE_MAX];
	if (env->keep_envelope)
		smtp_talk(env, DIR_C2S, at, "command", line->p, line->len);
	else
		smtp_talk(env, DIR_C2S, at, "command", masked, smtp_mask(line->p, shown ? line->len : bytes_left(&word), masked));
}

void smtp_talk_content(struct smtp_env *env, const struct place *at, uint64_t octets)
{
	char text[64];
	if (!env->dialogue)
		return;
	int n = snprintf(text, sizeof(text), "[message content, %llu octets]", (unsigned long long)octets);
	smtp_talk(env, DIR_C2S, at, "content", (const uint8_t *)text, (size_t)n);
}

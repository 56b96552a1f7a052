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

bool smtp_is_host(struct bytes name, bool doubt)
{
	bool parts = false;
	for (const uint8_t *p = name.at; p < name.end; p++) {
		uint8_t c = smtp_lower(*p);
		bool word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!word && (!c || !strchr(".-_:[]", c)))
			return false;
		parts |= !word && c != '-' && c != '_';
	}
	return bytes_left(&name) && (parts || !doubt);
}

size_t smtp_status_len(const uint8_t *p, size_t len)
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

void smtp_talk_reply(struct smtp_env *env, const struct place *at, bool shown, const struct smtp_line *line)
{
	enum { HEAD = 4 }; // the code and what follows it
	uint8_t text[2 * HEAD + 2 * SMTP_LINE_MAX];
	if (!env->dialogue)
		return;
	bool coded = smtp_reply_has_code(line->p, line->len);
	size_t n = !coded ? 0 : line->len < HEAD ? line->len : HEAD;
	if (shown && coded && env->keep_envelope) {
		smtp_talk(env, DIR_S2C, at, "reply", line->p, line->len);
		return;
	}
	memcpy(text, line->p, n);
	if (shown && coded) {
		n += smtp_mask(line->p + n, line->len - n, text + n);
	} else if (line->len > n) {
		size_t status = coded ? smtp_status_len(line->p + n, line->len - n) : 0;
		memcpy(text + n, line->p + n, status);
		n += status;
		if (line->len > n)
			n += (size_t)snprintf((char *)text + n, sizeof(text) - n, "[text, %zu octets]", line->len - n);
	}
	smtp_talk(env, DIR_S2C, at, "reply", text, n);
}

static void talk_address(struct smtp_env *env, const struct place *at, const struct smtp_line *line, struct bytes args,
                         const char *key)
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
	const uint8_t *from = env->keep_envelope ? path.whole.at : path.local.end;
	if (!env->keep_envelope && bytes_left(&path.whole)) {
		memcpy(text + n, "***", 3);
		n += 3;
	}
	// A source route in front goes with the local part; parameters may hold addresses too (AUTH=, ORCPT=).
	bool bracket = path.whole.end < line->p + line->len && *path.whole.end == '>';
	size_t rest = (size_t)(path.whole.end - from) + bracket;
	memcpy(text + n, from, rest);
	n += rest;
	smtp_talk(env, DIR_C2S, at, "command", (const uint8_t *)text, n);
}

static void talk_auth(struct smtp_env *env, const struct place *at, const struct smtp_verb *verb, struct bytes args)
{
	char text[96];
	struct bytes mech = smtp_word(&args), name = smtp_auth_name(mech);
	bool more = bytes_left(&args) || bytes_left(&mech) > bytes_left(&name);
	int n = snprintf(text, sizeof(text), "%s %.*s%s", verb->name[0] == 'x' ? "X-EXPS" : "AUTH",
	                 (int)(bytes_left(&name) < 32 ? bytes_left(&name) : 32), (const char *)name.at, more ? " ***" : "");
	smtp_talk(env, DIR_C2S, at, "credential", (const uint8_t *)text, (size_t)n);
}

bool smtp_plain_arguments(const struct smtp_verb *verb, struct bytes args, bool doubt)
{
	struct bytes first = smtp_word(&args), second = smtp_word(&args);
	bool last = !bytes_left(&second) || smtp_word_is(second.at, bytes_left(&second), "last");
	switch (verb->kind) {
	case SMTP_SENT_HELO:
	case SMTP_SENT_EHLO:
		return smtp_is_host(first, doubt) && !bytes_left(&second);
	case SMTP_SENT_BDAT:
		for (const uint8_t *p = first.at; p < first.end; p++)
			last = last && *p >= '0' && *p <= '9';
		return last && !bytes_left(&args);
	default: // they may name people (VRFY), or be what was typed into the wrong window
		return false;
	}
}

void smtp_talk_command(struct smtp_env *env, const struct place *at, const struct smtp_verb *verb, const struct smtp_line *line,
                       bool doubt)
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
	bool rcpt = verb->kind == SMTP_SENT_RCPT;
	if (verb->kind == SMTP_SENT_AUTH) {
		talk_auth(env, at, verb, args);
	} else if (rcpt || verb->kind == SMTP_SENT_MAIL || verb->kind == SMTP_SENT_SEND) {
		talk_address(env, at, line, args, rcpt ? "to" : "from");
	} else if (!bytes_left(&args)) {
		smtp_talk(env, DIR_C2S, at, "command", word.at, bytes_left(&word));
	} else if (smtp_plain_arguments(verb, args, doubt)) {
		smtp_talk(env, DIR_C2S, at, "command", line->p, line->len);
	} else {
		int n = snprintf(text, sizeof(text), "%.*s [%zu octets]", (int)bytes_left(&word), (const char *)word.at,
		                 bytes_left(&args));
		smtp_talk(env, DIR_C2S, at, "command", (const uint8_t *)text, (size_t)n);
	}
}

void smtp_talk_content(struct smtp_env *env, const struct place *at, uint64_t octets)
{
	char text[64];
	if (!env->dialogue)
		return;
	int n = snprintf(text, sizeof(text), "[message content, %llu octets]", (unsigned long long)octets);
	smtp_talk(env, DIR_C2S, at, "content", (const uint8_t *)text, (size_t)n);
}

// The dialogue for a reader, with everything taken out that is nobody's business: credentials, content, and the local
// parts of addresses unless the worker was told to keep them.
#include <stdio.h>

#include "dissect/smtp/internal.h"

void smtp_talk(struct smtp_env *env, enum dir d, const struct place *at, const char *kind, const uint8_t *p, size_t len)
{
	if (env->dialogue)
		env->dialogue->line(env->dialogue->ctx, env->facts->birth, d, at, kind, p, len);
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
	struct bytes args = bytes_of(line->p, line->len), word = smtp_word(&args);
	if (verb->kind == SMTP_SENT_AUTH) {
		struct bytes mech = smtp_word(&args);
		int n = snprintf(text, sizeof(text), "AUTH %.*s%s", (int)(bytes_left(&mech) < 32 ? bytes_left(&mech) : 32),
		                 (const char *)mech.at, bytes_left(&args) ? " ***" : "");
		smtp_talk(env, DIR_C2S, at, "credential", (const uint8_t *)text, (size_t)n);
		return;
	}
	if (!env->keep_envelope && (verb->kind == SMTP_SENT_MAIL || verb->kind == SMTP_SENT_RCPT)) {
		talk_address(env, at, line, args, verb->kind == SMTP_SENT_MAIL ? "from" : "to");
		return;
	}
	// Other arguments may name people too (VRFY); only those of greetings and sizes are shown.
	bool shown = verb->kind != SMTP_SENT_OTHER || env->keep_envelope;
	smtp_talk(env, DIR_C2S, at, "command", line->p, shown ? line->len : bytes_left(&word));
}

void smtp_talk_content(struct smtp_env *env, const struct place *at, uint64_t octets)
{
	char text[64];
	if (!env->dialogue)
		return;
	int n = snprintf(text, sizeof(text), "[message content, %llu octets]", (unsigned long long)octets);
	smtp_talk(env, DIR_C2S, at, "content", (const uint8_t *)text, (size_t)n);
}

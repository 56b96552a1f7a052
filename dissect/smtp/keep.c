// What of the dialogue may be kept as evidence, line by line. P15: no content, no credential; addresses are a setting.
// docs/design/0025.
//
// A client's line is kept when it begins with a verb we know and has the arguments that verb has, as long as nothing is missing
// or in doubt. From the first line on that may be followed by something else (AUTH, DATA, BDAT, a verb nobody knows) nothing of
// the client is kept any more in this session: where content ends is a matter of opinion, and smugglers live on that.
//
// A server can repeat only what it has received. So its text is kept while everything that it had received by then was kept
// (smtp.said_to), and where it can only be about the server itself; otherwise its code is.
#include "dissect/smtp/internal.h"

void smtp_keep_stop(struct smtp *m)
{
	m->keep_stopped = m->said_more = true;
}

bool smtp_keeps(const struct smtp *m)
{
	return !m->keep_stopped && !m->lost;
}

// A CR that is no line end, a NUL: what a server takes it for nobody knows.
static bool has_controls(const struct smtp_line *line)
{
	for (size_t i = 0; i < line->len; i++) {
		if ((line->p[i] < ' ' && line->p[i] != '\t') || line->p[i] == 0x7f)
			return true;
	}
	return false;
}

static size_t offset_in(const struct smtp_line *line, const uint8_t *p)
{
	return (size_t)(p - line->p);
}

static size_t of_path(const struct smtp_env *env, const struct smtp_line *line, struct bytes args, const char *key)
{
	size_t verb = offset_in(line, args.at);
	struct smtp_path path;
	if (!smtp_path_parse(&args, key, &path))
		return verb;
	if (env->keep_envelope || (!bytes_left(&path.whole) && !memchr(line->p, '@', line->len)))
		return line->wire_len;
	return offset_in(line, path.whole.at);
}

static size_t of_auth(const struct smtp_line *line, struct bytes args)
{
	size_t verb = offset_in(line, args.at);
	struct bytes name = smtp_word(&args);
	if (!bytes_left(&name))
		return line->wire_len;
	struct bytes known = smtp_auth_name(name);
	return bytes_left(&known) == bytes_left(&name) ? offset_in(line, name.end) : verb;
}

// Octets of a client's line that are kept: all of them (wire_len), or those in front of what may not be.
static size_t of_command(const struct smtp_env *env, const struct smtp_line *line, const struct smtp_verb *verb)
{
	struct bytes args = smtp_skip_blanks(line->p, line->len);
	smtp_word(&args);
	size_t before = offset_in(line, args.at);
	switch (verb->kind) {
	case SMTP_SENT_MAIL:
	case SMTP_SENT_SEND:
		return of_path(env, line, args, "from");
	case SMTP_SENT_RCPT:
		return of_path(env, line, args, "to");
	case SMTP_SENT_AUTH:
		return of_auth(line, args);
	default:
		return !bytes_left(&args) || smtp_plain_arguments(verb, args, false) ? line->wire_len : before;
	}
}

// What comes behind it is a command again, whatever the server answers, and is none of a protocol of its own.
static bool goes_on(const struct smtp_verb *verb)
{
	switch (verb->kind) {
	case SMTP_SENT_AUTH:
	case SMTP_SENT_DATA:
	case SMTP_SENT_BDAT:
		return false;
	case SMTP_SENT_OTHER: // XEXCH50 and BURL bring octets of their own, TURN changes places, XCLIENT may have a password
		return smtp_word_is((const uint8_t *)verb->name, strlen(verb->name), "vrfy") ||
		       smtp_word_is((const uint8_t *)verb->name, strlen(verb->name), "expn") ||
		       smtp_word_is((const uint8_t *)verb->name, strlen(verb->name), "help");
	default:
		return true;
	}
}

// Octets [from, from + n) of the client's line that ends at `end` are kept.
static void keep(struct smtp *m, struct smtp_env *env, uint64_t from, size_t n, uint64_t end)
{
	kept_run(env->kept, DIR_C2S, from, from + n);
	m->said_more |= m->said_to != from || from + n != end;
	if (!m->said_more)
		m->said_to = end;
}

void smtp_keep_command(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line,
                       const struct smtp_verb *verb)
{
	if (!env->kept)
		return;
	bool doubt = m->lost || at->quality & (Q_GAP | Q_TRUNC | Q_AMBIG) || line->wire_len > SMTP_LINE_MAX || has_controls(line);
	if (doubt || !verb)
		smtp_keep_stop(m);
	if (m->keep_stopped)
		return;
	size_t n = of_command(env, line, verb);
	bool on = goes_on(verb);
	if (verb->kind == SMTP_SENT_AUTH) // its prompts may repeat the name
		m->said_more = true;
	if (verb->kind != SMTP_SENT_OTHER || on)
		keep(m, env, at->off - line->wire_len, n, at->off);
	if (!on)
		smtp_keep_stop(m);
}

// Octets in front of the first local part of an address.
static size_t before_addresses(const struct smtp_env *env, const struct smtp_line *line)
{
	uint8_t masked[SMTP_LINE_MAX];
	if (env->keep_envelope)
		return line->wire_len;
	size_t n = smtp_mask(line->p, line->len, masked), same = 0;
	while (same < n && same < line->len && masked[same] == line->p[same])
		same++;
	return same == line->len ? line->wire_len : same;
}

void smtp_keep_reply(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, uint64_t line_end,
                     bool text)
{
	enum { HEAD = 4 }; // the code and what follows it
	if (!env->kept)
		return;
	bool coded = smtp_reply_has_code(line->p, line->len), sure = !m->lost && !(at->quality & Q_AMBIG);
	size_t n = 0;
	if (sure && env->facts->smtp.seen && line->wire_len <= SMTP_LINE_MAX && (text || at->acked <= m->said_to))
		n = before_addresses(env, line);
	if (coded && n < HEAD)
		n = line->len < HEAD ? line->len : HEAD;
	if (coded && n == HEAD)
		n += smtp_status_len(line->p + HEAD, line->len - HEAD);
	uint64_t from = line_end - line->wire_len;
	kept_run(env->kept, DIR_S2C, from, from + n);
	if (coded && (!memcmp(line->p, "334", 3) || !memcmp(line->p, "354", 3) || !memcmp(line->p, "235", 3)))
		smtp_keep_stop(m); // what the client sends next is no command, whatever it answers
}

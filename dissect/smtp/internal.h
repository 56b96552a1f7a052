// What the files of the SMTP machine share. Private to dissect/smtp/.
//
// Every function that is handed (m, env, at) works for one call of the machine: nothing of env is kept.
#pragma once

#include <string.h>

#include "dissect/bytes.h"
#include "dissect/smtp/smtp.h"

// What the next octets of a direction are.
enum smtp_mode {
	SMTP_MODE_LINES,      // commands, replies
	SMTP_MODE_PROXY,      // c2s: a PROXY v2 header before SMTP
	SMTP_MODE_WAIT_DATA,  // c2s: behind DATA, its reply decides
	SMTP_MODE_WAIT_TLS,   // c2s: behind STARTTLS, likewise
	SMTP_MODE_WAIT_AUTH,  // c2s: behind AUTH or a response, likewise
	SMTP_MODE_GUESS_DATA, // c2s: that reply will not come; the first line decides
	SMTP_MODE_GUESS_TLS,  // c2s: ... the first octet decides
	SMTP_MODE_GUESS_AUTH, // c2s: ... a line that is no command is a response
	SMTP_MODE_SECRET,     // c2s: the next line is a response to a challenge
	SMTP_MODE_CONTENT,    // c2s: message until the end of data
	SMTP_MODE_CHUNK,      // c2s: message by length (BDAT)
	SMTP_MODE_AFTER_220,  // c2s: STARTTLS was accepted; TLS, text or something injected
	SMTP_MODE_UPGRADE,    // s2c: STARTTLS was accepted
	SMTP_MODE_TLS,
};

// Commands in flight. Order is that of smtp_verbs' kinds; the low five bits of a pending octet.
enum smtp_pending_kind {
	SMTP_SENT_OTHER, // a verb we know and do not follow (VRFY, HELP ...)
	SMTP_SENT_HELO,
	SMTP_SENT_EHLO,
	SMTP_SENT_MAIL,
	SMTP_SENT_SEND, // and SOML, SAML: the same as MAIL. RFC 821 4.1.1
	SMTP_SENT_RCPT,
	SMTP_SENT_DATA,
	SMTP_SENT_CONTENT, // the end of data
	SMTP_SENT_BDAT,
	SMTP_SENT_BDAT_LAST,
	SMTP_SENT_RSET,
	SMTP_SENT_NOOP,
	SMTP_SENT_STARTTLS,
	SMTP_SENT_AUTH,
	SMTP_SENT_QUIT,
	SMTP_SENT_MANGLED,
	SMTP_SENT_UNKNOWN, // a line without a verb we know: only its reply tells what the server took it for
	SMTP_SENT_GREETING, // stands for the connection itself
	SMTP_SENT_KINDS,
	SMTP_SENT_KIND_MASK = 0x1f,
	SMTP_SENT_UNACKED = 0x20, // MAIL: the client had not received the whole EHLO reply
	SMTP_SENT_FIRST = 0x40,   // the first mangled command
};

// What the last greeting command that was answered came to.
enum smtp_answered_hello { SMTP_HELLO_NONE, SMTP_HELLO_HELO, SMTP_HELLO_EHLO, SMTP_HELLO_REFUSED };

// Facts that are told before the end, each once.
enum smtp_news {
	SMTP_NEWS_CLEAR = 1 << 0, // and the next CLEAR_N bits
	SMTP_NEWS_CONTENT = 1 << 6,
	SMTP_NEWS_SECRET = 1 << 7,
	SMTP_NEWS_AUTH_OK = 1 << 8,
	SMTP_NEWS_REJECTED = 1 << 9,
	SMTP_NEWS_INJECT_C2S = 1 << 10,
	SMTP_NEWS_INJECT_S2C = 1 << 11,
	SMTP_NEWS_AFTER_220 = 1 << 12,
	SMTP_NEWS_MANGLED = 1 << 13,
	SMTP_NEWS_MASKED = 1 << 14,
	SMTP_NEWS_EOD_VERB = 1 << 15,
	SMTP_NEWS_EOD_EFFECT = 1 << 16,
	SMTP_NEWS_REQUIRETLS = 1 << 17,
	SMTP_NEWS_HTTP = 1 << 18,
};
static_assert(CLEAR_N <= 6, "one bit of smtp_news for each kind");

// A whole line without its end. `p` is valid until the next octet is fed.
struct smtp_line {
	const uint8_t *p;
	size_t len;        // octets kept, at most SMTP_LINE_MAX
	uint32_t wire_len; // octets of the line with its end, saturating
	bool lf_only;
};

static inline uint8_t smtp_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static inline bool smtp_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

// Is p[0..len) exactly `word` (lower case), whatever its case?
static inline bool smtp_word_is(const uint8_t *p, size_t len, const char *word)
{
	size_t i = 0;
	while (i < len && word[i] && smtp_lower(p[i]) == (uint8_t)word[i])
		i++;
	return i == len && !word[i];
}

static inline bool smtp_starts(const uint8_t *p, size_t len, const char *word)
{
	size_t n = strlen(word);
	return len >= n && smtp_word_is(p, n, word);
}

// A line without the blanks before its verb: many servers skip them.
static inline struct bytes smtp_skip_blanks(const uint8_t *p, size_t len)
{
	while (len && smtp_blank(*p)) {
		p++;
		len--;
	}
	return bytes_of(p, len);
}

// Takes the next word and the blanks behind it from a line; empty at its end.
static inline struct bytes smtp_word(struct bytes *b)
{
	struct bytes word = bytes_of(b->at, 0);
	while (b->at < b->end && !smtp_blank(*b->at))
		word.end = ++b->at;
	while (b->at < b->end && smtp_blank(*b->at))
		b->at++;
	return word;
}

// Evidence in which an absence proves nothing.
static inline bool smtp_incomplete(uint8_t quality)
{
	return quality & (Q_GAP | Q_MIDSTREAM | Q_ONE_DIR | Q_TRUNC);
}

#define SMTP_SATURATE_ADD(counter, n) \
	((counter) = (__typeof__(counter))((uint64_t)(counter) + (n) > (__typeof__(counter))-1 ? (__typeof__(counter))-1 : (counter) + (n)))

// machine.c
void smtp_news(struct smtp *m, struct smtp_env *env, uint32_t bit);
void smtp_oddity(struct smtp_env *env, const struct place *at, uint32_t oddity);
void smtp_malformed(struct smtp_env *env, const struct place *at, uint32_t oddity);
// A clear transaction: MAIL was accepted, or content shows that it was. `_stray`: what shows it fits none of the commands
// that were read, so that the greeting command before it may be among those that were not.
void smtp_clear_transaction(struct smtp *m, struct smtp_env *env, const struct place *at, bool unacked);
void smtp_clear_stray(struct smtp *m, struct smtp_env *env, const struct place *at);

// line.c. Takes octets up to and with the next LF; true when *line is whole. smtp_line_done() gives its memory back.
bool smtp_line_take(struct smtp_lane *lane, struct smtp_env *env, const uint8_t *p, size_t len, size_t *taken, struct smtp_line *line);
void smtp_line_done(struct smtp_lane *lane, struct smtp_env *env);

// What there is of a line that will have no end.
struct smtp_line smtp_line_left(const struct smtp_lane *lane, const struct smtp_env *env);

// pending.c
void smtp_pending_push(struct smtp *m, struct smtp_env *env, const struct place *at, uint8_t what);
bool smtp_pending_head(const struct smtp *m, const struct smtp_env *env, uint8_t *what);
// For EHLO, DATA, AUTH, QUIT and STARTTLS only: the kinds that are counted.
bool smtp_pending_has(const struct smtp *m, enum smtp_pending_kind kind);
void smtp_pending_rename(struct smtp *m, struct smtp_env *env, uint8_t what); // the first of them is that
void smtp_pending_pop(struct smtp *m, struct smtp_env *env);
void smtp_pending_clear(struct smtp *m, struct smtp_env *env);

// command.c: a line of the client. verb.c: which verb a line begins with.
struct smtp_verb {
	const char *name; // lower case
	uint8_t kind;     // enum smtp_pending_kind
	bool sync;        // nothing may be sent before its reply was received. RFC 2920 3.1
	bool basic;       // every server has it: refused as unknown, something stands between
	void (*run)(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, struct bytes args);
};
const struct smtp_verb *smtp_verb_find(const uint8_t *p, size_t len);
const struct smtp_verb *smtp_verb_of(uint8_t kind);
// What the client sends at `at` may be content or a credential: something is missing, or it was sent before the answer to
// AUTH, DATA ... was received.
bool smtp_in_doubt(const struct smtp *m, const struct place *at);
// Commands were sent behind EHLO before its reply: was that `agreed` on?
void smtp_early_group(struct smtp *m, struct smtp_env *env, bool agreed);
void smtp_command(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line);
// Whether the client's first words were sent before it had received anything of the greeting's last line.
void smtp_early_talker(struct smtp *m, struct smtp_env *env, const struct place *at);
// mail.c
void smtp_mail(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, struct bytes args);
void smtp_rcpt(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, struct bytes args);
// Where the path of MAIL/RCPT arguments lies: false when there is none.
struct smtp_path {
	struct bytes whole, local, domain; // whole: between the brackets
};
bool smtp_path_parse(struct bytes *args, const char *key, struct smtp_path *out);

// auth.c
void smtp_auth(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, struct bytes args);
void smtp_auth_response(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line);
void smtp_auth_answer(struct smtp *m, struct smtp_env *env, const struct place *at, uint16_t code);
// A 334 or 235 that answers no AUTH we know shows that there was one.
void smtp_auth_shown(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a);
// A 334 with this text asks for what LOGIN asks for.
bool smtp_auth_asks_login(struct bytes text);
uint8_t smtp_auth_mech(const uint8_t *p, size_t len);
struct bytes smtp_auth_name(struct bytes word);

// reply.c: a line of the server. answer.c: what a whole reply means.
void smtp_reply(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, uint64_t line_end);
bool smtp_reply_has_code(const uint8_t *p, size_t len); // three digits, then a blank, a hyphen or the end
void smtp_reply_end(struct smtp *m, struct smtp_env *env, const struct place *at);
// A reply that no command asked for says that octets of the client were read as what they are not.
void smtp_astray(struct smtp_env *env, uint16_t code);
void smtp_answer_end(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a);
// Another reply begins: what was taken for the server's last word was not.
void smtp_answer_went_on(struct smtp *m, struct smtp_env *env, const struct place *at);

// ehlo.c
void smtp_ehlo_line(struct smtp *m, struct smtp_env *env, uint16_t code, struct bytes text, const struct smtp_line *line);
void smtp_ehlo_end(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a);
// A keyword line behind the final one. True when it was that.
bool smtp_ehlo_late(struct smtp *m, struct smtp_env *env, struct bytes text);

// data.c: message content. Returns octets taken; *end when the end of data was met.
size_t smtp_data_take(struct smtp *m, struct smtp_env *env, const struct place *at, const uint8_t *p, size_t len, bool *end);
void smtp_data_begin(struct smtp *m, bool lf_client);
void smtp_data_hole(struct smtp *m); // octets of it are missing
void smtp_content_octets(struct smtp *m, struct smtp_env *env, const struct place *at, const uint8_t *p, size_t n);

// content.c: a digest of all content outside TLS, where env->content_key asks for it. Says nothing of what was in it.
void smtp_content_digest(struct smtp *m, const struct smtp_env *env, const uint8_t *p, size_t n);
void smtp_content_digest_end(const struct smtp *m, const struct smtp_env *env);

// gap.c: octets of the client that were captured, but found no room: what came before them is in no doubt.
void smtp_gap_unread(struct smtp *m, struct smtp_env *env, const struct place *at, uint64_t missing);

// held.c: what came behind STARTTLS before its answer. Kept; then either TLS follows (injected), or the session goes on
// in clear (release) and it is read, until it ends or another STARTTLS in it is accepted (again).
void smtp_held_keep(struct smtp *m, struct smtp_env *env, const struct place *at, const uint8_t *p, size_t len);
void smtp_held_injected(struct smtp *m, struct smtp_env *env);
void smtp_held_release(struct smtp *m, struct smtp_env *env);
void smtp_held_again(struct smtp *m, struct smtp_env *env);
// What is left to be read. 0: nothing, and its memory was given back.
size_t smtp_held_left(struct smtp *m, struct smtp_env *env, struct place *at, const uint8_t **p);

// upgrade.c: around STARTTLS.
void smtp_starttls(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, struct bytes args);
void smtp_starttls_answer(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a);
size_t smtp_upgrade_client(struct smtp *m, struct smtp_env *env, const struct place *at, const uint8_t *p, size_t len,
                           enum smtp_need *need);
size_t smtp_upgrade_server(struct smtp *m, struct smtp_env *env, const struct place *at, const uint8_t *p, size_t len,
                           enum smtp_need *need);
size_t smtp_upgrade_guess(struct smtp *m, struct smtp_env *env, const struct place *at, const uint8_t *p, size_t len,
                           enum smtp_need *need);
bool smtp_upgrade_is_tls(const struct tls_facts *t, enum dir d, uint8_t first);

// keep.c: what of the dialogue may be kept as evidence. A line of the client that was read as a command (`at` is its end);
// a line of the server, as smtp_talk_reply() is told; from here on nothing of the client.
void smtp_keep_command(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line,
                       const struct smtp_verb *verb);
void smtp_keep_reply(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, uint64_t line_end,
                     bool text);
void smtp_keep_stop(struct smtp *m);

// talk.c: the masked dialogue.
void smtp_talk(struct smtp_env *env, enum dir d, const struct place *at, const char *kind, const uint8_t *p, size_t len);
// `doubt`: the line may be no command at all (smtp_in_doubt).
void smtp_talk_command(struct smtp_env *env, const struct place *at, const struct smtp_verb *verb, const struct smtp_line *line,
                       bool doubt);
// A line of the server. `text`: what stands behind its code may be shown (smtp_reply_is_text); of a line without a code,
// nothing is.
void smtp_talk_reply(struct smtp_env *env, const struct place *at, bool text, const struct smtp_line *line);
// Octets of an enhanced status code at p, with the blank behind it. RFC 3463 2.
size_t smtp_status_len(const uint8_t *p, size_t len);
// The arguments that say what they must and no more.
bool smtp_plain_arguments(const struct smtp_verb *verb, struct bytes args, bool doubt);
// A name that HELO may have: of a host, or an address literal. Anything else may be a password or a sentence; so may a single
// word where the line is in doubt.
bool smtp_is_host(struct bytes name, bool doubt);
// Copies text with "***" for every local part of an address. `out` has room for SMTP_LINE_MAX; returns octets used.
size_t smtp_mask(const uint8_t *p, size_t len, uint8_t *out);
// Text of the server that is kept among the facts: people in it are a setting.
void smtp_keep_text(struct smtp_env *env, struct text *t, struct bytes text, size_t max);
void smtp_talk_content(struct smtp_env *env, const struct place *at, uint64_t octets);

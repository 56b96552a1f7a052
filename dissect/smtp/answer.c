// What a whole reply means: one row for each kind of command. This is the answered side, in the server's order, where
// transactions are counted and judged.
#include "dissect/smtp/internal.h"

static void content_answer(struct smtp *m, struct smtp_env *env, uint16_t code)
{
	if (code / 100 == 2)
		SMTP_SATURATE_ADD(env->facts->smtp.n_messages_ok, 1);
	m->mail_open = m->mail_counted = false;
	m->n_rcpt_open = 0;
}

// Nobody asks for content, or takes it, without a sender: whatever it was that the client said, it was taken for MAIL.
static void shown(struct smtp *m, struct smtp_env *env, const struct place *at)
{
	if (!m->mail_counted)
		smtp_clear_transaction(m, env, at, false);
}

// The client goes on with content.
static void open_content(struct smtp *m, struct smtp_env *env)
{
	struct smtp_lane *client = &m->lane[DIR_C2S];
	bool waits = client->mode == SMTP_MODE_WAIT_DATA || (client->mode == SMTP_MODE_GUESS_DATA && !client->len);
	if (!waits && client->mode == SMTP_MODE_LINES && !client->len) { // DATA itself is in a hole, or was not recognised
		smtp_data_begin(m, false);
		m->content_start = env->facts->smtp.content_octets;
		waits = true;
	}
	if (waits)
		client->mode = SMTP_MODE_CONTENT;
}

// The server speaks while content is still running.
static void within_content(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a)
{
	struct smtp_lane *client = &m->lane[DIR_C2S];
	if (m->data.variant_last || m->data.hole || m->lost || smtp_incomplete(at->quality)) {
		// It took an odd end of data for the end and the client agrees; or the end is in a hole.
		client->doubt = !m->data.variant_last;
		client->mode = SMTP_MODE_LINES;
		client->len = 0;
		content_answer(m, env, a->code);
	} else if (a->code >= 400) {
		m->early_reply = true;
		content_answer(m, env, a->code);
	} else if (!m->smuggle) {
		SMTP_SATURATE_ADD(env->facts->smtp.n_unmatched, 1);
		place_mark_first(&env->facts->smtp.unmatched_mark, at);
	}
}

static void smuggled(struct smtp *m, struct smtp_env *env, const struct place *at, uint16_t code)
{
	struct smtp_facts *f = &env->facts->smtp;
	f->eod_effect = true;
	place_mark_first(&f->eod_effect_mark, at);
	smtp_news(m, env, SMTP_NEWS_EOD_EFFECT);
	if (code == 354) { // a transaction of its own, by commands nobody sent as such
		m->mail_open = false;
		smtp_clear_transaction(m, env, at, false);
	}
}

// Refusals ask for nothing, and a server may close a session twice.
void smtp_astray(struct smtp_env *env, uint16_t code)
{
	if (code < 400 && code != 221)
		SMTP_SATURATE_ADD(env->facts->smtp.n_astray, 1);
}

static void unmatched(struct smtp_env *env, const struct place *at)
{
	SMTP_SATURATE_ADD(env->facts->smtp.n_unmatched, 1);
	place_mark_first(&env->facts->smtp.unmatched_mark, at);
	smtp_oddity(env, at, ODD_REPLY_EXTRA);
}

// A server that has waited long enough, or has had enough, says so and closes. Not all of them say 421.
static bool may_be_farewell(const struct smtp *m, const struct smtp_facts *f, uint16_t code)
{
	return !m->farewell && !f->n_unmatched && (code == 221 || code >= 400);
}

void smtp_answer_went_on(struct smtp *m, struct smtp_env *env, const struct place *at)
{
	if (m->farewell)
		unmatched(env, at);
	m->farewell = false;
}

// Octets of the client were read as what they are not: the server does what no command that we know of asks for.
static void astray(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a)
{
	unmatched(env, at);
	smtp_astray(env, a->code);
	if (a->code == 334 || a->code == 235)
		smtp_auth_shown(m, env, at, a);
	if (a->code != 354)
		return;
	if (!m->mail_counted)
		smtp_clear_stray(m, env, at);
	open_content(m, env);
}

// The reply to a command that found no room, so it may be any.
static void forgotten(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a)
{
	smtp_astray(env, a->code);
	if (a->code == 334 || a->code == 235)
		smtp_auth_shown(m, env, at, a);
	if (a->code != 354)
		return;
	shown(m, env, at);
	open_content(m, env);
}

// A reply that fits no command.
static void stray(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a)
{
	bool content = m->lane[DIR_C2S].mode == SMTP_MODE_CONTENT;
	bool blind = m->lost || smtp_incomplete(at->quality);
	if (a->code == 421)
		return; // may come at any time
	if (m->n_forgotten) {
		m->n_forgotten--;
		forgotten(m, env, at, a);
		return;
	}
	if (m->smuggle && !blind && !(content && m->data.variant_last)) {
		smuggled(m, env, at, a->code);
	} else if (content) {
		within_content(m, env, at, a);
	} else if (!blind && may_be_farewell(m, &env->facts->smtp, a->code)) {
		m->farewell = true;
		place_mark_first(&env->facts->smtp.unmatched_mark, at);
	} else if (!blind) {
		astray(m, env, at, a);
	} else if (a->code == 354) {
		shown(m, env, at);
		open_content(m, env);
	} else if (a->code == 334 || a->code == 235) {
		smtp_auth_shown(m, env, at, a);
	}
}

#define ANSWER(name) \
	static void name(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a)

ANSWER(greeting)
{
	env->facts->smtp.greeting_mark = place_mark(at);
	if (m->greeting_last) // of several lines: postscreen sends the first, and listens who does not wait for the rest
		smtp_early_talker(m, env, at);
}

ANSWER(helo)
{
	if (a->code / 100 != 2)
		return;
	m->mail_open = false;
	if (m->hello == SMTP_HELLO_NONE)
		m->hello = SMTP_HELLO_HELO;
}

ANSWER(mail)
{
	if (a->code / 100 != 2)
		return;
	if (m->mail_open && !m->lost)
		smtp_oddity(env, at, ODD_NESTED_MAIL);
	place_mark_first(&env->facts->smtp.mail_ok_mark, at);
	m->n_rcpt_open = m->lmtp_left = 0;
	smtp_clear_transaction(m, env, at, a->kind & SMTP_SENT_UNACKED);
}

ANSWER(rcpt)
{
	struct smtp_facts *f = &env->facts->smtp;
	if (a->code / 100 == 2) {
		SMTP_SATURATE_ADD(f->n_rcpt_ok, 1);
		SMTP_SATURATE_ADD(m->n_rcpt_open, 1);
		return;
	}
	SMTP_SATURATE_ADD(f->n_rcpt_refused, 1);
	if (a->relay && (a->code / 100 == 5 || a->code == 454)) {
		SMTP_SATURATE_ADD(f->n_rcpt_relay, 1);
		place_mark_first(&f->relay_mark, at);
	}
}

ANSWER(data)
{
	struct smtp_lane *client = &m->lane[DIR_C2S];
	if (a->code / 100 == 3) { // clients go on after any of them
		shown(m, env, at);
		open_content(m, env);
	} else if (client->mode == SMTP_MODE_WAIT_DATA || client->mode == SMTP_MODE_GUESS_DATA) {
		client->mode = SMTP_MODE_LINES;
	}
}

// A server that does not know BDAT refuses the line and reads on behind it. A client that has heard so sends no chunk.
// (Of one that knows it, the client may have sent the chunk all the same: that is skipped, whatever the reply.)
static void refused_chunk(struct smtp *m, uint16_t code, bool last_pending)
{
	bool unknown = code >= 500 && code <= 502;
	m->chunk_refused = unknown && last_pending && m->lane[DIR_C2S].mode == SMTP_MODE_CHUNK && !m->chunk_begun;
}

// LMTP answers once for each recipient it had accepted. RFC 2033 4.2.
ANSWER(content)
{
	refused_chunk(m, a->code, m->pending.n == 1);
	if (a->code / 100 == 2)
		shown(m, env, at);
	if (env->facts->smtp.hello == HELLO_LHLO) {
		if (!m->lmtp_left)
			m->lmtp_left = m->n_rcpt_open ? m->n_rcpt_open : 1;
		if (--m->lmtp_left) {
			if (a->code / 100 == 2)
				SMTP_SATURATE_ADD(env->facts->smtp.n_messages_ok, 1);
			return;
		}
	}
	smtp_pending_pop(m, env);
	content_answer(m, env, a->code);
}

ANSWER(chunk)
{
	refused_chunk(m, a->code, !m->pending.n);
	if (a->code >= 400)
		m->bdat_open = false; // the client may give up without LAST
	else if (a->code / 100 == 2)
		shown(m, env, at);
}

ANSWER(rset)
{
	if (a->code / 100 != 2)
		return;
	m->mail_open = m->mail_counted = false;
	m->n_rcpt_open = 0;
}

ANSWER(auth) { smtp_auth_answer(m, env, at, a->code); }

ANSWER(mangled)
{
	if (!(a->kind & SMTP_SENT_FIRST))
		return;
	env->facts->smtp.mangled_code = a->code;
	smtp_news(m, env, SMTP_NEWS_MANGLED); // not before: a server that knows the verb says so
}

// `pops`: the row takes its command off the queue itself, or leaves it there for further replies.
static const struct {
	void (*run)(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a);
	bool pops;
} answers[SMTP_SENT_KINDS] = {
	[SMTP_SENT_HELO] = {helo, false},
	[SMTP_SENT_EHLO] = {smtp_ehlo_end, false},
	[SMTP_SENT_MAIL] = {mail, false},
	[SMTP_SENT_SEND] = {mail, false},
	[SMTP_SENT_RCPT] = {rcpt, false},
	[SMTP_SENT_DATA] = {data, false},
	[SMTP_SENT_CONTENT] = {content, true},
	[SMTP_SENT_BDAT] = {chunk, false},
	[SMTP_SENT_BDAT_LAST] = {content, true},
	[SMTP_SENT_RSET] = {rset, false},
	[SMTP_SENT_STARTTLS] = {smtp_starttls_answer, false},
	[SMTP_SENT_AUTH] = {auth, true},
	[SMTP_SENT_MANGLED] = {mangled, false},
	[SMTP_SENT_GREETING] = {greeting, true},
};

// A verb every server has, refused as unknown: something between the two does not like it.
static void filtered(struct smtp_env *env, const struct place *at, const struct smtp_verb *verb, uint16_t code)
{
	struct smtp_facts *f = &env->facts->smtp;
	if (!verb || !verb->basic || f->filtered_code || (code != 500 && code != 502))
		return;
	f->filtered_code = code;
	f->filtered_mark = place_mark(at);
	facts_set_text(env->facts, &f->filtered_verb, verb->name, strlen(verb->name), 8);
}

// The server asks for content though DATA was not what we read.
static void content_asked(struct smtp *m, struct smtp_env *env, const struct place *at, uint8_t kind)
{
	static const uint32_t otherwise = 1 << SMTP_SENT_DATA | 1 << SMTP_SENT_CONTENT | 1 << SMTP_SENT_BDAT | 1 << SMTP_SENT_BDAT_LAST |
		1 << SMTP_SENT_STARTTLS | 1 << SMTP_SENT_AUTH | 1u << SMTP_SENT_GREETING;
	if (otherwise >> kind & 1)
		return;
	shown(m, env, at);
	if (kind != SMTP_SENT_OTHER) // XEXCH50 has a 354 of its own, with octets that are no message
		open_content(m, env);
}

// A line nobody knows, and the server authenticates. After a 334 the next replies belong to the same dialogue.
static bool auth_asked(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a, uint8_t kind)
{
	bool unknown = kind == SMTP_SENT_UNKNOWN || kind == SMTP_SENT_MANGLED || kind == SMTP_SENT_OTHER;
	if (!unknown || (a->code != 334 && a->code != 235))
		return false;
	if (a->code == 334)
		smtp_pending_rename(m, env, SMTP_SENT_AUTH);
	else
		smtp_pending_pop(m, env);
	smtp_auth_shown(m, env, at, a);
	return true;
}

void smtp_answer_end(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a)
{
	struct smtp_facts *f = &env->facts->smtp;
	uint8_t kind = a->kind & SMTP_SENT_KIND_MASK;
	if (a->code == 530 && a->tls) { // without the word it asks for authentication (RFC 4954 6)
		SMTP_SATURATE_ADD(f->n_530, 1);
		place_mark_first(&f->mark_530, at);
	}
	if (!a->paired) {
		stray(m, env, at, a);
		return;
	}
	const struct smtp_verb *verb = smtp_verb_of(kind);
	if (verb && verb->sync)
		m->sync_end = a->line_end;
	filtered(env, at, verb, a->code);
	if (auth_asked(m, env, at, a, kind))
		return;
	if (!answers[kind].pops)
		smtp_pending_pop(m, env);
	if (answers[kind].run)
		answers[kind].run(m, env, at, a);
	if (a->code == 354)
		content_asked(m, env, at, kind);
}

// Around STARTTLS: its reply, what was slipped in on either side, and where TLS begins. RFC 3207 4, 4.1.
//
// Whether octets are TLS is decided by one octet, so that cuts change nothing: SMTP text never starts with the type
// of a TLS record, and 0x16 stands nowhere in it.
#include "dissect/smtp/internal.h"

enum { HANDSHAKE = 0x16 };

bool smtp_upgrade_is_tls(const struct tls_facts *t, enum dir d, uint8_t first)
{
	return (first >= 0x14 && first <= 0x17) || ((d == DIR_C2S || t->sslv2_hello) && first >= 0x80); // SSLv2 hellos
}

// Sent though the last reply to EHLO that is known had none of it, or inside a transaction.
static void check_state(struct smtp *m, struct smtp_env *env)
{
	struct smtp_facts *f = &env->facts->smtp;
	bool none = f->offer == OFFER_NO || f->offer == OFFER_MASKED;
	if (none || (m->hello == SMTP_HELLO_HELO && !m->lost))
		f->starttls_unoffered = true;
	if (m->mail_open)
		f->starttls_in_mail = true;
}

void smtp_starttls(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line, struct bytes args)
{
	struct smtp_facts *f = &env->facts->smtp;
	SMTP_SATURATE_ADD(f->n_starttls, 1);
	f->starttls_anonymous = smtp_starts(line->p, line->len, "x-");
	f->starttls_parameter = bytes_left(&args);
	f->starttls_mark = place_mark(at);
	f->starttls_code = 0;
	if (!m->pending.n)
		check_state(m, env);
	m->lane[DIR_C2S].mode = SMTP_MODE_WAIT_TLS;
}

static void accepted(struct smtp *m, struct smtp_env *env, uint16_t code)
{
	struct smtp_lane *client = &m->lane[DIR_C2S];
	env->facts->tls.asked = true;
	if (code != 220)
		env->facts->smtp.starttls_odd_code = code;
	m->upgraded = true;
	m->fell_back = m->tired = false;
	smtp_held_again(m, env);
	m->mail_open = false;
	m->lane[DIR_S2C].mode = SMTP_MODE_UPGRADE;
	if (client->mode == SMTP_MODE_WAIT_TLS || (client->mode == SMTP_MODE_GUESS_TLS && !client->len))
		client->mode = SMTP_MODE_AFTER_220;
	else if (client->mode != SMTP_MODE_TLS)
		m->fell_back = true;
}

static void rejected(struct smtp *m, struct smtp_env *env, const struct place *at, uint16_t code)
{
	struct smtp_facts *f = &env->facts->smtp;
	struct smtp_lane *client = &m->lane[DIR_C2S];
	if (code / 100 == 3)
		f->starttls_odd_code = code;
	f->starttls_rejected_code = code;
	f->starttls_rejected_mark = place_mark(at);
	m->rejected = true;
	smtp_news(m, env, SMTP_NEWS_REJECTED);
	if (client->mode == SMTP_MODE_WAIT_TLS || client->mode == SMTP_MODE_GUESS_TLS)
		client->mode = SMTP_MODE_LINES;
}

void smtp_starttls_answer(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_answer *a)
{
	struct smtp_facts *f = &env->facts->smtp;
	check_state(m, env);
	f->starttls_code = a->code;
	f->starttls_reply_mark = place_mark(at);
	m->upgrade_end = a->line_end;
	if (a->code / 100 == 2)
		accepted(m, env, a->code);
	else
		rejected(m, env, at, a->code);
}

static size_t client_tls(struct smtp *m, struct smtp_env *env, const struct place *at, enum smtp_need *need)
{
	struct smtp_facts *f = &env->facts->smtp;
	if (at->acked < m->upgrade_end && !smtp_incomplete(at->quality))
		f->early_clienthello = true;
	f->after_220 = AFTER_TLS;
	f->after_220_mark = place_mark(at);
	smtp_held_injected(m, env);
	smtp_line_done(&m->lane[DIR_C2S], env);
	m->lane[DIR_C2S].mode = SMTP_MODE_TLS;
	m->client_tls = true;
	*need = SMTP_TLS;
	return 0;
}

// Octets that the client cannot have sent in answer to the 220.
static size_t early(struct smtp *m, struct smtp_env *env, const struct place *at, const uint8_t *p, size_t len)
{
	struct smtp_lane *lane = &m->lane[DIR_C2S];
	struct smtp_line line;
	size_t taken;
	const uint8_t *hello = memchr(p, HANDSHAKE, len);
	if (smtp_line_take(lane, env, p, hello ? (size_t)(hello - p) : len, &taken, &line)) {
		const struct smtp_verb *verb = smtp_verb_find(line.p, line.len);
		m->held.verb |= verb != NULL;
		smtp_talk_command(env, at, verb, &line, true);
		smtp_line_done(lane, env);
	}
	smtp_held_keep(m, env, at, p, taken);
	return taken;
}

size_t smtp_upgrade_client(struct smtp *m, struct smtp_env *env, const struct place *at, const uint8_t *p, size_t len, enum smtp_need *need)
{
	struct smtp_lane *lane = &m->lane[DIR_C2S];
	if (lane->len ? p[0] == HANDSHAKE : smtp_upgrade_is_tls(&env->facts->tls, DIR_C2S, p[0]))
		return client_tls(m, env, at, need);
	if (at->acked < m->upgrade_end || lane->len)
		return early(m, env, at, p, len);
	smtp_held_release(m, env);
	return 0;
}

size_t smtp_upgrade_guess(struct smtp *m, struct smtp_env *env, const struct place *at, const uint8_t *p, size_t len, enum smtp_need *need)
{
	if (!smtp_upgrade_is_tls(&env->facts->tls, DIR_C2S, p[0])) {
		m->lane[DIR_C2S].mode = SMTP_MODE_LINES;
		return 0;
	}
	env->facts->tls.asked = true;
	return client_tls(m, env, at, need);
}

// A line of the server between its 220 and TLS. One that answers what the client sent behind STARTTLS may mean that there is
// no TLS, whatever the client's first octets look like.
static void slipped_in(struct smtp *m, struct smtp_env *env, struct smtp_line line)
{
	if (!smtp_reply_has_code(line.p, line.len))
		return;
	env->facts->smtp.injected_s2c_reply = true;
	if (m->lane[DIR_S2C].acked > m->push_off)
		smtp_astray(env, (uint16_t)((line.p[0] - '0') * 100));
}

size_t smtp_upgrade_server(struct smtp *m, struct smtp_env *env, const struct place *at, const uint8_t *p, size_t len, enum smtp_need *need)
{
	struct smtp_facts *f = &env->facts->smtp;
	struct smtp_lane *lane = &m->lane[DIR_S2C];
	if (lane->len ? p[0] == HANDSHAKE : smtp_upgrade_is_tls(&env->facts->tls, DIR_S2C, p[0])) {
		if (lane->len)
			slipped_in(m, env, smtp_line_left(lane, env)); // without an end
		smtp_line_done(lane, env);
		lane->mode = SMTP_MODE_TLS;
		*need = SMTP_TLS;
		return 0;
	}
	if (m->fell_back || m->tired) {
		if (m->held.n && m->lane[DIR_C2S].mode == SMTP_MODE_AFTER_220)
			smtp_held_release(m, env); // the server answers what came behind STARTTLS, and no TLS begins
		smtp_line_done(lane, env);
		lane->mode = SMTP_MODE_LINES;
		return 0;
	}
	if (!m->client_tls) {
		*need = SMTP_WAIT;
		return 0;
	}
	// The client goes on in TLS: these are slipped in.
	const uint8_t *hello = memchr(p, HANDSHAKE, len);
	struct smtp_line line;
	size_t n;
	if (!lane->len)
		lane->acked = at->acked;
	if (smtp_line_take(lane, env, p, hello ? (size_t)(hello - p) : len, &n, &line)) {
		slipped_in(m, env, line);
		smtp_line_done(lane, env);
	}
	SMTP_SATURATE_ADD(f->injected_s2c, n);
	place_mark_first(&f->injected_s2c_mark, at);
	smtp_news(m, env, SMTP_NEWS_INJECT_S2C);
	return n;
}

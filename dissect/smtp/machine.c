// The SMTP machine: modes of the two directions, and the judgement of one clear transaction.
#include "dissect/smtp/internal.h"

// Oddities with a mark of their own. Not these: faults of replies (malformed_mark), replies without a command
// (unmatched_mark), and what no finding rests on (multi-line banners, our own bounds, SSLv2).
static const struct {
	uint32_t bits;
	enum smtp_odd_at at;
} smtp_odd_marks[] = {
	{ODD_NESTED_MAIL, ODD_AT_NESTED_MAIL},
	{ODD_BDAT_SYNTAX | ODD_BDAT_NO_LAST | ODD_BDAT_MIXED, ODD_AT_BDAT},
	{ODD_HTTP, ODD_AT_HTTP},
	{ODD_PROXY_V1 | ODD_PROXY_V2, ODD_AT_PROXY},
	{ODD_EARLY_TALKER, ODD_AT_EARLY_TALKER},
	{ODD_PIPELINE_UNOFFERED, ODD_AT_PIPELINE_UNOFFERED},
	{ODD_PIPELINE_SYNC, ODD_AT_PIPELINE_SYNC},
	{ODD_PIX_DOT, ODD_AT_PIX_DOT},
	{ODD_XCLIENT | ODD_XFORWARD, ODD_AT_XCLIENT},
};

void smtp_news(struct smtp *m, struct smtp_env *env, uint32_t bit)
{
	if (m->told & bit)
		return;
	m->told |= bit;
	env->news = true;
}

void smtp_oddity(struct smtp_env *env, const struct place *at, uint32_t oddity)
{
	struct smtp_facts *f = &env->facts->smtp;
	f->oddities |= oddity;
	for (size_t i = 0; i < sizeof(smtp_odd_marks) / sizeof(smtp_odd_marks[0]); i++) {
		if (oddity & smtp_odd_marks[i].bits)
			place_mark_first(&f->odd_mark[smtp_odd_marks[i].at], at);
	}
}

void smtp_malformed(struct smtp_env *env, const struct place *at, uint32_t oddity)
{
	env->facts->smtp.oddities |= oddity;
	place_mark_first(&env->facts->smtp.malformed_mark, at);
}

// Order of the table of states in the design: what is worse comes first. A kind that rests on an absence needs complete
// evidence; an offer that was seen survives a loss before it, not one after it (a later EHLO may be in the hole).
static enum clear_kind classify(const struct smtp *m, const struct smtp_facts *f, uint8_t quality)
{
	if (m->upgraded)
		return CLEAR_AFTER_HANDSHAKE_FAIL;
	if (m->rejected)
		return CLEAR_AFTER_REJECT;
	if (m->hello == SMTP_HELLO_EHLO && f->offer == OFFER_YES)
		return m->lost_since_ehlo ? CLEAR_UNKNOWN : CLEAR_OFFERED_UNUSED;
	if (m->lost || smtp_incomplete(quality) || f->offer == OFFER_UNSEEN)
		return CLEAR_UNKNOWN;
	return m->hello == SMTP_HELLO_EHLO ? CLEAR_NOT_OFFERED : CLEAR_HELO_ONLY;
}

static void clear(struct smtp *m, struct smtp_env *env, const struct place *at, enum clear_kind kind, bool unacked)
{
	struct smtp_facts *f = &env->facts->smtp;
	SMTP_SATURATE_ADD(f->n_mail_ok, 1);
	SMTP_SATURATE_ADD(f->clear[kind], 1);
	if (!mark_set(&f->clear_mark[kind])) {
		f->clear_mark[kind] = place_mark(at);
		f->clear_mark[kind].quality |= unacked ? Q_UNACKED : 0;
	}
	m->mail_open = m->mail_counted = true;
	smtp_news(m, env, SMTP_NEWS_CLEAR << kind);
}

void smtp_clear_transaction(struct smtp *m, struct smtp_env *env, const struct place *at, bool unacked)
{
	clear(m, env, at, classify(m, &env->facts->smtp, at->quality), unacked);
}

void smtp_clear_stray(struct smtp *m, struct smtp_env *env, const struct place *at)
{
	clear(m, env, at, m->upgraded ? CLEAR_AFTER_HANDSHAKE_FAIL : m->rejected ? CLEAR_AFTER_REJECT : CLEAR_UNKNOWN, false);
}

// ---- modes: each takes octets, or changes the mode and takes none ------------------------------------------------

#define MODE(name)                                                                                                           \
	static size_t name(struct smtp *m, struct smtp_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len, \
	                   enum smtp_need *need)

// A place at the end of what is read: for commands and replies `off` is the octet behind them.
static struct place place_behind(const struct place *at, size_t n)
{
	struct place end = *at;
	end.off += n;
	return end;
}

static void content_shown(struct smtp *m, struct smtp_env *env, const struct place *at)
{
	struct place guess = *at;
	guess.quality |= Q_GAP; // what makes it one was not captured, or has not come
	m->data.guessed = true;
	if (m->mail_counted)
		return;
	SMTP_SATURATE_ADD(env->facts->smtp.n_mail_guessed, 1);
	smtp_clear_transaction(m, env, &guess, false);
}

static void end_of_content(struct smtp *m, struct smtp_env *env, const struct place *at)
{
	m->lane[DIR_C2S].mode = SMTP_MODE_LINES;
	m->lane[DIR_C2S].len = 0;
	smtp_talk_content(env, at, env->facts->smtp.content_octets - m->content_start);
	if (!m->early_reply)
		smtp_pending_push(m, env, at, SMTP_SENT_CONTENT);
	m->early_reply = false;
	m->push_acked = at->acked;
}

MODE(content)
{
	bool end = false;
	if (!m->data.any && at->acked < m->sync_end && !m->lost && !smtp_incomplete(at->quality))
		smtp_oddity(env, at, ODD_PIPELINE_SYNC); // sent before its 354 was received
	size_t n = smtp_data_take(m, env, at, p, len, &end);
	if (end)
		end_of_content(m, env, at);
	return n;
}

MODE(chunk)
{
	if (m->chunk_refused && at->acked >= m->reply_end) { // the client knows: it sends no chunk any more
		m->chunk_left = 0;
		m->bdat_open = m->chunk_refused = false;
		m->lane[DIR_C2S].mode = SMTP_MODE_LINES;
		return 0;
	}
	m->chunk_begun = true;
	m->chunk_refused = false;
	size_t n = len < m->chunk_left ? len : (size_t)m->chunk_left;
	smtp_content_octets(m, env, at, p, n);
	m->chunk_left -= n;
	if (!m->chunk_left) {
		m->lane[DIR_C2S].mode = SMTP_MODE_LINES;
		if (!m->bdat_open)
			smtp_talk_content(env, at, env->facts->smtp.content_octets - m->content_start);
	}
	return n;
}

// What a line of the client is, where a missing reply leaves it open.
static void client_line(struct smtp *m, struct smtp_env *env, const struct place *at, const struct smtp_line *line)
{
	struct smtp_lane *lane = &m->lane[DIR_C2S];
	bool verb = line->len && !smtp_blank(line->p[0]) && smtp_verb_find(line->p, line->len);
	if (lane->mode == SMTP_MODE_SECRET || (lane->mode == SMTP_MODE_GUESS_AUTH && !verb)) {
		smtp_auth_response(m, env, at, line);
		return;
	}
	if (lane->mode == SMTP_MODE_GUESS_DATA && !verb) {
		bool end = false;
		content_shown(m, env, at);
		if (m->lost)
			smtp_pending_clear(m, env); // content follows its 354: whatever was sent before was answered in a hole
		lane->mode = SMTP_MODE_CONTENT;
		lane->len = 0;
		smtp_data_take(m, env, at, line->p, line->len, &end);
		smtp_data_take(m, env, at, (const uint8_t *)(line->lf_only ? "\n" : "\r\n"), line->lf_only ? 1 : 2, &end);
		if (end)
			end_of_content(m, env, at);
		return;
	}
	lane->mode = SMTP_MODE_LINES;
	smtp_command(m, env, at, line);
}

// At a line start: TLS that was agreed on, or whose agreement lies in a hole.
static bool tls_begins(const struct smtp *m, const struct smtp_env *env, enum dir d, uint8_t first)
{
	bool agreed = m->upgraded || m->lost || (d == DIR_S2C && m->client_tls);
	return !m->lane[d].len && agreed && smtp_upgrade_is_tls(&env->facts->tls, d, first);
}

// A line of the server without an end that the client has answered all the same, and the server goes on after that: this
// octet begins the next line. Greetings that forget their line end are such.
static bool line_was_over(const struct smtp *m, enum dir d, const struct place *at, uint8_t first)
{
	return d == DIR_S2C && m->lane[d].len && !m->lost && m->push_off && at->off == m->push_acked && at->acked >= m->push_off &&
	       first >= '2' && first <= '5';
}

static void end_line(struct smtp *m, struct smtp_env *env, const struct place *at)
{
	struct smtp_lane *lane = &m->lane[DIR_S2C];
	struct smtp_line line = smtp_line_left(lane, env);
	struct place end = *at;
	end.acked = lane->acked;
	smtp_reply(m, env, &end, &line, at->off);
	smtp_line_done(lane, env);
}

MODE(lines)
{
	struct smtp_lane *lane = &m->lane[d];
	struct smtp_line line;
	size_t n;
	if (tls_begins(m, env, d, p[0])) {
		env->facts->tls.asked = true;
		if (d == DIR_C2S) {
			m->client_tls = true;
			env->facts->smtp.after_220 = AFTER_TLS;
			env->facts->smtp.after_220_mark = place_mark(at);
		}
		lane->mode = SMTP_MODE_TLS;
		*need = SMTP_TLS;
		return 0;
	}
	if (d == DIR_C2S && !m->spoke && !m->n_prefix && !m->lost && !lane->len && p[0] == '\r') {
		lane->mode = SMTP_MODE_PROXY;
		return 0;
	}
	if (line_was_over(m, d, at, p[0])) {
		end_line(m, env, at);
		return 0;
	}
	if (!lane->len)
		lane->acked = at->acked;
	if (!smtp_line_take(lane, env, p, len, &n, &line))
		return n;
	struct place end = place_behind(at, n);
	end.acked = lane->acked;
	if (d == DIR_C2S)
		client_line(m, env, &end, &line);
	else
		smtp_reply(m, env, &end, &line, end.off);
	smtp_line_done(lane, env);
	return n;
}

// PROXY protocol, version 2: a binary header before SMTP. What begins like it and is none was empty lines.
MODE(proxy)
{
	static const uint8_t signature[12] = "\r\n\r\n\0\r\nQUIT\n";
	enum { HEADER = 16 };
	if (m->n_prefix == HEADER) {
		size_t n = len < m->proxy_left ? len : m->proxy_left;
		m->proxy_left = (uint16_t)(m->proxy_left - n);
		if (!m->proxy_left)
			m->lane[d].mode = SMTP_MODE_LINES;
		return n;
	}
	if (m->n_prefix < sizeof(signature) && p[0] != signature[m->n_prefix]) {
		m->spoke = true;
		m->spoke_acked = at->acked;
		m->lane[d].mode = SMTP_MODE_LINES;
		return 0;
	}
	if (m->n_prefix++ >= HEADER - 2)
		m->proxy_left = (uint16_t)(m->proxy_left << 8 | p[0]);
	if (m->n_prefix == HEADER) {
		smtp_oddity(env, at, ODD_PROXY_V2);
		if (!m->proxy_left)
			m->lane[d].mode = SMTP_MODE_LINES;
	}
	return 1;
}

MODE(wait)
{
	m->client_waits = true;
	*need = SMTP_WAIT;
	return 0;
}

MODE(tls)
{
	*need = SMTP_TLS;
	return 0;
}

MODE(after_220) { return smtp_upgrade_client(m, env, at, p, len, need); }
MODE(guess_tls) { return smtp_upgrade_guess(m, env, at, p, len, need); }
MODE(upgrade) { return smtp_upgrade_server(m, env, at, p, len, need); }

static size_t (*const modes[])(struct smtp *, struct smtp_env *, enum dir, const struct place *, const uint8_t *, size_t,
                               enum smtp_need *) = {
	[SMTP_MODE_LINES] = lines,           [SMTP_MODE_PROXY] = proxy,         [SMTP_MODE_WAIT_DATA] = wait,
	[SMTP_MODE_WAIT_TLS] = wait,         [SMTP_MODE_WAIT_AUTH] = wait,      [SMTP_MODE_GUESS_DATA] = lines,
	[SMTP_MODE_GUESS_TLS] = guess_tls,   [SMTP_MODE_GUESS_AUTH] = lines,    [SMTP_MODE_SECRET] = lines,
	[SMTP_MODE_CONTENT] = content,       [SMTP_MODE_CHUNK] = chunk,         [SMTP_MODE_AFTER_220] = after_220,
	[SMTP_MODE_UPGRADE] = upgrade,       [SMTP_MODE_TLS] = tls,
};

// A reply that ends the client's wait must not be followed by the next one before the octets that waited were read:
// those may be the command it belongs to.
static bool release_client(struct smtp *m)
{
	if (m->client_waits && modes[m->lane[DIR_C2S].mode] != wait) {
		m->client_waits = false;
		m->server_holds = true;
	}
	return m->server_holds;
}

// What was held behind STARTTLS, now that it is known to be commands. Its dialogue was told when it came.
static void read_held(struct smtp *m, struct smtp_env *env)
{
	struct smtp_env silent = *env;
	enum smtp_need need = SMTP_GO_ON;
	silent.dialogue = NULL;
	while (m->held.release && need == SMTP_GO_ON) {
		struct place at;
		const uint8_t *p;
		size_t len = smtp_held_left(m, &silent, &at, &p);
		if (len)
			m->held.done = (uint16_t)(m->held.done + modes[m->lane[DIR_C2S].mode](m, &silent, DIR_C2S, &at, p, len, &need));
	}
	if (need == SMTP_TLS)
		smtp_held_injected(m, &silent);
	env->news = silent.news;
}

bool smtp_in_content(const struct smtp *m, enum dir d)
{
	return m->lane[d].mode == SMTP_MODE_CONTENT || m->lane[d].mode == SMTP_MODE_CHUNK;
}

size_t smtp_feed(struct smtp *m, struct smtp_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len,
                 enum smtp_need *need)
{
	size_t done = 0;
	*need = SMTP_GO_ON;
	if (d == DIR_C2S)
		m->client_waits = m->server_holds = false;
	while (done < len && *need == SMTP_GO_ON) {
		struct place here = place_behind(at, done);
		read_held(m, env);
		if (d == DIR_S2C ? release_client(m) : m->held.release) {
			m->client_waits |= d == DIR_C2S;
			*need = SMTP_WAIT;
			break;
		}
		done += modes[m->lane[d].mode](m, env, d, &here, p + done, len - done, need);
	}
	return done;
}

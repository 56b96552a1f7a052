// What was never captured, and the ends of waiting and of the session.
//
// After a loss presence still counts, absence does not: commands without replies and replies without commands are
// nothing odd any more, and the machine takes the next line it recognises.
#include "dissect/smtp/internal.h"

// A hole inside a chunk of known length keeps step.
static void hole_in_chunk(struct smtp *m, uint64_t missing)
{
	struct smtp_lane *lane = &m->lane[DIR_C2S];
	lane->doubt = missing > m->chunk_left;
	m->chunk_left -= missing < m->chunk_left ? missing : m->chunk_left;
	if (!m->chunk_left)
		lane->mode = SMTP_MODE_LINES;
}

static void hole_of_client(struct smtp *m, struct smtp_env *env, uint64_t missing)
{
	struct smtp_lane *lane = &m->lane[DIR_C2S];
	switch (lane->mode) {
	case SMTP_MODE_CONTENT:
		smtp_data_hole(m);
		lane->len = 0;
		return;
	case SMTP_MODE_CHUNK:
		hole_in_chunk(m, missing);
		return;
	case SMTP_MODE_TLS:
	case SMTP_MODE_AFTER_220:
		smtp_line_done(lane, env);
		return;
	default:
		smtp_line_done(lane, env);
		lane->doubt = true;
		lane->mode = SMTP_MODE_LINES;
	}
}

static void hole_of_server(struct smtp *m, struct smtp_env *env, const struct place *at, uint64_t missing)
{
	struct smtp_lane *lane = &m->lane[DIR_S2C];
	m->answer.hole = true;
	m->reply_end = at->off + missing;
	if (lane->mode == SMTP_MODE_TLS)
		return;
	smtp_line_done(lane, env);
	lane->doubt = true;
}

// Which of the commands in flight the next reply belongs to is only known while no reply but that of the last one can
// be in the hole, and no command.
static void hole_in_flight(struct smtp *m, struct smtp_env *env, enum dir d, const struct place *at)
{
	struct smtp_pending *q = &m->pending;
	if (d == DIR_C2S) {
		m->hole_in_group = true;
		m->hole_acked = at->acked;
	}
	q->hole[d] = true;
	if (!q->n || q->n > 1 || (q->hole[DIR_C2S] && q->hole[DIR_S2C]))
		smtp_pending_clear(m, env);
}

void smtp_gap_unread(struct smtp *m, struct smtp_env *env, const struct place *at, uint64_t missing)
{
	m->lost = m->lost_since_ehlo = m->hole_in_group = true;
	m->hole_acked = at->acked;
	hole_of_client(m, env, missing);
}

void smtp_gap(struct smtp *m, struct smtp_env *env, enum dir d, const struct place *at, uint64_t missing)
{
	m->lost = m->lost_since_ehlo = true;
	hole_in_flight(m, env, d, at);
	if (d == DIR_C2S)
		hole_of_client(m, env, missing);
	else
		hole_of_server(m, env, at, missing);
}

void smtp_do_not_wait(struct smtp *m, enum dir d)
{
	static const uint8_t guess[] = {
		[SMTP_MODE_WAIT_DATA] = SMTP_MODE_GUESS_DATA,
		[SMTP_MODE_WAIT_TLS] = SMTP_MODE_GUESS_TLS,
		[SMTP_MODE_WAIT_AUTH] = SMTP_MODE_GUESS_AUTH,
	};
	struct smtp_lane *lane = &m->lane[d];
	if (d == DIR_S2C)
		m->server_holds = m->client_waits = false;
	if (lane->mode < sizeof(guess) && guess[lane->mode])
		lane->mode = guess[lane->mode];
	else if (lane->mode == SMTP_MODE_UPGRADE)
		m->tired = true; // text behind the 220 is replies; TLS is known by its first octet
}

void smtp_plain_again(struct smtp *m, struct smtp_env *env, enum dir d, const struct place *at)
{
	m->lane[d].mode = SMTP_MODE_LINES;
	m->lane[d].len = 0;
	m->fell_back = true;
	if (d == DIR_C2S)
		m->client_tls = false;
}

void smtp_end(struct smtp *m, struct smtp_env *env)
{
	struct smtp_facts *f = &env->facts->smtp;
	struct place last = {.frame = f->offer_mark.frame, .quality = f->offer_mark.quality};
	if (m->answer.n_lines && m->answer.paired && (m->answer.kind & SMTP_SENT_KIND_MASK) == SMTP_SENT_EHLO &&
	    m->answer.keyword && f->offer == OFFER_UNSEEN) { // an offer that was seen is one, whatever else is missing
		f->offer = OFFER_YES;
		f->offer_line = m->answer.offer_line;
		f->offer_flaws = m->answer.flaws;
		f->offer_mark = place_mark(&last);
	}
	smtp_early_group(m, env, m->lost);
	smtp_held_injected(m, env); // nothing went on in clear
	smtp_content_digest_end(m, env);
	smtp_line_done(&m->lane[DIR_C2S], env);
	smtp_line_done(&m->lane[DIR_S2C], env);
	smtp_pending_clear(m, env);
}

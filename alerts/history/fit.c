// What of a session may be learned from, and compared: only what was wholly seen, and what nobody else has put there.
#include "alerts/history/private.h"

#include "alerts/quality.h"

bool history_fit_session(const struct facts *f)
{
	const struct path_facts *p = &f->path;
	bool tampered = p->n_conflicts || p->n_desync || p->synack_twice || p->odd_ttl || p->n_rst_stepped || p->rst_contradicted;

	return !f->conn.ambiguous && !tampered && !f->conn.midstream && !f->conn.server_guessed && f->conn.start_ns &&
	       !(quality_of_conn(f) & (Q_AMBIG | Q_ONE_DIR | Q_MIDSTREAM));
}

// A whole greeting and a whole EHLO reply with a plain answer. A reply without any keyword is a tarpit's, and what a
// server that puts a client off says is not what it says to it otherwise.
bool history_fit_offer(const struct facts *f)
{
	const struct smtp_facts *m = &f->smtp;
	bool plain = m->offer == OFFER_YES || m->offer == OFFER_NO || m->offer == OFFER_MASKED;
	bool whole = mark_set(&m->greeting_mark) && !quality_answered(&m->greeting_mark) && mark_set(&m->offer_mark) &&
		     !quality_answered(&m->offer_mark);

	return history_fit_session(f) && m->greeting_code == 220 && plain && whole && m->hello == HELLO_EHLO && m->ehlo_digest & 1 &&
	       !m->ehlo_refused_code && !history_put_off(f);
}

bool history_fit_tls(const struct facts *f)
{
	const struct tls_facts *t = &f->tls;

	return history_fit_session(f) && t->completed && t->server_hello && !t->sslv2_kind &&
	       !quality_answered(&t->client_hello_mark) && !quality_answered(&t->server_hello_mark);
}

bool history_put_off(const struct facts *f)
{
	const struct smtp_facts *m = &f->smtp;
	bool nothing = m->offer == OFFER_NO && !m->caps && !m->n_masked_lines && !m->n_messages_ok;
	bool later = !m->n_messages_ok && m->n_mail && (!m->n_mail_ok || !m->n_rcpt_ok) && m->last_code / 100 == 4;

	return nothing || later || (m->last_code == 421 && !m->n_messages_ok && m->offer == OFFER_NO);
}

bool history_fit_reset(const struct facts *f, bool *all)
{
	const struct smtp_facts *m = &f->smtp;

	*all = history_fit_session(f) && m->n_starttls && !m->starttls_unoffered && mark_set(&m->starttls_mark) &&
	       !quality_answered(&m->starttls_mark) && !(quality_of_conn(f) & Q_GAP);
	bool reset = f->conn.end == END_RST || f->conn.rst[DIR_C2S] || f->conn.rst[DIR_S2C];
	return *all && reset && !f->tls.server_hello && !m->starttls_rejected_code && !m->quit && !f->tls.alert_clear;
}

uint64_t history_former_operator(const struct history *h, const struct facts *f, const struct history_name *who)
{
	const struct history_key key = history_key_server(h, f);
	const struct row_server *r = history_find(h, KIND_SERVER, &key);
	const struct history_seen *former = NULL;

	if (!r || !who->operator)
		return 0;
	for (size_t i = 0; i < SERVER_NAMES; i++) {
		const struct history_seen *s = &r->name[i];
		if (!s->n || s->first_ns >= f->conn.start_ns)
			continue;
		if (s->of == who->operator && s->first_ns + HISTORY_NEWS_NS < f->conn.start_ns)
			return 0; // it has long been so
		if (s->of && s->of != who->operator && (!former || s->n > former->n))
			former = s;
	}
	bool habit = former && former->n >= HISTORY_LEARNED_MIN && former->last_ns >= former->first_ns + HISTORY_SPAN_NS;
	return habit && former->last_ns + HISTORY_FRESH_NS >= f->conn.start_ns ? former->of : 0;
}

bool history_converted(const struct row_cert *row, uint64_t issuer, uint64_t time_ns)
{
	uint32_t n = 0;

	for (size_t i = 0; row && i < CERT_KEYS; i++) {
		const struct history_seen *s = &row->key[i];
		if (!s->n || s->first_ns >= time_ns)
			continue;
		if (s->of == issuer && s->first_ns + HISTORY_NEWS_NS < time_ns)
			return false;
		n += s->of != issuer ? s->n : 0;
	}
	return n >= HISTORY_LEARNED_MIN;
}

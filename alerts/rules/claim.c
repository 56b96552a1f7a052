// How a rule words its claim, and what several rules ask alike.
#include "alerts/rules/rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void claim_frame(struct claim *c, const struct mark *m)
{
	if (!mark_set(m) || c->n_frames == FINDING_FRAMES_MAX)
		return;
	for (size_t i = 0; i < c->n_frames; i++)
		if (c->frames[i] == m->frame)
			return;
	c->frames[c->n_frames++] = m->frame;
}

void claim_seen(struct claim *c, const struct mark *m)
{
	c->confidence = CONFIDENCE_CERTAIN;
	c->quality |= quality_answered(m);
	claim_frame(c, m);
}

void claim_in_context(struct claim *c, const struct mark *m)
{
	claim_seen(c, m);
	c->confidence = confidence_absence(c->confidence, quality_answered(m));
}

void claim_conflict(struct claim *c, const struct facts *f)
{
	if (f->conn.ambiguous)
		c->quality |= Q_AMBIG;
}

void claim_at_upgrade(struct claim *c, const struct facts *f, const struct mark *m)
{
	claim_in_context(c, m);
	claim_conflict(c, f);
}

void claim_absent(struct claim *c, enum confidence c_max, uint8_t quality)
{
	c->quality |= quality;
	c->confidence = confidence_absence(c_max, quality);
}

void claim_cap(struct claim *c, enum confidence most)
{
	if (c->confidence > most)
		c->confidence = most;
}

void claim_detail(struct claim *c, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(c->detail, sizeof(c->detail), format, args);
	va_end(args);
	// Text from the wire may be in it.
	for (char *p = c->detail; *p; p++)
		if (*p <= ' ' || *p > '~')
			*p = '_';
}

bool rule_tarpit(const struct rule_input *in)
{
	const struct smtp_facts *m = in->smtp;
	return m->hello == HELLO_EHLO && m->offer == OFFER_NO && !m->ehlo_refused_code && !m->caps && !m->n_masked_lines &&
	       !m->n_messages_ok;
}

// An answer that no server gives, or octets overwritten: the path.
static bool on_the_path(const struct smtp_facts *m)
{
	bool mangled = m->n_mangled && !(m->mangled_code >= 200 && m->mangled_code < 400);
	bool unknown = !m->starttls_unoffered && (m->starttls_rejected_code == 500 || m->starttls_rejected_code == 502);
	return m->offer == OFFER_MASKED || mangled || (unknown && m->clear[CLEAR_AFTER_REJECT]);
}

uint8_t rule_clear_subject(const struct rule_input *in)
{
	const struct smtp_facts *m = in->smtp;
	struct history_drop d;
	if (on_the_path(m) || rule_offer_gone(in, &d))
		return SUBJECT_PATH;
	// On submission the client must not go on without TLS, whatever it met.
	if (in->conn->role == ROLE_SUBMISSION)
		return CLAIM_DEFAULT;
	if (m->clear[CLEAR_AFTER_HANDSHAKE_FAIL] && in->smtp->after_220 == AFTER_TLS)
		return SUBJECT_SERVER;
	return m->clear[CLEAR_AFTER_REJECT] || m->clear[CLEAR_NOT_OFFERED] ? SUBJECT_SERVER : CLAIM_DEFAULT;
}

bool rule_loopback(const struct conn_facts *n)
{
	static const uint8_t one[16] = {[15] = 1};
	if (n->ip_v == 4)
		return n->src[0] == 127 && n->dst[0] == 127;
	return memcmp(n->src, one, sizeof(one)) == 0 && memcmp(n->dst, one, sizeof(one)) == 0;
}

void claim_clear_mail(struct claim *c, const struct rule_input *in)
{
	claim_seen(c, &in->smtp->mail_ok_mark);
	if (quality_clear_guessed(in->facts))
		claim_cap(c, CONFIDENCE_SUSPECT);
}

bool rule_enforced(const struct rule_input *in)
{
	return in->expect->enforced;
}

uint8_t rule_severity_if(bool worse, enum severity to)
{
	return worse ? (uint8_t)to : CLAIM_DEFAULT;
}

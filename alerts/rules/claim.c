// How a rule words its claim, and what several rules ask alike.
#include "alerts/rules/rule.h"

#include <stdarg.h>
#include <stdio.h>

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

void claim_at_upgrade(struct claim *c, const struct facts *f, const struct mark *m)
{
	struct mark now = *m;
	if (f->conn.ambiguous)
		now.quality |= Q_AMBIG;
	claim_in_context(c, &now);
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

// What a client sent behind STARTTLS before it could know the answer. If TLS follows it was slipped in; if the session
// goes on in clear these were commands like any other, and their replies come. So they are kept, bounded, and read when
// that is known.
#include "dissect/smtp/internal.h"

static void drop(struct smtp *m, struct smtp_env *env)
{
	if (m->held.chunk)
		slab_put(env->lines, m->held.chunk);
	m->held = (struct smtp_held){0};
}

void smtp_held_keep(struct smtp *m, struct smtp_env *env, const struct place *at, const uint8_t *p, size_t len)
{
	struct smtp_held *h = &m->held;
	if (!h->n) {
		h->off = at->off;
		h->acked = at->acked;
		h->frame = at->frame;
		h->quality = at->quality;
		h->chunk = slab_get(env->lines);
	}
	if (h->chunk && h->len == h->n && h->len < SMTP_LINE_MAX) { // without a hole
		size_t room = SMTP_LINE_MAX - h->len;
		room = len < room ? len : room;
		memcpy((uint8_t *)slab_at(env->lines, h->chunk) + h->len, p, room);
		h->len = (uint16_t)(h->len + room);
	}
	SMTP_SATURATE_ADD(h->n, len);
}

void smtp_held_injected(struct smtp *m, struct smtp_env *env)
{
	struct smtp_facts *f = &env->facts->smtp;
	struct place at = {.frame = m->held.frame, .quality = m->held.quality};
	uint32_t n = m->held.n - m->held.done;
	if (n && !m->held.release) {
		SMTP_SATURATE_ADD(f->injected_c2s, n);
		f->injected_c2s_verb |= m->held.verb;
		f->pipelined_after_starttls |= m->held.verb;
		place_mark_first(&f->injected_c2s_mark, &at);
		smtp_news(m, env, SMTP_NEWS_INJECT_C2S);
	}
	drop(m, env);
}

void smtp_held_release(struct smtp *m, struct smtp_env *env)
{
	smtp_line_done(&m->lane[DIR_C2S], env);
	m->lane[DIR_C2S].mode = SMTP_MODE_LINES;
	m->first_after_220 = true;
	m->fell_back = true;
	m->held.release = m->held.n;
}

void smtp_held_again(struct smtp *m, struct smtp_env *env)
{
	struct smtp_held *h = &m->held;
	struct smtp_lane *lane = &m->lane[DIR_C2S];
	if (!h->release)
		return;
	h->release = false;
	if (h->len && ((const uint8_t *)slab_at(env->lines, h->chunk))[h->len - 1] != '\n') {
		lane->len = 1; // inside a line whose beginning was scanned the first time
		lane->unstored = true;
	}
}

size_t smtp_held_left(struct smtp *m, struct smtp_env *env, struct place *at, const uint8_t **p)
{
	struct smtp_held *h = &m->held;
	*at = (struct place){.off = h->off + h->done, .acked = h->acked, .frame = h->frame, .quality = h->quality};
	if (h->done == h->len) {
		uint32_t missing = h->n - h->len;
		drop(m, env);
		if (missing)
			smtp_gap_unread(m, env, at, missing);
		return 0;
	}
	*p = (const uint8_t *)slab_at(env->lines, h->chunk) + h->done;
	return (size_t)(h->len - h->done);
}

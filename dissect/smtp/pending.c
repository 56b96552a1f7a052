// The queue of commands that were sent and not answered: one octet each, a small ring inside the machine, a chunk
// when a client pipelines more. What does not fit is counted, so that as many replies are known to fit nothing.
#include "dissect/smtp/internal.h"

static_assert(SMTP_PENDING_MAX <= SMTP_LINE_MAX, "the long queue lives in a line chunk");

// Each of the kinds that smtp_pending_has() is asked for has a counter: a look through the queue at every reply would cost a
// thousand steps for each.
static int counted(uint8_t what)
{
	static const uint8_t kinds[SMTP_PENDING_KINDS] = {SMTP_SENT_EHLO, SMTP_SENT_DATA, SMTP_SENT_AUTH, SMTP_SENT_QUIT, SMTP_SENT_STARTTLS};
	for (int i = 0; i < SMTP_PENDING_KINDS; i++) {
		if (kinds[i] == (what & SMTP_SENT_KIND_MASK))
			return i;
	}
	return -1;
}

static void count(struct smtp_pending *q, uint8_t what, int by)
{
	int i = counted(what);
	if (i >= 0)
		q->n_of[i] = (uint16_t)(q->n_of[i] + by);
}

static uint8_t *ring(const struct smtp_pending *q, const struct smtp_env *env, uint32_t *room)
{
	*room = q->chunk ? SMTP_PENDING_MAX : SMTP_PENDING_SMALL;
	return q->chunk ? slab_at(env->lines, q->chunk) : (uint8_t *)q->small;
}

// Moves the small ring into a chunk. Left alone when there is none.
static void grow(struct smtp_pending *q, struct smtp_env *env)
{
	uint32_t chunk = slab_get(env->lines);
	if (!chunk)
		return;
	uint8_t *to = slab_at(env->lines, chunk);
	for (uint32_t i = 0; i < q->n; i++)
		to[i] = q->small[(q->first + i) % SMTP_PENDING_SMALL];
	q->chunk = chunk;
	q->first = 0;
}

void smtp_pending_push(struct smtp *m, struct smtp_env *env, const struct place *at, uint8_t what)
{
	struct smtp_pending *q = &m->pending;
	m->last_pushed = what & SMTP_SENT_KIND_MASK;
	if (m->hole_in_group && at->acked <= m->hole_acked)
		return; // nobody knows how many replies come before its own
	m->hole_in_group = false;
	if (q->n == SMTP_PENDING_SMALL && !q->chunk)
		grow(q, env);
	uint32_t room;
	uint8_t *octets = ring(q, env, &room);
	if (q->n == room) {
		SMTP_SATURATE_ADD(m->n_forgotten, 1);
		smtp_oddity(env, at, ODD_TOO_MANY_PENDING);
		return;
	}
	octets[(q->first + q->n++) % room] = what;
	count(q, what, 1);
}

bool smtp_pending_head(const struct smtp *m, const struct smtp_env *env, uint8_t *what)
{
	uint32_t room;
	const uint8_t *octets = ring(&m->pending, env, &room);
	if (m->pending.n)
		*what = octets[m->pending.first];
	return m->pending.n;
}

bool smtp_pending_has(const struct smtp *m, enum smtp_pending_kind kind)
{
	int i = counted((uint8_t)kind);
	return i >= 0 && m->pending.n_of[i];
}

void smtp_pending_rename(struct smtp *m, struct smtp_env *env, uint8_t what)
{
	uint32_t room;
	uint8_t *octets = ring(&m->pending, env, &room);
	if (!m->pending.n)
		return;
	count(&m->pending, octets[m->pending.first], -1);
	octets[m->pending.first] = what;
	count(&m->pending, what, 1);
}

void smtp_pending_pop(struct smtp *m, struct smtp_env *env)
{
	struct smtp_pending *q = &m->pending;
	uint32_t room;
	const uint8_t *octets = ring(q, env, &room);
	if (!q->n)
		return;
	count(q, octets[q->first], -1);
	q->first = (uint16_t)((q->first + 1) % room);
	if (!--q->n)
		smtp_pending_clear(m, env);
}

void smtp_pending_clear(struct smtp *m, struct smtp_env *env)
{
	if (m->pending.chunk)
		slab_put(env->lines, m->pending.chunk);
	m->pending = (struct smtp_pending){0};
}

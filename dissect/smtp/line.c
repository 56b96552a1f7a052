// Lines out of octets in any cuts: in place when they are whole, in a bounded chunk when they are not.
#include "dissect/counters.h"
#include "dissect/smtp/internal.h"
#include "hw/counter.h"

// Keeps octets of a line whose end has not come. Only the first SMTP_LINE_MAX of a line are ever copied.
static void keep(struct smtp_lane *lane, struct smtp_env *env, const uint8_t *p, size_t len)
{
	if (!lane->chunk && !lane->unstored) {
		lane->chunk = slab_get(env->lines);
		lane->unstored = !lane->chunk;
		if (lane->unstored)
			counter_add(&env->counter[COUNT_smtp_line_no_memory], 1);
	}
	if (lane->chunk && lane->len < SMTP_LINE_MAX) {
		size_t room = SMTP_LINE_MAX - lane->len;
		memcpy((uint8_t *)slab_at(env->lines, lane->chunk) + lane->len, p, len < room ? len : room);
	}
	SMTP_SATURATE_ADD(lane->len, len);
}

bool smtp_line_take(struct smtp_lane *lane, struct smtp_env *env, const uint8_t *p, size_t len, size_t *taken, struct smtp_line *line)
{
	const uint8_t *lf = memchr(p, '\n', len);
	size_t n = lf ? (size_t)(lf - p) + 1 : len;
	*taken = n;
	bool in_place = lf && !lane->len;
	uint8_t before = n > 1 ? p[n - 2] : lane->len ? lane->last : 0;
	if (in_place)
		lane->len = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
	else
		keep(lane, env, p, n);
	lane->last = p[n - 1];
	if (!lf)
		return false;
	size_t body = lane->len - 1 - (before == '\r');
	*line = (struct smtp_line){
		.p = in_place ? p : lane->chunk ? slab_at(env->lines, lane->chunk) : (const uint8_t *)"",
		.len = body < SMTP_LINE_MAX ? body : SMTP_LINE_MAX,
		.wire_len = lane->len,
		.lf_only = before != '\r',
	};
	if (!in_place && !lane->chunk)
		line->len = 0;
	counter_add(&env->counter[COUNT_smtp_lines], 1);
	return true;
}

struct smtp_line smtp_line_left(const struct smtp_lane *lane, const struct smtp_env *env)
{
	size_t len = lane->len < SMTP_LINE_MAX ? lane->len : SMTP_LINE_MAX;
	return (struct smtp_line){
		.p = lane->chunk ? slab_at(env->lines, lane->chunk) : (const uint8_t *)"",
		.len = lane->chunk ? len : 0,
		.wire_len = lane->len,
		.lf_only = true,
	};
}

void smtp_line_done(struct smtp_lane *lane, struct smtp_env *env)
{
	if (lane->chunk)
		slab_put(env->lines, lane->chunk);
	lane->chunk = 0;
	lane->len = 0;
	lane->last = 0;
	lane->unstored = false;
	lane->doubt = false;
}

// A ring of intervals.
#include "alerts/loss.h"

#include <string.h>

static struct loss_interval *newest(struct loss *l)
{
	return l->intervals ? &l->kept[(l->intervals - 1) % LOSS_KEPT] : NULL;
}

static struct loss_interval *interval_of(struct loss *l, const struct message_sensor *m, bool blind)
{
	struct loss_interval *i = newest(l);

	if (i && i->tap == m->tap && i->blind == blind && m->from_ns <= i->to_ns && m->to_ns >= i->from_ns)
		return i;
	i = &l->kept[l->intervals++ % LOSS_KEPT];
	*i = (struct loss_interval){.from_ns = m->from_ns, .to_ns = m->to_ns, .tap = m->tap, .blind = blind};
	return i;
}

bool loss_take(struct loss *l, const struct message_sensor *m)
{
	bool blind = m->kind == SENSOR_CHILD_RESTARTED && strcmp(m->text, "watch") == 0;

	if (m->over || (m->kind != SENSOR_LOSS && !blind))
		return false;
	struct loss_interval *i = interval_of(l, m, blind);
	i->from_ns = m->from_ns < i->from_ns ? m->from_ns : i->from_ns;
	i->to_ns = m->to_ns > i->to_ns ? m->to_ns : i->to_ns;
	for (size_t k = 0; !blind && k < LOSS_NUMBERS; k++) {
		i->n[k] += m->n[k];
		l->n[k] += m->n[k];
	}
	return true;
}

bool loss_overlaps(const struct loss *l, uint8_t tap, uint64_t from_ns, uint64_t to_ns)
{
	size_t n = l->intervals < LOSS_KEPT ? l->intervals : LOSS_KEPT;

	for (size_t k = 0; k < n; k++) {
		const struct loss_interval *i = &l->kept[k];
		if (i->from_ns <= to_ns && from_ns <= i->to_ns + LOSS_NOTICED_NS && (i->tap == SENSOR_NO_TAP || i->tap == tap))
			return true;
	}
	return false;
}

// The merge of the workers' messages.
#include "alerts/inbox.h"

static bool sorts_before(const struct message *a, const struct message *b)
{
	if (a->seq != b->seq)
		return a->seq < b->seq;
	if (a->birth != b->birth)
		return a->birth < b->birth;
	return a->ord < b->ord;
}

// A ring that has something now is not silent.
static void speaks(struct inbox_silence *s)
{
	*s = (struct inbox_silence){.since_ns = 0};
}

// An empty ring whose watermark stands still for too long is passed over.
static bool waited_for(const struct inbox *in, struct inbox_silence *s, uint64_t watermark, uint64_t now_ns)
{
	if (!in->patience_ns)
		return true;
	if (!s->since_ns || s->watermark != watermark)
		*s = (struct inbox_silence){.watermark = watermark, .since_ns = now_ns};
	s->passed_over = now_ns - s->since_ns >= in->patience_ns;
	return !s->passed_over;
}

const struct message *inbox_next(struct inbox *in, uint64_t now_ns, size_t *len, struct ring **from)
{
	const struct message *best = NULL;
	uint64_t silent = UINT64_MAX;      // lowest watermark of the rings that have nothing now
	uint64_t passed_over = UINT64_MAX; // ... of those that nobody waits for

	for (size_t i = 0; i < in->n; i++) {
		struct ring *r = in->ring[i];
		size_t n;
		// The watermark first: what was written before it was raised is then seen by the peek.
		uint64_t watermark = ring_watermark(r);
		const struct message *head = ring_peek(r, &n);
		if (head && n < sizeof(*head)) { // no message: whoever takes it refuses it
			*len = n;
			*from = r;
			return head;
		}
		if (head) {
			speaks(&in->silence[i]);
			if (!best || sorts_before(head, best)) {
				best = head;
				*len = n;
				*from = r;
			}
		} else if (!ring_done(r)) {
			uint64_t *low = waited_for(in, &in->silence[i], watermark, now_ns) ? &silent : &passed_over;
			*low = watermark < *low ? watermark : *low;
		}
	}
	if (!best || best->seq > silent)
		return NULL;
	in->impatient += best->seq > passed_over;
	return best;
}

bool inbox_done(const struct inbox *in)
{
	for (size_t i = 0; i < in->n; i++)
		if (!ring_done(in->ring[i]))
			return false;
	return true;
}

uint64_t inbox_reached(const struct inbox *in)
{
	uint64_t lowest = UINT64_MAX;

	for (size_t i = 0; i < in->n; i++) {
		size_t n;
		uint64_t reached = ring_watermark(in->ring[i]);
		const struct message *head = ring_peek(in->ring[i], &n);
		if (head)
			reached = n < sizeof(*head) ? 0 : head->seq < reached ? head->seq : reached;
		else if (ring_done(in->ring[i]) || in->silence[i].passed_over)
			continue;
		lowest = reached < lowest ? reached : lowest;
	}
	return lowest == UINT64_MAX ? 0 : lowest / 2;
}

// A buffer and the ends of the messages in it.
#include "alerts/sink/batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sink_batch_open(struct sink_batch *b, size_t cap)
{
	*b = (struct sink_batch){.octets = malloc(cap), .cap = cap};
	return b->octets != NULL ? 0 : -ENOMEM;
}

void sink_batch_close(struct sink_batch *b)
{
	free(b->octets);
	*b = (struct sink_batch){0};
}

void sink_batch_clear(struct sink_batch *b)
{
	b->used = b->n = b->refused = 0;
}

bool sink_one_line(const struct sink_message *m)
{
	unsigned bad = 0; // no early end: the compiler takes many octets at a time
	for (size_t i = 0; i < m->len; i++)
		bad |= ((unsigned char)m->octets[i] < ' ') | (m->octets[i] == 0x7f);
	return bad == 0 && m->len > 0;
}

char *sink_batch_room(struct sink_batch *b, size_t len)
{
	return b->n < SINK_BATCH && len <= b->cap - b->used ? b->octets + b->used : NULL;
}

void sink_batch_put(struct sink_batch *b, size_t len)
{
	b->used += len;
	b->end[b->n++] = b->used;
}

void sink_batch_refuse(struct sink_batch *b)
{
	b->refused++;
	sink_batch_put(b, 0);
}

void sink_batch_lines(struct sink_batch *b, const struct sink_message *m, size_t n)
{
	sink_batch_clear(b);
	for (size_t i = 0; i < n && b->n < SINK_BATCH; i++) {
		if (m[i].len >= b->cap || !sink_one_line(&m[i])) {
			sink_batch_refuse(b);
			continue;
		}
		char *to = sink_batch_room(b, m[i].len + 1);
		if (to == NULL)
			return;
		memcpy(to, m[i].octets, m[i].len);
		to[m[i].len] = '\n';
		sink_batch_put(b, m[i].len + 1);
	}
}

size_t sink_batch_within(const struct sink_batch *b, size_t octets)
{
	size_t n = 0;
	while (n < b->n && b->end[n] <= octets)
		n++;
	return n;
}

size_t sink_batch_refused(const struct sink_batch *b, size_t n)
{
	size_t refused = 0;
	for (size_t i = 0; i < n; i++)
		refused += b->end[i] == (i > 0 ? b->end[i - 1] : 0);
	return refused;
}

void sink_batch_append(struct sink_batch *b, const struct sink_batch *from)
{
	size_t gone = 0, octets = 0;
	while (gone < b->n && (b->n - gone + from->n > SINK_BATCH || b->used - octets + from->used > b->cap))
		octets = b->end[gone++];
	memmove(b->octets, b->octets + octets, b->used - octets);
	b->used -= octets;
	b->n -= gone;
	for (size_t i = 0; i < b->n; i++)
		b->end[i] = b->end[i + gone] - octets;
	memcpy(b->octets + b->used, from->octets, from->used);
	for (size_t i = 0; i < from->n; i++)
		b->end[b->n + i] = b->used + from->end[i];
	b->n += from->n;
	b->used += from->used;
}

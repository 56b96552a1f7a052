// The bounded text of a session's facts.
#include "dissect/facts.h"

#include <string.h>

void facts_set_text(struct facts *f, struct text *t, const void *p, size_t len, size_t max)
{
	if (len > max)
		len = max;
	if (len > t->len) {
		size_t room = FACTS_TEXT_MAX - f->text_used;
		if (len > room)
			len = room;
		t->off = f->text_used;
		f->text_used = (uint16_t)(f->text_used + len);
	}
	t->len = (uint16_t)len;
	if (len)
		memcpy(f->text + t->off, p, len);
}

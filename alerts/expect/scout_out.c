// Answers on their way out, in pieces that the socket has room for.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "alerts/expect/scout_work.h"

int out_put(struct work *w, const struct scout_request *request, const char *text, size_t len)
{
	struct out_text *o = calloc(1, sizeof *o + len);
	if (o == NULL)
		return -ENOMEM;
	o->request = *request;
	o->len = (uint32_t)len;
	if (len > 0)
		memcpy(o->text, text, len);
	*w->out_last = o;
	w->out_last = &o->next;
	return 0;
}

// True: the socket took it.
static bool send_piece(struct work *w, const struct out_text *o)
{
	struct scout_piece *p = &w->piece;
	uint32_t left = o->len - o->at;
	memset(p, 0, offsetof(struct scout_piece, octets));
	p->what = o->len > 0 ? SCOUT_ANSWER : SCOUT_NOTHING;
	p->kind = o->request.kind;
	p->fresh = o->request.fresh;
	p->total = o->len;
	p->at = o->at;
	p->len = left < SCOUT_PIECE ? left : SCOUT_PIECE;
	memcpy(p->name, o->request.name, POLICY_NAME);
	memcpy(p->octets, o->text + o->at, p->len);
	return send(w->fd, p, scout_piece_len(p), MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)scout_piece_len(p);
}

static void drop_first(struct work *w)
{
	struct out_text *o = w->out;
	w->out = o->next;
	if (w->out == NULL)
		w->out_last = &w->out;
	free(o);
}

void out_send(struct work *w)
{
	while (w->out != NULL && send_piece(w, w->out)) {
		w->out->at += w->piece.len;
		if (w->out->at == w->out->len)
			drop_first(w);
	}
}

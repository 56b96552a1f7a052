// Matching ids and keeping copies: what the judge shows is borrowed.
#include "cli/wanted.h"

#include <string.h>
#include <strings.h>

void wanted_init(struct wanted *w, const char *id, const struct catalogue_row *asked)
{
	memset(w, 0, sizeof *w);
	w->id = id;
	w->asked = asked;
	w->alert = -1;
}

static bool fits(const struct wanted *w, const char *id)
{
	return strncasecmp(id, w->id, strlen(w->id)) == 0;
}

static void keep_alert(struct wanted *w, const struct record_alert *a)
{
	bool asked = w->alert < 0 && fits(w, a->id) && !fits(w, a->session->id);
	// The one that was asked for takes the place of another where there is no room.
	if (w->n_alerts == WANTED_ALERTS_MAX && asked)
		w->n_alerts--;
	if (w->n_alerts == WANTED_ALERTS_MAX)
		return;
	struct wanted_alert *kept = &w->alerts[w->n_alerts];
	memcpy(kept->id, a->id, sizeof kept->id);
	kept->root = *a->root;
	kept->repeat = a->repeat;
	if (asked)
		w->alert = (int)w->n_alerts;
	w->n_alerts++;
}

static void keep_session(struct wanted *w, const struct session *s)
{
	w->session = *s;
	memcpy(&w->facts, s->facts, facts_len(s->facts));
	w->session.facts = &w->facts;
	if (s->peer != NULL)
		w->peer = *s->peer;
	w->session.peer = s->peer != NULL ? &w->peer : NULL;
}

void wanted_observe(void *ctx, const struct session *s, const struct record_alert *a)
{
	struct wanted *w = ctx;
	bool ours = w->found && s->facts->birth == w->facts.birth;
	if (!ours && !fits(w, s->id) && (a == NULL || !fits(w, a->id)))
		return;
	if (!ours && w->found) {
		w->ambiguous = true;
		memcpy(w->other, s->id, sizeof w->other);
		return;
	}
	// An update tells the session as it once was: better than nothing only.
	if (!w->found || a == NULL || !a->update)
		keep_session(w, s);
	w->found = true;
	if (a != NULL)
		keep_alert(w, a);
}

void wanted_again(struct wanted *w)
{
	w->n_alerts = 0;
	w->alert = -1;
}

const struct finding *wanted_finding(const struct wanted *w)
{
	if (w->alert >= 0 && (w->asked == NULL || w->alerts[w->alert].root.row == w->asked))
		return &w->alerts[w->alert].root;
	const struct finding *worst = NULL;
	for (size_t i = 0; i < w->session.n_findings; i++) {
		const struct finding *f = &w->session.findings[i];
		if ((w->asked == NULL || f->row == w->asked) && (worst == NULL || f->severity > worst->severity))
			worst = f;
	}
	return worst;
}

// Finds one session among all that are told, by the id of the session or of one of its alerts, and keeps it.
#pragma once

#include <stdbool.h>

#include "alerts/record.h"

enum {
	WANTED_PREFIX_MIN = 8, // characters of an id that may stand for it; they are the time, to about half a minute
	WANTED_ALERTS_MAX = 16,
};

struct wanted_alert {
	char id[RECORD_ID_LEN + 1];
	struct finding root;
	struct record_repeat repeat;
};

struct wanted {
	const char *id;           // as typed: all of it, or its beginning
	const struct catalogue_row *asked; // --finding, or NULL
	bool found, ambiguous;    // ambiguous: a second session fits as well
	int alert;                // index of the alert whose id fits, -1: the session's own fits
	size_t n_alerts;          // of the session; after one reading, those from the first that fits on
	struct wanted_alert alerts[WANTED_ALERTS_MAX];
	struct session session;   // as its record told it; session.facts points to `facts`
	struct facts facts;
	struct peer peer;         // session.peer points here, or is NULL
	char other[RECORD_ID_LEN + 1]; // the second session, when ambiguous
};

void wanted_init(struct wanted *w, const char *id, const struct catalogue_row *asked);

// For judge_config.observe; ctx is the struct wanted.
//
// The session's record says most. An update of repeats may name it long after; so the input is read twice, the second
// time knowing which session it is.
void wanted_observe(void *ctx, const struct session *s, const struct record_alert *a);

// Before the second reading: everything of the session that was found is taken anew.
void wanted_again(struct wanted *w);

// The finding to explain: the one that was asked for, else that of the alert that was asked for, else the worst of the
// session; NULL when it has none, or not that one.
const struct finding *wanted_finding(const struct wanted *w);

// The judge's side of the ring to the keeper. Alerts may use all of it and are waited for a little; session records leave half of it
// free. One thread.
#pragma once

#include "alerts/outbox/outbox.h"
#include "hw/ring.h"

struct records {
	struct ring *ring;
	bool in_vain; // the last alert was waited for, and found no room
};

// `line` without its newline. False: there is no room for it.
bool records_put(struct records *r, const struct outbox_about *about, const char *line, size_t len);

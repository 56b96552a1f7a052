// Onto the ring, or not.
#include "cli/records.h"

#include <string.h>

#include "cli/run.h"

enum {
	WAIT_US = 1000, // for room
	WAITS = 200,    // ... so often; a fifth of a second is a twentieth of what the rings of facts bear
};

// A keeper that was waited for in vain has stopped: to wait for it with each alert would hold up the facts, until they are lost or the
// judge counts as hung. So there is one wait until there is room again.
static char *wait_for_room(struct records *r, size_t len)
{
	char *room = NULL;
	for (int i = 0; room == NULL && !r->in_vain && i < WAITS; i++) {
		run_sleep_us(WAIT_US);
		room = ring_reserve(r->ring, len);
	}
	r->in_vain = room == NULL;
	return room;
}

bool records_put(struct records *r, const struct outbox_about *about, const char *line, size_t len)
{
	size_t all = sizeof *about + len;
	bool room_kept = outbox_lane_of((enum record_type)about->type) == OUTBOX_SESSIONS && ring_used(r->ring) > ring_len(r->ring) / 2;
	char *room = room_kept ? NULL : ring_reserve(r->ring, all);
	if (room != NULL)
		r->in_vain = false;
	else if (about->type == RECORD_ALERT)
		room = wait_for_room(r, all);
	if (room == NULL)
		return false;
	memcpy(room, about, sizeof *about);
	memcpy(room + sizeof *about, line, len);
	ring_commit(r->ring, all);
	return true;
}

// Repeats: the first alert of a key is told at once, the rest of its window is counted, and one update at the window's
// end says how many. A rise in severity or confidence breaks through. DESIGN section 7, `repeat`.
//
// Packet time only, and it never runs backwards here: a file that is older than the one before counts as now. Memory is
// reserved at open and bounded; when every key is in use, the key whose window ends next leaves early and tells what it
// owes. One thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/record.h"

enum {
	DEDUP_KEYS_MAX = 65536,     // keys at once; a day of noise on a large link has some thousands
	DEDUP_WINDOW_LOUD_S = 300,  // critical, high
	DEDUP_WINDOW_QUIET_S = 86400,
};

// What makes two alerts the same. Zero the padding.
struct dedup_key {
	uint16_t finding;   // catalogue index
	uint16_t port;      // of the server
	uint8_t direction;  // enum direction
	uint8_t ip_v;
	uint8_t server[16];
	uint8_t tap;
	uint8_t zero;
};

struct dedup;

struct dedup_offer {
	struct dedup_key key;
	uint8_t severity, confidence;
	uint64_t time_ns;
	const char *id;     // of the alert, RECORD_ID_LEN characters
};

// Neither function may call back into dedup.
struct dedup_config {
	uint32_t keys_max;
	size_t kept_len;    // octets the caller keeps with a counted alert, to tell the update from
	// The update of a key, due at this packet time: `kept` is what the caller kept of its last repeat.
	void (*update)(void *ctx, const struct record_repeat *repeat, const void *kept, uint64_t due_ns);
	// Whether an alert that would be told now may be. NULL: all may.
	bool (*may_tell)(void *ctx, const struct dedup_offer *offer);
	void *ctx;
};

int dedup_open(struct dedup **out, const struct dedup_config *config);
void dedup_close(struct dedup **d);

enum dedup_outcome {
	DEDUP_TELL,    // tell it now, with `*repeat`
	DEDUP_COUNTED, // `*kept` is the room to describe it in (what the last repeat left there is overwritten); valid until the next call
	DEDUP_REFUSED, // it may not be told, and nothing is remembered of it: the next of its key is a first again, or breaks through again
};
enum dedup_outcome dedup_take(struct dedup *d, const struct dedup_offer *offer, struct record_repeat *repeat, void **kept);

// Packet time has come this far: windows that ended tell their updates.
void dedup_advance(struct dedup *d, uint64_t now_ns);

// End of input: every key tells what it owes and is forgotten.
void dedup_finish(struct dedup *d);

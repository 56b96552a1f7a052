// What was delivered last, by hash: to notice when the same place comes again with other octets.
//
// The hash is keyed, because whoever knows it can look for a line that hides another one; a 32-bit one without a key
// fell in 79 seconds.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { RECENT_SEGMENTS = 6 }; // a dialogue has few in flight

struct recent {
	uint64_t hash[RECENT_SEGMENTS];
	uint32_t off[RECENT_SEGMENTS]; // low half of the stream offset
	uint16_t len[RECENT_SEGMENTS]; // 0 none
	uint8_t at;                    // of the next one
	uint8_t last;                  // the last octet delivered ...
	bool last_known;               // ... unless it lies in a hole
};

enum recent_verdict { RECENT_SAME, RECENT_DIFFERS, RECENT_UNKNOWN };

// Segments beyond 65,535 octets leave only their last octet.
void recent_note(struct recent *r, uint64_t key, uint64_t off, const uint8_t *p, uint32_t len);
// Only whole segments that are still remembered can be compared; UNKNOWN: not all of p[0..len) was.
enum recent_verdict recent_compare(const struct recent *r, uint64_t key, uint64_t off, const uint8_t *p, uint32_t len);

// Octets as a line of SMTP has them, by the first 32: ciphertext and records of TLS have others at once.
bool recent_is_text(const uint8_t *p, uint32_t len);

// Looks for a line in what comes again, however it is cut.
struct recent_line {
	uint32_t next; // low half of the offset behind what was looked at
	uint8_t n;     // printable octets right before it, up to 4
	bool cr;       // ... and then a CR
};

// p[0..len) has the end of a line of four octets and more: certificates hold text, but no lines, and ciphertext does one
// in a million times.
bool recent_line(struct recent_line *l, uint64_t off, const uint8_t *p, uint32_t len);

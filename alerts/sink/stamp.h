// What a sink adds to each record: its place in the sink's row, so that the receiver can prove that nothing is missing, and the
// link of a chain, so that nobody can change, remove or insert a line unnoticed.
//
//     ... ,"epoch":1790000000,"seq":4711,"chain":"<43 characters of base64url>"}}
//
// at the end of `smtp_tls`, the last member of every record. Alerts and stats are numbered together; smtp, tls and
// anomaly together, apart from those. link(n) = SHA-256(link(n-1) || the line up to and including the digits of seq); link(0) =
// SHA-256("postwacht" || epoch, 8 octets big-endian || lane, 1 octet).
#pragma once

#include "alerts/outbox/outbox.h"

enum { STAMP_CHAIN = 43, STAMP_MAX = 160 }; // characters; octets that a stamp adds at most

// The first link of a row.
void stamp_begin(uint8_t chain[static OUTBOX_HASH], uint64_t epoch, enum outbox_lane lane);
// Writes the line with its stamp to `out` (len + STAMP_MAX octets), moves `chain` on. Its length; 0: the line is no record of ours.
size_t stamp_write(char *out, const char *line, size_t len, uint64_t epoch, uint64_t seq, uint8_t chain[static OUTBOX_HASH]);

struct stamp {
	uint64_t epoch, seq;
	uint8_t chain[OUTBOX_HASH];
	enum outbox_lane lane;
	size_t covered;  // octets of the line that the link covers
};
// Reads it back; false: the line has none. Lines come from files that anybody may have changed.
bool stamp_read(const char *line, size_t len, struct stamp *s);
// True: `s` follows `before` by this line.
bool stamp_follows(const struct stamp *s, const uint8_t before[static OUTBOX_HASH], const char *line);

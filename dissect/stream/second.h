// Reads a session's tape again, in the version that came later: DESIGN section 4, "last wins".
#pragma once

#include "dissect/stream/tape.h"

struct dissect;
struct second; // room to do it

// 0 or -ENOMEM.
int second_open(struct second **s);
void second_close(struct second **s);

// Facts of the session of `flow` as the later version tells them, with those of the connection that it has now (`sealed`, and
// `end` as tell_session() is told). NULL: no other version was met, or it says nothing else, or was read too often before
// the end. Sets facts.path.both_read of both when neither missed anything. The result is valid until the next call.
const struct facts *second_reading(struct dissect *e, uint32_t flow, bool sealed, enum session_end end);

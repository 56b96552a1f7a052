// The links of an outbox on disk: each record to the one before, each segment to the one before (alerts/outbox/frame.h).
//
// Only reads, also while the sensor writes: an end that is not finished is looked at again for a moment, segments that go
// meanwhile are older ones.
#pragma once

#include "alerts/verify/verify.h"

// A lane: all its segments. `dir` is open and stays so; `path` is its name for places. 0; -ENOENT: there is no segment;
// -EPROTONOSUPPORT: segments of another version; -errno.
int segments_lane(struct verify *out, int dir, const char *path);
// One segment alone; `path` ends with its file's name.
int segments_one(struct verify *out, int fd, const char *path);

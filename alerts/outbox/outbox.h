// The outbox: every record on disk before anybody is sent it. One process writes (cli/keeper.c), others read.
//
// Two lanes, each a log of its own with its own bound, so that a flood of one cannot push out the other: alerts and the sensor's
// own words (`alert`, `stats`), and what is told of every session (`smtp`, `tls`, `anomaly`). A lane is a row of segments of
// preallocated files, oldest first: DIR/alerts/<first seq>.seg. Records are numbered without holes from 1. What is appended
// becomes visible (outbox_shared.durable) only after fdatasync(), so a reader never has what a power cut could take back.
//
// When a lane is full its oldest segment goes, whoever has or has not read it: readers see exactly how many of which kind went
// (head.before). Damage: an unfinished end is cut off (it was never visible); elsewhere what cannot be read is passed over and
// counted. docs/design/0026-outbox.md says why this is no database.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/outbox/shared.h"
#include "alerts/record.h"

enum { OUTBOX_VERSION = 1, OUTBOX_HASH = 32, OUTBOX_SEVERITIES = 5, OUTBOX_LINE_MAX = RECORD_LEN_MAX };

enum outbox_lane outbox_lane_of(enum record_type type);

// How many records of each type and severity (0 where the type has none). Growing.
struct outbox_counts {
	uint64_t n[RECORD_TYPES][OUTBOX_SEVERITIES];
};

// ---- writing ---------------------------------------------------------------------------------------------------------

// What is known of a record beside its line. From a process that may have been taken over: checked.
struct outbox_about {
	uint8_t type;          // enum record_type
	uint8_t severity;      // enum severity of an alert, else 0
	uint8_t confidence;    // enum confidence of an alert, else 0
	uint8_t zero;
	uint32_t signature_id; // of an alert, else 0
	uint64_t time_ns;      // packet time (or wall clock) of what decided it
};

struct outbox_config {
	const char *dir;              // made when missing, 0750
	uint64_t octets_max[OUTBOX_LANES]; // rounded up to two segments
	uint32_t segment_octets;      // of a segment file; 0: 16 MiB
	uint32_t keep_days;           // older segments go; 0: only when the lane is full
	uint64_t wall_ns;             // now, for `epoch`
};

// Where a record came from, so that whoever takes it off the ring again after a death knows that it is written already.
struct outbox_origin {
	uint64_t run;       // of the sensor: its start
	uint64_t position;  // ring_position()
};

struct outbox;

// Opens, repairs, or makes. 0 or -errno with `why` in words; -ENOSPC and the like too: then nothing is open.
// Lanes of another version are moved aside (DIR/LANE.vN) and told; so are those beyond repair (DIR/LANE.damaged-SECONDS). Then a new
// epoch begins. -EWOULDBLOCK: another process writes it.
int outbox_open(struct outbox **out, const struct outbox_config *c, struct outbox_shared *shared, char why[static 160]);
void outbox_close(struct outbox **o); // tells nothing, syncs nothing

// The newest that is on disk of `run` in a lane: position, or false when there is none. A group may have reached one lane only.
bool outbox_newest_origin(const struct outbox *o, enum outbox_lane lane, uint64_t run, uint64_t *position);

// Takes a record into the group that is being gathered. `line` without its newline. What its lane has already (of the same run, a
// position no greater than the newest's) is passed over: whoever follows a process that died simply appends all there is again.
// 0; -EMSGSIZE or -EINVAL for what can be no record; -ENOBUFS when the group is full (256 records or 1 MiB a lane): sync first.
int outbox_append(struct outbox *o, const struct outbox_about *about, const struct outbox_origin *from, const char *line, size_t len);
// Writes the group, fdatasync(), publishes, rings. 0; or -errno: what of it is not on disk is kept, and the next call tries again
// (in a new segment).
int outbox_sync(struct outbox *o);
size_t outbox_gathered(const struct outbox *o); // records in the group
// Those of a lane that the disk does not take, so that the other lane can go on. How many; counted in outbox_shared.forgotten. Their
// numbers are given to others.
size_t outbox_forget(struct outbox *o, enum outbox_lane lane);
size_t outbox_gathered_of(const struct outbox *o, enum outbox_lane lane);

// A name is as durable as the directory that it stands in: has that of `path` on disk. 0 or -errno.
int outbox_sync_parent(const char *path);

// Once a second: age, bounds.
void outbox_tend(struct outbox *o, uint64_t wall_ns);

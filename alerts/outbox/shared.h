// What the outbox and the sinks say of themselves, in memory that processes share: for status, stats, metrics and whoever reads
// the outbox. Each field has one writer.
#pragma once

#include <stdint.h>

#include "hw/bell.h"

enum outbox_lane { OUTBOX_ALERTS, OUTBOX_SESSIONS, OUTBOX_LANES };

extern const char *const outbox_lane_name[OUTBOX_LANES]; // of directories and in what people read: "alerts", "sessions"

enum outbox_state {
	OUTBOX_GOOD,
	OUTBOX_NO_SPACE,   // ENOSPC, EDQUOT: tried again every second; meanwhile records wait where they came from
	OUTBOX_READ_ONLY,  // EROFS, EACCES: the same
	OUTBOX_FAILING,    // any other error: the same, in a new segment, since what fdatasync() failed on cannot be trusted
	OUTBOX_STATES,
};
extern const char *const outbox_state_name[OUTBOX_STATES]; // "good", "no space", "read-only", "failing"

// In shared memory, written by the writer alone; relaxed loads, but for `durable` (acquire).
struct outbox_shared {
	uint64_t epoch;                  // of the outbox: wall clock second it was made; another one after it was lost. 0: not open yet
	uint64_t durable[OUTBOX_LANES];  // number of the last record that is on disk; 0 none
	uint64_t oldest[OUTBOX_LANES];   // number of the oldest that is kept; durable + 1: none
	uint64_t octets[OUTBOX_LANES];   // on disk
	uint64_t octets_max[OUTBOX_LANES];
	uint64_t evicted[OUTBOX_LANES];  // records whose segment went since the start
	uint64_t damaged[OUTBOX_LANES];  // records that could not be read any more, as far as numbers tell; found since the start
	uint64_t forgotten[OUTBOX_LANES]; // session records that the disk did not take, while alerts went on
	uint64_t syncs, sync_ns;         // how many groups, and what fdatasync() took
	uint64_t errors;
	int state;                       // enum outbox_state
	int error;                       // errno of the last trouble
	uint64_t trouble_since_ns;       // wall clock; 0: none now
	struct bell bell;                // rung after `durable` grew
};

// How long something took, counted by upper bounds: latency_bound_ms[], the last without one. Microseconds in the sum.
enum { LATENCY_BUCKETS = 16 };
extern const uint32_t latency_bound_ms[LATENCY_BUCKETS - 1];
struct latency {
	uint64_t n[LATENCY_BUCKETS]; // not cumulative
	uint64_t sum_us;
};
void latency_add(struct latency *l, uint64_t ns);

enum { OUTBOX_SINKS = 8 };

// A sink, as its own thread keeps it.
struct sink_shared {
	char name[64], type[16];
	uint64_t epoch;                   // of its row
	uint64_t sent[OUTBOX_LANES];      // number of the last record that the receiver has
	uint64_t at[OUTBOX_LANES];        // number in the outbox of the next it looks at
	uint64_t messages, octets;        // that the receiver has, since the start
	uint64_t filtered;                // passed over by its filter
	uint64_t missed[OUTBOX_LANES];    // would have been sent, and gave way before it could
	uint64_t refused;                 // that the receiver will never take
	uint64_t errors;                  // attempts that failed
	uint64_t taken_ns;                // wall clock: when it last took something
	uint64_t failing_since_ns;        // wall clock; 0: it takes what it is given
	uint64_t dead;                    // 1: it could not be prepared; the next courier tries it again
	struct latency received;          // of alerts: packet that decided -> the receiver has it
	char trouble[160];                // last, in words
};

// Records on disk that a sink has not come to; one that has not begun: all there are. The sink may be a moment ahead of a copy of the
// outbox.
uint64_t sink_waiting(const struct outbox_shared *o, const struct sink_shared *s, enum outbox_lane lane);

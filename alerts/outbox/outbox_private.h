// The outbox's writer from inside: outbox.c gathers and writes, outbox_lane.c makes and removes segments, outbox_found.c
// and outbox_repair.c open what an earlier process left.
#pragma once

#include "alerts/outbox/segment.h"

enum { OUTBOX_GROUP_RECORDS = 256, OUTBOX_GROUP_OCTETS = 1 << 20, OUTBOX_SEGMENT = 16 << 20, OUTBOX_SEGMENT_MIN = 4096 };

// Where a lane stands behind some record.
struct outbox_mark {
	uint64_t seq; // of that record; 0 none
	uint8_t link[OUTBOX_HASH];
	struct outbox_counts counts; // up to it
	struct outbox_origin newest;
};

struct outbox_file {
	uint64_t first, octets;
	uint64_t made_ns;
};

struct outbox_lane_files {
	enum outbox_lane id;
	int dir;
	struct outbox_file *file; // oldest first
	size_t n, room;
	uint64_t octets;          // of all of them
	int fd;                   // the newest, or -1: the next record begins a segment
	uint64_t len;             // of it, on disk
	uint64_t written;         // of it, not yet surely on disk
	struct outbox_mark done;  // on disk
	struct outbox_mark next;  // with what was gathered
	uint8_t *group;           // frames, OUTBOX_GROUP_OCTETS
	size_t group_len, group_n;
};

struct outbox {
	struct outbox_config c;
	struct outbox_shared *shared;
	struct frame_linker *linker;
	int dir, lock;
	uint64_t epoch;
	struct outbox_lane_files lane[OUTBOX_LANES];
};

// ---- outbox_lane.c -----------------------------------------------------------------------------------------------------

// Makes room, makes a segment whose first record is the one behind l->done, begins it. -errno: the old one stays sealed.
int outbox_lane_begin(struct outbox *o, struct outbox_lane_files *l);
// Cuts the newest back to what is on disk and closes it. What cannot be cut is passed over later: a segment ends where the next begins.
void outbox_lane_seal(struct outbox *o, struct outbox_lane_files *l);
bool outbox_lane_evict(struct outbox *o, struct outbox_lane_files *l); // the oldest; false: it could not be removed
int outbox_lane_note(struct outbox_lane_files *l, const struct outbox_file *f); // takes it into the list: -ENOMEM
void outbox_lane_publish(struct outbox *o, const struct outbox_lane_files *l); // all but `durable`
int outbox_sync_dir(int dir);

// ---- outbox_found.c ----------------------------------------------------------------------------------------------------

// A lane as it lies there.
struct outbox_found {
	struct segment_list list;
	struct segment_head *head; // of each
	enum segment_kind *kind;
	size_t good, other, unreadable; // heads; other: of another version
	uint32_t version;          // of the newest that is of another one
	uint64_t epoch;            // of the newest that is good; 0 none
};

// Finds or makes the lanes, o->epoch, and where each goes on. 0 or -errno with `why`.
int outbox_find(struct outbox *o, char why[static 160]);
int outbox_open_segment(const struct outbox_lane_files *l, uint64_t first, int how); // descriptor or -errno

// ---- outbox_repair.c ---------------------------------------------------------------------------------------------------

// Where a lane that has segments goes on. 0 or -errno.
int outbox_repair_lane(struct outbox *o, struct outbox_lane_files *l, const struct outbox_found *f);

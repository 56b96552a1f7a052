// What the outbox looks like on disk: a segment is a head of 512 octets and then frames, one a record, without gaps.
//
// Numbers are in the order of the machine: a segment of a machine with another one has no magic and is told to be of another
// version. Checksums are zlib's CRC-32: against accidents. Links are SHA-256 over everything before: against a frame or a file in the
// wrong place. Whoever can write the directory can write links, too; what a receiver can prove is the sinks' matter (alerts/sink/stamp.h).
#pragma once

#include <assert.h>

#include "alerts/outbox/outbox.h"

enum { SEGMENT_HEAD = 512, FRAME_ALIGN = 8 };

// Octets that no line of JSON has, so that no line can hold what looks like a frame or a head.
#define FRAME_MAGIC UINT32_C(0xff00f2a1)
#define SEGMENT_MAGIC UINT32_C(0xff00b0f5)

struct segment_head {
	uint32_t magic;               // SEGMENT_MAGIC; stays at this place in every version, as does
	uint32_t version;             // OUTBOX_VERSION
	uint32_t crc;                 // CRC-32 of the 512 octets with zero in this place
	uint32_t lane;                // enum outbox_lane
	uint64_t epoch;               // of the outbox
	uint64_t first;               // number of the first frame; also the file's name
	uint64_t made_ns;             // wall clock: everything in older segments is older
	uint8_t link[OUTBOX_HASH];    // of the record before the first; of the outbox itself where there is none
	struct outbox_origin newest;  // where the record before the first came from
	struct outbox_counts before;  // of all records before the first. Fewer than first - 1: the rest was damaged, of unknown kind
	uint8_t zero[224];
};

struct frame {
	uint32_t magic;               // FRAME_MAGIC
	uint32_t crc;                 // CRC-32 of this head from `len` on: a damaged line leaves the way to the next frame
	uint32_t len;                 // of the line, which follows; then zeros up to a multiple of 8
	uint32_t line_crc;            // CRC-32 of the line
	uint64_t seq;                 // in the lane
	uint64_t epoch;               // of the outbox: what an older one left in a block of the disk is no frame of this one
	uint64_t written_ns;          // wall clock: taken into a group
	struct outbox_origin from;    // so that it is not written twice
	struct outbox_about about;    // what a reader chooses by
	uint8_t link[OUTBOX_HASH];    // SHA-256(link before || this head from `len` to `about` || line)
};

static_assert(sizeof(struct segment_head) == SEGMENT_HEAD, "on disk");
static_assert(sizeof(struct frame) == 104, "on disk");

enum { FRAME_MAX = (sizeof(struct frame) + OUTBOX_LINE_MAX + FRAME_ALIGN - 1) / FRAME_ALIGN * FRAME_ALIGN };

// Octets that a frame with a line of `len` takes.
size_t frame_octets(size_t len);
bool frame_about_good(const struct outbox_about *a);

// Makes links. One thread; NULL: no SHA-256 to be had.
struct frame_linker;
struct frame_linker *frame_linker_open(void);
void frame_linker_close(struct frame_linker **l);
void frame_link(struct frame_linker *l, uint8_t out[static OUTBOX_HASH], const uint8_t before[static OUTBOX_HASH],
                const struct frame *f, const void *line);
// The link before the first record of a lane.
void frame_link_first(uint8_t out[static OUTBOX_HASH], uint64_t epoch, enum outbox_lane lane);

// Fills in magic, checksums and link of a frame whose other members are set, and writes it with its line to `out`
// (frame_octets()). `line` may lie where it goes. `link`: the one before, becomes this one's.
void frame_write(uint8_t *out, struct frame *f, const void *line, struct frame_linker *l, uint8_t link[static OUTBOX_HASH]);
// True: the octets begin with the head of a frame, all of which lies in them.
bool frame_read(const uint8_t *octets, size_t n, struct frame *f);
bool frame_line_good(const struct frame *f, const void *line);

void segment_head_seal(struct segment_head *h); // magic, version, checksum
enum segment_kind { SEGMENT_GOOD, SEGMENT_OTHER_VERSION, SEGMENT_BAD };
enum segment_kind segment_head_kind(const struct segment_head *h, enum outbox_lane lane, uint64_t first);

void counts_add(struct outbox_counts *c, const struct outbox_about *a);
uint64_t counts_sum(const struct outbox_counts *c);

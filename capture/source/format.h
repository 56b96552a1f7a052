// The capture formats we read, and the state of the file being read. Inside capture/source/ only.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "capture/packet.h"
#include "capture/source/input.h"

// A packet beyond this is damage: 256 KiB is the largest snapshot length tools write, and 64 KiB on top is what
// pseudo-headers of odd link types add.
enum { FORMAT_CAPLEN_MAX = 262144 + 65536 };

// 1024, because a capture of every port of a large switch stays below, and an attacker should not choose our size.
enum { PCAPNG_INTERFACES_MAX = 1024 };

struct pcapfile_state {
	bool swapped;
	uint16_t linktype;
	uint32_t fraction_ns; // nanoseconds in a unit of the fraction: 1000 or 1
};

// How the time stamps of an interface become nanoseconds: ticks * mul / div >> shift, plus offset_s.
struct pcapng_interface {
	uint16_t linktype;
	uint8_t shift;
	uint32_t snaplen; // 0 unlimited
	uint64_t mul;
	uint64_t div;
	int64_t offset_s;
};

struct pcapng_state {
	bool swapped;
	uint32_t trailer; // total length of the block whose inside was skipped and whose end is to be checked; 0 none
	uint32_t n_interfaces;
	struct pcapng_interface interfaces[PCAPNG_INTERFACES_MAX];
};

// The file being read.
struct reader {
	struct input in;
	uint64_t seq;        // packets so far, all files
	uint32_t frame;      // packets so far, this file
	uint16_t file;       // index of this file
	uint64_t record_off; // where the record begins that could not be taken yet
	const char *damage;  // static text, set with FORMAT_DAMAGED
	union {
		struct pcapfile_state pcapfile;
		struct pcapng_state pcapng;
	};
};

// What begin() says, and burst() beside a positive count of packets.
enum format_outcome { FORMAT_DAMAGED = -1, FORMAT_MORE = 0, FORMAT_BEGUN = 1 };

struct format {
	const char *name;
	const char *cut; // what it means when the file ends inside a record
	bool (*recognise)(const uint8_t head[static 4]);
	// Takes the file's header. MORE: the window does not hold all of it yet.
	enum format_outcome (*begin)(struct reader *r);
	// Takes up to PACKET_BURST packets that the window holds as a whole: their count, or DAMAGED or MORE.
	int (*burst)(struct reader *r, struct packet burst[static PACKET_BURST]);
};

// Where a record begins is known only when the one before it was read: without help a walk over records waits for
// memory once per packet (106 ns, where 29 will do). So every line is asked for this far ahead of the walk.
// 2 KiB, because it is more than a packet and less than the first level cache can hold beside the rest.
enum { FORMAT_AHEAD = 2048, FORMAT_LINE = 64 };

// Asks for what lies between `ahead` (asked for already up to here) and FORMAT_AHEAD octets after `at`. Addresses
// past the end are harmless. Returns the new `ahead`.
static inline const uint8_t *format_prefetch(const uint8_t *ahead, const uint8_t *at)
{
	if (ahead < at)
		ahead = at;
	for (; ahead < at + FORMAT_AHEAD; ahead += FORMAT_LINE)
		__builtin_prefetch(ahead);
	return ahead;
}

extern const struct format pcapfile_format;
extern const struct format pcapng_format;

// A number at any address, in the order of this machine or in the other one.
static inline uint32_t format_u32(const uint8_t *p, bool swapped)
{
	uint32_t v;
	memcpy(&v, p, sizeof(v));
	return swapped ? __builtin_bswap32(v) : v;
}

static inline uint16_t format_u16(const uint8_t *p, bool swapped)
{
	uint16_t v;
	memcpy(&v, p, sizeof(v));
	return swapped ? __builtin_bswap16(v) : v;
}

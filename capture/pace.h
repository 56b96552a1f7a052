// A live source's own time: the `seq` of packets, and when and with which time marks are made. See capture/live.h.
//
// One thread each. Packet time is what the packets say; the monotonic clock is only asked how long nothing has come. So
// it does not matter which clock stamped the packets, nor whether somebody sets it.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "capture/packet.h"

#define PACE_IDLE_NS UINT64_C(1000000) // a mark a millisecond
#define PACE_PLAY_NS UINT64_C(1000000000) // of a file that is played: it would have ended by then, and its timers run on its own time

struct pace {
	uint64_t seq;           // of the last packet or mark
	uint64_t packet_ns;     // time of the last packet that had one; 0 before
	uint64_t taken_ns;      // monotonic: when the last packet came
	uint64_t told_ns;       // packet time as it was told last, by a packet or a mark
	uint64_t mark_ns;       // monotonic: when the last mark was made
	uint8_t worker;
	bool play;              // time is that of capture files: no clock of the machine has to do with it
};

void pace_init(struct pace *p, uint8_t worker, bool play, uint64_t mono_ns);

// Gives a packet its seq.
void pace_packet(struct pace *p, struct packet *packet, uint64_t mono_ns);

// Where time stands that packets do not tell.
struct pace_still {
	uint64_t mono_ns;
	uint64_t wall_ns;       // said before the first packet, unless `play`
	uint64_t late_ns;       // packets may come so much later than their time says
	uint64_t held_ns;       // a packet of this time is in hand and will be next; UINT64_MAX none
};

// Nothing came. True: `mark` is to be handed out.
bool pace_idle(struct pace *p, struct packet *mark, const struct pace_still *now);

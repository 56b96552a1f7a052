// A live source's own time: the `seq` of packets, and when and with which time marks are made. See capture/live.h.
//
// One thread each. Packet time is what the packets say; the monotonic clock is only asked how long nothing has come.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "capture/packet.h"

#define PACE_IDLE_NS UINT64_C(1000000)     // a mark a millisecond
#define PACE_PLAY_NS UINT64_C(50000000)    // ... but a file that is played says nothing for so long only when it is over

struct pace {
	uint64_t seq;           // of the last packet or mark
	uint64_t time_ns;       // of the last packet that had one, or of a later mark; 0 before
	uint64_t taken_ns;      // monotonic: when the last packet came
	uint64_t mark_ns;       // monotonic: when the last mark was made
	uint8_t worker;
	bool play;              // time is that of capture files: no clock of the machine has to do with it
};

void pace_init(struct pace *p, uint8_t worker, bool play, uint64_t mono_ns);

// Gives a packet its seq.
void pace_packet(struct pace *p, struct packet *packet, uint64_t mono_ns);

// Nothing came. True: `mark` is to be handed out. `settled_ns`: no packet will come whose time is before, as far as the
// clocks of the machine say (not asked when `play`).
bool pace_idle(struct pace *p, struct packet *mark, uint64_t mono_ns, uint64_t settled_ns);
// True when it would be asked whether a mark is due: spares the reading of clocks.
bool pace_due(const struct pace *p, uint64_t mono_ns);

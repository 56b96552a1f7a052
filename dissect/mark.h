// Where something was seen, how well, and in which direction: the words that every part of `struct facts` is made of.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// The client is the TCP initiator.
enum dir { DIR_C2S = 0, DIR_S2C = 1 };

static inline enum dir dir_other(enum dir d)
{
	return d == DIR_C2S ? DIR_S2C : DIR_C2S;
}

// Why a claim about bytes up to some place may not be the whole story. No bit set: evidence is complete
// (SYN and SYN/ACK seen, no gap before this place in either direction, acknowledged, whole packets).
enum quality {
	Q_GAP = 1,       // octets before this place were never captured
	Q_MIDSTREAM = 2, // the connection's start (SYN, SYN/ACK) was not captured
	Q_ONE_DIR = 4,   // payload of one direction only
	Q_TRUNC = 8,     // cut packets (snaplen), bounded buffers, or the capture ends here
	Q_AMBIG = 16,    // two different versions of the same octets were seen
	Q_UNACKED = 32,  // the peer had not acknowledged these octets
};

// Where and how well something was seen. frame 0: never.
struct mark {
	uint32_t frame;  // number of the packet within its file (pcap_cnt), low 32 bits
	uint8_t quality; // enum quality bits that held at this place
	uint8_t unused[3];
};

static inline bool mark_set(const struct mark *m)
{
	return m->frame != 0;
}

// ---- text ----------------------------------------------------------------------------------------------------

// Octets in facts.text[]. len 0: absent.
struct text {
	uint16_t off;
	uint16_t len;
};

// Packets of sessions in bounded memory, until somebody needs them. The session that came first gives way. One thread.
#pragma once

#include "dissect/message.h"
#include "hw/slab.h"

enum {
	SHELF_SESSION_OCTETS = 48 << 10, // of one session: more than a worker hands on (dissect/keep.h), and what is kept with it
	SHELF_SESSION_PACKETS = 128,
};

struct evidence_shelf {
	struct slab sessions, blocks;
	uint32_t *heads;      // by birth
	uint32_t mask;
	uint32_t oldest, newest;
	uint32_t session_octets;
	uint64_t packets, forgotten; // taken; of them those that gave way or found no room
};

// One packet, as it is handed back. `octets` are valid until the next call.
struct evidence_packet {
	uint64_t time_ns;
	uint32_t frame, wire_len, cut_len;
	uint16_t linktype, len;
	uint8_t cut, dir;
	const uint8_t *octets;
};

// 0 or -ENOMEM. `session_octets` 0: default.
int evidence_shelf_open(struct evidence_shelf *s, uint64_t octets, uint32_t session_octets);
void evidence_shelf_close(struct evidence_shelf *s);

void evidence_shelf_put(struct evidence_shelf *s, const struct message_evidence *m);
void evidence_shelf_forget(struct evidence_shelf *s, uint64_t birth);

// Packets of a session in the order of their time, at most SHELF_SESSION_PACKETS of them; their octets go to `room`, which has
// at least session_octets. How many.
size_t evidence_shelf_get(const struct evidence_shelf *s, uint64_t birth, struct evidence_packet *out, uint8_t *room);

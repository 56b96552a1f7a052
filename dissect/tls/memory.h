// Where messages and offers of handshakes in hand live: pools of one worker, reserved at start.
#pragma once

#include "hw/slab.h"

// Sizes of the rooms for a handshake message that spans segments. A hello with a post-quantum key share fits the first, a
// chain of three certificates the second; the last is the longest message that is opened at all.
enum { TLS_ROOM_SMALL = 2048, TLS_ROOM_MEDIUM = 8192, TLS_ROOM_LARGE = 65536, TLS_ROOMS = 3 };

extern const uint32_t tls_room_len[TLS_ROOMS];

struct tls_memory {
	struct slab room[TLS_ROOMS];
	struct slab offers; // struct tls_offer
};

// How many of each. 0 or -ENOMEM.
int tls_memory_open(struct tls_memory *m, const uint32_t n_rooms[TLS_ROOMS], uint32_t n_offers);
void tls_memory_close(struct tls_memory *m);

// A piece of octets that grows in the rooms: none, the smallest that fits, then larger ones with what it held.
struct tls_room {
	uint32_t chunk; // 0: none
	uint8_t size;   // index of tls_room_len
};

// Room for `len` octets of which the first `have` are kept; NULL when there is none (what it held stays).
uint8_t *tls_room_grow(struct tls_memory *m, struct tls_room *r, uint32_t have, uint32_t len);
uint8_t *tls_room_at(const struct tls_memory *m, const struct tls_room *r);
void tls_room_put(struct tls_memory *m, struct tls_room *r);

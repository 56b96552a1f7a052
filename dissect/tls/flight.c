// Flights for a key log.
#include "dissect/tls/flight.h"

#include <string.h>

#include "dissect/tls/messages.h"
#include "dissect/tls/progress.h"

enum { HEADER_LEN = 5 };

void tls_flight_take(struct tls *t, struct tls_env *env, enum dir d, const uint8_t *p, size_t len)
{
	struct tls_lane *lane = &t->lane[d];
	bool fits = lane->flight_len + len <= TLS_ROOM_LARGE;
	uint8_t *room = fits ? tls_room_grow(env->memory, &lane->flight, lane->flight_len, lane->flight_len + (uint32_t)len) : NULL;
	if (!room) {
		lane->flight_cut = true;
		lane->rec_kept = false;
		return;
	}
	memcpy(room + lane->flight_len, p, len);
	lane->flight_len += (uint32_t)len;
}

// What a client sent before it had the ServerHello is early data, which other keys protect.
bool tls_flight_begin(struct tls *t, struct tls_env *env, enum dir d)
{
	struct tls_lane *lane = &t->lane[d];
	bool due = env->keep_flights && env->ship && t->server_hello && t->tls13 && !t->shipped && !lane->flight_cut && !lane->gap;
	if (!due || (d == DIR_C2S && !tls_reached(lane->acked, t->server_hello_end)))
		return false;
	lane->rec_kept = true;
	tls_flight_take(t, env, d, lane->header, HEADER_LEN);
	return lane->rec_kept;
}

void tls_flight_ship(struct tls *t, struct tls_env *env)
{
	for (int i = 0; i < 2; i++) {
		enum dir d = i ? DIR_C2S : DIR_S2C;
		struct tls_lane *lane = &t->lane[d];
		if (lane->flight_len)
			tls_ship(t, env, HANDSHAKE_FLIGHT, d, lane->flight_cut || lane->gap, tls_room_at(env->memory, &lane->flight),
				lane->flight_len);
		tls_room_put(env->memory, &lane->flight);
		lane->flight_len = 0;
		lane->rec_kept = false;
	}
	t->shipped = true;
}

// Flights for a key log.
#include "dissect/tls/flight.h"

#include <string.h>

#include "dissect/tls/messages.h"
#include "dissect/tls/progress.h"

enum { HEADER_LEN = 5 };

static bool append(struct tls_lane *lane, struct tls_env *env, const uint8_t *p, size_t len)
{
	bool fits = lane->flight_len + len <= TLS_ROOM_LARGE;
	uint8_t *room = fits ? tls_room_grow(env->memory, &lane->flight, lane->flight_len, lane->flight_len + (uint32_t)len) : NULL;
	if (!room)
		return false;
	memcpy(room + lane->flight_len, p, len);
	lane->flight_len += (uint32_t)len;
	return true;
}

// A record that is not whole is no use to anybody, and how much of it came first depends on the segments.
static bool drop_unfinished(struct tls_lane *lane)
{
	bool unfinished = lane->rec_kept && lane->rec_left;
	if (unfinished)
		lane->flight_len -= HEADER_LEN + (uint32_t)(lane->rec_len - lane->rec_left);
	lane->rec_kept = false;
	return unfinished;
}

void tls_flight_gap(struct tls *t, enum dir d)
{
	t->lane[d].flight_cut |= drop_unfinished(&t->lane[d]);
}

void tls_flight_take(struct tls *t, struct tls_env *env, enum dir d, const uint8_t *p, size_t len)
{
	if (!append(&t->lane[d], env, p, len))
		tls_flight_gap(t, d);
}

// What a client sent before it had the ServerHello is early data, which other keys protect.
void tls_flight_begin(struct tls *t, struct tls_env *env, enum dir d)
{
	struct tls_lane *lane = &t->lane[d];
	bool due = env->keep_flights && env->ship && t->server_hello && t->tls13 && !t->shipped && !lane->flight_cut && !lane->gap;
	if (!due || (d == DIR_C2S && !tls_reached(lane->acked, t->server_hello_end)))
		return;
	lane->rec_kept = append(lane, env, lane->header, HEADER_LEN);
	lane->flight_cut = !lane->rec_kept;
}

void tls_flight_ship(struct tls *t, struct tls_env *env)
{
	for (int i = 0; i < 2; i++) {
		enum dir d = i ? DIR_C2S : DIR_S2C;
		struct tls_lane *lane = &t->lane[d];
		bool unfinished = drop_unfinished(lane);
		lane->flight_cut |= unfinished && !t->sealed; // the record that seals is one behind the handshake
		if (lane->flight_len)
			tls_ship(t, env, HANDSHAKE_FLIGHT, d, lane->flight_cut || lane->gap, tls_room_at(env->memory, &lane->flight),
				lane->flight_len);
		tls_room_put(env->memory, &lane->flight);
		lane->flight_len = 0;
	}
	t->shipped = true;
}

// Handshake messages inside records.
#include "dissect/tls/handshake.h"

#include "dissect/counters.h"
#include "dissect/tls/messages.h"
#include "dissect/tls/progress.h"
#include "hw/counter.h"

bool tls_handshake_collect(struct tls_lane *lane, struct tls_env *env, const uint8_t *p, uint32_t len)
{
	uint8_t *room = tls_room_grow(env->memory, &lane->message, lane->msg_have, lane->msg_have + len);
	if (room)
		memcpy(room + lane->msg_have, p, len);
	return room != NULL;
}

static bool is_hello(const struct tls *t, enum dir d)
{
	const struct tls_lane *lane = &t->lane[d];
	return d == DIR_C2S ? lane->msg[0] == MSG_CLIENT_HELLO : lane->msg[0] == MSG_SERVER_HELLO && !t->server_hello;
}

// After a change_cipher_spec a handshake record is encrypted, but for one case: TLS 1.3 hides its second hellos behind
// a change_cipher_spec that means nothing (RFC 8446 D.4). Before the ServerHello nothing is encrypted at all; only where
// something was lost it may have come and gone.
static bool may_be_encrypted(const struct tls *t, const struct tls_env *env, enum dir d)
{
	const struct tls_facts *f = &env->facts->tls;
	bool whole = f->client_hello && !t->lane[DIR_C2S].gap && !t->lane[DIR_S2C].gap;
	return t->lane[d].ccs && (t->server_hello || !(f->hello_retry || whole));
}

// Where the HelloRetryRequest was lost, such a hello fills its record exactly; what is encrypted looks so once in 2^32.
static bool is_encrypted(const struct tls *t, const struct tls_env *env, enum dir d, size_t rec_rest)
{
	const struct tls_lane *lane = &t->lane[d];
	if (!may_be_encrypted(t, env, d))
		return false;
	bool fills = rec_rest + MSG_HEADER_LEN == lane->rec_len && rec_rest == lane->msg_len;
	return !is_hello(t, d) || !fills;
}

// TLS <= 1.2: a handshake record of a side that has sent its Finished begins another handshake, or belongs to one.
static void again_message(struct tls *t, struct tls_env *env, enum dir d, const struct place *at)
{
	struct tls_facts *f = &env->facts->tls;
	struct tls_lane *lane = &t->lane[d];
	if (!t->again) {
		t->again = true;
		t->lane[0].again_done = t->lane[1].again_done = t->lane[0].again_ccs = t->lane[1].again_ccs = false;
		if (!f->n_renegotiations)
			f->renegotiation_dir = (uint8_t)d;
		f->n_renegotiations += f->n_renegotiations < UINT8_MAX;
		place_mark_first(&f->renegotiation_mark, at);
		env->news = true;
	}
	if (!lane->again_ccs)
		return;
	lane->again_ccs = false; // this one is its Finished
	lane->again_done = true;
	t->again = !t->lane[dir_other(d)].again_done;
}

// The header of a message is complete; `rec_rest` octets of the record follow it.
static void message_begin(struct tls *t, struct tls_env *env, enum dir d, const struct place *at, size_t rec_rest)
{
	struct tls_lane *lane = &t->lane[d];
	lane->msg_len = (uint32_t)lane->msg[1] << 16 | (uint32_t)lane->msg[2] << 8 | lane->msg[3];
	lane->msg_have = 0;
	if (is_encrypted(t, env, d, rec_rest)) {
		if (lane->finished && t->server_hello && !t->tls13)
			again_message(t, env, d, at);
		lane->finished = lane->rec_unread = true;
		lane->n_msg = 0;
		return;
	}
	bool opened = tls_message_opened(t, d, lane->msg[0]);
	lane->want = opened && lane->msg_len <= TLS_ROOM_LARGE;
	if (is_hello(t, d) && !lane->want)
		counter_add(&env->counter[COUNT_tls_malformed], 1);
}

// A message without room: that it came is known, what it said is not.
static void message_lost(struct tls *t, struct tls_env *env, enum dir d, const struct place *at, uint32_t end)
{
	struct tls_lane *lane = &t->lane[d];
	counter_add(&env->counter[COUNT_tls_handshake_no_memory], 1);
	tls_room_put(env->memory, &lane->message);
	lane->want = false;
	if (d == DIR_S2C && is_hello(t, d))
		tls_progress_server_hello(t, env, NULL, at, end);
}

// Takes what `p` has of the message body. The number of octets taken.
static uint32_t message_body(
	struct tls *t, struct tls_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len)
{
	struct tls_lane *lane = &t->lane[d];
	uint32_t n = lane->msg_len - lane->msg_have;
	bool whole = n <= len;
	if (!whole)
		n = (uint32_t)len;
	uint32_t end = (uint32_t)at->off + (lane->msg_len - lane->msg_have);
	bool in_place = whole && lane->msg_have == 0;
	if (lane->want && !in_place && !tls_handshake_collect(lane, env, p, n))
		message_lost(t, env, d, at, end);
	lane->msg_have += n;
	if (!whole)
		return n;
	const uint8_t *body = in_place ? p : tls_room_at(env->memory, &lane->message);
	if (lane->want)
		tls_message_take(t, env, d, lane->msg[0], at, bytes_of(body, lane->msg_len), end);
	else
		tls_message_noted(t, env, d, lane->msg[0], at, lane->msg_len);
	tls_handshake_reset(t, env, d);
	return n;
}

void tls_handshake_begin(struct tls *t, const struct tls_env *env, enum dir d)
{
	// An encrypted record begins no message and continues none.
	if (may_be_encrypted(t, env, d))
		t->lane[d].n_msg = 0;
}

void tls_handshake_take(
	struct tls *t, struct tls_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len)
{
	struct tls_lane *lane = &t->lane[d];
	for (size_t i = 0; i < len && !lane->rec_unread;) {
		if (lane->n_msg < MSG_HEADER_LEN) {
			lane->msg[lane->n_msg++] = p[i++];
			if (lane->n_msg < MSG_HEADER_LEN)
				continue;
			message_begin(t, env, d, at, lane->rec_left - i);
			if (lane->rec_unread || lane->msg_len)
				continue;
		}
		struct place here = *at;
		here.off += i;
		i += message_body(t, env, d, &here, p + i, len - i);
	}
}

void tls_handshake_gap(struct tls *t, struct tls_env *env, enum dir d, uint64_t missing)
{
	struct tls_lane *lane = &t->lane[d];
	if (lane->rec_unread)
		return;
	// Other messages are skipped by length anyway; one that is to be opened cannot be with a hole.
	if (lane->n_msg == MSG_HEADER_LEN && !lane->want && missing < lane->msg_len - lane->msg_have) {
		lane->msg_have += (uint32_t)missing;
		return;
	}
	tls_handshake_reset(t, env, d);
	lane->rec_unread = true;
}

void tls_handshake_reset(struct tls *t, struct tls_env *env, enum dir d)
{
	struct tls_lane *lane = &t->lane[d];
	tls_room_put(env->memory, &lane->message);
	lane->n_msg = 0;
	lane->want = false;
	lane->msg_len = lane->msg_have = 0;
}

// Handshake messages inside records.
#include "dissect/tls/handshake.h"

#include "dissect/counters.h"
#include "dissect/tls/hello.h"
#include "dissect/tls/progress.h"
#include "hw/counter.h"

enum {
	MSG_CLIENT_HELLO = 1,
	MSG_SERVER_HELLO = 2,
	MSG_CERTIFICATE = 11,
	MSG_SERVER_HELLO_DONE = 14,
	MSG_HEADER_LEN = 4
};

enum { SNI_MAX = 255, ALPN_MAX = 64 }; // RFC 1035 2.3.4; no registered protocol name is longer than a few octets

// FNV-1a: who could profit from a collision controls the session id and may return it at once.
static uint32_t session_id_digest(const struct bytes *id)
{
	uint32_t digest = 2166136261u;
	for (const uint8_t *p = id->at; p < id->end; p++)
		digest = (digest ^ *p) * 16777619u;
	return bytes_left(id) ? digest | 1 : 0;
}

static void open_client_hello(struct tls *t, struct tls_env *env, const struct place *at, struct bytes body)
{
	struct tls_facts *f = &env->facts->tls;
	struct tls_client_hello ch;
	if (tls_hello_client(body, &ch) != PARSE_DONE) {
		counter_add(&env->counter[COUNT_tls_malformed], 1);
		return;
	}
	if (ch.malformed)
		counter_add(&env->counter[COUNT_tls_malformed], 1);
	f->client_hello = true;
	f->client_version = ch.version;
	f->ech = ch.ech;
	place_mark_first(&f->client_hello_mark, at);
	t->session_id = session_id_digest(&ch.session_id);
	if (bytes_left(&ch.sni))
		facts_set_text(env->facts, &f->sni, ch.sni.at, bytes_left(&ch.sni), SNI_MAX);
	if (bytes_left(&ch.alpn))
		facts_set_text(env->facts, &f->alpn, ch.alpn.at, bytes_left(&ch.alpn), ALPN_MAX);
}

static void open_server_hello(
	struct tls *t, struct tls_env *env, const struct place *at, struct bytes body, uint32_t end)
{
	struct tls_server_hello sh;
	if (tls_hello_server(body, &sh) != PARSE_DONE) {
		counter_add(&env->counter[COUNT_tls_malformed], 1);
		return;
	}
	if (sh.malformed)
		counter_add(&env->counter[COUNT_tls_malformed], 1);
	if (sh.retry) {
		env->facts->tls.hello_retry = true;
		return;
	}
	t->echo = t->session_id && session_id_digest(&sh.session_id) == t->session_id;
	tls_progress_server_hello(t, env, &sh, at, end);
}

static void open_hello(
	struct tls *t, struct tls_env *env, enum dir d, const struct place *at, const uint8_t *p, uint32_t end)
{
	struct bytes body = bytes_of(p, t->lane[d].msg_len);
	if (d == DIR_C2S)
		open_client_hello(t, env, at, body);
	else
		open_server_hello(t, env, at, body, end);
}

static void put_chunk(struct tls_lane *lane, struct tls_env *env)
{
	if (lane->chunk)
		slab_put(lane->large ? env->large : env->small, lane->chunk);
	lane->chunk = 0;
	lane->large = false;
}

// Room for `len` octets of the message in hand: none, small, then large with what the small one held. A length that
// is only claimed takes no memory.
static uint8_t *chunk_for(struct tls_lane *lane, struct tls_env *env, uint32_t len)
{
	if (lane->chunk && (lane->large || len <= TLS_HELLO_SMALL))
		return slab_at(lane->large ? env->large : env->small, lane->chunk);
	bool large = len > TLS_HELLO_SMALL;
	uint32_t chunk = slab_get(large ? env->large : env->small);
	if (!chunk)
		return NULL;
	uint8_t *room = slab_at(large ? env->large : env->small, chunk);
	if (lane->chunk)
		memcpy(room, slab_at(env->small, lane->chunk), lane->msg_have);
	put_chunk(lane, env);
	lane->chunk = chunk;
	lane->large = large;
	return room;
}

// Keeps octets of a hello that is not whole in one run. False when there is no memory.
static bool collect(struct tls_lane *lane, struct tls_env *env, const uint8_t *p, uint32_t len)
{
	uint8_t *room = chunk_for(lane, env, lane->msg_have + len);
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
// a change_cipher_spec that means nothing (RFC 8446 D.4). Such a hello fills its record exactly; what is encrypted
// looks so once in 2^32.
static bool is_encrypted(const struct tls *t, enum dir d, size_t rec_rest)
{
	const struct tls_lane *lane = &t->lane[d];
	if (!lane->ccs)
		return false;
	bool fills = rec_rest + MSG_HEADER_LEN == lane->rec_len && rec_rest == lane->msg_len;
	return !is_hello(t, d) || !fills;
}

// The header of a message is complete; `rec_rest` octets of the record follow it.
static void message_begin(struct tls *t, struct tls_env *env, enum dir d, size_t rec_rest)
{
	struct tls_lane *lane = &t->lane[d];
	lane->msg_len = (uint32_t)lane->msg[1] << 16 | (uint32_t)lane->msg[2] << 8 | lane->msg[3];
	lane->msg_have = 0;
	if (is_encrypted(t, d, rec_rest)) {
		lane->finished = lane->rec_unread = true;
		lane->n_msg = 0;
		return;
	}
	lane->want = is_hello(t, d) && lane->msg_len <= TLS_HELLO_LARGE;
	if (is_hello(t, d) && !lane->want)
		counter_add(&env->counter[COUNT_tls_malformed], 1);
}

// All of a message went by that is told by its header alone.
static void message_noted(struct tls *t, struct tls_env *env, enum dir d)
{
	uint8_t type = t->lane[d].msg[0];
	if (d != DIR_S2C)
		return;
	if (type == MSG_SERVER_HELLO_DONE)
		t->hello_done = true;
	if (type == MSG_CERTIFICATE) {
		t->certificate = env->facts->tls.certificate = true;
		env->facts->tls.peer_cert = CERT_SEEN;
	}
}

// A ServerHello without room: that it came is known, what it said is not.
static void hello_lost(struct tls *t, struct tls_env *env, enum dir d, const struct place *at, uint32_t end)
{
	counter_add(&env->counter[COUNT_tls_handshake_no_memory], 1);
	put_chunk(&t->lane[d], env);
	t->lane[d].want = false;
	if (d == DIR_S2C)
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
	if (lane->want && !in_place && !collect(lane, env, p, n))
		hello_lost(t, env, d, at, end);
	lane->msg_have += n;
	if (!whole)
		return n;
	if (lane->want)
		open_hello(t, env, d, at, in_place ? p : chunk_for(lane, env, lane->msg_have), end);
	else
		message_noted(t, env, d);
	tls_handshake_reset(t, env, d);
	return n;
}

void tls_handshake_begin(struct tls *t, enum dir d)
{
	// An encrypted record begins no message and continues none.
	if (t->lane[d].ccs)
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
			message_begin(t, env, d, lane->rec_left - i);
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
	// Other messages are skipped by length anyway; a hello with a hole cannot be opened.
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
	put_chunk(lane, env);
	lane->n_msg = 0;
	lane->want = false;
	lane->msg_len = lane->msg_have = 0;
}

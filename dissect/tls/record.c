// Records: headers across any cuts, bodies by count. The feeding side of dissect/tls/tls.h.
#include "dissect/counters.h"
#include "dissect/tls/flight.h"
#include "dissect/tls/handshake.h"
#include "dissect/tls/messages.h"
#include "dissect/tls/progress.h"
#include "dissect/tls/sslv2.h"
#include "hw/counter.h"

enum {
	TYPE_CCS = 20,
	TYPE_ALERT = 21,
	TYPE_HANDSHAKE = 22,
	TYPE_APPDATA = 23,
	TYPE_HEARTBEAT = 24,
	TYPE_SSLV2 = 0x80, // ours
	HEADER_LEN = 5,
	BODY_MAX = (1 << 14) + 2048, // RFC 5246 6.2.3
};

static_assert((int)HEADER_LEN == (int)SSLV2_HEADER_LEN, "both fit tls_lane.header");

static struct place place_moved(const struct place *at, size_t n)
{
	struct place p = *at;
	p.off += n;
	return p;
}

// Whether h[0..n) (n <= HEADER_LEN) can begin a record.
static bool header_plausible(const uint8_t *h, size_t n)
{
	if (n > 0 && (h[0] < TYPE_CCS || h[0] > TYPE_HEARTBEAT))
		return false;
	if (n > 1 && h[1] != 3)
		return false;
	if (n > 2 && h[2] > 4)
		return false;
	return n <= 4 || (h[3] << 8 | h[4]) <= BODY_MAX;
}

bool tls_looks_like(enum dir d, const uint8_t *p, size_t len)
{
	size_t n = len < HEADER_LEN ? len : HEADER_LEN;
	static const struct tls_facts nothing;
	return header_plausible(p, n) || (d == DIR_C2S && tls_sslv2_plausible(&nothing, d, p, n));
}

// SSL 2.0 is met in the first record of a direction, from the server only in answer to the same, and in the client's
// second one when the server has answered in kind.
static bool sslv2_possible(const struct tls_lane *lane, const struct tls_env *env, enum dir d)
{
	const struct tls_facts *f = &env->facts->tls;
	if (lane->gap || (d == DIR_S2C && !f->sslv2_hello))
		return false;
	return lane->type == 0 || (d == DIR_C2S && lane->type == TYPE_SSLV2 && tls_sslv2_only(f));
}

static bool lane_plausible(const struct tls_lane *lane, const struct tls_env *env, enum dir d)
{
	return header_plausible(lane->header, lane->n_header) ||
	       (sslv2_possible(lane, env, d) && tls_sslv2_plausible(&env->facts->tls, d, lane->header, lane->n_header));
}

// What may be kept as evidence: records of the handshake and what belongs to it, encrypted or not, as long as they are known
// to be that. Early data and everything behind a TLS 1.3 ServerHello look like application data.
static void keep(const struct tls_env *env, const struct tls_lane *lane, enum dir d, uint64_t from, uint64_t to)
{
	bool hello = lane->type == TYPE_SSLV2 && !lane->unread && !lane->rec_unread;
	bool handshake = lane->type == TYPE_CCS || lane->type == TYPE_ALERT || lane->type == TYPE_HANDSHAKE;
	if (env->kept && (hello || handshake) && !lane->gap)
		kept_run(env->kept, d, from, to);
}

// Bodies of handshake records, of clear alerts (encrypted ones are longer) and of clear heartbeats are all that is read.
// Where something is missing it may have been the change_cipher_spec.
// Without the hello, or behind a hole, nobody knows that a heartbeat is in clear.
static bool body_is_read(const struct tls_lane *lane, const struct tls_facts *f)
{
	return lane->type == TYPE_HANDSHAKE || (lane->type == TYPE_ALERT && lane->rec_len == 2) ||
	       (lane->type == TYPE_HEARTBEAT && !lane->ccs && !lane->gap && f->client_hello);
}

static void heartbeat_begin(struct tls_env *env, const struct place *at)
{
	struct tls_facts *f = &env->facts->tls;
	place_mark_first(&f->heartbeat_mark, at);
	f->n_heartbeats += f->n_heartbeats < UINT16_MAX;
	env->news |= f->n_heartbeats == 1;
}

// The header in the lane is whole and good; `at` is the place of its last octet.
static void record_begin(struct tls *t, struct tls_env *env, enum dir d, const struct place *at)
{
	struct tls_lane *lane = &t->lane[d];
	const uint8_t *h = lane->header;
	uint32_t body = (uint32_t)at->off + 1;
	counter_add(&env->counter[COUNT_tls_records], 1);
	env->facts->tls.records[d] = true;
	lane->n_header = 0;
	if (h[0] & 0x80) {
		lane->type = TYPE_SSLV2;
		tls_sslv2_begin(t, env, d, at);
		return;
	}
	if (d == DIR_C2S && lane->type == 0)
		env->facts->tls.record_version = (uint16_t)(h[1] << 8 | h[2]);
	lane->type = h[0];
	lane->rec_len = lane->rec_left = (uint16_t)(h[3] << 8 | h[4]);
	lane->rec_unread = !body_is_read(lane, &env->facts->tls);
	lane->rec_kept = false;
	switch (lane->type) {
	case TYPE_HANDSHAKE:
		tls_handshake_begin(t, env, d);
		break;
	case TYPE_CCS:
		if (t->again && !t->tls13)
			lane->again_ccs = true;
		if (lane->rec_len == 1)
			tls_progress_ccs(t, env, d, at, body + 1);
		break;
	case TYPE_APPDATA:
		tls_flight_begin(t, env, d);
		tls_progress_appdata(t, env, d, at, body - HEADER_LEN, lane->rec_len);
		break;
	case TYPE_HEARTBEAT:
		heartbeat_begin(env, at);
		break;
	}
}

// Takes octets of a record header. PARSE_BAD: p[*i] cannot be part of one; it was not taken.
static enum parse header_take(
	struct tls *t, struct tls_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len, size_t *i)
{
	struct tls_lane *lane = &t->lane[d];
	if (lane->n_header == 0)
		lane->acked = (uint32_t)at->acked;
	while (*i < len) {
		lane->header[lane->n_header++] = p[*i];
		if (!lane_plausible(lane, env, d)) {
			lane->n_header = 0;
			return PARSE_BAD;
		}
		struct place here = place_moved(at, (*i)++);
		if (lane->n_header == HEADER_LEN) {
			record_begin(t, env, d, &here);
			keep(env, lane, d, here.off + 1 - HEADER_LEN, here.off + 1);
			return PARSE_DONE;
		}
	}
	return PARSE_MORE;
}

static void alert_take(
	struct tls *t, struct tls_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len)
{
	struct tls_lane *lane = &t->lane[d];
	if (lane->rec_left == 2)
		lane->alert_level = p[0];
	if (len == lane->rec_left)
		tls_progress_alert(t, env, d, at, lane->alert_level, p[len - 1]);
}

// Type, length of the payload it claims, payload, at least 16 octets of padding. RFC 6520 4.
static void heartbeat_take(struct tls *t, struct tls_env *env, enum dir d, const uint8_t *p, size_t len)
{
	struct tls_lane *lane = &t->lane[d];
	for (size_t i = 0; i < len; i++) {
		uint16_t place = (uint16_t)(lane->rec_len - lane->rec_left + i);
		if (place < 3)
			lane->header[place] = p[i];
		bool over = place == 2 && (lane->header[1] << 8 | lane->header[2]) + 3 > lane->rec_len;
		env->news |= over && !env->facts->tls.heartbeat_overread;
		env->facts->tls.heartbeat_overread |= over;
	}
}

// Takes what `p` has of the record's body. The number of octets taken.
static size_t body_take(
	struct tls *t, struct tls_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len)
{
	struct tls_lane *lane = &t->lane[d];
	if (len > lane->rec_left)
		len = lane->rec_left;
	keep(env, lane, d, at->off, at->off + len);
	if (lane->type == TYPE_HANDSHAKE && !lane->rec_unread)
		tls_handshake_take(t, env, d, at, p, len);
	else if (lane->type == TYPE_ALERT && !lane->rec_unread)
		alert_take(t, env, d, at, p, len);
	else if (lane->type == TYPE_HEARTBEAT && !lane->rec_unread)
		heartbeat_take(t, env, d, p, len);
	else if (lane->type == TYPE_SSLV2 && !lane->rec_unread)
		tls_sslv2_take(t, env, d, at, p, len);
	else if (lane->rec_kept)
		tls_flight_take(t, env, d, p, len);
	lane->rec_left = (uint16_t)(lane->rec_left - len);
	return len;
}

// Out of step: a run that begins with a record header, and, where the run is long enough to tell, with another one
// behind that record, is in step again. Ciphertext passes the first half once in two million.
static bool in_step_again(const uint8_t *p, size_t len)
{
	if (len < HEADER_LEN || !header_plausible(p, HEADER_LEN))
		return false;
	size_t next = HEADER_LEN + (size_t)(p[3] << 8 | p[4]);
	size_t rest = next < len ? len - next : 0;
	return header_plausible(p + (rest ? next : 0), rest < HEADER_LEN ? rest : HEADER_LEN);
}

static size_t feed(struct tls *t, struct tls_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len,
	enum tls_need *need)
{
	struct tls_lane *lane = &t->lane[d];
	size_t i = 0;
	while (i < len && !t->sealed && !lane->unread) {
		struct place here = place_moved(at, i);
		if (lane->rec_left) {
			i += body_take(t, env, d, &here, p + i, len - i);
			continue;
		}
		size_t n = 0;
		if (header_take(t, env, d, &here, p + i, len - i, &n) != PARSE_BAD) {
			i += n;
			continue;
		}
		tls_handshake_reset(t, env, d);
		if (tls_sslv2_only(&env->facts->tls)) { // encrypted, and nothing more to be learned
			lane->unread = true;
			return len;
		}
		if (t->completed) { // no plaintext comes back after that: out of step for a reason of its own
			lane->lost = true;
			return len;
		}
		*need = TLS_NOT_TLS;
		return i + n;
	}
	return len;
}

static void release(struct tls *t, struct tls_env *env)
{
	tls_flight_ship(t, env);
	tls_message_forget(t, env);
	tls_handshake_reset(t, env, DIR_C2S);
	tls_handshake_reset(t, env, DIR_S2C);
}

size_t tls_feed(struct tls *t, struct tls_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len,
	enum tls_need *need)
{
	struct tls_lane *lane = &t->lane[d];
	*need = t->sealed ? TLS_SEALED : TLS_GO_ON;
	if (t->sealed || lane->unread || (lane->lost && !in_step_again(p, len)))
		return len;
	lane->lost = false;
	size_t taken = feed(t, env, d, at, p, len, need);
	if (d == DIR_C2S && !lane->data)
		t->client_data = (uint32_t)(at->off + taken);
	if (t->sealed) {
		release(t, env);
		*need = TLS_SEALED;
	}
	return taken;
}

void tls_gap(struct tls *t, struct tls_env *env, enum dir d, const struct place *at, uint64_t missing)
{
	struct tls_lane *lane = &t->lane[d];
	lane->gap = true;
	tls_flight_gap(t, d);
	if (missing && !lane->lost && missing <= lane->rec_left) {
		if (lane->type == TYPE_HANDSHAKE)
			tls_handshake_gap(t, env, d, missing);
		else if (lane->type == TYPE_SSLV2)
			tls_handshake_reset(t, env, d);
		lane->rec_unread |= lane->type != TYPE_HANDSHAKE;
		lane->rec_left = (uint16_t)(lane->rec_left - missing);
		return;
	}
	tls_handshake_reset(t, env, d);
	lane->lost = true;
	lane->n_header = 0;
	lane->rec_left = 0;
}

void tls_end(struct tls *t, struct tls_env *env)
{
	release(t, env);
	tls_progress_end(t, env);
}

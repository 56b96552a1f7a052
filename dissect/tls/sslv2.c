// SSL 2.0 hellos.
#include "dissect/tls/sslv2.h"

#include "dissect/counters.h"
#include "dissect/tls/handshake.h"
#include "dissect/tls/messages.h"
#include "dissect/tls/offer.h"
#include "hw/counter.h"

enum {
	V2_CLIENT_HELLO = 1,
	V2_MASTER_KEY = 2,
	V2_SERVER_HELLO = 4,
	CLIENT_HELLO_MIN = 9,
	SERVER_HELLO_MIN = 11,
	MASTER_KEY_MIN = 10,
	CERTIFICATE_X509 = 1,
	SCSV_RENEGOTIATION = 0x00ff,
	SCSV_FALLBACK = 0x5600,
};

static uint16_t record_len(const uint8_t *h)
{
	return (uint16_t)((h[0] & 0x7f) << 8 | h[1]);
}

static uint16_t client_version(const uint8_t *h)
{
	return (uint16_t)(h[3] << 8 | h[4]);
}

static bool master_key_due(const struct tls_facts *f, enum dir d)
{
	return d == DIR_C2S && tls_sslv2_only(f) && f->server_version == SSLV2_VERSION;
}

bool tls_sslv2_plausible(const struct tls_facts *f, enum dir d, const uint8_t *h, size_t n)
{
	bool key = master_key_due(f, d);
	if (n > 0 && !(h[0] & 0x80))
		return false;
	if (n > 1 && record_len(h) < (key ? MASTER_KEY_MIN : d == DIR_C2S ? CLIENT_HELLO_MIN : SERVER_HELLO_MIN))
		return false;
	if (n > 2 && h[2] != (key ? V2_MASTER_KEY : d == DIR_C2S ? V2_CLIENT_HELLO : V2_SERVER_HELLO))
		return false;
	if (key)
		return true;
	if (d == DIR_S2C)
		return n <= 3 || h[3] <= 1; // session id hit
	if (n > 3 && h[3] != 0 && h[3] != 3)
		return false;
	return n <= 4 || (h[3] == 0 ? h[4] == SSLV2_VERSION : h[4] <= 4);
}

void tls_sslv2_begin(struct tls *t, struct tls_env *env, enum dir d, const struct place *at)
{
	struct tls_lane *lane = &t->lane[d];
	struct tls_facts *f = &env->facts->tls;
	lane->rec_len = record_len(lane->header);
	lane->rec_left = (uint16_t)(lane->rec_len - (SSLV2_HEADER_LEN - 2));
	lane->rec_unread = false;
	lane->msg[0] = lane->header[2];
	lane->msg_len = lane->rec_left;
	lane->msg_have = 0;
	if (lane->msg[0] == V2_CLIENT_HELLO) {
		f->client_hello = f->sslv2_hello = true;
		f->record_version = f->client_version = client_version(lane->header);
		place_mark_first(&f->client_hello_mark, at);
	} else if (lane->msg[0] == V2_SERVER_HELLO) {
		f->server_hello = true;
		f->server_version = SSLV2_VERSION;
		f->server_hello_mark = place_mark(at);
		t->lane[DIR_S2C].unread = false;
	}
}

// Kinds whose first octet is 0 are suites of later versions.
static void take_client_hello(struct tls *t, struct tls_env *env, uint16_t version, struct bytes body)
{
	struct tls_facts *f = &env->facts->tls;
	uint16_t len = bytes_be16(&body);
	bytes_skip(&body, 4); // lengths of session id and challenge
	struct bytes kinds = bytes_sub(&body, len);
	if (!bytes_ok(&body) || !t->offer)
		return;
	struct tls_offer *o = slab_at(&env->memory->offers, t->offer);
	*o = (struct tls_offer){.legacy_version = version, .version = version, .compressions = 1,
		.suites.present = true, .extensions.present = true};
	while (bytes_left(&kinds) >= 3) {
		uint8_t first = bytes_u8(&kinds);
		uint16_t suite = bytes_be16(&kinds);
		if (first == 0 && o->suites.n < OFFER_SUITES)
			o->suite[o->suites.n++] = suite;
		else
			o->suites.more |= first == 0;
	}
	f->fallback_scsv = tls_offer_has_suite(o, SCSV_FALLBACK);
	if (tls_offer_has_suite(o, SCSV_RENEGOTIATION))
		o->ext = f->client_ext |= TLS_EXT_RENEGOTIATION_INFO;
}

// Shipped in the form of later versions: a list of one.
static void take_server_hello(struct tls *t, struct tls_env *env, const struct place *at, uint8_t type, struct bytes body)
{
	struct tls_facts *f = &env->facts->tls;
	uint8_t list[3 + TLS_ROOM_MEDIUM];
	bytes_skip(&body, 2); // version
	uint16_t len = bytes_be16(&body);
	bytes_skip(&body, 4);
	struct bytes certificate = bytes_sub(&body, len);
	if (!bytes_ok(&body) || type != CERTIFICATE_X509 || !len || len > TLS_ROOM_MEDIUM)
		return;
	f->certificate = true;
	f->peer_cert = CERT_SEEN;
	f->certificate_mark = place_mark(at);
	list[0] = 0;
	list[1] = (uint8_t)(len >> 8);
	list[2] = (uint8_t)len;
	memcpy(list + 3, certificate.at, len);
	tls_ship(t, env, HANDSHAKE_CERTIFICATES, DIR_S2C, false, list, 3u + len);
}

static void take_whole(struct tls *t, struct tls_env *env, enum dir d, const struct place *at, struct bytes body)
{
	struct tls_lane *lane = &t->lane[d];
	if (lane->msg[0] == V2_CLIENT_HELLO) {
		if (!t->offer)
			t->offer = slab_get(&env->memory->offers);
		take_client_hello(t, env, client_version(lane->header), body);
	} else if (lane->msg[0] == V2_SERVER_HELLO) {
		take_server_hello(t, env, at, lane->header[4], body);
		lane->unread = true;
	} else {
		const uint8_t *kind = lane->header + 3; // its first two octets
		env->facts->tls.sslv2_kind = (uint32_t)kind[0] << 16 | (uint32_t)kind[1] << 8 | bytes_u8(&body);
		env->news = true;
		lane->unread = true;
	}
}

void tls_sslv2_take(struct tls *t, struct tls_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len)
{
	struct tls_lane *lane = &t->lane[d];
	bool whole = lane->msg_have == 0 && len == lane->msg_len;
	if (!whole && !tls_handshake_collect(lane, env, p, (uint32_t)len)) {
		counter_add(&env->counter[COUNT_tls_handshake_no_memory], 1);
		tls_handshake_reset(t, env, d);
		lane->rec_unread = true;
		return;
	}
	lane->msg_have += (uint32_t)len;
	if (lane->msg_have < lane->msg_len)
		return;
	const uint8_t *body = whole ? p : tls_room_at(env->memory, &lane->message);
	take_whole(t, env, d, at, bytes_of(body, lane->msg_len));
	tls_handshake_reset(t, env, d);
}

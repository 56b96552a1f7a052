// Handshake messages, opened.
#include "dissect/tls/messages.h"

#include <xxhash.h>

#include "dissect/counters.h"
#include "dissect/tls/handshake.h"
#include "dissect/tls/key_exchange.h"
#include "dissect/tls/names.h"
#include "dissect/tls/offer.h"
#include "dissect/tls/progress.h"
#include "hw/counter.h"

enum { SNI_MAX = 255, ALPN_MAX = 64 }; // RFC 1035 2.3.4; no registered protocol name is longer than a few octets
enum { STATUS_OCSP = 1, CERTIFICATE_RAW_KEY = 2, SCSV_FALLBACK = 0x5600 };

// 0 only for nothing.
static uint64_t digest_of(const struct bytes *b)
{
	return bytes_left(b) ? XXH3_64bits(b->at, bytes_left(b)) | 1 : 0;
}

static struct tls_offer *offer_of(const struct tls *t, const struct tls_env *env)
{
	return t->offer ? slab_at(&env->memory->offers, t->offer) : NULL;
}

void tls_message_forget(struct tls *t, struct tls_env *env)
{
	if (t->offer)
		slab_put(&env->memory->offers, t->offer);
	t->offer = 0;
}

void tls_ship(const struct tls *t, struct tls_env *env, enum handshake_kind kind, enum dir d, bool cut, const uint8_t *p, size_t len)
{
	const struct tls_offer *o = offer_of(t, env);
	const struct tls_facts *f = &env->facts->tls;
	if (!env->ship)
		return;
	struct message_handshake m = {.kind = (uint8_t)kind, .dir = (uint8_t)d, .cut = cut};
	if (t->server_hello) {
		m.version = f->server_version;
		m.suite = f->suite;
	}
	if (o)
		memcpy(m.client_random, o->random, sizeof(m.client_random));
	env->ship(env->ship_ctx, &m, p, len);
}

// ---- ClientHello ---------------------------------------------------------------------------------------------

// What an earlier handshake of this connection said is over: after a STARTTLS that failed there may be another one.
static void begin_afresh(struct tls_facts *f)
{
	f->server_ext = 0;
	f->compression = f->sentinel = f->unoffered = 0;
	f->offer_known = f->server_key_exchange = f->certificate_status = f->raw_public_key = false;
	f->certificate_request = f->client_certificate = f->early_data_sent = f->hello_retry = false;
	f->unoffered_ext = f->ske_scheme = f->dh_bits = f->rsa_export_bits = 0;
	f->dh_prime = 0;
	f->ech = ECH_NONE;
	f->certificate_mark = f->client_certificate_mark = f->server_key_mark = (struct mark){0};
	f->alpn_selected = (struct text){0};
	f->resumption = (struct tls_resumption){0};
}

// A body that is longer than its empty lists. draft-ietf-tls-esni 5: type, suite, config_id, enc, payload.
static bool ech_enc_empty(struct bytes ech)
{
	uint8_t type = bytes_u8(&ech);
	bytes_skip(&ech, 5);
	struct bytes enc = bytes_sub(&ech, bytes_be16(&ech));
	return bytes_ok(&ech) && type == 0 && bytes_left(&enc) == 0;
}

// The second hello tells GREASE from a real one (6.2: GREASE says the same octets again).
static uint8_t ech_of(struct tls *t, const struct tls_client_hello *ch, bool again)
{
	if (!(ch->ext & TLS_EXT_ECH))
		return ECH_NONE;
	uint32_t digest = (uint32_t)digest_of(&ch->ech) | 1;
	if (again && t->ech == digest)
		return ECH_GREASE;
	if (again && t->ech && ech_enc_empty(ch->ech))
		return ECH_REAL;
	t->ech = digest;
	return ECH_OFFERED;
}

static bool any_pq(struct bytes groups)
{
	while (bytes_left(&groups) >= 2)
		if (tls_group_is_pq(bytes_be16(&groups)))
			return true;
	return false;
}

// Also nothing: an earlier hello may have said something.
static void set_text(struct tls_env *env, struct text *t, const struct bytes *b, size_t max)
{
	facts_set_text(env->facts, t, b->at, bytes_left(b), max);
}

static void client_facts(struct tls *t, struct tls_env *env, const struct tls_client_hello *ch, bool again)
{
	struct tls_facts *f = &env->facts->tls;
	f->client_hello = true;
	f->client_version = ch->version;
	f->client_ext = ch->ext;
	f->ech = ech_of(t, ch, again);
	f->sni_len = (uint16_t)bytes_left(&ch->sni);
	f->alpn_kinds = tls_alpn_kinds(ch->alpn_list);
	f->pq_offered = any_pq(ch->groups);
	f->fallback_scsv = tls_hello_offers(ch->suites, SCSV_FALLBACK);
	f->resumption.session_id_offered = digest_of(&ch->session_id);
	f->resumption.ticket_offered = digest_of(&ch->ticket);
	f->resumption.psk_offered = digest_of(&ch->psk);
	set_text(env, &f->sni, &ch->sni, SNI_MAX);
	set_text(env, &f->alpn, &ch->alpn, ALPN_MAX);
}

// One hello, or two that a HelloRetryRequest made of it. 0 is none.
static uint64_t hello_digest(uint64_t before, struct bytes body)
{
	return XXH3_64bits_withSeed(body.at, bytes_left(&body), before) | 1;
}

static void take_client_hello(struct tls *t, struct tls_env *env, const struct place *at, struct bytes body)
{
	struct tls_facts *f = &env->facts->tls;
	struct tls_client_hello ch;
	if (tls_hello_client(body, &ch) != PARSE_DONE) {
		counter_add(&env->counter[COUNT_tls_malformed], 1);
		return;
	}
	if (ch.malformed)
		counter_add(&env->counter[COUNT_tls_malformed], 1);
	// Nobody says hello twice unasked: what follows may have been put there to hide the first one.
	if (t->client_hello) {
		counter_add(&env->counter[COUNT_tls_malformed], 1);
		return;
	}
	t->client_hello = true;
	bool again = t->retry;
	if (!again)
		begin_afresh(f);
	place_mark_first(&f->client_hello_mark, at);
	t->session_id = (uint32_t)digest_of(&ch.session_id);
	t->session_id |= t->session_id != 0;
	client_facts(t, env, &ch, again);
	f->client_hello_digest = hello_digest(again ? f->client_hello_digest : 0, body);
	if (!t->offer)
		t->offer = slab_get(&env->memory->offers);
	if (t->offer)
		tls_offer_take(offer_of(t, env), &ch);
	if (!again)
		tls_ship(t, env, HANDSHAKE_CLIENT_HELLO, DIR_C2S, false, body.at, bytes_left(&body));
}

// ---- ServerHello ---------------------------------------------------------------------------------------------

static void compare(struct tls *t, struct tls_env *env, const struct tls_server_hello *sh)
{
	struct tls_facts *f = &env->facts->tls;
	const struct tls_offer *o = offer_of(t, env);
	if (!o)
		return;
	f->offer_known = true;
	uint16_t ext = 0;
	uint8_t unoffered = tls_offer_unoffered(o, sh, &ext);
	if (unoffered & ~f->unoffered & TLS_UNOFFERED_EXTENSION)
		f->unoffered_ext = ext;
	f->unoffered |= unoffered;
}

static void server_facts(struct tls *t, struct tls_env *env, const struct tls_server_hello *sh)
{
	struct tls_facts *f = &env->facts->tls;
	f->server_ext = sh->ext;
	f->compression = sh->compression;
	f->sentinel = sh->sentinel;
	f->raw_public_key = sh->certificate_type == CERTIFICATE_RAW_KEY;
	t->raw_key = f->raw_public_key;
	if (sh->version < TLS13)
		f->resumption.session_id_issued = digest_of(&sh->session_id);
	set_text(env, &f->alpn_selected, &sh->alpn, ALPN_MAX);
}

static void take_server_hello(
	struct tls *t, struct tls_env *env, const struct place *at, struct bytes body, uint32_t end)
{
	struct tls_server_hello sh;
	if (tls_hello_server(body, &sh) != PARSE_DONE) {
		counter_add(&env->counter[COUNT_tls_malformed], 1);
		tls_progress_server_hello(t, env, NULL, at, end);
		return;
	}
	if (sh.malformed)
		counter_add(&env->counter[COUNT_tls_malformed], 1);
	compare(t, env, &sh);
	env->facts->tls.server_hello_digest = hello_digest(t->retry ? env->facts->tls.server_hello_digest : 0, body);
	if (sh.retry) {
		env->facts->tls.hello_retry = t->retry = true;
		t->client_hello = false;
		return;
	}
	server_facts(t, env, &sh);
	uint32_t id = (uint32_t)digest_of(&sh.session_id);
	t->echo = t->session_id && (id | (id != 0)) == t->session_id;
	tls_progress_server_hello(t, env, &sh, at, end);
}

// ---- the others ----------------------------------------------------------------------------------------------

static void take_certificate(struct tls *t, struct tls_env *env, enum dir d, const struct place *at, struct bytes body)
{
	struct tls_facts *f = &env->facts->tls;
	bool raw = d == DIR_S2C && t->raw_key;
	struct bytes list = bytes_sub(&body, bytes_be24(&body));
	if (!bytes_ok(&body))
		counter_add(&env->counter[COUNT_tls_malformed], 1);
	if (d == DIR_S2C)
		f->certificate_mark = place_mark(at);
	else if (bytes_left(&list)) {
		f->client_certificate = true;
		f->client_certificate_mark = place_mark(at);
	}
	if (!bytes_left(&list))
		return;
	enum handshake_kind kind = raw ? HANDSHAKE_RAW_KEY : d == DIR_S2C ? HANDSHAKE_CERTIFICATES : HANDSHAKE_CLIENT_CERTIFICATES;
	tls_ship(t, env, kind, d, false, list.at, bytes_left(&list));
}

static void take_key_exchange(struct tls *t, struct tls_env *env, const struct place *at, struct bytes body)
{
	struct tls_facts *f = &env->facts->tls;
	struct tls_key_exchange k;
	f->server_key_exchange = true;
	f->server_key_mark = place_mark(at);
	if (tls_key_exchange_parse(body, f->suite, f->server_version, &k) != PARSE_DONE) {
		counter_add(&env->counter[COUNT_tls_malformed], 1);
		return;
	}
	f->group = k.group;
	f->ske_scheme = k.scheme;
	f->dh_bits = k.dh_bits;
	f->dh_prime = k.dh_prime;
	f->rsa_export_bits = k.rsa_bits;
	if (t->offer)
		f->unoffered |= tls_offer_unoffered_key(offer_of(t, env), k.group, k.scheme);
}

static void take_status(struct tls *t, struct tls_env *env, struct bytes body)
{
	env->facts->tls.certificate_status = true;
	if (bytes_u8(&body) != STATUS_OCSP)
		return;
	struct bytes response = bytes_sub(&body, bytes_be24(&body));
	if (bytes_ok(&body) && bytes_left(&response))
		tls_ship(t, env, HANDSHAKE_STATUS, DIR_S2C, false, response.at, bytes_left(&response));
}

static void take_ticket(struct tls_env *env, struct bytes body)
{
	bytes_skip(&body, 4); // lifetime hint
	struct bytes ticket = bytes_sub(&body, bytes_be16(&body));
	if (bytes_ok(&body))
		env->facts->tls.resumption.ticket_issued = digest_of(&ticket);
}

// TLS 1.3 has nothing in clear behind the ServerHello.
bool tls_message_opened(const struct tls *t, enum dir d, uint8_t type)
{
	if (d == DIR_C2S)
		return (type == MSG_CLIENT_HELLO && !t->server_hello) || (type == MSG_CERTIFICATE && t->server_hello && !t->tls13);
	if (!t->server_hello)
		return type == MSG_SERVER_HELLO;
	return !t->tls13 && (type == MSG_CERTIFICATE || type == MSG_SERVER_KEY_EXCHANGE || type == MSG_CERTIFICATE_STATUS ||
				    type == MSG_NEW_SESSION_TICKET);
}

void tls_message_take(
	struct tls *t, struct tls_env *env, enum dir d, uint8_t type, const struct place *at, struct bytes body, uint32_t end)
{
	switch (type) {
	case MSG_CLIENT_HELLO:
		take_client_hello(t, env, at, body);
		return;
	case MSG_SERVER_HELLO:
		take_server_hello(t, env, at, body, end);
		return;
	case MSG_CERTIFICATE:
		take_certificate(t, env, d, at, body);
		break;
	case MSG_SERVER_KEY_EXCHANGE:
		take_key_exchange(t, env, at, body);
		break;
	case MSG_CERTIFICATE_STATUS:
		take_status(t, env, body);
		break;
	case MSG_NEW_SESSION_TICKET:
		take_ticket(env, body);
		break;
	}
	tls_message_noted(t, env, d, type, at, (uint32_t)(body.end - body.at));
}

void tls_message_noted(struct tls *t, struct tls_env *env, enum dir d, uint8_t type, const struct place *at, uint32_t len)
{
	struct tls_facts *f = &env->facts->tls;
	if (d != DIR_S2C || t->tls13)
		return;
	if (type == MSG_SERVER_HELLO_DONE)
		t->hello_done = true;
	if (type == MSG_CERTIFICATE_REQUEST)
		f->certificate_request = true;
	if (type != MSG_CERTIFICATE)
		return;
	t->certificate = f->certificate = true;
	f->peer_cert = CERT_SEEN;
	// Longer than we open: the judge says so.
	if (len > TLS_ROOM_LARGE)
		tls_ship(t, env, HANDSHAKE_CERTIFICATES, d, true, NULL, 0);
	place_mark_first(&f->certificate_mark, at);
}

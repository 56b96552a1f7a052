// smtp_tls.tls: the handshake, as far as a tap sees it. EVE's own `tls` object is in record_tls.c.
//
// What is false or absent in an ordinary session is not written: a reader looks for what is there.
#include "alerts/record_parts.h"
#include "alerts/weak.h"
#include "dissect/tls/names.h"

enum { HANDSHAKE_TLS12 = 0x0303, HANDSHAKE_TLS13 = 0x0304, HANDSHAKE_FALLBACK_ALERT = 86 };

static void hello(struct record_writer *w, const struct facts *f)
{
	static const char *const ech[] = {[ECH_OFFERED] = "offered", [ECH_GREASE] = "grease", [ECH_REAL] = "real"};
	const struct tls_facts *t = &f->tls;
	struct json *j = &w->json;

	if (t->client_hello && t->client_version) {
		json_key(j, "offered_version");
		record_code_point(j, tls_version_name(t->client_version), t->client_version);
	}
	if (t->alpn.len) {
		json_key(j, "alpn");
		record_text(w, f, t->alpn);
	}
	if (t->ech && t->ech <= ECH_REAL) {
		json_field(j, "ech", flag, true);
		json_field(j, "ech_state", word, ech[t->ech]);
	}
	if (t->fallback_scsv)
		json_field(j, "fallback_scsv", flag, true);
	if (t->early_data_sent)
		json_field(j, "early_data", flag, true);
}

// Which of the two Diffie-Hellman facts names the group: the curve or key share, or the prime.
static void key_exchange(struct json *j, const struct tls_facts *t)
{
	const struct tls_prime *prime = t->dh_bits ? tls_prime_find(t->dh_prime) : NULL;

	if (t->group) {
		json_key(j, "group");
		record_code_point(j, tls_group_name(t->group), t->group);
	}
	if (t->dh_bits)
		json_field(j, "dh_bits", u64, t->dh_bits);
	if (prime)
		json_field(j, "dh_group", word, prime->name);
	if (t->rsa_export_bits)
		json_field(j, "rsa_export_bits", u64, t->rsa_export_bits);
}

static void signature(struct json *j, const struct session *s)
{
	uint16_t scheme = s->facts->tls.ske_scheme;

	if (!scheme && s->peer)
		scheme = s->peer->verify_scheme;
	if (!scheme)
		return;
	json_key(j, "signature");
	record_code_point(j, tls_scheme_name(scheme), scheme);
}

// What a TLS 1.2 ServerHello agreed to; under TLS 1.3 these are part of the protocol.
static void agreed(struct json *j, const struct tls_facts *t)
{
	if (t->server_version >= HANDSHAKE_TLS13 || t->server_version < 0x0300)
		return;
	json_field(j, "extended_master_secret", flag, (t->server_ext & TLS_EXT_EXTENDED_MASTER_SECRET) != 0);
	json_field(j, "encrypt_then_mac", flag, (t->server_ext & TLS_EXT_ENCRYPT_THEN_MAC) != 0);
	json_field(j, "secure_renegotiation", flag, (t->server_ext & TLS_EXT_RENEGOTIATION_INFO) != 0);
	if (t->compression)
		json_field(j, "compression", u64, t->compression);
	if (t->server_ext & TLS_EXT_HEARTBEAT)
		json_field(j, "heartbeat", flag, true);
	if (t->n_renegotiations)
		json_field(j, "renegotiations", u64, t->n_renegotiations);
}

static void choice(struct record_writer *w, const struct session *s)
{
	static const char *const sentinel[] = {[SENTINEL_TLS12] = "tls12", [SENTINEL_TLS11] = "tls11"};
	const struct tls_facts *t = &s->facts->tls;
	const struct tls_suite *suite = tls_suite_find(t->suite);
	struct json *j = &w->json;

	if (t->hello_retry)
		json_field(j, "hello_retry", flag, true);
	if (!t->server_hello)
		return;
	if (t->server_version == 0x0002) {
		if (t->sslv2_kind) {
			json_key(j, "cipher");
			record_code_point(j, tls_sslv2_kind_name(t->sslv2_kind), (uint16_t)t->sslv2_kind);
		}
		return;
	}
	json_key(j, "cipher");
	record_code_point(j, tls_suite_name(t->suite), t->suite);
	key_exchange(j, t);
	signature(j, s);
	if (suite) // psk_ke: a key share is what gives TLS 1.3 forward secrecy
		json_field(j, "forward_secrecy", flag, suite->tls13 ? t->group != 0 : suite->forward_secrecy);
	if (t->group)
		json_field(j, "post_quantum", flag, tls_group_is_pq(t->group));
	agreed(j, t);
	if (t->sentinel && t->sentinel <= SENTINEL_TLS11)
		json_field(j, "downgrade_sentinel", word, sentinel[t->sentinel]);
	if (t->alpn_selected.len) {
		json_key(j, "alpn_selected");
		record_text(w, s->facts, t->alpn_selected);
	}
}

static void resumption(struct json *j, const struct session *s)
{
	json_field(j, "resumed", flag, s->facts->tls.resumed);
	if (s->peer && s->peer->linked[0])
		json_field(j, "resumed_from", word, s->peer->linked);
}

static void weak(struct json *j, const struct session *s)
{
	uint16_t bits = weak_of(s);

	if (!bits)
		return;
	json_key(j, "weak");
	json_open_array(j);
	for (int i = 0; i < WEAK_N; i++)
		if (bits & 1 << i)
			json_put_word(j, weak_name((enum weak)i));
	json_close_array(j);
}

static void alert_of(struct json *j, uint8_t level, uint8_t code, uint8_t dir)
{
	const char *name = tls_alert_name(code);

	json_key(j, "alert");
	json_open_object(j);
	json_field(j, "level", u64, level);
	json_field(j, "code", u64, code);
	json_key(j, "name");
	if (name)
		json_put_word(j, name);
	else
		json_put_null(j);
	json_field(j, "from", word, dir == DIR_C2S ? "client" : "server");
	json_close_object(j);
}

static void alerts(struct json *j, const struct session *s)
{
	const struct tls_facts *t = &s->facts->tls;
	const struct peer *p = s->peer;

	if (t->alert_clear)
		alert_of(j, t->alert_level, t->alert_code, t->alert_dir);
	else if (p && p->alert_seen)
		alert_of(j, p->alert_level, p->alert_code, p->alert_dir);
}

static void members(struct record_writer *w, const struct session *s)
{
	struct json *j = &w->json;
	const struct tls_facts *t = &s->facts->tls;

	json_field(j, "implicit", flag, t->implicit);
	json_field(j, "completed", flag, t->completed);
	hello(w, s->facts);
	choice(w, s);
	weak(j, s);
	resumption(j, s);
	alerts(j, s);
	record_certificates(w, s);
}

static bool known(const struct tls_facts *t)
{
	return t->client_hello || t->server_hello || t->alert_clear;
}

void record_handshake(struct record_writer *w, const struct session *s)
{
	if (!known(&s->facts->tls))
		return;
	json_key(&w->json, "tls");
	json_open_object(&w->json);
	members(w, s);
	json_close_object(&w->json);
}

void record_tls_whole(struct json *j, const struct session *s)
{
	static const struct record_shape all = {SESSION_FINDINGS_MAX, FACTS_TEXT_MAX};
	struct record_writer w = {.json = *j, .shape = &all};

	json_key(&w.json, "tls");
	if (known(&s->facts->tls)) {
		json_open_object(&w.json);
		record_tls_members(&w, s);
		members(&w, s);
		json_close_object(&w.json);
	} else {
		json_put_null(&w.json);
	}
	*j = w.json;
}

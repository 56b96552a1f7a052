// Rules on the key exchange and the extensions that were agreed. RFC 9325 3 and 4, RFC 7919, RFC 7627, RFC 5746, RFC 9155.
// What a ServerHello does not say counts only where both hellos were read whole (offer_known).
#include "alerts/rules/rule.h"
#include "dissect/tls/names.h"

enum {
	PARAMS_SSL3 = 0x0300,
	PARAMS_TLS10 = 0x0301,
	PARAMS_TLS12 = 0x0303,
	PARAMS_DH_BITS = 2048,        // RFC 9325 4.1
	PARAMS_DH_BITS_BROKEN = 1024, // Logjam: below it, one group was broken by academics
	PARAMS_CURVE_BITS = 255,      // x25519
	PARAMS_CURVE_BITS_LOW = 224,  // 112 bits of strength, the floor of RFC 9325
	PARAMS_EXPLICIT_PRIME = 0xff01,
	PARAMS_EXPLICIT_CHAR2 = 0xff02,
};

bool rule_dh_small(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	const struct tls_prime *p = tls_prime_find(t->dh_prime);
	if (!t->dh_bits || t->dh_bits >= PARAMS_DH_BITS)
		return false;
	claim_tls(in, c, &t->server_key_mark, rule_severity_if(t->dh_bits < PARAMS_DH_BITS_BROKEN, SEVERITY_CRITICAL));
	claim_detail(c, "dh:%u:%s", t->dh_bits, p ? p->name : "prime_unknown");
	return true;
}

// The safe primes of RFC 3526 are what OpenSSL takes by itself: worth a label, not an alert.
bool rule_dh_nonstandard(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	const struct tls_prime *p = tls_prime_find(t->dh_prime);
	if (!t->dh_bits || !t->dh_prime || (p && p->rfc7919))
		return false;
	bool safe = p && p->safe && p->bits >= PARAMS_DH_BITS;
	claim_tls(in, c, &t->server_key_mark, CLAIM_DEFAULT);
	if (safe)
		c->severity = SEVERITY_INFO;
	claim_detail(c, "dh:%u:%s", t->dh_bits, p ? p->name : "prime_unknown");
	return true;
}

// A number without a name may be a group of tomorrow: nothing is said of it.
bool rule_curve_weak(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	bool explicit_curve = t->group == PARAMS_EXPLICIT_PRIME || t->group == PARAMS_EXPLICIT_CHAR2;
	uint16_t bits = tls_group_curve_bits(t->group);
	char name[RULE_POINT_MAX];
	if (!explicit_curve && (!bits || bits >= PARAMS_CURVE_BITS))
		return false;
	bool worse = explicit_curve || bits < PARAMS_CURVE_BITS_LOW;
	claim_tls(in, c, mark_set(&t->server_key_mark) ? &t->server_key_mark : &t->server_hello_mark,
		rule_severity_if(worse, SEVERITY_MEDIUM));
	claim_detail(c, "group:%s", rule_point(name, tls_group_name(t->group), t->group));
	return true;
}

static bool signs(const struct tls_suite *s)
{
	return s && (s->auth == AUTH_RSA || s->auth == AUTH_DSS || s->auth == AUTH_ECDSA);
}

// Before TLS 1.2 the hashes were fixed: MD5 and SHA-1 with RSA, SHA-1 otherwise.
bool rule_kex_hash_weak(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	char name[RULE_POINT_MAX];
	bool fixed = t->server_version >= PARAMS_SSL3 && t->server_version < PARAMS_TLS12 && signs(rule_suite(in));
	if (!t->server_key_exchange || !(fixed || (t->server_version == PARAMS_TLS12 && tls_scheme_is_weak(t->ske_scheme))))
		return false;
	claim_tls(in, c, &t->server_key_mark, CLAIM_DEFAULT);
	claim_detail(c, "signature:%s", fixed ? "sha1_by_version" : rule_point(name, tls_scheme_name(t->ske_scheme), t->ske_scheme));
	return true;
}

static bool has_extensions(const struct tls_facts *t)
{
	return t->offer_known && t->server_version >= PARAMS_TLS10 && t->server_version <= PARAMS_TLS12;
}

bool rule_no_ems(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	if (!has_extensions(t) || t->server_ext & TLS_EXT_EXTENDED_MASTER_SECRET)
		return false;
	bool offered = t->client_ext & TLS_EXT_EXTENDED_MASTER_SECRET;
	claim_tls(in, c, &t->server_hello_mark, CLAIM_DEFAULT);
	claim_frame(c, &t->client_hello_mark);
	if (!offered)
		c->subject = SUBJECT_CLIENT;
	claim_detail(c, "extended_master_secret:%s", offered ? "refused" : "not_offered");
	return true;
}

bool rule_renego_insecure(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	if (!t->offer_known || t->server_version < PARAMS_SSL3 || t->server_version > PARAMS_TLS12)
		return false;
	if (!(t->client_ext & TLS_EXT_RENEGOTIATION_INFO) || t->server_ext & TLS_EXT_RENEGOTIATION_INFO)
		return false;
	claim_tls(in, c, &t->server_hello_mark, CLAIM_DEFAULT);
	claim_frame(c, &t->client_hello_mark);
	claim_detail(c, "renegotiation_info:refused");
	return true;
}

// Told by record types alone: what the records say is encrypted.
bool rule_renego_observed(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	if (!t->n_renegotiations)
		return false;
	claim_in_context(c, &t->renegotiation_mark);
	claim_cap(c, CONFIDENCE_PROBABLE);
	c->subject = t->renegotiation_dir == DIR_C2S ? SUBJECT_CLIENT : SUBJECT_SERVER;
	claim_detail(c, "renegotiations:%u:begun_by_%s", t->n_renegotiations, t->renegotiation_dir == DIR_C2S ? "client" : "server");
	return true;
}

bool rule_compression(const struct rule_input *in, struct claim *c)
{
	if (!in->tls->server_hello || !in->tls->compression)
		return false;
	claim_tls(in, c, &in->tls->server_hello_mark, CLAIM_DEFAULT);
	claim_detail(c, "compression:%u", in->tls->compression);
	return true;
}

// CVE-2014-0160: the client asks for more than it sent, and gets the server's memory. Nothing else in a handshake is as
// bad, so nothing else tells it.
bool rule_heartbeat(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	bool agreed = t->server_ext & TLS_EXT_HEARTBEAT;
	if (!agreed && !t->n_heartbeats)
		return false;
	if (t->heartbeat_overread) {
		claim_seen(c, &t->heartbeat_mark);
		c->severity = SEVERITY_CRITICAL;
		c->subject = SUBJECT_CLIENT;
	} else if (t->n_heartbeats) {
		claim_in_context(c, &t->heartbeat_mark);
	} else {
		claim_seen(c, &t->server_hello_mark);
	}
	claim_detail(c, "heartbeat:%s:records:%u%s", agreed ? "agreed" : "not_agreed", t->n_heartbeats,
		t->heartbeat_overread ? ":asks_for_more_than_it_sends" : "");
	return true;
}

bool rule_truncated_hmac(const struct rule_input *in, struct claim *c)
{
	if (!(in->tls->server_ext & TLS_EXT_TRUNCATED_HMAC))
		return false;
	claim_seen(c, &in->tls->server_hello_mark);
	claim_detail(c, "truncated_hmac:agreed");
	return true;
}

// Rules on the keys and signatures of a server's chain, on its stapled status, and on what is no ordinary certificate.
// Roots are skipped: nobody relies on a signature that a store vouches for. RFC 9325 4.2 and 4.5, RFC 6960, RFC 7250, RFC 7633.
#include "alerts/rules/cert.h"

enum { KEY_RSA_BITS = 2048, KEY_EC_BITS = 256 };

static const char *const key_words[] = {
	[KEY_NONE] = "none", [KEY_RSA] = "RSA", [KEY_EC] = "EC", [KEY_ED25519] = "Ed25519", [KEY_ED448] = "Ed448",
	[KEY_DSA] = "DSA", [KEY_RSA_PSS] = "RSA-PSS", [KEY_OTHER] = "other"};

static const char *const hash_words[] = {[HASH_UNKNOWN] = "unknown", [HASH_MD5] = "MD5", [HASH_SHA1] = "SHA-1", [HASH_SHA224] = "SHA-224"};

static bool short_key(uint8_t key, uint16_t bits)
{
	if (key == KEY_RSA || key == KEY_RSA_PSS || key == KEY_DSA)
		return bits && bits < KEY_RSA_BITS;
	return key == KEY_EC && bits && bits < KEY_EC_BITS;
}

static bool weak_hash(uint8_t hash)
{
	return hash == HASH_MD5 || hash == HASH_SHA1 || hash == HASH_SHA224;
}

bool rule_cert_key_weak(const struct rule_input *in, struct claim *c)
{
	const struct peer *p = in->peer;
	bool leaf = (p->server.present || p->raw_key) && !p->server.unreadable && short_key(p->server.key, p->server.key_bits);
	if (!leaf && !short_key(p->chain_weak_key, p->chain_weak_bits))
		return false;
	claim_cert(in, c, CLAIM_DEFAULT);
	if (leaf)
		claim_detail(c, "key:%s:%u", key_words[p->server.key], p->server.key_bits);
	else
		claim_detail(c, "intermediate_key:%s:%u", key_words[p->chain_weak_key], p->chain_weak_bits);
	return true;
}

// Nobody relies on the signature that a self-signed leaf makes of itself.
bool rule_cert_sig_weak(const struct rule_input *in, struct claim *c)
{
	const struct certificate *cert = cert_of_server(in);
	bool leaf = cert && !cert->self_signed && weak_hash(cert->hash);
	uint8_t hash = leaf ? cert->hash : in->peer->chain_weak_hash;
	if (!weak_hash(hash))
		return false;
	claim_cert(in, c, CLAIM_DEFAULT);
	claim_detail(c, "%s:%s", leaf ? "signature" : "intermediate_signature", hash_words[hash]);
	return true;
}

bool rule_cert_placeholder(const struct rule_input *in, struct claim *c)
{
	if (!cert_of_server(in) || !in->peer->vendor[0])
		return false;
	claim_cert(in, c, CLAIM_DEFAULT);
	c->severity = SEVERITY_INFO;
	claim_detail(c, "default_of:%s", in->peer->vendor);
	return true;
}

bool rule_cert_rpk(const struct rule_input *in, struct claim *c)
{
	const struct peer *p = in->peer;
	if (!in->tls->raw_public_key && !p->raw_key)
		return false;
	claim_cert(in, c, CLAIM_DEFAULT);
	c->severity = SEVERITY_INFO;
	claim_detail(c, "raw_public_key:%s", p->raw_key && p->server.key <= KEY_OTHER ? key_words[p->server.key] : "not_opened");
	return true;
}

// Only a client that asks is owed an answer. That none came is an absence: octets after the certificate may be lost.
bool rule_cert_must_staple(const struct rule_input *in, struct claim *c)
{
	const struct certificate *cert = cert_of_server(in);
	const struct tls_facts *t = in->tls;
	if (!cert || !cert->must_staple || in->peer->staple != STAPLE_NONE || t->certificate_status || !t->completed)
		return false;
	// With a key log the answer stands inside the certificate message, and was opened with it.
	if (!(t->client_ext & TLS_EXT_STATUS_REQUEST))
		return false;
	claim_cert(in, c, CLAIM_DEFAULT);
	claim_absent(c, CONFIDENCE_CERTAIN, quality_of_conn(in->facts));
	claim_frame(c, &t->client_hello_mark);
	claim_detail(c, "must_staple:no_status");
	return true;
}

bool rule_cert_revoked(const struct rule_input *in, struct claim *c)
{
	if (!cert_of_server(in) || in->peer->staple != STAPLE_REVOKED)
		return false;
	claim_cert(in, c, CLAIM_DEFAULT);
	claim_detail(c, "staple:revoked:serial:%.59s", in->peer->server.serial);
	return true;
}

// Rules on the cipher suite that was chosen, by what it is made of (dissect/tls/names.h). RFC 9325 4, RFC 7465, RFC 7366.
#include "alerts/rules/rule.h"
#include "dissect/tls/names.h"

enum { SUITE_TLS12 = 0x0303 };

struct chosen {
	uint8_t cipher;
	bool export_grade;
};

static struct chosen chosen(const struct rule_input *in)
{
	const struct tls_suite *s = rule_suite(in);
	bool export_grade;
	enum tls_cipher cipher = tls_sslv2_kind_cipher(in->tls->sslv2_kind, &export_grade);
	if (cipher != CIPHER_UNKNOWN)
		return (struct chosen){(uint8_t)cipher, export_grade};
	return s ? (struct chosen){s->cipher, s->export_grade} : (struct chosen){0};
}

static bool claim_suite(const struct rule_input *in, struct claim *c, uint8_t severity)
{
	const struct tls_facts *t = in->tls;
	char name[RULE_POINT_MAX];
	claim_tls(in, c, &t->server_hello_mark, severity);
	if (t->sslv2_kind)
		claim_detail(c, "suite:%s", rule_point(name, tls_sslv2_kind_name(t->sslv2_kind), t->sslv2_kind));
	else
		claim_detail(c, "suite:%s", rule_point(name, tls_suite_name(t->suite), t->suite));
	return true;
}

static bool chose_cipher(const struct rule_input *in, struct claim *c, enum tls_cipher cipher)
{
	return chosen(in).cipher == cipher && claim_suite(in, c, CLAIM_DEFAULT);
}

bool rule_cipher_null(const struct rule_input *in, struct claim *c)
{
	return chose_cipher(in, c, CIPHER_NULL);
}

bool rule_cipher_rc4(const struct rule_input *in, struct claim *c)
{
	return chose_cipher(in, c, CIPHER_RC4);
}

bool rule_cipher_des(const struct rule_input *in, struct claim *c)
{
	return chose_cipher(in, c, CIPHER_DES);
}

bool rule_cipher_3des(const struct rule_input *in, struct claim *c)
{
	return chose_cipher(in, c, CIPHER_3DES);
}

bool rule_cipher_export(const struct rule_input *in, struct claim *c)
{
	return chosen(in).export_grade && claim_suite(in, c, CLAIM_DEFAULT);
}

// Legitimate where nobody asked who the peer is (RFC 7672 8.2): then it is a remark, and while nobody knows what was
// asked it is not loud either. Where identity is required it is what an interceptor would choose.
bool rule_cipher_anon(const struct rule_input *in, struct claim *c)
{
	const struct expectation *e = in->expect;
	if (!rule_suite(in) || !tls_suite_is_anon(in->tls->suite))
		return false;
	if (e->identity_required)
		return claim_suite(in, c, SEVERITY_HIGH);
	claim_suite(in, c, SEVERITY_LOW);
	if (e->level != EXPECT_UNKNOWN)
		c->severity = SEVERITY_INFO;
	return true;
}

// Of the block ciphers that are not told by a row of their own.
bool rule_cipher_cbc_sha1(const struct rule_input *in, struct claim *c)
{
	const struct tls_suite *s = rule_suite(in);
	if (!s || s->mode != MODE_CBC || s->cipher == CIPHER_DES || s->cipher == CIPHER_3DES || s->export_grade)
		return false;
	return (s->hash == TLS_HASH_SHA1 || s->hash == TLS_HASH_MD5) && claim_suite(in, c, CLAIM_DEFAULT);
}

bool rule_cipher_ccm8(const struct rule_input *in, struct claim *c)
{
	const struct tls_suite *s = rule_suite(in);
	return s && s->mode == MODE_CCM8 && claim_suite(in, c, CLAIM_DEFAULT);
}

// TLS 1.3 says it by a ServerHello that takes the pre-shared key and gives no key share (psk_ke).
bool rule_no_forward_secrecy(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	const struct tls_suite *s = rule_suite(in);
	bool psk_only = s && s->tls13 && t->resumed && t->offer_known && !(t->server_ext & TLS_EXT_KEY_SHARE) && !t->group;
	if (!s || s->kex == KEX_UNKNOWN || s->kex == KEX_NULL || (s->forward_secrecy && !psk_only))
		return false;
	claim_suite(in, c, CLAIM_DEFAULT);
	if (psk_only)
		claim_detail(c, "psk_without_key_share");
	return true;
}

bool rule_cbc_no_etm(const struct rule_input *in, struct claim *c)
{
	const struct tls_facts *t = in->tls;
	const struct tls_suite *s = rule_suite(in);
	if (!s || s->mode != MODE_CBC || t->server_version > SUITE_TLS12 || !t->offer_known || t->server_ext & TLS_EXT_ENCRYPT_THEN_MAC)
		return false;
	claim_suite(in, c, CLAIM_DEFAULT);
	if (!(t->client_ext & TLS_EXT_ENCRYPT_THEN_MAC))
		c->subject = SUBJECT_CLIENT;
	return true;
}

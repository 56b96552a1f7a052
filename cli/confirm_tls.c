// Options of openssl that agree to what a session agreed to. They are made of tables, never of octets of the wire.
#include "cli/confirm.h"

#include <string.h>

#include "dissect/tls/names.h"

enum { VERSION_SSL2 = 0x0002, VERSION_SSL3 = 0x0300, VERSION_TLS12 = 0x0303, VERSION_TLS13 = 0x0304, HASH_SHA1_OF_SCHEME = 2 };

static bool is(const struct confirm_about *a, const char *id)
{
	return a->finding != NULL && a->finding->row != NULL && strcmp(a->finding->row->id, id) == 0;
}

static const char *version_option(uint16_t version)
{
	static const char *const options[] = {"-tls1", "-tls1_1", "-tls1_2", "-tls1_3"};
	return version > VERSION_SSL3 && version <= VERSION_TLS13 ? options[version - VERSION_SSL3 - 1] : NULL;
}

// How cipher strings call the parts of a suite; NULL: openssl has none of that kind any more.
static const char *exchange(const struct tls_suite *s)
{
	static const char *const names[] = {[KEX_RSA] = "kRSA", [KEX_DHE] = "kDHE", [KEX_ECDHE] = "kECDHE", [KEX_PSK] = "kPSK",
		[KEX_DHE_PSK] = "kDHEPSK", [KEX_ECDHE_PSK] = "kECDHEPSK", [KEX_RSA_PSK] = "kRSAPSK", [KEX_OTHER] = NULL};
	if (tls_suite_is_anon(s->value) && s->kex == KEX_DH)
		return "kDHE";
	if (tls_suite_is_anon(s->value) && s->kex == KEX_ECDH)
		return "kECDHE";
	return s->kex < sizeof names / sizeof names[0] ? names[s->kex] : NULL;
}

static const char *authentication(const struct tls_suite *s)
{
	static const char *const names[] = {[AUTH_ANON] = "aNULL", [AUTH_RSA] = "aRSA", [AUTH_DSS] = "aDSS", [AUTH_ECDSA] = "aECDSA",
		[AUTH_PSK] = "aPSK", [AUTH_OTHER] = NULL};
	return s->auth < sizeof names / sizeof names[0] ? names[s->auth] : NULL;
}

static const char *cipher(const struct tls_suite *s)
{
	bool large = s->key_bits == 256;
	switch ((enum tls_cipher)s->cipher) {
	case CIPHER_NULL:
		return "eNULL";
	case CIPHER_AES:
		return large ? "AES256" : "AES128";
	case CIPHER_CAMELLIA:
		return large ? "CAMELLIA256" : "CAMELLIA128";
	case CIPHER_ARIA:
		return large ? "ARIA256" : "ARIA128";
	case CIPHER_CHACHA20:
		return "CHACHA20";
	default:
		return NULL;
	}
}

// What else tells it from its like: the mode, else the MAC.
static const char *rest(const struct tls_suite *s)
{
	static const char *const macs[] = {[TLS_HASH_MD5] = "+MD5", [TLS_HASH_SHA1] = "+SHA1", [TLS_HASH_SHA256] = "+SHA256",
		[TLS_HASH_SHA384] = "+SHA384", [TLS_HASH_OTHER] = NULL};
	switch ((enum tls_mode)s->mode) {
	case MODE_GCM:
		return s->cipher == CIPHER_AES ? "+AESGCM" : s->cipher == CIPHER_ARIA ? "+ARIAGCM" : "";
	case MODE_CCM:
		return "+AESCCM";
	case MODE_CCM8:
		return "+AESCCM8";
	case MODE_POLY1305:
		return "";
	default:
		return s->hash < sizeof macs / sizeof macs[0] && macs[s->hash] != NULL ? macs[s->hash] : "";
	}
}

static bool has(const struct tls_suite *s)
{
	return s->tls13 || (!s->export_grade && exchange(s) != NULL && authentication(s) != NULL && cipher(s) != NULL);
}

enum confirm_tls confirm_tls(const struct confirm_about *a)
{
	const struct tls_facts *t = &a->session->facts->tls;
	const struct tls_suite *s = tls_suite_find(t->suite);
	if (!t->server_hello || t->server_version == 0)
		return CONFIRM_NO_TLS;
	if (is(a, "tls.heartbeat"))
		return CONFIRM_HEARTBEAT;
	if (t->server_version == VERSION_SSL2)
		return CONFIRM_SSL2;
	if (version_option(t->server_version) == NULL || s == NULL || !has(s) || t->compression || t->rsa_export_bits)
		return CONFIRM_NMAP;
	return CONFIRM_OPENSSL;
}

void confirm_openssl(FILE *out, const struct confirm_about *a)
{
	const struct tls_facts *t = &a->session->facts->tls;
	const struct tls_suite *s = tls_suite_find(t->suite);
	const char *group = t->group ? tls_group_name(t->group) : NULL;
	fprintf(out, " %s", version_option(t->server_version));
	// Level 0, because from 1 on openssl refuses old versions, short keys and SHA-1 by itself.
	if (s->tls13)
		fprintf(out, " -ciphersuites %s", s->name);
	else
		fprintf(out, " -cipher '%s+%s+%s%s:@SECLEVEL=0'", exchange(s), authentication(s), cipher(s), rest(s));
	if (is(a, "tls.curve-weak") && group != NULL)
		fprintf(out, " -groups %s", group);
	if (is(a, "tls.kex-hash-weak") && t->server_version == VERSION_TLS12 && t->ske_scheme >> 8 == HASH_SHA1_OF_SCHEME)
		fputs(" -sigalgs RSA+SHA1:ECDSA+SHA1:DSA+SHA1", out);
	if (t->server_version <= VERSION_TLS12 && !(t->server_ext & TLS_EXT_RENEGOTIATION_INFO))
		fputs(" -legacy_server_connect", out);
}

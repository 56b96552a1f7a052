// The floor.
#include "alerts/weak.h"

#include "dissect/tls/names.h"

enum { WEAK_SSL3 = 0x0300 };

const char *weak_name(enum weak w)
{
	static const char *const names[WEAK_N] = {
		[WEAK_VERSION] = "version", [WEAK_NULL] = "null", [WEAK_EXPORT] = "export", [WEAK_RC4] = "rc4", [WEAK_DES] = "des",
		[WEAK_3DES] = "3des", [WEAK_ANONYMOUS] = "anonymous", [WEAK_DH] = "dh", [WEAK_RSA] = "rsa",
	};
	return names[w];
}

uint16_t weak_rsa_bits(const struct session *s)
{
	const struct peer *p = s->peer;
	bool rsa = p && (p->server.present || p->raw_key) && (p->server.key == KEY_RSA || p->server.key == KEY_RSA_PSS);
	return rsa ? p->server.key_bits : 0;
}

static bool below(uint16_t bits, uint16_t floor)
{
	return bits && bits < floor;
}

static uint16_t of_cipher(uint8_t cipher, bool export_grade)
{
	static const uint8_t weak[] = {[CIPHER_NULL] = 1 << WEAK_NULL, [CIPHER_RC4] = 1 << WEAK_RC4, [CIPHER_DES] = 1 << WEAK_DES,
		[CIPHER_3DES] = 1 << WEAK_3DES};
	return (uint16_t)((cipher < sizeof(weak) ? weak[cipher] : 0) | (export_grade ? 1 << WEAK_EXPORT : 0));
}

static uint16_t of_suite(uint16_t suite, bool identity_required)
{
	const struct tls_suite *s = tls_suite_find(suite);
	uint16_t bits = s ? of_cipher(s->cipher, s->export_grade) : 0;

	if (identity_required && tls_suite_is_anon(suite))
		bits |= 1 << WEAK_ANONYMOUS;
	return bits;
}

uint16_t weak_of(const struct session *s)
{
	const struct tls_facts *t = &s->facts->tls;
	uint16_t bits = 0;

	if (t->rsa_export_bits)
		bits |= 1 << WEAK_EXPORT;
	if (below(t->dh_bits, WEAK_DH_BITS))
		bits |= 1 << WEAK_DH;
	if (below(weak_rsa_bits(s), WEAK_RSA_BITS))
		bits |= 1 << WEAK_RSA;
	// A ServerHello that there was no memory to open has no version.
	if (t->sslv2_kind || (t->server_hello && t->server_version && t->server_version < WEAK_TLS12))
		bits |= 1 << WEAK_VERSION;
	bool export_grade;
	enum tls_cipher old = tls_sslv2_kind_cipher(t->sslv2_kind, &export_grade);
	if (old != CIPHER_UNKNOWN)
		bits |= of_cipher((uint8_t)old, export_grade);
	if (t->server_hello && t->server_version >= WEAK_SSL3)
		bits |= of_suite(t->suite, s->expect.identity_required);
	return bits;
}

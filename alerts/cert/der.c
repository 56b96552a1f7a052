// The public key of a certificate as its octets stood. OpenSSL would encode again what it understood, and a digest is
// of octets.
#include "alerts/cert/private.h"

#include "dissect/bytes.h"

enum { DER_SEQUENCE = 0x30, DER_VERSION = 0xa0 };

// The next element: its tag, its contents in *body. Definite lengths of at most three octets; others fail the cursor.
static uint8_t next(struct bytes *in, struct bytes *body)
{
	uint8_t tag = bytes_u8(in);
	size_t len = bytes_u8(in);

	if (len == 0x81)
		len = bytes_u8(in);
	else if (len == 0x82)
		len = bytes_be16(in);
	else if (len == 0x83)
		len = bytes_be24(in);
	else if (len >= 0x80)
		in->failed = true;
	*body = bytes_sub(in, len);
	return tag;
}

bool cert_der_spki(const uint8_t *der, size_t len, const uint8_t **spki, size_t *spki_len)
{
	struct bytes in = bytes_of(der, len), certificate, tbs, skipped;

	(void)next(&in, &certificate);
	(void)next(&certificate, &tbs);
	if (bytes_left(&tbs) && tbs.at[0] == DER_VERSION)
		(void)next(&tbs, &skipped);
	// Serial number, signature, issuer, validity, subject.
	for (int i = 0; i < 5; i++)
		(void)next(&tbs, &skipped);
	*spki = tbs.at;
	uint8_t tag = next(&tbs, &skipped);
	*spki_len = (size_t)(tbs.at - *spki);
	return bytes_ok(&tbs) && tag == DER_SEQUENCE;
}

// One certificate, from OpenSSL's form to ours.
#include "alerts/cert/private.h"

#include "alerts/record_parts.h"

#include <string.h>
#include <time.h>

#include <openssl/asn1.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

enum { TLS_FEATURE_STATUS_REQUEST = 5 }; // RFC 7633

static const struct {
	int nid;
	uint8_t hash;
} hashes[] = {
	{NID_md5, HASH_MD5},
	{NID_sha1, HASH_SHA1},
	{NID_sha224, HASH_SHA224},
	{NID_sha256, HASH_SHA256},
	{NID_sha384, HASH_SHA384},
	{NID_sha512, HASH_SHA512},
	{NID_sha512_224, HASH_OTHER},
	{NID_sha512_256, HASH_OTHER},
	{NID_sha3_224, HASH_OTHER},
	{NID_sha3_256, HASH_OTHER},
	{NID_sha3_384, HASH_OTHER},
	{NID_sha3_512, HASH_OTHER},
};

uint8_t cert_read_hash(X509 *x)
{
	int digest, key;

	if (!X509_get_signature_info(x, &digest, &key, NULL, NULL))
		return HASH_UNKNOWN;
	if (key == NID_ED25519 || key == NID_ED448)
		return HASH_OTHER;
	for (size_t i = 0; i < sizeof(hashes) / sizeof(*hashes); i++)
		if (hashes[i].nid == digest)
			return hashes[i].hash;
	return HASH_UNKNOWN;
}

int64_t cert_read_time(const ASN1_TIME *t, int64_t otherwise)
{
	struct tm tm;

	return t && ASN1_TIME_to_tm(t, &tm) ? (int64_t)timegm(&tm) : otherwise;
}

static uint8_t key_kind(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		return KEY_RSA;
	case EVP_PKEY_RSA_PSS:
		return KEY_RSA_PSS;
	case EVP_PKEY_EC:
		return KEY_EC;
	case EVP_PKEY_ED25519:
		return KEY_ED25519;
	case EVP_PKEY_ED448:
		return KEY_ED448;
	case EVP_PKEY_DSA:
		return KEY_DSA;
	default:
		return KEY_OTHER;
	}
}

void cert_read_key(struct certificate *out, const EVP_PKEY *key)
{
	out->key = KEY_OTHER;
	if (!key)
		return;
	out->key = key_kind(key);
	int bits = EVP_PKEY_get_bits(key);
	out->key_bits = (uint16_t)(bits < 0 ? 0 : bits > UINT16_MAX ? UINT16_MAX : bits);
	if (out->key == KEY_EC &&
	    !EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, out->curve, sizeof(out->curve), NULL))
		out->curve[0] = '\0';
}

static void read_spki(struct certificate *out, const struct cert_link *l)
{
	const uint8_t *spki;
	unsigned char *der = NULL;
	size_t len;

	if (cert_der_spki(l->der, l->len, &spki, &len)) {
		record_sha256(out->spki_sha256, spki, len);
		return;
	}
	int n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(l->x509), &der);
	if (n > 0)
		record_sha256(out->spki_sha256, der, (size_t)n);
	OPENSSL_free(der);
}

static bool must_staple(const X509 *x)
{
	TLS_FEATURE *features = X509_get_ext_d2i(x, NID_tlsfeature, NULL, NULL);
	bool found = false;

	for (int i = 0; i < sk_ASN1_INTEGER_num(features); i++)
		found |= ASN1_INTEGER_get(sk_ASN1_INTEGER_value(features, i)) == TLS_FEATURE_STATUS_REQUEST;
	TLS_FEATURE_free(features);
	return found;
}

static void read_x509(struct certificate *out, X509 *x)
{
	const X509_NAME *subject = X509_get_subject_name(x), *issuer = X509_get_issuer_name(x);

	cert_text_name(out->subject, sizeof(out->subject), subject);
	cert_text_name(out->issuer, sizeof(out->issuer), issuer);
	cert_text_serial(out->serial, sizeof(out->serial), X509_get0_serialNumber(x));
	out->not_before_s = cert_read_time(X509_get0_notBefore(x), INT64_MIN);
	out->not_after_s = cert_read_time(X509_get0_notAfter(x), INT64_MAX);
	cert_read_key(out, X509_get0_pubkey(x));
	out->hash = cert_read_hash(x);
	out->self_issued = X509_NAME_cmp(subject, issuer) == 0;
	out->must_staple = must_staple(x);
	out->is_ca = X509_get_extension_flags(x) & EXFLAG_CA;
	cert_text_sans(out, x);
}

void cert_read(struct certificate *out, const struct cert_link *link)
{
	*out = (struct certificate){.present = true, .not_before_s = INT64_MIN, .not_after_s = INT64_MAX};
	record_sha1(out->sha1, link->der, link->len);
	record_sha256(out->sha256, link->der, link->len);
	out->unreadable = !link->x509;
	if (link->x509) {
		read_spki(out, link);
		read_x509(out, link->x509);
	}
}

// What verifying costs, before it is tried. The unit is what a squaring of 1024-bit numbers costs.
#include "alerts/cert/private.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

static uint32_t rsa_cost(const EVP_PKEY *key)
{
	uint32_t bits = (uint32_t)EVP_PKEY_get_bits(key), kilo = (bits + 1023) / 1024, e_bits = UINT32_MAX;
	BIGNUM *e = NULL;

	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e))
		e_bits = (uint32_t)BN_num_bits(e);
	BN_free(e);
	if (bits > CERT_RSA_BITS_MAX || e_bits > CERT_RSA_E_BITS_MAX)
		return UINT32_MAX;
	return kilo * kilo * e_bits;
}

// Parameters of one's own choice could make anything of the arithmetic; nobody serious sends them.
static uint32_t ec_cost(const EVP_PKEY *key)
{
	uint32_t bits = (uint32_t)EVP_PKEY_get_bits(key);
	int is_explicit = 0;

	if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &is_explicit) && is_explicit)
		return UINT32_MAX;
	return bits * bits / 40;
}

static uint32_t dsa_cost(const EVP_PKEY *key)
{
	uint32_t bits = (uint32_t)EVP_PKEY_get_bits(key), kilo = (bits + 1023) / 1024;

	return bits > CERT_DSA_BITS_MAX ? UINT32_MAX : kilo * kilo * 256;
}

// 0: of a kind that we do not know to verify with; UINT32_MAX: too much.
static uint32_t cost(const EVP_PKEY *key)
{
	switch (key ? EVP_PKEY_get_base_id(key) : EVP_PKEY_NONE) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		return rsa_cost(key);
	case EVP_PKEY_EC:
		return ec_cost(key);
	case EVP_PKEY_DSA:
		return dsa_cost(key);
	case EVP_PKEY_ED25519:
		return 500;
	case EVP_PKEY_ED448:
		return 2000;
	default:
		return 0;
	}
}

bool cert_work_afford(struct cert_work *w, const EVP_PKEY *key)
{
	uint32_t needed = cost(key);

	if (needed > w->left) {
		w->costly = true;
		return false;
	}
	w->left -= needed;
	return needed > 0;
}

enum cert_signed cert_work_signed(struct cert_work *w, X509 *x, EVP_PKEY *key)
{
	if (cert_read_hash(x) == HASH_UNKNOWN || !cert_work_afford(w, key))
		return SIGNED_NOT_TRIED;
	return X509_verify(x, key) == 1 ? SIGNED_YES : SIGNED_NO;
}

enum cert_signed cert_work_self_signed(struct cert_work *w, X509 *x)
{
	if (X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) != 0)
		return SIGNED_NO;
	return cert_work_signed(w, x, X509_get0_pubkey(x));
}

void cert_work_count(struct cert_names *n, const X509 *x)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	NAME_CONSTRAINTS *nc = X509_get_ext_d2i(x, NID_name_constraints, NULL, NULL);

	n->names += X509_NAME_entry_count(X509_get_subject_name(x));
	if (names)
		n->names += sk_GENERAL_NAME_num(names);
	if (nc && nc->permittedSubtrees)
		n->constraints += sk_GENERAL_SUBTREE_num(nc->permittedSubtrees);
	if (nc && nc->excludedSubtrees)
		n->constraints += sk_GENERAL_SUBTREE_num(nc->excludedSubtrees);
	GENERAL_NAMES_free(names);
	NAME_CONSTRAINTS_free(nc);
}

bool cert_work_compare(struct cert_work *w, const struct cert_names *n)
{
	if (n->names <= CERT_NAMES_MAX && n->names * n->constraints <= CERT_COMPARED_MAX)
		return true;
	w->costly = true;
	return false;
}

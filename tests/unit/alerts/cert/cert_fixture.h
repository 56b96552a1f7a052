// Certificates made in memory, for the tests of alerts/cert. Nothing lives longer than make_end() of the same test.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "alerts/cert/cert.h"

enum { MAKE_MAX = 256, MAKE_EXTENSIONS = 6, MAKE_LIST_MAX = 1 << 20 };

#define MAKE_BORN_S INT64_C(1700000000) // 2023-11-14
#define MAKE_DAY_S INT64_C(86400)

static X509 *make_x509[MAKE_MAX];
static EVP_PKEY *make_keys[MAKE_MAX];
static int n_make_x509, n_make_keys;

static inline EVP_PKEY *make_key_of(EVP_PKEY *key)
{
	assert_non_null(key);
	assert_true(n_make_keys < MAKE_MAX);
	return make_keys[n_make_keys++] = key;
}

// "P-256" and other curves, "RSA" with bits, "RSA-PSS", "ED25519", "ED448", "DSA" with bits of p.
static inline EVP_PKEY *make_key(const char *kind, int bits)
{
	EVP_PKEY *key = NULL;
	EVP_PKEY_CTX *ctx;

	if (!strncmp(kind, "RSA", 3)) {
		ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
		assert_true(EVP_PKEY_keygen_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, bits) > 0);
		assert_true(EVP_PKEY_generate(ctx, &key) > 0);
		EVP_PKEY_CTX_free(ctx);
	} else if (!strcmp(kind, "DSA")) {
		EVP_PKEY *params = NULL;
		ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
		assert_true(EVP_PKEY_paramgen_init(ctx) > 0 && EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, bits) > 0);
		assert_true(EVP_PKEY_generate(ctx, &params) > 0);
		EVP_PKEY_CTX_free(ctx);
		ctx = EVP_PKEY_CTX_new_from_pkey(NULL, params, NULL);
		assert_true(EVP_PKEY_keygen_init(ctx) > 0 && EVP_PKEY_generate(ctx, &key) > 0);
		EVP_PKEY_CTX_free(ctx);
		EVP_PKEY_free(params);
	} else if (!strncmp(kind, "ED", 2)) {
		key = EVP_PKEY_Q_keygen(NULL, NULL, kind);
	} else {
		key = EVP_EC_gen(kind);
	}
	return make_key_of(key);
}

struct make {
	const char *subject, *issuer;  // "CN=a/O=b"; issuer NULL: the subject
	EVP_PKEY *key, *signer;        // signer NULL: the key
	const EVP_MD *md;              // NULL: SHA-256, or none for Ed keys
	struct {
		int nid;
		const char *value;     // as openssl.cnf has it
	} extension[MAKE_EXTENSIONS];
	int64_t born_s;                // 0: MAKE_BORN_S
	int days;                      // 0: 90
	long serial;                   // 0: 1
};

static inline X509_NAME *make_name(const char *text)
{
	X509_NAME *name = X509_NAME_new();
	char copy[1024], *rest = copy;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *part; (part = strsep(&rest, "/"));) {
		char *value = strchr(part, '=');
		if (!value)
			continue;
		*value++ = '\0';
		assert_true(X509_NAME_add_entry_by_txt(name, part, MBSTRING_UTF8, (const uint8_t *)value, -1, -1, 0));
	}
	return name;
}

static inline void make_sign(X509 *x, EVP_PKEY *signer, const EVP_MD *md)
{
	int id = EVP_PKEY_get_base_id(signer);
	bool ed = id == EVP_PKEY_ED25519 || id == EVP_PKEY_ED448;

	assert_true(X509_sign(x, signer, ed ? NULL : md ? md : EVP_sha256()) > 0);
}

// Everything but the signature.
static inline X509 *make_unsigned(const struct make *m)
{
	X509 *x = X509_new();
	X509_NAME *subject = make_name(m->subject), *issuer = make_name(m->issuer ? m->issuer : m->subject);
	int64_t born_s = m->born_s ? m->born_s : MAKE_BORN_S;
	X509V3_CTX ctx;

	assert_true(n_make_x509 < MAKE_MAX);
	make_x509[n_make_x509++] = x;
	X509_set_version(x, 2);
	X509_set_subject_name(x, subject);
	X509_set_issuer_name(x, issuer);
	ASN1_INTEGER_set(X509_get_serialNumber(x), m->serial ? m->serial : 1);
	ASN1_TIME_set(X509_getm_notBefore(x), (time_t)born_s);
	ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(born_s + (m->days ? m->days : 90) * MAKE_DAY_S));
	assert_true(X509_set_pubkey(x, m->key));
	X509V3_set_ctx(&ctx, x, x, NULL, NULL, 0);
	for (int i = 0; i < MAKE_EXTENSIONS && m->extension[i].value; i++) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, m->extension[i].nid, m->extension[i].value);
		assert_non_null(e);
		X509_add_ext(x, e, -1);
		X509_EXTENSION_free(e);
	}
	X509_NAME_free(subject);
	X509_NAME_free(issuer);
	return x;
}

static inline X509 *make(const struct make *m)
{
	X509 *x = make_unsigned(m);

	make_sign(x, m->signer ? m->signer : m->key, m->md);
	return x;
}

#define MAKE_CA {NID_basic_constraints, "critical,CA:TRUE"}

static inline void make_end(void)
{
	while (n_make_x509)
		X509_free(make_x509[--n_make_x509]);
	while (n_make_keys)
		EVP_PKEY_free(make_keys[--n_make_keys]);
}

// A certificate_list.
struct list {
	uint8_t octets[MAKE_LIST_MAX];
	size_t len;
};

static inline void list_octets(struct list *l, const uint8_t *p, size_t len)
{
	assert_true(l->len + 3 + len <= MAKE_LIST_MAX);
	l->octets[l->len++] = (uint8_t)(len >> 16);
	l->octets[l->len++] = (uint8_t)(len >> 8);
	l->octets[l->len++] = (uint8_t)len;
	memcpy(l->octets + l->len, p, len);
	l->len += len;
}

static inline void list_x509(struct list *l, X509 *x)
{
	unsigned char *der = NULL;
	int len = i2d_X509(x, &der);

	assert_true(len > 0);
	list_octets(l, der, (size_t)len);
	OPENSSL_free(der);
}

// Octets that end where memory ends. Valid until the next call.
static inline const uint8_t *guarded(const uint8_t *p, size_t len)
{
	static uint8_t *end;

	if (!end) {
		size_t page = (size_t)sysconf(_SC_PAGESIZE);
		uint8_t *base = mmap(NULL, MAKE_LIST_MAX + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_true(base != MAP_FAILED && mprotect(base + MAKE_LIST_MAX, page, PROT_NONE) == 0);
		end = base + MAKE_LIST_MAX;
	}
	return len ? memcpy(end - len, p, len) : end;
}

static inline struct cert *open_cert(const char *store, uint32_t cache_max)
{
	const struct cert_config config = {.trust_store = store, .cache_max = cache_max};
	struct cert *c;

	assert_int_equal(cert_open(&c, &config), 0);
	return c;
}

static inline void take(struct cert *c, struct peer *p, const struct list *l, const char *reference)
{
	cert_take_chain(c, p, guarded(l->octets, l->len), l->len, reference);
}

// One certificate, without a store.
static inline struct peer taken(X509 *x, const char *reference)
{
	static struct list l;
	struct cert *c = open_cert(NULL, 0);
	struct peer p = {0};

	l.len = 0;
	list_x509(&l, x);
	take(c, &p, &l, reference);
	cert_close(&c);
	return p;
}

// A file below a new directory, with these certificates in PEM; its path stays valid until the next call.
static inline const char *pem_file(X509 *const *x, size_t n)
{
	static char path[64];
	snprintf(path, sizeof(path), "/tmp/postwacht-cert-XXXXXX");
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	assert_non_null(f);
	for (size_t i = 0; i < n; i++)
		assert_true(PEM_write_X509(f, x[i]));
	fclose(f);
	return path;
}

// Two ends of a TLS 1.3 handshake in memory, made by OpenSSL, and everything a tap and a key log would have of it.
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "alerts/keylog/keylog.h"

enum { HANDSHAKE_OCTETS = 65536, HANDSHAKE_ROUNDS = 8 };

struct handshake_story {
	const char *name;
	uint16_t suite;
	bool client_certificate, certificate_asked, staple, alpn, reject, retry;
	size_t fragment, padding; // of the server's and the client's records; 0 as OpenSSL likes it
};

// Directions: 0 the client's, 1 the server's.
struct handshake {
	uint16_t suite;
	struct keylog_secrets secrets;
	uint8_t *flight[2];      // encrypted records
	size_t flight_len[2];
	size_t server_finished;  // octets of the server's flight up to its Finished
	uint8_t *chain[2];       // certificates that the other end received, each behind its 24-bit length
	size_t chain_len[2];
};

static const uint8_t handshake_staple[1000] = {0x30, 0x82, 3, 0xe4, 0x0a, 1, 6};

static struct keylog *handshake_log;

static inline void handshake_keylog(const SSL *ssl, const char *line)
{
	keylog_take(handshake_log, line, strlen(line), 1);
}

static inline EVP_PKEY *handshake_key(void)
{
	static EVP_PKEY *key; // for the life of the test
	if (!key)
		key = EVP_EC_gen("P-256");
	assert_non_null(key);
	return key;
}

static inline X509 *handshake_certificate(const char *name)
{
	X509 *x = X509_new();
	X509_NAME *n = X509_get_subject_name(x);
	assert_true(X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), 42));
	assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
	assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
	assert_true(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0));
	assert_true(X509_set_issuer_name(x, n) && X509_set_pubkey(x, handshake_key()));
	assert_true(X509_sign(x, handshake_key(), EVP_sha256()) > 0);
	return x;
}

static inline int handshake_accept(int ok, X509_STORE_CTX *ctx)
{
	return 1;
}

static inline int handshake_reject(int ok, X509_STORE_CTX *ctx)
{
	X509_STORE_CTX_set_error(ctx, X509_V_ERR_CERT_REJECTED);
	return 0;
}

static inline int handshake_status(SSL *ssl, void *arg)
{
	if (arg)
		SSL_set_tlsext_status_ocsp_resp(ssl, OPENSSL_memdup(handshake_staple, sizeof(handshake_staple)), sizeof(handshake_staple));
	return arg ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static inline int handshake_alpn(SSL *ssl, const unsigned char **out, unsigned char *len, const unsigned char *in,
                                 unsigned int in_len, void *arg)
{
	*out = in + 1;
	*len = in[0];
	return SSL_TLSEXT_ERR_OK;
}

static inline const char *handshake_suite_name(uint16_t suite)
{
	static const char *const names[] = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
		"TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"};
	return names[suite - 0x1301];
}

// A context of either end, with a leaf and one more certificate to show.
static inline SSL_CTX *handshake_context(const SSL_METHOD *method, const struct handshake_story *s, bool certificate,
                                         const char *name)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	SSL_CTX_set_security_level(ctx, 0);
	assert_true(SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) && SSL_CTX_set_ciphersuites(ctx, handshake_suite_name(s->suite)));
	SSL_CTX_set_keylog_callback(ctx, handshake_keylog);
	if (s->fragment)
		assert_true(SSL_CTX_set_max_send_fragment(ctx, (long)s->fragment));
	if (s->padding)
		assert_true(SSL_CTX_set_block_padding(ctx, s->padding));
	if (!certificate)
		return ctx;
	X509 *leaf = handshake_certificate(name);
	assert_true(SSL_CTX_use_certificate(ctx, leaf) && SSL_CTX_use_PrivateKey(ctx, handshake_key()));
	assert_true(SSL_CTX_add0_chain_cert(ctx, handshake_certificate("CA")));
	X509_free(leaf);
	return ctx;
}

static inline SSL *handshake_client(const struct handshake_story *s)
{
	SSL_CTX *ctx = handshake_context(TLS_client_method(), s, s->client_certificate, "client");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, s->reject ? handshake_reject : handshake_accept);
	assert_true(SSL_CTX_set1_groups_list(ctx, s->retry ? "X25519:P-256" : "P-256"));
	if (s->alpn)
		assert_int_equal(SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)"\4smtp", 5), 0);
	SSL *ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	if (s->staple)
		SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp);
	SSL_set_connect_state(ssl);
	return ssl;
}

static inline SSL *handshake_server(const struct handshake_story *s)
{
	SSL_CTX *ctx = handshake_context(TLS_server_method(), s, true, "mx.b.example");
	if (s->client_certificate || s->certificate_asked)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, handshake_accept);
	assert_true(SSL_CTX_set1_groups_list(ctx, "P-256"));
	SSL_CTX_set_tlsext_status_cb(ctx, handshake_status);
	SSL_CTX_set_tlsext_status_arg(ctx, s->staple ? ctx : NULL);
	SSL_CTX_set_alpn_select_cb(ctx, handshake_alpn, NULL);
	SSL *ssl = SSL_new(ctx);
	SSL_CTX_free(ctx);
	SSL_set_accept_state(ssl);
	return ssl;
}

// Moves what `from` wrote to `to`, and keeps what a tap would: records of type 23 after the hellos.
static inline void handshake_move(struct handshake *h, int dir, SSL *from, SSL *to)
{
	static uint8_t octets[HANDSHAKE_OCTETS];
	int n = BIO_read(SSL_get_wbio(from), octets, sizeof(octets));

	if (n <= 0)
		return;
	assert_int_equal(BIO_write(SSL_get_rbio(to), octets, n), n);
	for (size_t at = 0; at < (size_t)n;) {
		size_t len = 5 + ((size_t)octets[at + 3] << 8 | octets[at + 4]);
		if (octets[at] == 23) {
			assert_true(h->flight_len[dir] + len <= HANDSHAKE_OCTETS);
			memcpy(h->flight[dir] + h->flight_len[dir], octets + at, len);
			h->flight_len[dir] += len;
		}
		at += len;
	}
}

static inline void handshake_chain(struct handshake *h, int dir, STACK_OF(X509) *certificates, X509 *leaf)
{
	uint8_t *at = h->chain[dir];

	for (int i = leaf ? -1 : 0; i < sk_X509_num(certificates); i++) {
		uint8_t *start = at, *der = at + 3;
		int n = i2d_X509(i < 0 ? leaf : sk_X509_value(certificates, i), &der);
		*at++ = (uint8_t)(n >> 16);
		*at++ = (uint8_t)(n >> 8);
		*at++ = (uint8_t)n;
		assert_int_equal(at + n - start, 3 + n);
		at += n;
	}
	h->chain_len[dir] = (size_t)(at - h->chain[dir]);
}

static inline void handshake_learn(struct handshake *h, const struct handshake_story *s, SSL *client, SSL *server)
{
	uint8_t client_random[32];
	X509 *leaf = SSL_get1_peer_certificate(server);

	assert_int_equal(SSL_get_client_random(client, client_random, 32), 32);
	const struct keylog_secrets *secrets = keylog_find(handshake_log, client_random);
	assert_non_null(secrets);
	h->secrets = *secrets;
	h->suite = (uint16_t)SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(server));
	// The server's end has the leaf apart.
	if (leaf)
		handshake_chain(h, 0, SSL_get_peer_cert_chain(server), leaf);
	handshake_chain(h, 1, SSL_get_peer_cert_chain(client), NULL);
	X509_free(leaf);
}

// The whole story; both ends say one thing afterwards that is none of our business.
static inline void handshake_run(struct handshake *h, const struct handshake_story *s)
{
	SSL *client = handshake_client(s), *server = handshake_server(s);

	*h = (struct handshake){0};
	for (int d = 0; d < 2; d++) {
		h->flight[d] = calloc(1, HANDSHAKE_OCTETS);
		h->chain[d] = calloc(1, HANDSHAKE_OCTETS);
	}
	assert_int_equal(keylog_open(&handshake_log, NULL), 0);
	SSL_set_bio(client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_bio(server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	for (int i = 0; i < HANDSHAKE_ROUNDS; i++) {
		(void)SSL_do_handshake(client);
		handshake_move(h, 0, client, server);
		(void)SSL_do_handshake(server);
		handshake_move(h, 1, server, client);
		// Everything up to the server's Finished comes before the client's answer.
		if (!h->server_finished)
			h->server_finished = h->flight_len[1];
	}
	assert_int_equal(SSL_is_init_finished(client) && SSL_is_init_finished(server), !s->reject);
	if (!s->reject) {
		assert_int_equal(SSL_write(client, "EHLO x\r\n", 8), 8);
		assert_int_equal(SSL_write(server, "220 y\r\n", 7), 7);
	}
	handshake_move(h, 0, client, server);
	handshake_move(h, 1, server, client);
	handshake_learn(h, s, client, server);
	SSL_free(client);
	SSL_free(server);
	keylog_close(&handshake_log);
}

static inline void handshake_free(struct handshake *h)
{
	for (int d = 0; d < 2; d++) {
		free(h->flight[d]);
		free(h->chain[d]);
	}
}

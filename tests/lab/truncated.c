// A TLS 1.2 end made of Mbed TLS 2.28, which still knows truncated HMACs (RFC 6066 7). Knows no SMTP in clear:
// tests/lab/bridge.py says STARTTLS for it.
//
//     truncated server PORT CERT KEY     one connection after the other
//     truncated client PORT              one, to loopback
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <stdio.h>
#include <string.h>

static const int suites[] = { MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA, 0 };

int main(int n, char **a)
{
	int server = n > 4 && strcmp(a[1], "server") == 0;
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_ssl_config config;
	mbedtls_x509_crt cert;
	mbedtls_pk_context key;
	mbedtls_net_context listener, peer;
	unsigned char room[4096];

	mbedtls_entropy_init(&entropy);
	mbedtls_ctr_drbg_init(&random);
	mbedtls_ssl_config_init(&config);
	mbedtls_x509_crt_init(&cert);
	mbedtls_pk_init(&key);
	mbedtls_net_init(&listener);
	mbedtls_net_init(&peer);
	if (n < 3 || mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0) ||
	    mbedtls_ssl_config_defaults(&config, server, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT))
		return 1;
	mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
	mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_NONE);
	mbedtls_ssl_conf_ciphersuites(&config, suites);
	mbedtls_ssl_conf_truncated_hmac(&config, MBEDTLS_SSL_TRUNC_HMAC_ENABLED);
	if (server && (mbedtls_x509_crt_parse_file(&cert, a[3]) || mbedtls_pk_parse_keyfile(&key, a[4], NULL) ||
	               mbedtls_ssl_conf_own_cert(&config, &cert, &key) || mbedtls_net_bind(&listener, "127.0.0.1", a[2], 0)))
		return 1;
	do {
		mbedtls_ssl_context ssl;
		int got;
		mbedtls_ssl_init(&ssl);
		if (server ? mbedtls_net_accept(&listener, &peer, NULL, 0, NULL) : mbedtls_net_connect(&peer, "127.0.0.1", a[2], 0))
			return 1;
		if (mbedtls_ssl_setup(&ssl, &config))
			return 1;
		mbedtls_ssl_set_bio(&ssl, &peer, mbedtls_net_send, mbedtls_net_recv, NULL);
		while ((got = mbedtls_ssl_handshake(&ssl)) == MBEDTLS_ERR_SSL_WANT_READ)
			;
		fprintf(stderr, "handshake: %d\n", got);
		if (server) {
			mbedtls_ssl_read(&ssl, room, sizeof(room));
			mbedtls_ssl_write(&ssl, (const unsigned char *)"250 mx.rcpt.example\r\n", 21);
			mbedtls_ssl_read(&ssl, room, sizeof(room));
		} else {
			mbedtls_ssl_write(&ssl, (const unsigned char *)"EHLO client.sender.example\r\n", 28);
			mbedtls_ssl_read(&ssl, room, sizeof(room));
			mbedtls_ssl_write(&ssl, (const unsigned char *)"QUIT\r\n", 6);
		}
		mbedtls_ssl_close_notify(&ssl);
		mbedtls_ssl_free(&ssl);
		mbedtls_net_free(&peer);
	} while (server);
	return 0;
}

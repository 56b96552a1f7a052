// Scripts of mail sessions with real TLS octets: see tests/bench/script.h.
#include "tests/bench/script.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what)
{
	fprintf(stderr, "bench: %s failed\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static void say(struct script *s, enum dir d, const void *octets, size_t len)
{
	if (!len)
		return;
	s->said = realloc(s->said, (s->n + 1) * sizeof(*s->said));
	struct utterance *u = &s->said[s->n++];
	u->d = d;
	u->len = (uint32_t)len;
	u->octets = malloc(len);
	if (!s->said || !u->octets)
		die("memory");
	memcpy(u->octets, octets, len);
}

static void say_text(struct script *s, enum dir d, const char *text)
{
	say(s, d, text, strlen(text));
}

// ---- TLS through memory --------------------------------------------------------------------------------------

struct ends {
	SSL *ssl[2]; // by direction of sending: client, server
};

static SSL_CTX *server_context(void)
{
	static SSL_CTX *ctx;
	if (ctx)
		return ctx;
	EVP_PKEY *key = EVP_RSA_gen(2048);
	X509 *cert = X509_new();
	ctx = SSL_CTX_new(TLS_server_method());
	if (!key || !cert || !ctx)
		die("certificate");
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_set_pubkey(cert, key);
	X509_NAME *name = X509_get_subject_name(cert);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"mx.b.example", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	if (!X509_sign(cert, key, EVP_sha256()) || SSL_CTX_use_certificate(ctx, cert) != 1 || SSL_CTX_use_PrivateKey(ctx, key) != 1)
		die("certificate");
	X509_free(cert);
	EVP_PKEY_free(key);
	return ctx;
}

static void ends_open(struct ends *e, int version)
{
	static SSL_CTX *client;
	if (!client)
		client = SSL_CTX_new(TLS_client_method());
	SSL_CTX *ctx[2] = {client, server_context()};
	for (int d = 0; d < 2; d++) {
		e->ssl[d] = SSL_new(ctx[d]);
		if (!e->ssl[d] || !SSL_set_min_proto_version(e->ssl[d], version) || !SSL_set_max_proto_version(e->ssl[d], version))
			die("TLS");
		SSL_set_bio(e->ssl[d], BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	}
	SSL_set_connect_state(e->ssl[0]);
	SSL_set_accept_state(e->ssl[1]);
	SSL_set_tlsext_host_name(e->ssl[0], "mx.b.example");
}

// What end `d` has put into its memory goes on the wire and to the other end.
static size_t carry(struct script *s, struct ends *e, enum dir d)
{
	char *octets;
	long len = BIO_get_mem_data(SSL_get_wbio(e->ssl[d]), &octets);
	if (len <= 0)
		return 0;
	say(s, d, octets, (size_t)len);
	if (BIO_write(SSL_get_rbio(e->ssl[dir_other(d)]), octets, (int)len) != len)
		die("BIO");
	(void)BIO_reset(SSL_get_wbio(e->ssl[d]));
	return (size_t)len;
}

static void handshake(struct script *s, struct ends *e)
{
	for (int round = 0; round < 10; round++) {
		(void)SSL_do_handshake(e->ssl[round % 2]);
		carry(s, e, (enum dir)(round % 2));
	}
	if (!SSL_is_init_finished(e->ssl[0]) || !SSL_is_init_finished(e->ssl[1]))
		die("handshake");
}

static void say_sealed(struct script *s, struct ends *e, enum dir d, const char *text, size_t len)
{
	char sink[20000];
	if (SSL_write(e->ssl[d], text, (int)len) != (int)len)
		die("SSL_write");
	carry(s, e, d);
	while (SSL_read(e->ssl[dir_other(d)], sink, sizeof(sink)) > 0)
		continue;
}

// ---- dialogues -----------------------------------------------------------------------------------------------

// One line of the dialogue, sealed when there are ends to seal it.
static void speak(struct script *s, struct ends *e, enum dir d, const char *text, size_t len)
{
	if (e)
		say_sealed(s, e, d, text, len);
	else
		say(s, d, text, len);
}

static void speak_text(struct script *s, struct ends *e, enum dir d, const char *text)
{
	speak(s, e, d, text, strlen(text));
}

static void mail(struct script *s, struct ends *e, const struct script_config *c, uint32_t number)
{
	char line[128];
	snprintf(line, sizeof(line), "MAIL FROM:<u%u@a.example> SIZE=%u\r\n", number, c->message_octets);
	speak_text(s, e, DIR_C2S, line);
	speak_text(s, e, DIR_S2C, "250 2.1.0 Ok\r\n");
	snprintf(line, sizeof(line), "RCPT TO:<v%u@b.example>\r\n", number);
	speak_text(s, e, DIR_C2S, line);
	speak_text(s, e, DIR_S2C, "250 2.1.5 Ok\r\n");
	speak_text(s, e, DIR_C2S, "DATA\r\n");
	speak_text(s, e, DIR_S2C, "354 End data with <CR><LF>.<CR><LF>\r\n");
	char *body = malloc(c->message_octets + 8);
	if (!body)
		die("memory");
	for (uint32_t i = 0; i < c->message_octets; i++)
		body[i] = i + 1 == c->message_octets ? '.' : i % 76 == 74 ? '\r' : i % 76 == 75 ? '\n' : (char)('a' + (i * 7 + number) % 26);
	memcpy(body + c->message_octets, "\r\n.\r\n", 5);
	for (uint32_t at = 0; at < c->message_octets + 5;) {
		uint32_t part = c->message_octets + 5 - at < 16384 ? c->message_octets + 5 - at : 16384;
		speak(s, e, DIR_C2S, body + at, part);
		at += part;
	}
	free(body);
	speak_text(s, e, DIR_S2C, "250 2.0.0 Ok: queued as 4BxYz\r\n");
}

void script_make(struct script *s, const struct script_config *c, uint32_t number)
{
	static const char ehlo_reply[] = "250-mx.b.example\r\n250-PIPELINING\r\n250-SIZE 52428800\r\n250-STARTTLS\r\n"
									 "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250 CHUNKING\r\n";
	struct ends ends, *e = NULL;
	memset(s, 0, sizeof(*s));
	if (c->kind != SCRIPT_CLEAR) {
		ends_open(&ends, c->kind == SCRIPT_TLS12 ? TLS1_2_VERSION : TLS1_3_VERSION);
		e = &ends;
	}
	if (c->kind == SCRIPT_IMPLICIT) {
		handshake(s, e);
		speak_text(s, e, DIR_S2C, "220 mx.b.example ESMTP\r\n");
	} else {
		say_text(s, DIR_S2C, "220 mx.b.example ESMTP\r\n");
		say_text(s, DIR_C2S, "EHLO out.a.example\r\n");
		say_text(s, DIR_S2C, ehlo_reply);
		if (e) {
			say_text(s, DIR_C2S, "STARTTLS\r\n");
			say_text(s, DIR_S2C, "220 2.0.0 Ready to start TLS\r\n");
			handshake(s, e);
		}
	}
	if (e) {
		speak_text(s, e, DIR_C2S, "EHLO out.a.example\r\n");
		speak_text(s, e, DIR_S2C, ehlo_reply);
	}
	for (uint32_t i = 0; i < c->n_messages; i++)
		mail(s, e, c, number);
	speak_text(s, e, DIR_C2S, "QUIT\r\n");
	speak_text(s, e, DIR_S2C, "221 2.0.0 Bye\r\n");
	if (e) {
		SSL_shutdown(e->ssl[0]);
		carry(s, e, DIR_C2S);
		SSL_free(e->ssl[0]);
		SSL_free(e->ssl[1]);
	}
}

void script_free(struct script *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->said[i].octets);
	free(s->said);
	memset(s, 0, sizeof(*s));
}

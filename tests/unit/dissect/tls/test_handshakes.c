// Real handshakes: OpenSSL talks to itself in memory, the machine listens, and both must tell the same story.
#include "dissect/tls/names.h"
#include "tests/unit/dissect/tls/tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

enum first_speaker { CLIENT_FIRST, SERVER_FIRST };

struct row {
	const char *name;
	int version;
	const char *ciphers;        // TLS <= 1.2, both sides; NULL default
	const char *server_ciphers; // ... if the server's differ
	const char *suites;         // TLS 1.3
	const char *client_groups, *server_groups;
	const char *sni, *alpn;
	bool ticket_off; // resume by session id
	bool resume, early;
	bool client_cert, ask_client_cert;
	bool client_verifies, server_verifies; // ... and trusts nobody
	enum first_speaker first;
	bool fails;
	bool want_retry, want_server_first, want_encrypted_alert;
	int want_alert; // + 1; 0 none
	enum dir want_alert_dir;
};

static const char ec_only[] = "ECDHE-ECDSA-AES128-GCM-SHA256";

static const struct row rows[] = {
	{"TLS 1.0", .version = TLS1_VERSION, .sni = "mx.example"},
	{"TLS 1.1", .version = TLS1_1_VERSION},
	{"TLS 1.2", .version = TLS1_2_VERSION, .sni = "mx.example", .alpn = "\x04smtp"},
	{"TLS 1.2, CBC", .version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES256-SHA384"},
	{"TLS 1.2, anonymous", .version = TLS1_2_VERSION, .ciphers = "AECDH-AES256-SHA"},
	{"TLS 1.2, NULL", .version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-NULL-SHA"},
	{"TLS 1.2, resumed by ticket", .version = TLS1_2_VERSION, .resume = true},
	{"TLS 1.2, resumed by id", .version = TLS1_2_VERSION, .resume = true, .ticket_off = true},
	{"TLS 1.2, client certificate", .version = TLS1_2_VERSION, .ask_client_cert = true, .client_cert = true},
	{"TLS 1.2, server speaks first", .version = TLS1_2_VERSION, .first = SERVER_FIRST, .want_server_first = true},
	{"TLS 1.2, resumed, server speaks first", .version = TLS1_2_VERSION, .resume = true, .first = SERVER_FIRST,
		.want_server_first = true},
	{"TLS 1.2, no shared cipher", .version = TLS1_2_VERSION, .ciphers = ec_only,
		.server_ciphers = "ECDHE-RSA-AES128-GCM-SHA256", .fails = true, .want_alert = 1 + 40,
		.want_alert_dir = DIR_S2C},
	{"TLS 1.2, client rejects", .version = TLS1_2_VERSION, .client_verifies = true, .fails = true,
		.want_alert = 1 + 48, .want_alert_dir = DIR_C2S},
	{"TLS 1.3", .version = TLS1_3_VERSION, .sni = "mx.example",
		.alpn = "\x04smtp\x05"
			"esmtp"},
	{"TLS 1.3, AES-128", .version = TLS1_3_VERSION, .suites = "TLS_AES_128_GCM_SHA256"},
	{"TLS 1.3, CCM-8", .version = TLS1_3_VERSION, .suites = "TLS_AES_128_CCM_8_SHA256"},
	{"TLS 1.3, P-384", .version = TLS1_3_VERSION, .client_groups = "P-384", .server_groups = "P-384"},
	{"TLS 1.3, HelloRetryRequest", .version = TLS1_3_VERSION, .client_groups = "X25519:P-256",
		.server_groups = "P-256", .sni = "mx.example", .want_retry = true},
	{"TLS 1.3, resumed", .version = TLS1_3_VERSION, .resume = true},
	{"TLS 1.3, early data", .version = TLS1_3_VERSION, .resume = true, .early = true},
	{"TLS 1.3, client certificate", .version = TLS1_3_VERSION, .ask_client_cert = true, .client_cert = true},
	{"TLS 1.3, client certificate asked in vain", .version = TLS1_3_VERSION, .ask_client_cert = true},
	{"TLS 1.3, server speaks first", .version = TLS1_3_VERSION, .first = SERVER_FIRST},
	{"TLS 1.3, client rejects", .version = TLS1_3_VERSION, .client_verifies = true, .fails = true,
		.want_alert = 1 + 48, .want_alert_dir = DIR_C2S},
	{"TLS 1.3, server rejects", .version = TLS1_3_VERSION, .server_verifies = true, .fails = true,
		.want_encrypted_alert = true},
	{"TLS 1.3, server rejects a certificate", .version = TLS1_3_VERSION, .server_verifies = true,
		.client_cert = true, .fails = true, .want_encrypted_alert = true},
	{"TLS 1.3, no shared group", .version = TLS1_3_VERSION, .client_groups = "P-521", .server_groups = "P-256",
		.fails = true, .want_alert = 1 + 40, .want_alert_dir = DIR_S2C},
};

struct pair {
	SSL_CTX *ctx[2];
	SSL *ssl[2];
	SSL_SESSION *session;
};

static EVP_PKEY *key;
static X509 *cert;

static int setup(void **state)
{
	key = EVP_EC_gen("P-256");
	cert = X509_new();
	X509_set_version(cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	X509_NAME *name = X509_get_subject_name(cert);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"mx.example", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_set_pubkey(cert, key);
	return X509_sign(cert, key, EVP_sha256()) > 0 ? 0 : -1;
}

static int teardown(void **state)
{
	X509_free(cert);
	EVP_PKEY_free(key);
	return 0;
}

static int accept_any(int ok, X509_STORE_CTX *store)
{
	return 1;
}

static int alpn_select(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
	unsigned in_len, void *arg)
{
	*out = in + 1;
	*out_len = in[0];
	return SSL_TLSEXT_ERR_OK;
}

static void ctx_open(struct pair *p, const struct row *r, enum dir d)
{
	SSL_CTX *c = p->ctx[d] = SSL_CTX_new(d == DIR_C2S ? TLS_client_method() : TLS_server_method());
	const char *ciphers = d == DIR_S2C && r->server_ciphers ? r->server_ciphers : r->ciphers;
	const char *groups = d == DIR_C2S ? r->client_groups : r->server_groups;
	char all[256];
	snprintf(all, sizeof(all), "%s:@SECLEVEL=0", ciphers ? ciphers : "ALL");
	assert_int_equal(SSL_CTX_set_cipher_list(c, all), 1);
	SSL_CTX_set_min_proto_version(c, r->version);
	SSL_CTX_set_max_proto_version(c, r->version);
	if (r->suites)
		assert_int_equal(SSL_CTX_set_ciphersuites(c, r->suites), 1);
	if (groups)
		assert_int_equal(SSL_CTX_set1_groups_list(c, groups), 1);
	if (r->ticket_off)
		SSL_CTX_set_options(c, SSL_OP_NO_TICKET);
	if (d == DIR_S2C || r->client_cert) {
		assert_int_equal(SSL_CTX_use_certificate(c, cert), 1);
		assert_int_equal(SSL_CTX_use_PrivateKey(c, key), 1);
	}
	SSL_CTX_set_session_id_context(c, (const unsigned char *)"t", 1);
	SSL_CTX_set_max_early_data(c, r->early ? 16384 : 0);
	if (d == DIR_C2S && r->client_verifies)
		SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	if (d == DIR_S2C && r->server_verifies)
		SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	if (d == DIR_S2C && r->ask_client_cert)
		SSL_CTX_set_verify(c, SSL_VERIFY_PEER, accept_any);
	if (d == DIR_S2C && r->alpn)
		SSL_CTX_set_alpn_select_cb(c, alpn_select, NULL);
}

static void ssl_open(struct pair *p, const struct row *r)
{
	for (int d = 0; d < 2; d++) {
		p->ssl[d] = SSL_new(p->ctx[d]);
		SSL_set_bio(p->ssl[d], BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	}
	SSL_set_connect_state(p->ssl[DIR_C2S]);
	SSL_set_accept_state(p->ssl[DIR_S2C]);
	if (r->sni)
		SSL_set_tlsext_host_name(p->ssl[DIR_C2S], r->sni);
	if (r->alpn)
		SSL_set_alpn_protos(p->ssl[DIR_C2S], (const unsigned char *)r->alpn, (unsigned)strlen(r->alpn));
	if (p->session)
		SSL_set_session(p->ssl[DIR_C2S], p->session);
}

static void ssl_close(struct pair *p)
{
	SSL_free(p->ssl[0]);
	SSL_free(p->ssl[1]);
}

// What `d` has to send goes to its peer and on the tape.
static size_t flush(struct pair *p, struct tape *t, enum dir d)
{
	char *octets;
	long len = BIO_get_mem_data(SSL_get_wbio(p->ssl[d]), &octets);
	if (len <= 0)
		return 0;
	tape_say(t, d, octets, (size_t)len);
	BIO_write(SSL_get_rbio(p->ssl[dir_other(d)]), octets, (int)len);
	(void)BIO_reset(SSL_get_wbio(p->ssl[d]));
	return (size_t)len;
}

static void handshake(struct pair *p, struct tape *t)
{
	bool moved = true;
	while (moved) {
		moved = false;
		for (int d = 0; d < 2; d++) {
			SSL_do_handshake(p->ssl[d]);
			moved |= flush(p, t, (enum dir)d) > 0;
		}
	}
}

static void say(struct pair *p, struct tape *t, enum dir d, const char *text)
{
	char in[4096];
	SSL_read(p->ssl[d], in, sizeof(in)); // tickets, and what the peer said before
	assert_int_equal(SSL_write(p->ssl[d], text, (int)strlen(text)), (int)strlen(text));
	flush(p, t, d);
	SSL_read(p->ssl[dir_other(d)], in, sizeof(in));
}

static void dialogue(struct pair *p, struct tape *t, enum first_speaker first)
{
	if (first == SERVER_FIRST)
		say(p, t, DIR_S2C, "250 mx.example was asked before\r\n");
	say(p, t, DIR_C2S, "EHLO client.example\r\n");
	say(p, t, DIR_S2C, "250-mx.example\r\n250 PIPELINING\r\n");
	say(p, t, DIR_C2S, "MAIL FROM:<someone@client.example>\r\n");
	say(p, t, DIR_S2C, "250 2.1.0 Ok\r\n");
}

// A first connection, to have a session; nobody listens.
static void first_connection(struct pair *p, const struct row *r)
{
	struct tape t = {0};
	ssl_open(p, r);
	handshake(p, &t);
	dialogue(p, &t, CLIENT_FIRST);
	p->session = SSL_get1_session(p->ssl[DIR_C2S]);
	for (int d = 0; d < 2; d++) // an orderly end: otherwise the server drops the session
		SSL_set_shutdown(p->ssl[d], SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	ssl_close(p);
	tape_free(&t);
}

static void early(struct pair *p, struct tape *t)
{
	size_t n;
	char in[256];
	for (int i = 0; i < 4; i++) // more records than the machine remembers, all longer than an alert
		assert_int_equal(
			SSL_write_early_data(p->ssl[DIR_C2S], "EHLO early.client.example, and more\r\n", 37, &n), 1);
	flush(p, t, DIR_C2S);
	while (SSL_read_early_data(p->ssl[DIR_S2C], in, sizeof(in), &n) == SSL_READ_EARLY_DATA_SUCCESS)
		;
	flush(p, t, DIR_S2C);
}

static uint16_t group_of(const SSL *ssl)
{
	switch (SSL_get_negotiated_group((SSL *)ssl)) {
	case NID_X9_62_prime256v1:
		return 23;
	case NID_secp384r1:
		return 24;
	case NID_X25519:
		return 29;
	default:
		return 0;
	}
}

static void check_completed(const struct row *r, const SSL *ssl, const struct tape_result *got)
{
	const struct tls_facts *f = &got->facts.tls;
	const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl);
	bool resumed = SSL_session_reused((SSL *)ssl);
	assert_true(f->completed && f->client_finished_more && got->sealed && f->server_hello);
	assert_int_equal(f->server_version, SSL_version(ssl));
	assert_int_equal(f->suite, SSL_CIPHER_get_protocol_id(cipher));
	assert_string_equal(tls_suite_name(f->suite), SSL_CIPHER_standard_name(cipher));
	assert_int_equal(tls_suite_is_anon(f->suite), SSL_CIPHER_get_auth_nid(cipher) == NID_auth_null);
	assert_int_equal(f->resumed, resumed);
	assert_int_equal(f->resumed, r->resume);
	if (r->version == TLS1_3_VERSION) {
		assert_int_equal(f->group, group_of(ssl));
		assert_int_equal(f->peer_cert, resumed ? CERT_RESUMED : CERT_ENCRYPTED);
	} else {
		bool shown = !resumed && SSL_CIPHER_get_auth_nid(cipher) != NID_auth_null;
		assert_int_equal(f->certificate, shown);
		assert_int_equal(f->peer_cert, resumed ? CERT_RESUMED : shown ? CERT_SEEN : CERT_NOT_SEEN);
	}
}

static void check_text(const struct facts *f, struct text got, const char *want, size_t len)
{
	assert_int_equal(got.len, len);
	assert_memory_equal(facts_text(f, got), want, len);
}

static void check(const struct row *r, const SSL *ssl, const struct tape_result *got)
{
	const struct tls_facts *f = &got->facts.tls;
	print_message("%s\n", r->name);
	assert_true(f->client_hello && f->records[0] && f->records[1]);
	assert_int_equal(f->client_version, r->version);
	check_text(&got->facts, f->sni, r->sni ? r->sni : "", r->sni ? strlen(r->sni) : 0);
	check_text(&got->facts, f->alpn, r->alpn ? r->alpn + 1 : "", r->alpn ? (size_t)r->alpn[0] : 0);
	assert_int_equal(f->hello_retry, r->want_retry);
	assert_int_equal(f->server_appdata_first, r->want_server_first);
	assert_int_equal(f->encrypted_alert_close, r->want_encrypted_alert);
	assert_int_equal(f->alert_clear, r->want_alert > 0);
	if (r->want_alert) {
		assert_int_equal(f->alert_level, 2);
		assert_int_equal(f->alert_code, r->want_alert - 1);
		assert_int_equal(f->alert_dir, r->want_alert_dir);
	}
	assert_int_equal(got->not_tls[0] + got->not_tls[1], 0);
	assert_int_equal(got->counter[COUNT_tls_malformed], 0);
	if (r->fails)
		assert_false(f->completed || got->sealed);
	else
		check_completed(r, ssl, got);
}

static void pair_open(struct pair *p, const struct row *r)
{
	*p = (struct pair){0};
	ctx_open(p, r, DIR_C2S);
	ctx_open(p, r, DIR_S2C);
	if (r->resume)
		first_connection(p, r);
	ssl_open(p, r);
}

static void pair_close(struct pair *p)
{
	ssl_close(p);
	SSL_SESSION_free(p->session);
	SSL_CTX_free(p->ctx[0]);
	SSL_CTX_free(p->ctx[1]);
}

static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct pair p;
		struct tape t = {.end = END_FIN};
		static struct tape_result got;
		pair_open(&p, r);
		if (r->early)
			early(&p, &t);
		handshake(&p, &t);
		assert_int_equal(
			SSL_is_init_finished(p.ssl[DIR_S2C]) && SSL_is_init_finished(p.ssl[DIR_C2S]), !r->fails);
		if (!r->fails)
			dialogue(&p, &t, r->first);
		tape_play_all(&t, &got);
		check(r, p.ssl[DIR_C2S], &got);
		tape_free(&t);
		pair_close(&p);
	}
}

// Every step lost in turn: presence may still prove completion, but what is told is never wrong, and never more than
// was told with everything there.
static void test_losses(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		struct pair p;
		struct tape t = {.end = END_FIN};
		static struct tape_result all, got;
		pair_open(&p, r);
		handshake(&p, &t);
		if (!r->fails)
			dialogue(&p, &t, r->first);
		tape_play(&t, TAPE_WHOLE, 2, 2, &all);
		for (size_t lost = 0; lost < t.n; lost++) {
			uint8_t *kept = t.step[lost].p;
			t.step[lost].p = NULL;
			tape_play(&t, TAPE_WHOLE, 2, 2, &got);
			t.step[lost].p = kept;
			const struct tls_facts *f = &got.facts.tls, *a = &all.facts.tls;
			assert_true(a->completed || !f->completed);
			assert_true(!f->completed || f->server_hello || r->version != TLS1_3_VERSION);
			assert_true(!f->server_appdata_first || (a->server_appdata_first && lost + 1 >= t.n - 4));
			assert_true(
				!f->server_hello || (f->suite == a->suite && f->server_version == a->server_version));
			assert_int_equal(got.not_tls[0] + got.not_tls[1], 0);
		}
		tape_free(&t);
		pair_close(&p);
	}
}

// The client's packets overtake the server's in the capture: acknowledgements tell the true order.
static void test_swapped(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *r = &rows[i];
		if (r->fails || r->early)
			continue;
		struct pair p;
		struct tape t = {.end = END_FIN};
		static struct tape_result all, got;
		pair_open(&p, r);
		handshake(&p, &t);
		dialogue(&p, &t, r->first);
		tape_play(&t, TAPE_WHOLE, 2, 2, &all);
		for (size_t k = 0; k + 1 < t.n; k++) {
			struct tape_step first = t.step[k], second = t.step[k + 1];
			if (first.d == second.d)
				continue;
			t.step[k] = second;
			t.step[k + 1] = first;
			tape_play(&t, TAPE_WHOLE, 2, 2, &got);
			t.step[k] = first;
			t.step[k + 1] = second;
			assert_true(got.facts.tls.completed && got.sealed);
			assert_int_equal(got.facts.tls.suite, all.facts.tls.suite);
			assert_true(!got.facts.tls.server_appdata_first || r->want_server_first);
		}
		tape_free(&t);
		pair_close(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_losses),
		cmocka_unit_test(test_swapped),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

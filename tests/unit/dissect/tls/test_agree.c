// Every suite that this OpenSSL speaks, in every version: what the machine states is what OpenSSL says of the same handshake.
#include "dissect/tls/names.h"
#include "tests/unit/dissect/tls/tape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <xxhash.h>

static EVP_PKEY *keys[2]; // RSA, EC
static X509 *leaves[2], *extra;

static X509 *certificate(const char *name, EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x), 86400);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

static int setup(void **state)
{
	keys[0] = EVP_RSA_gen(2048);
	keys[1] = EVP_EC_gen("P-256");
	for (int i = 0; i < 2; i++)
		leaves[i] = certificate("mx.example", keys[i]);
	extra = certificate("CA", keys[1]);
	return 0;
}

static int teardown(void **state)
{
	for (int i = 0; i < 2; i++) {
		EVP_PKEY_free(keys[i]);
		X509_free(leaves[i]);
	}
	X509_free(extra);
	return 0;
}

static SSL_CTX *context(enum dir d, int version, const char *cipher)
{
	SSL_CTX *c = SSL_CTX_new(d == DIR_C2S ? TLS_client_method() : TLS_server_method());
	char list[128];
	snprintf(list, sizeof(list), "%s:@SECLEVEL=0", cipher);
	SSL_CTX_set_min_proto_version(c, version);
	SSL_CTX_set_max_proto_version(c, version);
	if (version == TLS1_3_VERSION)
		SSL_CTX_set_ciphersuites(c, cipher);
	else
		SSL_CTX_set_cipher_list(c, list);
	SSL_CTX_set_security_level(c, 0);
	SSL_CTX_set_dh_auto(c, 1);
	if (version == TLS1_1_VERSION)
		SSL_CTX_set1_groups_list(c, "P-384");
	SSL_CTX_set_session_id_context(c, (const unsigned char *)"t", 1);
	for (int i = 0; d == DIR_S2C && i < 2; i++) {
		assert_true(SSL_CTX_use_certificate(c, leaves[i]) && SSL_CTX_use_PrivateKey(c, keys[i]));
		assert_true(SSL_CTX_add1_chain_cert(c, extra));
	}
	return c;
}

static bool flush(SSL *from, SSL *to, struct tape *t, enum dir d)
{
	char *octets;
	long len = BIO_get_mem_data(SSL_get_wbio(from), &octets);
	if (len <= 0)
		return false;
	tape_say(t, d, octets, (size_t)len);
	BIO_write(SSL_get_rbio(to), octets, (int)len);
	(void)BIO_reset(SSL_get_wbio(from));
	return true;
}

static void say(SSL *ssl[2], struct tape *t, enum dir d)
{
	char in[256];
	SSL_read(ssl[d], in, sizeof(in));
	SSL_write(ssl[d], "a line that is long enough to be one\r\n", 38);
	flush(ssl[d], ssl[dir_other(d)], t, d);
	SSL_read(ssl[dir_other(d)], in, sizeof(in));
}

// False: the two do not come together with this suite.
static bool run(SSL *ssl[2], struct tape *t)
{
	for (int d = 0; d < 2; d++)
		SSL_set_bio(ssl[d], BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(ssl[0]);
	SSL_set_accept_state(ssl[1]);
	for (bool moved = true; moved;) {
		moved = false;
		for (int d = 0; d < 2; d++) {
			SSL_do_handshake(ssl[d]);
			moved |= flush(ssl[d], ssl[!d], t, (enum dir)d);
		}
	}
	if (!SSL_is_init_finished(ssl[0]) || !SSL_is_init_finished(ssl[1]))
		return false;
	for (int i = 0; i < 4; i++)
		say(ssl, t, i % 2 ? DIR_S2C : DIR_C2S);
	return true;
}

static void check_chain(SSL *client, const struct tape_result *got)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(client);
	const struct tape_shipped *s = &got->shipped[1];
	size_t at = 0;
	assert_true(got->n_shipped == 2 && s->kind == HANDSHAKE_CERTIFICATES);
	for (int i = 0; i < sk_X509_num(chain); i++) {
		unsigned char *der = NULL;
		size_t len = (size_t)i2d_X509(sk_X509_value(chain, i), &der);
		const uint8_t *p = got->octets + s->off + at;
		assert_int_equal((size_t)p[0] << 16 | (size_t)p[1] << 8 | p[2], len);
		assert_memory_equal(p + 3, der, len);
		at += 3 + len;
		OPENSSL_free(der);
	}
	assert_int_equal(at, s->len);
}

static uint64_t ticket_of(SSL *client)
{
	const unsigned char *ticket;
	size_t len = 0;
	SSL_SESSION_get0_ticket(SSL_get_session(client), &ticket, &len);
	return len ? XXH3_64bits(ticket, len) | 1 : 0;
}

static void check_key(SSL *client, const struct tls_facts *f)
{
	EVP_PKEY *key = NULL;
	bool has = SSL_get_peer_tmp_key(client, &key) == 1;
	assert_int_equal(f->dh_bits, has && EVP_PKEY_get_base_id(key) == EVP_PKEY_DH ? EVP_PKEY_get_bits(key) : 0);
	assert_int_equal(f->group != 0, has && EVP_PKEY_get_base_id(key) != EVP_PKEY_DH);
	if (f->group && EVP_PKEY_get_base_id(key) == EVP_PKEY_X25519)
		assert_int_equal(f->group, 29);
	else if (f->group)
		assert_int_equal(tls_group_curve_bits(f->group), EVP_PKEY_get_bits(key));
	EVP_PKEY_free(key);
}

static void check(SSL *client, const struct tape_result *got, bool resumed)
{
	const struct tls_facts *f = &got->facts.tls;
	const SSL_CIPHER *cipher = SSL_get_current_cipher(client);
	bool old = SSL_version(client) < TLS1_3_VERSION, anonymous = SSL_CIPHER_get_auth_nid(cipher) == NID_auth_null;
	int hash = NID_undef;
	assert_true(f->completed && got->sealed);
	assert_int_equal(f->suite, SSL_CIPHER_get_protocol_id(cipher));
	assert_int_equal(f->server_version, SSL_version(client));
	assert_int_equal(f->resumed, resumed);
	assert_int_equal(f->unoffered, 0);
	assert_int_equal(f->n_renegotiations, 0);
	assert_int_equal(got->counter[COUNT_tls_malformed], 0);
	if (!old)
		return;
	assert_int_equal((f->server_ext & TLS_EXT_EXTENDED_MASTER_SECRET) != 0, SSL_get_extms_support(client));
	assert_int_equal((f->server_ext & TLS_EXT_RENEGOTIATION_INFO) != 0, SSL_get_secure_renegotiation_support(client));
	assert_true(resumed ? f->resumption.ticket_offered != 0 : f->resumption.ticket_issued == ticket_of(client));
	if (resumed)
		return;
	check_key(client, f);
	bool is_signed = f->server_key_exchange && !anonymous && SSL_version(client) == TLS1_2_VERSION;
	assert_int_equal(f->ske_scheme != 0, is_signed);
	if (is_signed && SSL_get_peer_signature_nid(client, &hash) && f->ske_scheme >> 8 < 8)
		assert_int_equal(hash, f->ske_scheme >> 8 == 4 ? NID_sha256 : f->ske_scheme >> 8 == 5 ? NID_sha384 : f->ske_scheme >> 8 == 6 ? NID_sha512 : hash);
	if (!anonymous)
		check_chain(client, got);
}

// One suite, first in full and then resumed. False: it is not spoken.
static bool agree(int version, const char *cipher)
{
	static struct tape_result got;
	SSL_CTX *ctx[2] = {context(DIR_C2S, version, cipher), context(DIR_S2C, version, cipher)};
	SSL_SESSION *session = NULL;
	uint64_t issued = 0;
	bool spoken = true;
	for (int turn = 0; turn < 2 && spoken; turn++) {
		struct tape t = {.end = END_FIN};
		SSL *ssl[2] = {SSL_new(ctx[0]), SSL_new(ctx[1])};
		if (session)
			SSL_set_session(ssl[0], session);
		spoken = run(ssl, &t);
		if (spoken) {
			tape_play(&t, TAPE_WHOLE, 2, 2, &got);
			check(ssl[0], &got, turn == 1);
			tape_play(&t, TAPE_BYTEWISE, 2, 2, &got);
			check(ssl[0], &got, turn == 1);
			assert_true(turn == 0 || got.facts.tls.resumption.ticket_offered == issued);
			issued = got.facts.tls.resumption.ticket_issued;
			SSL_SESSION_free(session);
			session = SSL_get1_session(ssl[0]);
		}
		for (int d = 0; d < 2; d++) {
			SSL_set_shutdown(ssl[d], SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
			SSL_free(ssl[d]);
		}
		tape_free(&t);
	}
	SSL_SESSION_free(session);
	SSL_CTX_free(ctx[0]);
	SSL_CTX_free(ctx[1]);
	return spoken;
}

static void test_all(void **state)
{
	static const int versions[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
	SSL_CTX *all = context(DIR_C2S, TLS1_2_VERSION, "ALL:eNULL:aNULL");
	STACK_OF(SSL_CIPHER) *ciphers = SSL_CTX_get_ciphers(all);
	for (size_t v = 0; v < sizeof(versions) / sizeof(versions[0]); v++) {
		int n = 0;
		for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
			const SSL_CIPHER *c = sk_SSL_CIPHER_value(ciphers, i);
			bool tls13 = strcmp(SSL_CIPHER_get_version(c), "TLSv1.3") == 0;
			if (tls13 == (versions[v] == TLS1_3_VERSION))
				n += agree(versions[v], SSL_CIPHER_get_name(c));
		}
		print_message("%s: %d suites\n", tls_version_name((uint16_t)versions[v]), n);
		assert_true(n >= (versions[v] == TLS1_3_VERSION ? 3 : 8));
	}
	SSL_CTX_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

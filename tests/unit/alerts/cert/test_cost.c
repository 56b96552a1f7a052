// What somebody who wants to cost us time can send: each is answered within milliseconds, right in what is said.
#include "tests/unit/alerts/cert/costly_fixture.h"

// CPU time of a chain. The worst takes a quarter of it under sanitizers, which count each name that OpenSSL allocates.
enum { LIMIT_MS = 100 };

static EVP_PKEY *root_key;
static X509 *root;
static const char *store;
static struct list l;

// The best of three: what the machine does beside is not ours.
static struct peer timed(const char *name)
{
	struct peer p = {0};
	double best = 1e9;

	for (int i = 0; i < 3; i++) {
		struct cert *c = open_cert(store, 0);
		double start = cpu_ms();
		take(c, &p, &l, "mx.example.com");
		double took = cpu_ms() - start;
		best = took < best ? took : best;
		cert_close(&c);
	}
	printf("%s: %.1f ms\n", name, best);
	if (best > LIMIT_MS)
		fail_msg("%s: %.1f ms", name, best);
	return p;
}

// Each issued by the next, or each by itself.
static void rsa_chain(int n, int bits, int e_bits, bool self)
{
	l.len = 0;
	for (int i = 0; i < n; i++) {
		char subject[32], issuer[32];
		snprintf(subject, sizeof(subject), "CN=c%d", i);
		snprintf(issuer, sizeof(issuer), "CN=c%d", self ? i : i + 1);
		list_x509(&l, forged(subject, issuer, rsa_of(bits, e_bits), (size_t)bits / 8));
	}
}

static void rsa_16384(void **state)
{
	rsa_chain(4, 16384, 17, false);
	struct peer p = timed("RSA 16384, chain of 4");
	assert_true(p.costly && p.trust == TRUST_NOT_JUDGED && p.n_opened == 4);
	assert_int_equal(p.server.key_bits, 16384);
	rsa_chain(4, 16384, 17, true);
	p = timed("RSA 16384, self-issued");
	assert_true(p.costly && p.trust == TRUST_NOT_JUDGED && p.server.self_issued && !p.server.self_signed);
	assert_int_equal(p.chain_weak_hash, HASH_UNKNOWN); // they may be roots
}

static void rsa_as_large_as_we_take(void **state)
{
	rsa_chain(10, CERT_RSA_BITS_MAX, 64, false);
	struct peer p = timed("RSA 8192, e of 64 bits, chain of 10");
	assert_true(!p.costly && p.trust == TRUST_BROKEN);
	rsa_chain(10, CERT_RSA_BITS_MAX, 64, true);
	p = timed("RSA 8192, e of 64 bits, self-issued");
	assert_true(p.costly && !p.server.self_signed);
	rsa_chain(10, CERT_RSA_BITS_MAX, 17, false);
	p = timed("RSA 8192, chain of 10");
	assert_true(!p.costly && p.trust == TRUST_BROKEN);
	rsa_chain(10, 2048, 2000, true);
	p = timed("RSA 2048, e of 2000 bits, self-issued");
	assert_true(p.costly && !p.server.self_signed);
}

static void curves(void **state)
{
	static const char *const names[] = {"P-521", "brainpoolP512r1", "sect571r1"};

	for (size_t i = 0; i < 3; i++) {
		EVP_PKEY *key = make_key(names[i], 0);
		l.len = 0;
		for (int j = 0; j < 10; j++)
			list_x509(&l, make(&(struct make){.subject = "CN=self", .key = key, .serial = j + 1}));
		struct peer p = timed(names[i]);
		assert_true(p.server.self_signed);
	}
	EVP_PKEY *key = make_key("P-256", 0);
	assert_true(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING, "explicit"));
	l.len = 0;
	list_x509(&l, make(&(struct make){.subject = "CN=self", .key = key}));
	struct peer p = timed("explicit parameters");
	assert_true(p.costly && p.server.self_issued && !p.server.self_signed && p.server.key == KEY_EC);
}

static void chain_of_100(void **state)
{
	EVP_PKEY *key = make_key("P-256", 0);

	l.len = 0;
	for (int i = 0; i < 100; i++) {
		char subject[32], issuer[32];
		snprintf(subject, sizeof(subject), "CN=c%d", i);
		snprintf(issuer, sizeof(issuer), "CN=c%d", i + 1);
		list_x509(&l, make(&(struct make){.subject = subject, .issuer = issuer, .key = key, .extension = {MAKE_CA}}));
	}
	struct peer p = timed("100 certificates");
	assert_int_equal(p.n_certs, 100);
	assert_int_equal(p.n_opened, CERT_CHAIN_MAX);
	assert_true(p.costly && p.trust == TRUST_NOT_JUDGED && p.server.present);
	// What is beyond our bound may be nothing that was needed.
	l.len = 0;
	list_x509(&l, make(&(struct make){.subject = "CN=leaf", .issuer = "CN=Root", .key = key, .signer = root_key}));
	for (int i = 0; i < 100; i++)
		list_x509(&l, root);
	p = timed("100 roots");
	assert_true(p.costly && p.trust == TRUST_OK);
	for (int i = 0; i < 300; i++)
		list_x509(&l, root);
	assert_int_equal(timed("400 roots").n_certs, UINT8_MAX);
}

// `n` names of one letter, and the one that is asked for at the end.
static GENERAL_NAMES *sans(int n)
{
	GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();

	for (int i = 0; i <= n; i++) {
		GENERAL_NAME *g = GENERAL_NAME_new();
		ASN1_IA5STRING *s = ASN1_IA5STRING_new();
		ASN1_STRING_set(s, i < n ? "a" : "mx.example.com", -1);
		GENERAL_NAME_set0_value(g, GEN_DNS, s);
		sk_GENERAL_NAME_push(names, g);
	}
	return names;
}

static X509 *many_sans(const char *issuer, EVP_PKEY *signer, int n)
{
	struct make m = {.subject = "CN=many", .issuer = issuer, .key = root_key};
	X509 *x = make_unsigned(&m);
	GENERAL_NAMES *names = sans(n);

	assert_true(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0));
	GENERAL_NAMES_free(names);
	make_sign(x, signer, NULL);
	return x;
}

static void sans_5000(void **state)
{
	l.len = 0;
	for (int i = 0; i < 4; i++)
		list_x509(&l, many_sans("CN=Root", root_key, 5000));
	struct peer p = timed("5000 names, four times");
	assert_int_equal(p.server.n_sans, 5001);
	assert_int_equal(p.server.n_sans_kept, PEER_SANS_MAX);
	assert_int_equal(p.names, NAMES_MATCH);
	assert_true(p.costly && p.trust == TRUST_NOT_JUDGED);
	l.len = 0;
	list_x509(&l, many_sans("CN=Root", root_key, 2000));
	assert_int_equal(timed("2000 names").trust, TRUST_OK);
	// More than fit into a certificate that we open.
	l.len = 0;
	list_x509(&l, many_sans("CN=Root", root_key, 6000));
	p = timed("6000 names");
	assert_true(p.costly && p.server.present && p.server.unreadable && p.names == NAMES_NOT_ASKED && !p.n_opened);
}

static void names_times_constraints(void **state)
{
	static char constraints[16384];
	size_t at = (size_t)snprintf(constraints, sizeof(constraints), "permitted;DNS:example.com");

	for (int i = 0; i < 400; i++)
		at += (size_t)snprintf(constraints + at, sizeof(constraints) - at, ",excluded;DNS:b%d", i);
	l.len = 0;
	list_x509(&l, many_sans("CN=Middle", root_key, 1500));
	for (int i = 0; i < 4; i++)
		list_x509(&l, make(&(struct make){.subject = "CN=Middle", .issuer = "CN=Middle", .key = root_key,
				.extension = {MAKE_CA, {NID_name_constraints, constraints}}}));
	struct peer p = timed("names times constraints");
	assert_true(p.costly && p.trust == TRUST_NOT_JUDGED);
}

static void long_lists_of_anything(void **state)
{
	struct make m = {.subject = "", .key = root_key};
	X509 *x = make_unsigned(&m);
	X509_NAME *name = X509_NAME_new();

	for (int i = 0; i < 300; i++)
		assert_true(X509_NAME_add_entry_by_NID(name, NID_commonName, V_ASN1_UTF8STRING, (const uint8_t *)"a", 1, -1, i % 2 - 1));
	X509_set_subject_name(x, name);
	X509_set_issuer_name(x, name);
	X509_NAME_free(name);
	for (int i = 0; i < 300; i++) {
		ASN1_OCTET_STRING *s = ASN1_OCTET_STRING_new();
		X509_EXTENSION *e = X509_EXTENSION_create_by_NID(NULL, NID_netscape_comment, 0, s);
		X509_add_ext(x, e, -1);
		X509_EXTENSION_free(e);
		ASN1_OCTET_STRING_free(s);
	}
	make_sign(x, root_key, NULL);
	l.len = 0;
	for (int i = 0; i < 4; i++)
		list_x509(&l, x);
	struct peer p = timed("names and extensions without end");
	assert_true(p.server.present && !p.server.unreadable && p.server.self_signed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsa_16384),
		cmocka_unit_test(rsa_as_large_as_we_take),
		cmocka_unit_test(curves),
		cmocka_unit_test(chain_of_100),
		cmocka_unit_test(sans_5000),
		cmocka_unit_test(names_times_constraints),
		cmocka_unit_test(long_lists_of_anything),
	};
	root = make(&(struct make){.subject = "CN=Root", .key = root_key = make_key("P-256", 0), .extension = {MAKE_CA}});
	store = pem_file(&root, 1);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(store);
	make_end();
	return failed;
}

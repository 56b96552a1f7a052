// What comparing costs, in the ordinary case and in those that somebody made to cost us time, with a chain or with DNS.
// `meson test 'alerts expect dane cost' -v` prints it.
#include "tests/unit/alerts/cert/costly_fixture.h"
#include "tests/unit/alerts/expect/dane_fixture.h"

enum {
	LIMIT_MS = 200,   // the worst takes an eighth of it, and a half under sanitizers
	LIMIT_WARM_US = 100, // takes 1, and some 10 under sanitizers
};

#define NOW_S (MAKE_BORN_S + 10 * MAKE_DAY_S)

static EVP_PKEY *root_key;
static X509 *root, *middle, *leaf, *rsa_root, *rsa_middle, *rsa_leaf;
static struct list l;
static struct records r;

static void open_world(void)
{
	EVP_PKEY *key = make_key("P-256", 0), *rsa = make_key("RSA", 2048);
	struct make of_root = {.subject = "CN=Root", .key = root_key = make_key("P-256", 0), .extension = {MAKE_CA}};
	struct make of_middle = {.subject = "CN=Middle", .issuer = "CN=Root", .key = key, .signer = root_key, .extension = {MAKE_CA}};
	struct make of_leaf = {.subject = "CN=leaf", .issuer = "CN=Middle", .key = key,
		.extension = {{NID_subject_alt_name, "DNS:mx.example.com"}}};

	root = make(&of_root);
	middle = make(&of_middle);
	leaf = make(&of_leaf);
	of_root.key = of_middle.key = of_middle.signer = of_leaf.key = rsa;
	rsa_root = make(&of_root);
	rsa_middle = make(&of_middle);
	rsa_leaf = make(&of_leaf);
}

static struct dane_match ask(struct dane_memory *d, const uint8_t *id)
{
	const struct dane_shown shown = {.octets = l.octets, .len = l.len, .sha256 = id};
	const char *name = "mx.example.com";
	struct dane_match m;

	dane_compare(d, &m, &shown, &r.set, &name, 1, NOW_S);
	return m;
}

static uint8_t id_of_all[32];

// The best of three; then what it costs when it is asked again.
static struct dane_match timed(const char *name)
{
	enum { AGAIN = 2000 };
	struct dane_match m = {0};
	double best = 1e9, warm;
	static uint64_t n;

	memcpy(id_of_all, &(uint64_t){++n}, sizeof(n));
	for (int i = 0; i < 3; i++) {
		struct dane_memory *d = open_dane();
		double start = cpu_ms();
		m = ask(d, id_of_all);
		double took = cpu_ms() - start;
		best = took < best ? took : best;
		start = cpu_ms();
		for (int k = 0; k < AGAIN; k++)
			(void)ask(d, id_of_all);
		warm = (cpu_ms() - start) * 1e3 / AGAIN;
		dane_close(&d);
	}
	printf("%-44s %7.3f ms the first time, %6.2f us from then on: %s\n", name, best, warm, m.what);
	if (best > LIMIT_MS || (r.set.n <= 2 && warm > LIMIT_WARM_US))
		fail_msg("%s: %.1f ms, %.1f us", name, best, warm);
	return m;
}

static void chain_of(X509 *a, X509 *b, X509 *c)
{
	l.len = 0;
	list_x509(&l, a);
	list_x509(&l, b);
	list_x509(&l, c);
}

static void ordinary(void **state)
{
	chain_of(leaf, middle, root);
	records_clear(&r);
	records_of(&r, 3, 1, 1, leaf);
	assert_int_equal(timed("EC, 3 1 1").outcome, DANE_OUTCOME_MATCH);
	records_of(&r, 2, 1, 1, root);
	assert_int_equal(timed("EC, 3 1 1 and 2 1 1").outcome, DANE_OUTCOME_MATCH);
	records_clear(&r);
	records_of(&r, 2, 1, 1, root);
	assert_int_equal(timed("EC, 2 1 1 of the root").outcome, DANE_OUTCOME_MATCH);
	chain_of(rsa_leaf, rsa_middle, rsa_root);
	assert_int_equal(timed("RSA, 2 1 1 of another").outcome, DANE_OUTCOME_MISMATCH);
	records_of(&r, 2, 1, 1, rsa_root);
	assert_int_equal(timed("RSA, 2 1 1 of the root").outcome, DANE_OUTCOME_MATCH);
	records_clear(&r);
	records_of(&r, 2, 0, 0, rsa_root);
	assert_int_equal(timed("RSA, 2 0 0").outcome, DANE_OUTCOME_MATCH);
}

// Each issued by the next; the last one is promised, and so it is in the other set that is not.
static void costly_chain(const char *name, int n, const char *kind, int bits, int e_bits, uint8_t want)
{
	X509 *last = NULL;

	l.len = 0;
	for (int i = 0; i < n; i++) {
		char subject[32], issuer[32];
		snprintf(subject, sizeof(subject), "CN=c%d", i);
		snprintf(issuer, sizeof(issuer), "CN=c%d", i + 1);
		EVP_PKEY *key = kind ? make_key(kind, 0) : rsa_of(bits, e_bits);
		last = kind ? make(&(struct make){.subject = subject, .issuer = issuer, .key = key, .extension = {MAKE_CA}})
			    : forged(subject, issuer, key, (size_t)bits / 8);
		list_x509(&l, last);
	}
	records_clear(&r);
	records_of(&r, 2, 1, 1, last);
	assert_int_equal(timed(name).outcome, want);
}

static void chains(void **state)
{
	costly_chain("RSA 16384, chain of 4", 4, NULL, 16384, 17, DANE_OUTCOME_COSTLY);
	costly_chain("RSA 8192, chain of 10", 10, NULL, CERT_RSA_BITS_MAX, 17, DANE_OUTCOME_TA_CHAIN);
	costly_chain("RSA 8192, e of 64 bits, chain of 10", 10, NULL, CERT_RSA_BITS_MAX, 64, DANE_OUTCOME_TA_CHAIN);
	costly_chain("RSA 2048, e of 2000 bits, chain of 10", 10, NULL, 2048, 2000, DANE_OUTCOME_COSTLY);
	costly_chain("P-521, chain of 10", 10, "P-521", 0, 0, DANE_OUTCOME_COSTLY);
	costly_chain("sect571r1, chain of 10", 10, "sect571r1", 0, 0, DANE_OUTCOME_COSTLY);
	costly_chain("100 certificates", 100, "P-256", 0, 0, DANE_OUTCOME_COSTLY);
}

// Keys and certificates that DNS has whole.
static void records(void **state)
{
	static const struct {
		const char *name, *kind;
		int bits, selector;
	} rows[] = {{"32 keys, RSA 8192", NULL, CERT_RSA_BITS_MAX, 1}, {"32 keys, RSA 16384", NULL, 16384, 1}, {"32 keys, P-521", "P-521", 0, 1},
		{"32 keys, sect571r1", "sect571r1", 0, 1}, {"32 authorities, RSA 8192", NULL, CERT_RSA_BITS_MAX, 0},
		{"32 authorities, P-521", "P-521", 0, 0}};

	l.len = 0;
	list_x509(&l, leaf);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		records_clear(&r);
		for (int k = 0; k < POLICY_TLSA_MAX; k++) {
			EVP_PKEY *key = rows[i].kind ? make_key(rows[i].kind, 0) : rsa_of(rows[i].bits, 64);
			X509 *x = rows[i].kind ? make(&(struct make){.subject = "CN=Middle", .issuer = "CN=Middle", .key = key, .extension = {MAKE_CA}})
					       : forged("CN=Middle", "CN=Middle", key, (size_t)rows[i].bits / 8);
			records_of(&r, 2, rows[i].selector, 0, x);
		}
		assert_true(timed(rows[i].name).outcome != DANE_OUTCOME_MATCH);
		make_end();
		open_world();
	}
}

// One authority that DNS has 32 times, with as many names and constraints as a record has room for.
static void names(void **state)
{
	static char constraints[8192];
	size_t at = (size_t)snprintf(constraints, sizeof(constraints), "permitted;DNS:example.com");

	for (int i = 0; i < 250; i++)
		at += (size_t)snprintf(constraints + at, sizeof(constraints) - at, ",excluded;DNS:b%d", i);
	X509 *x = make(&(struct make){.subject = "CN=Middle", .issuer = "CN=Middle", .key = root_key,
		.extension = {MAKE_CA, {NID_name_constraints, constraints}}});
	l.len = 0;
	list_x509(&l, leaf);
	records_clear(&r);
	for (int k = 0; k < POLICY_TLSA_MAX; k++)
		records_of(&r, 2, 0, 0, x);
	assert_int_not_equal(timed("32 authorities with 250 constraints").outcome, DANE_OUTCOME_MATCH);
	// A record of the leaf needs none of them.
	r.set.n--;
	records_of(&r, 3, 1, 1, leaf);
	assert_int_equal(timed("... and a record of the leaf").outcome, DANE_OUTCOME_MATCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary),
		cmocka_unit_test(chains),
		cmocka_unit_test(records),
		cmocka_unit_test(names),
	};
	open_world();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	make_end();
	return failed;
}

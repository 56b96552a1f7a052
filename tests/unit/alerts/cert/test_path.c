// The path from the leaf to the store: what was sent, what is trusted, and what must be said.
#include "tests/unit/alerts/cert/cert_fixture.h"

// A root, an intermediate and a leaf; a second root nobody trusts; things that are wrong with them.
static struct {
	EVP_PKEY *root_key, *other_key, *middle_key, *leaf_key;
	X509 *root, *other_root, *middle, *leaf, *other_leaf, *self, *forged_leaf, *forged_middle, *pretended;
	X509 *not_ca, *below_not_ca, *expired_middle, *below_expired, *namesake, *foreign, *client_leaf;
} w;

static struct cert *with_root;

static void open_world(void)
{
	const struct make root = {.subject = "CN=Root", .key = w.root_key = make_key("P-256", 0), .extension = {MAKE_CA}};
	const struct make other = {.subject = "CN=Other", .key = w.other_key = make_key("P-256", 0), .extension = {MAKE_CA}};
	struct make middle = {.subject = "CN=Middle", .issuer = "CN=Root", .key = w.middle_key = make_key("P-256", 0),
		.signer = w.root_key, .extension = {MAKE_CA}};
	struct make leaf = {.subject = "CN=leaf", .issuer = "CN=Middle", .key = w.leaf_key = make_key("P-256", 0),
		.signer = w.middle_key};

	w.root = make(&root);
	w.other_root = make(&other);
	w.middle = make(&middle);
	w.leaf = make(&leaf);
	w.forged_leaf = make(&(struct make){.subject = "CN=leaf", .issuer = "CN=Middle", .key = w.leaf_key, .signer = w.leaf_key});
	w.forged_middle = make(&(struct make){.subject = "CN=Middle", .issuer = "CN=Other", .key = w.middle_key,
		.signer = w.leaf_key, .extension = {MAKE_CA}});
	w.other_leaf = make(&(struct make){.subject = "CN=leaf", .issuer = "CN=Other", .key = w.leaf_key, .signer = w.other_key});
	w.self = make(&(struct make){.subject = "CN=self", .key = w.leaf_key});
	w.pretended = make(&(struct make){.subject = "CN=self", .key = w.leaf_key, .signer = w.other_key});
	w.not_ca = make(&(struct make){.subject = "CN=NotCA", .issuer = "CN=Root", .key = w.middle_key, .signer = w.root_key,
		.extension = {{NID_basic_constraints, "critical,CA:FALSE"}}});
	w.below_not_ca = make(&(struct make){.subject = "CN=leaf", .issuer = "CN=NotCA", .key = w.leaf_key, .signer = w.middle_key});
	w.expired_middle = make(&(struct make){.subject = "CN=Expired", .issuer = "CN=Root", .key = w.middle_key,
		.signer = w.root_key, .extension = {MAKE_CA}, .born_s = 1000000000, .days = 1});
	w.below_expired = make(&(struct make){.subject = "CN=leaf", .issuer = "CN=Expired", .key = w.leaf_key,
		.signer = w.middle_key, .born_s = 1000000000, .days = 1});
	w.namesake = make(&(struct make){.subject = "CN=Middle", .issuer = "CN=Root", .key = w.other_key,
		.signer = w.root_key, .extension = {MAKE_CA}});
	w.client_leaf = make(&(struct make){.subject = "CN=leaf", .issuer = "CN=Middle", .key = w.leaf_key,
		.signer = w.middle_key, .extension = {{NID_ext_key_usage, "clientAuth"}}});
	w.foreign = make(&(struct make){.subject = "CN=Middle", .issuer = "CN=Root", .key = w.middle_key,
		.signer = w.root_key, .md = EVP_sha1(), .extension = {MAKE_CA}});
	const char *path = pem_file(&w.root, 1);
	with_root = open_cert(path, 0);
	unlink(path);
}

static int judged(struct cert *c, X509 *const *sent, size_t n)
{
	static struct list l;
	struct peer p = {0};

	l.len = 0;
	for (size_t i = 0; i < n; i++)
		list_x509(&l, sent[i]);
	take(c, &p, &l, NULL);
	return p.trust;
}

static void table(void **state)
{
	struct {
		const char *name;
		X509 *sent[4];
		int want;
	} rows[] = {
		{"whole", {w.leaf, w.middle}, TRUST_OK},
		{"with its root", {w.leaf, w.middle, w.root}, TRUST_OK},
		{"out of order", {w.leaf, w.root, w.middle}, TRUST_OK},
		{"with a stranger", {w.leaf, w.other_root, w.middle}, TRUST_OK},
		{"twice", {w.leaf, w.middle, w.middle, w.leaf}, TRUST_OK},
		{"expired, which is another finding", {w.below_expired, w.expired_middle}, TRUST_OK},
		{"for clients, which is no missing path", {w.client_leaf, w.middle}, TRUST_OK},
		{"a weak hash, which is another finding", {w.leaf, w.foreign}, TRUST_OK},
		{"the root itself", {w.root}, TRUST_OK},
		{"no intermediate", {w.leaf}, TRUST_INCOMPLETE},
		{"only the root sent", {w.leaf, w.root}, TRUST_INCOMPLETE},
		{"unknown root not sent", {w.other_leaf}, TRUST_INCOMPLETE},
		{"unknown root sent", {w.other_leaf, w.other_root}, TRUST_ROOT_UNKNOWN},
		{"self-signed", {w.self}, TRUST_SELF_SIGNED},
		{"self-signed and a chain", {w.self, w.middle, w.root}, TRUST_SELF_SIGNED},
		{"pretends to be self-signed", {w.pretended}, TRUST_BROKEN},
		{"forged leaf", {w.forged_leaf, w.middle}, TRUST_BROKEN},
		{"forged below an unknown root", {w.leaf, w.forged_middle, w.other_root}, TRUST_BROKEN},
		{"issued by no authority", {w.below_not_ca, w.not_ca}, TRUST_BROKEN},
		{"a new key under the old name", {w.leaf, w.namesake, w.middle}, TRUST_OK},
		{"only the new key", {w.leaf, w.namesake}, TRUST_BROKEN},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		size_t n = 0;
		while (n < 4 && rows[i].sent[n])
			n++;
		int got = judged(with_root, rows[i].sent, n);
		if (got != rows[i].want)
			fail_msg("%s: %d", rows[i].name, got);
	}
	assert_int_equal(judged(with_root, NULL, 0), TRUST_NOT_JUDGED);
}

static void without_a_store(void **state)
{
	struct cert *c = open_cert(NULL, 0);

	assert_int_equal(judged(c, (X509 *[]){w.leaf, w.middle}, 2), TRUST_NOT_JUDGED);
	assert_int_equal(judged(c, &w.self, 1), TRUST_NOT_JUDGED);
	cert_close(&c);
}

// A self-signed leaf that is itself in the store is trusted.
static void pinned_leaf(void **state)
{
	const char *path = pem_file(&w.self, 1);
	struct cert *c = open_cert(path, 0);

	assert_int_equal(judged(c, &w.self, 1), TRUST_OK);
	assert_int_equal(judged(c, &w.pretended, 1), TRUST_BROKEN);
	unlink(path);
	cert_close(&c);
}

static void constrained(void **state)
{
	X509 *middle = make(&(struct make){.subject = "CN=Narrow", .issuer = "CN=Root", .key = w.middle_key, .signer = w.root_key,
		.extension = {MAKE_CA, {NID_name_constraints, "critical,permitted;DNS:example.com"}}});
	struct make leaf = {.subject = "O=x", .issuer = "CN=Narrow", .key = w.leaf_key, .signer = w.middle_key,
		.extension = {{NID_subject_alt_name, "DNS:mx.example.com"}}};

	assert_int_equal(judged(with_root, (X509 *[]){make(&leaf), middle}, 2), TRUST_OK);
	leaf.extension[0].value = "DNS:mx.example.net";
	assert_int_equal(judged(with_root, (X509 *[]){make(&leaf), middle}, 2), TRUST_BROKEN);
}

// A signature that we cannot compute is no wrong one.
static void unknown_algorithm(void **state)
{
	struct make m = {.subject = "CN=leaf", .issuer = "CN=Middle", .key = w.leaf_key, .signer = w.middle_key};
	X509 *x = make_unsigned(&m);
	const ASN1_BIT_STRING *signature;
	const X509_ALGOR *algorithm;

	make_sign(x, w.middle_key, NULL);
	X509_get0_signature(&signature, &algorithm, x);
	X509_ALGOR_set0((X509_ALGOR *)(uintptr_t)algorithm, OBJ_txt2obj("1.2.3.4.5", 1), V_ASN1_UNDEF, NULL);
	X509_ALGOR_set0((X509_ALGOR *)(uintptr_t)X509_get0_tbs_sigalg(x), OBJ_txt2obj("1.2.3.4.5", 1), V_ASN1_UNDEF, NULL);
	assert_int_equal(judged(with_root, (X509 *[]){x, w.middle}, 2), TRUST_NOT_JUDGED);
}

// The weakest of what stands between: not the leaf, not the roots.
static void weak_intermediates(void **state)
{
	EVP_PKEY *rsa1024 = make_key("RSA", 1024), *p224 = make_key("P-224", 0);
	X509 *sha1_root = make(&(struct make){.subject = "CN=r", .key = rsa1024, .md = EVP_sha1(), .extension = {MAKE_CA}});
	X509 *weak_ec = make(&(struct make){.subject = "CN=e", .issuer = "CN=r", .key = p224, .signer = rsa1024,
		.md = EVP_sha224(), .extension = {MAKE_CA}});
	X509 *weak_rsa = make(&(struct make){.subject = "CN=s", .issuer = "CN=r", .key = rsa1024, .signer = rsa1024,
		.md = EVP_md5(), .extension = {MAKE_CA}});
	X509 *weak_leaf = make(&(struct make){.subject = "CN=l", .issuer = "CN=s", .key = p224, .signer = rsa1024, .md = EVP_sha1()});
	const struct {
		X509 *sent[4];
		int key, bits, hash;
	} rows[] = {
		{{weak_leaf}, KEY_NONE, 0, HASH_UNKNOWN},
		{{weak_leaf, sha1_root}, KEY_NONE, 0, HASH_UNKNOWN},
		{{weak_leaf, w.middle, sha1_root}, KEY_NONE, 0, HASH_UNKNOWN},
		{{weak_leaf, weak_ec, sha1_root}, KEY_EC, 224, HASH_SHA224},
		{{weak_leaf, weak_ec, weak_rsa}, KEY_RSA, 1024, HASH_MD5},
		{{weak_leaf, weak_rsa, weak_ec}, KEY_RSA, 1024, HASH_MD5},
		{{weak_leaf, w.foreign}, KEY_NONE, 0, HASH_SHA1},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		static struct list l;
		struct peer p = {0};
		l.len = 0;
		for (size_t j = 0; j < 4 && rows[i].sent[j]; j++)
			list_x509(&l, rows[i].sent[j]);
		take(with_root, &p, &l, NULL);
		assert_int_equal(p.chain_weak_key, rows[i].key);
		assert_int_equal(p.chain_weak_bits, rows[i].bits);
		assert_int_equal(p.chain_weak_hash, rows[i].hash);
	}
}

// Which of the path's intermediates end first and begin last. Whatever was sent beside the path does not count, and no root
// does; of an authority sent twice, either certificate will do.
static void window(void **state)
{
	enum { OLD_S = 1000000000, NEW_S = 1800000000 };
	const int64_t born = MAKE_BORN_S, end = MAKE_BORN_S + 90 * MAKE_DAY_S, old_end = OLD_S + MAKE_DAY_S;
	struct make m = {.subject = "CN=Middle", .issuer = "CN=Root", .key = w.middle_key, .signer = w.root_key,
		.extension = {MAKE_CA}, .born_s = OLD_S, .days = 1};
	X509 *old_middle = make(&m);
	m.born_s = NEW_S;
	X509 *new_middle = make(&m);
	m = (struct make){.subject = "CN=Root", .key = w.root_key, .extension = {MAKE_CA}, .born_s = OLD_S, .days = 1};
	X509 *old_root = make(&m);
	m = (struct make){.subject = "CN=Root", .issuer = "CN=Other", .key = w.root_key, .signer = w.other_key,
		.extension = {MAKE_CA}, .born_s = OLD_S, .days = 1};
	X509 *old_cross = make(&m);
	m = (struct make){.subject = "CN=Low", .issuer = "CN=Middle", .key = w.other_key, .signer = w.middle_key,
		.extension = {MAKE_CA}, .born_s = born + 5, .days = 30};
	X509 *low = make(&m);
	X509 *below_low = make(&(struct make){.subject = "CN=leaf", .issuer = "CN=Low", .key = w.leaf_key, .signer = w.other_key});
	X509 *no_end = make(&(struct make){.subject = "CN=Middle", .issuer = "CN=Root", .key = w.middle_key, .extension = {MAKE_CA}});
	ASN1_STRING_set(X509_getm_notAfter(no_end), "x", 1);
	make_sign(no_end, w.root_key, NULL);
	const struct {
		const char *name;
		X509 *sent[4];
		int64_t not_before_s, not_after_s; // with the store
		int64_t sent_not_before_s, sent_not_after_s; // without one
	} rows[] = {
		{"leaf alone", {w.leaf}, INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX},
		{"self-signed", {w.self, old_middle}, INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX},
		{"one", {w.leaf, w.middle}, born, end, born, end},
		{"expired", {w.below_expired, w.expired_middle}, OLD_S, old_end, OLD_S, old_end},
		{"not yet", {w.leaf, new_middle}, NEW_S, NEW_S + MAKE_DAY_S, NEW_S, NEW_S + MAKE_DAY_S},
		{"two", {below_low, low, w.middle}, born + 5, born + 5 + 30 * MAKE_DAY_S, born + 5, born + 5 + 30 * MAKE_DAY_S},
		{"two, the upper expired", {below_low, low, old_middle}, born + 5, old_end, born + 5, old_end},
		{"no end that can be read", {w.leaf, no_end}, born, INT64_MAX, born, INT64_MAX},
		{"an old root", {w.leaf, w.middle, old_root}, born, end, born, end},
		{"a stranger", {w.leaf, w.middle, w.expired_middle}, born, end, born, end},
		{"old and new", {w.leaf, old_middle, w.middle}, OLD_S, end, OLD_S, end},
		{"new and old", {w.leaf, w.middle, old_middle}, OLD_S, end, OLD_S, end},
		{"the root across", {w.leaf, w.middle, old_cross}, born, end, born, old_end},
	};

	struct cert *no_store = open_cert(NULL, 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		static struct list l;
		struct peer p = {0}, q = {0};
		l.len = 0;
		for (size_t j = 0; j < 4 && rows[i].sent[j]; j++)
			list_x509(&l, rows[i].sent[j]);
		take(with_root, &p, &l, NULL);
		take(no_store, &q, &l, NULL);
		if (p.chain_not_before_s != rows[i].not_before_s || p.chain_not_after_s != rows[i].not_after_s)
			fail_msg("%s: %lld to %lld", rows[i].name, (long long)p.chain_not_before_s, (long long)p.chain_not_after_s);
		if (q.chain_not_before_s != rows[i].sent_not_before_s || q.chain_not_after_s != rows[i].sent_not_after_s)
			fail_msg("%s: %lld to %lld, no store", rows[i].name, (long long)q.chain_not_before_s, (long long)q.chain_not_after_s);
	}
	cert_close(&no_store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(without_a_store),
		cmocka_unit_test(pinned_leaf),
		cmocka_unit_test(constrained),
		cmocka_unit_test(unknown_algorithm),
		cmocka_unit_test(weak_intermediates),
		cmocka_unit_test(window),
	};
	open_world();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	cert_close(&with_root);
	make_end();
	return failed;
}

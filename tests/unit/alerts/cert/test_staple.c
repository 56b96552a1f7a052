// Stapled OCSP responses: who signed them, what they say, and when.
#include "tests/unit/alerts/cert/cert_fixture.h"

#include <openssl/ocsp.h>

static EVP_PKEY *ca_key, *leaf_key, *delegate_key;
static X509 *ca, *leaf, *other_leaf, *delegate, *no_delegate, *false_ca;
static struct list list;

static void open_world(void)
{
	struct make m = {.subject = "CN=CA", .key = ca_key = make_key("P-256", 0), .extension = {MAKE_CA}};

	leaf_key = make_key("P-256", 0);
	delegate_key = make_key("P-256", 0);
	ca = make(&m);
	leaf = make(&(struct make){.subject = "CN=leaf", .issuer = "CN=CA", .key = leaf_key, .signer = ca_key, .serial = 7});
	other_leaf = make(&(struct make){.subject = "CN=leaf", .issuer = "CN=CA", .key = leaf_key, .signer = ca_key, .serial = 8});
	delegate = make(&(struct make){.subject = "CN=d", .issuer = "CN=CA", .key = delegate_key, .signer = ca_key,
		.extension = {{NID_ext_key_usage, "OCSPSigning"}}});
	no_delegate = make(&(struct make){.subject = "CN=d", .issuer = "CN=CA", .key = delegate_key, .signer = ca_key});
	false_ca = make(&(struct make){.subject = "CN=CA", .key = delegate_key, .extension = {MAKE_CA}});
	list_x509(&list, leaf);
	list_x509(&list, ca);
}

// What a row wants; times are seconds from MAKE_BORN_S.
struct staple {
	X509 *about, *issuer, *signer;
	EVP_PKEY *key;
	const EVP_MD *md;    // of the CertID; NULL: SHA-1
	int status, reason;
	int this_s, next_s;  // next_s 0: none
};

static ASN1_TIME *at(int offset_s)
{
	return ASN1_GENERALIZEDTIME_set(NULL, (time_t)(MAKE_BORN_S + offset_s));
}

static size_t respond(uint8_t **out, const struct staple *s)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(s->md ? s->md : EVP_sha1(), s->about, s->issuer);
	ASN1_TIME *revoked = at(0), *this_update = at(s->this_s), *next_update = s->next_s ? at(s->next_s) : NULL;

	assert_non_null(OCSP_basic_add1_status(basic, id, s->status, s->reason,
					       s->status == V_OCSP_CERTSTATUS_REVOKED ? revoked : NULL, this_update, next_update));
	assert_true(OCSP_basic_sign(basic, s->signer, s->key, EVP_sha256(), NULL, 0));
	OCSP_RESPONSE *r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	*out = NULL;
	int len = i2d_OCSP_RESPONSE(r, out);
	assert_true(len > 0);
	OCSP_RESPONSE_free(r);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(revoked);
	ASN1_TIME_free(this_update);
	ASN1_TIME_free(next_update);
	return (size_t)len;
}

static struct peer stapled_with(const char *store, const struct list *l, const uint8_t *ocsp, size_t len, int now_s)
{
	struct cert *c = open_cert(store, 0);
	struct peer p = {0}, again;

	take(c, &p, l, NULL);
	uint8_t *copy = malloc(len ? len : 1); // exactly as long: the sanitizer sees a read past it
	memcpy(copy, ocsp, len);
	cert_take_staple(c, &p, l->octets, l->len, copy, len, MAKE_BORN_S + now_s);
	again = p;
	cert_take_staple(c, &again, l->octets, l->len, copy, len, MAKE_BORN_S + now_s);
	assert_memory_equal(&p, &again, sizeof(p)); // from the cache
	free(copy);
	cert_close(&c);
	return p;
}

static struct peer stapled(const struct list *l, const uint8_t *ocsp, size_t len, int now_s)
{
	return stapled_with(NULL, l, ocsp, len, now_s);
}

enum { GOOD = V_OCSP_CERTSTATUS_GOOD, REVOKED = V_OCSP_CERTSTATUS_REVOKED, UNKNOWN = V_OCSP_CERTSTATUS_UNKNOWN, DAY = 86400 };

static void table(void **state)
{
	const struct {
		const char *name;
		struct staple s;
		int now_s, want;
	} rows[] = {
		{"good", {leaf, ca, ca, ca_key, NULL, GOOD, -1, 0, 7 * DAY}, DAY, STAPLE_GOOD},
		{"good, SHA-256 names", {leaf, ca, ca, ca_key, EVP_sha256(), GOOD, -1, 0, 7 * DAY}, DAY, STAPLE_GOOD},
		{"revoked", {leaf, ca, ca, ca_key, NULL, REVOKED, 1, 0, 7 * DAY}, DAY, STAPLE_REVOKED},
		{"unknown", {leaf, ca, ca, ca_key, NULL, UNKNOWN, -1, 0, 7 * DAY}, DAY, STAPLE_UNKNOWN},
		{"delegate", {leaf, ca, delegate, delegate_key, NULL, GOOD, -1, 0, 7 * DAY}, DAY, STAPLE_GOOD},
		{"delegate without the right", {leaf, ca, no_delegate, delegate_key, NULL, REVOKED, 1, 0, 7 * DAY}, DAY, STAPLE_UNVERIFIED},
		{"signed by the leaf", {leaf, ca, leaf, leaf_key, NULL, GOOD, -1, 0, 7 * DAY}, DAY, STAPLE_UNVERIFIED},
		{"signed by a false authority", {leaf, ca, false_ca, delegate_key, NULL, REVOKED, 1, 0, 7 * DAY}, DAY, STAPLE_UNVERIFIED},
		{"of another certificate", {other_leaf, ca, ca, ca_key, NULL, REVOKED, 1, 0, 7 * DAY}, DAY, STAPLE_UNVERIFIED},
		{"last second", {leaf, ca, ca, ca_key, NULL, GOOD, -1, 0, 7 * DAY}, 7 * DAY, STAPLE_GOOD},
		{"a second later", {leaf, ca, ca, ca_key, NULL, GOOD, -1, 0, 7 * DAY}, 7 * DAY + 1, STAPLE_STALE},
		{"clocks differ a little", {leaf, ca, ca, ca_key, NULL, GOOD, -1, 300, 7 * DAY}, 0, STAPLE_GOOD},
		{"from the future", {leaf, ca, ca, ca_key, NULL, GOOD, -1, 301, 7 * DAY}, 0, STAPLE_STALE},
		{"no next update", {leaf, ca, ca, ca_key, NULL, GOOD, -1, 0, 0}, 10 * DAY, STAPLE_GOOD},
		{"no next update, old", {leaf, ca, ca, ca_key, NULL, GOOD, -1, 0, 0}, 10 * DAY + 1, STAPLE_STALE},
		{"unknown, old", {leaf, ca, ca, ca_key, NULL, UNKNOWN, -1, 0, 7 * DAY}, 8 * DAY, STAPLE_STALE},
		{"revoked stays", {leaf, ca, ca, ca_key, NULL, REVOKED, 1, 0, 7 * DAY}, 30 * DAY, STAPLE_REVOKED},
		{"a hold ends", {leaf, ca, ca, ca_key, NULL, REVOKED, 6, 0, 7 * DAY}, 30 * DAY, STAPLE_STALE},
		{"a hold", {leaf, ca, ca, ca_key, NULL, REVOKED, 6, 0, 7 * DAY}, DAY, STAPLE_REVOKED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		uint8_t *ocsp;
		size_t len = respond(&ocsp, &rows[i].s);
		struct peer p = stapled(&list, ocsp, len, rows[i].now_s);
		if (p.staple != rows[i].want)
			fail_msg("%s: %u", rows[i].name, p.staple);
		bool told = p.staple != STAPLE_UNVERIFIED && rows[i].s.next_s;
		assert_int_equal(p.staple_next_update_s, told ? MAKE_BORN_S + rows[i].s.next_s : 0);
		assert_false(p.costly);
		OPENSSL_free(ocsp);
	}
}

static void issuer_must_be_there(void **state)
{
	static struct list alone, forged;
	struct staple s = {leaf, ca, ca, ca_key, NULL, REVOKED, 1, 0, 7 * DAY};
	uint8_t *ocsp;
	size_t len = respond(&ocsp, &s);

	list_x509(&alone, leaf);
	assert_int_equal(stapled(&alone, ocsp, len, 0).staple, STAPLE_UNVERIFIED);
	OPENSSL_free(ocsp);
	// A name is no issuer: this one did not sign the leaf.
	s = (struct staple){leaf, false_ca, false_ca, delegate_key, NULL, REVOKED, 1, 0, 7 * DAY};
	len = respond(&ocsp, &s);
	list_x509(&forged, leaf);
	list_x509(&forged, false_ca);
	assert_int_equal(stapled(&forged, ocsp, len, 0).staple, STAPLE_UNVERIFIED);
	OPENSSL_free(ocsp);
	assert_int_equal(stapled(&(struct list){.len = 0}, list.octets, 0, 0).staple, STAPLE_UNREADABLE);
}

// A leaf alone, below a root: that one is not sent, but trusted. The store may hold another of the same name.
static void issuer_in_the_store(void **state)
{
	static struct list alone;
	const struct {
		X509 *trusted[2];
		struct staple s;
		int want;
	} rows[] = {
		{{ca}, {leaf, ca, ca, ca_key, NULL, REVOKED, 1, 0, 7 * DAY}, STAPLE_REVOKED},
		{{ca}, {leaf, ca, delegate, delegate_key, NULL, GOOD, -1, 0, 7 * DAY}, STAPLE_GOOD},
		{{false_ca, ca}, {leaf, ca, ca, ca_key, NULL, REVOKED, 1, 0, 7 * DAY}, STAPLE_REVOKED},
		{{ca, false_ca}, {leaf, ca, ca, ca_key, NULL, REVOKED, 1, 0, 7 * DAY}, STAPLE_REVOKED},
		{{ca, false_ca}, {leaf, false_ca, false_ca, delegate_key, NULL, REVOKED, 1, 0, 7 * DAY}, STAPLE_UNVERIFIED},
		{{false_ca}, {leaf, ca, ca, ca_key, NULL, REVOKED, 1, 0, 7 * DAY}, STAPLE_UNVERIFIED},
		{{false_ca}, {leaf, false_ca, false_ca, delegate_key, NULL, REVOKED, 1, 0, 7 * DAY}, STAPLE_UNVERIFIED},
		{{no_delegate}, {leaf, ca, ca, ca_key, NULL, REVOKED, 1, 0, 7 * DAY}, STAPLE_UNVERIFIED},
	};

	list_x509(&alone, leaf);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *store = pem_file(rows[i].trusted, rows[i].trusted[1] ? 2 : 1);
		uint8_t *ocsp;
		size_t len = respond(&ocsp, &rows[i].s);
		struct peer p = stapled_with(store, &alone, ocsp, len, DAY);
		if (p.staple != rows[i].want || p.costly)
			fail_msg("row %zu: %u", i, p.staple);
		unlink(store);
		OPENSSL_free(ocsp);
	}
}

static void damaged(void **state)
{
	struct staple s = {leaf, ca, delegate, delegate_key, NULL, GOOD, -1, 0, 7 * DAY};
	uint8_t *ocsp, later[] = {0x30, 0x03, 0x0a, 0x01, 0x03};
	static uint8_t large[CERT_DER_MAX + 1];
	size_t len = respond(&ocsp, &s);

	assert_int_equal(stapled(&list, ocsp, len - 1, 0).staple, STAPLE_UNREADABLE);
	assert_int_equal(stapled(&list, ocsp, 0, 0).staple, STAPLE_UNREADABLE);
	memcpy(large, ocsp, len);
	assert_int_equal(stapled(&list, large, len + 1, 0).staple, STAPLE_UNREADABLE);
	struct peer p = stapled(&list, large, sizeof(large), 0);
	assert_true(p.staple == STAPLE_UNREADABLE && p.costly);
	assert_int_equal(stapled(&list, later, sizeof(later), 0).staple, STAPLE_UNVERIFIED);
	// An octet turned, in what is signed or around it, never makes another statement.
	for (size_t i = 0; i < len; i += 7) {
		ocsp[i] ^= 0x01;
		uint8_t got = stapled(&list, ocsp, len, 0).staple;
		assert_true(got == STAPLE_UNREADABLE || got == STAPLE_UNVERIFIED || got == STAPLE_GOOD);
		ocsp[i] ^= 0x01;
	}
	OPENSSL_free(ocsp);
}

// Names of a responder times constraints of the issuer: OpenSSL would compare them all.
static void costly(void **state)
{
	static struct list narrow_list;
	static char constraints[16384], sans[16384];
	size_t n_constraints = (size_t)snprintf(constraints, sizeof(constraints), "permitted;DNS:a");
	size_t n_sans = (size_t)snprintf(sans, sizeof(sans), "DNS:a");

	for (int i = 0; i < 400; i++)
		n_constraints += (size_t)snprintf(constraints + n_constraints, sizeof(constraints) - n_constraints, ",excluded;DNS:b%d", i);
	for (int i = 0; i < 800; i++)
		n_sans += (size_t)snprintf(sans + n_sans, sizeof(sans) - n_sans, ",DNS:a");
	X509 *narrow = make(&(struct make){.subject = "CN=N", .key = ca_key,
		.extension = {MAKE_CA, {NID_name_constraints, constraints}}});
	X509 *below = make(&(struct make){.subject = "CN=leaf", .issuer = "CN=N", .key = leaf_key, .signer = ca_key});
	X509 *responder = make(&(struct make){.subject = "CN=d", .issuer = "CN=N", .key = delegate_key, .signer = ca_key,
		.extension = {{NID_ext_key_usage, "OCSPSigning"}, {NID_subject_alt_name, sans}}});
	struct staple s = {below, narrow, responder, delegate_key, NULL, REVOKED, 1, 0, 7 * DAY};
	uint8_t *ocsp;
	size_t len = respond(&ocsp, &s);

	list_x509(&narrow_list, below);
	list_x509(&narrow_list, narrow);
	struct peer p = stapled(&narrow_list, ocsp, len, 0);
	assert_true(p.staple == STAPLE_UNVERIFIED && p.costly);
	OPENSSL_free(ocsp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(issuer_must_be_there),
		cmocka_unit_test(issuer_in_the_store),
		cmocka_unit_test(damaged),
		cmocka_unit_test(costly),
	};
	open_world();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	make_end();
	return failed;
}

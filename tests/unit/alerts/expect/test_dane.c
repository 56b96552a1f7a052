// Comparing beside what the oracle (tests/dane) does: what is remembered and for how long, and what nobody can open.
#include "tests/unit/alerts/expect/dane_fixture.h"

#define NOW_S (MAKE_BORN_S + 10 * MAKE_DAY_S)

static X509 *leaf, *root, *brief, *other;
static EVP_PKEY *root_key;
static struct list whole;
static struct records r;

static void open_world(void)
{
	EVP_PKEY *key = make_key("P-256", 0);

	root_key = make_key("P-256", 0);
	root = make(&(struct make){.subject = "CN=Root", .key = root_key, .extension = {MAKE_CA}, .days = 100});
	leaf = make(&(struct make){.subject = "CN=leaf", .issuer = "CN=Root", .key = key, .signer = root_key,
		.extension = {{NID_subject_alt_name, "DNS:mx.example.com"}}, .days = 50});
	brief = make(&(struct make){.subject = "CN=Root", .key = root_key, .extension = {MAKE_CA}, .days = 20, .serial = 2});
	other = make(&(struct make){.subject = "CN=Other", .key = make_key("P-256", 0), .extension = {MAKE_CA}});
	list_x509(&whole, leaf);
	list_x509(&whole, root);
}

// Asked at every second around each date: what is remembered is never of the other side of one.
static void holds_until_a_date(void **state)
{
	struct dane_memory *d = open_dane();
	static const int days[] = {0, 10, 20, 50, 100, 200};
	const struct {
		int usage;
		X509 *x;
		int first, last; // day
	} rows[] = {{3, leaf, -100, 1000}, {2, root, 0, 50}, {2, brief, 0, 20}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		records_clear(&r);
		records_of(&r, rows[i].usage, 0, 0, rows[i].x);
		static struct list bare;
		bare.len = 0;
		list_x509(&bare, leaf);
		for (int round = 0; round < 2; round++)
			for (size_t k = 0; k < sizeof(days) / sizeof(*days); k++)
				for (int s = -3; s <= 3; s++) {
					int64_t now_s = MAKE_BORN_S + days[k] * MAKE_DAY_S + s;
					// Whatever the library makes of the very second.
					struct dane_memory *fresh = open_dane();
					struct dane_match want = compared(fresh, &bare, &r, "mx.example.com", now_s);
					struct dane_match got = compared(d, &bare, &r, "mx.example.com", now_s);
					assert_int_equal(got.outcome, want.outcome);
					assert_string_equal(got.what, want.what);
					bool in = now_s > MAKE_BORN_S + rows[i].first * MAKE_DAY_S && now_s < MAKE_BORN_S + rows[i].last * MAKE_DAY_S;
					bool out = now_s < MAKE_BORN_S + rows[i].first * MAKE_DAY_S || now_s > MAKE_BORN_S + rows[i].last * MAKE_DAY_S;
					assert_true(!in || got.outcome == DANE_OUTCOME_MATCH);
					assert_true(!out || got.outcome == DANE_OUTCOME_TA_DATE);
					dane_close(&fresh);
				}
	}
	assert_true(dane_counts(d).hits > dane_counts(d).misses);
	dane_close(&d);
}

// Everything that is asked is part of the question.
static void another_question(void **state)
{
	struct dane_memory *d = open_dane();
	static struct list bare;

	bare.len = 0;
	list_x509(&bare, leaf);
	records_clear(&r);
	records_of(&r, 2, 1, 1, root);
	for (int round = 0; round < 3; round++) {
		assert_int_equal(compared(d, &whole, &r, "mx.example.com", NOW_S).outcome, DANE_OUTCOME_MATCH);
		assert_int_equal(compared(d, &whole, &r, "mx.example.net", NOW_S).outcome, DANE_OUTCOME_TA_NAME);
		assert_int_equal(compared(d, &whole, &r, NULL, NOW_S).outcome, DANE_OUTCOME_TA_NAME);
		assert_int_equal(compared(d, &bare, &r, "mx.example.com", NOW_S).outcome, DANE_OUTCOME_TA_MISSING);
		assert_int_equal(compared(d, &whole, &r, "mx.example.com", MAKE_BORN_S - 9).outcome, DANE_OUTCOME_TA_DATE);
		assert_int_equal(compared(d, &whole, &r, "mx.example.com", 0).outcome, DANE_OUTCOME_MATCH);
		r.data[0][0] ^= 1;
		assert_int_equal(compared(d, &whole, &r, "mx.example.com", NOW_S).outcome, DANE_OUTCOME_MISMATCH);
		r.data[0][0] ^= 1;
	}
	struct dane_counts n = dane_counts(d);
	// Two times of one question have one place, which the later takes: both of them are asked anew each time.
	assert_true(n.misses == 5 + 6 && n.hits == 10);
	dane_close(&d);
}

// Names of a chain that are not its digest are still its own.
static void named_by_others(void **state)
{
	struct dane_memory *d = open_dane();
	uint8_t id[2][32] = {{1}, {2}};
	struct dane_match m;

	records_clear(&r);
	records_of(&r, 3, 1, 1, leaf);
	const char *name = "mx.example.com";
	struct dane_shown shown = {.octets = whole.octets, .len = whole.len, .sha256 = id[0]};
	dane_compare(d, &m, &shown, &r.set, &name, 1, NOW_S);
	dane_compare(d, &m, &shown, &r.set, &name, 1, NOW_S);
	assert_true(m.outcome == DANE_OUTCOME_MATCH && dane_counts(d).hits == 1);
	shown = (struct dane_shown){.octets = (const uint8_t *)"x", .len = 1, .sha256 = id[1]};
	dane_compare(d, &m, &shown, &r.set, &name, 1, NOW_S);
	assert_int_equal(m.outcome, DANE_OUTCOME_NONE);
	// The same octets as a key.
	shown = (struct dane_shown){.octets = whole.octets, .len = whole.len, .raw_key = true, .sha256 = id[0]};
	dane_compare(d, &m, &shown, &r.set, &name, 1, NOW_S);
	assert_int_equal(m.outcome, DANE_OUTCOME_MISMATCH);
	dane_close(&d);
}

// Nothing was shown, or nothing was promised.
static void nothing(void **state)
{
	struct dane_memory *d = open_dane();
	static struct list none;

	records_clear(&r);
	assert_int_equal(compared(d, &whole, &r, "mx.example.com", NOW_S).outcome, DANE_OUTCOME_NONE);
	records_of(&r, 1, 1, 1, leaf);
	records_add(&r, 3, 1, 1, "short", 5);
	assert_int_equal(compared(d, &whole, &r, "mx.example.com", NOW_S).outcome, DANE_OUTCOME_NONE);
	records_of(&r, 3, 1, 1, leaf);
	assert_int_equal(compared(d, &none, &r, "mx.example.com", NOW_S).outcome, DANE_OUTCOME_NONE);
	struct dane_match m = compared(d, &whole, &r, "mx.example.com", NOW_S);
	assert_true(m.outcome == DANE_OUTCOME_MATCH && m.record == 2);
	dane_close(&d);
}

// A leaf that is none, or is too large: its octets still are what was promised, or are not.
static void unopened(void **state)
{
	static uint8_t octets[CERT_DER_MAX + 1] = {0x30, 0x82, 0x40, 0x00};
	static const struct {
		const char *name;
		size_t len;
		uint8_t outcome;
	} rows[] = {{"no certificate", 1000, DANE_OUTCOME_MISMATCH}, {"large", sizeof(octets), DANE_OUTCOME_COSTLY}};
	struct dane_memory *d = open_dane();
	static struct list l;
	uint8_t digest[32];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		l.len = 0;
		list_octets(&l, octets, rows[i].len);
		list_x509(&l, root);
		records_clear(&r);
		records_of(&r, 3, 1, 1, leaf);
		records_of(&r, 2, 1, 1, root);
		assert_int_equal(compared(d, &l, &r, "mx.example.com", NOW_S).outcome, rows[i].outcome);
		records_add(&r, 3, 0, 1, SHA256(octets, rows[i].len, digest), 32);
		struct dane_match m = compared(d, &l, &r, "mx.example.com", NOW_S);
		assert_true(m.outcome == DANE_OUTCOME_MATCH && m.record == 2);
		assert_string_equal(m.what, "3 0 1 at depth 0");
	}
	dane_close(&d);
}

// An intermediate that was not opened may be the one that was promised; a leaf's record does not wait for it.
static void left_out(void **state)
{
	static uint8_t octets[CERT_DER_MAX + 1];
	struct dane_memory *d = open_dane();
	static struct list l;

	l.len = 0;
	list_x509(&l, leaf);
	list_octets(&l, octets, sizeof(octets));
	records_clear(&r);
	records_of(&r, 2, 1, 1, root);
	assert_int_equal(compared(d, &l, &r, "mx.example.com", NOW_S).outcome, DANE_OUTCOME_COSTLY);
	records_clear(&r);
	records_of(&r, 3, 1, 1, other);
	assert_int_equal(compared(d, &l, &r, "mx.example.com", NOW_S).outcome, DANE_OUTCOME_MISMATCH);
	list_x509(&l, root);
	records_of(&r, 2, 1, 1, root);
	assert_int_equal(compared(d, &l, &r, "mx.example.com", NOW_S).outcome, DANE_OUTCOME_MATCH);
	assert_int_equal(compared(d, &l, &r, "mx.example.net", NOW_S).outcome, DANE_OUTCOME_TA_NAME);
	dane_close(&d);
}

// More questions than there is room for: the answers stay right.
static void bounded(void **state)
{
	enum { MANY = DANE_CACHE_MAX + DANE_CACHE_MAX / 2 };
	struct dane_memory *d = open_dane();
	const char *name = "mx.example.com";
	uint8_t digest[32];

	for (unsigned i = 0; i < 2 * MANY; i++) {
		unsigned key = i % MANY;
		struct dane_shown shown = {.octets = (const uint8_t *)&key, .len = sizeof(key), .raw_key = true};
		struct dane_match m;
		records_clear(&r);
		SHA256((const uint8_t *)&key, sizeof(key), digest);
		digest[0] ^= key & 1;
		records_add(&r, 3, 1, 1, digest, sizeof(digest));
		dane_compare(d, &m, &shown, &r.set, &name, 1, NOW_S);
		assert_int_equal(m.outcome, key & 1 ? DANE_OUTCOME_MISMATCH : DANE_OUTCOME_MATCH);
	}
	struct dane_counts n = dane_counts(d);
	assert_true(n.hits + n.misses == 2 * MANY && n.misses >= MANY && n.hits > 0);
	dane_close(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_until_a_date),
		cmocka_unit_test(another_question),
		cmocka_unit_test(named_by_others),
		cmocka_unit_test(nothing),
		cmocka_unit_test(unopened),
		cmocka_unit_test(left_out),
		cmocka_unit_test(bounded),
	};
	open_world();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	make_end();
	return failed;
}

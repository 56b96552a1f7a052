// TLSA sets by themselves: what is usable, and what counts beside what. RFC 7672 3.1, RFC 7671 9.
#include "tests/unit/alerts/expect/dane_fixture.h"

static X509 *root;
static const uint8_t zeros[POLICY_TLSA_LEN];

static void one_by_one(void **state)
{
	static const struct {
		int usage, selector, mtype;
		size_t len;
		bool usable;
	} rows[] = {
		{3, 1, 1, 32, true}, {3, 0, 1, 32, true}, {2, 1, 1, 32, true}, {2, 0, 1, 32, true}, {3, 1, 2, 64, true}, {2, 0, 2, 64, true},
		{3, 1, 1, 31, false}, {3, 1, 1, 33, false}, {3, 1, 1, 64, false}, {3, 1, 1, 0, false}, {3, 1, 2, 32, false},
		{3, 1, 2, 63, false}, {3, 1, 2, 65, false}, {3, 1, 2, 0, false}, {0, 1, 1, 32, false}, {1, 1, 1, 32, false},
		{4, 1, 1, 32, false}, {255, 1, 1, 32, false}, {3, 2, 1, 32, false}, {3, 255, 1, 32, false}, {3, 1, 3, 32, false},
		{3, 1, 255, 32, false}, {3, 1, 0, 0, false}, {3, 0, 0, 0, false}, {2, 0, 0, 1000, false}, {2, 1, 0, POLICY_TLSA_LEN, false},
	};
	static struct records r;
	struct dane_set set;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		records_clear(&r);
		records_add(&r, rows[i].usage, rows[i].selector, rows[i].mtype, zeros, rows[i].len);
		memset(&set, 0x55, sizeof(set));
		dane_set_read(&set, &r.set);
		if (set.n_usable != rows[i].usable)
			fail_msg("%d %d %d of %zu", rows[i].usage, rows[i].selector, rows[i].mtype, rows[i].len);
		assert_true(set.n_usable + set.n_unusable == 1 && set.n_counted == set.n_usable && set.counted == set.n_usable);
		assert_false(set.agility_differs);
	}
}

static void whole(void **state)
{
	static struct records r;
	struct dane_set set;

	for (int usage = 0; usage < 4; usage++)
		for (int selector = 0; selector < 2; selector++) {
			records_clear(&r);
			records_of(&r, usage, selector, 0, root);
			// As the other selector; cut; and with an octet behind.
			records_add(&r, usage, !selector, 0, r.data[0], r.tlsa[0].len);
			records_add(&r, usage, selector, 0, r.data[0], r.tlsa[0].len - 1u);
			records_add(&r, usage, selector, 0, r.data[0], r.tlsa[0].len + 1u);
			dane_set_read(&set, &r.set);
			assert_int_equal(set.counted, usage >= 2);
			assert_int_equal(set.n_unusable, usage >= 2 ? 3 : 4);
		}
}

// "usage selector mtype" and the first octet of the data, which is otherwise zero.
struct agility {
	const char *name;
	int n, record[6][4];
	uint32_t counted;
	bool differs;
};

static void agility(void **state)
{
	static const struct agility rows[] = {
		{"none", .n = 0},
		{"a rollover", 2, {{3, 1, 1, 1}, {3, 1, 1, 2}}, 3},
		{"the same key by both", 2, {{3, 1, 1, 1}, {3, 1, 2, 1}}, 2},
		{"two keys by both", 4, {{3, 1, 1, 1}, {3, 1, 1, 2}, {3, 1, 2, 1}, {3, 1, 2, 2}}, 12},
		{"a key more by the weaker one", 3, {{3, 1, 1, 1}, {3, 1, 2, 1}, {3, 1, 1, 2}}, 2, true},
		{"it comes twice", 3, {{3, 1, 1, 1}, {3, 1, 2, 1}, {3, 1, 1, 1}}, 2},
		{"a key more by the stronger one", 3, {{3, 1, 1, 1}, {3, 1, 2, 1}, {3, 1, 2, 2}}, 6},
		{"other selectors", 2, {{3, 0, 2, 1}, {3, 1, 1, 1}}, 3},
		{"other usages", 2, {{2, 1, 2, 1}, {3, 1, 1, 1}}, 3},
		{"PKIX", 2, {{1, 1, 2, 1}, {3, 1, 1, 1}}, 2},
	};
	static struct records r;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct dane_set set;
		records_clear(&r);
		for (int k = 0; k < rows[i].n; k++) {
			const int *f = rows[i].record[k];
			uint8_t data[64] = {(uint8_t)f[3]};
			records_add(&r, f[0], f[1], f[2], data, f[2] == 1 ? 32 : 64);
		}
		dane_set_read(&set, &r.set);
		if (set.counted != rows[i].counted || set.agility_differs != rows[i].differs)
			fail_msg("%s: %x, %d", rows[i].name, set.counted, set.agility_differs);
		assert_int_equal(set.n_counted, __builtin_popcount(rows[i].counted));
	}
	// A whole key counts beside any digest.
	struct dane_set set;
	records_clear(&r);
	records_of(&r, 2, 0, 0, root);
	records_of(&r, 2, 0, 1, root);
	records_of(&r, 2, 0, 2, root);
	dane_set_read(&set, &r.set);
	assert_int_equal(set.counted, 5);
}

static void as_many_as_there_are(void **state)
{
	static struct records r;
	struct dane_set set;

	records_clear(&r);
	for (int i = 0; i < FIXTURE_RECORDS; i++)
		records_of(&r, 3, 1, 1, root);
	dane_set_read(&set, &r.set);
	assert_int_equal(set.n_usable, POLICY_TLSA_MAX); // one more than can be: not read
	assert_int_equal(set.counted, UINT32_MAX);
}

// What is remembered of a set is the set, and a change of anything is another one.
static void remembered(void **state)
{
	static struct records r;
	struct dane_memory *d = open_dane();
	struct dane_set pure, set;

	records_clear(&r);
	records_of(&r, 2, 0, 0, root);
	records_of(&r, 3, 1, 1, root);
	for (int i = 0; i < 3; i++) {
		dane_read(d, &set, &r.set);
		assert_int_equal(set.counted, 3);
	}
	for (int i = 0; i < 4; i++) {
		uint8_t *const changed[] = {&r.tlsa[0].usage, &r.tlsa[0].selector, &r.tlsa[0].mtype, &r.data[0][1]};
		*changed[i] ^= 1;
		dane_set_read(&pure, &r.set);
		dane_read(d, &set, &r.set);
		assert_int_equal(pure.counted, set.counted);
		assert_int_equal(set.counted, i ? 2 : 3); // 3 0 0 is as good as 2 0 0
		*changed[i] ^= 1;
	}
	dane_close(&d);
	assert_null(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_by_one),
		cmocka_unit_test(whole),
		cmocka_unit_test(agility),
		cmocka_unit_test(as_many_as_there_are),
		cmocka_unit_test(remembered),
	};
	root = make(&(struct make){.subject = "CN=Root", .key = make_key("P-256", 0), .extension = {MAKE_CA}});
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	make_end();
	return failed;
}

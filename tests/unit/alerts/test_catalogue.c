// The catalogue as a whole: complete, sorted, consistent, and each row with its rule.
#include "alerts/rules/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char *const categories[] = {"SMTP TLS downgrade", "SMTP TLS failure", "SMTP TLS policy",
	"SMTP TLS weak parameters", "SMTP TLS certificate", "SMTP cleartext exposure",
	"SMTP credential exposure", "SMTP command injection", "SMTP smuggling", "SMTP protocol anomaly", "Middlebox interference", "Path tampering",
	"Reconnaissance", "Sensor visibility"};

static void sorted_and_unique(void **state)
{
	assert_true(catalogue_n <= 256);
	for (size_t i = 1; i < catalogue_n; i++)
		assert_true(catalogue[i - 1].signature_id < catalogue[i].signature_id);
	for (size_t i = 0; i < catalogue_n; i++)
		assert_ptr_equal(catalogue_find(catalogue[i].id), &catalogue[i]);
	assert_null(catalogue_find("starttls"));
}

static void printable(const char *s, bool required)
{
	assert_non_null(s);
	assert_true(!required || *s);
	for (; *s; s++)
		assert_true(*s >= ' ' && *s <= '~');
}

static void texts_are_there(void **state)
{
	for (size_t i = 0; i < catalogue_n; i++) {
		const struct catalogue_row *r = &catalogue[i];
		printable(r->title, true);
		printable(r->meaning, true);
		printable(r->evidence, true);
		printable(r->traps, true);
		printable(r->todo, true);
		printable(r->rfc, false);
		assert_true(strlen(r->title) < 80);
	}
}

static void categories_are_closed(void **state)
{
	for (size_t i = 0; i < catalogue_n; i++) {
		size_t k = 0;
		while (k < sizeof(categories) / sizeof(categories[0]) && strcmp(categories[k], catalogue[i].category) != 0)
			k++;
		assert_true(k < sizeof(categories) / sizeof(categories[0]));
	}
}

// "T1557 T1562.010": a technique of four digits, perhaps a sub-technique of three.
static void techniques_are_well_formed(void **state)
{
	for (size_t i = 0; i < catalogue_n; i++) {
		const char *p = catalogue[i].mitre;
		while (*p) {
			size_t len = strcspn(p, " ");
			assert_true(len == 5 || len == 9);
			assert_int_equal(p[0], 'T');
			assert_int_equal(strspn(p + 1, "0123456789"), 4);
			if (len == 9)
				assert_true(p[5] == '.' && strspn(p + 6, "0123456789") == 3);
			p += len;
			if (*p)
				p++;
		}
	}
}

// Next id of a list separated by spaces.
static const struct catalogue_row *next_row(const char **list)
{
	char id[64];
	size_t len = strcspn(*list, " ");

	if (!len)
		return NULL;
	assert_true(len < sizeof(id));
	memcpy(id, *list, len);
	id[len] = '\0';
	*list += len + ((*list)[len] == ' ');
	const struct catalogue_row *r = catalogue_find(id);
	assert_non_null(r);
	return r;
}

// Of two rows that list each other the later tells the earlier when they are equally severe; without the other half
// of such pairs nothing may come back to itself, or everything in the circle would be told by nothing.
static void subsumers_exist_without_cycles(void **state)
{
	static uint8_t lists[256][256], reach[256][256];

	for (size_t i = 0; i < catalogue_n; i++) {
		const char *list = catalogue[i].subsumed_by;
		const struct catalogue_row *r;
		while ((r = next_row(&list)))
			lists[i][r - catalogue] = 1;
		assert_string_equal(list, "");
	}
	for (size_t i = 0; i < catalogue_n; i++)
		for (size_t n = 0; n < catalogue_n; n++)
			reach[i][n] = lists[i][n] && i != n && (n > i || !lists[n][i]);
	for (size_t k = 0; k < catalogue_n; k++)
		for (size_t i = 0; i < catalogue_n; i++)
			for (size_t n = 0; n < catalogue_n; n++)
				reach[i][n] |= reach[i][k] & reach[k][n];
	for (size_t i = 0; i < catalogue_n; i++)
		if (reach[i][i])
			fail_msg("%s comes back to itself", catalogue[i].id);
}

static void every_row_has_its_rule(void **state)
{
	assert_int_equal(rules_table_n, catalogue_n);
	for (size_t i = 0; i < catalogue_n; i++)
		assert_string_equal(rules_table[i].id, catalogue[i].id);
}

static void names_round_trip(void **state)
{
	for (int i = SEVERITY_INFO; i <= SEVERITY_CRITICAL; i++)
		assert_int_equal(severity_parse(severity_name((enum severity)i)), i);
	assert_int_equal(severity_parse("urgent"), -1);
	assert_string_equal(state_name(STATE_N), "invalid");
	assert_string_equal(verdict_name(VERDICT_CLEAR_AGAINST_POLICY), "clear_against_policy");
	assert_int_equal(verdict_class(VERDICT_CLEAR_AGAINST_POLICY), 'E');
	assert_int_equal(verdict_class(VERDICT_NO_MAIL), '-');
	for (int i = 0; i < STATE_N; i++)
		assert_string_not_equal(state_name((enum state)i), "invalid");
}

static void quality_words(void **state)
{
	static const struct {
		uint8_t quality;
		enum evidence want;
	} rows[] = {
		{0, EVIDENCE_COMPLETE},
		{Q_GAP, EVIDENCE_GAP},
		{Q_GAP | Q_MIDSTREAM, EVIDENCE_MIDSTREAM},
		{Q_ONE_DIR | Q_MIDSTREAM, EVIDENCE_ONE_DIRECTION},
		{Q_TRUNC, EVIDENCE_TRUNCATED},
		{Q_UNACKED, EVIDENCE_TRUNCATED},
		{Q_AMBIG | Q_GAP | Q_ONE_DIR, EVIDENCE_AMBIGUOUS},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(evidence_of(rows[i].quality), rows[i].want);
		assert_int_equal(confidence_absence(CONFIDENCE_CERTAIN, rows[i].quality),
			rows[i].quality ? CONFIDENCE_SUSPECT : CONFIDENCE_CERTAIN);
	}
	assert_int_equal(confidence_absence(CONFIDENCE_UNVERIFIABLE, Q_GAP), CONFIDENCE_UNVERIFIABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorted_and_unique),
		cmocka_unit_test(texts_are_there),
		cmocka_unit_test(categories_are_closed),
		cmocka_unit_test(techniques_are_well_formed),
		cmocka_unit_test(subsumers_exist_without_cycles),
		cmocka_unit_test(every_row_has_its_rule),
		cmocka_unit_test(names_round_trip),
		cmocka_unit_test(quality_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

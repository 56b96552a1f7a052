// Rows of the tests of rules: a session and all findings it must have, in catalogue order, each as
// "id/confidence/severity/evidence". Silence is tested too: what is not in the row must not be found.
#pragma once

#include "alerts/rules.h"
#include "tests/unit/alerts/facts_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define CLEAR "exposure.envelope/certain/low/complete exposure.content/certain/medium/complete"
#define FIRST "starttls.first-seen-plain/certain/info/complete "

struct rules_row {
	const char *name;
	void (*make)(struct facts *f);
	const struct expectation *expect; // NULL: nobody knows
	const char *want;
	void (*make_peer)(struct peer *p); // NULL: nothing was opened
};

// The table of a test: its state. RULES_TESTS(&table) are the two tests that each table goes through.
struct rules_table {
	const struct rules_row *rows;
	size_t n;
};

#define RULES_TABLE(rows) (struct rules_table){rows, sizeof(rows) / sizeof((rows)[0])}
#define RULES_TESTS(table) cmocka_unit_test_prestate(findings, table), cmocka_unit_test_prestate(details_are_printable, table)

static inline void list_findings(const struct session *s, char *out, size_t room)
{
	*out = '\0';
	for (size_t i = 0; i < s->n_findings; i++) {
		const struct finding *f = &s->findings[i];
		snprintf(out + strlen(out), room - strlen(out), "%s%s/%s/%s/%s", i ? " " : "", f->row->id,
			confidence_name(f->confidence), severity_name(f->severity), evidence_name(f->evidence));
	}
}

static inline const struct peer *opened_peer(const struct rules_row *row, struct peer *p)
{
	memset(p, 0, sizeof(*p));
	if (!row->make_peer)
		return NULL;
	row->make_peer(p);
	return p;
}

static inline void findings(void **state)
{
	const struct rules_table *table = *state;
	const struct rules_row *rows = table->rows;

	for (size_t i = 0; i < table->n; i++) {
		struct rules_memory *memory;
		static struct session s;
		struct facts f;
		struct peer p;
		char got[4096];

		assert_int_equal(rules_memory_open(&memory), 0);
		rows[i].make(&f);
		s = (struct session){.facts = &f, .peer = opened_peer(&rows[i], &p)};
		if (rows[i].expect)
			s.expect = *rows[i].expect;
		// Twice: asking again changes nothing.
		for (int n = 0; n < 2; n++) {
			rules_apply(&s, memory, NULL);
			list_findings(&s, got, sizeof(got));
			if (strcmp(got, rows[i].want) != 0)
				fail_msg("%s:\n  got  %s\n  want %s", rows[i].name, got, rows[i].want);
		}
		rules_memory_close(&memory);
	}
}

// What came from the wire is printable in details, whatever it was.
static inline void details_are_printable(void **state)
{
	const struct rules_table *table = *state;
	const struct rules_row *rows = table->rows;

	for (size_t i = 0; i < table->n; i++) {
		static struct session s;
		struct facts f;
		struct peer p;

		rows[i].make(&f);
		memset(f.text, 0xff, f.text_used);
		s = (struct session){.facts = &f, .peer = opened_peer(&rows[i], &p)};
		memset(p.server.subject, 0xff, sizeof(p.server.subject) - 1);
		memset(p.server.issuer, 0xff, sizeof(p.server.issuer) - 1);
		rules_apply(&s, NULL, NULL);
		for (size_t n = 0; n < s.n_findings; n++) {
			const char *detail = s.findings[n].detail;
			assert_true(*detail);
			for (; *detail; detail++)
				assert_true(*detail > ' ' && *detail <= '~');
		}
	}
}

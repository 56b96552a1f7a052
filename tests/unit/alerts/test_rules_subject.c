// Who has to act depends on what was seen: who hung up, and who took STARTTLS away.
#include "tests/unit/alerts/rules_fixture.h"

// Who hung up after the 220 has to act.
static void who_closed(void **state)
{
	static const struct {
		uint8_t first;
		bool fin[2], rst[2];
		enum subject want;
	} closed[] = {
		{CLOSED_BY_CLIENT, {true, true}, {0}, SUBJECT_CLIENT},
		{CLOSED_BY_SERVER, {true, true}, {0}, SUBJECT_SERVER},
		{CLOSED_UNKNOWN, {true, true}, {0}, SUBJECT_CLIENT},
		{CLOSED_UNKNOWN, {0}, {false, true}, SUBJECT_SERVER},
		{CLOSED_UNKNOWN, {0}, {true, false}, SUBJECT_CLIENT},
	};
	for (size_t i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		static struct session s;
		struct facts f;
		ehlo(&f, OFFER_YES);
		starttls(&f, 220);
		f.conn.closed_first = closed[i].first;
		memcpy(f.conn.fin, closed[i].fin, sizeof(f.conn.fin));
		memcpy(f.conn.rst, closed[i].rst, sizeof(f.conn.rst));
		s = (struct session){.facts = &f};
		rules_apply(&s, NULL, NULL);
		assert_int_equal(s.n_findings, 1);
		assert_int_equal(s.findings[0].subject, closed[i].want);
	}
}

static void masked(struct facts *f)
{
	not_offered(f);
	f->smtp.offer = OFFER_MASKED;
	text(f, &f->smtp.masked, "XXXXXXXA");
}

static void mangled(struct facts *f)
{
	offered_unused(f);
	f->smtp.n_mangled = 1;
	f->smtp.mangled_code = 500;
	f->smtp.mangled_mark = at(8);
}

static void refused(struct facts *f)
{
	rejected(f, 454, true);
}

static void unknown_verb(struct facts *f)
{
	rejected(f, 500, true);
}

static void submission(struct facts *f)
{
	not_offered(f);
	f->conn.role = ROLE_SUBMISSION;
}

static const struct {
	const char *name;
	void (*make)(struct facts *f);
	const char *id;
	enum subject want;
} rows[] = {
	{"the server offers nothing", not_offered, "exposure.content", SUBJECT_SERVER},
	{"... which is its own doing", not_offered, "starttls.not-offered", SUBJECT_SERVER},
	{"the client does not want", offered_unused, "exposure.content", SUBJECT_CLIENT},
	{"... which is its own doing, too", offered_unused, "starttls.offered-unused", SUBJECT_CLIENT},
	{"the offer was overwritten", masked, "exposure.content", SUBJECT_PATH},
	{"... so that it was none", masked, "starttls.not-offered", SUBJECT_PATH},
	{"the verb was overwritten", mangled, "exposure.envelope", SUBJECT_PATH},
	{"... and the offer went unused", mangled, "starttls.offered-unused", SUBJECT_PATH},
	{"the server is out of order", refused, "exposure.content", SUBJECT_SERVER},
	{"the verb was not known to who offered it", unknown_verb, "exposure.content", SUBJECT_PATH},
	{"a client that submits in clear all the same", submission, "exposure.content", SUBJECT_CLIENT},
};

static void who_caused_it(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct session s;
		struct facts f;
		bool found = false;
		rows[i].make(&f);
		s = (struct session){.facts = &f};
		rules_apply(&s, NULL, NULL);
		for (size_t n = 0; n < s.n_findings; n++) {
			if (strcmp(s.findings[n].row->id, rows[i].id) != 0)
				continue;
			found = true;
			if (s.findings[n].subject != rows[i].want)
				fail_msg("%s: %s", rows[i].name, subject_name(s.findings[n].subject));
		}
		assert_true(found);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(who_closed), cmocka_unit_test(who_caused_it)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// How sure a forged reset is.
#include "alerts/rules/rule.h"
#include "tests/unit/alerts/rules_fixture.h"

// STARTTLS was accepted, and a reset from another distance ended the connection.
static void reset(struct facts *f)
{
	ehlo(f, OFFER_YES);
	starttls(f, 220);
	f->conn.end = END_RST;
	f->conn.rst[DIR_S2C] = true;
	f->path.rst_dir = DIR_S2C;
	f->path.rst_ttl = 250;
	f->path.rst_ttl_usual = 52;
	f->path.rst_mark = at(MARK_REPLY + 1);
	f->path.rst_at_upgrade = true;
}

static void reset_later(struct facts *f)
{
	reset(f);
	f->path.rst_at_upgrade = false;
}

// The handshake may have been completed in what is missing.
static void reset_and_loss(struct facts *f)
{
	reset(f);
	f->conn.gaps[DIR_C2S] = 1;
}

static void reset_behind_tls(struct facts *f)
{
	reset(f);
	f->tls.completed = true;
}

static const struct {
	const char *name;
	void (*make)(struct facts *f);
	enum confidence confidence;
	enum memory_fault fault;
} rows[] = {
	{"at the upgrade", reset, CONFIDENCE_PROBABLE, FAULT_RESET},
	{"later", reset_later, CONFIDENCE_SUSPECT, FAULT_NONE},
	{"TLS was up", reset_behind_tls, CONFIDENCE_SUSPECT, FAULT_NONE},
	{"with loss", reset_and_loss, CONFIDENCE_SUSPECT, FAULT_NONE},
};

static void forged_reset(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		static struct session s;
		struct facts f;
		int found = 0;
		rows[i].make(&f);
		s = (struct session){.facts = &f};
		rules_apply(&s, NULL, NULL);
		for (size_t n = 0; n < s.n_findings; n++) {
			if (strcmp(s.findings[n].row->id, "tcp.rst-injected") != 0)
				continue;
			found++;
			if (s.findings[n].confidence != rows[i].confidence)
				fail_msg("%s: %s", rows[i].name, confidence_name(s.findings[n].confidence));
		}
		assert_int_equal(found, 1);
		assert_int_equal(rule_injected_fault(&f), rows[i].fault);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(forged_reset)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

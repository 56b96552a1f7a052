// Rules on what is slipped in around STARTTLS, by either side. RFC 3207 4, CVE-2011-0411.
#include "tests/unit/alerts/rules_fixture.h"

static void injected(struct facts *f)
{
	upgraded(f);
	f->smtp.injected_c2s = 20;
	f->smtp.injected_c2s_verb = true;
	f->smtp.injected_c2s_mark = at(9);
	f->smtp.pipelined_after_starttls = true;
}

static void injected_padding(struct facts *f)
{
	upgraded(f);
	f->smtp.injected_c2s = 2;
	f->smtp.injected_c2s_mark = at(9);
}

static void injected_with_effect(struct facts *f)
{
	injected(f);
	f->tls.server_appdata_first = true;
	f->tls.server_appdata_mark = at(15);
}

static void server_first_alone(struct facts *f)
{
	upgraded(f);
	f->tls.server_appdata_first = true;
	f->tls.server_appdata_mark = at(15);
}

static void server_first_tls13(struct facts *f)
{
	server_first_alone(f);
	hellos(f, 0x0304);
	f->tls.server_version = 0x0304;
}

static void server_first_implicit(struct facts *f)
{
	connection(f);
	f->conn.dst_port = 465;
	f->tls.implicit = f->tls.asked = true;
	handshake(f, 0x0303, true);
	f->tls.server_appdata_first = true;
}

static void injected_reply(struct facts *f)
{
	upgraded(f);
	f->smtp.injected_s2c = 30;
	f->smtp.injected_s2c_reply = true;
	f->smtp.injected_s2c_mark = at(9);
}

static void injected_blank(struct facts *f)
{
	injected_reply(f);
	f->smtp.injected_s2c = 2;
	f->smtp.injected_s2c_reply = false;
}

static const struct rules_row rows[] = {
	{"injected commands", injected, NULL,
		"starttls.injection-command/certain/high/complete starttls.pipelined-not-last/certain/low/complete"},
	{"padding", injected_padding, NULL, "starttls.injection-command/certain/info/complete"},
	{"injection with effect", injected_with_effect, NULL,
		"starttls.injection-command/certain/high/complete starttls.injection-effect/probable/critical/complete "
		"starttls.pipelined-not-last/certain/low/complete"},
	{"server data first, cause unseen", server_first_alone, NULL, "starttls.injection-effect/suspect/high/complete"},
	{"server data first under TLS 1.3", server_first_tls13, NULL, ""},
	{"the greeting of implicit TLS", server_first_implicit, NULL, ""},
	{"injected replies", injected_reply, NULL, "starttls.injection-response/certain/high/complete"},
	{"an empty line behind the 220", injected_blank, NULL, "starttls.injection-response/certain/info/complete"},
};

int main(void)
{
	struct rules_table table = RULES_TABLE(rows);
	const struct CMUnitTest tests[] = {RULES_TESTS(&table)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Every key of the configuration reaches the part that acts on it.
#include "cli/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct config configured(const char *const *assignments)
{
	struct config c;
	struct config_errors errors = {.n = 0};
	config_init(&c);
	for (size_t i = 0; assignments[i] != NULL; i++)
		if (config_set(&c, assignments[i], &errors) != 0)
			fail_msg("%s", errors.line[0]);
	return c;
}

static void test_dissect(void **state)
{
	static const char *const set[] = {"capture.ports_tcp=[25, 2526]", "capture.checksums=ignore", "memory.flows_max=4000",
		"memory.sessions_max=400", "memory.reassembly_mib=8", "privacy.envelope=full", "capture.tunnels=[gre, vxlan]",
		NULL};
	struct config c = configured(set);
	struct dissect_config d;
	wire_dissect(&d, &c, 1, 4);
	assert_int_equal(d.n_ports, 2);
	assert_int_equal(d.ports[1], 2526);
	assert_int_equal(d.checksums, CHECKSUMS_IGNORE);
	assert_int_equal(d.flows_max, 1000);
	assert_int_equal(d.sessions_max, 100);
	assert_int_equal(d.reassembly_octets, 2 << 20);
	assert_true(d.keep_envelope);
	assert_int_equal(d.tunnels, TUNNEL_GRE | TUNNEL_VXLAN);
	assert_int_equal(d.worker, 1);
	assert_int_equal(d.n_workers, 4);
}

static void test_judge(void **state)
{
	static const char *const set[] = {"sensor.name=s", "taps=[{name: mx}]", "memory.sessions_max=400",
		"inventory.own_networks=[192.0.2.0/24]", "inventory.exempt=[198.51.100.1, \"::1\"]", "privacy.envelope=full",
		"findings.disable=[starttls.not-offered]", "findings.severity={starttls.masked-keyword: low}", "records.tls=off", NULL};
	struct config c = configured(set);
	struct judge_config j;
	wire_judge(&j, &c);
	assert_string_equal(j.record.host, "s");
	assert_string_equal(j.taps[0].name, "mx");
	assert_int_equal(j.sessions_max, 400);
	assert_int_equal(j.inventory->own.n, 1);
	assert_int_equal(j.inventory->own.net[0].bits, 24);
	assert_int_equal(j.inventory->exempt.n, 2);
	assert_int_equal(j.inventory->exempt.exempt[1].net.ip_v, 6);
	assert_int_equal(j.record.envelope, ENVELOPE_FULL);
	assert_int_equal(j.n_disabled, 1);
	assert_string_equal(j.disabled[0], "starttls.not-offered");
	assert_int_equal(j.severity[catalogue_find("starttls.masked-keyword") - catalogue], SEVERITY_LOW);
	assert_int_equal(j.severity[catalogue_find("starttls.not-offered") - catalogue], -1);
	assert_false(j.tls_records);
}

// What is read is all told; only the sensor counts.
static void test_storms(void **state)
{
	static const char *const set[] = {"alerts.rate_per_s=7", "alerts.burst=9", NULL};
	struct config c = configured(set);
	struct judge_config j;
	wire_judge(&j, &c);
	assert_int_equal(j.alerts_rate_per_s, 0);
	wire_storms(&j, &c);
	assert_int_equal(j.alerts_rate_per_s, 7);
	assert_int_equal(j.alerts_burst, 9);
}

static void test_defaults(void **state)
{
	static const char *const none[] = {NULL};
	struct config c = configured(none);
	struct dissect_config d;
	struct judge_config j;
	wire_dissect(&d, &c, 0, 1);
	wire_judge(&j, &c);
	assert_int_equal(d.n_ports, 5);
	assert_int_equal(d.checksums, CHECKSUMS_AUTO);
	assert_false(d.keep_envelope);
	assert_true(j.tls_records);
	for (size_t i = 0; i < sizeof j.severity; i++)
		assert_int_equal(j.severity[i], -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dissect),
		cmocka_unit_test(test_judge),
		cmocka_unit_test(test_storms),
		cmocka_unit_test(test_defaults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

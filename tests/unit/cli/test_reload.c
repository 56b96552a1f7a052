// What `reload` may change, and what it says of the rest: every key of the schema is one or the other.
#include "cli/reload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "configs/schema.h"

static struct config start, fresh, merged;

static const struct {
	const char *assignment;
	bool applies;
} row[] = {
	{"sensor.name=other", true},
	{"sensor.heartbeat_s=7", true},
	{"capture.ports_tcp=[26]", true},
	{"capture.checksums=require", true},
	{"capture.quiet_after_s=1", true},
	{"policy.trust_store_age_days=1", true},
	{"inventory.own_networks=[192.0.2.0/24]", true},
	{"privacy.envelope=full", true},
	{"findings.disable=[starttls.not-offered]", true},
	{"findings.severity={starttls.not-offered: low}", true},
	{"records.tls=off", true},
	{"outputs=[{type: file, path: /x}]", true},
	{"outputs=[{type: stdout, severity: high}]", true},
	{"outbox.alerts_mib=64", false},
	{"metrics.listen=127.0.0.1:9259", false},
	{"capture.workers=2", false},
	{"taps=[{name: x}]", false},
	{"memory.flows_max=1024", false},
	{"sensor.state_dir=/x", false},
	{"capture.tunnels=[gre]", false},
	{"policy.forward_to=[192.0.2.53]", false},
	{"privacy.evidence=off", false},
};

static void test_one_or_the_other(void **state)
{
	struct config_errors errors = {.n = 0};
	char changed[256], later[256];
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		config_init(&start);
		config_init(&fresh);
		assert_int_equal(config_set(&fresh, row[i].assignment, &errors), 0);
		reload_merge(&merged, &start, &fresh);
		size_t n = reload_differences(&start, &merged, changed, sizeof changed);
		size_t n_later = reload_differences(&merged, &fresh, later, sizeof later);
		assert_int_equal(n, row[i].applies);
		assert_int_equal(n_later, !row[i].applies);
		const char *key = row[i].applies ? changed : later;
		assert_memory_equal(key, row[i].assignment, strlen(key));
	}
}

static void test_names_that_do_not_fit_are_cut(void **state)
{
	struct config_errors errors = {.n = 0};
	char text[20];
	config_init(&start);
	config_init(&fresh);
	assert_int_equal(config_set(&fresh, "sensor.name=other", &errors), 0);
	assert_int_equal(config_set(&fresh, "capture.workers=3", &errors), 0);
	assert_int_equal(reload_differences(&start, &fresh, text, sizeof text), 2);
	assert_string_equal(text, "sensor.name, captur");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_or_the_other),
		cmocka_unit_test(test_names_that_do_not_fit_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

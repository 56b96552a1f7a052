// The loader: good files, every kind of error with its place, `--set`, and that what is printed is read back.
#include "configs/schema.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

// One value other than the default for each key.
static const struct {
	const char *key, *assignment;
} other[] = {
	{"sensor.name", "sensor.name=tap-7.example"},
	{"sensor.state_dir", "sensor.state_dir=/var/lib/postwacht"},
	{"sensor.user", "sensor.user=none"},
	{"sensor.control", "sensor.control=/tmp/control.sock"},
	{"sensor.control_group", "sensor.control_group=soc"},
	{"sensor.heartbeat_s", "sensor.heartbeat_s=5"},
	{"taps", "taps=[{name: mx-uplink, ports: [\"0000:81:00.0\", \"pcap:eth1\"]}, {name: mx-dmz, side: server, "
		"ports: [\"vdev:net_pcap0,rx_pcap=a \\\"b\\\".pcap\"], bpf: \"tcp port 25\"}]"},
	{"pairs", "pairs=[{name: across, outside: mx-uplink, inside: mx-dmz}]"},
	{"capture.workers", "capture.workers=16"},
	{"capture.ports_tcp", "capture.ports_tcp=[25, 65535]"},
	{"capture.checksums", "capture.checksums=require"},
	{"capture.tls_outside_mail", "capture.tls_outside_mail=on"},
	{"capture.tunnels", "capture.tunnels=[gre, geneve]"},
	{"capture.steer", "capture.steer=on"},
	{"capture.protocols", "capture.protocols=off"},
	{"capture.polling", "capture.polling=busy"},
	{"capture.pin", "capture.pin=off"},
	{"capture.hugepages", "capture.hugepages=off"},
	{"capture.dpdk_telemetry", "capture.dpdk_telemetry=on"},
	{"capture.quiet_after_s", "capture.quiet_after_s=0"},
	{"memory.flows_max", "memory.flows_max=1024"},
	{"memory.sessions_max", "memory.sessions_max=64"},
	{"memory.reassembly_mib", "memory.reassembly_mib=1"},
	{"memory.ring_mib", "memory.ring_mib=2"},
	{"memory.lane_mib", "memory.lane_mib=3"},
	{"policy.trust_store", "policy.trust_store=\"./a \\\"store\\\".pem\""},
	{"policy.trust_anchor", "policy.trust_anchor=/etc/postwacht/root.key"},
	{"policy.forward_to", "policy.forward_to=[192.0.2.53, \"2001:db8::53@5353\"]"},
	{"policy.resolve", "policy.resolve=off"},
	{"policy.mta_sts", "policy.mta_sts=on"},
	{"policy.watchlist", "policy.watchlist=[a.example, b.example]"},
	{"policy.trust_store_age_days", "policy.trust_store_age_days=0"},
	{"policy.probe", "policy.probe=on"},
	{"policy.probe_ehlo", "policy.probe_ehlo=Sensor.Example."},
	{"policy.probe_scope", "policy.probe_scope=own_mx"},
	{"inventory.own_networks", "inventory.own_networks=[192.0.2.0/24, \"2001:db8::/32\"]"},
	{"inventory.own_mx", "inventory.own_mx=[{name: mx1.example.org, addresses: [192.0.2.1, \"2001:db8::1\"]}, "
		"{name: 1.example, addresses: [192.0.2.2/32], port: 2525}]"},
	{"inventory.senders", "inventory.senders=[192.0.2.0/28]"},
	{"inventory.partners", "inventory.partners=[{domain: Partner.Example, level: encrypt}, {domain: \"*.partner.example\", "
		"level: verify, networks: [203.0.113.0/24], sensitive: yes, owner: \"a \\\"b\\\" \\\\ \u00e9\", note: none}]"},
	{"inventory.exempt", "inventory.exempt=[198.51.100.7, {network: 198.51.100.0/28, owner: printers, until: 2027-02-28}, "
		"{domain: \"*.example\", findings: [tls.*, exposure.content], owner: x, reason: they know}]"},
	{"privacy.envelope", "privacy.envelope=full"},
	{"privacy.evidence", "privacy.evidence=off"},
	{"evidence.memory_mib", "evidence.memory_mib=1"},
	{"evidence.disk_mib", "evidence.disk_mib=2"},
	{"findings.disable", "findings.disable=[starttls.not-offered]"},
	{"findings.severity", "findings.severity={starttls.not-offered: low}"},
	{"records.tls", "records.tls=off"},
	{"outputs", "outputs=[{type: file, path: /var/log/eve.json}, {type: stdout}]"},
	{"outbox.alerts_mib", "outbox.alerts_mib=32"},
	{"outbox.sessions_mib", "outbox.sessions_mib=64"},
	{"outbox.keep_days", "outbox.keep_days=0"},
	{"alerts.rate_per_s", "alerts.rate_per_s=0"},
	{"alerts.burst", "alerts.burst=1"},
	{"metrics.listen", "metrics.listen=127.0.0.1:9259"},
};

static size_t n_other(void)
{
	return sizeof other / sizeof other[0];
}

static char *printed(const struct config *c, enum config_view view)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	config_print(f, c, view);
	fclose(f);
	return text;
}

static void same(const struct config *a, const struct config *b)
{
	char *x = printed(a, CONFIG_VIEW_ALL), *y = printed(b, CONFIG_VIEW_ALL);
	assert_string_equal(x, y);
	free(x);
	free(y);
}

static void load(struct config *c, const char *text)
{
	struct config_errors errors = {.n = 0};
	if (config_load_text(c, "test.yaml", text, strlen(text), &errors) != 0)
		fail_msg("%s", errors.line[0]);
}

static void test_each_key_has_an_effect(void **state)
{
	assert_int_equal(n_other(), config_schema_n);
	for (size_t i = 0; i < config_schema_n; i++) {
		struct config c, defaults;
		struct config_errors errors = {.n = 0};
		config_init(&c);
		config_init(&defaults);
		assert_string_equal(other[i].key, config_schema[i].name);
		if (config_set(&c, other[i].assignment, &errors) != 0)
			fail_msg("%s", errors.line[0]);
		if (memcmp(&c, &defaults, sizeof c) == 0)
			fail_msg("%s changed nothing", other[i].assignment);
		char *changed = printed(&c, CONFIG_VIEW_CHANGED);
		const char *dot = strchr(other[i].key, '.');
		assert_non_null(strstr(changed, dot != NULL ? dot + 1 : other[i].key));
		free(changed);
	}
}

static void test_printed_is_read_back(void **state)
{
	struct config c, back;
	struct config_errors errors = {.n = 0};
	config_init(&c);
	for (size_t i = 0; i < n_other(); i++)
		assert_int_equal(config_set(&c, other[i].assignment, &errors), 0);
	for (int view = CONFIG_VIEW_ALL; view <= CONFIG_VIEW_EXPLAIN; view++) {
		char *text = printed(&c, (enum config_view)view);
		config_init(&back);
		load(&back, text);
		same(&c, &back);
		free(text);
	}
}

// The file beside this source's tree, wherever the build stands.
static char *example_path(void)
{
	static char path[4096];
	snprintf(path, sizeof path, "%s", __FILE__);
	char *tail = strstr(path, "tests/unit/configs/");
	assert_non_null(tail);
	strcpy(tail, "configs/postwacht.yaml");
	return path;
}

static void test_example_is_the_defaults(void **state)
{
	struct config c, defaults;
	struct config_errors errors = {.n = 0};
	config_init(&defaults);
	// From other values, so that a key left out would show.
	config_init(&c);
	for (size_t i = 0; i < n_other(); i++)
		assert_int_equal(config_set(&c, other[i].assignment, &errors), 0);
	if (config_load(&c, example_path(), &errors) != 0)
		fail_msg("%s", errors.line[0]);
	same(&c, &defaults);
}

static void test_example_explains_every_key(void **state)
{
	static char text[65536];
	FILE *f = fopen(example_path(), "r");
	assert_non_null(f);
	size_t len = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[len] = '\0';
	for (size_t i = 0; i < config_schema_n; i++) {
		const char *dot = strchr(config_schema[i].name, '.');
		char line[256];
		snprintf(line, sizeof line, "\n%s%s: %s\n", dot != NULL ? "  " : "", dot != NULL ? dot + 1 : config_schema[i].name,
			config_schema[i].fallback);
		if (strstr(text, line) == NULL)
			fail_msg("postwacht.yaml lacks%s", line);
		if (strstr(text, config_schema[i].text) == NULL)
			fail_msg("postwacht.yaml lacks the sentence of %s", config_schema[i].name);
	}
}

static const struct {
	const char *name, *yaml, *want;
} bad[] = {
	{"unknown key near a known one", "capture:\n  worker: 2\n", "t:2:3: unknown key capture.worker; did you mean capture.workers?"},
	{"key without its section", "workers: 2\n", "t:1:1: unknown key workers; did you mean capture.workers?"},
	{"section misspelt", "captur: {workers: 2}\n", "t:1:1: unknown key captur"},
	{"unknown key", "banana: 1\n", "t:1:1: unknown key banana; `postwacht config show --schema` lists all"},
	{"duplicate key", "capture:\n  workers: 1\n  workers: 2\n", "t:3:3: capture.workers stands here twice"},
	{"duplicate section", "capture: {workers: 1}\ncapture: {workers: 1}\n", "t:2:1: capture stands here twice"},
	{"below the range", "capture: {workers: 0}\n", "t:1:20: capture.workers must be a whole number from 1 to 16, not \"0\""},
	{"above the range", "capture: {workers: 17}\n", "from 1 to 16, not \"17\""},
	{"number beyond 64 bits", "capture: {workers: 99999999999999999999999}\n", "from 1 to 16"},
	{"negative", "capture: {workers: -1}\n", "from 1 to 16"},
	{"fraction", "capture: {workers: 1.5}\n", "from 1 to 16"},
	{"not a number", "capture: {workers: many}\n", "not \"many\""},
	{"list where a number belongs", "capture: {workers: [1]}\n", "capture.workers must be a single value"},
	{"map where a number belongs", "capture: {workers: {a: 1}}\n", "capture.workers must be a single value"},
	{"no value", "capture:\n  workers:\n", "capture.workers is empty"},
	{"number where a list belongs", "capture: {ports_tcp: 25}\n", "capture.ports_tcp must be a list"},
	{"empty list", "capture: {ports_tcp: []}\n", "capture.ports_tcp must have 1 to 32 items, not 0"},
	{"path where a user belongs", "sensor: {user: /etc/passwd}\n", "t:1:16: sensor.user may hold up to 63 letters"},
	{"user longer than any", "sensor: {control_group: a123456789b123456789c123456789d123456789e123456789f123456789g123}\n",
		"sensor.control_group may hold up to 63 letters"},
	{"port 0", "capture: {ports_tcp: [0]}\n", "from 1 to 65535"},
	{"port 65536", "capture: {ports_tcp: [65536]}\n", "from 1 to 65535"},
	{"word unknown", "capture: {checksums: maybe}\n", "must be auto | require | ignore, not \"maybe\""},
	{"switch", "records: {tls: maybe}\n", "records.tls must be on or off"},
	{"network", "inventory: {exempt: [192.0.2.1/24]}\n", "\"192.0.2.1/24\" is no network"},
	{"own host without name", "inventory: {own_mx: [{addresses: [192.0.2.1]}]}\n", "t:1:22: inventory.own_mx: an entry lacks name"},
	{"own host without addresses", "inventory: {own_mx: [{name: a.example}]}\n", "inventory.own_mx: an entry lacks addresses"},
	{"own host, no addresses", "inventory: {own_mx: [{name: a.example, addresses: []}]}\n", "must have 1 to 256 items, not 0"},
	{"own host at a network", "inventory: {own_mx: [{name: a.example, addresses: [192.0.2.0/24]}]}\n", "not a network"},
	{"own host, no host name", "inventory: {own_mx: [{name: a..example, addresses: [192.0.2.1]}]}\n", "\"a..example\" is no host name"},
	{"own host, key misspelt", "inventory: {own_mx: [{nam: a.example}]}\n", "unknown key inventory.own_mx: nam; did you mean name?"},
	{"own host, key twice", "inventory: {own_mx: [{name: a.example, name: b.example}]}\n", "inventory.own_mx: name stands here twice"},
	{"own host, port", "inventory: {own_mx: [{name: a.example, addresses: [192.0.2.1], port: 0}]}\n", "from 1 to 65535"},
	{"own host, no map", "inventory: {own_mx: [a.example]}\n", "each entry is a map of keys"},
	{"partner without level", "inventory: {partners: [{domain: a.example}]}\n", "inventory.partners: an entry lacks level"},
	{"partner, level unknown", "inventory: {partners: [{domain: a.example, level: dane}]}\n",
		"t:1:51: inventory.partners: level must be encrypt | verify, not \"dane\""},
	{"partner twice", "inventory: {partners: [{domain: a.example, level: verify}, {domain: A.example., level: encrypt}]}\n",
		"a.example stands here twice"},
	{"partner, wildcard inside", "inventory: {partners: [{domain: a.*.example, level: verify}]}\n", "is no host name"},
	{"partner, U-label", "inventory: {partners: [{domain: b\u00fccher.example, level: verify}]}\n", "write it in ASCII"},
	{"partner, two lines", "inventory: {partners: [{domain: a.example, level: verify, note: \"a\\nb\"}]}\n", "must be one line"},
	{"partner, owner too long", "inventory: {partners: [{domain: a.example, level: verify, owner: "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}]}\n", "at most 63 octets"},
	{"partner, networks", "inventory: {partners: [{domain: a.example, level: verify, networks: [1.2.3]}]}\n", "is no network"},
	{"exemption of nothing", "inventory: {exempt: [{owner: a}]}\n", "either a network or a domain"},
	{"exemption of both", "inventory: {exempt: [{owner: a, network: 192.0.2.1, domain: a.example}]}\n", "either a network or a domain"},
	{"exemption of nobody", "inventory: {exempt: [{network: 192.0.2.1}]}\n", "an entry lacks owner"},
	{"exemption, no such day", "inventory: {exempt: [{network: 192.0.2.1, owner: a, until: 2027-02-29}]}\n", "\"2027-02-29\" is no day"},
	{"exemption, not a day", "inventory: {exempt: [{network: 192.0.2.1, owner: a, until: soon}]}\n", "\"soon\" is no day"},
	{"exemption, finding", "inventory: {exempt: [{network: 192.0.2.1, owner: a, findings: [tls.n-sni]}]}\n", "did you mean tls.no-sni?"},
	{"exemption, area", "inventory: {exempt: [{network: 192.0.2.1, owner: a, findings: [tsl.*]}]}\n", "no finding begins with \"tsl.\""},
	{"exemption, no findings", "inventory: {exempt: [{network: 192.0.2.1, owner: a, findings: []}]}\n", "1 to 64 items, not 0"},
	{"probe's name", "policy: {probe_ehlo: \"[192.0.2.1]\"}\n", "is no host name"},
	{"probe's scope", "policy: {probe_scope: all}\n", "must be inventory | own_mx | partners | any, not \"all\""},
	{"name with a space", "sensor: {name: a b}\n", "sensor.name may hold up to 63"},
	{"name too long", "sensor: {name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}\n", "up to 63"},
	{"no tap", "taps: []\n", "taps must have 1 to 8 items, not 0"},
	{"tap without name", "taps: [{nam: a}]\n", "unknown key taps: nam; an entry has name, side"},
	{"tap with nothing but a side", "taps: [{side: mid}]\n", "taps: an entry without name"},
	{"tap with another side", "taps: [{name: a, side: left}]\n", "must be mid | client | server, not \"left\""},
	{"tap with two names", "taps: [{name: a, name: b}]\n", "name stands here twice"},
	{"pair of one", "taps: [{name: a}]\npairs: [{name: p, outside: a}]\n", "t:2:9: pairs: an entry without inside"},
	{"tap that is no map", "taps: [a]\n", "each entry is a map"},
	{"finding unknown", "findings: {disable: [starttls.not-ofered]}\n", "did you mean starttls.not-offered?"},
	{"severity unknown", "findings: {severity: {starttls.not-offered: awful}}\n", "\"awful\" is no severity"},
	{"severity twice", "findings: {severity: {starttls.not-offered: low, starttls.not-offered: high}}\n", "stands here twice"},
	{"severity list", "findings: {severity: [low]}\n", "must be a map"},
	{"section that is no map", "capture: 4\n", "capture must be a map of keys"},
	{"document that is no map", "- a\n", "the configuration must be a map of keys"},
	{"key that is no text", "? [a]\n: b\n", "a key must be a single value"},
	{"two documents", "capture: {workers: 1}\n---\ncapture: {workers: 1}\n", "a second document"},
	{"not YAML", "capture: {workers: 1\n", "not valid YAML"},
	{"tab for indentation", "capture:\n\tworkers: 1\n", "indent with spaces, never tabs"},
	{"unknown anchor", "capture: *a\n", "not valid YAML"},
	{"cycle", "capture: &a {workers: *a}\n", "capture.workers must be a single value"},
	{"cycle of lists", "inventory: {exempt: &a [*a]}\n", "inventory.exempt must be a single value"},
	{"NUL in a value", "sensor: {name: \"a\\0b\"}\n", "holds a NUL"},
};

// What keys must agree on is checked when all are there.
static const struct {
	const char *yaml, *want;
} disagreeing[] = {
	{"taps: [{name: a}, {name: b}]\npairs: [{name: p, outside: a, inside: b}]\n", NULL},
	{"taps: [{name: a}, {name: a}]\n", "two are called a"},
	{"taps: [{name: a}]\npairs: [{name: p, outside: a, inside: b}]\n", "t:2:9: pairs: p: there is no tap \"b\""},
	{"taps: [{name: a}]\npairs: [{name: p, outside: a, inside: a}]\n", "the same tap"},
	{"taps: [{name: a}, {name: b}, {name: c}]\npairs: [{name: p, outside: a, inside: b}, {name: q, outside: b, inside: c}]\n",
		"pairs: q: tap b is in another pair already"},
	{"taps: [{name: a}, {name: b}, {name: c}, {name: d}]\n"
	 "pairs: [{name: p, outside: a, inside: b}, {name: p, outside: c, inside: d}]\n", "two are called p"},
};

static void test_disagreement(void **state)
{
	for (size_t i = 0; i < sizeof disagreeing / sizeof disagreeing[0]; i++) {
		struct config c;
		struct config_errors errors = {.n = 0};
		config_init(&c);
		assert_int_equal(config_load_text(&c, "t", disagreeing[i].yaml, strlen(disagreeing[i].yaml), &errors), 0);
		int rc = config_check(&c, "t", &errors);
		if (rc != (disagreeing[i].want != NULL) || (rc && strstr(errors.line[0], disagreeing[i].want) == NULL))
			fail_msg("%s: %s", disagreeing[i].yaml, errors.n ? errors.line[0] : "no error");
	}
}

static void test_errors(void **state)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct config c;
		struct config_errors errors = {.n = 0};
		config_init(&c);
		int rc = config_load_text(&c, "t", bad[i].yaml, strlen(bad[i].yaml), &errors);
		if (rc != 1 || errors.n == 0 || strstr(errors.line[0], bad[i].want) == NULL)
			fail_msg("%s: %s", bad[i].name, errors.n > 0 ? errors.line[0] : "no error");
	}
}

static void test_good(void **state)
{
	static const char *const good[] = {
		"", "# nothing\n", "---\n", "{}", "capture: {workers: \"2\"}\n", "capture: {}\n", "capture:\n  # workers: 2\n",
		"inventory: {own_networks: &n [192.0.2.0/24], exempt: *n}\n", "records: {tls: no}\n",
	};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct config c;
		config_init(&c);
		load(&c, good[i]);
	}
}

static void test_all_errors_at_once(void **state)
{
	char yaml[4096] = "capture: {workers: 0, checksums: x}\nbanana: 1\ninventory:\n  exempt:\n";
	struct config c;
	struct config_errors errors = {.n = 0};
	config_init(&c);
	for (int i = 0; i < 40; i++)
		strcat(yaml, "    - nonsense\n");
	assert_int_equal(config_load_text(&c, "t", yaml, strlen(yaml), &errors), 1);
	assert_int_equal(errors.n, CONFIG_ERRORS_MAX);
	assert_int_equal(errors.n_more, 3 + 40 - CONFIG_ERRORS_MAX);
	assert_non_null(strstr(errors.line[2], "t:2:1: unknown key banana"));
}

static void test_set_errors(void **state)
{
	static const struct {
		const char *assignment, *want;
	} rows[] = {
		{"capture.workers", "--set takes KEY=VALUE"},
		{"=1", "--set takes KEY=VALUE"},
		{"", "--set takes KEY=VALUE"},
		{"capture.workers=", "capture.workers has no value"},
		{"capture.workers=99", "from 1 to 16"},
		{"capture=1", "unknown key capture"},
		{"capture.wrokers=1", "did you mean capture.workers?"},
		{"inventory.exempt=[", "not valid YAML"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct config c;
		struct config_errors errors = {.n = 0};
		config_init(&c);
		assert_int_equal(config_set(&c, rows[i].assignment, &errors), 1);
		if (strstr(errors.line[0], rows[i].want) == NULL)
			fail_msg("%s: %s", rows[i].assignment, errors.line[0]);
	}
}

static void test_files(void **state)
{
	struct config c;
	struct config_errors errors = {.n = 0};
	config_init(&c);
	assert_int_equal(config_load(&c, "/nonexistent/postwacht.yaml", &errors), -ENOENT);
	assert_int_equal(config_load(&c, "/dev/zero", &errors), -EFBIG);
	assert_int_equal(config_load(&c, "/", &errors), -EISDIR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_key_has_an_effect),
		cmocka_unit_test(test_printed_is_read_back),
		cmocka_unit_test(test_example_is_the_defaults),
		cmocka_unit_test(test_example_explains_every_key),
		cmocka_unit_test(test_disagreement),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_all_errors_at_once),
		cmocka_unit_test(test_set_errors),
		cmocka_unit_test(test_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

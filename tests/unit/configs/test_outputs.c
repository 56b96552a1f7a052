// Outputs: every member has an effect and is printed and read back; what does not belong together is told where it stands.
#include "configs/outputs.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "alerts/json.h"

#define SYSLOG "type: syslog, host: siem.example"
#define TLS SYSLOG ", ca: /ca.pem"
#define KAFKA "type: kafka, brokers: [k1.example, k2.example:9093], topic: mail"
#define SASL KAFKA ", security: sasl_ssl, user: u, password_file: /p"
#define HTTP "type: http, api: elasticsearch, url: \"https://es.example\", target: mail-tls"

#define CLEAR(host) "type: http, api: clickhouse, url: \"http://" host "\", target: b, user: u, password_file: /p"

// One value other than the default for each member of each type.
static const struct {
	const char *name, *base, *added;
} other[] = {
	{"type", NULL, "type: stdout"},
	{"name", "type: stdout", "name: a-1_b"},
	{"format", "type: stdout", "format: cef"},
	{"events", TLS, "events: [alert]"},
	{"events", HTTP, "events: [smtp, anomaly]"},
	{"severity", HTTP, "severity: high"},
	{"rate_per_s", "type: stdout", "rate_per_s: 1000000"},
	{"backlog_mib", TLS, "backlog_mib: 1"},
	{"path", NULL, "type: file, path: \"/a \\\"b\\\" \\\\c\""},
	{"path", NULL, "type: unix, path: /run/x.sock"},
	{"rotate_mib", "type: file, path: /a", "rotate_mib: 64"},
	{"rotate_keep", "type: file, path: /a", "rotate_keep: 999"},
	{"transport", SYSLOG ", transport: tcp", "framing: lf"},
	{"framing", SYSLOG ", transport: tcp", "framing: lf"},
	{"host", NULL, "type: syslog, transport: udp, host: \"2001:db8::1\""},
	{"port", TLS, "port: 65535"},
	{"facility", "type: syslog, transport: local", "facility: local7"},
	{"cookie", TLS, "cookie: on"},
	{"structured", TLS, "structured: on"},
	{"ca", NULL, TLS},
	{"ca", HTTP, "ca: /ca.pem"},
	{"cert", TLS, "cert: /c, key: /k"},
	{"key", SASL, "cert: /c, key: /k"},
	{"server_name", TLS, "server_name: other.example"},
	{"brokers", NULL, KAFKA},
	{"topic", NULL, KAFKA},
	{"topic_sessions", KAFKA, "topic_sessions: mail.sessions"},
	{"security", KAFKA, "security: ssl"},
	{"api", NULL, "type: http, api: clickhouse, url: \"http://ch.example:8123\", target: mail.records"},
	{"url", NULL, HTTP},
	{"target", NULL, HTTP},
	{"user", NULL, SASL},
	{"user", HTTP, "user: u, password_file: /p"},
	{"password_file", NULL, SASL},
	{"password_file", HTTP, "user: u, password_file: /p"},
};

// A build without Kafka refuses it, whatever else is said.
static bool unbuilt(const char *entries)
{
	return !output_type_built(SINK_KAFKA) && strstr(entries, "type: kafka") != NULL;
}

static int set(struct config *c, struct config_errors *errors, const char *entries)
{
	char text[2048];
	snprintf(text, sizeof text, "outputs:\n- {%s}\n", entries);
	errors->n = errors->n_more = 0;
	config_init(c);
	return config_load_text(c, "t", text, strlen(text), errors);
}

static void load(struct config *c, const char *entries)
{
	struct config_errors errors;
	if (set(c, &errors, entries) != 0)
		fail_msg("%s: %s", entries, errors.line[0]);
}

static char *printed(const struct config *c)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	config_print(f, c, CONFIG_VIEW_CHANGED);
	fclose(f);
	return text;
}

static void test_each_member_has_an_effect(void **state)
{
	static struct config with, without, back;
	struct config_errors errors = {.n = 0};
	assert_int_equal(sizeof other / sizeof other[0], output_members_n);
	for (size_t i = 0; i < output_members_n; i++) {
		char text[1024], name[32];
		assert_string_equal(other[i].name, output_members[i].name);
		if (unbuilt(other[i].base != NULL ? other[i].base : other[i].added))
			continue;
		snprintf(text, sizeof text, "%s%s%s", other[i].base != NULL ? other[i].base : "", other[i].base != NULL ? ", " : "", other[i].added);
		load(&with, text);
		const struct sink_config *o = &with.outputs.output[0];
		assert_true(output_members[i].types & 1u << o->type);
		if (other[i].base != NULL) {
			load(&without, other[i].base);
			assert_memory_not_equal(&with.outputs, &without.outputs, sizeof with.outputs);
		}
		char *yaml = printed(&with);
		snprintf(name, sizeof name, "%s: ", other[i].name);
		if (strstr(yaml, name) == NULL && strcmp(text, "type: stdout") != 0)
			fail_msg("%s is not in %s", name, yaml);
		config_init(&back);
		assert_int_equal(config_load_text(&back, "t", yaml, strlen(yaml), &errors), 0);
		if (memcmp(&back.outputs, &with.outputs, sizeof back.outputs) != 0)
			fail_msg("not what it was: %s", yaml);
		free(yaml);
	}
}

static void test_together_they_are_read_back(void **state)
{
	static struct config c, back;
	struct config_errors errors = {.n = 0};
	if (!output_type_built(SINK_KAFKA))
		skip();
	load(&c, "type: file, path: /a}\n- {type: file, name: x, path: /b}\n- {type: file, path: /c}\n- {" TLS "}\n- {" KAFKA "}\n- {" HTTP);
	assert_string_equal(c.outputs.output[0].name, "file");
	assert_string_equal(c.outputs.output[1].name, "x");
	assert_string_equal(c.outputs.output[2].name, "file-3");
	assert_string_equal(c.outputs.output[3].name, "syslog");
	assert_string_equal(c.outputs.output[4].brokers, "k1.example,k2.example:9093");
	char *yaml = printed(&c);
	assert_null(strstr(yaml, "name: file"));
	config_init(&back);
	assert_int_equal(config_load_text(&back, "t", yaml, strlen(yaml), &errors), 0);
	assert_memory_equal(&back.outputs, &c.outputs, sizeof c.outputs);
	free(yaml);
}

static void test_brokers(void **state)
{
	static struct config c;
	static const char *const same[] = {"\"k1:9092,k2:9092\"", "\"k1:9092, k2:9092\"", "\"  k1:9092  ,   k2:9092  \"",
		"[k1:9092, k2:9092]", "[\" k1:9092\", \"k2:9092 \"]"};
	if (!output_type_built(SINK_KAFKA))
		skip();
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		char entry[128];
		snprintf(entry, sizeof entry, "type: kafka, topic: a, brokers: %s", same[i]);
		load(&c, entry);
		assert_string_equal(c.outputs.output[0].brokers, "k1:9092,k2:9092");
	}
}

static void test_defaults(void **state)
{
	struct sink_config o;
	const uint32_t all = (1u << RECORD_TYPES) - 1;
	config_output_init(&o, SINK_FILE);
	assert_string_equal(o.name, "file");
	assert_int_equal(o.events, all);
	assert_int_equal(o.rotate_keep, 5);
	assert_int_equal(o.severity, SEVERITY_INFO);
	config_output_init(&o, SINK_SYSLOG);
	assert_int_equal(o.events, 1u << RECORD_ALERT | 1u << RECORD_STATS);
	assert_int_equal(o.transport, TRANSPORT_TLS);
	assert_int_equal(o.facility, 3);
	assert_int_equal(o.framing, FRAMING_OCTETS);
	config_output_init(&o, SINK_KAFKA);
	assert_string_equal(o.security, "plaintext");
	assert_int_equal(o.events, all);
}

// Nothing that has no meaning, everything that has: also what was not given.
static void test_json(void **state)
{
	static struct config c;
	static char text[16384];
	struct json j;
	load(&c, TLS "}\n- {type: stdout");
	json_init(&j, text, sizeof text);
	config_put_json(&j, &c, CONFIG_VIEW_CHANGED);
	assert_true(json_ok(&j));
	json_t *root = json_loadb(text, json_len(&j), 0, NULL), *list = json_object_get(root, "outputs");
	const json_t *o = json_array_get(list, 0);
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_object_get(o, "ca")), "/ca.pem");
	assert_true(json_is_null(json_object_get(o, "cert")));
	assert_true(json_is_null(json_object_get(o, "port")));
	assert_true(json_is_false(json_object_get(o, "cookie")));
	assert_int_equal(json_integer_value(json_object_get(o, "rate_per_s")), 0);
	assert_string_equal(json_string_value(json_object_get(o, "facility")), "daemon");
	assert_int_equal(json_array_size(json_object_get(o, "events")), 2);
	assert_null(json_object_get(o, "path"));
	assert_string_equal(json_string_value(json_object_get(o, "framing")), "octet-counting");
	o = json_array_get(list, 1);
	assert_string_equal(json_string_value(json_object_get(o, "name")), "stdout");
	assert_null(json_object_get(o, "host"));
	json_decref(root);
}

static const struct {
	const char *yaml, *want;
} bad[] = {
	// what it is
	{"path: /a", "t:2:3: outputs: an entry without type"},
	{"type: files", "t:2:10: outputs: type must be file | stdout | unix | syslog | kafka | http, not \"files\""},
	{"type: [file]", "outputs: type must be a single value"},
	{"type: stdout}\n- stdout\n- {type: stdout", "t:3:3: outputs: each entry is a map with the key `type`"},
	// members
	{"type: file, path: /a, rotat_mib: 1", "t:2:26: unknown key outputs: rotat_mib; did you mean rotate_mib?"},
	{"type: file, banana: /a", "unknown key outputs: banana; `postwacht config show --schema` lists all"},
	{"type: stdout, path: /a", "t:2:18: outputs: path has no meaning for type: stdout, only for file, unix"},
	{HTTP ", host: a", "outputs: host has no meaning for type: http, only for syslog"},
	{"type: file, path: /a, path: /b", "outputs: path stands here twice"},
	{"type: file, [a]: b", "the key of an entry must be a single value"},
	// what is missing
	{"type: file", "t:2:3: outputs: an entry of type: file lacks path"},
	{"type: unix", "lacks path"},
	{"type: syslog, ca: /a", "outputs: an entry of type: syslog with a transport other than local lacks host"},
	{SYSLOG, "outputs: an entry of type: syslog with transport: tls lacks ca"},
	{SYSLOG ", transport: tls", "with transport: tls lacks ca"},
	{"type: kafka, topic: a", "lacks brokers"},
	{"type: kafka, brokers: a", "lacks topic"},
	{KAFKA ", security: sasl_ssl", "outputs: an entry of type: kafka with security: sasl_ssl lacks user"},
	{KAFKA ", security: sasl_ssl, user: a", "lacks password_file"},
	{"type: http, url: \"http://a\", target: b", "lacks api"},
	{"type: http, api: clickhouse, target: b", "lacks url"},
	{"type: http, api: clickhouse, url: \"http://a\"", "lacks target"},
	{TLS ", cert: /a", "cert and key belong together; key is missing"},
	{TLS ", key: /a", "cert and key belong together; cert is missing"},
	{HTTP ", user: a", "user and password_file belong together; password_file is missing"},
	// what `run` does not send in clear
	{CLEAR("10.9.9.9:9200"), "t:2:3: outputs: a password is sent over https only, or to this machine (an address of loopback, or localhost), "
		"not to http://10.9.9.9:9200"},
	{CLEAR("127.example"), "a password is sent over https only"},
	{CLEAR("localhost.example"), "a password is sent over https only"},
	{CLEAR("[::2]:8123"), "a password is sent over https only"},
	{CLEAR("[::ffff:127.0.0.1]"), "a password is sent over https only"},
	{"type: http, api: elasticsearch, url: \"http://a\", target: b, password_file: /token", "a password is sent over https only"},
	// what is a false comfort
	{SYSLOG ", transport: tcp, ca: /a", "outputs: ca has no meaning without transport: tls"},
	{SYSLOG ", transport: udp, server_name: a", "outputs: server_name has no meaning without transport: tls"},
	{"type: syslog, transport: local, host: a", "outputs: host has no meaning without a transport other than local"},
	{"type: syslog, transport: local, structured: on", "outputs: structured has no meaning without a transport other than local"},
	{SYSLOG ", transport: udp, framing: lf", "outputs: framing has no meaning without transport: tcp or tls"},
	{KAFKA ", ca: /a", "outputs: ca has no meaning without security: ssl or sasl_ssl"},
	{KAFKA ", security: ssl, user: a, password_file: b", "outputs: user has no meaning without security: sasl_ssl"},
	{"type: http, api: clickhouse, url: \"http://a\", target: b, ca: /a", "outputs: ca has no meaning without an https: url"},
	// formats
	{TLS ", format: cef, cookie: on", "cookie is for JSON"},
	{HTTP ", format: leef", "type: http takes JSON only"},
	{"type: http, api: clickhouse, url: \"http://a\", target: b, format: ecs", "clickhouse takes format: eve only"},
	// values
	{"type: stdout, name: Upper", "outputs: name: \"Upper\" is no name"},
	{"type: stdout, name: a.b", "is no name"},
	{"type: stdout, name: ../a", "is no name"},
	{"type: stdout, name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "is no name"},
	{"type: stdout, format: ece", "format must be eve | ecs | cef | leef, not \"ece\""},
	{"type: stdout, events: []", "events must have 1 to 5 items, not 0"},
	{"type: stdout, events: alert", "events must be a list"},
	{"type: stdout, events: [alerts]", "events must be smtp | tls | alert | anomaly | stats, not \"alerts\""},
	{"type: stdout, severity: awful", "severity must be info | low | medium | high | critical"},
	{"type: stdout, rate_per_s: 1000001", "rate_per_s must be a whole number from 0 to 1000000"},
	{"type: file, path: /a, rotate_keep: 0", "rotate_keep must be a whole number from 1 to 999"},
	{"type: file, path: \"a\\tb\"", "path must be a text of 1 to 255 octets"},
	{TLS ", port: 0", "port must be a whole number from 1 to 65535"},
	{TLS ", facility: local8", "facility must be kern | user"},
	{"type: syslog, transport: udp, host: \"a b\"", "host: \"a b\" is no host name"},
	{"type: syslog, transport: udp, host: \"a:514\"", "is no host name"},
	{"type: kafka, topic: a, brokers: \"a b\"", "brokers: \"a b\" is no broker"},
	{"type: kafka, topic: a, brokers: \"a, ,b\"", "brokers: \"\" is no broker"},
	{"type: kafka, topic: a, brokers: \"a, \"", "brokers: \"\" is no broker"},
	{"type: kafka, topic: a, brokers: [a, \"ssl://b:1\"]", "is no broker"},
	{"type: kafka, topic: a, brokers: []", "brokers must have 1 to 32 items"},
	{"type: kafka, topic: a/b, brokers: a", "topic: \"a/b\" is no name"},
	{KAFKA ", security: SSL", "security must be plaintext | ssl | sasl_ssl"},
	{"type: http, api: clickhouse, target: b, url: \"http://a/b\"", "must be http:// or https://"},
	{"type: http, api: clickhouse, target: b, url: \"https://u:secret@a\"", "url: no user and no password stand in it"},
	{"type: http, api: clickhouse, url: \"http://a\", target: a.b.c", "target: \"a.b.c\" is no [DATABASE.]TABLE"},
	{"type: http, api: clickhouse, url: \"http://a\", target: a-b", "is no [DATABASE.]TABLE"},
	{"type: http, api: clickhouse, url: \"http://a\", target: .b", "is no [DATABASE.]TABLE"},
	{"type: http, api: clickhouse, url: \"http://a\", target: 1b", "is no [DATABASE.]TABLE"},
	{"type: http, api: clickhouse, url: \"http://a\", target: a.1", "is no [DATABASE.]TABLE"},
	{HTTP ", user: \"a:b\", password_file: /p", "user: \"a:b\" has a colon"},
	{"type: http, api: elasticsearch, url: \"http://a\", target: Upper", "is no name of an index"},
	{"type: http, api: elasticsearch, url: \"http://a\", target: _all", "is no name of an index"},
	{"type: http, api: elasticsearch, url: \"http://a\", target: \"*\"", "is no name"},
	// each other
	{"type: stdout}\n- {type: file, path: /a, name: stdout", "t:3:3: outputs: two are called stdout"},
	{"type: file, path: /a, name: file-2}\n- {type: file, path: /b", "two are called file-2"},
	{"type: stdout}\n- {type: stdout", "two write to standard output"},
	{"type: file, path: /a/b}\n- {type: file, path: //a/./b", "two write to //a/./b"},
	{"type: file, path: a}\n- {type: file, path: ./a", "two write to ./a"},
	{"type: file, path: /tmp/x}\n- {type: file, path: /tmp/../tmp/x", "two write to /tmp/../tmp/x"},
	{"type: file, path: /x}\n- {type: file, path: /a/b/.././../../x", "two write to /a/b"},
	{"type: file, path: x}\n- {type: file, path: a/../x", "two write to a/../x"},
	{"type: file, path: ../x}\n- {type: file, path: a/../../x", "two write to a/../../x"},
	{"type: file, path: ../../x}\n- {type: file, path: .././/../x", "two write to .././/../x"},
	{"type: file, path: d/x, rotate_mib: 1, rotate_keep: 2}\n- {type: file, path: d/x.1",
		"t:3:3: outputs: rotation of d/x would take the file of another, which is its .1"},
	{"type: file, path: d/x.2}\n- {type: file, path: d/../d/x, rotate_mib: 1, rotate_keep: 2", "rotation of d/../d/x would take"},
	{"type: file, path: /x, rotate_mib: 1}\n- {type: file, path: /x.5, rotate_mib: 1", "rotation of /x would take"},
};

static void test_errors(void **state)
{
	static struct config c;
	struct config_errors errors;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (!unbuilt(bad[i].yaml) && (set(&c, &errors, bad[i].yaml) != 1 || strstr(errors.line[0], bad[i].want) == NULL))
			fail_msg("%s: %s", bad[i].yaml, errors.n > 0 ? errors.line[0] : "no error");
		assert_null(strstr(errors.line[0], "secret")); // told, and not repeated
	}
}

static void test_good(void **state)
{
	static struct config c;
	static const char *const good[] = {
		"type: file, path: /a}\n- {type: file, path: /a.b}\n- {type: file, path: /a/b}\n- {type: unix, path: /a",
		"type: file, path: x}\n- {type: file, path: ../x}\n- {type: file, path: ../../x}\n- {type: file, path: /x}\n- {type: file, path: a../x",
		"type: file, path: /x, rotate_mib: 1, rotate_keep: 2}\n- {type: file, path: /x.3}\n- {type: file, path: /x.01",
		"type: file, path: /x}\n- {type: file, path: /x.1", // others rotate it
		"type: kafka, topic: a, brokers: \"a:1,b\"", "type: syslog, transport: local", "type: syslog, transport: udp, host: 192.0.2.1",
		"transport: udp, host: a, type: syslog", HTTP ", user: u, password_file: /p", CLEAR("127.9.9.9:8123"), CLEAR("[::1]:8123"),
		CLEAR("[0:0::1]"), CLEAR("localhost:8123/"),
		"type: kafka, topic: a, brokers: a, security: ssl", "type: http, api: elasticsearch, url: \"https://a\", target: b, password_file: /p",
	};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!unbuilt(good[i]))
			load(&c, good[i]);
}

// The worked examples beside configs/postwacht.yaml.
static void test_examples(void **state)
{
	static struct config c;
	struct config_errors errors = {.n = 0};
	char pattern[4096];
	glob_t found;
	snprintf(pattern, sizeof pattern, "%s", __FILE__);
	strcpy(strstr(pattern, "tests/unit/configs/"), "configs/examples/*.yaml");
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 3);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		config_init(&c);
		if (strstr(found.gl_pathv[i], "kafka") != NULL && !output_type_built(SINK_KAFKA))
			continue;
		int rc = config_load(&c, found.gl_pathv[i], &errors);
		if (rc != 0 || config_check(&c, found.gl_pathv[i], &errors) != 0)
			fail_msg("%s: %d %s", found.gl_pathv[i], rc, errors.n > 0 ? errors.line[0] : "");
		assert_true(c.outputs.n > 0);
	}
	globfree(&found);
}

static void test_a_build_without_kafka_says_so(void **state)
{
	static struct config c;
	struct config_errors errors;
	assert_int_equal(set(&c, &errors, KAFKA), !output_type_built(SINK_KAFKA));
	if (!output_type_built(SINK_KAFKA))
		assert_non_null(strstr(errors.line[0], "built without type: kafka"));
}

static void test_texts(void **state)
{
	for (size_t i = 0; i < output_members_n; i++) {
		char values[256];
		size_t len = strlen(output_members[i].text);
		if (len == 0 || len > 115 || output_members[i].text[len - 1] != '.')
			fail_msg("%s: one sentence of at most 115 octets, not %zu", output_members[i].name, len);
		output_member_describe(&output_members[i], values, sizeof values);
		assert_in_range(strlen(values), 1, 120);
		for (size_t k = 0; k < i; k++) // one row a name and type
			assert_true(strcmp(output_members[i].name, output_members[k].name) != 0 || !(output_members[i].types & output_members[k].types));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_member_has_an_effect),
		cmocka_unit_test(test_together_they_are_read_back),
		cmocka_unit_test(test_brokers),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_a_build_without_kafka_says_so),
		cmocka_unit_test(test_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

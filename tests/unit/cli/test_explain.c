// The TLS part of an explanation: each fact that a finding may be about has its words.
#include "cli/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/json.h"

static const struct {
	const char *name;
	struct tls_facts tls;
	const char *want, *never;
} rows[] = {
	{"a static key", {.server_version = 0x0303, .suite = 0x002f}, "who gets the server's key reads it all", "pre-shared"},
	{"a pre-shared key", {.server_version = 0x0303, .suite = 0x00a8}, "who gets the pre-shared key reads it all", "server's"},
	{"TLS 1.3 without a key share", {.server_version = 0x0304, .suite = 0x1301, .resumed = true},
		"who gets the pre-shared key reads it all", "server's"},
	{"TLS 1.3 with a pre-shared key", {.server_version = 0x0304, .suite = 0x1301, .resumed = true, .group = 29},
		"pre-shared key (a resumption, or one agreed beforehand)\n          forward secrecy", "no forward"},
	{"resumed", {.server_version = 0x0303, .suite = 0xc02f, .resumed = true}, ", resumed\n", "pre-shared"},
	{"anonymous", {.server_version = 0x0303, .suite = 0x0034}, "nobody showed a certificate", "compress"},
	{"compression", {.server_version = 0x0303, .suite = 0xc02f, .compression = 1}, "compresses before it encrypts (method 1)", "secure"},
	{"renegotiation info refused", {.server_version = 0x0303, .suite = 0xc02f, .offer_known = true,
		.client_ext = TLS_EXT_RENEGOTIATION_INFO}, "no secure renegotiation", "compress"},
	{"renegotiation info not asked for", {.server_version = 0x0303, .suite = 0xc02f, .offer_known = true}, "forward", "renegotiation"},
	{"TLS 1.3 has none", {.server_version = 0x0304, .suite = 0x1301, .group = 29, .offer_known = true,
		.client_ext = TLS_EXT_RENEGOTIATION_INFO}, "forward", "renegotiation"},
	{"renegotiated", {.server_version = 0x0303, .suite = 0xc02f, .n_renegotiations = 2, .renegotiation_dir = DIR_C2S,
		.renegotiation_mark = {.frame = 20}}, "#20     C: renegotiation, the first of 2", "Heartbleed"},
	{"heartbeat agreed", {.server_version = 0x0303, .suite = 0xc02f, .server_ext = TLS_EXT_HEARTBEAT}, "heartbeat extension was agreed",
		"Heartbleed"},
	{"heartbleed", {.server_version = 0x0303, .suite = 0xc02f, .n_heartbeats = 1, .heartbeat_overread = true,
		.heartbeat_mark = {.frame = 21}}, "#21     the first of 1 heartbeat record; one asks for more than it sends: Heartbleed", "records"},
	{"SSL 2.0", {.server_version = 0x0002}, "SSL 2.0 does not show when its handshake is complete", "did not complete"},
	{"the certificate's frame", {.server_version = 0x0303, .suite = 0xc02f, .certificate_mark = {.frame = 13}},
		"  #13     S: certificate\n", "?"},
	{"the trust store", {.server_version = 0x0303, .suite = 0xc02f}, "(store my (old) roots.pem: 142 certificates, digest 1f3a9c07)\n",
		"(142"},
};

static char *tell(const struct session *s)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	assert_non_null(out);
	explain_print_tls(out, s, false);
	fclose(out);
	return text;
}

static void test_tls(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		static struct peer peer = {.server = {.present = true, .subject = "CN=a"}, .n_certs = 1, .trust = TRUST_ROOT_UNKNOWN};
		struct facts f = {.tls = rows[i].tls};
		struct session s = {.facts = &f, .peer = &peer, .store = "my (old) roots.pem (142, 1f3a9c07)"};
		f.tls.asked = f.tls.client_hello = f.tls.server_hello = true;
		char *text = tell(&s);
		if (strstr(text, rows[i].want) == NULL || strstr(text, rows[i].never) != NULL)
			fail_msg("%s:\n%s", rows[i].name, text);
		free(text);
	}
}

// One object for what records say in two.
static void test_json(void **state)
{
	static struct peer peer = {.server = {.present = true, .subject = "CN=a", .issuer = "CN=b", .not_after_s = 1}, .ja4 = "t13d"};
	static const char *const want[] = {"\"version\":\"TLS 1.0\"", "\"cipher\":\"TLS_RSA_WITH_3DES_EDE_CBC_SHA\"",
		"\"weak\":[\"version\",\"3des\"]", "\"subject\":\"CN=a\"", "\"issuerdn\":\"CN=b\"", "\"notafter\":\"1970-01-01T00:00:01\"",
		"\"sha256\":\"0000", "\"trust\":\"not_judged\"", "\"ja4\":\"t13d\""};
	struct facts f = {.tls = {.client_hello = true, .server_hello = true, .server_version = 0x0301, .suite = 0x000a}};
	struct session s = {.facts = &f, .peer = &peer};
	char text[8192];
	struct json j;
	json_init(&j, text, sizeof text - 1);
	json_open_object(&j);
	record_tls_whole(&j, &s);
	json_close_object(&j);
	assert_true(json_ok(&j));
	text[json_len(&j)] = '\0';
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
		if (strstr(text, want[i]) == NULL)
			fail_msg("%s is not in %s", want[i], text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_tls), cmocka_unit_test(test_json)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Commands that negotiate what a session negotiated, or say that openssl cannot, and what is read without a network.
#include "cli/confirm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *name, *finding;
	uint16_t version, suite;
	uint8_t compression;
	const char *sni, *want, *never;
} rows[] = {
	{"TLS 1.0", "tls.version-obsolete", 0x0301, 0xc013, 0, "mx.example",
		"-servername mx.example -tls1 -cipher 'kECDHE+aRSA+AES128+SHA1:@SECLEVEL=0'", "nmap"},
	{"nobody authenticated", "tls.cipher-anon", 0x0303, 0x0034, 0, NULL, "-tls1_2 -cipher 'kDHE+aNULL+AES128+SHA1:@SECLEVEL=0'", "nmap"},
	{"no name asked for", "tls.no-sni", 0x0303, 0xc02f, 0, NULL, " -noservername -tls1_2", "-servername"},
	{"a name that is a command", "tls.no-ems", 0x0303, 0xc02f, 0, "a;reboot", "kECDHE+aRSA+AES128+AESGCM", "reboot"},
	{"no encryption", "tls.cipher-null", 0x0303, 0x0002, 0, "mx.example", "-cipher 'kRSA+aRSA+eNULL+SHA1:@SECLEVEL=0'", "nmap"},
	{"TLS 1.3", "tls.pq-absent", 0x0304, 0x1301, 0, "mx.example", "-tls1_3 -ciphersuites TLS_AES_128_GCM_SHA256", "-cipher "},
	{"3DES", "tls.cipher-3des", 0x0303, 0x000a, 0, "mx.example", "nmap -Pn -p 25 --script ssl-enum-ciphers 192.0.2.2", "SECLEVEL"},
	{"RC4", "tls.cipher-rc4", 0x0301, 0x0005, 0, "mx.example", "ssl-enum-ciphers", "SECLEVEL"},
	{"EXPORT", "tls.cipher-export", 0x0301, 0x0003, 0, "mx.example", "ssl-enum-ciphers", "SECLEVEL"},
	{"SSL 3.0", "tls.version-obsolete", 0x0300, 0x002f, 0, "mx.example", "ssl-enum-ciphers", "-ssl3"},
	{"SSL 2.0", "tls.version-obsolete", 0x0002, 0, 0, NULL, "--script sslv2", "SECLEVEL"},
	{"compression", "tls.compression", 0x0303, 0xc02f, 1, "mx.example", "ssl-enum-ciphers", "SECLEVEL"},
	{"heartbeat", "tls.heartbeat", 0x0303, 0xc02f, 0, "mx.example", "ssl-heartbleed", "SECLEVEL"},
	{"a certificate", "cert.expired", 0x0303, 0xc02f, 0, "mx.example",
		"-Y 'frame.number == 9' -T fields -e tls.handshake.certificate | cut -d, -f1 | xxd -r -p", "SECLEVEL"},
	{"its frames", "cert.expired", 0x0303, 0xc02f, 0, "mx.example", "-V -Y 'frame.number == 7 || frame.number == 9'", "SECLEVEL"},
	{"mail in clear", "exposure.content", 0, 0, 0, NULL, "-starttls smtp", "-tls1"},
};

static struct peer peer;

static char *commands(const struct confirm_about *a)
{
	static char all[CONFIRM_MAX * CONFIRM_LEN];
	struct confirm c;
	confirm_build(&c, a);
	all[0] = '\0';
	for (size_t k = 0; k < c.n; k++)
		strcat(strcat(all, c.step[k].command), "\n");
	return all;
}

static struct facts some_facts(void)
{
	return (struct facts){.conn = {.src = {192, 0, 2, 1}, .dst = {192, 0, 2, 2}, .src_port = 1025, .dst_port = 25, .ip_v = 4}};
}

static void test_commands(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct facts f = some_facts();
		f.tls.client_hello = f.tls.server_hello = rows[i].version != 0;
		f.tls.server_version = rows[i].version;
		f.tls.suite = rows[i].suite;
		f.tls.compression = rows[i].compression;
		f.tls.server_ext = TLS_EXT_RENEGOTIATION_INFO;
		f.tls.certificate_mark.frame = 9;
		if (rows[i].sni != NULL) {
			facts_set_text(&f, &f.tls.sni, rows[i].sni, strlen(rows[i].sni), 255);
			f.tls.sni_len = (uint16_t)strlen(rows[i].sni);
		}
		struct finding finding = {.row = catalogue_find(rows[i].finding), .n_frames = 2, .frames = {7, 9}};
		assert_non_null(finding.row);
		peer.server.present = true;
		struct session s = {.facts = &f, .peer = &peer};
		const char *all = commands(&(struct confirm_about){.session = &s, .finding = &finding, .file = "a.pcap"});
		if (strstr(all, rows[i].want) == NULL || strstr(all, rows[i].never) != NULL)
			fail_msg("%s:\n%s", rows[i].name, all);
	}
}

// A certificate that only a key log shows stands in no frame that tshark could cut it out of.
static void test_certificate_of_the_key_log(void **state)
{
	struct facts f = some_facts();
	struct finding finding = {.row = catalogue_find("cert.expired")};
	struct session s = {.facts = &f, .peer = &peer};
	peer.server.present = peer.from_keylog = true;
	f.tls.certificate_mark.frame = 9;
	const char *all = commands(&(struct confirm_about){.session = &s, .finding = &finding, .file = "a.pcap"});
	assert_null(strstr(all, "x509"));
	all = commands(&(struct confirm_about){.session = &s, .finding = &finding, .file = "a.pcap", .keylog = "/proc/self/exe"});
	assert_non_null(strstr(all, "tshark -r a.pcap -o tls.keylog_file:/proc/self/exe -Y"));
	all = commands(&(struct confirm_about){.session = &s, .finding = &finding, .file = "a.pcap", .keylog = "/"});
	assert_null(strstr(all, "keylog_file"));
	peer.from_keylog = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_certificate_of_the_key_log),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

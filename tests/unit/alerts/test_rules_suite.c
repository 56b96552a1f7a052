// Rules on the cipher suite that was chosen.
#include "tests/unit/alerts/rules_fixture.h"

static const struct expectation required = {.level = EXPECT_DANE, .enforced = true, .identity_required = true},
	may = {.level = EXPECT_MAY};

static void chose(struct facts *f, uint16_t suite)
{
	upgraded(f);
	f->tls.suite = suite;
	f->tls.server_ext |= TLS_EXT_ENCRYPT_THEN_MAC;
}

#define CHOSE(function, suite) \
	static void function(struct facts *f) \
	{ \
		chose(f, suite); \
	}
CHOSE(null_cipher, 0xc010)     // ECDHE_RSA_WITH_NULL_SHA
CHOSE(export_rc4, 0x0003)      // RSA_EXPORT_WITH_RC4_40_MD5
CHOSE(export_dhe, 0x0014)      // DHE_RSA_EXPORT_WITH_DES40_CBC_SHA
CHOSE(rc4, 0xc011)             // ECDHE_RSA_WITH_RC4_128_SHA
CHOSE(des, 0x0015)             // DHE_RSA_WITH_DES_CBC_SHA
CHOSE(triple_des, 0xc012)      // ECDHE_RSA_WITH_3DES_EDE_CBC_SHA
CHOSE(cbc_sha1, 0xc014)        // ECDHE_RSA_WITH_AES_256_CBC_SHA
CHOSE(cbc_sha256, 0xc027)      // ECDHE_RSA_WITH_AES_128_CBC_SHA256
CHOSE(ccm8, 0xc0ae)            // ECDHE_ECDSA_WITH_AES_128_CCM_8
CHOSE(chacha, 0xcca8)          // ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
CHOSE(static_rsa, 0x009c)      // RSA_WITH_AES_128_GCM_SHA256
CHOSE(static_ecdh, 0xc031)     // ECDH_RSA_WITH_AES_128_GCM_SHA256
CHOSE(unknown_suite, 0x7777)
CHOSE(grease, 0x0a0a)

static void anonymous(struct facts *f)
{
	chose(f, 0xc018); // ECDH_anon_WITH_AES_128_CBC_SHA
	f->tls.certificate = false;
	f->tls.peer_cert = CERT_NOT_SEEN;
	f->tls.ske_scheme = 0;
}

static void cbc_no_etm(struct facts *f)
{
	cbc_sha256(f);
	f->tls.server_ext &= ~(uint32_t)TLS_EXT_ENCRYPT_THEN_MAC;
}

static void cbc_hellos_not_read(struct facts *f)
{
	cbc_no_etm(f);
	f->tls.offer_known = false;
	f->tls.server_ext = 0;
}

static void integrity_only(struct facts *f)
{
	ehlo(f, OFFER_YES);
	starttls(f, 220);
	handshake(f, 0x0304, true);
	f->tls.suite = 0xc0b4;
}

static void rc4_failed(struct facts *f)
{
	rc4(f);
	f->tls.completed = false;
	f->tls.alert_clear = true;
	f->tls.alert_level = 2;
	f->tls.alert_code = 71;
	f->tls.alert_mark = at(12);
}

static void anonymous_tls11(struct facts *f)
{
	anonymous(f);
	f->tls.server_version = 0x0302;
	f->tls.ske_scheme = 0;
}

#define NULL_CIPHER "tls.cipher-null/certain/critical/complete"
#define CBC_SHA1 "tls.cipher-cbc-sha1/certain/low/complete"
#define NO_FS "tls.no-forward-secrecy/certain/medium/complete"
#define MISSING " cert.missing/certain/info/complete"

static const struct rules_row rows[] = {
	{"AEAD", chacha, NULL, ""},
	{"NULL", null_cipher, NULL, NULL_CIPHER},
	{"TLS 1.3 without encryption", integrity_only, NULL, NULL_CIPHER},
	{"EXPORT", export_rc4, NULL,
		"tls.cipher-export/certain/critical/complete tls.cipher-rc4/certain/high/complete " NO_FS},
	{"EXPORT with DHE", export_dhe, NULL, "tls.cipher-export/certain/critical/complete tls.cipher-des/certain/high/complete"},
	{"anonymous, nobody knows", anonymous, NULL, "tls.cipher-anon/certain/low/complete " CBC_SHA1 MISSING},
	{"anonymous, nobody asked", anonymous, &may, "tls.cipher-anon/certain/info/complete " CBC_SHA1 MISSING},
	{"anonymous, identity required", anonymous, &required, "tls.cipher-anon/certain/high/complete " CBC_SHA1 MISSING},
	{"RC4", rc4, NULL, "tls.cipher-rc4/certain/high/complete"},
	{"RC4, and no session came of it", rc4_failed, NULL,
		"starttls.handshake-failed/certain/medium/complete tls.cipher-rc4/certain/low/complete"},
	{"DES", des, NULL, "tls.cipher-des/certain/high/complete"},
	{"3DES", triple_des, NULL, "tls.cipher-3des/certain/medium/complete"},
	{"CBC and SHA-1", cbc_sha1, NULL, CBC_SHA1},
	{"CBC and SHA-256", cbc_sha256, NULL, ""},
	{"CBC without encrypt-then-MAC", cbc_no_etm, NULL, "tls.cbc-no-etm/certain/low/complete"},
	{"CBC, hellos not read", cbc_hellos_not_read, NULL, ""},
	{"CCM_8", ccm8, NULL, "tls.cipher-ccm8/certain/low/complete"},
	{"static RSA", static_rsa, NULL, NO_FS},
	{"static ECDH", static_ecdh, NULL, NO_FS},
	{"a suite nobody knows", unknown_suite, NULL, ""},
	{"GREASE", grease, NULL, ""},
	{"nobody signs", anonymous_tls11, NULL,
		"tls.version-obsolete/certain/high/complete tls.cipher-anon/certain/low/complete " CBC_SHA1 MISSING},
};

int main(void)
{
	struct rules_table table = RULES_TABLE(rows);
	const struct CMUnitTest tests[] = {
		RULES_TESTS(&table),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

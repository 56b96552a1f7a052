// Rules on the cipher suite, the key exchange and the extensions that were agreed.
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

// ---- key exchange ----

static void dhe(struct facts *f, uint16_t bits, uint64_t prime)
{
	upgraded(f);
	f->tls.suite = 0x009e; // DHE_RSA_WITH_AES_128_GCM_SHA256
	f->tls.group = 0;
	f->tls.dh_bits = bits;
	f->tls.dh_prime = prime;
}

#define DHE(function, bits, prime) \
	static void function(struct facts *f) \
	{ \
		dhe(f, bits, prime); \
	}
DHE(dh_ffdhe2048, 2048, 0xEB95209C26E97DBDu)
DHE(dh_modp2048, 2048, 0x4C31AD03AEBA0B22u)
DHE(dh_rfc5114, 2048, 0xABB67E8802E7374Fu)
DHE(dh_own_2048, 2048, 12345)
DHE(dh_own_2047, 2047, 12345)
DHE(dh_mod_ssl, 1024, 0xB65E4E5F6B6EC5C5u)
DHE(dh_modp1024, 1024, 0xA51ED1486326532Au)
DHE(dh_1023, 1023, 12345)
DHE(dh_not_digested, 2048, 0)

static void curve(struct facts *f, uint16_t group)
{
	upgraded(f);
	f->tls.group = group;
}

#define CURVE(function, group) \
	static void function(struct facts *f) \
	{ \
		curve(f, group); \
	}
CURVE(curve_192, 19)
CURVE(curve_224, 21)
CURVE(curve_x25519, 29)
CURVE(curve_brainpool, 26)
CURVE(curve_explicit, 0xff01)
CURVE(curve_without_name, 0x1234)

static void signed_sha1(struct facts *f)
{
	upgraded(f);
	f->tls.ske_scheme = 0x0201;
}

static void signed_sha224(struct facts *f)
{
	upgraded(f);
	f->tls.ske_scheme = 0x0303;
}

static void anonymous_tls11(struct facts *f)
{
	anonymous(f);
	f->tls.server_version = 0x0302;
	f->tls.ske_scheme = 0;
}

// ---- extensions ----

static void ems_refused(struct facts *f)
{
	upgraded(f);
	f->tls.server_ext &= ~(uint32_t)TLS_EXT_EXTENDED_MASTER_SECRET;
}

static void ems_hello_lost(struct facts *f)
{
	ems_refused(f);
	f->tls.offer_known = f->tls.client_hello = false;
	f->tls.client_ext = 0;
}

static void reneg_refused(struct facts *f)
{
	upgraded(f);
	f->tls.server_ext &= ~(uint32_t)TLS_EXT_RENEGOTIATION_INFO;
}

static void reneg_not_asked(struct facts *f)
{
	reneg_refused(f);
	f->tls.client_ext &= ~(uint32_t)TLS_EXT_RENEGOTIATION_INFO;
}

static void renegotiated(struct facts *f)
{
	upgraded(f);
	f->tls.n_renegotiations = 2;
	f->tls.renegotiation_mark = at(20);
}

static void renegotiated_hole(struct facts *f)
{
	renegotiated(f);
	f->tls.renegotiation_mark.quality = Q_GAP;
}

static void compressed(struct facts *f)
{
	upgraded(f);
	f->tls.compression = 1;
}

static void heartbeat(struct facts *f)
{
	upgraded(f);
	f->tls.server_ext |= TLS_EXT_HEARTBEAT;
}

static void heartbeat_offered(struct facts *f)
{
	upgraded(f);
	f->tls.client_ext |= TLS_EXT_HEARTBEAT;
}

static void heartbleed(struct facts *f)
{
	heartbeat(f);
	f->tls.completed = false;
	f->conn.end = END_OPEN;
	f->tls.n_heartbeats = 1;
	f->tls.heartbeat_overread = true;
	f->tls.heartbeat_mark = at(12);
}

static void truncated_hmac(struct facts *f)
{
	upgraded(f);
	f->tls.server_ext |= TLS_EXT_TRUNCATED_HMAC;
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
	{"ffdhe2048", dh_ffdhe2048, NULL, ""},
	{"modp2048", dh_modp2048, NULL, "tls.dh-nonstandard/certain/info/complete"},
	{"RFC 5114", dh_rfc5114, NULL, "tls.dh-nonstandard/certain/low/complete"},
	{"a prime of its own", dh_own_2048, NULL, "tls.dh-nonstandard/certain/low/complete"},
	{"2047 bits", dh_own_2047, NULL, "tls.dh-small/certain/high/complete tls.dh-nonstandard/certain/low/complete"},
	{"1024 bits of mod_ssl", dh_mod_ssl, NULL, "tls.dh-small/certain/high/complete tls.dh-nonstandard/certain/low/complete"},
	{"1024 bits of RFC 2409", dh_modp1024, NULL, "tls.dh-small/certain/high/complete tls.dh-nonstandard/certain/low/complete"},
	{"1023 bits", dh_1023, NULL, "tls.dh-small/certain/critical/complete tls.dh-nonstandard/certain/low/complete"},
	{"a prime that was not digested", dh_not_digested, NULL, ""},
	{"secp192r1", curve_192, NULL, "tls.curve-weak/certain/medium/complete"},
	{"secp224r1", curve_224, NULL, "tls.curve-weak/certain/low/complete"},
	{"x25519", curve_x25519, NULL, ""},
	{"brainpoolP256r1", curve_brainpool, NULL, ""},
	{"an explicit curve", curve_explicit, NULL, "tls.curve-weak/certain/medium/complete"},
	{"a group without a name", curve_without_name, NULL, ""},
	{"signed with SHA-1", signed_sha1, NULL, "tls.kex-hash-weak/certain/medium/complete"},
	{"signed with SHA-224", signed_sha224, NULL, "tls.kex-hash-weak/certain/medium/complete"},
	{"nobody signs", anonymous_tls11, NULL,
		"tls.version-obsolete/certain/high/complete tls.cipher-anon/certain/low/complete " CBC_SHA1 MISSING},
	{"no extended master secret", ems_refused, NULL, "tls.no-ems/certain/low/complete"},
	{"... its offer was lost", ems_hello_lost, NULL, ""},
	{"insecure renegotiation", reneg_refused, NULL, "tls.renego-insecure/certain/medium/complete"},
	{"secure renegotiation was not asked for", reneg_not_asked, NULL, ""},
	{"renegotiated", renegotiated, NULL, "tls.renego-observed/probable/low/complete"},
	{"renegotiated, hole", renegotiated_hole, NULL, "tls.renego-observed/suspect/low/gap"},
	{"compression", compressed, NULL, "tls.compression/certain/medium/complete"},
	{"heartbeat", heartbeat, NULL, "tls.heartbeat/certain/low/complete"},
	{"heartbeat offered only", heartbeat_offered, NULL, ""},
	{"asks for more than it sends", heartbleed, NULL, "tls.heartbeat/certain/critical/complete"},
	{"truncated HMAC", truncated_hmac, NULL, "tls.truncated-hmac/certain/low/complete"},
};

static void findings(void **state)
{
	check_findings(rows, sizeof(rows) / sizeof(rows[0]));
}

static void details_are_printable(void **state)
{
	check_details(rows, sizeof(rows) / sizeof(rows[0]));
}

// Who has to act where both could.
static void subjects(void **state)
{
	static const struct {
		void (*make)(struct facts *f);
		uint32_t offered;
		const char *id;
		enum subject want;
	} asked[] = {
		{ems_refused, TLS_EXT_EXTENDED_MASTER_SECRET, "tls.no-ems", SUBJECT_SERVER},
		{ems_refused, 0, "tls.no-ems", SUBJECT_CLIENT},
		{cbc_no_etm, TLS_EXT_ENCRYPT_THEN_MAC, "tls.cbc-no-etm", SUBJECT_SERVER},
		{cbc_no_etm, 0, "tls.cbc-no-etm", SUBJECT_CLIENT},
		{renegotiated, 0, "tls.renego-observed", SUBJECT_CLIENT},
		{heartbleed, 0, "tls.heartbeat", SUBJECT_CLIENT},
		{heartbeat, 0, "tls.heartbeat", SUBJECT_SERVER},
	};
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		static struct session s;
		struct facts f;
		asked[i].make(&f);
		f.tls.client_ext = TLS_EXT_SERVER_NAME | asked[i].offered;
		s = (struct session){.facts = &f};
		rules_apply(&s, NULL);
		size_t n = 0;
		while (n < s.n_findings && strcmp(s.findings[n].row->id, asked[i].id) != 0)
			n++;
		assert_true(n < s.n_findings);
		assert_int_equal(s.findings[n].subject, asked[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings),
		cmocka_unit_test(details_are_printable),
		cmocka_unit_test(subjects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

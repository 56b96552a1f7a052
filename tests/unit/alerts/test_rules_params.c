// Rules on the key exchange and the extensions that were agreed.
#include "tests/unit/alerts/rules_fixture.h"

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

static void cbc_no_etm(struct facts *f)
{
	upgraded(f);
	f->tls.suite = 0xc027; // ECDHE_RSA_WITH_AES_128_CBC_SHA256
}

static const struct rules_row rows[] = {
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
		rules_apply(&s, NULL, NULL);
		size_t n = 0;
		while (n < s.n_findings && strcmp(s.findings[n].row->id, asked[i].id) != 0)
			n++;
		assert_true(n < s.n_findings);
		assert_int_equal(s.findings[n].subject, asked[i].want);
	}
}

int main(void)
{
	struct rules_table table = RULES_TABLE(rows);
	const struct CMUnitTest tests[] = {
		RULES_TESTS(&table),
		cmocka_unit_test(subjects),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// Rules on versions and on the marks of a downgrade; and the session in which all is wrong.
#include "tests/unit/alerts/rules_fixture.h"

static const struct expectation required = {.level = EXPECT_DANE, .enforced = true, .identity_required = true};

static void tls12(struct facts *f)
{
	upgraded(f);
}

static void tls13(struct facts *f)
{
	ehlo(f, OFFER_YES);
	starttls(f, 220);
	handshake(f, 0x0304, true);
}

static void tls10(struct facts *f)
{
	upgraded(f);
	f->tls.server_version = 0x0301;
	f->tls.suite = 0xc013; // ECDHE_RSA_WITH_AES_128_CBC_SHA
	f->tls.server_ext |= TLS_EXT_ENCRYPT_THEN_MAC;
	f->tls.ske_scheme = 0;
}

static void tls10_client(struct facts *f)
{
	tls10(f);
	f->tls.client_version = 0x0301;
}

static void tls10_hole(struct facts *f)
{
	tls10(f);
	f->tls.server_hello_mark.quality = Q_GAP;
}

static void tls10_ambiguous(struct facts *f)
{
	tls10(f);
	f->tls.server_hello_mark.quality = f->tls.server_key_mark.quality = Q_AMBIG;
	f->conn.ambiguous = true;
}

static void tls10_unfinished(struct facts *f)
{
	tls10(f);
	f->tls.completed = false;
	f->conn.end = END_OPEN;
}

static void ssl3(struct facts *f)
{
	tls10(f);
	f->tls.server_version = 0x0300;
}

static void record_version_is_old(struct facts *f)
{
	upgraded(f);
	f->tls.record_version = 0x0301;
}

static void sslv2(struct facts *f)
{
	connection(f);
	f->tls.sslv2_hello = f->tls.server_hello = f->tls.asked = f->tls.implicit = true;
	f->conn.dst_port = 465;
	f->tls.client_version = f->tls.server_version = 0x0002;
	f->tls.client_hello_mark = at(5);
	f->tls.server_hello_mark = at(6);
	f->tls.sslv2_kind = 0x020080; // SSL_CK_RC4_128_EXPORT40_WITH_MD5
	f->conn.end = END_OPEN;
}

static void sslv2_before_its_key(struct facts *f)
{
	sslv2(f);
	f->tls.sslv2_kind = 0;
}

static void old_hello_only(struct facts *f)
{
	ehlo(f, OFFER_YES);
	starttls(f, 220);
	f->tls.client_hello = true;
	f->tls.records[0] = true;
	f->tls.client_hello_mark = at(10);
	f->tls.client_version = 0x0302;
	f->conn.end = END_OPEN;
}

static void sentinel(struct facts *f)
{
	upgraded(f);
	f->tls.sentinel = SENTINEL_TLS12;
}

static void sentinel_normal(struct facts *f)
{
	sentinel(f);
	f->tls.client_version = 0x0303;
}

static void sentinel_hello_lost(struct facts *f)
{
	sentinel(f);
	f->tls.client_hello = f->tls.offer_known = false;
	f->tls.client_version = 0;
	f->tls.client_ext = 0;
}

static void sentinel_hole(struct facts *f)
{
	sentinel(f);
	f->tls.server_hello_mark.quality = Q_GAP;
}

static void sentinel_checked(struct facts *f)
{
	sentinel(f);
	f->tls.completed = false;
	f->tls.alert_clear = true;
	f->tls.alert_level = 2;
	f->tls.alert_code = 47;
	f->tls.alert_dir = DIR_C2S;
	f->tls.alert_mark = at(12);
}

static void sentinel_open(struct facts *f)
{
	sentinel(f);
	f->tls.completed = false;
	f->conn.end = END_OPEN;
}

static void sentinel_old(struct facts *f)
{
	tls10(f);
	f->tls.sentinel = SENTINEL_TLS11;
	f->tls.client_version = 0x0303;
}

static void scsv(struct facts *f)
{
	upgraded(f);
	f->tls.fallback_scsv = true;
}

static void scsv_refused(struct facts *f)
{
	sentinel_checked(f);
	f->tls.sentinel = SENTINEL_NONE;
	f->tls.server_hello = f->tls.offer_known = false;
	f->tls.fallback_scsv = true;
	f->tls.client_version = 0x0303;
	f->tls.alert_code = 86;
	f->tls.alert_dir = DIR_S2C;
}

static void modified(struct facts *f)
{
	upgraded(f);
	f->tls.unoffered = TLS_UNOFFERED_SUITE | TLS_UNOFFERED_EXTENSION;
	f->tls.unoffered_ext = 15;
}

static void heard_otherwise(struct facts *f)
{
	upgraded(f);
	f->tls.completed = f->tls.client_finished_more = false;
	f->tls.completed_mark = (struct mark){0};
	f->tls.alert_clear = true;
	f->tls.alert_level = 2;
	f->tls.alert_code = 51;
	f->tls.alert_dir = DIR_C2S;
	f->tls.alert_mark = at(14);
}

static void refused_for_its_certificate(struct facts *f)
{
	heard_otherwise(f);
	f->tls.alert_code = 48;
}

static void modified_hole(struct facts *f)
{
	modified(f);
	f->tls.server_hello_mark.quality = Q_GAP;
}

static void modified_unknown(struct facts *f)
{
	modified(f);
	f->tls.offer_known = false;
}

static void careless(struct facts *f)
{
	upgraded(f);
	f->tls.unoffered = TLS_UNOFFERED_SIGNATURE;
}

#define OLD "tls.version-obsolete/certain/high/complete"
#define OLD_REST " tls.cipher-cbc-sha1/certain/low/complete tls.kex-hash-weak/certain/medium/complete"
#define OLD_REST_LOW " tls.cipher-cbc-sha1/certain/low/complete tls.kex-hash-weak/certain/low/complete"
#define FAILED " starttls.handshake-failed/certain/medium/complete"

static const struct rules_row rows[] = {
	{"an ordinary session under TLS 1.2", tls12, NULL, ""},
	{"an ordinary session under TLS 1.3", tls13, NULL, ""},
	{"... with identity required", tls13, &required, ""},
	{"TLS 1.0", tls10, NULL, OLD OLD_REST},
	{"the client can no better", tls10_client, NULL, OLD " tls.client-offers-obsolete/certain/low/complete" OLD_REST},
	{"behind a hole: seen is seen", tls10_hole, NULL,
		"tls.version-obsolete/certain/high/gap tls.cipher-cbc-sha1/certain/low/gap tls.kex-hash-weak/certain/medium/complete"},
	{"two versions of the hello", tls10_ambiguous, NULL,
		"tls.version-obsolete/suspect/high/ambiguous tls.cipher-cbc-sha1/suspect/low/ambiguous "
		"tls.kex-hash-weak/suspect/medium/ambiguous"},
	{"nothing is protected yet", tls10_unfinished, NULL, "tls.version-obsolete/certain/low/complete" OLD_REST_LOW},
	{"SSL 3.0", ssl3, NULL, "tls.version-obsolete/certain/critical/complete" OLD_REST},
	{"the record layer's version is not it", record_version_is_old, NULL, ""},
	{"SSL 2.0", sslv2, NULL,
		"tls.version-obsolete/certain/critical/complete tls.client-offers-obsolete/certain/low/complete "
		"tls.cipher-export/certain/critical/complete tls.cipher-rc4/certain/high/complete"},
	{"SSL 2.0 before its key", sslv2_before_its_key, NULL,
		"tls.version-obsolete/certain/low/complete tls.client-offers-obsolete/certain/low/complete"},
	{"TLS 1.1 at most, told of the hello", old_hello_only, NULL, "tls.client-offers-obsolete/certain/low/complete"},
	{"the mark of a downgrade", sentinel, NULL, "tls.downgrade-sentinel/certain/high/complete"},
	{"... to a client that offered no more", sentinel_normal, NULL, ""},
	{"... to a client whose hello was lost", sentinel_hello_lost, NULL, ""},
	{"... behind a hole", sentinel_hole, NULL, "tls.downgrade-sentinel/suspect/high/gap"},
	{"... to a client that checks it", sentinel_checked, NULL,
		"starttls.handshake-failed/certain/medium/complete tls.downgrade-sentinel/certain/high/complete"},
	{"... and the client has not gone on yet", sentinel_open, NULL, "tls.downgrade-sentinel/certain/high/complete"},
	{"... below TLS 1.2", sentinel_old, NULL, OLD " tls.downgrade-sentinel/certain/high/complete" OLD_REST},
	{"a second attempt", scsv, NULL, "tls.fallback-scsv/certain/medium/complete"},
	{"... refused", scsv_refused, NULL,
		"starttls.handshake-failed/certain/medium/complete tls.fallback-scsv/certain/high/complete"},
	{"not offered", modified, NULL, "tls.hello-modified/certain/high/complete"},
	{"one end heard otherwise", heard_otherwise, NULL,
		"starttls.handshake-failed/certain/medium/complete tls.hello-modified/suspect/medium/complete"},
	{"one end refuses the other", refused_for_its_certificate, NULL, "starttls.handshake-failed/certain/medium/complete"},
	{"not offered, hole", modified_hole, NULL, "tls.hello-modified/suspect/high/gap"},
	{"not compared", modified_unknown, NULL, ""},
	{"a careless server", careless, NULL, "tls.hello-modified/certain/medium/complete"},
};

// Every octet set is no session, and describes more than any session could: still nothing is pushed out.
static void worst(struct facts *f, uint16_t suite, uint16_t version)
{
	memset(f, 0x01, sizeof(*f));
	f->text_used = 0;
	f->conn.role = ROLE_SUBMISSION;
	f->tls.server_version = version;
	f->tls.client_version = 0x0302;
	f->tls.suite = suite;
	f->tls.dh_bits = 512;
	f->tls.client_ext = ~(uint32_t)0;
	f->tls.server_ext = TLS_EXT_HEARTBEAT | TLS_EXT_TRUNCATED_HMAC;
	f->smtp.offer_flaws = f->smtp.caps = f->smtp.auth_offered = 0xff;
	f->smtp.oddities = ~(uint32_t)0;
	f->smtp.eod_variants = ~0;
	f->smtp.starttls_rejected_code = 454;
}

static void room_for_the_worst(void **state)
{
	static const uint16_t suites[] = {0x0003, 0x0014, 0x000a, 0x0009, 0x0017, 0x002f, 0x0033, 0xc0ae};
	static struct session s;
	struct rules_memory *memory;
	struct facts f;
	struct peer p;

	assert_int_equal(rules_memory_open(&memory), 0);
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		memset(&p, 0x01, sizeof(p));
		p.server.subject[sizeof(p.server.subject) - 1] = p.server.issuer[sizeof(p.server.issuer) - 1] = '\0';
		p.server.serial[0] = p.vendor[sizeof(p.vendor) - 1] = p.client.subject[0] = p.linked[0] = '\0';
		p.server.unreadable = p.raw_key = false;
		p.trust = TRUST_BROKEN;
		p.staple = STAPLE_REVOKED;
		worst(&f, suites[i], i % 2 ? 0x0303 : 0x0302);
		s = (struct session){.facts = &f, .peer = &p};
		rules_apply(&s, memory, NULL);
		print_message("0x%04x: %zu\n", suites[i], s.n_findings);
		assert_true(s.n_findings > 20 && s.n_findings < SESSION_FINDINGS_MAX);
	}
	rules_memory_close(&memory);
}

int main(void)
{
	struct rules_table table = RULES_TABLE(rows);
	const struct CMUnitTest tests[] = {
		RULES_TESTS(&table),
		cmocka_unit_test(room_for_the_worst),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

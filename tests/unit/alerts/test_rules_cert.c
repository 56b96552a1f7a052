// Rules on certificates: dates against packet time, path, names, keys, status, and sessions that show none.
#include "tests/unit/alerts/rules_fixture.h"

#define DAY_S 86400
#define NOW_S ((int64_t)(FIXTURE_START_NS / 1000000000))

static const struct expectation sts = {.level = EXPECT_STS, .enforced = true, .identity_required = true},
	dane = {.level = EXPECT_DANE, .enforced = true, .identity_required = true};

static void clock_zero(struct facts *f)
{
	upgraded(f);
	f->conn.start_ns = f->conn.last_ns = 0;
}

static void cert_hole(struct facts *f)
{
	upgraded(f);
	f->tls.certificate_mark.quality = Q_GAP;
}

static void cert_unfinished(struct facts *f)
{
	upgraded(f);
	f->tls.completed = false;
	f->conn.end = END_OPEN;
}

static void resumed(struct facts *f)
{
	upgraded(f);
	f->tls.resumed = true;
	f->tls.certificate = f->tls.server_key_exchange = false;
	f->tls.peer_cert = CERT_RESUMED;
}

static void resumed_hole(struct facts *f)
{
	resumed(f);
	f->tls.server_hello_mark.quality = Q_GAP;
}

static void psk(struct facts *f)
{
	upgraded(f);
	f->tls.suite = 0xccac; // ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256
	f->tls.certificate = false;
}

static void not_seen(struct facts *f)
{
	upgraded(f);
	f->tls.certificate = false;
	f->tls.peer_cert = CERT_NOT_SEEN;
}

static void raw_key_seen(struct facts *f)
{
	upgraded(f);
	f->tls.raw_public_key = true;
}

static void status_asked(struct facts *f)
{
	upgraded(f);
	f->tls.client_ext |= TLS_EXT_STATUS_REQUEST;
}

static void status_given(struct facts *f)
{
	status_asked(f);
	f->tls.certificate_status = true;
}

static void status_asked_hole(struct facts *f)
{
	status_asked(f);
	f->conn.gaps[DIR_S2C] = 1;
}

static void client_cert(struct facts *f)
{
	upgraded(f);
	f->tls.client_certificate = true;
	f->tls.client_certificate_mark = at(13);
}

// ---- peers ----

static void good(struct peer *p)
{
	p->server = (struct certificate){.present = true, .not_before_s = NOW_S - 30 * DAY_S, .not_after_s = NOW_S + 60 * DAY_S,
		.key = KEY_RSA, .key_bits = 2048, .hash = HASH_SHA256, .subject = "CN=mx.rcpt.example", .issuer = "CN=Example CA",
		.serial = "0A:1B"};
	p->n_certs = p->n_opened = 2;
	p->chain_not_before_s = INT64_MIN;
	p->chain_not_after_s = INT64_MAX;
	p->trust = TRUST_OK;
	p->names = NAMES_MATCH;
}

#define PEER(function, change) \
	static void function(struct peer *p) \
	{ \
		good(p); \
		change; \
	}
PEER(expired, p->server.not_after_s = NOW_S - 1)
PEER(intermediate_expired, p->chain_not_after_s = NOW_S - 3 * DAY_S)
PEER(intermediate_last_second, p->chain_not_after_s = NOW_S)
PEER(intermediate_not_yet, p->chain_not_before_s = NOW_S + 3 * DAY_S)
PEER(intermediate_first_second, p->chain_not_before_s = NOW_S)
PEER(both_expired, expired(p); p->chain_not_after_s = NOW_S - 3 * DAY_S)
PEER(last_second, p->server.not_after_s = NOW_S)
PEER(no_end, p->server.not_after_s = INT64_MAX)
PEER(not_yet, p->server.not_before_s = NOW_S + 1)
PEER(first_second, p->server.not_before_s = NOW_S)
PEER(soon, p->server.not_after_s = NOW_S + 14 * DAY_S)
PEER(not_so_soon, p->server.not_after_s = NOW_S + 14 * DAY_S + 1)
PEER(short_lived, p->server.not_before_s = NOW_S - DAY_S; p->server.not_after_s = NOW_S + 5 * DAY_S)
PEER(self_signed, p->server.self_signed = p->server.self_issued = true; p->trust = TRUST_SELF_SIGNED; p->server.hash = HASH_SHA1)
PEER(self_signed_no_store, self_signed(p); p->trust = TRUST_NOT_JUDGED)
PEER(self_signed_in_store, self_signed(p); p->trust = TRUST_OK)
PEER(incomplete, p->trust = TRUST_INCOMPLETE)
PEER(root_unknown, p->trust = TRUST_ROOT_UNKNOWN)
PEER(broken, p->trust = TRUST_BROKEN)
PEER(not_judged, p->trust = TRUST_NOT_JUDGED)
PEER(other_name, p->names = NAMES_DIFFER)
PEER(no_name, p->names = NAMES_NOT_ASKED)
PEER(rsa_2047, p->server.key_bits = 2047)
PEER(rsa_pss_1024, p->server.key = KEY_RSA_PSS; p->server.key_bits = 1024)
PEER(dsa_1024, p->server.key = KEY_DSA; p->server.key_bits = 1024)
PEER(ec_256, p->server.key = KEY_EC; p->server.key_bits = 256)
PEER(ec_224, p->server.key = KEY_EC; p->server.key_bits = 224)
PEER(ed25519, p->server.key = KEY_ED25519; p->server.key_bits = 253)
PEER(weak_intermediate, p->chain_weak_key = KEY_RSA; p->chain_weak_bits = 1024)
PEER(sha1, p->server.hash = HASH_SHA1)
PEER(md5, p->server.hash = HASH_MD5)
PEER(sha224_intermediate, p->chain_weak_hash = HASH_SHA224)
PEER(vendor, snprintf(p->vendor, sizeof(p->vendor), "Google, no SNI"))
PEER(must_staple, p->server.must_staple = true)
PEER(stapled, p->server.must_staple = true; p->staple = STAPLE_STALE)
PEER(revoked, p->staple = STAPLE_REVOKED)
PEER(revoked_unverified, p->staple = STAPLE_UNVERIFIED)
PEER(client_named, p->client.present = true; snprintf(p->client.subject, sizeof(p->client.subject), "CN=client"))
PEER(unreadable, p->server.unreadable = true; p->server.not_after_s = 0; p->server.key_bits = 512; p->trust = TRUST_NOT_JUDGED)
PEER(raw_key, p->raw_key = true; p->chain_not_after_s = 0; p->server.present = false; p->server.key_bits = 1024; p->server.not_after_s = 0)
PEER(linked, *p = (struct peer){.linked = "00000000000000000000000000"})
PEER(nothing_opened, *p = (struct peer){0})

#define OF(id, severity) "cert." id "/certain/" severity "/complete"

static void submission(struct facts *f)
{
	upgraded(f);
	f->conn.dst_port = 587;
	f->conn.role = ROLE_SUBMISSION;
}

static const struct rules_row rows[] = {
	{"a good one", upgraded, NULL, "", good},
	{"nothing was opened", upgraded, NULL, "", nothing_opened},
	{"expired", upgraded, NULL, OF("expired", "low"), expired},
	{"expired, MTA-STS enforce", upgraded, &sts, OF("expired", "high"), expired},
	{"expired, DANE", upgraded, &dane, OF("expired", "low"), expired},
	{"expired, no clock", clock_zero, NULL, "", expired},
	{"expired, behind a hole", cert_hole, NULL, "cert.expired/certain/low/gap", expired},
	{"its last second", upgraded, NULL, OF("expiring", "info"), last_second},
	{"no end that could be read", upgraded, NULL, "", no_end},
	{"not yet valid", upgraded, NULL, OF("not-yet-valid", "low"), not_yet},
	{"its first second", upgraded, NULL, "", first_second},
	{"an intermediate has expired", upgraded, NULL, OF("expired", "low"), intermediate_expired},
	{"an intermediate has expired, MTA-STS enforce", upgraded, &sts, OF("expired", "high"), intermediate_expired},
	{"an intermediate has expired, no clock", clock_zero, NULL, "", intermediate_expired},
	{"an intermediate's last second", upgraded, NULL, "", intermediate_last_second},
	{"an intermediate is not yet valid", upgraded, NULL, OF("not-yet-valid", "low"), intermediate_not_yet},
	{"an intermediate's first second", upgraded, NULL, "", intermediate_first_second},
	{"leaf and intermediate have expired", upgraded, NULL, OF("expired", "low"), both_expired},
	{"two weeks left", upgraded, NULL, OF("expiring", "info"), soon},
	{"one second more", upgraded, NULL, "", not_so_soon},
	{"made for days", upgraded, NULL, "", short_lived},
	{"self-signed, and its SHA-1 does not matter", upgraded, NULL, OF("self-signed", "info"), self_signed},
	{"self-signed, MTA-STS enforce", upgraded, &sts, OF("self-signed", "high"), self_signed},
	{"self-signed, no store", upgraded, NULL, OF("self-signed", "info"), self_signed_no_store},
	{"self-signed, where clients must ask", submission, NULL, OF("self-signed", "low"), self_signed},
	{"self-signed, in the store", upgraded, NULL, "", self_signed_in_store},
	{"intermediate missing", upgraded, NULL, OF("untrusted-chain", "info"), incomplete},
	{"intermediate missing, where clients must ask", submission, NULL, OF("untrusted-chain", "low"), incomplete},
	{"root unknown, MTA-STS enforce", upgraded, &sts, OF("untrusted-chain", "high"), root_unknown},
	{"chain broken", upgraded, NULL, OF("untrusted-chain", "low"), broken},
	{"not judged", upgraded, NULL, "", not_judged},
	{"another name", upgraded, NULL, OF("name-mismatch", "low"), other_name},
	{"no name was asked for", upgraded, NULL, "", no_name},
	{"RSA 2047", upgraded, NULL, OF("key-weak", "high"), rsa_2047},
	{"RSA 2047, nothing protected yet", cert_unfinished, NULL, OF("key-weak", "low"), rsa_2047},
	{"RSA-PSS 1024", upgraded, NULL, OF("key-weak", "high"), rsa_pss_1024},
	{"DSA 1024", upgraded, NULL, OF("key-weak", "high"), dsa_1024},
	{"EC 256", upgraded, NULL, "", ec_256},
	{"EC 224", upgraded, NULL, OF("key-weak", "high"), ec_224},
	{"Ed25519", upgraded, NULL, "", ed25519},
	{"an intermediate of 1024 bits", upgraded, NULL, OF("key-weak", "high"), weak_intermediate},
	{"signed with SHA-1", upgraded, NULL, OF("sig-weak", "medium"), sha1},
	{"signed with MD5", upgraded, NULL, OF("sig-weak", "medium"), md5},
	{"an intermediate signed with SHA-224", upgraded, NULL, OF("sig-weak", "medium"), sha224_intermediate},
	{"a placeholder", upgraded, NULL, OF("default-placeholder", "info"), vendor},
	{"it is no X.509", upgraded, NULL, "", unreadable},
	{"must staple, and does not", status_asked, NULL, OF("ocsp-must-staple-missing", "low"), must_staple},
	{"must staple, hole", status_asked_hole, NULL, "cert.ocsp-must-staple-missing/suspect/low/gap", must_staple},
	{"must staple, nobody asked", upgraded, NULL, "", must_staple},
	{"must staple, and does", status_given, NULL, "", must_staple},
	{"must staple, and its status is old", status_asked, NULL, "", stapled},
	{"revoked", status_given, NULL, OF("revoked-staple", "high"), revoked},
	{"revoked, says somebody", status_given, NULL, "", revoked_unverified},
	{"resumed", resumed, NULL, OF("missing", "info")},
	{"resumed, linked", resumed, NULL, OF("missing", "info"), linked},
	{"resumed, hole", resumed_hole, NULL, "cert.missing/suspect/info/gap"},
	{"a pre-shared key", psk, NULL, OF("missing", "info")},
	{"not captured is not missing", not_seen, NULL, ""},
	{"a raw key", raw_key_seen, NULL, OF("rpk", "info")},
	{"a raw key of 1024 bits", raw_key_seen, NULL, OF("key-weak", "high") " " OF("rpk", "info"), raw_key},
	{"a client certificate", client_cert, NULL, OF("client-cert-seen", "info")},
	{"a client certificate, opened", client_cert, NULL, OF("client-cert-seen", "info"), client_named},
};

// Whose dates they are.
static void whose_dates(void **state)
{
	const struct {
		void (*open)(struct peer *p);
		const char *want;
	} told[] = {
		{expired, "expired_days_ago:0"},
		{both_expired, "expired_days_ago:0"},
		{intermediate_expired, "intermediate_expired_days_ago:3"},
		{not_yet, "valid_in_days:0"},
		{intermediate_not_yet, "intermediate_valid_in_days:3"},
	};

	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		static struct session s;
		struct facts f;
		struct peer p = {0};
		upgraded(&f);
		told[i].open(&p);
		s = (struct session){.facts = &f, .peer = &p};
		rules_apply(&s, NULL, NULL);
		assert_int_equal(s.n_findings, 1);
		assert_string_equal(s.findings[0].detail, told[i].want);
	}
}

int main(void)
{
	struct rules_table table = RULES_TABLE(rows);
	const struct CMUnitTest tests[] = {RULES_TESTS(&table),
		cmocka_unit_test(whose_dates)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

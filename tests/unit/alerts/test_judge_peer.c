// Handshake octets on their way through the judge: what they show stands in the record of their session and of no other.
#include <openssl/ocsp.h>

#include "tests/unit/alerts/keylog/handshake_fixture.h"
#include "tests/unit/alerts/judge_peer_fixture.h"

static void in_the_record(void **state)
{
	const struct judge_config c = config_default();
	open_judge(&c);
	ship_hello(1, "mx.rcpt.example");
	ship(1, HANDSHAKE_CERTIFICATES, chain.octets, chain.len);
	ship(1, HANDSHAKE_CLIENT_CERTIFICATES, other_chain.octets, other_chain.len);
	finish(1);
	check_leaf(leaf);
	assert_string_equal(word("cert", "source"), "wire");
	assert_string_equal(word("cert", "names"), "match");
	assert_string_equal(word("client_cert", "subject"), "CN=other.example");
	assert_int_equal(json_string_length(below(record(), "ja4")), PEER_JA4_LEN);
	told_clear();
	// Another session has nothing of it.
	finish(2);
	assert_null(below(record(), "cert"));
	assert_null(below(record(), "client_cert"));
	assert_null(below(record(), "ja4"));
	told_clear();
	// Nor has a later one of the same number: what was learned ended with its session.
	finish(1);
	assert_null(below(record(), "cert"));
	close_judge();
}

static void another_name(void **state)
{
	static const struct {
		const char *asked, *want;
	} rows[] = {{"mx.rcpt.example", "match"}, {"my.rcpt.example", "differ"}, {"", "not_asked"}};
	const struct judge_config c = config_default();
	open_judge(&c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ship_hello(1, rows[i].asked);
		ship(1, HANDSHAKE_CERTIFICATES, chain.octets, chain.len);
		finish(1);
		assert_string_equal(word("cert", "names"), rows[i].want);
		told_clear();
	}
	close_judge();
}

// A second handshake of the connection: nothing of the first counts.
static void second_handshake(void **state)
{
	const struct judge_config c = config_default();
	open_judge(&c);
	ship_hello(1, "mx.rcpt.example");
	ship(1, HANDSHAKE_CERTIFICATES, chain.octets, chain.len);
	ship(1, HANDSHAKE_CLIENT_CERTIFICATES, other_chain.octets, other_chain.len);
	ship_hello(1, "other.example");
	finish(1);
	assert_null(below(record(), "cert"));
	assert_null(below(record(), "client_cert"));
	told_clear();
	ship_hello(1, "mx.rcpt.example");
	ship(1, HANDSHAKE_CERTIFICATES, chain.octets, chain.len);
	ship_hello(1, "other.example");
	ship(1, HANDSHAKE_CERTIFICATES, other_chain.octets, other_chain.len);
	finish(1);
	check_leaf(other);
	close_judge();
}

static void cut_and_bare(void **state)
{
	const struct judge_config c = config_default();
	unsigned char *spki = NULL;
	open_judge(&c);
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &spki);
	assert_true(len > 0);
	ship_hello(1, "mx.rcpt.example");
	ship(1, HANDSHAKE_RAW_KEY, spki, (size_t)len);
	finish(1);
	assert_true(json_is_true(json_object_get(below(record(), "cert"), "raw_public_key")));
	assert_null(json_object_get(below(record(), "cert"), "sha256"));
	OPENSSL_free(spki);
	told_clear();
	// Garbage of every kind, and nothing at all.
	for (int kind = 0; kind < HANDSHAKE_KINDS; kind++) {
		for (size_t n = 0; n < 64; n++) {
			uint8_t garbage[64];
			memset(garbage, (int)n * 7, sizeof(garbage));
			ship((uint64_t)kind + 10, (enum handshake_kind)kind, garbage, n);
		}
		finish((uint64_t)kind + 10);
		told_clear();
	}
	close_judge();
}

// ---- staples ----

static size_t staple_of(uint8_t **out, X509 *about)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), about, ca);
	ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)BORN_S), *to = ASN1_TIME_set(NULL, (time_t)(BORN_S + 7 * 86400));
	assert_non_null(OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, NULL, from, to));
	assert_true(OCSP_basic_sign(basic, ca, ca_key, EVP_sha256(), NULL, 0) > 0);
	OCSP_RESPONSE *r = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	*out = NULL;
	int len = i2d_OCSP_RESPONSE(r, out);
	assert_true(len > 0);
	OCSP_RESPONSE_free(r);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	return (size_t)len;
}

// Every connection's staple is compared with its own chain, however many others come between.
static void staples(void **state)
{
	const struct judge_config c = config_default();
	uint8_t *good[2];
	size_t len[2] = {staple_of(&good[0], leaf), staple_of(&good[1], other)};
	struct list *const lists[] = {&chain, &other_chain};
	open_judge(&c);
	for (uint64_t i = 0; i < 40; i++) {
		ship_hello(i + 1, "mx.rcpt.example");
		ship(i + 1, HANDSHAKE_CERTIFICATES, lists[i % 2]->octets, lists[i % 2]->len);
	}
	for (uint64_t i = 0; i < 40; i++)
		ship(i + 1, HANDSHAKE_STATUS, good[i % 3 == 0 ? !(i % 2) : i % 2], len[i % 3 == 0 ? !(i % 2) : i % 2]);
	for (uint64_t i = 0; i < 40; i++) {
		finish(i + 1);
		assert_string_equal(word("cert", "staple"), i % 3 == 0 ? "unverified" : "good");
		told_clear();
	}
	close_judge();
	OPENSSL_free(good[0]);
	OPENSSL_free(good[1]);
}

// A staple is of the chain before it: of a long one as well, and not of an earlier one where that was cut off.
static void staple_of_a_long_chain(void **state)
{
	static struct list longer;
	const struct judge_config c = config_default();
	uint8_t *good[2];
	size_t len[2] = {staple_of(&good[0], leaf), staple_of(&good[1], other)};
	static const char *const want[][2] = {{"unverified", "good"}, {"unverified", "unverified"}};
	longer.len = 0;
	list_x509(&longer, other);
	while (longer.len <= 16384)
		list_x509(&longer, ca);
	for (int cut = 0; cut < 2; cut++) {
		for (int i = 0; i < 2; i++) {
			open_judge(&c);
			ship_hello(1, "mx.rcpt.example");
			ship(1, HANDSHAKE_CERTIFICATES, chain.octets, chain.len);
			ship(1, HANDSHAKE_CERTIFICATES, longer.octets, cut ? 0 : longer.len);
			ship(1, HANDSHAKE_STATUS, good[i], len[i]);
			finish(1);
			check_leaf(cut ? leaf : other);
			assert_string_equal(word("cert", "staple"), want[cut][i]);
			close_judge();
		}
	}
	OPENSSL_free(good[0]);
	OPENSSL_free(good[1]);
}

// ---- key log ----

static void put_hex(FILE *out, const uint8_t *p, size_t len)
{
	while (len--)
		fprintf(out, "%02x", *p++);
}

static void put_secret(FILE *out, const char *label, uint8_t random, const uint8_t *secret, size_t len)
{
	uint8_t client_random[32];
	memset(client_random, random, 32);
	fprintf(out, "%s ", label);
	put_hex(out, client_random, 32);
	fprintf(out, " ");
	put_hex(out, secret, len);
	fprintf(out, "\n");
}

static void keylog(void **state)
{
	static const struct handshake_story story = {.name = "TLS 1.3", .suite = 0x1301};
	static struct handshake h;
	static const struct {
		const char *name;
		uint8_t random; // of the line
		bool wrong, short_of;
		const char *want, *source;
	} rows[] = {
		{"opened", 0xaa, .want = "opened", .source = "keylog"},
		{"a line of another connection", 0xab, .want = "no_secret", .source = ""},
		{"a wrong secret", 0xaa, .wrong = true, .want = "wrong_secret", .source = ""},
		{"records are missing", 0xaa, .short_of = true, .want = "incomplete", .source = ""},
	};
	handshake_run(&h, &story);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char path[] = "keylog-XXXXXX";
		struct judge_config c = config_default();
		struct keylog_secrets s = h.secrets;
		FILE *out = fdopen(mkstemp(path), "w");
		print_message("%s\n", rows[i].name);
		assert_non_null(out);
		s.server[0] ^= rows[i].wrong;
		put_secret(out, "SERVER_HANDSHAKE_TRAFFIC_SECRET", rows[i].random, s.server, s.server_len);
		put_secret(out, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", rows[i].random, s.client, s.client_len);
		fclose(out);
		c.keylog = path;
		open_judge(&c);
		ship_hello(1, "mx.b.example");
		ship_of(1, HANDSHAKE_FLIGHT, DIR_S2C, h.flight[1], rows[i].short_of ? 40 : h.flight_len[1], 0x1301);
		ship_of(1, HANDSHAKE_FLIGHT, DIR_C2S, h.flight[0], h.flight_len[0], 0x1301);
		finish(1);
		assert_string_equal(json_string_value(below(record(), "keylog")), rows[i].want);
		assert_string_equal(word("cert", "source"), rows[i].source);
		close_judge();
		unlink(path);
	}
	handshake_free(&h);
}

// ---- eviction ----

// More connections that showed something than are remembered: the oldest have nothing, the newest have theirs.
static void eviction(void **state)
{
	struct judge_config c = config_default();
	c.sessions_max = 4;
	open_judge(&c);
	for (uint64_t i = 1; i <= 10; i++) {
		ship_hello(i, "mx.rcpt.example");
		ship(i, HANDSHAKE_CERTIFICATES, chain.octets, chain.len);
	}
	assert_int_equal(told.n, 0);
	for (uint64_t i = 1; i <= 10; i++) {
		finish(i);
		assert_int_equal(below(record(), "cert") != NULL, i > 6);
		told_clear();
	}
	close_judge();
}

static void messages_checked(void **state)
{
	struct message_handshake m = {.head = {.type = MESSAGE_HANDSHAKE, .birth = 1}, .kind = HANDSHAKE_CERTIFICATES, .dir = DIR_S2C};
	assert_true(judge_check(&m.head, sizeof(m)));
	assert_false(judge_check(&m.head, sizeof(m) - 1));
	assert_false(judge_check(&m.head, sizeof(m) + 1));
	m.len = 1;
	assert_false(judge_check(&m.head, sizeof(m)));
	assert_true(judge_check(&m.head, sizeof(m) + 1));
	m.len = UINT32_MAX;
	assert_false(judge_check(&m.head, sizeof(m)));
	assert_false(judge_check(&m.head, sizeof(m) + (size_t)UINT32_MAX));
	m.len = HANDSHAKE_LEN_MAX + 1;
	assert_false(judge_check(&m.head, sizeof(m) + m.len));
	m.len = HANDSHAKE_LEN_MAX;
	assert_true(judge_check(&m.head, sizeof(m) + m.len));
	m.len = 0;
	m.kind = HANDSHAKE_KINDS;
	assert_false(judge_check(&m.head, sizeof(m)));
	m.kind = HANDSHAKE_FLIGHT;
	m.dir = DIR_S2C + 1;
	assert_false(judge_check(&m.head, sizeof(m)));
	m.dir = DIR_S2C;
	assert_true(judge_check(&m.head, sizeof(m)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_the_record),
		cmocka_unit_test(another_name),
		cmocka_unit_test(second_handshake),
		cmocka_unit_test(cut_and_bare),
		cmocka_unit_test(staples),
		cmocka_unit_test(staple_of_a_long_chain),
		cmocka_unit_test(keylog),
		cmocka_unit_test(eviction),
		cmocka_unit_test(messages_checked),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

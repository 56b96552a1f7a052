// Flights of real handshakes: OpenSSL at both ends, its own key log, and what it says of the other end.
#include "alerts/keylog/flight.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/alerts/keylog/handshake_fixture.h"
#include "tests/unit/feed.h"

static const struct handshake_story stories[] = {
	{.name = "AES-128-GCM", .suite = 0x1301},
	{.name = "AES-256-GCM", .suite = 0x1302},
	{.name = "ChaCha20-Poly1305", .suite = 0x1303},
	{.name = "AES-128-CCM", .suite = 0x1304},
	{.name = "AES-128-CCM-8", .suite = 0x1305},
	{.name = "a client certificate", .suite = 0x1302, .client_certificate = true},
	{.name = "a client without the certificate it is asked for", .suite = 0x1301, .certificate_asked = true},
	{.name = "a staple", .suite = 0x1301, .staple = true},
	{.name = "ALPN", .suite = 0x1303, .alpn = true},
	{.name = "small records", .suite = 0x1301, .fragment = 512, .client_certificate = true, .staple = true},
	{.name = "padding", .suite = 0x1304, .padding = 700, .client_certificate = true},
	{.name = "a client that rejects", .suite = 0x1302, .reject = true},
	{.name = "HelloRetryRequest", .suite = 0x1301, .retry = true, .staple = true},
	{.name = "everything", .suite = 0x1305, .fragment = 600, .padding = 64, .client_certificate = true, .staple = true,
		.alpn = true, .retry = true},
};

enum { STORIES = sizeof(stories) / sizeof(stories[0]) };

static struct flight_room *room;

static enum flight_result open_octets(struct flight *out, uint16_t suite, const uint8_t *secret, size_t secret_len,
                                      bool client, const uint8_t *records, size_t len)
{
	return flight_open_records(room, out, suite, secret, secret_len, client, feed_guard(records, len), len);
}

static enum flight_result open_server(struct flight *out, const struct handshake *h, size_t len)
{
	return open_octets(out, h->suite, h->secrets.server, h->secrets.server_len, false, h->flight[1], len);
}

static enum flight_result open_client(struct flight *out, const struct handshake *h, size_t len)
{
	return open_octets(out, h->suite, h->secrets.client, h->secrets.client_len, true, h->flight[0], len);
}

static void check_server(const struct handshake_story *s, const struct handshake *h)
{
	struct flight f;

	assert_int_equal(open_server(&f, h, h->flight_len[1]), FLIGHT_OPENED);
	assert_true(f.certificate && !f.compressed && !f.raw_key && !f.alert);
	assert_int_equal(f.certificates_len, h->chain_len[1]);
	assert_memory_equal(f.certificates, h->chain[1], f.certificates_len);
	assert_int_equal(f.staple_len, s->staple ? sizeof(handshake_staple) : 0);
	if (s->staple)
		assert_memory_equal(f.staple, handshake_staple, f.staple_len);
	assert_int_equal(f.certificate_request, s->client_certificate || s->certificate_asked);
	assert_int_equal(f.verify_scheme, 0x0403); // the key is on P-256
	assert_int_equal(f.alpn_len, s->alpn ? 4 : 0);
	assert_memory_equal(f.alpn, "smtp", f.alpn_len);
}

static void check_client(const struct handshake_story *s, const struct handshake *h)
{
	struct flight f;

	// OpenSSL 3.0 tells that it rejects in the clear; test_sealed.c has what others do.
	assert_int_equal(open_client(&f, h, h->flight_len[0]), s->reject ? FLIGHT_INCOMPLETE : FLIGHT_OPENED);
	assert_int_equal(h->flight_len[0] == 0, s->reject);
	assert_false(f.alert);
	assert_int_equal(f.certificate, s->client_certificate || s->certificate_asked);
	assert_int_equal(f.certificates_len, h->chain_len[0]);
	if (f.certificates_len)
		assert_memory_equal(f.certificates, h->chain[0], f.certificates_len);
	assert_int_equal(f.verify_scheme, s->client_certificate ? 0x0403 : 0);
	assert_null(f.staple);
}

static void every_suite_and_story(void **state)
{
	for (size_t i = 0; i < STORIES; i++) {
		struct handshake h;
		handshake_run(&h, &stories[i]);
		assert_int_equal(h.suite, stories[i].suite);
		check_server(&stories[i], &h);
		check_client(&stories[i], &h);
		handshake_free(&h);
	}
}

// What is found can only grow, and is the same as in the whole.
static void cut_at_every_octet(void **state)
{
	for (size_t i = 0; i < STORIES; i++) {
		struct handshake h;
		struct flight whole, f;
		handshake_run(&h, &stories[i]);
		assert_int_equal(open_server(&whole, &h, h.flight_len[1]), FLIGHT_OPENED);
		bool certificate = false;
		for (size_t n = 0; n < h.server_finished; n++) {
			assert_int_equal(open_server(&f, &h, n), FLIGHT_INCOMPLETE);
			assert_true(f.certificate || !certificate);
			certificate = f.certificate;
			assert_int_equal(f.certificates_len, certificate ? whole.certificates_len : 0);
		}
		assert_int_equal(open_server(&f, &h, h.server_finished), FLIGHT_OPENED);
		// What stands behind Finished is not looked at.
		memset(h.flight[1] + h.server_finished, 0x55, h.flight_len[1] - h.server_finished);
		assert_int_equal(open_server(&f, &h, h.flight_len[1]), FLIGHT_OPENED);
		assert_memory_equal(&f, &whole, sizeof(f));
		handshake_free(&h);
	}
}

static void what_does_not_open(void **state)
{
	static const uint16_t others[] = {0, 0x1300, 0x1306, 0xc02f, 0xffff};
	struct handshake h;
	struct flight f;

	handshake_run(&h, &stories[0]);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		h.suite = others[i];
		assert_int_equal(open_server(&f, &h, h.flight_len[1]), FLIGHT_UNKNOWN);
	}
	for (h.suite = 0x1302; h.suite <= 0x1305; h.suite++)
		assert_int_equal(open_server(&f, &h, h.flight_len[1]), FLIGHT_WRONG);
	h.suite = 0x1301;
	// The other direction's secret, none, one of another length, one with a wrong bit.
	assert_int_equal(open_octets(&f, h.suite, h.secrets.client, 32, false, h.flight[1], h.flight_len[1]), FLIGHT_WRONG);
	assert_int_equal(open_octets(&f, h.suite, h.secrets.server, 0, false, h.flight[1], h.flight_len[1]), FLIGHT_WRONG);
	assert_int_equal(open_octets(&f, h.suite, h.secrets.server, 48, false, h.flight[1], h.flight_len[1]), FLIGHT_WRONG);
	h.secrets.server[31] ^= 1;
	assert_int_equal(open_server(&f, &h, h.flight_len[1]), FLIGHT_WRONG);
	assert_false(f.certificate || f.alert || f.certificates);
	h.secrets.server[31] ^= 1;
	// Octets changed on the way: in the first record, then in a later one.
	h.flight[1][20] ^= 1;
	assert_int_equal(open_server(&f, &h, h.flight_len[1]), FLIGHT_WRONG);
	h.flight[1][20] ^= 1;
	h.flight[1][h.server_finished - 1] ^= 1;
	assert_int_equal(open_server(&f, &h, h.flight_len[1]), FLIGHT_INCOMPLETE);
	assert_true(f.certificate);
	handshake_free(&h);
}

// A client's early data has other keys; change_cipher_spec has none.
static void what_stands_in_front(void **state)
{
	static const uint8_t front[] = {20, 3, 3, 0, 1, 1, 23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
		17, 18, 19, 20, 23, 3, 3, 0, 1, 9};
	uint8_t records[16384];
	struct handshake h;
	struct flight f;

	handshake_run(&h, &stories[5]);
	memcpy(records, front, sizeof(front));
	memcpy(records + sizeof(front), h.flight[0], h.flight_len[0]);
	assert_int_equal(open_octets(&f, h.suite, h.secrets.client, h.secrets.client_len, true, records, sizeof(front) + h.flight_len[0]),
		FLIGHT_OPENED);
	assert_int_equal(f.certificates_len, h.chain_len[0]);
	assert_int_equal(open_octets(&f, h.suite, h.secrets.client, h.secrets.client_len, true, records, sizeof(front)), FLIGHT_WRONG);
	// A record in the clear ends what can be said.
	assert_int_equal(open_octets(&f, h.suite, h.secrets.client, h.secrets.client_len, true, (const uint8_t *)"\25\3\3\0\2\2\50", 7),
		FLIGHT_INCOMPLETE);
	assert_false(f.alert);
	handshake_free(&h);
}

static int open_room(void **state)
{
	return flight_room_open(&room);
}

static int close_room(void **state)
{
	flight_room_close(&room);
	return room != NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_suite_and_story),
		cmocka_unit_test(cut_at_every_octet),
		cmocka_unit_test(what_does_not_open),
		cmocka_unit_test(what_stands_in_front),
	};
	return cmocka_run_group_tests(tests, open_room, close_room);
}

// A resumed session in the judge: the full handshake it goes back to, and what the server showed there.
#include "tests/unit/alerts/judge_peer_fixture.h"

static void send_resumption(uint64_t birth, uint8_t server, uint64_t issued, uint64_t offered, bool by_id)
{
	struct facts f;
	ship_hello(birth, "mx.rcpt.example");
	upgraded(&f);
	f.birth = birth;
	f.conn.src_port = (uint16_t)(1000 + birth);
	f.conn.dst[3] = server;
	f.tls.resumed = offered != 0;
	f.tls.resumption = (struct tls_resumption){.ticket_issued = by_id ? 0 : issued, .session_id_issued = by_id ? issued : 0,
		.ticket_offered = by_id ? 0 : offered, .session_id_offered = by_id ? offered : 0};
	send_whole(&f);
}

static void resumption(void **state)
{
	const struct judge_config c = config_default();
	for (int by_id = 0; by_id < 2; by_id++) {
		char full[64];
		open_judge(&c);
		send_resumption(1, 1, 55, 0, by_id);
		snprintf(full, sizeof(full), "%s", word("smtp_tls", "id"));
		assert_true(full[0]);
		assert_null(below(record(), "resumed_from"));
		told_clear();
		send_resumption(2, 1, 0, 55, by_id);
		const json_t *from = below(record(), "resumed_from");
		assert_non_null(from);
		assert_string_equal(json_string_value(from), full);
		told_clear();
		send_resumption(3, 2, 0, 55, by_id); // another server
		assert_null(below(record(), "resumed_from"));
		told_clear();
		send_resumption(4, 1, 0, 56, by_id);
		assert_null(below(record(), "resumed_from"));
		close_judge();
	}
}

// What the server of a session that goes on showed, as the judge has it.
static const struct peer *peer_of(uint64_t birth)
{
	struct judge_entry *e = judge_sessions_find(&judge->sessions, birth);
	assert_non_null(e);
	return judge_sessions_peer(&judge->sessions, e, false);
}

// A resumption has the chain of the full handshake it goes back to, unless that was cut off.
static void inherited(void **state)
{
	const struct judge_config c = config_default();
	static const uint8_t nothing[32];
	uint8_t digest[32];
	struct facts f;
	assert_true(EVP_Digest(chain.octets, chain.len, digest, NULL, EVP_sha256(), NULL));
	for (int cut = 0; cut < 2; cut++) {
		open_judge(&c);
		ship_hello(1, "mx.rcpt.example");
		ship(1, HANDSHAKE_CERTIFICATES, chain.octets, chain.len);
		if (cut)
			ship(1, HANDSHAKE_CERTIFICATES, NULL, 0);
		upgraded(&f);
		f.birth = 1;
		f.tls.resumption.ticket_issued = 55;
		send_open(&f);
		assert_false(peer_of(1)->chain_inherited);
		assert_memory_equal(peer_of(1)->chain_sha256, cut ? nothing : digest, 32);
		ship_hello(2, "mx.rcpt.example");
		f.birth = 2;
		f.conn.src_port = 1002;
		f.tls.resumed = true;
		f.tls.resumption = (struct tls_resumption){.ticket_offered = 55};
		for (int again = 0; again < 2; again++) {
			send_open(&f);
			assert_int_equal(peer_of(2)->chain_inherited, !cut);
			assert_memory_equal(peer_of(2)->chain_sha256, cut ? nothing : digest, 32);
			assert_string_equal(peer_of(2)->linked, judge_sessions_find(&judge->sessions, 1)->id);
		}
		// A new handshake of that connection begins with nothing.
		ship_hello(2, "mx.rcpt.example");
		assert_memory_equal(peer_of(2)->chain_sha256, nothing, 32);
		assert_false(peer_of(2)->chain_inherited);
		close_judge();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resumption),
		cmocka_unit_test(inherited),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}

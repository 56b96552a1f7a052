// Links of resumed sessions: what is remembered of whom, and that it is bounded.
#include "alerts/resumed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct resumed *memory;

static int setup(void **state)
{
	return resumed_open(&memory);
}

static int teardown(void **state)
{
	resumed_close(&memory);
	return memory != NULL;
}

static const char *id_of(unsigned n)
{
	static char ids[4][RECORD_ID_LEN + 1];
	static unsigned next;
	char *id = ids[next++ % 4];
	snprintf(id, sizeof(ids[0]), "%0*u", RECORD_ID_LEN, n);
	return id;
}

static struct resumed_from from;

// Session `n`, whose server showed a chain with digests of `showed` (0: none). What it goes back to.
static const char *took(const struct facts *f, unsigned n, uint8_t showed)
{
	struct resumed_from own = {0};

	memcpy(own.session, id_of(n), sizeof(own.session));
	memset(own.chain_sha256, showed, sizeof(own.chain_sha256));
	memset(&from, 0x55, sizeof(from));
	resumed_take(memory, f, &own, &from);
	return from.session;
}

// A session of server `server` that was given a ticket and an id; `from`: the ticket it resumed with.
static const char *session_that_showed(unsigned n, uint8_t showed, uint8_t server, uint64_t ticket, uint64_t id,
                                       uint64_t from_ticket, uint64_t from_id)
{
	struct facts f = {.conn = {.dst = {192, 0, 2, server}, .dst_port = 25, .ip_v = 4}};
	f.tls.completed = true;
	f.tls.resumed = from_ticket || from_id;
	f.tls.resumption = (struct tls_resumption){.ticket_issued = ticket, .session_id_issued = id, .ticket_offered = from_ticket,
		.session_id_offered = from_id};
	return took(&f, n, showed);
}

static const char *session(unsigned n, uint8_t server, uint64_t ticket, uint64_t id, uint64_t from_ticket, uint64_t from_id)
{
	return session_that_showed(n, 0, server, ticket, id, from_ticket, from_id);
}

static void links(void **state)
{
	assert_string_equal(session(1, 1, 11, 13, 0, 0), "");
	assert_string_equal(session(2, 1, 0, 0, 11, 0), id_of(1));
	assert_string_equal(session(3, 1, 0, 13, 0, 13), id_of(1));
	assert_string_equal(session(4, 2, 0, 0, 11, 0), ""); // another server
	assert_string_equal(session(5, 1, 0, 0, 12, 0), ""); // another ticket
	assert_string_equal(session(6, 1, 21, 0, 11, 0), id_of(1)); // given a new one, which leads to the same session
	assert_string_equal(session(7, 1, 0, 0, 21, 0), id_of(1));
	assert_string_equal(session(8, 1, 31, 0, 99, 0), ""); // resumed from what nobody saw: its new ticket leads nowhere
	assert_string_equal(session(9, 1, 0, 0, 31, 0), "");
	assert_string_equal(session(1, 1, 11, 13, 0, 0), ""); // told again
	assert_string_equal(session(10, 1, 0, 0, 11, 0), id_of(1));
	assert_string_equal(session(11, 1, 11, 0, 0, 0), ""); // the first that was given it stays
	assert_string_equal(session(12, 1, 0, 0, 11, 0), id_of(1));
	assert_string_equal(session(13, 1, 0, 0, 97, 13), id_of(1)); // a ticket nobody knows, an id that is known
}

static void not_completed(void **state)
{
	struct facts f = {.conn = {.dst_port = 25, .ip_v = 4}, .tls = {.resumption = {.ticket_issued = 5}}};
	assert_string_equal(took(&f, 1, 0), "");
	f.tls = (struct tls_facts){.completed = true, .resumed = true, .resumption = {.ticket_offered = 5}};
	assert_string_equal(took(&f, 2, 0), "");
	// Ports are servers of their own, and 0 is no digest.
	f.tls = (struct tls_facts){.completed = true, .resumption = {.ticket_issued = 5}};
	assert_string_equal(took(&f, 3, 0), "");
	f.conn.dst_port = 465;
	f.tls = (struct tls_facts){.completed = true, .resumed = true, .resumption = {.ticket_offered = 5}};
	assert_string_equal(took(&f, 4, 0), "");
}

static bool inherits(uint8_t showed)
{
	uint8_t want[32];
	memset(want, showed, sizeof(want));
	return memcmp(from.chain_sha256, want, sizeof(want)) == 0;
}

// What the server showed comes along, of the very session that was given the ticket or the id.
static void chains(void **state)
{
	session_that_showed(1, 0xa1, 1, 11, 13, 0, 0);
	assert_true(inherits(0)); // its own is no inheritance
	session(2, 1, 0, 0, 11, 0);
	assert_true(inherits(0xa1));
	session(3, 1, 0, 0, 0, 13);
	assert_true(inherits(0xa1));
	session_that_showed(4, 0xa4, 1, 21, 0, 11, 0); // a new ticket leads to what the full handshake showed
	session(5, 1, 0, 0, 21, 0);
	assert_true(inherits(0xa1));
	session_that_showed(6, 0xa6, 1, 11, 13, 0, 0); // given the same octets later: the first stays
	session(7, 1, 0, 0, 11, 0);
	assert_true(inherits(0xa1));
	session(8, 2, 0, 0, 11, 0); // another server
	assert_true(inherits(0));
	session(9, 1, 31, 0, 0, 0); // showed nothing that is whole
	session(10, 1, 0, 0, 31, 0);
	assert_string_equal(from.session, id_of(9));
	assert_true(inherits(0));
	session_that_showed(11, 0xab, 1, 31, 0, 0, 0); // and another session's does not stand in for it
	session(10, 1, 0, 0, 31, 0);
	assert_true(inherits(0));
	session_that_showed(9, 0xa9, 1, 31, 0, 0, 0); // its own does
	session(10, 1, 0, 0, 31, 0);
	assert_true(inherits(0xa9));
	session_that_showed(9, 0xaa, 1, 31, 0, 0, 0); // once
	session(10, 1, 0, 0, 31, 0);
	assert_true(inherits(0xa9));
}

// The newest are there, the oldest are not, and of twice as many about as many as there is room for.
static void bounded(void **state)
{
	enum { MANY = 2 * RESUMED_MAX };
	unsigned n = 0;
	for (unsigned i = 1; i <= MANY; i++)
		session(i, 1, 2654435761u * (uint64_t)i | 1, 0, 0, 0);
	for (unsigned i = 1; i <= MANY; i++) {
		const char *link = session(0, 1, 0, 0, 2654435761u * (uint64_t)i | 1, 0);
		n += link[0] != '\0';
		assert_true(i < MANY || link[0]);
	}
	assert_true(n <= RESUMED_MAX && n > RESUMED_MAX / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(links, setup, teardown),
		cmocka_unit_test_setup_teardown(not_completed, setup, teardown),
		cmocka_unit_test_setup_teardown(chains, setup, teardown),
		cmocka_unit_test_setup_teardown(bounded, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

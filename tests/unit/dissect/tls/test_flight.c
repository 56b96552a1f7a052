// Encrypted flights of TLS 1.3, kept for a key log: whole records, once, and no more than there is room for.
#include "tests/unit/dissect/tls/made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS = 14 };

#define C DIR_C2S
#define S DIR_S2C
#define CCS(d) {d, 20, "01"}
#define HELLO {C, 22, MADE_CLIENT("1301", "002b <2 <1 0304>> 002a <2>")}
#define ANSWER {S, 22, MADE_SERVER("0303", "1301", "002b <2 0304>")}
#define DATA(d, n, octets) {d, 23, n "*" octets}
#define RECORD(n, len) "170303 <2 " n "*" len ">"

struct row {
	const char *name;
	struct made_said said[STEPS];
	const char *server, *client; // octets shipped; NULL: none
	bool server_cut, client_cut;
	int lost; // step that is lost, + 1
};

static const struct row rows[] = {
	{"an ordinary one", {HELLO, ANSWER, DATA(S, "a1", "500"), DATA(C, "c1", "53")}, RECORD("a1", "500"), RECORD("c1", "53")},
	{"several records, and CCS between them",
		{HELLO, ANSWER, CCS(S), DATA(S, "a1", "50"), DATA(S, "a2", "700"), CCS(C), DATA(C, "c1", "90"), DATA(C, "c2", "53")},
		RECORD("a1", "50") RECORD("a2", "700"), RECORD("c1", "90") RECORD("c2", "53")},
	{"early data is left out", {HELLO, DATA(C, "cc", "100"), DATA(C, "cd", "30"), ANSWER, DATA(S, "a1", "60"), DATA(C, "c1", "21"), DATA(C, "c2", "53")},
		RECORD("a1", "60"), RECORD("c1", "21") RECORD("c2", "53")},
	{"until the handshake is over", {HELLO, ANSWER, DATA(S, "a1", "60"), DATA(C, "c1", "53"), DATA(C, "c2", "100"), DATA(S, "a2", "100"), DATA(C, "c3", "77")},
		RECORD("a1", "60"), RECORD("c1", "53")},
	{"the connection ends within a record", {HELLO, ANSWER, DATA(S, "a1", "60"), {S, 0, "170303 0100 a2*99"}}, RECORD("a1", "60"), NULL,
		.server_cut = true},
	{"an empty record", {HELLO, ANSWER, DATA(S, "a1", "60"), {S, 23, ""}, DATA(S, "a2", "9")}, RECORD("a1", "60") "170303 <2>" RECORD("a2", "9"), NULL},
	{"TLS 1.2 has none", {{C, 22, MADE_CLIENT("c02f", "")}, {S, 22, MADE_SERVER("0303", "c02f", "")}, DATA(S, "a1", "60"), DATA(C, "c1", "60")}},
	{"no ServerHello", {HELLO, DATA(S, "a1", "60"), DATA(C, "c1", "60")}},
	{"a record is lost", {HELLO, ANSWER, DATA(S, "a1", "60"), DATA(S, "a2", "60"), DATA(S, "a3", "60"), DATA(C, "c1", "53")}, RECORD("a1", "60"),
		RECORD("c1", "53"), .server_cut = true, .lost = 4},
	{"the first record is lost", {HELLO, ANSWER, DATA(S, "a1", "60"), DATA(S, "a2", "60"), DATA(C, "c1", "53")}, NULL, RECORD("c1", "53"), .lost = 3},
	{"exactly the room", {HELLO, ANSWER, DATA(S, "a1", "16379"), DATA(S, "a2", "16379"), DATA(S, "a3", "16379"), DATA(S, "a4", "16379")},
		RECORD("a1", "16379") RECORD("a2", "16379") RECORD("a3", "16379") RECORD("a4", "16379"), NULL},
	{"one octet more", {HELLO, ANSWER, DATA(S, "a1", "16379"), DATA(S, "a2", "16379"), DATA(S, "a3", "16379"), DATA(S, "a4", "16380"), DATA(S, "a5", "9")},
		RECORD("a1", "16379") RECORD("a2", "16379") RECORD("a3", "16379"), NULL, .server_cut = true},
	{"far more", {HELLO, ANSWER, DATA(S, "a1", "16379"), DATA(S, "a2", "16379"), DATA(S, "a3", "16379"), DATA(S, "a4", "16300"), DATA(S, "a5", "16300"),
		DATA(S, "a6", "16300")}, RECORD("a1", "16379") RECORD("a2", "16379") RECORD("a3", "16379") RECORD("a4", "16300"), NULL, .server_cut = true},
};

static void check_one(const struct tape_result *got, size_t *n, enum dir d, const char *want, bool cut)
{
	static uint8_t octets[TAPE_OCTETS_MAX];
	if (!want)
		return;
	assert_true(*n < got->n_shipped);
	const struct tape_shipped *s = &got->shipped[(*n)++];
	assert_int_equal(s->kind, HANDSHAKE_FLIGHT);
	assert_int_equal(s->dir, d);
	assert_int_equal(s->cut, cut);
	assert_int_equal(s->version, 0x0304);
	assert_int_equal(s->suite, 0x1301);
	assert_int_equal(s->client_random[31], 0xaa);
	size_t len = made_octets(want, octets, sizeof(octets));
	assert_int_equal(s->len, len);
	assert_memory_equal(got->octets + s->off, octets, len);
}

static void check(const struct row *r, const struct tape_result *got, bool kept)
{
	size_t n = 1; // behind the ClientHello
	assert_int_equal(got->shipped[0].kind, HANDSHAKE_CLIENT_HELLO);
	if (kept) {
		check_one(got, &n, S, r->server, r->server_cut);
		check_one(got, &n, C, r->client, r->client_cut);
	}
	assert_int_equal(got->n_shipped, n);
}

static void lose(struct tape *t, int lost)
{
	if (!lost)
		return;
	free(t->step[lost - 1].p);
	t->step[lost - 1].p = NULL;
}

static void test_rows(void **state)
{
	static const long cuts[] = {TAPE_WHOLE, TAPE_BYTEWISE, 1, 4, 5, 6, 10, 50, 100, 1000, 16379, 16383, 16384};
	static struct tape_result got;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (int kept = 0; kept < 2; kept++) {
			struct tape t = {.keep_flights = kept};
			made_play(&t, rows[i].said);
			lose(&t, rows[i].lost);
			print_message("%s%s\n", rows[i].name, kept ? "" : ", nobody wants it");
			for (size_t k = 0; k < sizeof(cuts) / sizeof(cuts[0]); k++) {
				tape_play(&t, cuts[k], 2, 2, &got);
				check(&rows[i], &got, kept);
			}
			tape_free(&t);
		}
	}
}

// Rooms run out: what is shipped are whole records, and it says that there was more.
static void test_no_room(void **state)
{
	static const struct made_said said[] = {
		HELLO, ANSWER, DATA(S, "a1", "900"), DATA(S, "a2", "900"), DATA(S, "a3", "900"), DATA(S, "a4", "8000"), {C, 0, NULL}};
	static const struct {
		uint32_t small, large;
		const char *want;
	} rooms[] = {
		{1, 0, RECORD("a1", "900") RECORD("a2", "900")},
		{1, 1, RECORD("a1", "900") RECORD("a2", "900") RECORD("a3", "900") RECORD("a4", "8000")},
	};
	static const long cuts[] = {TAPE_WHOLE, TAPE_BYTEWISE, 1, 4, 5, 6, 500};
	static struct tape_result got;
	struct tape t = {.keep_flights = true};
	made_play(&t, said);
	for (size_t i = 0; i < sizeof(rooms) / sizeof(rooms[0]); i++) {
		for (size_t k = 0; k < sizeof(cuts) / sizeof(cuts[0]); k++) {
			size_t n = 1;
			tape_play(&t, cuts[k], rooms[i].small, rooms[i].large, &got);
			check_one(&got, &n, S, rooms[i].want, rooms[i].large == 0);
			assert_int_equal(got.n_shipped, n);
		}
	}
	tape_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

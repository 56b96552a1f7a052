// Questions and answers by the letter of a script: which are answered twice.
//
// q: the question; a lower-case letter: an answer with these hosts or addresses, one a letter ('+' joins them); n: nodata;
// x: nxdomain; t: truncated; s: servfail. Each step with the milliseconds since the one before.
#include "alerts/dns/race.h"
#include "tests/unit/alerts/dns/dns_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

struct row {
	const char *name;
	uint16_t qtype;
	const char *script;
	const char *want; // "", "suspect", "certain"
};

static const struct row rows[] = {
	{"one answer", DNS_MX, "0:q 1:A", ""},
	{"mirrored", DNS_MX, "0:q 0:q 1:A 0:A", ""},
	{"race", DNS_MX, "0:q 1:A 1:B", "certain"},
	{"race, mirrored", DNS_MX, "0:q 0:q 1:A 0:A 1:B 0:B", "certain"},
	{"race, the true one first", DNS_TLSA, "0:q 1:A 1:B", "certain"},
	{"race, question lost", DNS_MX, "1:A 1:B", "certain"},
	{"one host in common", DNS_MX, "0:q 1:A+B 1:B+C", "suspect"},
	{"another order", DNS_MX, "0:q 1:A+B 1:B+A", ""},
	{"race for addresses", DNS_A, "0:q 1:A 1:B", "suspect"},
	{"race for addresses, mirrored", DNS_A, "0:q 0:q 1:A 0:A 1:B 0:B", "suspect"},
	{"addresses, question lost", DNS_A, "1:A 1:B", ""},
	{"asked again, rotated", DNS_A, "0:q 400:q 10:A 10:B", ""},
	{"asked again, three answers", DNS_A, "0:q 400:q 10:A 10:B 10:C", "suspect"},
	{"asked again, both late", DNS_MX, "0:q 400:q 10:A+B 10:A+B", ""},
	{"forged denial", DNS_TLSA, "0:q 1:n 1:A", "suspect"},
	{"forged nxdomain", DNS_MX, "0:q 1:x 1:A", "suspect"},
	{"nodata or nxdomain", DNS_MX, "0:q 1:n 1:x", "suspect"},
	{"nothing twice", DNS_A, "0:q 1:n 1:n", ""},
	{"failure, then better", DNS_MX, "0:q 1:s 1:A", ""},
	{"truncated, then whole", DNS_MX, "0:q 1:t 1:A", ""},
	{"the id again, later", DNS_MX, "0:q 1:A 5002:q 1:B", ""},
	{"far apart", DNS_MX, "0:q 1:A 5001:B", ""},
	{"third one differs", DNS_MX, "0:q 1:A+B 1:B+C 1:D", "certain"},
};

static void add(struct message_dns *m, char letter)
{
	char host[] = "?.example";
	host[0] = letter;
	if (m->facts.qtype == DNS_MX)
		dns_name(m, DNS_MX, "a.example", host, 60);
	else if (m->facts.qtype == DNS_A)
		dns_address(m, "a.example", (uint8_t)letter, 60);
	else
		dns_tlsa(m, "a.example", (uint64_t)letter);
}

static void make(struct message_dns *m, uint64_t ms, uint16_t qtype, const char *what)
{
	dns_reply(m, ms, 1, 7, "a.example", qtype);
	switch (what[0]) {
	case 'q':
		m->facts.flags = 0;
		break;
	case 'n':
		break;
	case 'x':
		m->facts.rcode = DNS_NXDOMAIN;
		break;
	case 's':
		m->facts.rcode = DNS_SERVFAIL;
		break;
	case 't':
		m->facts.flags |= DNS_TRUNCATED;
		break;
	default:
		for (; *what >= 'A' && *what <= 'Z'; what += 1 + (what[1] == '+'))
			add(m, *what);
	}
}

// Runs a script without its step `skip`. 0 nothing, 1 suspect, 2 certain.
static int run(const struct row *row, int skip)
{
	static struct message_dns m;
	struct race *r;
	uint64_t ms = 0;
	int n = 0;

	assert_int_equal(race_open(&r), 0);
	for (const char *p = row->script; *p; n++) {
		char *what;
		ms += strtoul(p, &what, 10);
		make(&m, ms, row->qtype, what + 1);
		if (n != skip)
			race_take(r, &m);
		p = what + strcspn(what, " ");
		p += *p == ' ';
	}
	const struct race_double *d = race_due(r, 0, true);
	int got = d ? 1 + d->certain : 0;
	assert_null(race_due(r, 0, true));
	race_close(&r);
	return n < skip ? -1 : got;
}

static void scripts(void **state)
{
	static const char *const words[] = {"", "suspect", "certain"};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int got = run(&rows[i], -1);
		if (strcmp(words[got], rows[i].want) != 0)
			fail_msg("%s: '%s', wanted '%s'", rows[i].name, words[got], rows[i].want);
		// P3: whatever is lost, nothing is certain that was not.
		for (int skip = 0; skip < 8; skip++)
			if (got < 2 && run(&rows[i], skip) == 2)
				fail_msg("%s: certain without step %d", rows[i].name, skip);
	}
}

// Another id, port, name or type is another question.
static void other_questions(void **state)
{
	static struct message_dns m;
	for (int other = 0; other < 5; other++) {
		struct race *r;
		assert_int_equal(race_open(&r), 0);
		make(&m, 0, DNS_MX, "q");
		race_take(r, &m);
		make(&m, 1, DNS_MX, "A");
		assert_true(race_take(r, &m));
		if (other == 4)
			dns_reply(&m, 2, 1, 7, "b.example", DNS_MX);
		else
			make(&m, 2, DNS_MX, "B");
		m.facts.id += other == 0;
		m.facts.client_port += other == 1;
		m.facts.server[3] += other == 2;
		m.facts.qtype = other == 3 ? DNS_A : DNS_MX;
		assert_false(race_take(r, &m)); // and this one was never asked
		assert_null(race_due(r, 0, true));
		race_close(&r);
	}
}

// Told when its time is over and no session followed; once. As many as there is room for, and one more.
static void due(void **state)
{
	static struct message_dns m;
	static const uint8_t client[16] = {192, 0, 2, 1};
	struct race *r;
	uint64_t n = 0;

	assert_int_equal(race_open(&r), 0);
	for (uint16_t id = 0; id < RACE_DOUBLES + 8; id++) {
		for (int answer = 0; answer < 2; answer++) {
			make(&m, 0, DNS_MX, answer ? "B" : "A");
			m.facts.id = id;
			race_take(r, &m);
		}
		for (const struct race_double *d; (d = race_due(r, DNS_T0, false)); n++)
			assert_int_equal(d->id, n);
	}
	assert_int_equal(n, 9); // the one that makes it full is asked for, too
	const struct race_double *d = race_find(r, 4, client, "a.example", DNS_MX, DNS_T0, DNS_S);
	assert_true(d && d->certain);
	assert_string_equal(d->said[0], "A.example");
	assert_null(race_find(r, 4, client, "a.example", DNS_A, DNS_T0, DNS_S));
	assert_null(race_find(r, 4, client, "a.example", DNS_MX, DNS_T0 - 1, DNS_S));
	assert_null(race_find(r, 4, client, "a.example", DNS_MX, DNS_T0 + 2 * DNS_S, DNS_S));
	while (race_due(r, DNS_T0 + RACE_FOLLOW_NS + 1, false))
		n++;
	assert_int_equal(n, RACE_DOUBLES + 8 - 1); // all but the one that was followed
	race_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(scripts), cmocka_unit_test(other_questions), cmocka_unit_test(due)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

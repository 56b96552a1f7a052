// What is kept of answers, for how long, and which names of a server's address come of it.
#include "alerts/dns/seen.h"
#include "tests/unit/alerts/dns/dns_fixture.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct message_dns m;

// Client 1 learns that d.example's mail goes to mx.d.example, 198.51.100.5.
static void learn(struct seen *s, uint8_t client, uint64_t ms)
{
	dns_reply(&m, ms, client, 1, "d.example", DNS_MX);
	dns_name(&m, DNS_MX, "d.example", "mx.d.example", 60);
	seen_take(s, &m, true);
	dns_reply(&m, ms + 1, client, 2, "mx.d.example", DNS_A);
	dns_address(&m, "mx.d.example", 5, 60);
	seen_take(s, &m, true);
}

static size_t hosts_of(struct seen *s, uint8_t client, uint8_t server, uint64_t start_ns, struct seen_host out[SEEN_HOSTS_MAX])
{
	const struct conn_facts c = {.ip_v = 4, .src = {192, 0, 2, client}, .dst = {198, 51, 100, server}};
	return seen_hosts(s, &c, start_ns, out, SEEN_HOSTS_MAX);
}

static void mail_host(void **state)
{
	struct seen_host h[SEEN_HOSTS_MAX];
	struct seen *s;
	assert_int_equal(seen_open(&s), 0);
	learn(s, 1, 0);
	assert_int_equal(hosts_of(s, 1, 5, DNS_T0 + DNS_S, h), 1);
	assert_string_equal(h[0].host, "mx.d.example");
	assert_string_equal(h[0].canonical, "mx.d.example");
	assert_string_equal(h[0].domain, "d.example");
	assert_true(h[0].mx && h[0].own_resolver && !h[0].plain);
	assert_int_equal(h[0].frame, 2);
	assert_int_equal(h[0].mx_frame, 1);
	// Another client of SMTP: this may be its resolver.
	assert_int_equal(hosts_of(s, 2, 5, DNS_T0 + DNS_S, h), 1);
	assert_false(h[0].own_resolver);
	assert_int_equal(hosts_of(s, 1, 6, DNS_T0 + DNS_S, h), 0);
	// Twice is once, and its own answer comes first.
	learn(s, 1, 2);
	learn(s, 2, 3);
	assert_int_equal(hosts_of(s, 1, 5, DNS_T0 + DNS_S, h), 1);
	assert_true(h[0].own_resolver);
	seen_close(&s);
}

static void times(void **state)
{
	struct seen_host h[SEEN_HOSTS_MAX];
	const uint64_t over = DNS_T0 + (60 + 3600) * DNS_S;
	struct seen *s;
	assert_int_equal(seen_open(&s), 0);
	learn(s, 1, 0);
	assert_int_equal(hosts_of(s, 1, 5, DNS_T0 + DNS_MS - 1, h), 0); // not yet
	assert_int_equal(hosts_of(s, 1, 5, DNS_T0 + DNS_MS, h), 1);
	assert_int_equal(hosts_of(s, 1, 5, over, h), 1);
	assert_true(h[0].mx);
	assert_int_equal(hosts_of(s, 1, 5, over + 1, h), 1); // the MX answer is over, the address lives a millisecond more
	assert_false(h[0].mx);
	assert_int_equal(hosts_of(s, 1, 5, over + DNS_MS + 1, h), 0);
	seen_close(&s);
}

static void aliases(void **state)
{
	struct seen_host h[SEEN_HOSTS_MAX];
	struct seen *s;
	assert_int_equal(seen_open(&s), 0);
	dns_reply(&m, 0, 1, 1, "d.example", DNS_MX);
	dns_name(&m, DNS_MX, "e.example", "mx.e.example", 60); // before the CNAME that leads to it
	dns_name(&m, DNS_CNAME, "d.example", "e.example", 60);
	dns_name(&m, DNS_MX, "f.example", "mx.d.example", 60); // nobody asked for f.example
	seen_take(s, &m, true);
	dns_reply(&m, 1, 1, 2, "mx.e.example", DNS_A);
	dns_name(&m, DNS_CNAME, "mx.e.example", "host.example", 60);
	dns_address(&m, "host.example", 5, 60);
	dns_address(&m, "other.example", 6, 60);
	seen_take(s, &m, true);
	assert_int_equal(hosts_of(s, 1, 5, DNS_T0 + DNS_S, h), 2);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(h[i].host, "mx.e.example");
		assert_string_equal(h[i].canonical, "host.example");
	}
	assert_string_equal(h[0].domain, "e.example");
	assert_string_equal(h[1].domain, "d.example");
	assert_int_equal(hosts_of(s, 1, 6, DNS_T0 + DNS_S, h), 0);
	seen_close(&s);
}

// CNAMEs that lead to each other, and more ways than anybody walks: an end all the same.
static void tangled(void **state)
{
	struct seen_host h[SEEN_HOSTS_MAX];
	struct seen *s;
	assert_int_equal(seen_open(&s), 0);
	for (int level = 0; level < 10; level++) {
		for (int i = 0; i < 8; i++) {
			for (int k = 0; k < 8; k++) {
				char from[32], to[32];
				snprintf(from, sizeof(from), "n%d.l%d.example", i, level + 1);
				snprintf(to, sizeof(to), "n%d.l%d.example", k, level);
				dns_reply(&m, 0, 1, 1, from, DNS_A);
				dns_name(&m, DNS_CNAME, from, to, 60);
				seen_take(s, &m, true);
			}
		}
	}
	dns_reply(&m, 0, 1, 1, "n0.l0.example", DNS_A);
	dns_address(&m, "n0.l0.example", 5, 60);
	seen_take(s, &m, true);
	assert_true(hosts_of(s, 1, 5, DNS_T0 + DNS_S, h) <= SEEN_HOSTS_MAX);
	seen_close(&s);
}

static void not_believed(void **state)
{
	struct seen_host h[SEEN_HOSTS_MAX];
	struct seen *s;
	assert_int_equal(seen_open(&s), 0);
	for (int i = 0; i < 4; i++) {
		dns_reply(&m, 0, 1, 1, "a.example", DNS_A);
		dns_address(&m, "a.example", 5, 60);
		if (i == 1)
			m.facts.flags = 0;
		else if (i == 2)
			m.facts.flags |= DNS_TRUNCATED;
		else if (i == 3)
			m.facts.rcode = DNS_NXDOMAIN;
		seen_take(s, &m, i != 0); // 0: nobody asked
		assert_int_equal(hosts_of(s, 1, 5, DNS_T0 + DNS_S, h), 0);
	}
	seen_close(&s);
}

// A resolver across the tap, in clear, that the validating is left to.
static void plain(void **state)
{
	static const struct {
		uint16_t flags;
		uint8_t server;
		bool want;
	} rows[] = {
		{DNS_WANTED | DNS_AVAILABLE, 203, true}, {DNS_WANTED | DNS_AVAILABLE, 127, false}, {DNS_WANTED, 203, false},
		{DNS_AVAILABLE, 203, false}, {DNS_WANTED | DNS_AVAILABLE | DNS_UNCHECKED, 203, false}, {0, 203, false},
	};
	struct seen_host h[SEEN_HOSTS_MAX];
	struct seen *s;
	assert_int_equal(seen_open(&s), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		dns_reply(&m, i, 1, 1, "a.example", DNS_A);
		dns_address(&m, "a.example", 5, 60);
		m.facts.flags |= rows[i].flags;
		m.facts.server[0] = rows[i].server;
		seen_take(s, &m, true);
		assert_int_equal(hosts_of(s, 1, 5, DNS_T0 + DNS_S, h), 1);
		assert_int_equal(h[0].plain, rows[i].want);
	}
	seen_close(&s);
}

// Browsing does not push mail out; the names told longest ago go first.
static void bounds(void **state)
{
	struct seen_host h[SEEN_HOSTS_MAX];
	struct seen *s;
	char name[64];
	assert_int_equal(seen_open(&s), 0);
	learn(s, 1, 0);
	for (uint32_t i = 0; i < SEEN_OTHER_MAX + 1; i++) {
		snprintf(name, sizeof(name), "w%u.example", i);
		dns_reply(&m, 2, 1, 1, name, DNS_A);
		dns_address(&m, name, i == 0 ? 7 : i == SEEN_OTHER_MAX ? 8 : 9, 60);
		seen_take(s, &m, true);
	}
	assert_int_equal(hosts_of(s, 1, 5, DNS_T0 + DNS_S, h), 1);
	assert_int_equal(hosts_of(s, 1, 7, DNS_T0 + DNS_S, h), 0);
	assert_int_equal(hosts_of(s, 1, 8, DNS_T0 + DNS_S, h), 1);
	assert_int_equal(hosts_of(s, 1, 9, DNS_T0 + DNS_S, h), SEEN_HOSTS_MAX);
	for (uint32_t i = 0; i < SEEN_MAIL_MAX; i++) {
		snprintf(name, sizeof(name), "d%u.example", i);
		dns_reply(&m, 3, 1, 1, name, DNS_MX);
		dns_name(&m, DNS_MX, name, "elsewhere.example", 60);
		seen_take(s, &m, true);
	}
	assert_int_equal(hosts_of(s, 1, 5, DNS_T0 + DNS_S, h), 0);
	seen_close(&s);
}

static void encrypted(void **state)
{
	const struct conn_facts c = {.ip_v = 4, .src = {192, 0, 2, 1}}, other = {.ip_v = 4, .src = {192, 0, 2, 2}};
	uint32_t frame = 0;
	struct seen *s;
	assert_int_equal(seen_open(&s), 0);
	dns_ask(&m, 0, 1, 0, "", 0);
	m.facts.flags = DNS_ENCRYPTED;
	seen_take(s, &m, true);
	assert_true(seen_encrypted(s, &c, DNS_T0, &frame));
	assert_int_equal(frame, 1);
	assert_false(seen_encrypted(s, &other, DNS_T0, &frame));
	assert_false(seen_encrypted(s, &c, DNS_T0 - 1, &frame));
	assert_false(seen_encrypted(s, &c, DNS_T0 + 3600 * DNS_S + 1, &frame));
	seen_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(mail_host), cmocka_unit_test(times), cmocka_unit_test(aliases),
		cmocka_unit_test(tangled), cmocka_unit_test(not_believed), cmocka_unit_test(plain), cmocka_unit_test(bounds),
		cmocka_unit_test(encrypted)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

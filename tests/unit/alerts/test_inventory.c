// Looking up what the operator knows: longest prefixes, names and what lies below them, exemptions and their last day.
#include "alerts/inventory.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct inventory_config config;
static struct inventory *inventory;

static int fresh(void **state)
{
	memset(&config, 0, sizeof(config));
	return 0;
}

static int closed(void **state)
{
	inventory_close(&inventory);
	assert_null(inventory);
	return 0;
}

static uint8_t address(uint8_t out[16], const char *text)
{
	bool six = strchr(text, ':');

	memset(out, 0, 16);
	assert_int_equal(inet_pton(six ? AF_INET6 : AF_INET, text, out), 1);
	return six ? 6 : 4;
}

static struct judge_net net(const char *text, uint8_t bits)
{
	struct judge_net n = {.bits = bits};

	n.ip_v = address(n.addr, text);
	return n;
}

static uint32_t text(struct inventory_text *t, const char *s)
{
	uint32_t at = inventory_text_add(t, s, strlen(s));

	assert_true(at);
	return at;
}

static void add_mx(const char *name, const char *at, uint16_t port)
{
	struct inventory_mxs *c = &config.mx;

	c->pool.net[c->pool.n] = net(at, strchr(at, ':') ? 128 : 32);
	c->mx[c->n++] = (struct inventory_mx){.name = text(&c->text, name), .first = c->pool.n++, .n = 1, .port = port};
}

static void add_partner(const char *domain, const char *at, uint8_t bits, uint8_t level, bool sensitive)
{
	struct inventory_partners *c = &config.partners;

	c->partner[c->n++] = (struct inventory_partner){.domain = text(&c->text, domain), .first = c->pool.n, .n = at != NULL,
		.level = level, .sensitive = sensitive};
	if (at)
		c->pool.net[c->pool.n++] = net(at, bits);
}

static void add_exempt(const char *domain, const char *at, uint8_t bits, int32_t until, const char *finding)
{
	struct inventory_exemptions *c = &config.exempt;
	struct inventory_exemption *e = &c->exempt[c->n++];

	*e = (struct inventory_exemption){.is_net = at, .until_day = until, .all = !finding};
	if (at)
		e->net = net(at, bits);
	else
		e->domain = text(&c->text, domain);
	if (finding) {
		size_t row = (size_t)(catalogue_find(finding) - catalogue);
		e->findings[row / 8] |= (uint8_t)(1 << row % 8);
	}
}

static void own_hosts(void **state)
{
	const char *names[2];
	uint8_t a[16], b[16];

	add_mx("mx1.example.org", "192.0.2.1", 25);
	add_mx("mx.example.net", "192.0.2.1", 25);
	add_mx("relay.example.org", "192.0.2.1", 2525);
	add_mx("mx6.example.org", "2001:db8::1", 25);
	config.own.net[config.own.n++] = net("10.0.0.0", 8);
	config.own.net[config.own.n++] = net("2001:db8::", 33);
	config.senders.net[config.senders.n++] = net("10.1.0.0", 16);
	assert_int_equal(inventory_open(&inventory, &config), 0);
	address(a, "192.0.2.1");
	assert_int_equal(inventory_mx_name(inventory, a, 4, 25, names, 2), 2);
	assert_string_equal(names[0], "mx1.example.org");
	assert_string_equal(names[1], "mx.example.net");
	assert_int_equal(inventory_mx_name(inventory, a, 4, 25, names, 1), 2);
	assert_int_equal(inventory_mx_name(inventory, a, 4, 2525, names, 2), 1);
	assert_int_equal(inventory_mx_name(inventory, a, 4, 465, names, 2), 0);
	assert_int_equal(inventory_mx_name(inventory, a, 6, 25, names, 2), 0);
	assert_true(inventory_mx_named(inventory, "mx6.example.org"));
	assert_false(inventory_mx_named(inventory, "a.mx6.example.org"));
	assert_true(inventory_sender(inventory, a, 4));
	address(b, "10.2.0.1");
	assert_true(inventory_own(inventory, b, 4));
	assert_false(inventory_sender(inventory, b, 4));
	address(b, "11.0.0.0");
	assert_false(inventory_own(inventory, b, 4));
	address(b, "2001:db8:7fff::1");
	assert_true(inventory_own(inventory, b, 6));
	address(b, "2001:db8:8000::1");
	assert_false(inventory_own(inventory, b, 6));
	assert_false(inventory_own(NULL, b, 6));
	assert_false(inventory_knows_own(NULL));
}

static void partners(void **state)
{
	struct inventory_peer p;
	uint8_t a[16];

	add_partner("partner.example", "203.0.113.0", 24, INVENTORY_ENCRYPT, false);
	add_partner("*.partner.example", "203.0.113.128", 25, INVENTORY_VERIFY, true);
	add_partner("deep.sub.partner.example", NULL, 0, INVENTORY_ENCRYPT, false);
	assert_int_equal(inventory_open(&inventory, &config), 0);
	static const struct {
		const char *name, *want;
	} rows[] = {{"partner.example", "partner.example"}, {"a.partner.example", "*.partner.example"},
		{"a.b.partner.example", "*.partner.example"}, {"deep.sub.partner.example", "deep.sub.partner.example"},
		{"x.deep.sub.partner.example", "*.partner.example"}, {"example", NULL}, {"", NULL}, {"xpartner.example", NULL},
		{"partner.example.x", NULL}, {".partner.example", "*.partner.example"}, {"*.partner.example", "*.partner.example"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool found = inventory_partner(inventory, rows[i].name, &p);
		if (found != (rows[i].want != NULL) || (found && strcmp(p.domain, rows[i].want) != 0))
			fail_msg("%s: %s", rows[i].name, found ? p.domain : "nothing");
	}
	address(a, "203.0.113.127");
	assert_true(inventory_partner_at(inventory, a, 4, &p));
	assert_string_equal(p.domain, "partner.example");
	address(a, "203.0.113.128");
	assert_true(inventory_partner_at(inventory, a, 4, &p));
	assert_string_equal(p.domain, "*.partner.example");
	assert_int_equal(p.level, INVENTORY_VERIFY);
	assert_false(p.shared);
	address(a, "203.0.114.0");
	assert_false(inventory_partner_at(inventory, a, 4, &p));
	assert_false(inventory_partner_at(NULL, a, 4, &p));
}

// What several entries say of one address is no more than what all of them say.
static void shared_networks(void **state)
{
	struct inventory_peer p;
	uint8_t a[16];

	add_partner("a.example", "203.0.113.0", 24, INVENTORY_VERIFY, true);
	add_partner("b.example", "203.0.113.0", 24, INVENTORY_ENCRYPT, false);
	assert_int_equal(inventory_open(&inventory, &config), 0);
	address(a, "203.0.113.9");
	assert_true(inventory_partner_at(inventory, a, 4, &p));
	assert_true(p.shared);
	assert_true(p.sensitive);
	assert_int_equal(p.level, INVENTORY_ENCRYPT);
}

static const char *answer(const struct inventory_ask *ask)
{
	static char out[8];
	struct inventory_answer a;
	size_t row = (size_t)(catalogue_find("exposure.content") - catalogue);

	inventory_exempt(inventory, ask, &a);
	out[0] = a.exempt[row / 8] & 1 << row % 8 ? 'E' : '-';
	out[1] = a.perhaps[row / 8] & 1 << row % 8 ? 'P' : '-';
	out[2] = a.any_ended ? 'x' : '-';
	out[3] = a.exempt[0] & 1 ? 'A' : '-'; // the catalogue's first row
	return out;
}

static void exemptions(void **state)
{
	uint8_t src[16], dst[16];
	int32_t day = inventory_day(1800000000);

	add_exempt(NULL, "192.0.2.0", 24, INVENTORY_FOREVER, "exposure.content");
	add_exempt(NULL, "192.0.2.7", 32, INVENTORY_FOREVER, NULL);
	add_exempt(NULL, "192.0.3.0", 24, day, NULL);
	add_exempt("ok.example", NULL, 0, INVENTORY_FOREVER, "exposure.content");
	add_exempt("*.ok.example", NULL, 0, day, "exposure.content");
	assert_int_equal(inventory_open(&inventory, &config), 0);
	address(dst, "203.0.113.1");
	static const struct {
		const char *src;
		int64_t later_s;
		const char *domain[2];
		bool open;
		const char *want;
	} rows[] = {
		{"198.51.100.1", 0, {NULL}, false, "----"},
		{"192.0.2.1", 0, {NULL}, false, "E---"},
		{"192.0.2.7", 0, {NULL}, false, "E--A"},
		{"192.0.3.1", 0, {NULL}, false, "E--A"},
		{"192.0.3.1", 86400, {NULL}, false, "--x-"},
		{"198.51.100.1", 0, {NULL}, true, "-P--"},
		{"198.51.100.1", 0, {"ok.example"}, true, "E---"},
		{"198.51.100.1", 0, {"ok.example", "a.ok.example"}, false, "E---"},
		{"198.51.100.1", 0, {"ok.example", "other.example"}, false, "----"},
		{"198.51.100.1", 86400, {"ok.example", "a.ok.example"}, false, "--x-"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		address(src, rows[i].src);
		const struct inventory_ask ask = {.src = src, .dst = dst, .ip_v = 4, .domains = rows[i].domain,
			.n_domains = (size_t)(rows[i].domain[0] != NULL) + (rows[i].domain[1] != NULL),
			.time_s = (int64_t)day * 86400 + 86399 + rows[i].later_s, .domains_open = rows[i].open};
		if (strcmp(answer(&ask), rows[i].want) != 0)
			fail_msg("row %zu: %s", i, answer(&ask));
		const struct inventory_ask turned = {.src = dst, .dst = src, .ip_v = 4, .domains = ask.domains,
			.n_domains = ask.n_domains, .time_s = ask.time_s, .domains_open = ask.domains_open};
		assert_string_equal(answer(&turned), rows[i].want);
	}
}

static void days(void **state)
{
	char out[INVENTORY_DAY_LEN];

	assert_int_equal(inventory_day(0), 0);
	assert_int_equal(inventory_day(-1), -1);
	assert_int_equal(inventory_day(86400), 1);
	assert_int_equal(inventory_day(INT64_MIN), INT32_MIN);
	assert_true(inventory_day(INT64_MAX) < INVENTORY_FOREVER);
	inventory_day_print(out, inventory_day(1800000000));
	assert_string_equal(out, "2027-01-15");
}

static void names_of_the_wire(void **state)
{
	char out[256];

	inventory_name(out, (const uint8_t *)"Mail.EXAMPLE.", 13);
	assert_string_equal(out, "mail.example");
	inventory_name(out, (const uint8_t *)"a b", 3);
	assert_string_equal(out, "");
	inventory_name(out, (const uint8_t *)"", 0);
	assert_string_equal(out, "");
	uint8_t long_one[300];
	memset(long_one, 'a', sizeof(long_one));
	inventory_name(out, long_one, 253);
	assert_int_equal(strlen(out), 253);
	inventory_name(out, long_one, 254);
	assert_string_equal(out, "");
}

// The most an operator may configure, asked as a busy link asks: it must not be walked.
static void full(void **state)
{
	char name[64];
	uint8_t a[16];
	struct inventory_peer p;
	struct timespec from, to;

	for (uint32_t i = 0; i < INVENTORY_PARTNERS_MAX; i++) {
		snprintf(name, sizeof(name), "*.partner-%u.example", i);
		add_partner(name, "203.0.0.0", 16, INVENTORY_ENCRYPT, false);
		config.partners.pool.net[i].addr[2] = (uint8_t)(i >> 2);
		config.partners.pool.net[i].addr[3] = (uint8_t)(i << 6);
		config.partners.pool.net[i].bits = 26;
	}
	assert_int_equal(inventory_open(&inventory, &config), 0);
	memset(a, 0, sizeof(a));
	clock_gettime(CLOCK_MONOTONIC, &from);
	for (uint32_t i = 0; i < 100000; i++) {
		uint32_t k = i * 2654435761u % INVENTORY_PARTNERS_MAX;
		snprintf(name, sizeof(name), "a.b.partner-%u.example", k);
		assert_true(inventory_partner(inventory, name, &p));
		a[0] = 203;
		a[2] = (uint8_t)(k >> 2);
		a[3] = (uint8_t)(k << 6 | 1);
		assert_true(inventory_partner_at(inventory, a, 4, &p));
		assert_string_equal(strstr(p.domain, "partner"), strstr(name, "partner"));
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	// A second's sessions in a second, with sanitizers and on a busy machine; it takes a twentieth of that without.
	double s = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	if (s > 5)
		fail_msg("%.1f s", s);
	for (size_t at = 0; at < INVENTORY_TEXT_MAX; at++)
		if (!inventory_text_add(&config.partners.text, "0123456789abcdef", 16))
			return;
	fail_msg("the arena has no end");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(own_hosts, fresh, closed),
		cmocka_unit_test_setup_teardown(partners, fresh, closed),
		cmocka_unit_test_setup_teardown(shared_networks, fresh, closed),
		cmocka_unit_test_setup_teardown(exemptions, fresh, closed),
		cmocka_unit_test(days),
		cmocka_unit_test(names_of_the_wire),
		cmocka_unit_test_setup_teardown(full, fresh, closed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

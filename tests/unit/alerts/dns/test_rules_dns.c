// A session, the DNS before it, and our own policy: what is found, and what is not.
#include "alerts/expect/store.h"
#include "tests/unit/alerts/dns/dns_fixture.h"
#include "tests/unit/alerts/rules_fixture.h"

#include "alerts/dns/race.h"
#include "alerts/dns/seen.h"

#define MX "mx.d.example"
#define TLSA "_25._tcp.mx.d.example"

// What the sender (192.0.2.1) was told; the session begins at T0 + 1 s, to 198.51.100.5.
struct told {
	struct seen *seen;
	struct race *race;
};

static struct message_dns m;

static void take(struct told *t)
{
	seen_take(t->seen, &m, race_take(t->race, &m));
}

static void ask_and(struct told *t, uint64_t ms, const char *name, uint16_t qtype)
{
	dns_ask(&m, ms, 1, (uint16_t)ms, name, qtype);
	take(t);
	dns_reply(&m, ms, 1, (uint16_t)ms, name, qtype);
}

static void mx(struct told *t, const char *host)
{
	ask_and(t, 10, "d.example", DNS_MX);
	dns_name(&m, DNS_MX, "d.example", host, 60);
	take(t);
	ask_and(t, 20, host, DNS_A);
	dns_address(&m, host, 5, 60);
	take(t);
}

static void good(struct told *t)
{
	mx(t, MX);
}

static void forged_mx(struct told *t)
{
	mx(t, "mx.mallory.example");
}

static void resolver(struct told *t)
{
	ask_and(t, 20, MX, DNS_A);
	dns_address(&m, MX, 5, 60);
	m.facts.flags |= DNS_WANTED | DNS_AVAILABLE;
	take(t);
}

static void raced(struct told *t)
{
	good(t);
	dns_reply(&m, 12, 1, 10, "d.example", DNS_MX);
	dns_name(&m, DNS_MX, "d.example", "mx.mallory.example", 60);
	take(t);
}

static void raced_elsewhere(struct told *t)
{
	good(t);
	ask_and(t, 30, "other.example", DNS_MX);
	dns_name(&m, DNS_MX, "other.example", "a.example", 60);
	take(t);
	dns_reply(&m, 31, 1, 30, "other.example", DNS_MX);
	dns_name(&m, DNS_MX, "other.example", "b.example", 60);
	take(t);
}

static void tlsa(struct told *t)
{
	good(t);
	ask_and(t, 30, TLSA, DNS_TLSA);
	dns_tlsa(&m, TLSA, 5);
	take(t);
}

static void tlsa_denied(struct told *t)
{
	good(t);
	ask_and(t, 30, TLSA, DNS_TLSA);
	take(t);
}

static void tlsa_failed(struct told *t)
{
	good(t);
	ask_and(t, 30, TLSA, DNS_TLSA);
	m.facts.rcode = DNS_SERVFAIL;
	take(t);
}

static void tlsa_failed_then_told(struct told *t)
{
	tlsa_failed(t);
	ask_and(t, 40, TLSA, DNS_TLSA);
	dns_tlsa(&m, TLSA, 5);
	take(t);
}

static void encrypted(struct told *t)
{
	dns_ask(&m, 10, 1, 0, "", 0);
	m.facts.flags = DNS_ENCRYPTED;
	take(t);
}

// ---- policy ---------------------------------------------------------------------------------------------------

struct policy {
	struct policy_domain domain;
	struct policy_host host;
};

enum { SECURE = 1, INSECURE = 2, OLD = 4, ELSEWHERE = 8 };

static void promise(struct policy *p, int how)
{
	static const struct policy_mx one = {.preference = 10, .host = MX};
	static const struct policy_address there = {4, {198, 51, 100, 5}}, elsewhere = {4, {198, 51, 100, 9}};
	static const struct policy_tlsa record = {3, 1, 1, 0, NULL};
	uint8_t dnssec = how & SECURE ? DNSSEC_SECURE : DNSSEC_INSECURE;
	int64_t as_of_s = (int64_t)(DNS_T0 / DNS_S) - (how & OLD ? 86400 : 5);
	memset(p, 0, sizeof(*p));
	p->domain = (struct policy_domain){.name = "d.example", .mx_dnssec = dnssec, .n_mx = 1, .mx = &one, .mx_ttl_s = 300, .as_of_s = as_of_s};
	p->host = (struct policy_host){.name = MX, .addresses_dnssec = dnssec, .n_addresses = 1, .as_of_s = as_of_s,
		.addresses = how & ELSEWHERE ? &elsewhere : &there};
	p->host.tlsa = (struct policy_tlsa_set){.dnssec = dnssec, .n = 1, .tlsa = &record, .ttl_s = 300, .as_of_s = as_of_s};
}

struct row {
	const char *name;
	void (*tell)(struct told *t);
	int policy;       // 0: none
	uint8_t client;   // of SMTP
	bool late;        // the session's SYN was not seen
	const char *want; // of dns.*
};

static const struct row rows[] = {
	{"nothing seen", NULL, SECURE, 1, false, ""},
	{"as it should be", good, SECURE, 1, false, ""},
	{"forged mx", forged_mx, SECURE, 1, false, "dns.mx-divergence/certain/high/complete"},
	{"forged mx, no policy", forged_mx, 0, 1, false, ""},
	{"forged mx, unsigned zone", forged_mx, INSECURE, 1, false, "dns.mx-divergence/suspect/high/complete"},
	{"forged mx, policy out of date", forged_mx, SECURE | OLD, 1, false, "dns.mx-divergence/suspect/high/complete"},
	{"forged mx, told to another machine", forged_mx, SECURE, 2, false, "dns.mx-divergence/probable/high/complete"},
	{"forged mx, start not seen", forged_mx, SECURE, 1, true, "dns.mx-divergence/suspect/high/midstream"},
	{"another address", good, SECURE | ELSEWHERE, 1, false, "dns.mx-divergence/suspect/high/complete"},
	{"raced", raced, SECURE, 1, false, "dns.double-answer/certain/high/complete"},
	{"raced, start not seen", raced, 0, 1, true, "dns.double-answer/suspect/high/midstream"},
	{"raced for another domain", raced_elsewhere, 0, 1, false, ""},
	{"tlsa", tlsa, SECURE, 1, false, "dns.sender-queries-tlsa/certain/info/complete"},
	{"tlsa, of another machine", tlsa, 0, 2, false, "dns.sender-queries-tlsa/probable/info/complete"},
	{"tlsa denied", tlsa_denied, SECURE, 1, false,
		"dns.tlsa-stripped/probable/high/complete dns.sender-queries-tlsa/certain/info/complete"},
	{"tlsa denied, and there is none", tlsa_denied, INSECURE, 1, false, "dns.sender-queries-tlsa/certain/info/complete"},
	{"tlsa denied, policy out of date", tlsa_denied, SECURE | OLD, 1, false,
		"dns.tlsa-stripped/suspect/high/complete dns.sender-queries-tlsa/certain/info/complete"},
	{"tlsa failed", tlsa_failed, SECURE, 1, false,
		"dns.tlsa-stripped/suspect/high/complete dns.sender-queries-tlsa/certain/info/complete"},
	{"tlsa failed, then told", tlsa_failed_then_told, SECURE, 1, false, "dns.sender-queries-tlsa/certain/info/complete"},
	{"encrypted", encrypted, 0, 1, false, "dns.encrypted/probable/info/complete"},
	{"encrypted, another client", encrypted, 0, 2, false, ""},
	{"resolver across the tap", resolver, 0, 1, false, "dns.ad-absent-path/suspect/low/complete"},
	{"resolver of another machine", resolver, 0, 2, false, ""},
};

static void list_dns(const struct session *s, char *out, size_t room)
{
	struct session dns = {.n_findings = 0};
	for (size_t i = 0; i < s->n_findings; i++)
		if (strncmp(s->findings[i].row->id, "dns.", 4) == 0)
			dns.findings[dns.n_findings++] = s->findings[i];
	list_findings(&dns, out, room);
}

static void sessions(void **state)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct rules_memory *memory;
		struct told t;
		struct policy p;
		struct store *store;
		static struct session s;
		struct facts f;
		char got[512];

		assert_int_equal(rules_memory_open(&memory), 0);
		assert_int_equal(seen_open(&t.seen), 0);
		assert_int_equal(race_open(&t.race), 0);
		promise(&p, row->policy);
		assert_int_equal(store_open(&store, 4, 4), 0);
		assert_int_equal(store_put_host(store, &p.host), 0);
		assert_int_equal(store_put_domain(store, &p.domain), 0);
		const struct rules_sources sources = {t.seen, t.race, row->policy ? store : NULL};
		connection(&f);
		memset(f.conn.src, 0, sizeof(f.conn.src));
		memcpy(f.conn.src, (uint8_t[]){192, 0, 2, row->client}, 4);
		memcpy(f.conn.dst, (uint8_t[]){198, 51, 100, 5}, 4);
		f.conn.start_ns = DNS_T0 + DNS_S;
		f.conn.syn[DIR_C2S] = !row->late;
		if (row->tell)
			row->tell(&t);
		s = (struct session){.facts = &f, .sources = &sources};
		for (int n = 0; n < 2; n++) {
			rules_apply(&s, memory, NULL);
			list_dns(&s, got, sizeof(got));
			if (strcmp(got, row->want) != 0)
				fail_msg("%s:\n  got  %s\n  want %s", row->name, got, row->want);
		}
		store_close(&store);
		race_close(&t.race);
		seen_close(&t.seen);
		rules_memory_close(&memory);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(sessions)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

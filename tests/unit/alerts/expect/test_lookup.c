// The steps of a lookup against answers that a table gives: the order of questions, and where it stops.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/expect/lookup.h"

enum { RECORDS_MAX = 3, ANSWERS_MAX = 12, ASKED_MAX = 256 };

struct answer {
	const char *name;
	uint16_t type;
	uint8_t dnssec;
	const char *canonical;
	const char *record[RECORDS_MAX]; // wire format; its first octet is the length
	bool never;
};

struct question {
	char name[POLICY_NAME];
	uint16_t type;
	resolver_done done;
	void *ctx;
	bool open;
};

struct fake {
	const struct answer *answers;
	struct question asked[ASKED_MAX];
	size_t n;
};

static int ask(void *ctx, const char *name, uint16_t type, resolver_done done, void *done_ctx, uint64_t *id)
{
	struct fake *f = ctx;
	assert_true(f->n < ASKED_MAX);
	*id = f->n;
	struct question *q = &f->asked[f->n++];
	*q = (struct question){.type = type, .done = done, .ctx = done_ctx, .open = true};
	strcpy(q->name, name);
	return 0;
}

static void cancel(void *ctx, uint64_t id)
{
	struct fake *f = ctx;
	f->asked[id].open = false;
}

// What the table does not have is a secure denial.
static void give(const struct fake *f, struct question *q)
{
	struct resolver_record records[RECORDS_MAX];
	struct resolver_answer a = {.dnssec = DNSSEC_SECURE, .records = records, .ttl_s = 60};
	const struct answer *row = f->answers;
	while (row->name != NULL && (strcmp(row->name, q->name) != 0 || row->type != q->type))
		row++;
	if (row->never)
		return;
	if (row->name != NULL) {
		a.dnssec = row->dnssec;
		if (row->canonical != NULL)
			strcpy(a.canonical, row->canonical);
		if (row->dnssec == DNSSEC_BOGUS || row->dnssec == DNSSEC_INDETERMINATE)
			strcpy(a.why, "because");
	}
	for (; row->name != NULL && a.n < RECORDS_MAX && row->record[a.n] != NULL; a.n++)
		records[a.n] = (struct resolver_record){.octets = (const uint8_t *)row->record[a.n] + 1, .len = (uint8_t)row->record[a.n][0]};
	q->open = false;
	q->done(q->ctx, &a);
}

static void told(void *ctx, struct lookup *l)
{
	++*(int *)ctx;
}

// Answers come last first, so that the order of asking is not the order of answers.
static struct lookup *look(struct fake *f, const struct answer *answers, const char *name, bool host)
{
	int n_done = 0;
	struct lookup *l;
	*f = (struct fake){.answers = answers};
	const struct lookup_config config = {.source = {.ask = ask, .cancel = cancel, .ctx = f}, .sts = true};
	assert_int_equal((host ? lookup_host : lookup_domain)(&l, &config, name, told, &n_done), 0);
	for (bool any = true; any;) {
		any = false;
		for (size_t i = f->n; i-- > 0;) {
			if (!f->asked[i].open)
				continue;
			give(f, &f->asked[i]);
			any |= !f->asked[i].open;
		}
	}
	lookup_tick(l, UINT64_MAX);
	lookup_tick(l, UINT64_MAX);
	assert_int_equal(n_done, 1);
	return l;
}

static bool asked(const struct fake *f, const char *name, uint16_t type)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->asked[i].type == type && strcmp(f->asked[i].name, name) == 0)
			return true;
	return false;
}

#define MX_A "\x10\0\x0a\x02mx\x01""a\x07""example\0"
#define IP4 "\x04\x0a\0\0\x01"
#define TLSA "\x23\x03\x01\x01" "0123456789abcdef0123456789abcdef"
#define CNAME_E "\x0d\x01""e\x01""a\x07""example\0"

enum { A = RESOLVER_TYPE_A, AAAA = RESOLVER_TYPE_AAAA, MX = RESOLVER_TYPE_MX, T = RESOLVER_TYPE_TLSA, C = RESOLVER_TYPE_CNAME,
       S = DNSSEC_SECURE, I = DNSSEC_INSECURE, B = DNSSEC_BOGUS, U = DNSSEC_INDETERMINATE };

static const struct row {
	const char *name;
	struct answer answers[ANSWERS_MAX];
	uint8_t addresses, tlsa, n_tlsa;
	const char *base;
	bool denial_broken;
} rows[] = {
	{"signed, with TLSA", {{"mx.a.example", A, S, NULL, {IP4}}, {"_25._tcp.mx.a.example", T, S, NULL, {TLSA}}}, S, S, 1, "mx.a.example", false},
	{"signed, without", {{"mx.a.example", A, S, NULL, {IP4}}}, S, S, 0, "mx.a.example", false},
	{"addresses not signed", {{"mx.a.example", A, I, NULL, {IP4}}, {"mx.a.example", AAAA, I, NULL, {0}},
		{"_25._tcp.mx.a.example", T, S, NULL, {TLSA}}}, I, I, 0, "", false},
	{"one kind not signed", {{"mx.a.example", A, S, NULL, {IP4}}, {"mx.a.example", AAAA, I, NULL, {0}}}, I, I, 0, "", false},
	{"addresses bogus", {{"mx.a.example", A, B, NULL, {0}}}, B, B, 0, "", false},
	{"one kind fails", {{"mx.a.example", A, S, NULL, {IP4}}, {"mx.a.example", AAAA, U, NULL, {0}}}, U, U, 0, "", false},
	{"TLSA bogus", {{"mx.a.example", A, S, NULL, {IP4}}, {"_25._tcp.mx.a.example", T, B, NULL, {0}}}, S, B, 0, "mx.a.example", true},
	{"TLSA fails", {{"mx.a.example", A, S, NULL, {IP4}}, {"_25._tcp.mx.a.example", T, U, NULL, {0}}}, S, U, 0, "mx.a.example", true},
	{"TLSA never comes", {{"mx.a.example", A, S, NULL, {IP4}}, {"_25._tcp.mx.a.example", T, 0, NULL, {0}, true}}, S, U, 0, "mx.a.example", true},
	{"addresses never come", {{"mx.a.example", A, 0, NULL, {0}, true}}, U, U, 0, "", false},
	{"alias, TLSA where it leads", {{"mx.a.example", A, S, "e.a.example", {IP4}}, {"mx.a.example", AAAA, S, "e.a.example", {0}},
		{"_25._tcp.e.a.example", T, S, NULL, {TLSA}}, {"_25._tcp.mx.a.example", T, S, NULL, {TLSA, TLSA}}}, S, S, 1, "e.a.example", false},
	{"alias, TLSA at its own name", {{"mx.a.example", A, S, "e.a.example", {IP4}}, {"mx.a.example", AAAA, S, "e.a.example", {0}},
		{"_25._tcp.mx.a.example", T, S, NULL, {TLSA}}}, S, S, 1, "mx.a.example", false},
	{"alias, what fails first ends it", {{"mx.a.example", A, S, "e.a.example", {IP4}}, {"mx.a.example", AAAA, S, "e.a.example", {0}},
		{"_25._tcp.e.a.example", T, U, NULL, {0}}, {"_25._tcp.mx.a.example", T, S, NULL, {TLSA}}}, S, U, 0, "e.a.example", true},
	{"alias, only it is signed", {{"mx.a.example", A, I, "e.b.example", {IP4}}, {"mx.a.example", AAAA, I, "e.b.example", {0}},
		{"mx.a.example", C, S, NULL, {CNAME_E}}, {"_25._tcp.mx.a.example", T, S, NULL, {TLSA}}}, I, S, 1, "mx.a.example", false},
	{"alias, not even it is signed", {{"mx.a.example", A, I, "e.b.example", {IP4}}, {"mx.a.example", AAAA, I, "e.b.example", {0}},
		{"mx.a.example", C, I, NULL, {CNAME_E}}, {"_25._tcp.mx.a.example", T, S, NULL, {TLSA}}}, I, I, 0, "", false},
	{"aliases that differ", {{"mx.a.example", A, S, "e.a.example", {IP4}}, {"mx.a.example", AAAA, S, "f.a.example", {0}}}, U, U, 0, "", false},
	{"an alias to no host name", {{"mx.a.example", A, S, "_e.a.example", {IP4}}, {"mx.a.example", AAAA, S, "_e.a.example", {0}}}, U, U, 0, "", false},
	{"a record of two octets", {{"mx.a.example", A, S, NULL, {IP4}}, {"_25._tcp.mx.a.example", T, S, NULL, {TLSA, "\2\3\1"}}}, S, S, 1,
		"mx.a.example", false},
};

static void hosts(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct fake f;
		struct lookup *l = look(&f, rows[i].answers, "mx.a.example", true);
		const struct policy_host *h = lookup_get_host(l, "mx.a.example");
		bool undecided = rows[i].addresses > DNSSEC_INSECURE || rows[i].tlsa > DNSSEC_INSECURE;
		if (h->addresses_dnssec != rows[i].addresses || h->tlsa.dnssec != rows[i].tlsa || h->tlsa.n != rows[i].n_tlsa ||
			strcmp(h->tlsa.base, rows[i].base) != 0 || h->denial_broken != rows[i].denial_broken || (h->why[0] != '\0') != undecided)
			fail_msg("%s: addresses %u, tlsa %u of %u at \"%s\", %d, \"%s\"", rows[i].name, h->addresses_dnssec, h->tlsa.n, h->tlsa.dnssec,
				h->tlsa.base, h->denial_broken, h->why);
		lookup_close(&l);
	}
}

static void a_domain(void **state)
{
	static const struct answer answers[] = {{"a.example", MX, S, NULL, {MX_A}}, {"mx.a.example", A, S, NULL, {IP4}}, {NULL}};
	struct fake f;
	struct lookup *l = look(&f, answers, "a.example", false);
	const struct policy_domain *d = lookup_get_domain(l);
	assert_true(d->mx_dnssec == DNSSEC_SECURE && d->n_mx == 1 && !d->mx_more && !d->implicit_mx && d->tlsrpt == TLSRPT_ABSENT);
	assert_string_equal(d->mx[0].host, "mx.a.example");
	assert_int_equal(d->mx[0].preference, 10);
	assert_int_equal(lookup_get_host(l, "mx.a.example")->n_addresses, 1);
	assert_true(lookup_get_sts(l)->answered);
	assert_true(asked(&f, "_mta-sts.a.example", RESOLVER_TYPE_TXT));
	lookup_close(&l);
}

static void its_mx(void **state)
{
	static const struct {
		const char *name;
		struct answer mx;
		uint8_t dnssec, n;
		bool null_mx, implicit, more;
	} mxs[] = {
		{"null", {"a.example", MX, S, NULL, {"\3\0\0\0"}}, S, 0, true, false, false},
		{"null beside another", {"a.example", MX, S, NULL, {"\3\0\0\0", MX_A}}, S, 1, false, false, false},
		{"none", {"a.example", MX, I, NULL, {0}}, I, 1, false, true, false},
		{"bogus", {"a.example", MX, B, NULL, {0}}, B, 0, false, false, false},
		{"fails", {"a.example", MX, U, NULL, {0}}, U, 0, false, false, false},
		{"never comes", {"a.example", MX, 0, NULL, {0}, true}, U, 0, false, false, false},
		{"no host name", {"a.example", MX, S, NULL, {"\x0f\0\x0a\x01_\x01""a\x07""example\0", MX_A}}, S, 1, false, false, true},
		{"cut short", {"a.example", MX, S, NULL, {"\x05\0\x0a\x05""ab"}}, S, 0, false, false, true},
		{"the same twice", {"a.example", MX, S, NULL, {MX_A, MX_A}}, S, 1, false, false, false},
	};
	for (size_t i = 0; i < sizeof mxs / sizeof mxs[0]; i++) {
		const struct answer answers[] = {mxs[i].mx, {NULL}};
		struct fake f;
		struct lookup *l = look(&f, answers, "a.example", false);
		const struct policy_domain *d = lookup_get_domain(l);
		if (d->mx_dnssec != mxs[i].dnssec || d->n_mx != mxs[i].n || d->null_mx != mxs[i].null_mx || d->implicit_mx != mxs[i].implicit ||
			d->mx_more != mxs[i].more)
			fail_msg("%s: %u %u %d %d %d %s", mxs[i].name, d->mx_dnssec, d->n_mx, d->null_mx, d->implicit_mx, d->mx_more, d->why);
		lookup_close(&l);
	}
}

static void closed_early(void **state)
{
	struct fake f = {.answers = NULL};
	int n_done = 0;
	struct lookup *l;
	const struct lookup_config config = {.source = {.ask = ask, .cancel = cancel, .ctx = &f}, .sts = true};
	assert_int_equal(lookup_domain(&l, &config, "a.example", told, &n_done), 0);
	lookup_close(&l);
	assert_null(l);
	for (size_t i = 0; i < f.n; i++)
		assert_false(f.asked[i].open);
	assert_int_equal(n_done, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts), cmocka_unit_test(a_domain), cmocka_unit_test(its_mx), cmocka_unit_test(closed_early),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

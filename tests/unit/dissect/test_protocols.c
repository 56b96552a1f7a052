// What is not mail: named by nDPI where it is built in, by port where not, and counted to the last octet.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dissect/classify/ndpi.h"
#include "tests/unit/dissect/wire.h"

struct told {
	struct wire w; // first: emit_ctx
	uint32_t n;
	struct protocol_count row[PROTOCOLS_MAX];
	uint64_t before; // messages of counters when the protocols came
	size_t n_counters;
};

static void emit(void *ctx, const struct message *m, size_t len)
{
	struct told *t = ctx;
	if (m->type == MESSAGE_PROTOCOLS) {
		const struct message_protocols *p = (const void *)m;
		assert_true(p->n <= PROTOCOLS_MAX && len == sizeof(*p) + p->n * sizeof(*p->row));
		assert_true(m->birth == UINT64_MAX);
		memcpy(t->row, p->row, p->n * sizeof(*p->row));
		t->n = p->n;
		t->before = t->n_counters;
		for (uint32_t i = 1; i < p->n; i++)
			assert_true(t->row[i - 1].octets >= t->row[i].octets);
		return;
	}
	t->n_counters += m->type == MESSAGE_COUNTERS;
	wire_emit(&t->w, m, len);
}

static const struct protocol_count *row(const struct told *t, const char *name)
{
	for (uint32_t i = 0; i < t->n; i++) {
		if (!strcmp(t->row[i].name, name))
			return &t->row[i];
	}
	return NULL;
}

static void begin(struct told *t, uint16_t port)
{
	memset(t, 0, sizeof(*t));
	wire_init(&t->w);
	t->w.port[1] = port;
	t->w.config.protocols = true;
	t->w.config.emit = emit;
	t->w.config.emit_ctx = t;
}

struct say {
	int d;
	const char *text;
	size_t len; // 0: up to its NUL
};

// A connection in which each says what is written, in one segment; ended by one without text. `syn`: seen from its start.
static void talk(struct told *t, struct dissect *d, const struct say *said, bool syn, bool closes)
{
	static const struct segment open[] = {{C, SYN, 0, 0}, {S, SYN | ACK, 0, 1}, {C, ACK, 1, 1}};
	uint32_t next[2] = {1, 1};
	for (size_t i = 0; syn && i < 3; i++)
		wire_send(&t->w, d, &open[i]);
	for (; said->text; said++) {
		size_t len = said->len ? said->len : strlen(said->text);
		const struct segment s = {said->d, ACK, next[said->d], next[!said->d], said->text, .len = len};
		wire_send(&t->w, d, &s);
		next[said->d] += (uint32_t)len;
	}
	if (!closes)
		return;
	const struct segment close[] = {{C, FIN | ACK, next[C], next[S]}, {S, FIN | ACK, next[S], next[C] + 1}};
	wire_send(&t->w, d, &close[0]);
	wire_send(&t->w, d, &close[1]);
}

static void talk_alone(struct told *t, const struct say *said, bool syn)
{
	struct dissect *d;
	assert_int_equal(dissect_open(&d, &t->w.config), 0);
	talk(t, d, said, syn, true);
	dissect_finish(d);
	assert_int_equal(t->before + 1, t->n_counters); // just before
	dissect_close(&d);
}

static const char hello[] =
	"\x16\x03\x01\x00\x57\x01\x00\x00\x53\x03\x03" "0123456789abcdef0123456789abcdef" "\x00\x00\x04\x13\x01\xc0\x2f\x01\x00\x00\x26"
	"\x00\x00\x00\x10\x00\x0e\x00\x00\x0bwww.example" "\x00\x0a\x00\x04\x00\x02\x00\x1d" "\x00\x0d\x00\x06\x00\x04\x04\x03\x08\x04";
static const char server_hello[] =
	"\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03" "0123456789abcdef0123456789abcdef" "\x00\xc0\x2f\x00";
static const char query[] = "\x00\x1d\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07" "example\x00\x00\x10\x00\x01";
static const char answer[] = "\x00\x1d\x12\x34\x81\x80\x00\x01\x00\x00\x00\x00\x00\x00\x03www\x07" "example\x00\x00\x10\x00\x01";

#define HTTP {C, "GET /x HTTP/1.1\r\nHost: www.example\r\nUser-Agent: curl/8\r\n\r\n"}, {S, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"}
#define SSH {S, "SSH-2.0-OpenSSH_9.2p1 Debian\r\n"}, {C, "SSH-2.0-OpenSSH_9.2p1 Debian\r\n"}
#define FTP {S, "220 ftp.example FTP server ready\r\n"}, {C, "USER somebody\r\n"}, {S, "331 Password required\r\n"}, \
	{C, "PASS something\r\n"}, {S, "230 Logged in\r\n"}, {C, "PWD\r\n"}, {S, "257 \"/\"\r\n"}

static void test_named(void **state)
{
	static const struct {
		uint16_t port;
		const char *is, *by_port;
		struct say said[10];
	} rows[] = {
		{18080, "HTTP", "tcp", {HTTP}},
		{80, "HTTP", "tcp_80", {HTTP}},
		{2222, "SSH", "tcp", {SSH}},
		{22, "SSH", "tcp_22", {SSH}},
		{10443, "TLS", "tcp", {{C, hello, sizeof(hello) - 1}, {S, server_hello, sizeof(server_hello) - 1}}},
		{53, "DNS", "tcp_53", {{C, query, sizeof(query) - 1}, {S, answer, sizeof(answer) - 1}}},
		{2121, "FTP_CONTROL", "tcp", {FTP}},
		{1143, "IMAP", "tcp", {{S, "* OK ready\r\n"}, {C, "a1 LOGIN somebody something\r\n"}, {S, "a1 OK done\r\n"},
			{C, "a2 SELECT INBOX\r\n"}, {S, "* 1 EXISTS\r\na2 OK\r\n"}, {C, "a3 NOOP\r\n"}, {S, "a3 OK\r\n"}}},
		{7, "tcp_unknown", "tcp", {{C, "\x01\x99\x77"}, {S, "\x02\x55"}}},
		{9999, "tcp_empty", "tcp_empty", {{0}}},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		static struct told t;
		begin(&t, rows[i].port);
		talk_alone(&t, rows[i].said, true);
		const struct protocol_count *r = row(&t, classifier_built_in() ? rows[i].is : rows[i].by_port);
		if (!r || t.n != 1)
			fail_msg("%u %s: told %u rows, first %s", rows[i].port, rows[i].is, t.n, t.row[0].name);
		assert_int_equal(r->flows, 1);
		assert_int_equal(r->packets, t.w.seq);
		assert_int_equal(r->octets, t.w.counters.counter[COUNT_octets]);
		assert_int_equal(t.w.n_sessions, 0);
	}
}

// What is known after a few segments counts for all that follow, and the totals say so while it goes on.
static void test_goes_on(void **state)
{
	static struct told t;
	static const struct say said[] = {HTTP, {0}};
	struct dissect *d;
	(void)state;
	begin(&t, 18080);
	assert_int_equal(dissect_open(&d, &t.w.config), 0);
	talk(&t, d, said, true, false);
	for (uint32_t i = 0; i < 12; i++) {
		const struct segment s = {S, ACK, 41 + i * 4, 59, "more", .gap_ms = i < 10 ? 0 : 31000};
		wire_send(&t.w, d, &s);
	}
	const struct protocol_count *r = row(&t, classifier_built_in() ? "HTTP" : "tcp");
	assert_non_null(r);
	assert_int_equal(r->packets, t.w.seq - 1); // told by the time that the last one brought
	dissect_finish(d);
	r = row(&t, classifier_built_in() ? "HTTP" : "tcp");
	assert_int_equal(r->packets, t.w.seq);
	assert_int_equal(r->flows, 1);
	dissect_close(&d);
}

#define MAIL_FROM {C, "MAIL FROM:<a@a.example>\r\n"}, {S, "250 2.1.0 Ok\r\n"}, {C, "RCPT TO:<b@b.example>\r\n"}, {S, "250 2.1.5 Ok\r\n"}, \
	{C, "DATA\r\n"}, {S, "354 End data with <CR><LF>.<CR><LF>\r\n"}

// Mail on other ports: from its start our own rules know it; from the middle on nDPI may, and then it is a session from there.
static void test_mail(void **state)
{
	static const struct say whole[] = {{S, "220 mx ESMTP\r\n"}, {C, "EHLO a\r\n"}, {S, "250 mx\r\n"}, MAIL_FROM, {0}};
	static const struct say middle[] = {MAIL_FROM, {C, "Subject: x\r\n\r\nx\r\n.\r\n"}, {S, "250 queued\r\n"}, MAIL_FROM, {0}};
	static struct told t;
	(void)state;
	begin(&t, 2526);
	talk_alone(&t, whole, true);
	assert_int_equal(t.w.n_finals, 1);
	assert_int_equal(t.n, 0);
	begin(&t, 2526);
	talk_alone(&t, middle, false);
	assert_int_equal(t.w.n_finals, classifier_built_in());
	if (!classifier_built_in())
		return;
	assert_int_equal(t.w.counters.counter[COUNT_classify_mail], 1);
	assert_true(t.w.last.conn.midstream);
	assert_true(t.w.last.smtp.n_mail_ok > 0);
	assert_int_equal(t.n, 0);
}

// A mail port is nobody's business here, whichever side it is of.
static void test_mail_port(void **state)
{
	static const struct say said[] = {HTTP, {0}};
	static struct told t;
	(void)state;
	for (int side = 0; side < 2; side++) {
		begin(&t, 18080);
		t.w.port[side] = 25;
		talk_alone(&t, said, side);
		assert_int_equal(t.w.counters.counter[COUNT_classify_shown], 0);
		assert_int_equal(t.n, 0);
	}
}

// IP of other kinds, with ports where it has some.
static void test_other(void **state)
{
	static const struct {
		uint8_t proto;
		uint16_t from, to;
		const char *name;
	} rows[] = {
		{17, 40000, 53, "udp_53"}, {17, 443, 40000, "udp_443"}, {17, 40000, 40001, "udp"}, {1, 0, 0, "icmp"}, {47, 0, 0, "gre"},
		{132, 0, 0, "sctp"}, {99, 0, 0, "ip_other"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		for (uint16_t worker = 0; worker < 2; worker++) {
			static struct told t;
			uint8_t ip[40] = {0x45, 0, 0, 40, [8] = 64, [9] = rows[i].proto, [12] = 192, 0, 2, 1, 192, 0, 2, 2};
			struct dissect *d;
			begin(&t, 0);
			t.w.config.worker = worker;
			t.w.config.n_workers = 2;
			assert_int_equal(dissect_open(&d, &t.w.config), 0);
			wire_put(ip + 20, rows[i].from, 2);
			wire_put(ip + 22, rows[i].to, 2);
			wire_put(ip + 24, 20, 2);
			wire_put(ip + 10, ~wire_sum(ip, 20, 0), 2);
			struct packet p = {.data = ip, .len = 40, .wire_len = 1040, .time_ns = 1, .seq = 1, .frame = 1, .linktype = 101};
			dissect_burst(d, &p, 1);
			dissect_finish(d);
			dissect_close(&d);
			bool dns = rows[i].to == 53; // is read, by the worker whose it is
			assert_true(dns ? t.n <= 1 : t.n == !worker);
			if (!t.n)
				continue;
			assert_string_equal(t.row[0].name, rows[i].name);
			assert_int_equal(t.row[0].packets, 1);
			assert_int_equal(t.row[0].octets, 1040);
		}
	}
}

// More than nDPI is given time for: said, and counted all the same.
static void test_too_many(void **state)
{
	enum { FLOWS = 5000 };
	static const struct say said[] = {HTTP, {0}};
	static struct told t;
	struct dissect *d;
	(void)state;
	begin(&t, 18080);
	t.w.config.flows_max = 16384;
	assert_int_equal(dissect_open(&d, &t.w.config), 0);
	for (uint32_t i = 0; i < FLOWS; i++) {
		t.w.port[0] = (uint16_t)(20000 + i);
		talk(&t, d, said, true, true);
		t.w.time_ns -= 7 * 1000000; // all in one moment
	}
	dissect_finish(d);
	uint64_t flows = 0;
	for (uint32_t i = 0; i < t.n; i++)
		flows += t.row[i].flows;
	assert_int_equal(flows, FLOWS);
	if (classifier_built_in()) {
		assert_true(t.w.counters.counter[COUNT_classify_no_room] > 0);
		assert_int_equal(row(&t, "tcp_unclassified")->flows, t.w.counters.counter[COUNT_classify_no_room]);
		assert_true(row(&t, "HTTP")->flows > 1000);
	}
	dissect_close(&d);
}

// Without the setting there is neither a message nor nDPI.
static void test_off(void **state)
{
	static const struct say said[] = {HTTP, {0}};
	static struct told t;
	struct dissect *d;
	(void)state;
	begin(&t, 18080);
	t.w.config.protocols = false;
	assert_int_equal(dissect_open(&d, &t.w.config), 0);
	talk(&t, d, said, true, true);
	dissect_finish(d);
	dissect_close(&d);
	assert_int_equal(t.n, 0);
	assert_int_equal(t.w.counters.counter[COUNT_classify_shown], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_named),     cmocka_unit_test(test_goes_on), cmocka_unit_test(test_mail),
		cmocka_unit_test(test_mail_port), cmocka_unit_test(test_other),   cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

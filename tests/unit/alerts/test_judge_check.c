// Messages a broken or hostile worker may send: each is refused, and the judge goes on.
#include "alerts/judge_private.h"
#include "tests/unit/alerts/judge_fixture.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

// Texts of the facts: each has an offset and a length that can be wrong.
enum { TEXTS = 12 + FACTS_RCPT_DOMAINS };

static struct message_session m;

static void good(void)
{
	memset(&m, 0, sizeof(m));
	upgraded(&m.facts);
	m.head = (struct message){.seq = 1, .birth = m.facts.birth, .time_ns = m.facts.conn.last_ns, .type = MESSAGE_SESSION};
}

static size_t good_len(void)
{
	return offsetof(struct message_session, facts) + facts_len(&m.facts);
}

static void lengths(void **state)
{
	good();
	assert_true(judge_check(&m.head, good_len()));
	for (size_t len = 0; len < good_len(); len++)
		assert_false(judge_check(&m.head, len));
	assert_false(judge_check(&m.head, MESSAGE_LEN_MAX + 1));
	m.facts.text_used = FACTS_TEXT_MAX + 1;
	assert_false(judge_check(&m.head, MESSAGE_LEN_MAX));
}

// Names of DNS end inside the text, wherever a message says that they begin.
static void dns(void **state)
{
	static struct message_dns d;
	d.head.type = MESSAGE_DNS;
	d.facts.ip_v = 4;
	memcpy(d.facts.text, "a.example\0b.example", 20);
	d.facts.text_used = 20;
	d.facts.n_answers = 1;
	d.facts.answer[0] = (struct dns_answer){.type = DNS_MX, .owner = 0, .name = 10};
	const struct message_dns sane = d;
	assert_true(judge_check(&d.head, message_dns_len(&d)));
	for (size_t len = 0; len < message_dns_len(&d); len++)
		assert_false(judge_check(&d.head, len));
	static const struct {
		uint8_t ip_v, n_answers;
		uint16_t owner, name;
		uint32_t used;
	} rows[] = {{5, 1, 0, 0, 20}, {4, DNS_ANSWERS_MAX + 1, 0, 0, 20}, {4, 1, 20, 0, 20}, {4, 1, 0, 20, 20}, {4, 1, 0, 10, 19},
		{4, 1, 0, 0, 0}, {4, 1, 0, 0, DNS_TEXT_MAX + 1}, {4, 0, 0, 0, DNS_TEXT_MAX}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		d = sane;
		d.facts.ip_v = rows[i].ip_v;
		d.facts.n_answers = rows[i].n_answers;
		d.facts.answer[0].owner = rows[i].owner;
		d.facts.answer[0].name = rows[i].name;
		d.facts.text_used = rows[i].used;
		if (rows[i].used == DNS_TEXT_MAX) // one name, longer than names are
			memset(d.facts.text, 'x', DNS_TEXT_MAX - 1);
		assert_false(judge_check(&d.head, sizeof(d)));
	}
}

static void kinds(void **state)
{
	struct message_end end = {.head = {.type = MESSAGE_END}, .end = END_FIN};
	struct message_anomaly a = {.head = {.type = MESSAGE_ANOMALY}, .counter = COUNT_packets};
	struct message_counters c = {.head = {.type = MESSAGE_COUNTERS}};

	assert_true(judge_check(&end.head, sizeof(end)));
	assert_false(judge_check(&end.head, sizeof(end) - 1));
	end.end = END_OPEN;
	assert_false(judge_check(&end.head, sizeof(end)));
	end.end = END_REUSE + 1;
	assert_false(judge_check(&end.head, sizeof(end)));
	assert_true(judge_check(&a.head, sizeof(a)));
	a.counter = DISSECT_COUNTERS;
	assert_false(judge_check(&a.head, sizeof(a)));
	assert_true(judge_check(&c.head, sizeof(c)));
	assert_false(judge_check(&c.head, sizeof(c) - 1));
	c.head.worker = JUDGE_WORKERS_MAX;
	assert_false(judge_check(&c.head, sizeof(c)));
	c.head.type = 77;
	c.head.worker = 0;
	assert_false(judge_check(&c.head, sizeof(c)));
}

// An offset or length beyond the text, tried at every place: at least each text notices.
static void wild_texts(void **state)
{
	const uint16_t wild = FACTS_TEXT_MAX + 1;
	size_t n = 0;

	for (size_t off = offsetof(struct facts, smtp); off < offsetof(struct facts, text_used); off += sizeof(wild)) {
		good();
		memcpy((uint8_t *)&m.facts + off, &wild, sizeof(wild));
		n += !judge_check(&m.head, good_len());
	}
	assert_true(n >= 2 * TEXTS);
}

static void enums(void **state)
{
	good();
	m.facts.conn.end = END_REUSE + 1;
	assert_false(judge_check(&m.head, good_len()));
	good();
	m.facts.conn.ip_v = 5;
	assert_false(judge_check(&m.head, good_len()));
	good();
	m.facts.smtp.n_rcpt_domains = FACTS_RCPT_DOMAINS + 1;
	assert_false(judge_check(&m.head, good_len()));
	good();
	m.facts.birth++;
	assert_false(judge_check(&m.head, good_len()));
	good();
	m.facts.smtp.helo = (struct text){.off = 1, .len = m.facts.text_used};
	assert_false(judge_check(&m.head, good_len()));
}

// The message ends where memory does.
static void guard_page(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *p = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct judge_config c = config_default();

	assert_true(p != MAP_FAILED);
	assert_int_equal(mprotect(p + page, page, PROT_NONE), 0);
	open_judge(&c);
	good();
	// Rings align messages; the facts' text may end at any octet.
	m.facts.text_used = (uint16_t)((m.facts.text_used + 7) & ~7u);
	while ((offsetof(struct message_session, facts) + facts_len(&m.facts)) % 8)
		m.facts.text_used++;
	size_t len = good_len();
	memcpy(p + page - len, &m, len);
	assert_int_equal(judge_take(judge, (struct message *)(p + page - len), len), 0);
	assert_int_equal(judge_take(judge, (struct message *)(p + page - len), len - 8), -EBADMSG);
	assert_told("one good, one bad", "smtp tls");
	close_judge();
	munmap(p, 2 * page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths),
		cmocka_unit_test(kinds), cmocka_unit_test(dns),
		cmocka_unit_test(wild_texts),
		cmocka_unit_test(enums),
		cmocka_unit_test(guard_page),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

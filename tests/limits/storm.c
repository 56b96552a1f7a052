// A storm: a million sessions in one second, each with a server of its own and something to tell. Alerts stay within rate and burst
// at every moment, every one of them is told or counted, memory stops growing, and the same input gives the same lines.
//
//   storm [SESSIONS]
//
// The last line: N passed, N failed.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/judge.h"
#include "hw/clock.h"
#include "tests/limits/measure.h"
#include "tests/unit/alerts/facts_fixture.h"

#define SECOND UINT64_C(1000000000)

enum { SESSIONS = 80000, OWN_OCTETS = 2 << 20, LATER_SESSIONS = 40000 };

struct book {
	struct judge *judge;
	uint32_t rate, burst;
	uint64_t now_ns, births;
	int error;
	uint64_t alerts, stands_for; // records of alerts of sessions, and how many they stand for
	uint64_t reports, suppressed;
	uint64_t sessions;
	uint64_t too_much;           // moments at which more was told than may be
	uint64_t digest;
};

const char *__asan_default_options(void);

// What the sanitizer keeps of freed memory would drown what is measured (OpenSSL allocates for each digest).
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=1";
}

static uint64_t number(const char *line, const char *name)
{
	const char *p = strstr(line, name);
	return p ? strtoull(p + strlen(name), NULL, 10) : 0;
}

// Which alert, how many it stands for, what was counted. Not all of the line: what a server did before is forgotten by chance when
// there are more servers than memory (the hash has a secret).
static void mix(struct book *b, const char *line, const char *from)
{
	const char *p = strstr(line, from), *end = p ? p + strcspn(p, "}") : NULL;
	for (; p != end; p++)
		b->digest = (b->digest ^ (uint8_t)*p) * UINT64_C(0x9e3779b97f4a7c15);
}

static void on_alert(struct book *b, const char *line)
{
	mix(b, line, "\"repeat\":{");
	mix(b, line, "\"suppressed\":{");
	mix(b, line, "\"src_port\":");
	b->digest ^= number(line, "\"flow_id\":");
	if (strstr(line, "\"suppressed\":{")) {
		b->reports++;
		b->suppressed += number(line, "\"suppressed\":{\"alerts\":");
		return;
	}
	b->alerts++;
	b->stands_for += number(line, "\"repeat\":{\"count\":");
	b->too_much += b->alerts * SECOND > b->burst * SECOND + (b->now_ns - FIXTURE_START_NS) * b->rate;
}

static void on_record(void *ctx, const struct record_about *about, const char *line, size_t len)
{
	struct book *b = ctx;
	if (about->type == RECORD_ALERT)
		on_alert(b, line);
	b->sessions += about->type == RECORD_SMTP;
}

// Mail in clear to server `server`; every third has not even been offered better.
static void session(struct book *b, uint32_t server, uint64_t after_ns)
{
	static struct message_session m;
	struct facts *f = &m.facts;
	(server % 3 ? offered_unused : not_offered)(f);
	f->birth = ++b->births;
	f->conn.start_ns = f->conn.last_ns = b->now_ns = FIXTURE_START_NS + after_ns;
	memcpy(f->conn.dst, &server, sizeof(server));
	m.head = (struct message){.seq = b->births, .birth = b->births, .time_ns = b->now_ns, .type = MESSAGE_SESSION};
	int err = judge_take(b->judge, &m.head, message_session_len(&m));
	b->error = b->error ? b->error : err;
}

static bool open_book(struct book *b, uint32_t rate, uint32_t burst)
{
	struct judge_config c = {.record = {.host = "sensor-1"}, .taps = {{.name = "tap"}}, .sessions_max = 64, .write = on_record,
		.write_ctx = b, .alerts_rate_per_s = rate, .alerts_burst = burst};
	memset(c.severity, -1, sizeof(c.severity));
	*b = (struct book){.rate = rate, .burst = burst, .now_ns = FIXTURE_START_NS};
	return judge_open(&b->judge, &c, NULL) == 0;
}

static bool balanced(const struct book *b)
{
	const struct judge_summary *s = judge_summary(b->judge);
	return b->stands_for + b->suppressed == s->alerts_offered && b->suppressed == s->alerts_suppressed && b->alerts + b->reports == s->alerts;
}

static bool check(const char *what, bool holds)
{
	static unsigned n_checks, n_failed;
	if (!what) {
		printf("%u passed, %u failed\n", n_checks - n_failed, n_failed);
		return n_failed == 0;
	}
	n_checks++;
	n_failed += !holds;
	printf("%s %s\n", holds ? "ok  " : "FAIL", what);
	return holds;
}

static void print(const struct book *b, const char *what, uint64_t took_ns)
{
	printf("     %s: %" PRIu64 " alerts, %" PRIu64 " told for %" PRIu64 ", %" PRIu64 " suppressed in %" PRIu64 " reports; %.2f s\n", what,
		judge_summary(b->judge)->alerts_offered, b->alerts, b->stands_for, b->suppressed, b->reports, (double)took_ns / 1e9);
}

// The valve as it is set by default, and as many victims as there are sessions; then some of them again, slowly.
static uint64_t a_second(uint32_t n)
{
	static struct book b;
	if (!open_book(&b, 100, 5000))
		exit(1);
	uint64_t begin_ns = clock_mono_ns();
	measure_start();
	for (uint32_t i = 0; i < n / 2; i++)
		session(&b, i, i * SECOND / n);
	uint64_t half = measure_resident();
	for (uint32_t i = n / 2; i < n; i++)
		session(&b, i, i * SECOND / n);
	uint64_t after = measure_resident(), in_a_second = b.alerts;
	measure_stop();
	check("the judge takes them", !b.error && b.sessions == n);
	check("most are counted", in_a_second <= 5000 + 100 && in_a_second >= 2500 && judge_summary(b.judge)->alerts_suppressed == n - in_a_second);
	check("memory does not grow", after <= half + half / 20 + OWN_OCTETS);
	check("nothing is allocated on the way", !measure_allocations());
	for (uint32_t i = 0; i < LATER_SESSIONS; i++) // a thousand a second
		session(&b, i % (LATER_SESSIONS / 2), SECOND + i * SECOND / 1000);
	judge_finish(b.judge);
	print(&b, "distinct victims", clock_mono_ns() - begin_ns);
	check("what is not told is told as counts, every ten seconds", b.reports >= LATER_SESSIONS / 10000 && b.reports <= LATER_SESSIONS / 10000 + 2);
	check("told and counted are all", balanced(&b) && judge_summary(b.judge)->alerts_offered == n + LATER_SESSIONS);
	check("never more than burst and rate", !b.too_much);
	uint64_t digest = b.digest;
	judge_close(&b.judge);
	return digest;
}

// More keys than are remembered, each with repeats: what leaves early owes an update, and that is output, too.
static void keys_leave_early(uint32_t n)
{
	static struct book b;
	if (!open_book(&b, 1000, 60000))
		exit(1);
	uint64_t begin_ns = clock_mono_ns();
	for (uint32_t i = 0; i < n; i++)
		for (int again = 0; again < 3; again++)
			session(&b, i, i * SECOND / 1000);
	judge_finish(b.judge);
	print(&b, "each victim three times", clock_mono_ns() - begin_ns);
	check("updates are told, too", b.stands_for > b.alerts + n / 40);
	check("told and counted are all, with keys that left early", balanced(&b) && judge_summary(b.judge)->alerts_offered == 3 * (uint64_t)n);
	check("never more than burst and rate, with keys that left early", !b.too_much);
	judge_close(&b.judge);
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : SESSIONS;
	uint64_t digest = a_second(n);
	check("the same again", a_second(n) == digest);
	keys_leave_early(n);
	return !check(NULL, true);
}

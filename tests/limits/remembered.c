// What the judge remembers of a flood of sessions is bounded: memory stops growing, nothing is allocated, and every session
// is told once, though the judge's table is half of what the worker holds.
//
//   remembered [SESSIONS]
//
// Each session has a client of its own and one of many servers, delivers in clear, tells an alert, and never ends; the
// worker evicts it. The last line: N passed, N failed.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/judge.h"
#include "tests/limits/ledger.h"
#include "tests/limits/measure.h"
#include "tests/limits/traffic.h"

enum {
	SESSIONS = 100000,      // fills every table the judge has (65,536 pairs, as many repeats)
	OPEN_MAX = 1000,        // in the worker at once
	JUDGED_MAX = 500,       // ... and in the judge
	OWN_OCTETS = 2 << 20,
};

struct book {
	struct judge *judge;
	int error;
	uint64_t alerts, sessions;
};

const char *__asan_default_options(void);

// What the sanitizer keeps of freed memory would drown what is measured (OpenSSL allocates for each digest).
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=1";
}

static void on_record(void *ctx, const struct record_about *about, const char *line, size_t len)
{
	struct book *b = ctx;
	(void)line;
	(void)len;
	b->alerts += about->type == RECORD_ALERT;
	b->sessions += about->type == RECORD_SMTP;
}

static void on_message(void *ctx, const struct message *m, size_t len)
{
	struct book *b = ctx;
	int err = judge_take(b->judge, m, len);
	b->error = b->error ? b->error : err;
}

static void flood(struct traffic *t, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++) {
		struct talk k;
		talk_open(t, &k, i, 25);
		talk_say(t, &k, S, "220 mx.example ESMTP\r\n");
		talk_say(t, &k, C, "EHLO client.example\r\n");
		talk_say(t, &k, S, "250-mx.example\r\n250 STARTTLS\r\n");
		talk_say(t, &k, C, "MAIL FROM:<a@a.example>\r\n");
		talk_say(t, &k, S, "250 ok\r\n");
	}
}

static bool check(const char *what, bool holds)
{
	printf("%s %s\n", holds ? "ok  " : "FAIL", what);
	return holds;
}

int main(int argc, char **argv)
{
	static struct traffic t;
	static struct book b;
	uint32_t n = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : SESSIONS;
	struct judge_config judge = {
		.record = {.host = "sensor-1"}, .taps = {{.name = "tap"}}, .sessions_max = JUDGED_MAX, .write = on_record, .write_ctx = &b};
	memset(judge.severity, -1, sizeof(judge.severity));
	t = (struct traffic){.servers = 65521, .config = {
		.ports = {25}, .n_ports = 1, .flows_max = OPEN_MAX, .sessions_max = OPEN_MAX, .reassembly_octets = 4 << 20, .n_workers = 1}};
	t.tally.also = on_message;
	t.tally.also_ctx = &b;
	if (judge_open(&b.judge, &judge, NULL) < 0 || traffic_open(&t) < 0)
		return 1;
	measure_start();
	flood(&t, 0, n); // the tables fill
	uint64_t filled = measure_resident();
	flood(&t, n, 3 * n);
	uint64_t after = measure_resident();
	traffic_finish(&t);
	judge_finish(b.judge);
	measure_stop();
	const struct judge_summary *sum = judge_summary(b.judge);
	printf("     %.1f MiB after %" PRIu32 " sessions, %.1f MiB after %" PRIu32 "; %" PRIu64 " alerts, %" PRIu64 " evicted by the worker, %"
	       PRIu64 " by the judge\n", (double)filled / (1 << 20), n, (double)after / (1 << 20), 4 * n, b.alerts,
	       dissect_counters(t.d)[COUNT_flow_closed_evicted], sum->evicted);
	const bool holds[] = {
		check("every message is taken", !b.error && !t.tally.broken),
		check("memory stops growing", after <= filled + filled / 20 + OWN_OCTETS),
		check("nothing is allocated on the way", !measure_allocations()),
		check("alerts are told", b.alerts),
		check("every session is told once", b.sessions == 4 * (uint64_t)n && sum->sessions == b.sessions),
		check("the books of the worker", !ledger_broken(t.d, t.packets, t.tally.finals, t.tally.sealed, t.tally.ends)),
	};
	judge_close(&b.judge);
	traffic_close(&t);
	unsigned n_failed = 0, n_checks = sizeof(holds) / sizeof(*holds);
	for (unsigned i = 0; i < n_checks; i++)
		n_failed += !holds[i];
	printf("%u passed, %u failed\n", n_checks - n_failed, n_failed);
	return n_failed != 0;
}

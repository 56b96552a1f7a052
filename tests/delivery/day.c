// A day in which the receiver is not there: what a sensor would tell in it is put into an outbox while two outputs try, one to a
// file and one to a receiver that nobody is. Then the receiver comes (tests/delivery/day.py starts it), and everything is delivered.
//
//     day DIR PORT ALERTS SESSIONS MIB
//
// ALERTS and SESSIONS records, mixed evenly; MIB bounds each lane. Prints "written" when all are durable, then one JSON object.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/sink/deliver.h"
#include "hw/clock.h"

static struct outbox_shared outbox;
static struct sink_shared shared[2];
static bool give_up, leave, done;
static uint32_t reopen;

static void must(int rc, const char *what)
{
	if (rc >= 0)
		return;
	fprintf(stderr, "day: %s: %s\n", what, strerror(-rc));
	exit(2);
}

static void append(struct outbox *o, enum record_type type, uint64_t n)
{
	static char line[2048];
	const struct outbox_about about = {.type = (uint8_t)type, .severity = type == RECORD_ALERT ? 3 : 0, .time_ns = clock_wall_ns()};
	const struct outbox_origin from = {.run = 1, .position = n};
	int len = snprintf(line, sizeof line,
		"{\"timestamp\":\"2026-11-23T20:42:09.123456+0000\",\"event_type\":\"%s\",\"host\":\"day\",\"pad\":\"%01500d\",\"smtp_tls\":{\"v\":1,"
		"\"id\":\"%026llu\"}}",
		type == RECORD_ALERT ? "alert" : "smtp", 0, (unsigned long long)n);
	int rc = outbox_append(o, &about, &from, line, (size_t)len);
	if (rc == 0)
		return;
	must(outbox_sync(o), "sync");
	must(outbox_append(o, &about, &from, line, (size_t)len), "append");
}

static void *deliver(void *d)
{
	deliver_run(d);
	return NULL;
}

static void print(const struct sink_shared *s)
{
	printf("\"%s\":{\"messages\":%llu,\"sent\":[%llu,%llu],\"missed\":[%llu,%llu],\"errors\":%llu}", s->name, (unsigned long long)s->messages,
		(unsigned long long)s->sent[0], (unsigned long long)s->sent[1], (unsigned long long)s->missed[0],
		(unsigned long long)s->missed[1], (unsigned long long)s->errors);
}

int main(int argc, char **argv)
{
	static struct sink_config sink[2] = {
		{.name = "log", .type = SINK_FILE, .events = ~0u, .rotate_keep = 5},
		{.name = "siem", .type = SINK_SYSLOG, .transport = TRANSPORT_TCP, .host = "127.0.0.1", .events = 1u << RECORD_ALERT, .facility = 16},
	};
	char path[512], cursor[2][600], why[160];
	struct outbox *o;
	struct deliver *d[2];
	pthread_t thread[2];
	if (argc != 6)
		return 2;
	uint64_t alerts = strtoull(argv[3], NULL, 10), sessions = strtoull(argv[4], NULL, 10), mib = strtoull(argv[5], NULL, 10);
	snprintf(path, sizeof path, "%.400s/outbox", argv[1]);
	snprintf(sink[0].path, sizeof sink[0].path, "%.200s/eve.json", argv[1]);
	sink[1].port = (uint16_t)atoi(argv[2]);
	const struct outbox_config config = {.dir = path, .octets_max = {mib << 20, mib << 20}, .wall_ns = clock_wall_ns()};
	must(outbox_open(&o, &config, &outbox, why), why);
	for (int i = 0; i < 2; i++) {
		snprintf(cursor[i], sizeof cursor[i], "%.400s/%.64s.cursor", argv[1], sink[i].name);
		static const uint64_t first[OUTBOX_LANES] = {1, 1};
		const struct deliver_config c = {.sink = &sink[i], .outbox_dir = path, .cursor_path = cursor[i], .host = "day", .first = first,
			.outbox = &outbox, .shared = &shared[i], .stop = &give_up, .leave = &leave, .outbox_done = &done, .reopen = &reopen};
		must(deliver_open(&d[i], &c), sink[i].name);
		pthread_create(&thread[i], NULL, deliver, d[i]);
	}
	for (uint64_t n = 0, a = 0; n < alerts + sessions; n++) {
		bool alert = a * (alerts + sessions) <= n * alerts && a < alerts;
		append(o, alert ? RECORD_ALERT : RECORD_SMTP, n);
		a += alert;
	}
	must(outbox_sync(o), "sync");
	puts("written");
	fflush(stdout);
	// An output that fails at the end gives up; this one waits for its receiver.
	for (int i = 0; i < 600 && shared[1].at[OUTBOX_ALERTS] != outbox.durable[OUTBOX_ALERTS] + 1; i++)
		nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	__atomic_store_n(&done, true, __ATOMIC_RELEASE);
	for (int i = 0; i < 2; i++) {
		pthread_join(thread[i], NULL);
		deliver_close(&d[i]);
	}
	printf("{\"evicted\":[%llu,%llu],", (unsigned long long)outbox.evicted[0], (unsigned long long)outbox.evicted[1]);
	print(&shared[0]);
	putchar(',');
	print(&shared[1]);
	puts("}");
	outbox_close(&o);
	return 0;
}

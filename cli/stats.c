// `postwacht stats`: every counter that is not zero, with what it counts.
#include <string.h>

#include "cli/ask.h"
#include "cli/figures.h"
#include "cli/stdout.h"
#include "cli/words.h"
#include "dissect/counters.h"

static void line(uint64_t n, const char *name, const char *text)
{
	char count[FIGURE_LEN];
	if (n == 0)
		return;
	figure_count(count, n);
	printf("%15s  %-27s %s\n", count, name, text);
}

static void heading(const char *text, bool colour)
{
	putchar('\n');
	stdout_styled(stdout, colour, STYLE_BOLD, text);
	putchar('\n');
}

static uint64_t sum_of(const json_t *list, const char *name)
{
	uint64_t n = 0;
	size_t i;
	json_t *entry;
	json_array_foreach(list, i, entry)
		n += ask_u64(entry, name);
	return n;
}

// What happened to packets before a worker saw them, and to facts after that.
static void print_way(const json_t *s)
{
	const json_t *ledger = json_object_get(s, "ledger"), *workers = json_object_get(s, "workers"), *ports = json_object_get(s, "ports");
	line(ask_u64(ledger, "rx"), "rx", "packets received from the ports");
	line(sum_of(ports, "rx_octets"), "rx_octets", "their octets");
	line(ask_u64(ledger, "missed"), "missed", "lost: the port had no room, nobody read fast enough");
	line(ask_u64(ledger, "errors"), "errors", "lost: damaged on the wire, or dropped by the driver");
	line(ask_u64(ledger, "no_mbuf"), "no_mbuf", "lost: no buffer to put them in");
	line(ask_u64(ledger, "lanes_taken"), "lanes_taken", "handed to their worker over a lane");
	line(ask_u64(ledger, "lanes_full"), "lanes_full", "lost: no room in a lane (memory.lane_mib)");
	line(ask_u64(ledger, "in_flight"), "in_flight", "between port and worker at this moment");
	line(ask_u64(ledger, "dissected"), "dissected", "packets dissected");
	line(sum_of(workers, "facts_lost"), "facts_lost", "facts without room on their way to the judge (memory.ring_mib)");
	line(sum_of(workers, "evidence_lost"), "evidence_lost", "packets of evidence without room");
	line(sum_of(ports, "tx_packets"), "tx_packets", "SENT, which a tap must never");
	line(sum_of(ports, "tx_errors"), "tx_errors", "attempts to send, which a tap must never");
}

static void print_told(const json_t *s)
{
	line(ask_u64(s, "sessions"), "sessions", "sessions told");
	line(ask_u64(s, "alerts"), "alerts", "alerts told");
	line(ask_u64(s, "alerts_suppressed"), "alerts_suppressed", "alerts counted in place of being told (alerts.rate_per_s)");
	line(ask_u64(s, "records"), "records", "records, of all kinds");
	line(ask_u64(s, "records_lost"), "records_lost", "session records without room on their way to the outbox, or on its disk");
	line(ask_u64(s, "alerts_lost"), "alerts_lost", "alerts without room on their way to the outbox");
}

static void print_delivery(const json_t *s)
{
	const json_t *outbox = json_object_get(s, "outbox"), *outputs = json_object_get(s, "outputs");
	static const struct {
		const char *member, *alerts, *sessions;
	} lanes[] = {
		{"durable", "alerts and stats, on disk since the outbox was made", "session records, the same"},
		{"evicted", "alerts that left the outbox for room or age", "session records, the same"},
		{"damaged", "alerts that cannot be read any more", "session records, the same"},
		{"forgotten", "alerts that the disk did not take", "session records that the disk did not take"},
	};
	for (size_t i = 0; i < sizeof lanes / sizeof lanes[0]; i++) {
		const json_t *n = json_object_get(outbox, lanes[i].member);
		char name[40];
		snprintf(name, sizeof name, "outbox_alerts_%s", lanes[i].member);
		line(ask_u64(n, "alerts"), name, lanes[i].alerts);
		snprintf(name, sizeof name, "outbox_sessions_%s", lanes[i].member);
		line(ask_u64(n, "sessions"), name, lanes[i].sessions);
	}
	line(ask_u64(outbox, "syncs"), "outbox_syncs", "groups of records written to disk");
	line(ask_u64(outbox, "errors"), "outbox_errors", "attempts to do so that failed");
	line(sum_of(outputs, "messages"), "delivered", "messages that outputs took, over all of them");
	line(sum_of(outputs, "filtered"), "filtered", "records that an output does not want");
	line(sum_of(outputs, "refused"), "refused", "messages that a receiver will never take");
	line(sum_of(outputs, "errors"), "output_errors", "attempts to deliver that failed");
}

static void print_counters(const json_t *counters)
{
	for (size_t i = 0; i < DISSECT_COUNTERS; i++) {
		const char *text = dissect_counter_table[i].text;
		line(ask_u64(counters, dissect_counter_table[i].name), dissect_counter_table[i].name,
			strncmp(text, "L: ", 3) == 0 ? text + 3 : text);
	}
}

static int print_stats(const json_t *s)
{
	bool colour = stdout_colour(stdout);
	char up[FIGURE_LEN];
	figure_span(up, ask_u64(s, "uptime"));
	printf("since the start, %s ago; what is not here is zero\n", up);
	heading("On their way", colour);
	print_way(s);
	heading("Dissected", colour);
	print_counters(json_object_get(s, "counters"));
	heading("Verdicts", colour);
	for (int i = 0; i < VERDICT_N; i++)
		line(ask_u64(json_object_get(s, "verdicts"), verdict_name((enum verdict)i)), verdict_name((enum verdict)i),
			words_verdict((enum verdict)i));
	heading("States", colour);
	for (int i = 0; i < STATE_N; i++)
		line(ask_u64(json_object_get(s, "states"), state_name((enum state)i)), state_name((enum state)i),
			words_state((enum state)i));
	heading("Told", colour);
	print_told(s);
	heading("Delivered", colour);
	print_delivery(s);
	return EXIT_FINE;
}

int stats_run(const struct options *o)
{
	json_t *answer;
	int rc = ask(o, "stats", &answer);
	if (rc != 0)
		return rc;
	if (o->json)
		ask_print_json(answer, "stats");
	else
		print_stats(json_object_get(answer, "stats"));
	json_decref(answer);
	return EXIT_FINE;
}

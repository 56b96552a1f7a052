// `postwacht status`: how the sensor goes, on one page.
#include <string.h>

#include "cli/ask.h"
#include "cli/figures.h"
#include "cli/stdout.h"

enum { NAME_WIDTH = 14, NAMES_MAX = 40 };

// The widest name of a list, so that columns stand below each other.
static int width_of(const json_t *list, const char *member)
{
	size_t i, widest = NAME_WIDTH;
	json_t *entry;
	json_array_foreach(list, i, entry) {
		size_t len = strlen(ask_text(entry, member));
		if (len > widest)
			widest = len < NAMES_MAX ? len : NAMES_MAX;
	}
	return (int)widest;
}

static void padded(const char *text, int width)
{
	int len = (int)strlen(text);
	ask_print(stdout, text);
	printf("%*s", len < width ? width - len : 0, "");
}

static void heading(const char *text, bool colour)
{
	putchar('\n');
	stdout_styled(stdout, colour, STYLE_BOLD, text);
	putchar('\n');
}

static void print_head(const json_t *s, bool colour)
{
	char up[FIGURE_LEN];
	const json_t *health = json_object_get(s, "health"), *config = json_object_get(s, "config"), *problem;
	size_t i;
	figure_span(up, ask_u64(s, "uptime"));
	ask_print(stdout, ask_text(s, "program"));
	fputs(" on ", stdout);
	ask_print(stdout, ask_text(s, "host"));
	printf(", up %s: ", up);
	if (ask_flag(health, "fine"))
		stdout_styled(stdout, colour, STYLE_GREEN, "fine");
	else
		stdout_styled(stdout, colour, STYLE_RED, "trouble");
	putchar('\n');
	json_array_foreach(json_object_get(health, "problems"), i, problem) {
		stdout_styled(stdout, colour, STYLE_RED, "  ! ");
		ask_print(stdout, json_is_string(problem) ? json_string_value(problem) : "");
		putchar('\n');
	}
	if (ask_u64(health, "problems_more") > 0)
		printf("  ! and %llu more\n", (unsigned long long)ask_u64(health, "problems_more"));
	printf("configuration %llu, ", (unsigned long long)ask_u64(config, "generation"));
	ask_print(stdout, ask_text(config, "file")[0] != '\0' ? ask_text(config, "file") : "of no file");
	printf(", sha256 %.12s\n", strspn(ask_text(config, "sha256"), "0123456789abcdef") >= 12 ? ask_text(config, "sha256") : "unknown");
}

static void print_port(const json_t *p, int width, bool colour)
{
	char packets[FIGURE_LEN], octets[FIGURE_LEN], speed[FIGURE_LEN];
	const json_t *up = json_object_get(p, "up");
	uint64_t lost = ask_u64(p, "missed") + ask_u64(p, "errors") + ask_u64(p, "no_mbuf");
	bool sent = ask_u64(p, "tx_packets") + ask_u64(p, "tx_octets") + ask_u64(p, "tx_errors") > 0;
	figure_count(packets, ask_u64(p, "rx_packets"));
	figure_octets(octets, ask_u64(p, "rx_octets"));
	figure_speed(speed, ask_u64(p, "mbps"));
	fputs("  ", stdout);
	padded(ask_text(p, "name"), width);
	fputs("  ", stdout);
	padded(ask_text(p, "tap"), NAME_WIDTH);
	fputs("  link ", stdout);
	stdout_styled(stdout, colour, json_is_false(up) ? STYLE_RED : STYLE_PLAIN,
		json_is_false(up) ? "down" : json_is_true(up) ? "up" : "not known");
	printf("%s%s  %s packets, %s", speed[0] != '\0' ? " " : "", speed, packets, octets);
	if (lost > 0) {
		fputs(", ", stdout);
		char words[64], n[FIGURE_LEN];
		figure_count(n, lost);
		snprintf(words, sizeof words, "%s lost", n);
		stdout_styled(stdout, colour, STYLE_RED, words);
	}
	fputs("\n      ", stdout);
	ask_print(stdout, ask_text(p, "driver"));
	printf(", %llu queue%s (", (unsigned long long)ask_u64(p, "queues"), ask_u64(p, "queues") == 1 ? "" : "s");
	ask_print(stdout, ask_text(p, "rss"));
	fputs("), time: ", stdout);
	ask_print(stdout, ask_text(p, "time_source"));
	fputs(", flow control: ", stdout);
	ask_print(stdout, ask_text(p, "flow_control"));
	fputs(", ", stdout);
	stdout_styled(stdout, colour, sent ? STYLE_RED : STYLE_PLAIN, sent ? "HAS SENT" : "nothing sent");
	printf(" (%llu queue%s for it)\n      ", (unsigned long long)ask_u64(p, "tx_queues"), ask_u64(p, "tx_queues") == 1 ? "" : "s");
	fputs("offload: ", stdout);
	ask_print(stdout, ask_text(p, "offload"));
	if (ask_flag(p, "steered"))
		fputs("; only mail ports arrive, others are not watched", stdout);
	putchar('\n');
}

static void print_ports(const json_t *s, bool colour)
{
	const json_t *ports = json_object_get(s, "ports"), *p;
	int width = width_of(ports, "name");
	size_t i;
	heading("Ports", colour);
	json_array_foreach(ports, i, p)
		print_port(p, width, colour);
	if (json_array_size(ports) == 0)
		puts("  none is open yet");
}

static void print_workers(const json_t *s, bool colour)
{
	const json_t *workers = json_object_get(s, "workers"), *w;
	size_t i;
	heading("Workers", colour);
	if (ask_flag(s, "fanned"))
		puts("  one reader takes the packets of all ports and hands them out");
	json_array_foreach(workers, i, w) {
		char packets[FIGURE_LEN];
		uint64_t busy_ns = ask_u64(w, "busy_ns"), slept_ns = ask_u64(w, "slept_ns");
		const json_t *cpu = json_object_get(w, "cpu");
		figure_count(packets, ask_u64(w, "packets"));
		printf("  %-2zu  ", i);
		if (json_is_integer(cpu))
			printf("core %-3lld  ", (long long)json_integer_value(cpu));
		else
			fputs("not pinned  ", stdout);
		printf("%s packets, busy %.1f %%, turned %llu ms ago", packets,
			busy_ns + slept_ns > 0 ? 100.0 * (double)busy_ns / ((double)busy_ns + (double)slept_ns) : 0.0,
			(unsigned long long)ask_u64(w, "turned_ms_ago"));
		if (ask_u64(w, "facts_lost") > 0)
			printf(", %llu facts lost", (unsigned long long)ask_u64(w, "facts_lost"));
		if (ask_u64(w, "evidence_lost") > 0)
			printf(", %llu packets of evidence lost", (unsigned long long)ask_u64(w, "evidence_lost"));
		putchar('\n');
	}
}

static void print_children(const json_t *s, bool colour)
{
	const json_t *children = json_object_get(s, "children"), *c;
	size_t i;
	heading("Processes", colour);
	json_array_foreach(children, i, c) {
		char up[FIGURE_LEN], words[64];
		figure_span(up, ask_u64(c, "uptime"));
		fputs("  ", stdout);
		padded(ask_text(c, "name"), 8);
		if (ask_u64(c, "pid") == 0)
			stdout_styled(stdout, colour, STYLE_RED, "not running");
		else
			printf("pid %-7llu up %s", (unsigned long long)ask_u64(c, "pid"), up);
		if (ask_u64(c, "restarts") > 0) {
			snprintf(words, sizeof words, ", started again %llu times", (unsigned long long)ask_u64(c, "restarts"));
			stdout_styled(stdout, colour, STYLE_YELLOW, words);
		}
		fputs("\n          ", stdout);
		ask_print(stdout, ask_text(c, "rights"));
		putchar('\n');
	}
}

static void print_reason(const json_t *ledger, const char *name, const char *words, const char **separator)
{
	char n[FIGURE_LEN];
	if (ask_u64(ledger, name) == 0)
		return;
	figure_count(n, ask_u64(ledger, name));
	printf("%s%s %s", *separator, n, words);
	*separator = ", ";
}

static void print_numbers(const json_t *s, bool colour)
{
	const json_t *ledger = json_object_get(s, "ledger"), *clock = json_object_get(s, "clock");
	char rx[FIGURE_LEN], dissected[FIGURE_LEN], n[FIGURE_LEN];
	figure_count(rx, ask_u64(ledger, "rx"));
	figure_count(dissected, ask_u64(ledger, "dissected"));
	heading("Packets", colour);
	const char *separator = " + ";
	printf("  %s received = %s dissected", rx, dissected);
	print_reason(ledger, "lanes_full", "without room on their way to a worker", &separator);
	separator = " + ";
	print_reason(ledger, "in_flight", "on their way", &separator);
	putchar('\n');
	if (ask_u64(ledger, "missed") + ask_u64(ledger, "errors") + ask_u64(ledger, "no_mbuf") > 0) {
		separator = "  never received: ";
		print_reason(ledger, "missed", "missed", &separator);
		print_reason(ledger, "errors", "damaged", &separator);
		print_reason(ledger, "no_mbuf", "without a buffer", &separator);
		putchar('\n');
	}
	heading("Told", colour);
	figure_count(n, ask_u64(s, "sessions"));
	printf("  %s sessions", n);
	figure_count(n, ask_u64(s, "alerts"));
	printf(", %s alerts", n);
	if (ask_u64(s, "alerts_suppressed") > 0) {
		figure_count(n, ask_u64(s, "alerts_suppressed"));
		printf(" (%s more were counted only)", n);
	}
	figure_count(n, ask_u64(s, "records"));
	printf(", %s records", n);
	putchar('\n');
	if (ask_u64(s, "records_lost") + ask_u64(s, "alerts_lost") > 0)
		printf("  without room in the outbox, or on their way to it: %llu session records, %llu alerts\n",
			(unsigned long long)ask_u64(s, "records_lost"), (unsigned long long)ask_u64(s, "alerts_lost"));
	heading("Clock", colour);
	printf("  %s, estimated error %.1f ms\n", ask_flag(clock, "synced") ? "synchronised" : "not synchronised",
		(double)ask_u64(clock, "error_ns") / 1e6);
}

// "12 alerts, 3,400 sessions".
static void print_lanes(const json_t *lanes, const char *words)
{
	char alerts[FIGURE_LEN], sessions[FIGURE_LEN];
	figure_count(alerts, ask_u64(lanes, "alerts"));
	figure_count(sessions, ask_u64(lanes, "sessions"));
	printf("%s%s alerts, %s sessions", words, alerts, sessions);
}

static bool any(const json_t *lanes)
{
	return ask_u64(lanes, "alerts") + ask_u64(lanes, "sessions") > 0;
}

static void print_outbox(const json_t *s, bool colour)
{
	const json_t *o = json_object_get(s, "outbox"), *octets = json_object_get(o, "octets");
	bool good = strcmp(ask_text(o, "state"), "good") == 0;
	char n[FIGURE_LEN];
	heading("Outbox", colour);
	fputs("  ", stdout);
	stdout_styled(stdout, colour, good ? STYLE_PLAIN : STYLE_RED, good ? "good" : "takes nothing: ");
	if (!good)
		ask_print(stdout, ask_text(o, "state"));
	figure_octets(n, ask_u64(octets, "alerts") + ask_u64(octets, "sessions"));
	printf(", %s on disk", n);
	print_lanes(json_object_get(o, "durable"), "; written: ");
	fputs(" (alerts with heartbeats; sessions with tls and anomaly records)", stdout);
	if (any(json_object_get(o, "evicted")))
		print_lanes(json_object_get(o, "evicted"), "; gone for room or age: ");
	if (any(json_object_get(o, "damaged")))
		print_lanes(json_object_get(o, "damaged"), "; damaged: ");
	putchar('\n');
}

static void print_output(const json_t *o, int width, bool colour)
{
	const json_t *failing = json_object_get(o, "failing_s");
	char span[FIGURE_LEN];
	fputs("  ", stdout);
	padded(ask_text(o, "name"), width);
	fputs("  ", stdout);
	padded(ask_text(o, "type"), 7);
	print_lanes(json_object_get(o, "sent"), "has ");
	print_lanes(json_object_get(o, "waiting"), "; waiting: ");
	if (any(json_object_get(o, "missed")))
		print_lanes(json_object_get(o, "missed"), "; never had: ");
	if (ask_u64(o, "refused") > 0)
		printf("; refused %llu", (unsigned long long)ask_u64(o, "refused"));
	if (json_is_integer(failing)) {
		figure_span(span, ask_u64(o, "failing_s"));
		fputs("\n      ", stdout);
		stdout_styled(stdout, colour, STYLE_RED, "takes nothing since ");
		printf("%s: ", span);
		ask_print(stdout, ask_text(o, "trouble"));
	}
	putchar('\n');
}

static void print_outputs(const json_t *s, bool colour)
{
	const json_t *outputs = json_object_get(s, "outputs"), *o;
	int width = width_of(outputs, "name");
	size_t i;
	heading("Outputs", colour);
	json_array_foreach(outputs, i, o)
		print_output(o, width, colour);
	if (json_array_size(outputs) == 0)
		puts("  none is open");
}

int status_run(const struct options *o)
{
	json_t *answer;
	int rc = ask(o, "status", &answer);
	if (rc != 0)
		return rc;
	if (o->json) {
		ask_print_json(answer, "status");
	} else {
		const json_t *s = json_object_get(answer, "status");
		bool colour = stdout_colour(stdout);
		print_head(s, colour);
		print_ports(s, colour);
		print_workers(s, colour);
		print_children(s, colour);
		print_numbers(s, colour);
		print_outbox(s, colour);
		print_outputs(s, colour);
	}
	json_decref(answer);
	return EXIT_FINE;
}

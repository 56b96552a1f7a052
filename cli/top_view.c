// Rates: differences over the time the sensor says lies between two answers.
#include "cli/top_view.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/figures.h"
#include "cli/words.h"

static uint64_t grown(const json_t *before, const json_t *now, const char *name)
{
	uint64_t a = ask_u64(before, name), b = ask_u64(now, name);
	return b >= a ? b - a : b;
}

static double seconds_between(const json_t *before, const json_t *now)
{
	uint64_t ns = grown(before, now, "mono_ns");
	return ns > 0 ? (double)ns / 1e9 : 1.0;
}

// Packets that are lost of a port.
static uint64_t lost(const json_t *before, const json_t *now)
{
	return grown(before, now, "missed") + grown(before, now, "errors") + grown(before, now, "no_mbuf");
}

static uint64_t lost_everywhere(const json_t *before, const json_t *now)
{
	const json_t *a = json_object_get(before, "ledger"), *b = json_object_get(now, "ledger");
	return lost(a, b) + grown(a, b, "lanes_full");
}

// Over the entries of a list that both have.
static uint64_t grown_list(const json_t *before, const json_t *now, const char *list, const char *name)
{
	const json_t *a = json_object_get(before, list), *b = json_object_get(now, list);
	uint64_t n = 0;
	for (size_t i = 0; i < json_array_size(b); i++)
		n += grown(json_array_get(a, i), json_array_get(b, i), name);
	return n;
}

static double busy_share(const json_t *before, const json_t *now)
{
	double busy = (double)grown(before, now, "busy_ns"), slept = (double)grown(before, now, "slept_ns");
	return busy + slept > 0 ? busy / (busy + slept) : 0;
}

// ---- lines -------------------------------------------------------------------------------------------------------

static void add(struct top_view *v, enum style style, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void add(struct top_view *v, enum style style, const char *format, ...)
{
	if (v->n == TOP_LINES_MAX)
		return;
	struct top_line *l = &v->line[v->n++];
	l->style = style;
	va_list args;
	va_start(args, format);
	vsnprintf(l->text, sizeof l->text, format, args);
	va_end(args);
	// Names came from whoever answered.
	for (char *p = l->text; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

static void add_head(struct top_view *v, const json_t *before, const json_t *now, double seconds)
{
	char up[FIGURE_LEN], packets[FIGURE_LEN], octets[FIGURE_LEN], loss[FIGURE_LEN];
	uint64_t n_lost = lost_everywhere(before, now);
	figure_span(up, ask_u64(now, "uptime"));
	figure_rate(packets, (double)grown(json_object_get(before, "ledger"), json_object_get(now, "ledger"), "rx") / seconds);
	figure_octets(octets, (uint64_t)((double)grown_list(before, now, "ports", "rx_octets") / seconds));
	figure_rate(loss, (double)n_lost / seconds);
	add(v, STYLE_BOLD, "postwacht, up %s", up);
	add(v, STYLE_PLAIN, "a second: %s packets, %s, %.1f sessions, %.1f alerts, %.1f records", packets, octets,
		(double)grown(before, now, "sessions") / seconds, (double)grown(before, now, "alerts") / seconds,
		(double)grown(before, now, "records") / seconds);
	add(v, n_lost > 0 ? STYLE_RED : STYLE_PLAIN, "          %s packets lost", loss);
}

static void add_ports(struct top_view *v, const json_t *before, const json_t *now, double seconds)
{
	const json_t *a = json_object_get(before, "ports"), *b = json_object_get(now, "ports"), *p;
	size_t i;
	add(v, STYLE_PLAIN, "%s", "");
	add(v, STYLE_BOLD, "%-32s %-14s %9s %9s %9s %9s", "PORT", "TAP", "LINK", "PACKETS/S", "OCTETS/S", "LOST/S");
	json_array_foreach(b, i, p) {
		const json_t *was = json_array_get(a, i);
		char packets[FIGURE_LEN], octets[FIGURE_LEN], loss[FIGURE_LEN];
		bool sent = ask_u64(p, "tx_packets") + ask_u64(p, "tx_octets") + ask_u64(p, "tx_errors") > 0;
		const json_t *up = json_object_get(p, "up");
		uint64_t n_lost = lost(was, p);
		figure_rate(packets, (double)grown(was, p, "rx_packets") / seconds);
		figure_octets(octets, (uint64_t)((double)grown(was, p, "rx_octets") / seconds));
		figure_rate(loss, (double)n_lost / seconds);
		add(v, sent || json_is_false(up) || n_lost > 0 ? STYLE_RED : STYLE_PLAIN, "%-32.32s %-14.14s %9.9s %9s %9s %9s%s",
			ask_text(p, "name"), ask_text(p, "tap"), json_is_true(up) ? "up" : json_is_false(up) ? "down" : "?", packets, octets, loss,
			sent ? "  HAS SENT" : "");
	}
}

static void add_workers(struct top_view *v, const json_t *before, const json_t *now, double seconds)
{
	const json_t *a = json_object_get(before, "workers"), *b = json_object_get(now, "workers"), *w;
	size_t i;
	add(v, STYLE_PLAIN, "%s", "");
	add(v, STYLE_BOLD, "%-32s %-14s %9s %9s %9s %9s", "WORKER", "CORE", "BUSY", "PACKETS/S", "TURNS/S", "LOST/S");
	json_array_foreach(b, i, w) {
		const json_t *was = json_array_get(a, i), *cpu = json_object_get(w, "cpu");
		char packets[FIGURE_LEN], turns[FIGURE_LEN], loss[FIGURE_LEN], core[FIGURE_LEN] = "not pinned";
		uint64_t n_lost = grown(was, w, "facts_lost");
		if (json_is_integer(cpu))
			snprintf(core, sizeof core, "%lld", (long long)json_integer_value(cpu));
		figure_rate(packets, (double)grown(was, w, "packets") / seconds);
		figure_rate(turns, (double)grown(was, w, "turns") / seconds);
		figure_rate(loss, (double)n_lost / seconds);
		add(v, n_lost > 0 ? STYLE_RED : STYLE_PLAIN, "%-32zu %-14s %7.1f %% %9s %9s %9s", i, core, 100 * busy_share(was, w), packets,
			turns, loss);
	}
}

static void add_verdicts(struct top_view *v, const json_t *before, const json_t *now, double seconds)
{
	const json_t *a = json_object_get(before, "verdicts"), *b = json_object_get(now, "verdicts");
	uint64_t all = 0;
	for (int i = 0; i < VERDICT_N; i++)
		all += ask_u64(b, verdict_name((enum verdict)i));
	add(v, STYLE_PLAIN, "%s", "");
	add(v, STYLE_BOLD, "%-32s %-14s %9s %9s", "VERDICT", "SESSIONS", "SHARE", "A SECOND");
	for (int i = 0; i < VERDICT_N; i++) {
		const char *name = verdict_name((enum verdict)i);
		char count[FIGURE_LEN];
		uint64_t n = ask_u64(b, name);
		figure_count(count, n);
		add(v, STYLE_PLAIN, "%-32s %-14s %7.1f %% %9.1f", name, count, all > 0 ? 100 * (double)n / (double)all : 0,
			(double)grown(a, b, name) / seconds);
	}
}

void top_view(struct top_view *out, const json_t *before, const json_t *now)
{
	double seconds = seconds_between(before, now);
	out->n = 0;
	add_head(out, before, now, seconds);
	add_ports(out, before, now, seconds);
	add_workers(out, before, now, seconds);
	add_verdicts(out, before, now, seconds);
}

// ---- JSON --------------------------------------------------------------------------------------------------------

static json_t *port_json(const json_t *before, const json_t *now, double seconds)
{
	const json_t *up = json_object_get(now, "up");
	return json_pack("{s:s,s:s,s:o,s:f,s:f,s:f}", "name", ask_text(now, "name"), "tap", ask_text(now, "tap"), "up",
		json_is_boolean(up) ? json_boolean(json_is_true(up)) : json_null(), "packets_per_s",
		(double)grown(before, now, "rx_packets") / seconds, "octets_per_s",
		(double)grown(before, now, "rx_octets") / seconds, "lost_per_s", (double)lost(before, now) / seconds);
}

static json_t *worker_json(const json_t *before, const json_t *now, double seconds)
{
	return json_pack("{s:f,s:f,s:f,s:f}", "busy", busy_share(before, now), "packets_per_s",
		(double)grown(before, now, "packets") / seconds, "turns_per_s", (double)grown(before, now, "turns") / seconds,
		"facts_lost_per_s", (double)grown(before, now, "facts_lost") / seconds);
}

static json_t *list_json(const json_t *before, const json_t *now, const char *list, double seconds,
                         json_t *(*one)(const json_t *, const json_t *, double))
{
	const json_t *a = json_object_get(before, list), *b = json_object_get(now, list);
	json_t *out = json_array();
	for (size_t i = 0; i < json_array_size(b); i++)
		json_array_append_new(out, one(json_array_get(a, i), json_array_get(b, i), seconds));
	return out;
}

static json_t *verdicts_json(const json_t *before, const json_t *now, double seconds)
{
	json_t *out = json_object();
	for (int i = 0; i < VERDICT_N; i++) {
		const char *name = verdict_name((enum verdict)i);
		json_object_set_new(out, name, json_real((double)grown(before, now, name) / seconds));
	}
	return out;
}

json_t *top_view_json(const json_t *before, const json_t *now)
{
	double s = seconds_between(before, now);
	const json_t *a = json_object_get(before, "ledger"), *b = json_object_get(now, "ledger");
	return json_pack("{s:f,s:f,s:f,s:f,s:f,s:f,s:f,s:o,s:o,s:o}", "seconds", s, "packets_per_s",
		(double)grown(a, b, "rx") / s, "octets_per_s", (double)grown_list(before, now, "ports", "rx_octets") / s, "lost_per_s",
		(double)lost_everywhere(before, now) / s, "sessions_per_s", (double)grown(before, now, "sessions") / s, "alerts_per_s",
		(double)grown(before, now, "alerts") / s, "records_per_s", (double)grown(before, now, "records") / s, "ports",
		list_json(before, now, "ports", s, port_json), "workers", list_json(before, now, "workers", s, worker_json),
		"verdicts_per_s", verdicts_json(json_object_get(before, "verdicts"), json_object_get(now, "verdicts"), s));
}

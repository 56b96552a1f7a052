// The `alert` event of trouble that belongs to no session: no addresses, no flow, an interval in their place.
#include "alerts/record_parts.h"
#include "alerts/storm.h"

#include <inttypes.h>
#include <stdio.h>

static const char *text_name(enum sensor_kind kind)
{
	switch (kind) {
	case SENSOR_CHILD_RESTARTED:
		return "process";
	case SENSOR_CONFIG_CHANGED:
		return "keys";
	case SENSOR_OUTBOX_TROUBLE:
		return "where";
	default:
		return "port";
	}
}

static void why(struct record_writer *w, const struct message_sensor *m)
{
	char text[SENSOR_TEXT + 16];

	json_key(&w->json, "why");
	json_open_array(&w->json);
	if (m->text[0]) {
		snprintf(text, sizeof(text), "%s:%s", text_name(m->kind), m->text);
		record_bounded(w, text);
	}
	for (size_t i = 0; i < LOSS_NUMBERS; i++) {
		const char *name = sensor_number(m->kind, i);
		if (!name || !m->n[i])
			continue;
		snprintf(text, sizeof(text), "%s:%" PRIu64, name, m->n[i]);
		record_bounded(w, text);
	}
	json_close_array(&w->json);
}

static void time_or_null(struct json *j, uint64_t time_ns)
{
	if (time_ns)
		record_time(j, time_ns);
	else
		json_put_null(j);
}

static void window(struct json *j, const struct record_sensor *a)
{
	json_key(j, "window");
	json_open_object(j);
	json_key(j, "from");
	time_or_null(j, a->what->from_ns);
	json_key(j, "to");
	time_or_null(j, a->goes_on ? 0 : a->what->to_ns);
	json_close_object(j);
}

static void loss(struct json *j, const struct message_sensor *m)
{
	if (m->kind != SENSOR_LOSS)
		return;
	json_key(j, "loss");
	json_open_object(j);
	for (size_t i = 0; i < LOSS_NUMBERS; i++)
		record_number(j, sensor_number(m->kind, i), m->n[i]);
	json_close_object(j);
}

// Indices of what was counted, the most first, equals in the order of the catalogue.
static size_t by_count(uint8_t out[static STORM_FINDINGS], const struct storm_counts *c)
{
	size_t n = 0;

	for (size_t i = 0; i < catalogue_n; i++) {
		if (!c->by_finding[i])
			continue;
		size_t at = n++;
		for (; at > 0 && c->by_finding[out[at - 1]] < c->by_finding[i]; at--)
			out[at] = out[at - 1];
		out[at] = (uint8_t)i;
	}
	return n;
}

// Those that the line has no room for are `rest`, so that the sum is right.
static void suppressed_findings(struct record_writer *w, const struct storm_counts *c)
{
	struct json *j = &w->json;
	uint8_t order[STORM_FINDINGS];
	size_t n = by_count(order, c), told = record_list(w, n);
	uint64_t rest = 0;

	json_key(j, "by_finding");
	json_open_object(j);
	for (size_t i = 0; i < told; i++)
		record_number(j, catalogue[order[i]].id, c->by_finding[order[i]]);
	for (size_t i = told; i < n; i++)
		rest += c->by_finding[order[i]];
	if (told < n)
		record_number(j, "rest", rest);
	json_close_object(j);
}

void record_suppressed(struct record_writer *w, const struct storm_counts *c, bool findings)
{
	struct json *j = &w->json;

	if (!c)
		return;
	json_key(j, "suppressed");
	json_open_object(j);
	record_number(j, "alerts", c->alerts);
	if (findings || !record_bare(w)) {
		json_key(j, "by_severity");
		json_open_object(j);
		for (int i = SEVERITY_CRITICAL; i > SEVERITY_INFO; i--)
			record_number(j, severity_name((enum severity)i), c->by_severity[i]);
		json_close_object(j);
	}
	if (findings)
		suppressed_findings(w, c);
	json_close_object(j);
}

static void own(struct record_writer *w, const struct record_sensor *a)
{
	struct json *j = &w->json;

	json_key(j, "smtp_tls");
	json_open_object(j);
	json_field(j, "v", u64, RECORD_SMTP_TLS_VERSION);
	json_field(j, "id", word, a->id);
	json_field(j, "final", flag, !a->goes_on);
	json_key(j, "tap");
	if (a->tap)
		record_bounded(w, a->tap);
	else
		json_put_null(j);
	json_key(j, "findings");
	json_open_array(j);
	json_put_word(j, a->root->row->id);
	json_close_array(j);
	why(w, a->what);
	json_key(j, "detail");
	record_bounded(w, a->root->detail);
	window(j, a);
	loss(j, a->what);
	record_suppressed(w, a->suppressed, true);
	record_repeat(j, &a->repeat);
	if (w->truncated)
		json_field(j, "truncated", flag, true);
	json_close_object(j);
}

static void sensor_event(struct record_writer *w, const void *what)
{
	const struct record_sensor *a = what;

	record_head(w, "alert", a->what->head.time_ns, 0, 0);
	record_alert_object(&w->json, a->root);
	own(w, a);
	json_close_object(&w->json);
}

size_t record_sensor(char *out, const struct record_config *c, const struct record_sensor *a)
{
	return record_render(out, c, sensor_event, a);
}

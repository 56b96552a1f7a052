// The `anomaly` event: trouble of the decoder, of a stream, or of a parser, under EVE's names.
#include "alerts/record_parts.h"

// EVE's type for a counter, by the layer its name begins with; the decoder's own are the rest.
static const char *type_of(const char *counter)
{
	static const struct {
		const char *prefix, *type;
	} row[] = {{"tcp_", "stream"}, {"flow_", "stream"}, {"session_", "stream"}, {"reassembly_", "stream"},
	           {"smtp_", "applayer"}, {"tls_", "applayer"}};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (strncmp(counter, row[i].prefix, strlen(row[i].prefix)) == 0)
			return row[i].type;
	return "decode";
}

static void anomaly_object(struct json *j, const char *type, const char *event, const char *app_proto)
{
	json_key(j, "anomaly");
	json_open_object(j);
	if (app_proto)
		json_field(j, "app_proto", word, app_proto);
	json_field(j, "type", word, type);
	json_field(j, "event", word, event);
	// EVE's layer is about application parsers only.
	if (strcmp(type, "applayer") == 0)
		json_field(j, "layer", word, "proto_parser");
	json_close_object(j);
}

static void anomaly_event(struct record_writer *w, const void *what)
{
	const struct message_anomaly *m = what;
	const char *event = m->counter < DISSECT_COUNTERS ? dissect_counter_table[m->counter].name : "unknown";

	record_head(w, "anomaly", m->head.time_ns, m->frame, m->file);
	anomaly_object(&w->json, type_of(event), event, NULL);
	record_own_least(w, NULL);
	json_close_object(&w->json);
}

size_t record_anomaly(char *out, const struct record_config *c, const struct message_anomaly *m)
{
	return record_render(out, c, anomaly_event, m);
}

struct session_anomaly {
	const struct session *session;
	const char *layer, *event;
};

static void session_anomaly_event(struct record_writer *w, const void *what)
{
	const struct session_anomaly *a = what;
	const struct conn_facts *c = &a->session->facts->conn;
	const char *app_proto = record_app_proto(a->session->facts);

	record_head_session(w, "anomaly", a->session, c->last_ns, c->last_frame);
	anomaly_object(&w->json, a->layer, a->event, strcmp(a->layer, "applayer") == 0 ? app_proto : NULL);
	record_own_least(w, a->session);
	json_close_object(&w->json);
}

size_t record_session_anomaly(char *out, const struct record_config *c, const struct session *s, const char *layer,
                              const char *event)
{
	return record_render(out, c, session_anomaly_event, &(struct session_anomaly){s, layer, event});
}

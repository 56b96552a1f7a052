// Elasticsearch's and OpenSearch's _bulk: NDJSON, an answer for each item.
//
// Each record is `create`d under an _id that it has whenever it is sent: so a double is refused with 409, harmlessly, and a data
// stream, which takes nothing else, takes it. Items are independent of each other: the ones behind a failed one may be there
// already when they are sent again.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "alerts/sink/http_private.h"

enum { ID = 256 };

// Alerts and sessions have an id of their own. Other records are told apart by their number: a session may have several
// anomalies, and its `tls` record its id, too. A number is the output's own: two of them with other filters have the same for
// different records, and the second of these would count as had. The host is in it, since two sensors may see one session.
static void id_of(char out[static ID], const char *host, const char *sink, const struct sink_message *m)
{
	if (m->id[0] != '\0' && (m->about->type == RECORD_ALERT || m->about->type == RECORD_SMTP))
		snprintf(out, ID, "%.128s-%s-%s", host, m->about->type == RECORD_ALERT ? "alert" : "smtp", m->id);
	else
		snprintf(out, ID, "%.128s-%s-%" PRIu64 "-%s-%" PRIu64, host, sink, m->epoch, outbox_lane_name[m->lane], m->seq);
}

void elastic_body(struct http_octets *out, const struct sink_config *c, const char *host, const struct sink_message *m, size_t n)
{
	char id[ID];
	for (size_t i = 0; i < n; i++) {
		id_of(id, host, c->name, &m[i]);
		http_add(out, "{\"create\":{\"_index\":", 20);
		http_add_string(out, c->target, strlen(c->target));
		http_add(out, ",\"_id\":", 7);
		http_add_string(out, id, strlen(id));
		http_add(out, "}}\n", 3);
		http_add(out, m[i].octets, m[i].len);
		http_add(out, "\n", 1);
	}
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

// Refused for what it is, not for how things are: a second time would end no better.
static bool for_good(long long status, const char *type)
{
	static const char *const types[] = {"mapper_parsing_exception", "document_parsing_exception", "strict_dynamic_mapping_exception",
		"x_content_parse_exception", "parsing_exception", "parse_exception"};
	for (size_t i = 0; status == 400 && i < sizeof types / sizeof types[0]; i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

enum item { ITEM_TAKEN, ITEM_REFUSED, ITEM_FAILED };

static enum item item_read(struct http_outcome *o, const json_t *item)
{
	const json_t *what = json_object_get(item, "create"), *error = json_object_get(what, "error");
	long long status = json_integer_value(json_object_get(what, "status")); // 0: none
	if (status == 200 || status == 201 || status == 409) // 409: there is one with its _id, so it was had before
		return ITEM_TAKEN;
	const char *type = text_of(error, "type"), *reason = text_of(error, "reason");
	snprintf(o->why, sizeof o->why, "status %lld %s: %s", status, type, reason);
	return for_good(status, type) ? ITEM_REFUSED : ITEM_FAILED;
}

static void items_read(struct http_outcome *o, const json_t *items, size_t n)
{
	for (; o->taken < n; o->taken++) {
		enum item item = item_read(o, json_array_get(items, o->taken));
		if (item == ITEM_FAILED) {
			o->error = -EAGAIN;
			return;
		}
		if (item == ITEM_REFUSED && o->in_a_row == SINK_REFUSED_MAX) {
			o->enough = true;
			o->error = -EPROTO;
			return;
		}
		o->in_a_row = item == ITEM_REFUSED ? o->in_a_row + 1 : 0;
		o->refused += item == ITEM_REFUSED;
	}
}

void elastic_outcome(struct http_outcome *o, const struct http_answer *a, size_t n)
{
	*o = (struct http_outcome){.in_a_row = o->in_a_row};
	if (a->status != 200) {
		o->error = a->status == 429 || a->status >= 500 ? -EAGAIN : -EPROTO;
		o->fewer = a->status == 413;
		snprintf(o->why, sizeof o->why, "status %ld: %.120s", a->status, a->body);
		return;
	}
	json_t *answer = json_loadb(a->body, a->len, 0, NULL), *items = json_object_get(answer, "items");
	if (!json_is_array(items) || json_array_size(items) != n) {
		o->error = -EPROTO;
		snprintf(o->why, sizeof o->why, "its answer is not one of _bulk: %.100s", a->body);
	} else {
		items_read(o, items, n);
	}
	json_decref(answer);
}

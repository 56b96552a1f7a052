// ClickHouse's HTTP interface: one INSERT a batch, which is taken as a whole or not at all.
//
// A row is {"line": the message, "host", "sink", "event_type", "id", "key", "epoch", "lane", "seq"}; columns that the table does not have
// are passed over, so `line` is enough: configs/receivers/clickhouse reads everything out of it, and it is there octet for octet.
//
// insert_deduplication_token names what is in the batch, from first number to last, and not only where it begins: a batch that is
// sent again and has grown meanwhile is another one. Replicated tables keep out what has the same token; others merge doubles away.
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/sink/http_private.h"

int clickhouse_code(const char *text)
{
	long code = strtol(text, NULL, 10);
	return code > 0 && code < INT_MAX ? (int)code : 0;
}

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

bool clickhouse_target(const char *target)
{
	int parts = 1;
	for (const char *at = target; *at != '\0'; at++) {
		if (*at == '.' && at != target && at[1] != '\0' && parts++ == 1)
			continue;
		if (!name_char(*at) || ((at == target || at[-1] == '.') && isdigit((unsigned char)*at)))
			return false;
	}
	return target[0] != '\0';
}

// First and last number of a lane in the batch; false: it has none of it.
static bool range_of(const struct sink_message *m, size_t n, enum outbox_lane lane, uint64_t *first, uint64_t *last)
{
	*last = 0;
	for (size_t i = 0; i < n; i++)
		if (m[i].lane == lane) {
			*first = *last == 0 ? m[i].seq : *first;
			*last = m[i].seq;
		}
	return *last != 0;
}

// What may stand in a query string as it is; everything else as %XX.
static void add_escaped(char *out, size_t cap, const char *text)
{
	size_t at = strlen(out);
	for (; *text != '\0' && at + 4 < cap; text++) {
		unsigned char c = (unsigned char)*text;
		if (isalnum(c) || strchr("-._~", c) != NULL)
			out[at++] = (char)c;
		else
			at += (size_t)snprintf(out + at, cap - at, "%%%02X", c);
		out[at] = '\0';
	}
}

static void add_token(char *url, const struct sink_config *c, const char *host, const struct sink_message *m, size_t n)
{
	char token[96];
	uint64_t first, last;
	add_escaped(url, CLICKHOUSE_URL, host);
	add_escaped(url, CLICKHOUSE_URL, ":");
	add_escaped(url, CLICKHOUSE_URL, c->name);
	for (enum outbox_lane lane = 0; lane < OUTBOX_LANES; lane++)
		if (range_of(m, n, lane, &first, &last)) {
			snprintf(token, sizeof token, ":%s:%" PRIu64 ":%" PRIu64 "-%" PRIu64, outbox_lane_name[lane], m[0].epoch, first, last);
			add_escaped(url, CLICKHOUSE_URL, token);
		}
}

void clickhouse_query(char url[static CLICKHOUSE_URL], const struct sink_config *c, const char *host, const struct sink_message *m,
	size_t n, bool plain)
{
	char query[SINK_TEXT + 64];
	snprintf(query, sizeof query, "INSERT INTO %s FORMAT JSONEachRow", c->target);
	snprintf(url, CLICKHOUSE_URL, "?query=");
	add_escaped(url, CLICKHOUSE_URL, query);
	size_t len = strlen(url);
	snprintf(url + len, CLICKHOUSE_URL - len, "&input_format_skip_unknown_fields=1&wait_end_of_query=1");
	if (plain)
		return;
	len = strlen(url);
	// Not asynchronously: an answer means that it is in the table.
	snprintf(url + len, CLICKHOUSE_URL - len, "&async_insert=0&insert_deduplication_token=");
	add_token(url, c, host, m, n);
}

static void add_member(struct http_octets *out, const char *name, const char *value)
{
	http_add(out, name, strlen(name));
	http_add_string(out, value, strlen(value));
}

void clickhouse_body(struct http_octets *out, const struct sink_config *c, const char *host, const struct sink_message *m, size_t n)
{
	static const char *const types[RECORD_TYPES] = {
		[RECORD_SMTP] = "smtp", [RECORD_TLS] = "tls", [RECORD_ALERT] = "alert", [RECORD_ANOMALY] = "anomaly", [RECORD_STATS] = "stats"};
	char numbers[96];
	for (size_t i = 0; i < n; i++) {
		http_add(out, "{\"line\":", 8);
		http_add_string(out, m[i].octets, m[i].len);
		add_member(out, ",\"host\":", host);
		add_member(out, ",\"sink\":", c->name);
		add_member(out, ",\"event_type\":", m[i].about->type < RECORD_TYPES ? types[m[i].about->type] : "");
		add_member(out, ",\"id\":", m[i].id);
		add_member(out, ",\"key\":", m[i].key);
		add_member(out, ",\"lane\":", outbox_lane_name[m[i].lane]);
		snprintf(numbers, sizeof numbers, ",\"epoch\":%" PRIu64 ",\"seq\":%" PRIu64 "}\n", m[i].epoch, m[i].seq);
		http_add(out, numbers, strlen(numbers));
	}
}

// Its own number of what went wrong: in a header, or, of old servers, only at the beginning of the text.
static int exception_of(const struct http_answer *a)
{
	static const char begins[] = "Code: ";
	if (a->exception != 0 || strncmp(a->body, begins, sizeof begins - 1) != 0)
		return a->exception;
	return clickhouse_code(a->body + sizeof begins - 1);
}

// Numbers of ClickHouse's ErrorCodes: what is wrong with a value, not with table, rights or server.
static bool of_a_value(int code)
{
	static const int codes[] = {6, 26, 27, 33, 38, 41, 53, 69, 70, 72, 117, 131, 321, 349, 469};
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (codes[i] == code)
			return true;
	return false;
}

void clickhouse_outcome(struct http_outcome *o, const struct http_answer *a, size_t n, bool *plain)
{
	enum { UNKNOWN_SETTING = 115 };
	*o = (struct http_outcome){.in_a_row = o->in_a_row};
	int code = exception_of(a);
	if (a->status == 200 && code == 0 && a->len == 0) { // an INSERT has nothing to say: whoever does is a portal, or was asked for nothing
		o->taken = n;
		o->in_a_row = 0;
		return;
	}
	o->error = a->status == 429 || a->status >= 500 ? -EAGAIN : -EPROTO;
	o->fewer = a->status == 413 || of_a_value(code);
	if (code == UNKNOWN_SETTING && !*plain) {
		*plain = true;
		o->error = -ERESTART;
	}
	snprintf(o->why, sizeof o->why, "status %ld: %.130s", a->status, a->body);
}

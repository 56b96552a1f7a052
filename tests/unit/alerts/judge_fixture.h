// A judge whose lines are read back with jansson, and messages to feed it.
#pragma once

#include "alerts/judge.h"
#include "tests/unit/alerts/facts_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#define SECOND 1000000000ull

enum { LINES_MAX = 512 };

struct told {
	json_t *line[LINES_MAX];
	size_t n;
};

static struct told told;
static struct judge *judge;
static uint64_t seq;
static uint16_t worker; // whose messages are sent

static inline void told_write(void *ctx, const struct record_about *about, const char *line, size_t len)
{
	assert_int_equal(line[len - 1], '\n');
	assert_true(told.n < LINES_MAX);
	told.line[told.n] = json_loadb(line, len, 0, NULL);
	assert_non_null(told.line[told.n++]);
}

static inline void told_clear(void)
{
	for (size_t i = 0; i < told.n; i++)
		json_decref(told.line[i]);
	told.n = 0;
}

static inline struct judge_config config_default(void)
{
	struct judge_config c = {.record = {.host = "sensor-1"}, .taps = {{.name = "tap"}}, .tls_records = true, .sessions_max = 64,
		.hold_ns = 5 * SECOND, .write = told_write};
	memset(c.severity, -1, sizeof(c.severity));
	return c;
}

static inline void open_judge(const struct judge_config *c)
{
	told_clear();
	seq = 0;
	worker = 0;
	assert_int_equal(judge_open(&judge, c, NULL), 0);
}

static inline void close_judge(void)
{
	judge_close(&judge);
	assert_null(judge);
	told_clear();
}

// The n-th line told: "event_type", or of an alert "alert:<finding>", with "+<related>" for each related finding and
// "*<count>" when repeats were counted; "..." before the end.
static inline const char *told_word(size_t i)
{
	static char word[512];
	const json_t *smtp_tls = json_object_get(told.line[i], "smtp_tls");
	const char *type = json_string_value(json_object_get(told.line[i], "event_type"));
	const json_t *related = json_object_get(smtp_tls, "related");
	json_int_t count = json_integer_value(json_object_get(json_object_get(smtp_tls, "repeat"), "count"));
	const json_t *metadata = json_object_get(json_object_get(told.line[i], "alert"), "metadata");

	if (strcmp(type, "alert") != 0) {
		snprintf(word, sizeof(word), "%s%s", type,
			strcmp(type, "smtp") == 0 && !json_boolean_value(json_object_get(smtp_tls, "final")) ? "..." : "");
		return word;
	}
	snprintf(word, sizeof(word), "%s", json_string_value(json_array_get(json_object_get(metadata, "finding"), 0)));
	for (size_t r = 0; r < json_array_size(related); r++)
		snprintf(word + strlen(word), sizeof(word) - strlen(word), "+%s", json_string_value(json_array_get(related, r)));
	if (count > 1 || json_string_length(json_object_get(json_object_get(smtp_tls, "repeat"), "first_id")))
		snprintf(word + strlen(word), sizeof(word) - strlen(word), "*%d", (int)count);
	if (!json_boolean_value(json_object_get(smtp_tls, "final")))
		strcat(word, "...");
	return word;
}

static inline void assert_told(const char *what, const char *want)
{
	char got[8192] = "";

	for (size_t i = 0; i < told.n; i++)
		snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", i ? " " : "", told_word(i));
	if (strcmp(got, want) != 0)
		fail_msg("%s:\n  got  %s\n  want %s", what, got, want);
	told_clear();
}

static inline int send_session(const struct facts *f, bool sealed, uint64_t time_ns)
{
	static struct message_session m;

	m = (struct message_session){.head = {.seq = ++seq, .birth = f->birth, .time_ns = time_ns, .type = MESSAGE_SESSION,
		.worker = worker}, .sealed = sealed};
	memcpy(&m.facts, f, facts_len(f));
	return judge_take(judge, &m.head, offsetof(struct message_session, facts) + facts_len(f));
}

// Sends the session as its worker would: last word at conn.last_ns.
static inline void send_whole(const struct facts *f)
{
	assert_int_equal(send_session(f, false, f->conn.last_ns), 0);
}

static inline void send_open(struct facts *f)
{
	uint8_t end = f->conn.end;

	f->conn.end = END_OPEN;
	assert_int_equal(send_session(f, false, f->conn.last_ns), 0);
	f->conn.end = end;
}

static inline void send_sealed(struct facts *f)
{
	uint8_t end = f->conn.end;

	f->conn.end = END_OPEN;
	assert_int_equal(send_session(f, true, f->conn.last_ns), 0);
	f->conn.end = end;
}

static inline void send_end_as(const struct facts *f, uint64_t time_ns, bool ambiguous)
{
	const struct message_end m = {
		.head = {.seq = ++seq, .birth = f->birth, .time_ns = time_ns, .type = MESSAGE_END, .worker = worker},
		.end = END_RST, .rst = {true, false}, .last_frame = 99, .pkts = {1000, 2000}, .octets = {100000, 200000},
		.payload_octets = {90000, 190000}, .last_ns = time_ns, .ambiguous = ambiguous,
	};
	assert_int_equal(judge_take(judge, &m.head, sizeof(m)), 0);
}

static inline void send_end(const struct facts *f, uint64_t time_ns)
{
	send_end_as(f, time_ns, false);
}

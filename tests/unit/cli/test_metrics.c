// The page of metrics: what it says of a board, that it is well-formed whatever is on it, and what Accept asks for.
#include "cli/metrics_private.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/cli/board_fixture.h"

static char page[METRICS_MAX + 1];
static struct metrics_view view;
static struct metrics_names names;

static const char *page_of(const struct board *b, enum metrics_format format)
{
	metrics_names(&names, &b->config[0]);
	metrics_look(&view, b, &names, clock_mono_ns(), clock_wall_ns());
	size_t len = metrics_write(page, METRICS_MAX, format, &view);
	page[len] = '\0';
	return page;
}

static void has(const char *text, const char *line)
{
	char whole[512];
	snprintf(whole, sizeof whole, "\n%s\n", line);
	if (strstr(text, whole) == NULL)
		fail_msg("no line: %s", line);
}

// ---- the grammar -----------------------------------------------------------------------------------------------------

enum { SERIES_MAX = 4096 };

struct reading {
	enum metrics_format format;
	char family[128]; // of the TYPE that was read last
	char type[16];
	const char *series[SERIES_MAX]; // begin of each line, to find doubles
	size_t len[SERIES_MAX], n, families;
};

static size_t name_len(const char *p)
{
	size_t n = 0;
	while (islower((unsigned char)p[n]) || isdigit((unsigned char)p[n]) || p[n] == '_')
		n++;
	return n;
}

// {a="b",c="d"}: its length. Inside of quotation marks only \\, \" and \n are escapes.
static size_t labels_len(const char *p)
{
	const char *at = p;
	if (*at != '{')
		return 0;
	do {
		at++;
		size_t n = name_len(at);
		assert_true(n > 0);
		at += n;
		assert_true(at[0] == '=' && at[1] == '"');
		for (at += 2; *at != '"'; at++) {
			assert_true((unsigned char)*at >= ' ' && (unsigned char)*at < 0x7f);
			if (*at == '\\') {
				at++;
				assert_true(*at == '\\' || *at == '"');
			}
		}
		at++;
	} while (*at == ',');
	assert_true(*at == '}');
	return (size_t)(at + 1 - p);
}

static bool of_family(const struct reading *r, const char *name, size_t len)
{
	static const char *const suffixes[] = {"", "_total", "_info", "_bucket", "_sum", "_count"};
	for (size_t i = 0; i < 6; i++) {
		size_t n = strlen(r->family);
		if (len == n + strlen(suffixes[i]) && memcmp(name, r->family, n) == 0 && memcmp(name + n, suffixes[i], len - n) == 0)
			return r->format == METRICS_TEXT ? i == 0 || i >= 3 : strcmp(r->type, "counter") == 0 ? i == 1 :
				strcmp(r->type, "info") == 0 ? i == 2 : strcmp(r->type, "histogram") == 0 ? i >= 3 : i == 0;
	}
	return false;
}

static void read_sample(struct reading *r, const char *line, const char *end)
{
	size_t len = name_len(line);
	if (!of_family(r, line, len))
		fail_msg("a sample without its family: %.*s", (int)(end - line), line);
	len += labels_len(line + len);
	for (size_t i = 0; i < r->n; i++)
		if (r->len[i] == len && memcmp(r->series[i], line, len) == 0)
			fail_msg("twice: %.*s", (int)(end - line), line);
	assert_true(r->n < SERIES_MAX);
	r->series[r->n] = line;
	r->len[r->n++] = len;
	assert_true(line[len] == ' ');
	const char *number = line + len + 1;
	size_t digits = strspn(number, "0123456789"), more = number[digits] == '.' ? 1 + strspn(number + digits + 1, "0123456789") : 0;
	assert_true(digits > 0 && more != 1 && number + digits + more == end);
}

static void read_comment(struct reading *r, const char *line, const char *end)
{
	char what[8], name[128], value[16];
	if (end - line == 5 && memcmp(line, "# EOF", 5) == 0) {
		assert_true(r->format == METRICS_OPENMETRICS && end[1] == '\0');
		return;
	}
	assert_int_equal(sscanf(line, "# %7s %127s %15s", what, name, value), 3);
	if (strcmp(what, "HELP") == 0) {
		assert_string_not_equal(name, r->family);
		strcpy(r->family, name);
		r->type[0] = '\0';
		r->families++;
		return;
	}
	assert_string_equal(name, r->family);
	if (strcmp(what, "TYPE") == 0)
		strcpy(r->type, value);
	else {
		assert_string_equal(what, "UNIT");
		size_t n = strlen(name), u = strlen(value);
		assert_true(r->format == METRICS_OPENMETRICS && n > u + 1 && name[n - u - 1] == '_' && strcmp(name + n - u, value) == 0);
	}
}

static void read_page(const char *text, enum metrics_format format)
{
	struct reading *r = calloc(1, sizeof *r);
	r->format = format;
	assert_true(text[0] != '\0');
	for (const char *line = text, *end; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		if (*line == '#')
			read_comment(r, line, end);
		else
			read_sample(r, line, end);
	}
	assert_int_equal(r->families, metrics_families_n);
	if (format == METRICS_OPENMETRICS)
		assert_string_equal(text + strlen(text) - 6, "# EOF\n");
	free(r);
}

// ---- tests -----------------------------------------------------------------------------------------------------------

static void fill(struct board *b)
{
	struct sensor_state *s = &b->state;
	b->config[0].taps.tap[0].n_ports = 2;
	strcpy(b->config[0].taps.tap[0].port[0], "0000:81:00.0");
	strcpy(b->config[0].taps.tap[0].port[1], "0000:81:00.1");
	strcpy(b->config[0].outputs.output[0].name, "siem");
	s->port[1].no_mbuf = 7;
	s->port[1].last_packet_ns = 1795784566415665755;
	s->worker[1].busy_ns = 1500000000;
	s->alerts_by_severity[SEVERITY_HIGH] = 3;
	s->heartbeat_ns = 1795784566000000000;
	s->outbox = (struct outbox_shared){.epoch = 1, .durable = {10, 20}, .oldest = {3, 21}, .state = OUTBOX_NO_SPACE, .sync_ns = 1};
	s->durable = (struct latency){.n = {[0] = 1, [9] = 2, [15] = 4}, .sum_us = 1234567};
	s->n_sinks = 1;
	s->sink[0] = (struct sink_shared){.sent = {6, 1}, .at = {8, 21}, .missed = {2, 0}, .failing_since_ns = 5};
	b->counter[0][COUNT_flow_opened] = 9;
	b->counter[1][COUNT_flow_closed_fin] = 4;
}

static void test_text(void **state)
{
	static const char *const lines[] = {
		"# TYPE postwacht_packets_total counter",
		"postwacht_packets_total{tap=\"tap0\",port=\"0000:81:00.1\"} 501",
		"postwacht_capture_missed_total{tap=\"tap0\",port=\"0000:81:00.1\",reason=\"no_mbuf\"} 7",
		"postwacht_last_packet_timestamp_seconds{tap=\"tap0\",port=\"0000:81:00.1\"} 1795784566.415665755",
		"postwacht_port_link_up{tap=\"tap0\",port=\"0000:81:00.0\"} 1",
		"postwacht_worker_busy_seconds_total{worker=\"1\"} 1.500000000",
		"postwacht_flow_table_entries 5",
		"postwacht_dissect_total{counter=\"flow_opened\"} 9",
		"postwacht_sessions_total{verdict=\"clear\"} 2",
		"postwacht_session_states_total{state=\"starttls_ok\"} 5",
		"postwacht_alerts_total{severity=\"high\"} 3",
		"postwacht_outbox_records_total{lane=\"sessions\"} 20",
		"postwacht_outbox_kept_records{lane=\"alerts\"} 8",
		"postwacht_outbox_kept_records{lane=\"sessions\"} 0",
		"postwacht_outbox_state{state=\"no space\"} 1",
		"postwacht_outbox_state{state=\"good\"} 0",
		"postwacht_outbox_sync_seconds_total 0.000000001",
		"postwacht_alert_durable_seconds_bucket{le=\"0.001\"} 1",
		"postwacht_alert_durable_seconds_bucket{le=\"0.5\"} 1",
		"postwacht_alert_durable_seconds_bucket{le=\"1.0\"} 3",
		"postwacht_alert_durable_seconds_bucket{le=\"600.0\"} 3",
		"postwacht_alert_durable_seconds_bucket{le=\"+Inf\"} 7",
		"postwacht_alert_durable_seconds_count 7",
		"postwacht_alert_durable_seconds_sum 1.234567",
		"postwacht_sink_sent_records_total{sink=\"siem\",lane=\"alerts\"} 6",
		"postwacht_sink_waiting_records{sink=\"siem\",lane=\"alerts\"} 3",
		"postwacht_sink_waiting_records{sink=\"siem\",lane=\"sessions\"} 0",
		"postwacht_sink_missed_records_total{sink=\"siem\",lane=\"alerts\"} 2",
		"postwacht_sink_failing{sink=\"siem\"} 1",
		"postwacht_sink_info{sink=\"siem\",type=\"stdout\"} 1",
		"postwacht_process_up{process=\"keeper\"} 1",
		"postwacht_heartbeat_interval_seconds 30",
		"postwacht_healthy 0",
	};
	struct board *b = board_well();
	fill(b);
	const char *text = page_of(b, METRICS_TEXT);
	read_page(text, METRICS_TEXT);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		has(text, lines[i]);
	text = page_of(b, METRICS_OPENMETRICS);
	read_page(text, METRICS_OPENMETRICS);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		has(text, lines[i][0] == '#' ? "# TYPE postwacht_packets counter" : lines[i]);
	has(text, "# TYPE postwacht_build info");
	has(text, "# UNIT postwacht_alert_durable_seconds seconds");
	free(b);
}

// Nothing has begun yet: no port is open, no record was written, no sink has moved.
static void test_empty(void **state)
{
	struct board *b = calloc(1, sizeof *b);
	config_init(&b->config[0]);
	for (int f = METRICS_TEXT; f <= METRICS_OPENMETRICS; f++) {
		const char *text = page_of(b, (enum metrics_format)f);
		read_page(text, (enum metrics_format)f);
		has(text, "postwacht_outbox_kept_records{lane=\"alerts\"} 0");
		has(text, "postwacht_sink_waiting_records{sink=\"stdout\",lane=\"alerts\"} 0");
		has(text, "postwacht_outbox_state{state=\"good\"} 1");
	}
	free(b);
}

static void well(struct board *b) { b->state.outbox.state = OUTBOX_GOOD; b->state.sink[0] = (struct sink_shared){.at = {1, 1}}; }
static void no_keeper(struct board *b) { b->state.child[CHILD_KEEPER].name[0] = '\0'; }
static void not_begun(struct board *b) { b->state.sink[0].at[0] = 0; }
static void behind(struct board *b) { b->state.sink[0].at[0] = 2; }
static void no_room(struct board *b) { b->state.records_lost = 2; b->state.outbox.forgotten[OUTBOX_SESSIONS] = 5; }
static void ahead(struct board *b) { b->state.sink[0].at[0] = UINT64_MAX; }
static void turned_later(struct board *b) { b->judge_turned_ns = UINT64_MAX; }
static void wide_sum(struct board *b) { b->state.durable.n[3] = b->state.durable.n[7] = UINT64_MAX; }
static void odd_state(struct board *b) { b->state.outbox.state = -7; }
static void more_closed(struct board *b) { b->counter[0][COUNT_flow_closed_rst] = 100; }
static void renamed(struct board *b) { strcpy(b->state.port[0].name, "x\"} 1\nevil 2"); strcpy(b->state.sink[0].name, "evil"); }
static void many(struct board *b) { b->state.n_ports = b->state.n_workers = b->state.n_children = b->state.n_sinks = UINT32_MAX; }

static const struct {
	void (*change)(struct board *b);
	const char *line, *not;
} odd[] = {
	{well, "postwacht_healthy 1", NULL},
	{no_keeper, "postwacht_process_up{process=\"judge\"} 1", "keeper"},
	{not_begun, "postwacht_sink_waiting_records{sink=\"siem\",lane=\"alerts\"} 8", NULL},
	{behind, "postwacht_sink_waiting_records{sink=\"siem\",lane=\"alerts\"} 8", NULL},
	{no_room, "postwacht_records_lost_total 7", NULL},
	{ahead, "postwacht_sink_waiting_records{sink=\"siem\",lane=\"alerts\"} 0", NULL},
	{turned_later, "postwacht_process_turn_age_seconds{process=\"judge\"} 0.000000000", NULL},
	{wide_sum, "postwacht_alert_durable_seconds_bucket{le=\"+Inf\"} 18446744073709551615", NULL},
	{odd_state, "postwacht_outbox_state{state=\"failing\"} 1", NULL},
	{more_closed, "postwacht_flow_table_entries 0", NULL},
	{renamed, "postwacht_packets_total{tap=\"tap0\",port=\"0000:81:00.0\"} 500", "evil"},
	{many, "postwacht_packets_total{tap=\"tap0\",port=\"0000:81:00.1\"} 501", NULL},
};

static void test_odd(void **state)
{
	for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
		struct board *b = board_well();
		fill(b);
		odd[i].change(b);
		const char *text = page_of(b, METRICS_TEXT);
		read_page(text, METRICS_TEXT);
		has(text, odd[i].line);
		if (odd[i].not != NULL && strstr(text, odd[i].not) != NULL)
			fail_msg("row %zu: %s is there", i, odd[i].not);
		free(b);
	}
}

// A board on which every octet was written by somebody who means harm.
static void test_hostile(void **state)
{
	struct board *b = calloc(1, sizeof *b);
	for (unsigned octet = 0; octet < 256; octet += octet < 2 ? 1 : 25) {
		config_init(&b->config[0]);
		strcpy(b->config[0].taps.tap[0].port[0], "pcap:eth1");
		b->config[0].taps.tap[0].n_ports = 1;
		memset(&b->state, (int)octet, sizeof b->state);
		memset(b->counter, (int)octet, sizeof b->counter);
		memset(b->states, (int)octet, sizeof b->states);
		memset(b->turned_ns, (int)octet, sizeof b->turned_ns);
		memset(&b->config[1], (int)octet, sizeof b->config[0]);
		for (int f = METRICS_TEXT; f <= METRICS_OPENMETRICS; f++)
			read_page(page_of(b, (enum metrics_format)f), (enum metrics_format)f);
	}
	free(b);
}

static void test_names(void **state)
{
	struct board *b = board_well();
	struct config *c = &b->config[0];
	fill(b);
	strcpy(c->taps.tap[0].port[0], "a\"b\\c\nx{}=,\x7f\xc3\xa9");
	strcpy(c->outputs.output[0].name, "\"} 1\n#");
	const char *text = page_of(b, METRICS_TEXT);
	read_page(text, METRICS_TEXT);
	has(text, "postwacht_packets_total{tap=\"tap0\",port=\"a\\\"b\\\\c%0Ax{}=,%7F%C3%A9\"} 500");
	has(text, "postwacht_sink_failing{sink=\"\\\"} 1%0A#\"} 1");
	free(b);
}

// As many ports, workers and sinks as there can be, with the longest names, every octet of which takes three.
static void test_largest(void **state)
{
	struct board *b = board_well();
	struct config *c = &b->config[0];
	b->state.n_workers = SENSOR_WORKERS;
	c->taps.n = FACTS_TAPS;
	for (size_t t = 0; t < FACTS_TAPS; t++) {
		snprintf(c->taps.tap[t].name, sizeof c->taps.tap[t].name, "%zu", t);
		memset(c->taps.tap[t].name + 1, 'n', CONFIG_NAME_MAX - 1);
		c->taps.tap[t].n_ports = CONFIG_ARMS;
		for (size_t p = 0; p < CONFIG_ARMS; p++) {
			memset(c->taps.tap[t].port[p], 0xc3, CONFIG_PORT_MAX);
			c->taps.tap[t].port[p][0] = (char)('0' + p);
		}
	}
	c->outputs.n = SINKS_MAX;
	for (size_t i = 0; i < SINKS_MAX; i++) {
		memset(c->outputs.output[i].name, 's', SINK_NAME);
		c->outputs.output[i].name[0] = (char)('0' + i);
	}
	memset(&b->state.sink, 0xff, sizeof b->state.sink);
	memset(&b->state.port, 0xff, sizeof b->state.port);
	memset(b->counter, 0xff, sizeof b->counter);
	const char *text = page_of(b, METRICS_OPENMETRICS);
	read_page(text, METRICS_OPENMETRICS);
	assert_true(strlen(text) < METRICS_MAX / 4 * 3);
	size_t len = strlen(text);
	assert_int_equal(metrics_write(page, len, METRICS_OPENMETRICS, &view), len);
	assert_int_equal(metrics_write(page, len - 1, METRICS_OPENMETRICS, &view), 0);
	assert_int_equal(metrics_write(page, 0, METRICS_OPENMETRICS, &view), 0);
	free(b);
}

static void test_table(void **state)
{
	for (size_t i = 0; i < metrics_families_n; i++) {
		const struct metrics_family *f = &metrics_families[i];
		size_t n = strlen(f->name), u = strlen(f->unit);
		assert_int_equal(name_len(f->name), n);
		assert_null(strpbrk(f->help, "\"\\\n"));
		assert_true(f->help[strlen(f->help) - 1] == '.');
		assert_true(u == 0 || strcmp(f->name + n - u, f->unit) == 0);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(f->name, metrics_families[k].name);
	}
}

static const struct {
	const char *accept;
	enum metrics_format want;
} accepts[] = {
	{NULL, METRICS_TEXT},
	{"", METRICS_TEXT},
	{"*/*", METRICS_TEXT},
	{"application/openmetrics-text", METRICS_OPENMETRICS},
	{"application/openmetrics-text; version=1.0.0", METRICS_OPENMETRICS},
	{"APPLICATION/OpenMetrics-Text;Version=1.0.0;charset=utf-8", METRICS_OPENMETRICS},
	{"application/openmetrics-text;version=0.0.1", METRICS_TEXT},
	{"application/openmetrics-text;version=1.0.0;q=0", METRICS_TEXT},
	{"application/openmetrics-text;version=1.0.0;q=0.000", METRICS_TEXT},
	{"application/openmetrics-text;q=0.5,text/plain;q=0.75", METRICS_TEXT},
	{"application/openmetrics-text;q=0.5,text/plain;q=0.5", METRICS_OPENMETRICS},
	{"text/plain;version=0.0.4;q=1,application/openmetrics-text;q=1.000", METRICS_OPENMETRICS},
	{"application/openmetrics-text;q=1.001", METRICS_TEXT},
	{"application/openmetrics-text;q=2", METRICS_TEXT},
	{"application/openmetrics-text;q=x", METRICS_TEXT},
	{"application/openmetrics-text;q=0.5000", METRICS_TEXT},
	{"application/openmetrics-textual", METRICS_TEXT},
	{"xapplication/openmetrics-text", METRICS_TEXT},
	{",,;;,application/openmetrics-text ; ;,", METRICS_OPENMETRICS},
	// Prometheus 2.42 and 3
	{"application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		METRICS_OPENMETRICS},
	{"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,"
	 "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", METRICS_OPENMETRICS},
};

static void test_accept(void **state)
{
	for (size_t i = 0; i < sizeof accepts / sizeof accepts[0]; i++)
		if (metrics_accept(accepts[i].accept) != accepts[i].want)
			fail_msg("%s", accepts[i].accept != NULL ? accepts[i].accept : "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_odd),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_accept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

// What HTTP receivers are asked, and what their answers mean: nothing that was not taken counts as taken, and a batch that grew is
// another batch.
#include "alerts/sink/http_private.h"

#include "tests/unit/alerts/sink/sink_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>

enum { N = 3 };

static const struct outbox_about alert = {.type = RECORD_ALERT}, smtp = {.type = RECORD_SMTP}, tls = {.type = RECORD_TLS};

static const struct sink_message messages[N] = {
	{.octets = "{\"a\":\"\\\"\"}", .len = 10, .about = &alert, .key = "1:k=", .id = "A1", .epoch = 7, .seq = 41, .lane = OUTBOX_ALERTS},
	{.octets = "{}", .len = 2, .about = &smtp, .key = "", .id = "S1", .epoch = 7, .seq = 5, .lane = OUTBOX_SESSIONS},
	{.octets = "{\"b\":1}", .len = 7, .about = &tls, .key = "", .id = "S1", .epoch = 7, .seq = 6, .lane = OUTBOX_SESSIONS},
};

static void a_bulk_body(void **state)
{
	struct sink_config c = {.name = "es", .target = "post\"wacht"};
	struct http_octets o = {.max = 4096};
	elastic_body(&o, &c, "sensor-1", messages, N);
	http_add(&o, "", 1);
	assert_string_equal(o.at,
		"{\"create\":{\"_index\":\"post\\\"wacht\",\"_id\":\"sensor-1-alert-A1\"}}\n{\"a\":\"\\\"\"}\n"
		"{\"create\":{\"_index\":\"post\\\"wacht\",\"_id\":\"sensor-1-smtp-S1\"}}\n{}\n"
		"{\"create\":{\"_index\":\"post\\\"wacht\",\"_id\":\"sensor-1-es-7-sessions-6\"}}\n{\"b\":1}\n");
	free(o.at);
}

static void rows(void **state)
{
	struct sink_config c = {.name = "ch"};
	struct http_octets o = {.max = 4096};
	clickhouse_body(&o, &c, "sensor-1", messages, 1);
	http_add(&o, "", 1);
	assert_string_equal(o.at, "{\"line\":\"{\\\"a\\\":\\\"\\\\\\\"\\\"}\",\"host\":\"sensor-1\",\"sink\":\"ch\",\"event_type\":\"alert\",\"id\":\"A1\","
		"\"key\":\"1:k=\",\"lane\":\"alerts\",\"epoch\":7,\"seq\":41}\n");
	free(o.at);
}

static void strings(void **state)
{
	static const struct {
		const char *octets;
		size_t len;
		const char *want;
	} row[] = {
		{"", 0, "\"\""},
		{"a\"b\\c", 5, "\"a\\\"b\\\\c\""},
		{"\n\t\0\x7f", 4, "\"\\u000a\\u0009\\u0000\\u007f\""},
		{"\xc3\xa4", 2, "\"\xc3\xa4\""},
		{"\"", 1, "\"\\\"\""},
	};
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct http_octets o = {.max = 100};
		http_add_string(&o, row[i].octets, row[i].len);
		assert_int_equal(o.len, strlen(row[i].want));
		assert_memory_equal(o.at, row[i].want, o.len);
		free(o.at);
	}
}

// Prepared or not, with a password in the clear.
static void passwords_stay_here(void **state)
{
	extern const struct sink_ops sink_http_ops;
	static const struct {
		const char *url;
		bool good;
	} row[] = {
		{"http://127.0.0.1:9200", true},
		{"http://127.9.9.9:9200", true},
		{"http://[::1]:9200", true},
		{"http://[0:0::1]:9200", true},
		{"http://[::2]:9200", false},
		{"http://localhost:9200", true},
		{"http://127.example.org:9200", false},
		{"http://127.0.0.1.example.org", false},
		{"http://128.0.0.1:9200", false},
		{"http://localhost.example.org", false},
	};
	const char *password = sink_path("password");
	sink_write(password, "secret\n", 7);
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct sink_config c = {.name = "es", .type = SINK_HTTP, .api = API_ELASTICSEARCH, .target = "mail", .user = "u"};
		struct sink *s;
		snprintf(c.url, sizeof c.url, "%s", row[i].url);
		snprintf(c.password_file, sizeof c.password_file, "%s", password);
		int rc = sink_http_ops.prepare(&s, &c, &sink_env);
		if ((rc == 0) != row[i].good)
			fail_msg("%s: %d", row[i].url, rc);
		sink_http_ops.destroy(&s);
	}
}

// A receiver whose headers never end: the hand-over fails, and not for want of memory or time.
static void *endless(void *at)
{
	static const char line[] = "X-Nothing: 0123456789012345678901234567890123456789012345678901234567890123456789\r\n";
	char asked[4096];
	int fd = accept(*(int *)at, NULL, NULL);
	(void)!recv(fd, asked, sizeof asked, 0);
	(void)!send(fd, "HTTP/1.1 200 OK\r\n", 17, MSG_NOSIGNAL);
	for (int i = 0; i < 1 << 20; i++) // 80 MiB
		if (send(fd, line, sizeof line - 1, MSG_NOSIGNAL) < 0)
			break;
	close(fd);
	return NULL;
}

static void headers_without_end(void **state)
{
	extern const struct sink_ops sink_http_ops;
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof here;
	struct sink_config c = {.name = "es", .type = SINK_HTTP, .api = API_ELASTICSEARCH, .target = "mail"};
	struct sink *s;
	pthread_t thread;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&here, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&here, &len), 0);
	assert_int_equal(pthread_create(&thread, NULL, endless, &fd), 0);
	snprintf(c.url, sizeof c.url, "http://127.0.0.1:%u", ntohs(here.sin_port));
	assert_int_equal(sink_http_ops.prepare(&s, &c, &sink_env), 0);
	assert_int_equal(sink_http_ops.open(s), -EMSGSIZE);
	sink_http_ops.close(s);
	sink_http_ops.destroy(&s);
	pthread_join(thread, NULL);
	close(fd);
}

static void no_more_than_the_bound(void **state)
{
	struct http_octets o = {.max = 10};
	http_add(&o, "0123456789", 10);
	assert_false(o.full);
	http_add(&o, "x", 1);
	assert_true(o.full);
	assert_int_equal(o.len, 10);
	http_add(&o, "", 0);
	assert_true(o.full);
	free(o.at);
}

#define HAD "{\"create\":{\"status\":201}}"
#define TWICE "{\"create\":{\"status\":409,\"error\":{\"type\":\"version_conflict_engine_exception\"}}}"
#define BUSY "{\"create\":{\"status\":429,\"error\":{\"type\":\"es_rejected_execution_exception\"}}}"
#define NEVER "{\"create\":{\"status\":400,\"error\":{\"type\":\"mapper_parsing_exception\",\"reason\":\"r\"}}}"
#define LIMIT "{\"create\":{\"status\":400,\"error\":{\"type\":\"illegal_argument_exception\",\"reason\":\"no write index\"}}}"
#define ITEMS(...) "{\"items\":[" __VA_ARGS__ "]}"

static const struct {
	const char *name;
	long status;
	const char *body;
	size_t taken, refused;
	int error;
	bool fewer;
} answers[] = {
	{"all had", 200, ITEMS(HAD "," HAD "," HAD), 3, 0, 0, false},
	{"had before", 200, ITEMS(TWICE "," HAD "," TWICE), 3, 0, 0, false},
	{"one never", 200, ITEMS(HAD "," NEVER "," HAD), 3, 1, 0, false},
	{"busy in the middle", 200, ITEMS(HAD "," BUSY "," HAD), 1, 0, -EAGAIN, false},
	{"busy at first", 200, ITEMS(BUSY "," HAD "," HAD), 0, 0, -EAGAIN, false},
	{"never, then busy", 200, ITEMS(NEVER "," BUSY "," HAD), 1, 1, -EAGAIN, false},
	{"400 that may pass", 200, ITEMS(HAD "," LIMIT "," HAD), 1, 0, -EAGAIN, false},
	{"an item of another action", 200, ITEMS("{\"index\":{\"status\":201}}," HAD "," HAD), 0, 0, -EAGAIN, false},
	{"a status that is no number", 200, ITEMS("{\"create\":{\"status\":\"201\"}}," HAD "," HAD), 0, 0, -EAGAIN, false},
	{"too few items", 200, ITEMS(HAD "," HAD), 0, 0, -EPROTO, false},
	{"too many items", 200, ITEMS(HAD "," HAD "," HAD "," HAD), 0, 0, -EPROTO, false},
	{"no items", 200, "{}", 0, 0, -EPROTO, false},
	{"no JSON", 200, "<html>", 0, 0, -EPROTO, false},
	{"nothing", 200, "", 0, 0, -EPROTO, false},
	{"another success", 204, ITEMS(HAD "," HAD "," HAD), 0, 0, -EPROTO, false},
	{"too large", 413, "", 0, 0, -EPROTO, true},
	{"not let in", 401, "", 0, 0, -EPROTO, false},
	{"redirected", 302, "", 0, 0, -EPROTO, false},
	{"all busy", 429, "", 0, 0, -EAGAIN, false},
	{"broken", 503, ITEMS(HAD "," HAD "," HAD), 0, 0, -EAGAIN, false},
};

static void what_bulk_answers(void **state)
{
	for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
		struct http_outcome o = {.taken = 0};
		elastic_outcome(&o, &(struct http_answer){.status = answers[i].status, .body = answers[i].body, .len = strlen(answers[i].body)}, N);
		if (o.taken != answers[i].taken || o.refused != answers[i].refused || o.error != answers[i].error || o.fewer != answers[i].fewer)
			fail_msg("%s: taken %zu, refused %zu, error %d, fewer %d", answers[i].name, o.taken, o.refused, o.error, o.fewer);
	}
}

// What was refused before counts, what was taken in between ends it, and what is one too many is not given up.
static void refused_in_a_row(void **state)
{
	static const struct {
		uint32_t before, after;
		const char *body;
		size_t taken, refused;
		bool enough;
	} row[] = {
		{0, 3, ITEMS(NEVER "," NEVER "," NEVER), 3, 3, false},
		{13, 16, ITEMS(NEVER "," NEVER "," NEVER), 3, 3, false},
		{14, 16, ITEMS(NEVER "," NEVER "," NEVER), 2, 2, true},
		{16, 16, ITEMS(NEVER "," HAD "," HAD), 0, 0, true},
		{16, 0, ITEMS(HAD "," HAD "," HAD), 3, 0, false},
		{15, 1, ITEMS(NEVER "," TWICE "," NEVER), 3, 2, false},
		{16, 16, ITEMS(BUSY "," NEVER "," NEVER), 0, 0, false},
	};
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct http_outcome o = {.in_a_row = row[i].before};
		elastic_outcome(&o, &(struct http_answer){.status = 200, .body = row[i].body, .len = strlen(row[i].body)}, N);
		if (o.taken != row[i].taken || o.refused != row[i].refused || o.in_a_row != row[i].after || o.enough != row[i].enough)
			fail_msg("row %zu: taken %zu, refused %zu, in a row %u, enough %d", i, o.taken, o.refused, o.in_a_row, o.enough);
		assert_true(o.taken == N || o.error < 0);
	}
}

static const struct {
	const char *name;
	long status;
	int exception;
	const char *body;
	bool plain, taken, fewer;
	int error;
} inserts[] = {
	{"taken", 200, 0, "", false, true, false, 0},
	{"200, and then an exception", 200, 241, "", false, false, false, -EPROTO},
	{"200, and an exception in old words", 200, 0, "Code: 241, e.displayText() = DB::Exception: Memory limit", false, false, false, -EPROTO},
	{"200, of a portal", 200, 0, "<html>", false, false, false, -EPROTO},
	{"200, of a server that was asked for nothing", 200, 0, "Ok.\n", false, false, false, -EPROTO},
	{"a value", 400, 27, "Code: 27.", false, false, true, -EPROTO},
	{"a value, in old words", 400, 0, "Code: 27, e.displayText()", false, false, true, -EPROTO},
	{"a constraint", 500, 469, "", false, false, true, -EAGAIN},
	{"no table", 404, 60, "", false, false, false, -EPROTO},
	{"a setting that it does not know", 404, 115, "", false, false, false, -ERESTART},
	{"again, though they were left out", 404, 115, "", true, false, false, -EPROTO},
	{"not let in", 403, 516, "", false, false, false, -EPROTO},
	{"too large", 413, 0, "", false, false, true, -EPROTO},
	{"down", 503, 0, "Code: 99999999999999999999", false, false, false, -EAGAIN},
};

static void what_insert_answers(void **state)
{
	for (size_t i = 0; i < sizeof inserts / sizeof inserts[0]; i++) {
		struct http_outcome o = {.taken = 0};
		bool plain = inserts[i].plain;
		struct http_answer a = {.status = inserts[i].status, .exception = inserts[i].exception, .body = inserts[i].body,
			.len = strlen(inserts[i].body)};
		clickhouse_outcome(&o, &a, N, &plain);
		if (o.taken != (inserts[i].taken ? N : 0) || o.refused != 0 || o.error != inserts[i].error || o.fewer != inserts[i].fewer)
			fail_msg("%s: taken %zu, error %d, fewer %d", inserts[i].name, o.taken, o.error, o.fewer);
		assert_int_equal(plain, inserts[i].plain || inserts[i].error == -ERESTART);
	}
}

static void what_a_batch_is_called(void **state)
{
	struct sink_config c = {.name = "ch", .target = "db.t"};
	char all[CLICKHOUSE_URL], fewer[CLICKHOUSE_URL], plain[CLICKHOUSE_URL];
	clickhouse_query(all, &c, "sensor&1", messages, N, false);
	clickhouse_query(fewer, &c, "sensor&1", messages, 2, false);
	clickhouse_query(plain, &c, "sensor&1", messages, N, true);
	assert_string_equal(all, "?query=INSERT%20INTO%20db.t%20FORMAT%20JSONEachRow&input_format_skip_unknown_fields=1&wait_end_of_query=1"
		"&async_insert=0&insert_deduplication_token=sensor%261%3Ach%3Aalerts%3A7%3A41-41%3Asessions%3A7%3A5-6");
	assert_string_not_equal(all, fewer);
	assert_null(strstr(plain, "token"));
}

static void targets(void **state)
{
	static const char *const good[] = {"t", "db.t", "_", "a1.b2"};
	static const char *const bad[] = {"", ".", "a.", ".a", "a.b.c", "1a", "a.1", "a b", "a;", "a`", "a\"", "a--", "\xc3\xa4"};
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(clickhouse_target(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_false(clickhouse_target(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bulk_body), cmocka_unit_test(rows), cmocka_unit_test(strings), cmocka_unit_test(no_more_than_the_bound),
		cmocka_unit_test(what_bulk_answers), cmocka_unit_test(refused_in_a_row),
		cmocka_unit_test(what_insert_answers), cmocka_unit_test(what_a_batch_is_called),
		cmocka_unit_test(targets), cmocka_unit_test_setup_teardown(passwords_stay_here, sink_setup, sink_teardown),
		cmocka_unit_test(headers_without_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

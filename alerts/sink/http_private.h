// Shared by the HTTP sinks: what is asked of a server, and what its answer means. Private to alerts/sink/.
#pragma once

#include "alerts/sink/sink.h"

enum {
	HTTP_BODY_MAX = SINK_BATCH * 16 * 1024, // octets of a request: each message escaped, and its own line before it
	HTTP_ANSWER_MAX = 1 << 20,              // of an answer; beyond it the hand-over counts as failed
};

// Octets that grow up to a bound; one that did not fit is `full`, and nothing was added.
struct http_octets {
	char *at;
	size_t len, cap, max;
	bool full;
};
void http_add(struct http_octets *o, const void *p, size_t len);
// As a JSON string with its quotes. Octets that are not UTF-8 are left as they are: messages are UTF-8 already.
void http_add_string(struct http_octets *o, const char *p, size_t len);

// One answer. `exception`: of ClickHouse's header, 0 none.
struct http_answer {
	long status;
	int exception;
	const char *body; // NUL-terminated
	size_t len;
};

// What the receiver did with a batch.
struct http_outcome {
	size_t taken;          // from the first on: had, or refused for good
	size_t refused;        // of these
	int error;             // -errno where not all were taken; 0
	uint32_t in_a_row;     // in, out: refused, up to the last that was taken
	bool enough;           // of what is left the first would be refused, too: it is one more than SINK_REFUSED_MAX
	bool fewer;            // something in the batch cannot be taken: fewer at once may show which
	char why[SINK_WHY];    // of `error`, or of the last that was refused
};

// Elasticsearch and OpenSearch: POST /_bulk. No message of which a double could not be told.
void elastic_body(struct http_octets *out, const struct sink_config *c, const char *host, const struct sink_message *m, size_t n);
void elastic_outcome(struct http_outcome *o, const struct http_answer *a, size_t n);

// ClickHouse: INSERT ... FORMAT JSONEachRow. `url` gets the query string, with its "?". Every message of a batch has the epoch of the
// first.
enum { CLICKHOUSE_URL = 1024 };
bool clickhouse_target(const char *target); // [DATABASE.]TABLE that needs no quoting
// `plain`: without settings that servers before 22.2 do not know.
void clickhouse_query(char url[static CLICKHOUSE_URL], const struct sink_config *c, const char *host, const struct sink_message *m,
	size_t n, bool plain);
void clickhouse_body(struct http_octets *out, const struct sink_config *c, const char *host, const struct sink_message *m,
	size_t n);
int clickhouse_code(const char *text); // a number of its errors; 0: none
// *plain is set where the server did not know a setting: once more, then.
void clickhouse_outcome(struct http_outcome *o, const struct http_answer *a, size_t n, bool *plain);

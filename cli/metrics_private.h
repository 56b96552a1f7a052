// Between the files of the metrics: what they are made from, the table of families, and the two ways to write them.
//
// Every number may have been written by a process that was taken over; words never come from there: labels are those of closed
// tables, and names of the configuration.
#pragma once

#include "cli/control_health.h"
#include "cli/metrics.h"

// 0.0.4 of Prometheus' text format, or OpenMetrics 1.0.0 (openmetrics.io, later draft-richih-opsawg-openmetrics).
enum metrics_format { METRICS_TEXT, METRICS_OPENMETRICS };

// What labels are called, copied at the start. In the order of the configuration, which is that of the board.
struct metrics_names {
	struct {
		char tap[CONFIG_NAME_MAX + 1], port[CONFIG_PORT_MAX + 1];
	} port[SENSOR_PORTS];
	struct {
		char name[SINK_NAME + 1];
		const char *type;
	} sink[OUTBOX_SINKS];
	size_t n_ports, n_sinks;
	uint32_t flows_max;
};

void metrics_names(struct metrics_names *out, const struct config *c);

// The sensor at one moment. Large: not on a stack.
struct metrics_view {
	struct sensor_state state;        // sensor_copy()
	uint64_t counter[DISSECT_COUNTERS]; // all workers'
	uint64_t states[STATE_N], verdicts[VERDICT_N];
	uint64_t turned_ns[CHILDREN];     // monotonic, the oldest of its threads; 0: not known
	struct control_health health;
	const struct metrics_names *names;
	uint32_t heartbeat_s;
	uint64_t mono_ns, wall_ns;
};

void metrics_look(struct metrics_view *v, const struct board *b, const struct metrics_names *names, uint64_t mono_ns, uint64_t wall_ns);

// ---- writing -----------------------------------------------------------------------------------------------------------

enum { METRICS_MAX = 256 << 10 }; // octets of a page: with 16 ports and 8 sinks of the longest names it is half of that

enum metrics_type { METRICS_COUNTER, METRICS_GAUGE, METRICS_HISTOGRAM, METRICS_INFO };

struct metrics_text {
	char *start, *at, *end;   // the caller's buffer
	enum metrics_format format;
	const struct metrics_family *family; // whose samples are written
	bool overflow;            // something found no room: the page is not to be used
};

struct metrics_label {
	const char *name, *value;
};

struct metrics_family {
	const char *name;         // without postwacht_ and _total
	enum metrics_type type;
	const char *unit;         // in which its name ends; "" none
	const char *help;         // without quotation marks, backslashes and newlines
	void (*write)(struct metrics_text *t, const struct metrics_view *v);
	size_t at;                // of the field, where `write` is for several families
};

extern const struct metrics_family metrics_families[];
extern const size_t metrics_families_n;

// The page. Its length; 0: it does not fit.
size_t metrics_write(char *out, size_t cap, enum metrics_format format, const struct metrics_view *v);

// Samples of t->family. Octets that are not printable ASCII stand in values of labels as %XX.
void metrics_put(struct metrics_text *t, const struct metrics_label *l, size_t n, uint64_t value);
void metrics_put_ns(struct metrics_text *t, const struct metrics_label *l, size_t n, uint64_t ns); // as seconds
void metrics_put_latency(struct metrics_text *t, const struct metrics_label *l, size_t n, const struct latency *latency);

// What the Accept header of a request asks for; NULL: none.
enum metrics_format metrics_accept(const char *accept);

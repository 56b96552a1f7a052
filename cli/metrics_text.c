// The exposition formats: names, escaping, numbers. No floating point: seconds are written from nanoseconds, exactly.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/metrics_private.h"

#define SECOND_NS UINT64_C(1000000000)

static void raw(struct metrics_text *t, const char *p, size_t len)
{
	if (t->overflow || len > (size_t)(t->end - t->at)) {
		t->overflow = true;
		return;
	}
	memcpy(t->at, p, len);
	t->at += len;
}

static void text(struct metrics_text *t, const char *s)
{
	raw(t, s, strlen(s));
}

// ---- samples ---------------------------------------------------------------------------------------------------------

static void escaped(struct metrics_text *t, const char *value)
{
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;
		char hex[4];
		if (c == '"' || c == '\\')
			raw(t, "\\", 1);
		if (c >= ' ' && c < 0x7f)
			raw(t, value, 1);
		else
			raw(t, hex, (size_t)snprintf(hex, sizeof hex, "%%%02X", c));
	}
}

static void sample(struct metrics_text *t, const char *suffix, const struct metrics_label *l, size_t n, const char *value)
{
	text(t, "postwacht_");
	text(t, t->family->name);
	text(t, suffix);
	for (size_t i = 0; i < n; i++) {
		text(t, i == 0 ? "{" : ",");
		text(t, l[i].name);
		text(t, "=\"");
		escaped(t, l[i].value);
		text(t, "\"");
	}
	text(t, n > 0 ? "} " : " ");
	text(t, value);
	text(t, "\n");
}

static const char *suffix_of(const struct metrics_family *f)
{
	return f->type == METRICS_COUNTER ? "_total" : f->type == METRICS_INFO ? "_info" : "";
}

void metrics_put(struct metrics_text *t, const struct metrics_label *l, size_t n, uint64_t value)
{
	char number[24];
	snprintf(number, sizeof number, "%" PRIu64, value);
	sample(t, suffix_of(t->family), l, n, number);
}

void metrics_put_ns(struct metrics_text *t, const struct metrics_label *l, size_t n, uint64_t ns)
{
	char number[32];
	snprintf(number, sizeof number, "%" PRIu64 ".%09" PRIu64, ns / SECOND_NS, ns % SECOND_NS);
	sample(t, suffix_of(t->family), l, n, number);
}

// 1 ms is 0.001, 2000 ms are 2.0: as OpenMetrics wants bounds written, and the same in both formats, since they are labels.
static void print_bound(char out[static 16], uint32_t ms)
{
	int len = snprintf(out, 16, "%u.%03u", ms / 1000, ms % 1000);
	while (out[len - 1] == '0' && out[len - 2] != '.')
		out[--len] = '\0';
}

enum { LABELS_MAX = 4 };

void metrics_put_latency(struct metrics_text *t, const struct metrics_label *l, size_t n, const struct latency *latency)
{
	struct metrics_label with_bound[LABELS_MAX];
	char bound[16], number[40];
	uint64_t sum = 0;
	n = n < LABELS_MAX ? n : LABELS_MAX - 1;
	for (size_t i = 0; i < n; i++)
		with_bound[i] = l[i];
	for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
		if (i < LATENCY_BUCKETS - 1)
			print_bound(bound, latency_bound_ms[i]);
		else
			strcpy(bound, "+Inf");
		if (__builtin_add_overflow(sum, latency->n[i], &sum))
			sum = UINT64_MAX; // nobody has counted so far; it must not seem to fall
		with_bound[n] = (struct metrics_label){"le", bound};
		snprintf(number, sizeof number, "%" PRIu64, sum);
		sample(t, "_bucket", with_bound, n + 1, number);
	}
	sample(t, "_count", l, n, number);
	snprintf(number, sizeof number, "%" PRIu64 ".%06" PRIu64, latency->sum_us / 1000000, latency->sum_us % 1000000);
	sample(t, "_sum", l, n, number);
}

// ---- the page --------------------------------------------------------------------------------------------------------

// OpenMetrics names the family, whose samples end in _total or _info; the older format names the samples.
static void describe(struct metrics_text *t, const char *what, const char *value)
{
	const struct metrics_family *f = t->family;
	text(t, "# ");
	text(t, what);
	text(t, " postwacht_");
	text(t, f->name);
	text(t, t->format == METRICS_OPENMETRICS ? "" : suffix_of(f));
	text(t, " ");
	text(t, value);
	text(t, "\n");
}

static void write_family(struct metrics_text *t, const struct metrics_family *f, const struct metrics_view *v)
{
	static const char *const types[][2] = {
		[METRICS_COUNTER] = {"counter", "counter"},
		[METRICS_GAUGE] = {"gauge", "gauge"},
		[METRICS_HISTOGRAM] = {"histogram", "histogram"},
		[METRICS_INFO] = {"gauge", "info"},
	};
	t->family = f;
	describe(t, "HELP", f->help);
	describe(t, "TYPE", types[f->type][t->format]);
	if (t->format == METRICS_OPENMETRICS && f->unit[0] != '\0')
		describe(t, "UNIT", f->unit);
	f->write(t, v);
}

size_t metrics_write(char *out, size_t cap, enum metrics_format format, const struct metrics_view *v)
{
	struct metrics_text t = {.start = out, .at = out, .end = out + cap, .format = format};
	for (size_t i = 0; i < metrics_families_n; i++)
		write_family(&t, &metrics_families[i], v);
	if (format == METRICS_OPENMETRICS)
		text(&t, "# EOF\n");
	return t.overflow ? 0 : (size_t)(t.at - t.start);
}

// ---- what is asked for -----------------------------------------------------------------------------------------------

// The next of a list, without white space around it. NULL at its end.
static const char *next(const char **rest, char separator, size_t *len)
{
	const char *begin = *rest;
	if (begin == NULL)
		return NULL;
	const char *end = strchrnul(begin, separator);
	*rest = *end == '\0' ? NULL : end + 1;
	while (begin < end && (*begin == ' ' || *begin == '\t'))
		begin++;
	while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*len = (size_t)(end - begin);
	return begin;
}

static bool is(const char *p, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(p, word, len) == 0;
}

// "0.75" in thousandths (RFC 9110, 12.4.2); what is no such number is 0.
static unsigned quality(const char *p, size_t len)
{
	unsigned q = 0, unit = 1000;
	if (len == 0 || len > 5 || (p[0] != '0' && p[0] != '1') || (len > 1 && p[1] != '.'))
		return 0;
	for (size_t i = 0; i < len; i++) {
		if (i == 1)
			continue;
		if (p[i] < '0' || p[i] > '9')
			return 0;
		q += (unsigned)(p[i] - '0') * unit;
		unit /= 10;
	}
	return q <= 1000 ? q : 0;
}

// One media range: its quality where it is `type`, in `version` or none said; else 0.
static unsigned wanted(const char *p, size_t len, const char *type, const char *version)
{
	char range[128];
	const char *rest = range;
	size_t n;
	unsigned q = 1000;
	if (len >= sizeof range)
		return 0;
	memcpy(range, p, len);
	range[len] = '\0';
	const char *part = next(&rest, ';', &n);
	if (!is(part, n, type))
		return 0;
	while ((part = next(&rest, ';', &n)) != NULL) {
		if (n > 2 && strncasecmp(part, "q=", 2) == 0)
			q = quality(part + 2, n - 2);
		else if (n > 8 && strncasecmp(part, "version=", 8) == 0 && !is(part + 8, n - 8, version))
			return 0;
	}
	return q;
}

enum metrics_format metrics_accept(const char *accept)
{
	unsigned open = 0, old = 0, q;
	size_t len;
	for (const char *p; (p = next(&accept, ',', &len)) != NULL;) {
		if ((q = wanted(p, len, "application/openmetrics-text", "1.0.0")) > open)
			open = q;
		if ((q = wanted(p, len, "text/plain", "0.0.4")) > old)
			old = q;
	}
	return open > 0 && open >= old ? METRICS_OPENMETRICS : METRICS_TEXT;
}

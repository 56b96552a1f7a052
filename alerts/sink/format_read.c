// What the formats look up in a record, and what they derive from it.
#include "alerts/sink/format_parts.h"

#include <arpa/inet.h>
#include <string.h>
#include <time.h>

const json_t *format_at(const json_t *root, const char *path)
{
	char name[64];

	while (root && *path) {
		size_t len = strcspn(path, ".");
		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		root = json_is_array(root) ? json_array_get(root, strcmp(name, "0") == 0 ? 0 : SIZE_MAX) : json_object_get(root, name);
		path += len + (path[len] == '.');
	}
	return root;
}

const char *format_text_at(const struct format_view *v, const char *path, size_t *len)
{
	const json_t *j = format_at(v->root, path);

	*len = json_string_length(j);
	return *len ? json_string_value(j) : NULL;
}

const char *format_name_at(const struct format_view *v, const char *path, size_t *len)
{
	const char *p = format_text_at(v, path, len);

	if (!p || *len > FORMAT_NAME)
		return NULL;
	for (size_t i = 0; i < *len; i++)
		if (p[i] < 0x20 || p[i] > 0x7e || p[i] == '"' || p[i] == '\\')
			return NULL;
	return p;
}

bool format_count_at(const struct format_view *v, const char *path, uint64_t *n)
{
	const json_t *j = format_at(v->root, path);

	if (!json_is_integer(j) || json_integer_value(j) < 0)
		return false;
	*n = (uint64_t)json_integer_value(j);
	return true;
}

bool format_port_at(const struct format_view *v, const char *path, uint64_t *n)
{
	return format_count_at(v, path, n) && *n <= UINT16_MAX;
}

bool format_same_at(const struct format_view *v, const char *path, const char *word)
{
	size_t len;
	const char *p = format_text_at(v, path, &len);

	return p && len == strlen(word) && memcmp(p, word, len) == 0;
}

size_t format_bound(const struct format_view *v, const char *p, size_t len)
{
	if (len <= v->shape->text_max)
		return len;
	len = v->shape->text_max;
	while (len && ((unsigned char)p[len] & 0xc0) == 0x80) // not within a character
		len--;
	return len;
}

// ---- time ------------------------------------------------------------------------------------------------------------

// True: `p` looks like `form`, in which 0 stands for any digit.
static bool in_form(const char *p, size_t len, const char *form)
{
	if (len != strlen(form))
		return false;
	for (size_t i = 0; i < len; i++)
		if (form[i] == '0' ? p[i] < '0' || p[i] > '9' : p[i] != form[i])
			return false;
	return true;
}

static int digits(const char *p, size_t n)
{
	int value = 0;

	for (size_t i = 0; i < n; i++)
		value = value * 10 + p[i] - '0';
	return value;
}

bool format_time(const char *p, size_t len, uint64_t *us)
{
	static const char utc[] = "+0000";
	enum { UTC = sizeof(utc) - 1 };

	if (len < UTC || memcmp(p + len - UTC, utc, UTC) != 0 || !in_form(p, len - UTC, "0000-00-00T00:00:00.000000"))
		return false;
	struct tm tm = {.tm_year = digits(p, 4) - 1900, .tm_mon = digits(p + 5, 2) - 1, .tm_mday = digits(p + 8, 2),
		.tm_hour = digits(p + 11, 2), .tm_min = digits(p + 14, 2), .tm_sec = digits(p + 17, 2)};
	struct tm given = tm;
	time_t t = timegm(&tm);
	// timegm() makes the 1st of March of a 30th of February.
	if (t < 0 || tm.tm_mon != given.tm_mon || tm.tm_mday != given.tm_mday || tm.tm_hour != given.tm_hour ||
	    tm.tm_min != given.tm_min || tm.tm_sec != given.tm_sec)
		return false;
	*us = (uint64_t)t * 1000000 + (uint64_t)digits(p + 20, 6);
	return true;
}

bool format_time_at(const struct format_view *v, const char *path, uint64_t *us)
{
	size_t len;
	const char *p = format_text_at(v, path, &len);

	return p && format_time(p, len, us);
}

uint64_t format_time_of(const struct format_view *v)
{
	uint64_t us;

	return format_time_at(v, "timestamp", &us) ? us : v->about->time_ns / 1000;
}

// ---- words -----------------------------------------------------------------------------------------------------------

enum severity format_severity(const struct format_view *v)
{
	for (unsigned i = SEVERITY_INFO; v->type == RECORD_ALERT && i <= SEVERITY_CRITICAL; i++)
		if (format_same_at(v, "alert.metadata.severity.0", severity_name((enum severity)i)))
			return (enum severity)i;
	return SEVERITY_INFO;
}

const char *format_outcome(const struct format_view *v)
{
	static const struct {
		const char *verdict, *outcome;
	} row[] = {{"verified", "success"}, {"encrypted", "success"}, {"clear_against_policy", "failure"}, {"clear", "failure"},
	           {"mismatch", "failure"}, {"weak", "failure"}, {"inconclusive", "unknown"}, {"no_mail", "unknown"}};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (format_same_at(v, "smtp_tls.verdict", row[i].verdict))
			return row[i].outcome;
	return NULL;
}

const char *format_direction(const struct format_view *v)
{
	static const struct {
		const char *ours, *ecs;
	} row[] = {{"inbound", "inbound"}, {"outbound", "outbound"}, {"internal", "internal"}, {"transit", "external"}};

	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		if (format_same_at(v, "smtp_tls.direction", row[i].ours))
			return row[i].ecs;
	return NULL;
}

static const char *const events[RECORD_TYPES] = {[RECORD_SMTP] = "smtp", [RECORD_TLS] = "tls", [RECORD_ALERT] = "alert",
	[RECORD_ANOMALY] = "anomaly", [RECORD_STATS] = "stats"};

const char *format_event(enum record_type type)
{
	return events[type];
}

bool format_type_of(const json_t *root, enum record_type *type)
{
	const char *word = json_string_value(json_object_get(root, "event_type"));

	for (size_t i = 0; word && i < RECORD_TYPES; i++) {
		if (strcmp(word, events[i]) != 0)
			continue;
		*type = (enum record_type)i;
		return true;
	}
	return false;
}

bool format_is_ip(const char *p, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr any;

	if (len >= sizeof(text) || memchr(p, '\0', len))
		return false;
	memcpy(text, p, len);
	text[len] = '\0';
	return inet_pton(AF_INET, text, &any) == 1 || inet_pton(AF_INET6, text, &any) == 1;
}

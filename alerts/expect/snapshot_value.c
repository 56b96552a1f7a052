// Members of one object of a snapshot: present, of their type, within their range.
#include "alerts/expect/snapshot_read.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <string.h>

#include "alerts/expect/name.h"
#include "alerts/expect/snapshot_time.h"

// Keys are somebody's text: what a place or an error quotes of them is printable.
static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

size_t reader_enter(struct reader *r, const char *format, ...)
{
	size_t mark = r->place_len, room = sizeof(r->place) - mark;
	va_list args;

	va_start(args, format);
	int n = vsnprintf(r->place + mark, room, format, args);
	va_end(args);
	if (n > 0)
		r->place_len += (size_t)n < room ? (size_t)n : room - 1;
	make_printable(r->place + mark);
	return mark;
}

void reader_leave(struct reader *r, size_t mark)
{
	r->place_len = mark;
	r->place[mark] = '\0';
}

void reader_fail(struct reader *r, const char *format, ...)
{
	va_list args;

	if (r->result)
		return;
	r->result = 1;
	int n = snprintf(r->error, SNAPSHOT_ERROR, "%s%s", r->place, r->place_len ? ": " : "");
	va_start(args, format);
	vsnprintf(r->error + n, SNAPSHOT_ERROR - (size_t)n, format, args);
	va_end(args);
	make_printable(r->error);
}

static const char *type_name(json_type type)
{
	switch (type) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a text";
	case JSON_INTEGER:
		return "a whole number";
	default:
		return "true or false";
	}
}

bool reader_object(struct reader *r, const json_t *value, const char *const *members)
{
	const char *key;
	json_t *member;

	if (!json_is_object(value)) {
		reader_fail(r, "must be an object");
		return false;
	}
	json_object_foreach((json_t *)(uintptr_t)value, key, member) {
		const char *const *m = members;
		while (*m && strcmp(*m, key) != 0)
			m++;
		if (!*m) {
			reader_fail(r, "unknown member \"%.40s\"", key);
			return false;
		}
	}
	return reader_ok(r);
}

const json_t *reader_member(struct reader *r, const json_t *object, const char *name, json_type type)
{
	const json_t *value = reader_ok(r) ? json_object_get(object, name) : NULL;
	bool good = !value || json_typeof(value) == type || (type == JSON_TRUE && json_is_false(value));

	if (good)
		return value;
	size_t mark = reader_enter(r, ".%s", name);
	reader_fail(r, "must be %s", type_name(type));
	reader_leave(r, mark);
	return NULL;
}

const json_t *reader_required(struct reader *r, const json_t *object, const char *name, json_type type)
{
	const json_t *value = reader_member(r, object, name, type);

	if (!value)
		reader_fail(r, "has no \"%s\"", name);
	return value;
}

bool reader_flag(struct reader *r, const json_t *object, const char *name)
{
	return json_is_true(reader_member(r, object, name, JSON_TRUE));
}

uint32_t reader_number(struct reader *r, const json_t *object, const char *name, uint32_t max)
{
	const json_t *value = reader_member(r, object, name, JSON_INTEGER);
	json_int_t n = json_integer_value(value);

	if (n >= 0 && n <= (json_int_t)max)
		return (uint32_t)n;
	reader_fail(r, "\"%s\" must be from 0 to %lu", name, (unsigned long)max);
	return 0;
}

int64_t reader_time(struct reader *r, const json_t *object, const char *name, int64_t fallback)
{
	const json_t *value = reader_member(r, object, name, JSON_STRING);
	int64_t time_s = fallback;

	if (value && !snapshot_time_read(json_string_value(value), json_string_length(value), &time_s))
		reader_fail(r, "\"%s\" must be a time as 2026-11-23T20:00:00Z", name);
	return time_s;
}

void reader_text(struct reader *r, const json_t *object, const char *name, char *out, size_t size)
{
	const json_t *value = reader_member(r, object, name, JSON_STRING);
	size_t len = json_string_length(value);
	const char *text = json_string_value(value);

	if (len >= size) {
		reader_fail(r, "\"%s\" is longer than %zu octets", name, size - 1);
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (text[i] < ' ' || text[i] > '~') {
			reader_fail(r, "\"%s\" must be printable ASCII", name);
			return;
		}
		out[i] = text[i];
	}
	out[len] = '\0';
}

uint8_t reader_word(struct reader *r, const json_t *object, const char *name, const char *(*names)(unsigned), uint8_t fallback)
{
	const json_t *value = reader_member(r, object, name, JSON_STRING);

	if (!value)
		return fallback;
	for (unsigned i = 0; strcmp(names(i), "invalid") != 0; i++)
		if (strcmp(names(i), json_string_value(value)) == 0)
			return (uint8_t)i;
	reader_fail(r, "\"%s\" cannot be \"%.40s\"", name, json_string_value(value));
	return fallback;
}

void reader_host_name(struct reader *r, const char *text, size_t len, char out[static POLICY_NAME])
{
	if (!name_from_wire(out, (const uint8_t *)text, len))
		reader_fail(r, "\"%.60s\" is no host name", text);
}

void reader_name(struct reader *r, const json_t *object, const char *name, char out[static POLICY_NAME])
{
	const json_t *value = reader_member(r, object, name, JSON_STRING);

	if (!value)
		return;
	size_t mark = reader_enter(r, ".%s", name);
	reader_host_name(r, json_string_value(value), json_string_length(value), out);
	reader_leave(r, mark);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool reader_hex(const char *text, uint8_t *out, size_t max, size_t *len)
{
	size_t n = strlen(text);

	*len = n / 2;
	if (n % 2)
		return false;
	for (size_t i = 0; i < n; i += 2) {
		int high = digit(text[i]), low = digit(text[i + 1]);
		if (high < 0 || low < 0)
			return false;
		if (i / 2 < max)
			out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return true;
}

bool reader_address(const char *text, struct policy_address *out)
{
	*out = (struct policy_address){.ip_v = strchr(text, ':') ? 6 : 4};
	return inet_pton(out->ip_v == 6 ? AF_INET6 : AF_INET, text, out->octets) == 1;
}

const char *reader_dnssec_name(unsigned value)
{
	return policy_dnssec_name((enum policy_dnssec)value);
}

// JSON into a caller's fixed buffer: append only, no allocation, output pure ASCII.
// (No name here is one of jansson's, which may be linked beside it.)
//
//   struct json j;
//   json_init(&j, buffer, sizeof(buffer));
//   json_open_object(&j);
//   json_field(&j, "state", cstr, "starttls_ok");
//   json_field(&j, "gaps", u64, 0);
//   json_close_object(&j);
//   if (json_ok(&j)) write(fd, buffer, json_len(&j));
//
// Commas are the emitter's business; balanced braces, and a key before each member, are the caller's. What does not
// fit is dropped and remembered (sticky overflow), so the caller asks once, at the end. A checkpoint taken before
// something optional can be rolled back to, overflow included.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct json {
	char *start, *at, *end; // the caller's buffer; `at` is the next free octet
	bool first;             // nothing stands before the next value in its object or array, or a key does
	bool overflow;
};

struct json_checkpoint {
	char *at;
	bool first, overflow;
};

static inline void json_init(struct json *j, char *out, size_t cap)
{
	*j = (struct json){.start = out, .at = out, .end = out + cap, .first = true};
}

static inline bool json_ok(const struct json *j)
{
	return !j->overflow;
}

static inline size_t json_len(const struct json *j)
{
	return (size_t)(j->at - j->start);
}

static inline struct json_checkpoint json_checkpoint(const struct json *j)
{
	return (struct json_checkpoint){.at = j->at, .first = j->first, .overflow = j->overflow};
}

static inline void json_rollback(struct json *j, struct json_checkpoint c)
{
	j->at = c.at;
	j->first = c.first;
	j->overflow = c.overflow;
}

// Octets as they are: JSON text the caller vouches for. All of them or none.
static inline void json_put_raw(struct json *j, const char *p, size_t len)
{
	if (j->overflow || len > (size_t)(j->end - j->at)) {
		j->overflow = true;
		return;
	}
	memcpy(j->at, p, len);
	j->at += len;
}

static inline void json_put_char(struct json *j, char c)
{
	json_put_raw(j, &c, 1);
}

// The comma before a value, where one belongs.
static inline void json_separate(struct json *j)
{
	if (!j->first)
		json_put_char(j, ',');
	j->first = false;
}

// `quoted` is `,"key":`; the comma is left out where the member is the first.
static inline void json_put_key(struct json *j, const char *quoted, size_t len)
{
	json_put_raw(j, quoted + j->first, len - j->first);
	j->first = true;
}

// The key of the next value: a string literal of ours, never escaped.
#define json_key(j, key) json_put_key(j, ",\"" key "\":", sizeof(",\"" key "\":") - 1)

// A whole member: json_field(j, "len", u64, 5) is the key and json_put_u64(j, 5).
#define json_field(j, key, kind, ...) (json_key(j, key), json_put_##kind(j, __VA_ARGS__))

static inline void json_open_object(struct json *j)
{
	json_separate(j);
	json_put_char(j, '{');
	j->first = true;
}

static inline void json_close_object(struct json *j)
{
	json_put_char(j, '}');
	j->first = false;
}

static inline void json_open_array(struct json *j)
{
	json_separate(j);
	json_put_char(j, '[');
	j->first = true;
}

static inline void json_close_array(struct json *j)
{
	json_put_char(j, ']');
	j->first = false;
}

static inline void json_put_flag(struct json *j, bool value)
{
	json_separate(j);
	json_put_raw(j, value ? "true" : "false", value ? 4 : 5);
}

static inline void json_put_null(struct json *j)
{
	json_separate(j);
	json_put_raw(j, "null", 4);
}

void json_put_u64(struct json *j, uint64_t value);

// A string of ours that needs no escaping (a name from a table, an id): copied as it is.
static inline void json_put_word(struct json *j, const char *s)
{
	json_separate(j);
	json_put_char(j, '"');
	json_put_raw(j, s, strlen(s));
	json_put_char(j, '"');
}

// The key of the next value, from a table of ours.
static inline void json_put_name(struct json *j, const char *name)
{
	json_put_word(j, name);
	json_put_char(j, ':');
	j->first = true;
}

// A string of any octets. `"`, `\`, control octets and DEL are escaped; a valid UTF-8 sequence (RFC 3629) becomes
// \uXXXX, a surrogate pair where needed; each octet that is not UTF-8 becomes the text \xNN, so that the analyst
// sees which octet was there. (Nobody can tell it from the four characters \xNN on the wire: that is the price.)
void json_put_string(struct json *j, const void *p, size_t len);
void json_put_cstr(struct json *j, const char *s);

// The same in pieces, for a string put together from several texts: open, any number of text, close.
void json_open_string(struct json *j);
void json_put_text(struct json *j, const void *p, size_t len);
void json_close_string(struct json *j);

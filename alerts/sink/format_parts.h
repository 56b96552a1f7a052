// What the formats share: a record that was read, what is derived from it, and rows of "this field from that member".
// Private to alerts/sink/format*.c. One thread a formatter; nothing here is kept between two records.
#pragma once

#include <jansson.h>

#include "alerts/json.h"
#include "alerts/sink/format.h"

// How much of each list and text a message carries: tried in turn until it fits, as record_render() does.
struct format_shape {
	size_t list_max, text_max; // entries; octets of UTF-8
	bool own_whole;            // ECS: all of smtp_tls, or only what every message has to have
};

// A record, read. Borrowed.
struct format_view {
	const json_t *root;
	enum record_type type;
	const struct outbox_about *about;
	const struct format_shape *shape;
	bool truncated;            // the record itself, or this is not the first shape
};

#define OF(type) (1u << RECORD_##type)
enum { OF_ALL = (1u << RECORD_TYPES) - 1, OF_SESSION = OF(SMTP) | OF(TLS) | OF(ALERT) | OF(ANOMALY) };

// ---- members (format_read.c) -------------------------------------------------------------------------------------------

// "smtp_tls.expect.mx", or NULL. An index stands for the first entry only: "alert.metadata.finding.0".
const json_t *format_at(const json_t *root, const char *path);
// The text of a member, NULL: none, empty or no text.
const char *format_text_at(const struct format_view *v, const char *path, size_t *len);
// A word of ours (ids, digests, names from tables), which is never cut: at most FORMAT_NAME printable characters of ASCII, without
// quotation mark and backslash. NULL: none, or it is no such thing.
enum { FORMAT_NAME = 80 };
const char *format_name_at(const struct format_view *v, const char *path, size_t *len);
bool format_count_at(const struct format_view *v, const char *path, uint64_t *n); // a number that is not negative
bool format_port_at(const struct format_view *v, const char *path, uint64_t *n);
bool format_same_at(const struct format_view *v, const char *path, const char *word);
// How many octets of `p` the shape allows: whole characters.
size_t format_bound(const struct format_view *v, const char *p, size_t len);

// Microseconds since 1970 of a timestamp of ours ("2026-11-23T20:42:09.123456+0000"); false: it is none.
bool format_time(const char *p, size_t len, uint64_t *us);
bool format_time_at(const struct format_view *v, const char *path, uint64_t *us);
uint64_t format_time_of(const struct format_view *v); // of the record; where it cannot be read, what the outbox knows

enum severity format_severity(const struct format_view *v); // of an alert; else info
const char *format_outcome(const struct format_view *v);    // "success", "failure", "unknown"; NULL: no verdict
const char *format_direction(const struct format_view *v);  // ECS network.direction; NULL: not known
const char *format_event(enum record_type type);            // event_type
bool format_type_of(const json_t *root, enum record_type *type);

// ---- flat formats (format_flat.c): one line of key=value ---------------------------------------------------------------

struct flat {
	const struct format_view *view;
	char *start, *at, *end;
	const struct flat_dialect *dialect;
	bool overflow;
};

struct flat_row {
	const char *key;
	uint32_t types;                                      // bits OF(type)
	bool (*put)(struct flat *f, const char *arg);        // the value; false: there is none, and no field
	const char *arg;
	const char *label;                                   // CEF: what stands in keyLabel, before it; NULL: it needs none
};

// What differs between CEF and LEEF.
struct flat_dialect {
	const char *between;         // two fields
	// What a character becomes; NULL: itself. Characters that could end a line or turn a text round never come here.
	const char *(*header)(uint32_t c), *(*value)(uint32_t c);
	const char *backslash;       // before xNN or uNNNN of a character that is only named
};

void flat_init(struct flat *f, const struct format_view *v, char *out, size_t cap, const struct flat_dialect *d);
void flat_word(struct flat *f, const char *word);                    // ours: as it is
void flat_header(struct flat *f, const char *p, size_t len);         // of format_name_at()
void flat_value(struct flat *f, const char *p, size_t len);          // cut to the shape
void flat_number(struct flat *f, uint64_t n);
void flat_fields(struct flat *f, const struct flat_row *row, size_t n);

// For rows.
bool flat_put_word(struct flat *f, const char *word);                // itself
bool flat_put_text(struct flat *f, const char *path);                // a text
bool flat_put_name(struct flat *f, const char *path);                // a word of ours
bool flat_put_count(struct flat *f, const char *path);               // a number
bool flat_put_port(struct flat *f, const char *path);
bool flat_put_flag(struct flat *f, const char *path);                // true or false
bool flat_put_list(struct flat *f, const char *path);                // texts, joined
bool flat_put_ms(struct flat *f, const char *path);                  // the first time of "a b": epoch in ms
bool flat_put_now(struct flat *f, const char *arg);                  // of the record
bool flat_put_ip(struct flat *f, const char *path);                  // an address that is one
bool flat_put_event(struct flat *f, const char *arg);                // event_type
bool flat_put_outcome(struct flat *f, const char *arg);
bool flat_put_either(struct flat *f, const char *paths);             // the first text of "a b"
bool flat_put_truncated(struct flat *f, const char *arg);

// ---- the formats: one message into `out`, its length; 0: it does not fit this shape ----------------------------------------

size_t format_ecs(char *out, size_t cap, const struct format_view *v);
size_t format_cef(char *out, size_t cap, const struct format_view *v);
size_t format_leef(char *out, size_t cap, const struct format_view *v);

// An IP address as text, either version.
bool format_is_ip(const char *p, size_t len);

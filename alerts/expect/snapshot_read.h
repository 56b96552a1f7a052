// What the readers of a snapshot's parts share: where in the document we are, the first thing that was wrong, and typed
// members. Errors are sticky: after the first, everything reads as zero, and whoever reads asks once, at the end.
#pragma once

#include <jansson.h>

#include "alerts/expect/snapshot.h"

enum { READER_PLACE = 120 };

// Where the parts of the value that is being read lie.
struct reader_room {
	struct policy_address addresses[POLICY_ADDRESSES_MAX];
	struct policy_tlsa tlsa[2][POLICY_TLSA_MAX]; // of the set, of the former one
	uint8_t data[2][POLICY_TLSA_MAX][POLICY_TLSA_LEN];
	struct policy_mx mx[POLICY_MX_MAX];
	char sts_mx[POLICY_STS_MX_MAX][POLICY_NAME];
};

struct reader {
	const struct snapshot_sink *sink; // NULL: only look
	struct reader_room *room;
	json_t *described;       // name of a host: what describes it
	char *error;             // SNAPSHOT_ERROR octets
	char place[READER_PLACE]; // "domains.x.mx.hosts[2]"
	size_t place_len;
	int64_t as_of_s;         // of what is around the value
	int result;              // 0, 1 wrong, -errno
};

// One step down, as text after what is there; returns what reader_leave() takes back.
size_t reader_enter(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
void reader_leave(struct reader *r, size_t mark);
void reader_fail(struct reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline bool reader_ok(const struct reader *r)
{
	return r->result == 0;
}

// Is it an object that has no members but these (NULL-terminated)?
bool reader_object(struct reader *r, const json_t *value, const char *const *members);
// NULL: not there, or of another type (an error).
const json_t *reader_member(struct reader *r, const json_t *object, const char *name, json_type type);
// The same where it must be there.
const json_t *reader_required(struct reader *r, const json_t *object, const char *name, json_type type);

bool reader_flag(struct reader *r, const json_t *object, const char *name);
uint32_t reader_number(struct reader *r, const json_t *object, const char *name, uint32_t max);
int64_t reader_time(struct reader *r, const json_t *object, const char *name, int64_t fallback);
// Printable ASCII.
void reader_text(struct reader *r, const json_t *object, const char *name, char *out, size_t size);
// One of the words of `names`, which says "invalid" after the last.
uint8_t reader_word(struct reader *r, const json_t *object, const char *name, const char *(*names)(unsigned), uint8_t fallback);
// A host name; `out` stays as it is where the member is not there.
void reader_name(struct reader *r, const json_t *object, const char *name, char out[static POLICY_NAME]);
void reader_host_name(struct reader *r, const char *text, size_t len, char out[static POLICY_NAME]);
// False: no pairs of hexadecimal digits. Of more than `max` octets the first are kept; *len counts all.
bool reader_hex(const char *text, uint8_t *out, size_t max, size_t *len);
bool reader_address(const char *text, struct policy_address *out);

const char *reader_dnssec_name(unsigned value);

// snapshot_host.c: members of a host; `inside` an MX answer it also has name and preference.
// Gives it to the sink, unless nothing is said of it.
void reader_host(struct reader *r, const json_t *value, const char *name, bool inside);
// snapshot_domain.c
void reader_domain(struct reader *r, const json_t *value, const char *name);

// What the writers of records share: the shape of a line, the common EVE fields, and the objects that several event
// types embed; digests. Private to alerts/. Any thread; nothing is kept between two records.
#pragma once

#include "alerts/json.h"
#include "alerts/record.h"

enum { RECORD_SMTP_TLS_VERSION = 1 }; // smtp_tls.v: changes only when a member changes its meaning

// How much of each list and text a line carries. The first shape is all of it; a line that does not fit is written
// again in the next one and says "truncated":true.
struct record_shape {
	uint8_t list_max;  // entries
	uint16_t text_max; // octets of each text of the wire, of the configuration, of a detail
};

struct record_writer {
	struct json json;
	const struct record_config *config;
	const struct record_shape *shape;
	bool truncated; // this is not the first shape
};

// Writes a line with the first shape in which `body` fits RECORD_LEN_MAX. Its length. `what` goes to `body` as it is.
size_t record_render(char *out, const struct record_config *c, void (*body)(struct record_writer *w, const void *what),
                     const void *what);

// "2026-11-23T20:42:09.123456+0000", quoted: the only form that every EVE consumer reads.
void record_time(struct json *j, uint64_t time_ns);

// A value: an address; IPv4 in the first four octets.
void record_address(struct json *j, uint8_t ip_v, const uint8_t addr[16]);

// A value: text of the facts (or anything) bounded by the shape; absent text is null.
void record_text(struct record_writer *w, const struct facts *f, struct text t);
void record_bounded(struct record_writer *w, const char *s);

// How many of `n` list entries the shape allows.
static inline size_t record_list(const struct record_writer *w, size_t n)
{
	return n < w->shape->list_max ? n : w->shape->list_max;
}

// The last shape: what can be asked for elsewhere (postwacht stats) gives way to the counters.
static inline bool record_bare(const struct record_writer *w)
{
	return w->shape->list_max <= 2;
}

// Opens the record and writes what every event type has. frame 0: no packet to point at.
void record_head(struct record_writer *w, const char *event_type, uint64_t time_ns, uint32_t frame, uint16_t file);

// ... and what every event about a connection has: flow_id, addresses, vlan, community_id, app_proto.
void record_head_session(struct record_writer *w, const char *event_type, const struct session *s, uint64_t time_ns,
                         uint32_t frame);

struct record_live;

// Members; each writes its key too, and nothing at all where there is nothing to say.
void record_flow(struct record_writer *w, const struct conn_facts *c);
void record_smtp_object(struct record_writer *w, const struct facts *f);
void record_tls_object(struct record_writer *w, const struct session *s);
void record_tls_members(struct record_writer *w, const struct session *s);  // what stands in it
// smtp_tls of a connection that is no mail: the handshake, and what was not seen. No state, no verdict.
void record_outside_mail(struct record_writer *w, const struct session *s);
void record_handshake(struct record_writer *w, const struct session *s);    // smtp_tls.tls
void record_certificates(struct record_writer *w, const struct session *s); // its cert, client_cert and keylog
void record_eve_certificate(struct record_writer *w, const struct certificate *c); // members of EVE's tls
// smtp_tls of a record that has nothing of its own to say: it ends like every other (alerts/sink/stamp.h). `s` may be NULL.
void record_own_least(struct record_writer *w, const struct session *s);
// `a` is NULL in a session's record.
void record_smtp_tls(struct record_writer *w, const struct session *s, const struct record_alert *a);

void record_alert_object(struct json *j, const struct finding *root);
void record_repeat(struct json *j, const struct record_repeat *r);
// The member `suppressed`: alerts that were counted in place of being told; with what they were of, the most first.
void record_suppressed(struct record_writer *w, const struct storm_counts *c, bool findings);
// Of stats: `outbox` once there is one, `sinks` where there are some.
void record_outbox(struct record_writer *w, const struct outbox_shared *o);
void record_sinks(struct record_writer *w, const struct sensor_state *state);
// Members of smtp_tls of a sensor that runs.
void record_live_members(struct record_writer *w, const struct record_live *l);

// A whole member with a number that another process wrote: receivers hold 63 bits.
static inline void record_number(struct json *j, const char *name, uint64_t value)
{
	json_put_name(j, name);
	json_put_u64(j, value < INT64_MAX ? value : INT64_MAX);
}

// "tls" once TLS came up, or where nothing but TLS was seen; "smtp"; NULL where neither was. Never guessed from ports.
const char *record_app_proto(const struct facts *f);

// A TLS code point's name, or "0x0a1b" where it has none (NULL). Writes the value.
void record_code_point(struct json *j, const char *name, uint16_t value);

// Digests. Any thread; never fail (the process ends where OpenSSL cannot do them at all).
void record_sha1(uint8_t out[20], const void *in, size_t len);
void record_sha256(uint8_t out[32], const void *in, size_t len);

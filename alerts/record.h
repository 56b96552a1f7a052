// Records: one line of JSON each, EVE-compatible (DESIGN section 7).
#pragma once

#include "alerts/sensor.h"
#include "alerts/session.h"
#include "dissect/message.h"

enum { RECORD_LEN_MAX = 7 * 1024 }; // hard cap of a line; rsyslog cuts at 8 KiB by default

enum record_type { RECORD_SMTP, RECORD_TLS, RECORD_ALERT, RECORD_ANOMALY, RECORD_STATS, RECORD_TYPES };

// What a record is, for whoever takes it: delivery chooses by it without reading the line.
struct record_about {
	enum record_type type;
	uint8_t severity, confidence; // of an alert; else 0
	uint32_t signature_id;        // of an alert; else 0
	uint64_t time_ns;             // packet time of what decided it; the sensor's own: wall clock
};

struct record_config {
	const char *host;        // sensor.name
	const char *in_iface;    // or NULL
	enum { ENVELOPE_DOMAINS, ENVELOPE_FULL } envelope;
	// Name of an input file for pcap_filename; NULL when not a replay.
	const char *(*file_name)(void *ctx, uint16_t file);
	void *file_ctx;
	uint64_t start_ns;       // packet time the input began, for stats.uptime; 0: not known
};

struct record_repeat {
	uint32_t count;          // 1 for the first
	uint32_t window_s;
	char first_id[RECORD_ID_LEN + 1]; // empty for the first
};

struct record_alert {
	const struct session *session;
	const struct finding *root;
	const struct catalogue_row *related[SESSION_FINDINGS_MAX];
	size_t n_related;
	struct record_repeat repeat;
	bool update;             // told at the end of a window: `session` is as it was when the last repeat was counted
	char id[RECORD_ID_LEN + 1];
	uint64_t time_ns;        // packet time of what decided it
	uint32_t frame;          // packet in hand then
	const struct evidence_file *evidence; // alerts/evidence.h: where its packets are kept; NULL: nowhere
};

struct storm_counts; // alerts/storm.h

// Trouble of the sensor itself, told as an alert that belongs to no session.
struct record_sensor {
	const struct message_sensor *what; // of an update: all that were counted, as one
	const struct finding *root;
	const char *tap;         // NULL: of none
	bool goes_on;            // it has not ended
	const struct storm_counts *suppressed; // SENSOR_SUPPRESSED: of the interval; NULL: not known
	struct record_repeat repeat;
	char id[RECORD_ID_LEN + 1];
};

struct evidence_counts; // alerts/evidence.h

// What `stats` has only where a sensor runs. Borrowed.
struct record_live {
	const struct sensor_state *state; // of sensor_copy()
	const char *const *taps;  // names, FACTS_TAPS of them; NULL in it: none
	uint64_t counters_at_ns;  // packet time of the newest counters; 0 none came
	const struct protocol_count *protocols; // over all workers, the most packets first
	size_t n_protocols;
	const uint8_t *found;     // bit by catalogue index: sensor findings since the last stats, or that go on
	uint64_t intervals;       // of loss, since the start
	const uint64_t *lost;     // LOSS_NUMBERS, since the start
	uint64_t sessions_marked; // that lived through one
	uint64_t sessions_forgotten, ends_unknown;
	const struct evidence_counts *evidence; // NULL: none is kept
	const struct storm_counts *suppressed; // since the start
};

// Each writes one line without the newline into `out` (RECORD_LEN_MAX octets) and returns its length.
// Always valid UTF-8 JSON; a record that would be longer loses its longest lists first and says "truncated":true.
// The last member of each is `smtp_tls`, which is never empty: a line ends with "}}", and delivery adds its stamp before that.
size_t record_smtp(char *out, const struct record_config *c, const struct session *s);
// Only where record_tls_known(): EVE's `tls` object is never empty.
bool record_tls_known(const struct session *s);
size_t record_tls(char *out, const struct record_config *c, const struct session *s);
// Not a record: the member `tls` of an explanation, with the members of EVE's `tls` and of smtp_tls.tls together; null
// where there was no TLS.
struct json;
void record_tls_whole(struct json *j, const struct session *s);
// The member `why`, all of it: in a record its list may be cut to the length of a line.
void record_why_whole(struct json *j, const struct session *s);
size_t record_alert_write(char *out, const struct record_config *c, const struct record_alert *a);
size_t record_anomaly(char *out, const struct record_config *c, const struct message_anomaly *m);
// A question that was answered twice, and that no session followed: an `anomaly` with its own addresses.
struct race_double;
size_t record_dns_double(char *out, const struct record_config *c, const struct race_double *d);
// Anomaly of a session: `event` names it ("tcp_gap", "overlap_differs", ...), layer "stream" or "applayer".
size_t record_session_anomaly(char *out, const struct record_config *c, const struct session *s, const char *layer,
                              const char *event);
size_t record_sensor(char *out, const struct record_config *c, const struct record_sensor *a);
// `live` is NULL in a replay.
size_t record_stats_live(char *out, const struct record_config *c, const struct message_counters *m, const uint64_t sessions[STATE_N],
                         const uint64_t verdicts[VERDICT_N], uint64_t alerts, const struct record_live *live);
size_t record_stats(char *out, const struct record_config *c, const struct message_counters *m,
                    const uint64_t sessions[STATE_N], const uint64_t verdicts[VERDICT_N], uint64_t alerts);

// Not records: members that `stats` and the control socket write in the same words. `s`: of sensor_copy().
void record_counts(struct json *j, const uint64_t counter[static DISSECT_COUNTERS], const uint64_t states[static STATE_N],
                   const uint64_t verdicts[static VERDICT_N]); // counters, states, verdicts
void record_clock(struct json *j, const struct sensor_state *s);
void record_ledger(struct json *j, const struct sensor_state *s); // what stands in it
void record_lanes(struct json *j, const char *name, const uint64_t n[static OUTBOX_LANES]);

// Words of what was learned of the peers, as records have them.
const char *record_key_name(uint8_t key);       // enum peer_key
const char *record_hash_name(uint8_t hash);     // enum peer_hash
const char *record_trust_name(uint8_t trust);   // enum peer_trust
const char *record_staple_name(uint8_t staple); // enum peer_staple
const char *record_keylog_name(uint8_t keylog); // enum peer_keylog

// Ids. Deterministic: 48 bits of packet time (ms), then a hash of tuple, ISNs, tap, finding and ordinal; 26
// characters of Crockford base 32, sortable by time.
void record_session_id(char out[RECORD_ID_LEN + 1], const struct facts *f, const char *tap);
void record_alert_id(char out[RECORD_ID_LEN + 1], const struct facts *f, const char *tap, uint64_t time_ns,
                     uint32_t signature_id, uint32_t ordinal);
void record_sensor_id(char out[RECORD_ID_LEN + 1], const struct message_sensor *m, const char *tap, uint32_t signature_id,
                      uint32_t ordinal);
uint64_t record_flow_id(const struct facts *f, const char *tap); // 51 bits

// Community ID v1, seed 0. `out` has room for 32 octets.
void record_community_id(char out[32], const struct conn_facts *c);

// The judge: takes facts off the ring, keeps sealed facts of open sessions, applies expectations and rules, decides
// what is told and when, and hands finished records on. One thread.
#pragma once

#include <stdio.h>

#include "alerts/record.h"
#include "alerts/rules.h"
#include "alerts/expect/ops.h"
#include "alerts/history/history.h"
#include "alerts/inventory.h"
#include "alerts/sensor.h"
#include "alerts/weak.h"
#include "dissect/message.h"

struct judge;
struct evidence_config; // alerts/evidence.h

struct judge_tap {
	const char *name;              // in ids and records; NULL: ""
	enum tap_side side;
};

// The same sessions are seen at both.
struct judge_pair {
	const char *name;
	uint8_t outside, inside;       // indices of taps
};

struct judge_config {
	struct record_config record;
	struct judge_tap taps[FACTS_TAPS]; // by conn_facts.tap
	struct judge_pair pairs[FACTS_TAPS]; // of taps; a tap is in one at most
	size_t n_pairs;
	const char *trust_store;       // see struct cert_config; NULL: no path is judged
	const char *state;             // state directory, made when missing; NULL: what is learned lasts for this run
	const char *keylog;            // file or directory; NULL: none
	bool tls_records;              // write the `tls` compatibility copies
	uint32_t sessions_max;         // sealed or told sessions remembered at once
	const struct inventory_config *inventory; // what the operator knows; borrowed until the close. NULL: nothing
	uint32_t store_age_days;       // the trust store is old when its newest certificate is older; 0: never
	const char *const *disabled;   // findings.disable: ids
	size_t n_disabled;
	int8_t severity[256];          // findings.severity by catalogue index; -1: default. catalogue_n <= 256
	uint32_t alerts_rate_per_s, alerts_burst; // of the valve for storms (alerts/storm.h); rate 0: every alert is told
	struct store *store;           // what is known of policy, borrowed; NULL: nothing
	const struct expect_ops *expect; // who learns what the store lacks; NULL: nobody, nothing is held
	void *expect_ctx;
	uint64_t hold_ns;              // longest wait for an expectation, wall clock of expect_ops.now
	const struct sensor_state *sensor; // live: what `stats` says of ports and processes; borrowed. NULL: a replay
	const struct evidence_config *evidence; // live: where packets of alerts are kept; borrowed for the open. NULL: nowhere
	// Takes one line (newline included). Same thread.
	void (*write)(void *ctx, const struct record_about *about, const char *line, size_t len);
	void *write_ctx;
	// Optional: shown what is told, just before it is written: an alert (`a` set, a->session == s) or a session's
	// record (`a` NULL). Everything is borrowed for the call. `postwacht explain` finds its session this way.
	void (*observe)(void *ctx, const struct session *s, const struct record_alert *a);
	void *observe_ctx;
};

// What the human summary and --json are made of. Counters only grow.
struct judge_example {
	uint64_t n;                    // sessions with this finding
	uint64_t alerts;               // alerts told for it
	uint8_t worst_severity, best_confidence; // the best of the loudest
	// One session that shows it this loud and, at that, this sure; its alert, if one said so, else empty.
	char alert_id[RECORD_ID_LEN + 1];
	char session_id[RECORD_ID_LEN + 1];
	uint8_t src[16], dst[16];
	uint16_t src_port, dst_port;
	uint8_t ip_v;
	char detail[FINDING_DETAIL_MAX];
};

struct judge_summary {
	uint64_t sessions, alerts, records; // alerts: told, each record one
	// Alerts of sessions: how many there were. Each is told (a record's repeat.count says how many it stands for), waits for the end
	// of its window of repeats, or is suppressed, which sensor.alert-suppressed tells.
	uint64_t alerts_offered, alerts_suppressed;
	uint64_t by_state[STATE_N], by_verdict[VERDICT_N];
	uint64_t by_peer_cert[CERT_RESUMED + 1]; // completed TLS, by what was seen of the server's certificate
	uint64_t by_keylog[KEYLOG_OPENED + 1]; // sessions by what the key log gave; KEYLOG_OFF: not counted
	uint64_t keylog_lines, keylog_secrets; // of the key log: lines read, secrets kept. At the end
	struct history_counts history; // at the end
	uint64_t by_weak[WEAK_N];      // sessions whose verdict is weak, by each reason
	uint64_t by_tls_version[8];    // judge_tls_version_names[]
	// Sessions.
	uint64_t blind_gap, blind_one_direction, blind_midstream, blind_truncated, blind_ambiguous, blind_evicted;
	uint64_t checksum_accepted;    // segments with a bad checksum that were used (offload)
	uint64_t counter[DISSECT_COUNTERS]; // of all workers, at the end
	uint64_t first_ns, last_ns;    // packet time
	struct judge_example finding[256]; // by catalogue index
	uint64_t held_unanswered;      // findings told as unknown because nobody answered in time
	uint64_t paired;               // sessions seen at two taps, each counted once
	uint64_t unpaired;             // sessions of a tap of a pair without a twin
	uint64_t pair_doubts;          // of them, those with more than one that could be it
	uint64_t evicted;              // sessions told early because a table was full
	uint64_t sessions_loss;        // during which the sensor lost packets
	uint64_t sessions_forgotten;   // open ones whose worker is gone: what was remembered of them was told
	uint64_t ends_unknown;         // ends of sessions that nobody here remembers
	uint64_t exempted;             // sessions in which an exemption kept an alert back
	uint64_t exemption_ended[INVENTORY_EXEMPT_MAX]; // by entry: sessions it would have covered, had it not ended before
	int worst_alert_severity;      // of all alerts told; -1 none
};

extern const char *const judge_tls_version_names[8];

// 0 or -errno; `*bad_path` (may be NULL) is set when the trust store, the key log or the state directory cannot be used.
// Of the latter -EBUSY: another process has it; -ENOTSUP: written by a newer program, or on another kind of machine.
int judge_open(struct judge **out, const struct judge_config *config, const char **bad_path);
void judge_close(struct judge **j);

// One message off a ring, in order. 0 or -errno (the environment failed).
int judge_take(struct judge *j, const struct message *m, size_t len);

// Takes answers that came since. True as long as something waits for one: whoever reads a file waits, too, before the end.
bool judge_waiting(struct judge *j);

// Live: packet time has come to `time_ns` though no message says so. Once a second or oftener.
void judge_tick(struct judge *j, uint64_t time_ns);

// Live (config.sensor): writes a `stats` record of how the sensor does, and tells what had to be given up since the last one.
// Every sensor.heartbeat_s; nothing else writes `stats` then but judge_finish().
void judge_heartbeat(struct judge *j, uint64_t wall_ns);
// ... the time alone, as often as you like; before judge_finish(), so that the last `stats` has it.
void judge_wall(struct judge *j, uint64_t wall_ns);

// Live: a worker that had flows open is gone, with what it knew. Sessions of it that are remembered are told as evicted.
// `worker` UINT16_MAX: all workers.
void judge_forget_worker(struct judge *j, uint16_t worker);

// Another configuration from now on: inventory, findings, severities, records, names of taps. What sizes memory, the state
// directory, stores and taps stay as they were opened. 0, or -errno and nothing has changed.
int judge_reconfigure(struct judge *j, const struct judge_config *config);

// End of input: answers that did not come are unknown, open windows of `repeat` are closed, last stats are told.
void judge_finish(struct judge *j);

const struct judge_summary *judge_summary(const struct judge *j);

// What the trust store is called in records; empty without one.
const char *judge_store_name(const struct judge *j);

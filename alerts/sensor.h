// The sensor about itself: trouble that belongs to no session, and its state for status, stats and heartbeat.
//
// Whoever runs the parts (cli/) says what happened in messages, and keeps the state; the judge turns both into records.
#pragma once

#include "alerts/outbox/shared.h"
#include "dissect/message.h"

enum sensor_kind {
	SENSOR_LOSS,            // packets were lost in [from, to]: n[] as enum sensor_loss
	SENSOR_RSS_ASYMMETRIC,  // n[0] connections whose halves met different workers since `from`
	SENSOR_ARM_LOST,        // one arm of a tap is silent (or its link down: n[1]) while the other had n[0] packets; text: the port
	SENSOR_TOO_LITTLE,      // a tap had nothing since `from`; n[0] seconds that were agreed
	SENSOR_CHILD_RESTARTED, // text: which; n[0] its pid, n[1] signal or exit status + 256; [from, to]: nobody did its work
	SENSOR_CLOCK_UNSYNCED,  // n[0] estimated error in ns, 0 not known
	SENSOR_CONFIG_CHANGED,  // text: the keys
	SENSOR_STATE_EVICTED,   // the judge's own, given up since `from`: n[0] flows, n[1] sessions, n[2] lines and handshake messages,
				// n[3] octets of reassembly
	SENSOR_OUTBOX_TROUBLE,  // text: where (outbox, or a sink's name) and what; n[0] records that are gone, n[1] of them alerts,
				// n[2] that wait
	SENSOR_SUPPRESSED,      // n[0] alerts that were not told one by one since `from`; of them n[1] critical, n[2] high, n[3] medium,
				// n[4] low
	SENSOR_KINDS,
};

enum sensor_loss { LOSS_MISSED, LOSS_ERRORS, LOSS_NO_MBUF, LOSS_LANES, LOSS_FACTS, LOSS_RECEIVED, LOSS_NUMBERS };
// LOSS_LANES: packets without room on their way to a worker; LOSS_FACTS: messages (no packets) without room on their way to
// the judge; LOSS_RECEIVED: packets that did arrive meanwhile.

enum { SENSOR_TEXT = 160, SENSOR_NO_TAP = 255 };

struct message_sensor {
	struct message head;   // seq, birth, ord 0: not ordered with the workers' messages. head.time_ns: when it was noticed
	uint8_t kind;          // enum sensor_kind
	uint8_t tap;           // or SENSOR_NO_TAP
	bool over;             // what was told before has ended
	uint64_t from_ns, to_ns; // wall clock
	uint64_t n[LOSS_NUMBERS];
	char text[SENSOR_TEXT]; // NUL-terminated
};

// ---- state ----------------------------------------------------------------------------------------------------

enum { SENSOR_PORTS = 16, SENSOR_WORKERS = 16, SENSOR_CHILDREN = 5, SENSOR_NAME = 64 };

struct sensor_port {
	char name[SENSOR_NAME * 2], driver[32], clock[16], rss[64], offload[96], flow_control[32];
	uint8_t tap;
	uint16_t queues, tx_queues;
	bool steered, link_known, link_up;
	uint32_t speed_mbps;
	uint64_t rx_packets, rx_octets, missed, errors, no_mbuf;
	uint64_t tx_packets, tx_octets, tx_errors; // P1: 0
	uint64_t last_packet_ns; // wall clock: when more of them were last found (once a second is looked); 0: never
};

struct sensor_worker {
	uint64_t turns;        // of its loop, empty or not
	uint64_t bursts, packets;
	uint64_t busy_ns, slept_ns;
	uint64_t facts_lost;   // messages that found the judge's ring full
	uint64_t evidence_lost; // packets of evidence not shipped
	int cpu;               // pinned to; -1 not
};

struct sensor_child {
	char name[16];
	int pid;               // 0: not running
	uint32_t restarts;
	uint64_t started_ns;   // wall clock
	char rights[192];      // what it may do, in words
};

// Growing numbers, each with one writer; read by anybody with relaxed loads, a moment old at most.
struct sensor_state {
	uint64_t started_ns;   // wall clock
	uint32_t config_generation;
	char config_sha256[65];
	uint32_t n_ports, n_workers, n_children;
	bool fanned;           // one reader hands packets to the workers
	struct sensor_port port[SENSOR_PORTS];
	struct sensor_worker worker[SENSOR_WORKERS];
	struct sensor_child child[SENSOR_CHILDREN];
	uint64_t lanes_taken, lanes_full;
	// The ledger: rx = dissected + lanes_full (+ what is on its way; 0 at the end).
	uint64_t rx, dissected;
	uint64_t sessions, alerts, records; // the judge's
	uint64_t alerts_suppressed;         // the judge's: counted in place of being told (alerts/storm.h)
	uint64_t records_lost, alerts_lost; // found no room on their way to the courier
	uint64_t alerts_by_severity[5]; // the judge's, of `alerts`: by enum severity
	uint64_t heartbeat_ns;      // the judge's: wall clock of its last `stats`; 0: none yet
	struct outbox_shared outbox;        // the keeper's
	struct latency durable;             // the keeper's, of alerts: packet that decided -> on disk
	uint32_t n_sinks;                   // the courier's
	struct sink_shared sink[OUTBOX_SINKS];
	uint64_t clock_error_ns;
	bool clock_synced;
};

// Session records that were told by the judge and are in no outbox: no room on the way, or the disk did not take them.
uint64_t sensor_records_lost(const struct sensor_state *s);

// A copy at one moment that is safe to read whoever wrote it: counts within bounds, texts ended.
void sensor_copy(struct sensor_state *out, const struct sensor_state *state);

// ---- words ----------------------------------------------------------------------------------------------------

// The finding that a kind is told as.
const char *sensor_finding(enum sensor_kind kind);
// It is told when it begins, and again (`over`) when it ends.
bool sensor_lasts(enum sensor_kind kind);
// What n[i] counts; NULL: nothing.
const char *sensor_number(enum sensor_kind kind, size_t i);
// Packets that never came (n[] as enum sensor_loss): everything but those that did, and messages.
uint64_t sensor_lost(const uint64_t n[static LOSS_NUMBERS]);
// In a word or two; at most `len` octets with the NUL.
void sensor_detail(char *out, size_t len, const struct message_sensor *m);

// What may be set, in memory: plain data that the command line fills from defaults, a file and `--set`.
//
// Order of strength: defaults, the file, then each `--set` in turn. Nothing here changes after the start.
// Single-threaded; a `struct config` owns no memory.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "alerts/expect/resolver.h"
#include "alerts/expect/scout.h"
#include "alerts/judge.h"
#include "alerts/sink/sink.h"
#include "dissect/dissect.h"

enum {
	CONFIG_PATH_MAX = 255,     // octets of the name of a file
	CONFIG_NAME_MAX = 63,      // octets of a name: what a DNS label may hold
	CONFIG_FINDINGS_MAX = 256, // as judge_config.severity
	CONFIG_ERRORS_MAX = 20,    // told at once; 20, because nobody repairs more before trying again
	CONFIG_ERROR_LEN = 320,
	CONFIG_OUTBOX_LEAST_MIB = 32, // a lane's
};

struct config_ports {
	uint16_t port[DISSECT_PORTS_MAX];
	size_t n;
};

struct config_findings {
	const char *id[CONFIG_FINDINGS_MAX]; // of the catalogue
	size_t n;
};

enum config_polling { POLLING_ADAPTIVE, POLLING_BUSY };
enum config_scope { SCOPE_INVENTORY, SCOPE_OWN_MX, SCOPE_PARTNERS, SCOPE_ANY };

enum { CONFIG_ARMS = 2, CONFIG_PORT_MAX = 127, CONFIG_BPF_MAX = 255 };

struct config_tap {
	char name[CONFIG_NAME_MAX + 1];
	int side; // enum tap_side
	char port[CONFIG_ARMS][CONFIG_PORT_MAX + 1]; // the two fibres of a link, or a mirror of both: see capture/port.h
	size_t n_ports;
	char bpf[CONFIG_BPF_MAX + 1]; // "" none
};

struct config_taps {
	struct config_tap tap[FACTS_TAPS];
	size_t n;
};

// Two taps by their names; where the entry stands in the file, for config_check().
struct config_pair {
	char name[CONFIG_NAME_MAX + 1], outside[CONFIG_NAME_MAX + 1], inside[CONFIG_NAME_MAX + 1];
	size_t line, column;
};

struct config_pairs {
	struct config_pair pair[FACTS_TAPS];
	size_t n;
};

struct config_outputs {
	struct sink_config output[SINKS_MAX];
	size_t n;
};

struct config_forwarders {
	char text[RESOLVER_FORWARDERS_MAX][CONFIG_NAME_MAX + 1]; // ADDR or ADDR@PORT
	size_t n;
};

struct config_domains {
	char name[SCOUT_WATCHLIST_MAX][POLICY_NAME]; // A-labels
	size_t n;
};

// One field a key of the schema, in its order.
struct config {
	char sensor_name[CONFIG_NAME_MAX + 1];
	char state_dir[CONFIG_PATH_MAX + 1]; // "none", or a path
	char user[CONFIG_NAME_MAX + 1]; // "none", or a user
	char control[CONFIG_PATH_MAX + 1]; // "none", or a path
	char control_group[CONFIG_NAME_MAX + 1]; // "none", or a group
	uint32_t heartbeat_s;
	struct config_taps taps;
	struct config_pairs pairs;
	uint32_t workers;
	struct config_ports ports_tcp;
	int checksums; // enum dissect_checksums
	bool tls_outside_mail;
	uint32_t tunnels; // enum dissect_tunnel bits
	bool steer;
	bool protocols;
	int polling; // enum config_polling
	bool pin;
	bool hugepages;
	bool dpdk_telemetry;
	uint32_t quiet_after_s; // 0: silence is never told
	uint32_t flows_max;
	uint32_t sessions_max;
	uint32_t reassembly_mib;
	uint32_t ring_mib;
	uint32_t lane_mib;
	char trust_store[CONFIG_PATH_MAX + 1]; // "system", "none", or a path
	char trust_anchor[CONFIG_PATH_MAX + 1]; // "system", or a path
	struct config_forwarders forward_to;
	bool resolve; // `run` asks DNS
	bool mta_sts;
	struct config_domains watchlist;
	uint32_t trust_store_age_days; // 0: never old
	bool probe;
	char probe_ehlo[INVENTORY_DOMAIN_MAX + 1]; // "system", or a host name
	int probe_scope; // enum config_scope
	struct inventory_config inventory;
	int envelope; // ENVELOPE_*
	struct config_findings disable;
	int8_t severity[CONFIG_FINDINGS_MAX]; // by catalogue index; -1: default
	bool tls_records;
	bool evidence;
	uint32_t evidence_memory_mib, evidence_disk_mib;
	struct config_outputs outputs;
	uint32_t outbox_alerts_mib, outbox_sessions_mib, outbox_keep_days; // keep_days 0: until there is no room
	uint32_t alerts_rate_per_s, alerts_burst; // rate 0: every alert is told
	char metrics[CONFIG_PATH_MAX + 1]; // "none", "unix:PATH", or ADDRESS:PORT of this machine
};

// What is wrong, one line each, already with its place: "FILE:LINE:COLUMN: ...". Text of the file in it is not escaped.
struct config_errors {
	char line[CONFIG_ERRORS_MAX][CONFIG_ERROR_LEN];
	size_t n;
	size_t n_more; // beyond CONFIG_ERRORS_MAX
};

// All keys at their defaults.
void config_init(struct config *c);

// Reads a file over what `c` holds. 0; 1 when `errors` says what is wrong (`c` is then not to be used);
// -errno when the file could not be read.
int config_load(struct config *c, const char *path, struct config_errors *errors);

// The same from memory; `name` stands in errors.
int config_load_text(struct config *c, const char *name, const char *text, size_t len, struct config_errors *errors);

// One `--set KEY=VALUE`; the value is YAML (lists and maps in flow style). 0 or 1 as above.
int config_set(struct config *c, const char *assignment, struct config_errors *errors);

// What one key alone cannot say: taps of one name, pairs of taps that are not there. After the file and every `--set`;
// `name` of the file, or NULL. 0 or 1 as above.
int config_check(const struct config *c, const char *name, struct config_errors *errors);

// An output of this type with every member that may be left out at its default, and the type for a name.
void config_output_init(struct sink_config *o, enum sink_type type);

// The tap of this name, or -1.
int config_tap_find(const struct config *c, const char *name);

enum config_view {
	CONFIG_VIEW_ALL,     // every key with its value
	CONFIG_VIEW_CHANGED, // only keys whose value is not the default
	CONFIG_VIEW_EXPLAIN, // every key with its value below its sentence: the form of configs/postwacht.yaml
};

// Writes YAML that config_load() reads back to the same configuration.
void config_print(FILE *out, const struct config *c, enum config_view view);

// The schema as a table for people.
void config_print_schema(FILE *out);

// Both as JSON values, sections as objects. The views do not differ in their values: what keys mean is in the schema's.
struct json;
void config_put_json(struct json *j, const struct config *c, enum config_view view);
void config_put_schema_json(struct json *j);

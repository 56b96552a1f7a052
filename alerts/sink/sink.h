// Where records go: one sink an entry of `outputs`. What is sent stands in the outbox until the receiver has it.
//
// deliver.c runs one thread a sink: it reads the outbox from the sink's cursor, filters, stamps, formats, hands over in batches
// and moves the cursor on. A sink only knows its receiver. It may block, but looks at `stop` at least every 200 ms, and bounds
// each wait (SINK_PATIENCE_S) so that a receiver that is stuck counts as trouble.
#pragma once

#include "alerts/outbox/outbox.h"

enum sink_type { SINK_FILE, SINK_STDOUT, SINK_UNIX, SINK_SYSLOG, SINK_KAFKA, SINK_HTTP, SINK_TYPES };
enum sink_format { FORMAT_EVE, FORMAT_ECS, FORMAT_CEF, FORMAT_LEEF, FORMATS };
enum sink_transport { TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS, TRANSPORT_LOCAL };
enum sink_framing { FRAMING_OCTETS, FRAMING_LF };      // RFC 6587, 3.4.1 and 3.4.2
enum sink_api { API_ELASTICSEARCH, API_CLICKHOUSE };

enum { SINKS_MAX = 8, SINK_NAME = 63, SINK_PATH = 255, SINK_TEXT = 255, SINK_BATCH = 512, SINK_PATIENCE_S = 10 };
// Messages refused for good in a row; one more is not believed: then it is rather the topic, table or index that is wrong.
enum { SINK_REFUSED_MAX = 16 };

// One entry of `outputs` (configs/outputs.c). Plain data.
struct sink_config {
	char name[SINK_NAME + 1];        // unique; names the cursor
	int type;                        // enum sink_type
	int format;                      // enum sink_format
	uint32_t events;                 // bits 1 << enum record_type
	int severity;                    // enum severity: alerts below it are passed over
	uint32_t rate_per_s;             // messages at most; 0: as fast as it takes them
	uint32_t backlog_mib;            // of a lane; what lags further is passed over and told. 0: as much as the outbox keeps
	// file, unix
	char path[SINK_PATH + 1];
	uint32_t rotate_mib, rotate_keep; // file: at that size it is renamed to PATH.1, and so on; 0: by others (SIGHUP)
	// syslog, kafka
	int transport;                   // enum sink_transport
	int framing;                     // enum sink_framing; TCP and TLS
	char host[SINK_TEXT + 1];
	uint16_t port;                   // 0: the standard's: 514 UDP, 601 TCP, 6514 TLS
	int facility;                    // 0..23
	bool cookie;                     // "@cee: " before the JSON
	bool structured;                 // RFC 5424 structured data beside it
	// TLS: syslog, kafka, http
	char ca[SINK_PATH + 1], cert[SINK_PATH + 1], key[SINK_PATH + 1];
	char server_name[SINK_TEXT + 1]; // that the certificate must have; "": host
	// kafka
	char brokers[SINK_TEXT + 1], topic[SINK_TEXT + 1], topic_sessions[SINK_TEXT + 1]; // topic_sessions "": all in `topic`
	char security[16];               // plaintext | ssl | sasl_ssl
	// http, and kafka's sasl
	int api;                         // enum sink_api
	char url[SINK_TEXT + 1];         // http[s]://host[:port]
	char target[SINK_TEXT + 1];      // index or table
	char user[SINK_TEXT + 1], password_file[SINK_PATH + 1]; // password_file: its first line
};

// One message, formatted. Octets are borrowed for the call.
struct sink_message {
	const char *octets;              // no newline at its end, no control characters in it
	size_t len;
	const struct outbox_about *about;
	uint64_t written_ns;             // wall clock: into the outbox
	const char *key;                 // community_id, "" none
	const char *id;                  // smtp_tls.id, "" none: for receivers that tell doubles by it
	uint64_t epoch, seq;             // its stamp
	enum outbox_lane lane;
};

// Borrowed as long as the sink lives.
struct sink_env {
	const bool *stop;                // in shared memory: the sensor ends
	const char *host;                // sensor.name
	uint64_t epoch;                  // of this sink's row; may change between two calls
	char *why;                       // SINK_WHY: what is wrong, in words, no control characters
};
enum { SINK_WHY = 160 };

struct sink;

struct sink_ops {
	const char *name;                // of the type
	// Everything that needs rights that are given up later: files of keys, name service. Once. 0 or -errno: the sensor cannot
	// begin.
	int (*prepare)(struct sink **s, const struct sink_config *c, const struct sink_env *env);
	// Connects. Called again after trouble, with pauses. 0 or -errno.
	int (*open)(struct sink *s);
	// Hands over. How many, from the first on, the receiver has: as much as its protocol can say (docs/delivery.md); or -errno, after
	// which it is closed and opened again. A message that the receiver refuses for good counts as handed over and is counted in
	// *refused.
	int (*send)(struct sink *s, const struct sink_message *m, size_t n, uint64_t *refused);
	void (*close)(struct sink *s);
	void (*reopen)(struct sink *s);  // SIGHUP; NULL: nothing
	// file: the last stamp that is in it, so that nothing is written twice; false: cannot tell. NULL: no such receiver
	bool (*newest)(struct sink *s, enum outbox_lane lane, uint64_t *epoch, uint64_t *sent, uint8_t chain[static OUTBOX_HASH]);
	void (*destroy)(struct sink **s);
};

// NULL: this build has none (kafka is a feature of the build).
const struct sink_ops *sink_ops_of(enum sink_type type);
extern const char *const sink_type_name[SINK_TYPES];

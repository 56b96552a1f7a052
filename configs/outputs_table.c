// The table of members. A member stands here only when a sink reads it.
#include "configs/outputs.h"

#include <assert.h>
#include <string.h>

static const char *const words_type[] = {"file", "stdout", "unix", "syslog", "kafka", "http", NULL}; // enum sink_type
static const char *const words_format[] = {"eve", "ecs", "cef", "leef", NULL};                      // enum sink_format
static const char *const words_events[] = {"smtp", "tls", "alert", "anomaly", "stats", NULL};       // enum record_type bits
static const char *const words_severity[] = {"info", "low", "medium", "high", "critical", NULL};    // enum severity
static const char *const words_transport[] = {"udp", "tcp", "tls", "local", NULL};                  // enum sink_transport
static const char *const words_framing[] = {"octet-counting", "lf", NULL};                          // enum sink_framing
static const char *const words_security[] = {"plaintext", "ssl", "sasl_ssl", NULL};
static const char *const words_api[] = {"elasticsearch", "clickhouse", NULL};                       // enum sink_api
// RFC 5424, table 1; names as syslog.conf has them.
static const char *const words_facility[] = {"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron",
	"authpriv", "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
	"local7", NULL};

static_assert(SINK_FILE == 0 && SINK_STDOUT == 1 && SINK_UNIX == 2 && SINK_SYSLOG == 3 && SINK_KAFKA == 4 && SINK_HTTP == 5,
	"order of words_type");
static_assert(FORMAT_EVE == 0 && FORMAT_ECS == 1 && FORMAT_CEF == 2 && FORMAT_LEEF == 3, "order of words_format");
static_assert(RECORD_SMTP == 0 && RECORD_TLS == 1 && RECORD_ALERT == 2 && RECORD_ANOMALY == 3 && RECORD_STATS == 4,
	"order of words_events");
static_assert(SEVERITY_INFO == 0 && SEVERITY_CRITICAL == 4, "order of words_severity");
static_assert(TRANSPORT_UDP == 0 && TRANSPORT_TCP == 1 && TRANSPORT_TLS == 2 && TRANSPORT_LOCAL == 3, "order of words_transport");
static_assert(FRAMING_OCTETS == 0 && FRAMING_LF == 1, "order of words_framing");
static_assert(API_ELASTICSEARCH == 0 && API_CLICKHOUSE == 1, "order of words_api");

#define AT(field) offsetof(struct sink_config, field)
#define FILES (1u << SINK_FILE)
#define UNIX (1u << SINK_UNIX)
#define SYSLOG (1u << SINK_SYSLOG)
#define KAFKA (1u << SINK_KAFKA)
#define HTTP (1u << SINK_HTTP)
#define ALL ((1u << SINK_TYPES) - 1)

const struct output_member output_members[] = {
	{"type", OUTPUT_WORD, AT(type), 0, 0, words_type, "", ALL, WHEN_ANY, true,
		"What it is."},
	{"name", OUTPUT_NAME, AT(name), 1, SINK_NAME, NULL, "", ALL, WHEN_ANY, false,
		"Its progress is kept under this name; without one the type, then type-2 and so on."},
	{"format", OUTPUT_WORD, AT(format), 0, 0, words_format, "eve", ALL, WHEN_ANY, false,
		"JSON as Suricata's EVE or as ECS, or CEF or LEEF; http takes JSON only, ClickHouse eve only."},
	{"events", OUTPUT_WORDS, AT(events), 1, RECORD_TYPES, words_events, "[alert, stats]", SYSLOG, WHEN_ANY, false,
		"Records that are sent: what is told of every session is much for a syslog."},
	{"events", OUTPUT_WORDS, AT(events), 1, RECORD_TYPES, words_events, "[smtp, tls, alert, anomaly, stats]", ALL & ~SYSLOG, WHEN_ANY,
		false, "Records that are sent."},
	{"severity", OUTPUT_WORD, AT(severity), 0, 0, words_severity, "info", ALL, WHEN_ANY, false,
		"Alerts below it are not sent; other records have no severity."},
	{"rate_per_s", OUTPUT_NUMBER, AT(rate_per_s), 0, 1000000, NULL, "0", ALL, WHEN_ANY, false,
		"Messages a second at most; 0: as fast as they are taken."},
	{"backlog_mib", OUTPUT_NUMBER, AT(backlog_mib), 0, 1048576, NULL, "0", ALL, WHEN_ANY, false,
		"What lags further behind is passed over, and told, in MiB; 0: as much as the outbox keeps."},
	{"path", OUTPUT_PATH, AT(path), 1, SINK_PATH, NULL, "", FILES, WHEN_ANY, true,
		"The file; mode 0640, opened again at SIGHUP."},
	{"path", OUTPUT_PATH, AT(path), 1, 107, NULL, "", UNIX, WHEN_ANY, true, // 107: sun_path
		"The socket that somebody listens at; a record is a line."},
	{"rotate_mib", OUTPUT_NUMBER, AT(rotate_mib), 0, 1048576, NULL, "0", FILES, WHEN_ANY, false,
		"Size at which it is renamed to PATH.1, in MiB; 0: others rotate it, and send SIGHUP."},
	{"rotate_keep", OUTPUT_NUMBER, AT(rotate_keep), 1, 999, NULL, "5", FILES, WHEN_ANY, false,
		"How many renamed ones are kept."},
	{"transport", OUTPUT_WORD, AT(transport), 0, 0, words_transport, "tls", SYSLOG, WHEN_ANY, false,
		"How it gets there; local is /dev/log of this machine; udp loses messages unnoticed."},
	{"framing", OUTPUT_WORD, AT(framing), 0, 0, words_framing, "octet-counting", SYSLOG, WHEN_STREAM, false,
		"Where a message ends (RFC 6587): its length before it, or a line feed for receivers that count no octets."},
	{"host", OUTPUT_HOST, AT(host), 1, SINK_TEXT, NULL, "", SYSLOG, WHEN_REMOTE, true,
		"The receiver: a name or an address."},
	{"port", OUTPUT_PORT, AT(port), 1, 65535, NULL, "", SYSLOG, WHEN_REMOTE, false,
		"Its port; without one 514 for UDP, 601 for TCP, 6514 for TLS."},
	{"facility", OUTPUT_WORD, AT(facility), 0, 0, words_facility, "daemon", SYSLOG, WHEN_ANY, false,
		"Facility of the messages: what it is; local0 to local7 are the site's to give out."},
	{"cookie", OUTPUT_SWITCH, AT(cookie), 0, 0, NULL, "off", SYSLOG, WHEN_ANY, false,
		"\"@cee: \" before the JSON, for receivers that look for it."},
	{"structured", OUTPUT_SWITCH, AT(structured), 0, 0, NULL, "off", SYSLOG, WHEN_REMOTE, false,
		"Number, epoch and ids as structured data of RFC 5424, too."},
	{"ca", OUTPUT_PATH, AT(ca), 1, SINK_PATH, NULL, "", SYSLOG, WHEN_TLS, true,
		"PEM file of the CA that the receiver's certificate must be from."},
	{"ca", OUTPUT_PATH, AT(ca), 1, SINK_PATH, NULL, "", KAFKA | HTTP, WHEN_TLS, false,
		"PEM file of the CA that the receiver's certificate must be from; without it the system's."},
	{"cert", OUTPUT_PATH, AT(cert), 1, SINK_PATH, NULL, "", SYSLOG | KAFKA | HTTP, WHEN_TLS, false,
		"PEM file of this sensor's own certificate and what is between it and its CA."},
	{"key", OUTPUT_PATH, AT(key), 1, SINK_PATH, NULL, "", SYSLOG | KAFKA | HTTP, WHEN_TLS, false,
		"PEM file of its key, without a passphrase; with cert only."},
	{"server_name", OUTPUT_HOST, AT(server_name), 1, SINK_TEXT, NULL, "", SYSLOG | HTTP, WHEN_TLS, false,
		"Name that the receiver's certificate must have; without it the one that is connected to."},
	{"brokers", OUTPUT_BROKERS, AT(brokers), 1, SINK_TEXT, NULL, "", KAFKA, WHEN_ANY, true,
		"Some of the cluster's brokers, as one text (\"k1:9092,k2:9092\") or as a list; without a port 9092."},
	{"topic", OUTPUT_TOPIC, AT(topic), 1, 249, NULL, "", KAFKA, WHEN_ANY, true,
		"Topic of alerts and stats, and of the rest where topic_sessions is not given."},
	{"topic_sessions", OUTPUT_TOPIC, AT(topic_sessions), 1, 249, NULL, "", KAFKA, WHEN_ANY, false,
		"Topic of smtp, tls and anomaly."},
	{"security", OUTPUT_CHOICE, AT(security), 0, 0, words_security, "plaintext", KAFKA, WHEN_ANY, false,
		"How brokers are spoken to."},
	{"api", OUTPUT_WORD, AT(api), 0, 0, words_api, "", HTTP, WHEN_ANY, true,
		"Whose bulk interface: elasticsearch is OpenSearch's, too; ClickHouse's is JSONEachRow."},
	{"url", OUTPUT_URL, AT(url), 1, SINK_TEXT, NULL, "", HTTP, WHEN_ANY, true,
		"Where it is, without a path; where there is a password, over https or to this machine."},
	{"target", OUTPUT_TARGET, AT(target), 1, SINK_TEXT, NULL, "", HTTP, WHEN_ANY, true,
		"Index or data stream, or [DATABASE.]TABLE."},
	{"user", OUTPUT_TEXT, AT(user), 1, SINK_TEXT, NULL, "", KAFKA, WHEN_SASL, true,
		"User (SASL, SCRAM-SHA-256)."},
	{"user", OUTPUT_TEXT, AT(user), 1, SINK_TEXT, NULL, "", HTTP, WHEN_ANY, false,
		"User."},
	{"password_file", OUTPUT_PATH, AT(password_file), 1, SINK_PATH, NULL, "", KAFKA, WHEN_SASL, true,
		"File whose first line is the password."},
	{"password_file", OUTPUT_PATH, AT(password_file), 1, SINK_PATH, NULL, "", HTTP, WHEN_ANY, false,
		"File whose first line is the password; without user a token: an API key of Elasticsearch, else Bearer."},
};

const size_t output_members_n = sizeof output_members / sizeof output_members[0];
static_assert(sizeof output_members / sizeof output_members[0] <= OUTPUT_MEMBERS_MAX, "more rows than OUTPUT_MEMBERS_MAX");

bool output_type_built(int type)
{
	return sink_ops_of((enum sink_type)type) != NULL;
}

const struct output_member *output_member_find(const char *name, int type)
{
	for (size_t i = 0; i < output_members_n; i++)
		if (output_members[i].types & 1u << type && strcmp(output_members[i].name, name) == 0)
			return &output_members[i];
	return NULL;
}

bool output_member_holds(const struct output_member *m, const struct sink_config *o)
{
	switch (m->when) {
	case WHEN_REMOTE:
		return o->transport != TRANSPORT_LOCAL;
	case WHEN_STREAM:
		return o->transport == TRANSPORT_TCP || o->transport == TRANSPORT_TLS;
	case WHEN_SASL:
		return strcmp(o->security, "sasl_ssl") == 0;
	case WHEN_TLS:
		if (o->type == SINK_SYSLOG)
			return o->transport == TRANSPORT_TLS;
		return o->type == SINK_KAFKA ? strcmp(o->security, "plaintext") != 0 : strncmp(o->url, "https:", 6) == 0;
	case WHEN_ANY:
		break;
	}
	return true;
}

const char *output_when_text(enum output_when when, int type)
{
	static const char *const tls[SINK_TYPES] = {
		[SINK_SYSLOG] = "transport: tls", [SINK_KAFKA] = "security: ssl or sasl_ssl", [SINK_HTTP] = "an https: url"};
	static const char *const words[] = {[WHEN_ANY] = "", [WHEN_REMOTE] = "a transport other than local",
		[WHEN_STREAM] = "transport: tcp or tls", [WHEN_SASL] = "security: sasl_ssl"};
	return when == WHEN_TLS ? tls[type] : words[when];
}

void output_types_text(uint32_t types, char *out, size_t len)
{
	size_t used = 0;
	out[0] = '\0';
	for (int i = 0; i < SINK_TYPES && used < len; i++)
		if (types & 1u << i)
			used += (size_t)snprintf(out + used, len - used, "%s%s", used > 0 ? ", " : "", sink_type_name[i]);
}

static void describe_words(const struct output_member *m, char *out, size_t len)
{
	size_t used = 0;
	for (size_t i = 0; m->words[i] != NULL && used < len; i++)
		used += (size_t)snprintf(out + used, len - used, "%s%s", i > 0 ? " | " : "", m->words[i]);
	if (m->kind == OUTPUT_WORDS && used < len)
		snprintf(out + used, len - used, " (list)");
}

void output_member_describe(const struct output_member *m, char *out, size_t len)
{
	static const char *const plain[OUTPUT_KINDS] = {
		[OUTPUT_NAME] = "small letters, digits, hyphens, underscores", [OUTPUT_PATH] = "path", [OUTPUT_HOST] = "host name | address",
		[OUTPUT_BROKERS] = "HOST[:PORT],HOST[:PORT]... | list of HOST[:PORT]", [OUTPUT_TOPIC] = "topic",
		[OUTPUT_URL] = "http://HOST[:PORT] | https://HOST[:PORT]",
		[OUTPUT_TARGET] = "name", [OUTPUT_TEXT] = "text", [OUTPUT_SWITCH] = "on | off"};
	if (m->words == words_facility) // one line has no room for them
		snprintf(out, len, "daemon | user | auth | authpriv | local0 to local7, and the others of RFC 5424");
	else if (m->words != NULL)
		describe_words(m, out, len);
	else if (m->kind == OUTPUT_NUMBER || m->kind == OUTPUT_PORT)
		snprintf(out, len, "%u..%u", m->min, m->max);
	else
		snprintf(out, len, "%s", plain[m->kind]);
}

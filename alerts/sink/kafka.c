// Kafka, by librdkafka: an idempotent producer that asks for the acknowledgement of all replicas that are in sync.
//
// A message counts as taken when its delivery report says so. What is not acknowledged in time is purged, and the producer is
// thrown away with its connections: nothing is sent behind our back after we said that it was not. Whoever has it then (its
// acknowledgement may be what was lost) gets it again, with the same id and number. docs/delivery.md
//
// librdkafka has threads of its own, begun in open(), when rights are given up already. They call back only from
// rd_kafka_poll(), that is in our thread; but for log lines. Files are read and the library begun in prepare().
#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#include "alerts/finding.h"
#include "alerts/sink/secret.h"
#include "alerts/sink/wait.h"
#include "hw/clock.h"
#include "hw/log.h"

enum {
	STEP_MS = 100,
	GRACE_MS = 200,         // for what is on its way when the sensor ends
	ASK_FIRST_MS = 200,     // for metadata; each time twice as long, up to ASK_MOST_MS, so that a slow cluster is understood in the end
	ASK_MOST_MS = 3200,
	CREATION_MS = 3000,     // a topic that the brokers make when it is first asked for
	LOGGED_AN_HOUR = 12,    // lines of the library; a cluster that is down says the same for each broker, again and again
	TROUBLE = 128,
};

#define HOUR_NS (3600 * UINT64_C(1000000000))

enum report { REPORT_NONE, REPORT_WAITING, REPORT_TAKEN, REPORT_FAILED };

struct sink {
	struct sink_config config;
	struct sink_env env;
	rd_kafka_conf_t *conf;                   // complete, but for the brokers
	rd_kafka_t *rk;                          // NULL: none now
	rd_kafka_topic_t *topic[OUTBOX_LANES];   // the same one twice where there is only one
	uint8_t report[SINK_BATCH];              // enum report
	rd_kafka_resp_err_t error[SINK_BATCH];   // of REPORT_FAILED
	size_t waiting;
	uint32_t refused_in_a_row;
	char trouble[TROUBLE];                   // what the library said last
	_Atomic uint64_t hour;                   // of the log: number of it
	_Atomic uint32_t logged;                 // in this hour
};

static const char *const type_name[RECORD_TYPES] = {
	[RECORD_SMTP] = "smtp", [RECORD_TLS] = "tls", [RECORD_ALERT] = "alert", [RECORD_ANOMALY] = "anomaly", [RECORD_STATS] = "stats"};

// ---- what the library calls --------------------------------------------------------------------------------------------

// Any of its threads.
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	struct sink *s = rd_kafka_opaque(rk);
	if (level > 4) // syslog's warning
		return;
	uint64_t hour = clock_mono_ns() / HOUR_NS;
	if (atomic_exchange(&s->hour, hour) != hour)
		atomic_store(&s->logged, 0);
	uint32_t n = atomic_fetch_add(&s->logged, 1);
	if (n < LOGGED_AN_HOUR)
		log_warn("kafka", "%s: %s: %s", s->config.name, facility, text);
	else if (n == LOGGED_AN_HOUR)
		log_warn("kafka", "%s: what librdkafka says more in this hour is left out", s->config.name);
}

static void on_error(rd_kafka_t *rk, int error, const char *reason, void *opaque)
{
	struct sink *s = opaque;
	if (error != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || s->trouble[0] == '\0') // why they are down was said before
		snprintf(s->trouble, sizeof s->trouble, "%s", reason);
}

static void on_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct sink *s = opaque;
	size_t i = (size_t)((uint8_t *)m->_private - s->report);
	s->report[i] = m->err == RD_KAFKA_RESP_ERR_NO_ERROR ? REPORT_TAKEN : REPORT_FAILED;
	s->error[i] = m->err;
	s->waiting--;
}

// ---- configuration -----------------------------------------------------------------------------------------------------

static int set(struct sink *s, const char *name, const char *value)
{
	char text[96] = "";
	if (rd_kafka_conf_set(s->conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK)
		return 0;
	return sink_why(&s->env, -EINVAL, "%s: %s", name, text[0] != '\0' ? text : "refused");
}

static int set_file(struct sink *s, const char *name, const char *path)
{
	char *pem;
	size_t len;
	int rc = secret_file(&pem, &len, path, &s->env);
	if (rc == 0)
		rc = set(s, name, pem);
	secret_free(&pem, len);
	return rc;
}

static int set_tls(struct sink *s)
{
	const struct sink_config *c = &s->config;
	int rc = set_file(s, "ssl.ca.pem", c->ca[0] != '\0' ? c->ca : secret_system_cas);
	if (rc == 0)
		rc = set(s, "ssl.endpoint.identification.algorithm", "https"); // off by default in this library
	if (rc == 0)
		rc = set(s, "enable.ssl.certificate.verification", "true");
	if (rc == 0 && c->cert[0] != '\0')
		rc = set_file(s, "ssl.certificate.pem", c->cert);
	if (rc == 0 && c->key[0] != '\0')
		rc = set_file(s, "ssl.key.pem", c->key);
	return rc;
}

// SCRAM-SHA-256: the brokers have to prove that they know the password, too, and never see it.
static int set_sasl(struct sink *s)
{
	char password[SECRET_LINE + 1] = "";
	int rc = set(s, "sasl.mechanism", "SCRAM-SHA-256");
	if (rc == 0)
		rc = set(s, "sasl.username", s->config.user);
	if (rc == 0)
		rc = secret_line(password, s->config.password_file, &s->env);
	if (rc == 0)
		rc = set(s, "sasl.password", password);
	explicit_bzero(password, sizeof password);
	return rc;
}

static const char *const settings[][2] = {
	{"client.id", "postwacht"},
	{"enable.idempotence", "true"},             // with it: in order, and once, through whatever the library retries itself
	{"acks", "all"},
	{"max.in.flight.requests.per.connection", "5"}, // the most that idempotence allows
	{"partitioner", "murmur2_random"},          // a key goes where Apache's own client would send it
	{"compression.codec", "lz4"},
	{"linger.ms", "5"},
	{"batch.size", "65536"},                    // below the smallest message.max.bytes that a broker is run with
	{"queue.buffering.max.messages", "2048"},
	{"queue.buffering.max.kbytes", "32768"},
	{"message.timeout.ms", "9000"},             // below SINK_PATIENCE_S: the library gives up first, and says why
	{"request.timeout.ms", "8000"},
	{"socket.timeout.ms", "9000"},
	{"socket.connection.setup.timeout.ms", "8000"},
	{"socket.keepalive.enable", "true"},
	{"receive.message.max.bytes", "8388608"},  // of an answer: about our topics and what was sent, never of what is in them
	{"reconnect.backoff.max.ms", "2000"},       // within one hand-over, a broker that comes back is found
	{"log.connection.close", "false"},
};
static_assert(SINK_BATCH <= 2048, "queue.buffering.max.messages");

static int set_all(struct sink *s)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < sizeof settings / sizeof settings[0]; i++)
		rc = set(s, settings[i][0], settings[i][1]);
	const char *security = s->config.security[0] != '\0' ? s->config.security : "plaintext";
	if (rc == 0)
		rc = set(s, "security.protocol", security);
	if (rc == 0 && strstr(security, "ssl") != NULL)
		rc = set_tls(s);
	if (rc == 0 && strncmp(security, "sasl", 4) == 0)
		rc = set_sasl(s);
	rd_kafka_conf_set_opaque(s->conf, s);
	rd_kafka_conf_set_log_cb(s->conf, on_log);
	rd_kafka_conf_set_error_cb(s->conf, on_error);
	rd_kafka_conf_set_dr_msg_cb(s->conf, on_report);
	return rc;
}

// ---- one producer ------------------------------------------------------------------------------------------------------

// Throws it away, and what waits in it with it. A moment: its threads end.
static void stop(struct sink *s)
{
	if (s->rk == NULL)
		return;
	rd_kafka_purge(s->rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	for (int i = 0; s->waiting > 0 && i < 10; i++)
		rd_kafka_poll(s->rk, STEP_MS);
	for (size_t lane = 0; lane < OUTBOX_LANES; lane++)
		if (s->topic[lane] != NULL)
			rd_kafka_topic_destroy(s->topic[lane]);
	memset(s->topic, 0, sizeof s->topic);
	rd_kafka_destroy(s->rk);
	s->rk = NULL;
	s->waiting = 0;
}

static int start(struct sink *s, const char *brokers)
{
	char text[96] = "";
	rd_kafka_conf_t *conf = rd_kafka_conf_dup(s->conf);
	if (conf == NULL)
		return -ENOMEM;
	if (brokers != NULL && rd_kafka_conf_set(conf, "bootstrap.servers", brokers, text, sizeof text) != RD_KAFKA_CONF_OK) {
		rd_kafka_conf_destroy(conf);
		return sink_why(&s->env, -EINVAL, "brokers: %s", text);
	}
	s->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof text);
	if (s->rk == NULL) {
		rd_kafka_conf_destroy(conf);
		return sink_why(&s->env, -EINVAL, "%s", text);
	}
	if (brokers == NULL)
		return 0;
	const char *names[OUTBOX_LANES] = {s->config.topic, s->config.topic_sessions};
	for (size_t lane = 0; lane < OUTBOX_LANES; lane++) {
		const char *name = names[lane][0] != '\0' ? names[lane] : s->config.topic;
		s->topic[lane] = rd_kafka_topic_new(s->rk, name, NULL);
		if (s->topic[lane] == NULL) {
			int rc = sink_why(&s->env, -EINVAL, "topic %s: %s", name, rd_kafka_err2str(rd_kafka_last_error()));
			stop(s);
			return rc;
		}
	}
	return 0;
}

static bool stopping(const struct sink *s)
{
	return *(const volatile unsigned char *)s->env.stop != 0; // in shared memory: an octet that is neither 0 nor 1 is no bool to C
}

// Of our topics, the first that is not to be had.
static rd_kafka_resp_err_t first_error(const struct rd_kafka_metadata *md, const char **topic)
{
	for (int i = 0; i < md->topic_cnt; i++) {
		*topic = md->topics[i].topic;
		if (md->topics[i].err != RD_KAFKA_RESP_ERR_NO_ERROR)
			return md->topics[i].err;
	}
	return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool may_be_made(rd_kafka_resp_err_t error)
{
	return error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || error == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE;
}

// Asks a broker about our topics: one that is there, understood us, let us in, and knows them.
static int reach(struct sink *s)
{
	uint64_t began_ms = clock_mono_ns() / 1000000, now_ms = began_ms;
	rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR__TIMED_OUT;
	char missing[SINK_TEXT + 1] = "";
	for (int ask_ms = ASK_FIRST_MS; now_ms - began_ms < SINK_PATIENCE_S * 1000 && !stopping(s); ask_ms *= ask_ms < ASK_MOST_MS ? 2 : 1) {
		const struct rd_kafka_metadata *md;
		int left_ms = (int)(SINK_PATIENCE_S * 1000 - (now_ms - began_ms));
		error = rd_kafka_metadata(s->rk, 0, NULL, &md, ask_ms < left_ms ? ask_ms : left_ms);
		rd_kafka_poll(s->rk, 0);
		now_ms = clock_mono_ns() / 1000000;
		if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
			continue;
		const char *topic = "";
		error = first_error(md, &topic);
		snprintf(missing, sizeof missing, "%s", topic);
		rd_kafka_metadata_destroy(md);
		if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
			return 0;
		if (!may_be_made(error) || now_ms - began_ms > CREATION_MS)
			return sink_why(&s->env, -ENOENT, "topic %s: %s", missing, rd_kafka_err2str(error));
		rd_kafka_poll(s->rk, STEP_MS);
	}
	return sink_why(&s->env, stopping(s) ? -ECANCELED : -ETIMEDOUT, "%s", s->trouble[0] != '\0' ? s->trouble : rd_kafka_err2str(error));
}

// ---- messages ----------------------------------------------------------------------------------------------------------

static const char *finding_of(uint32_t signature_id)
{
	for (size_t i = 0; signature_id != 0 && i < catalogue_n; i++)
		if (catalogue[i].signature_id == signature_id)
			return catalogue[i].id;
	return "";
}

static rd_kafka_headers_t *headers_of(const struct sink *s, const struct sink_message *m)
{
	rd_kafka_headers_t *headers = rd_kafka_headers_new(4);
	const char *finding = finding_of(m->about->signature_id);
	rd_kafka_header_add(headers, "event_type", -1, m->about->type < RECORD_TYPES ? type_name[m->about->type] : "", -1);
	rd_kafka_header_add(headers, "host", -1, s->env.host, -1);
	rd_kafka_header_add(headers, "sink", -1, s->config.name, -1); // numbers are a sink's own
	if (finding[0] != '\0')
		rd_kafka_header_add(headers, "finding", -1, finding, -1);
	return headers;
}

static rd_kafka_resp_err_t produce(struct sink *s, const struct sink_message *m, uint8_t *report)
{
	const char *key = m->key[0] != '\0' ? m->key : m->id; // of one connection: one partition, so in order
	const void *key_or_none = key[0] != '\0' ? key : NULL;
	rd_kafka_headers_t *headers = headers_of(s, m);
	const rd_kafka_vu_t parts[] = {
		{.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = s->topic[m->lane]},
		{.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
		{.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)(uintptr_t)key_or_none, strlen(key)}},
		{.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)m->octets, m->len}},
		{.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = headers},
		{.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = report},
	};
	rd_kafka_error_t *failure = rd_kafka_produceva(s->rk, parts, sizeof parts / sizeof parts[0]);
	rd_kafka_resp_err_t error = failure != NULL ? rd_kafka_error_code(failure) : RD_KAFKA_RESP_ERR_NO_ERROR;
	if (failure != NULL)
		rd_kafka_error_destroy(failure);
	if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_headers_destroy(headers);
	return error;
}

static void produce_all(struct sink *s, const struct sink_message *m, size_t n)
{
	memset(s->report, REPORT_NONE, sizeof s->report);
	s->waiting = 0;
	for (size_t i = 0; i < n; i++) {
		s->report[i] = REPORT_WAITING;
		s->waiting++;
		s->error[i] = produce(s, &m[i], &s->report[i]);
		if (s->error[i] == RD_KAFKA_RESP_ERR_NO_ERROR)
			continue;
		s->report[i] = REPORT_FAILED;
		s->waiting--;
		return; // what is behind it waits for it
	}
}

static void await(struct sink *s)
{
	uint64_t end_ns = clock_mono_ns() + SINK_PATIENCE_S * UINT64_C(1000000000);
	bool ends = false;
	while (s->waiting > 0 && clock_mono_ns() < end_ns) {
		rd_kafka_poll(s->rk, STEP_MS);
		if (!ends && stopping(s)) {
			ends = true;
			end_ns = clock_mono_ns() + GRACE_MS * UINT64_C(1000000);
		}
	}
}

// Refused for what it is. Brokers refuse a whole batch for one of its messages, so only one that was alone is known to be it.
static bool its_own_fault(rd_kafka_resp_err_t error)
{
	return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || error == RD_KAFKA_RESP_ERR_INVALID_RECORD ||
	       error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

static size_t taken(const struct sink *s, size_t n)
{
	size_t i = 0;
	while (i < n && s->report[i] == REPORT_TAKEN)
		i++;
	return i;
}

static int send_some(struct sink *s, const struct sink_message *m, size_t n, rd_kafka_resp_err_t *error)
{
	if (s->rk == NULL && start(s, s->config.brokers) < 0)
		return -EINVAL;
	s->trouble[0] = '\0';
	produce_all(s, m, n);
	await(s);
	size_t done = taken(s, n);
	*error = done == n ? RD_KAFKA_RESP_ERR_NO_ERROR
	         : s->report[done] == REPORT_FAILED ? s->error[done] : RD_KAFKA_RESP_ERR__TIMED_OUT;
	if (done < n)
		stop(s);
	return (int)done;
}

// ---- the sink ----------------------------------------------------------------------------------------------------------

static void kafka_destroy(struct sink **s)
{
	if (*s == NULL)
		return;
	stop(*s);
	if ((*s)->conf != NULL)
		rd_kafka_conf_destroy((*s)->conf);
	free(*s);
	*s = NULL;
}

static int kafka_prepare(struct sink **out, const struct sink_config *c, const struct sink_env *env)
{
	struct sink *s = *out = calloc(1, sizeof *s);
	if (s == NULL)
		return -ENOMEM;
	s->config = *c;
	s->env = *env;
	s->conf = rd_kafka_conf_new();
	int rc = s->conf == NULL ? -ENOMEM : set_all(s);
	if (rc == 0) {
		// One without brokers, at once thrown away: keys and certificates are tried, and what the libraries read and load once
		// in their lives they read now.
		atomic_store(&s->hour, clock_mono_ns() / HOUR_NS);
		atomic_store(&s->logged, LOGGED_AN_HOUR + 1); // that there are no brokers is known
		rc = start(s, NULL);
		stop(s);
		atomic_store(&s->logged, 0);
	}
	if (rc < 0)
		kafka_destroy(out);
	return rc;
}

static int kafka_open(struct sink *s)
{
	s->trouble[0] = '\0';
	int rc = s->rk != NULL ? 0 : start(s, s->config.brokers);
	return rc < 0 ? rc : reach(s);
}

static int kafka_send(struct sink *s, const struct sink_message *m, size_t n, uint64_t *refused)
{
	rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
	size_t some = n < SINK_BATCH ? n : SINK_BATCH;
	int done = send_some(s, m, some, &error);
	if (done == 0 && some > 1 && its_own_fault(error))
		done = send_some(s, m, some = 1, &error);
	if (done > 0)
		s->refused_in_a_row = 0;
	if (done == 0 && some == 1 && its_own_fault(error)) {
		if (s->refused_in_a_row == SINK_REFUSED_MAX)
			return sink_why(&s->env, -EPROTO, "all is refused, so nothing more is given up: %s", rd_kafka_err2str(error));
		s->refused_in_a_row++;
		log_warn("kafka", "%s: a message is refused for good: %s", s->config.name, rd_kafka_err2str(error));
		(*refused)++;
		return 1;
	}
	if (done == 0 && some > 0)
		return sink_why(&s->env, stopping(s) ? -ECANCELED : -EIO, "%s%s%s", rd_kafka_err2str(error), s->trouble[0] != '\0' ? ": " : "",
			s->trouble);
	return done;
}

static void kafka_close(struct sink *s)
{
	stop(s);
}

const struct sink_ops sink_kafka_ops = {
	.name = "kafka",
	.prepare = kafka_prepare,
	.open = kafka_open,
	.send = kafka_send,
	.close = kafka_close,
	.destroy = kafka_destroy,
};

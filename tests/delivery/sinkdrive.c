// Drives one sink from the command line, for the tests that stand receivers up against it.
//
//   sinkdrive TYPE KEY=VALUE... < LINES        e.g. sinkdrive syslog transport=tcp host=127.0.0.1 port=5514
//
// Keys are the fields of struct sink_config (alerts/sink/sink.h), words for enums. Of the driver itself: batch=N messages a
// hand-over (64), tries=N attempts in a row that may fail (1), pause_ms=N between them (100), wait_ms=N before each batch (0),
// epoch=N of the row, rights=1 gives up all that the courier gives up, host_name=NAME of the sensor, severity_of=NAME and type_of=NAME of every message (where the line does not say, it is an alert, critical).
// A line `!reopen`, `!newest`, `!close` or `!sent` (tells "had N", once what stands before it is handed over) of the input is done, not
// sent; `!raw TEXT` is sent with each \n in it as an octet 10.
//
// Says on standard error what happened, one line an event: "prepared", "opened", "trouble WHY", "newest alerts EPOCH SEQ", "sent N
// refused M". Exit 0: all was handed over; 1: not; 2: usage; 3: it could not be prepared.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/sink/file.h"
#include "alerts/sink/sink.h"
#include "hw/clock.h"
#include "hw/log.h"
#include "hw/rights.h"

struct drive {
	struct sink_config config;
	const struct sink_ops *ops;
	struct sink *sink;
	struct sink_env env;
	bool open;
	unsigned long batch, tries, pause_ms, wait_ms, rights;
	int type_of, severity_of;
	uint64_t seq[OUTBOX_LANES], refused, sent;
	char host_name[64], why[SINK_WHY];
};

static bool stop;

// ---- arguments ---------------------------------------------------------------------------------------------------

#define TEXT(field) {#field, offsetof(struct sink_config, field), sizeof(((struct sink_config *)0)->field), NULL}
#define NUMBER(field) {#field, offsetof(struct sink_config, field), 0, NULL}
#define FLAG(field) {#field, offsetof(struct sink_config, field), 1, NULL}
#define WORD(field, words) {#field, offsetof(struct sink_config, field), 0, words}

static const char *const formats[] = {"eve", "ecs", "cef", "leef", NULL};
static const char *const transports[] = {"udp", "tcp", "tls", "local", NULL};
static const char *const framings[] = {"octet-counting", "lf", NULL};
static const char *const apis[] = {"elasticsearch", "clickhouse", NULL};

static const struct field {
	const char *name;
	size_t at, len; // len: of a text; 1: a bool; 0: a number of 4 octets, or a word
	const char *const *words;
} fields[] = {
	TEXT(name), TEXT(path), TEXT(host), TEXT(ca), TEXT(cert), TEXT(key), TEXT(server_name), TEXT(brokers), TEXT(topic),
	TEXT(topic_sessions), TEXT(security), TEXT(url), TEXT(target), TEXT(user), TEXT(password_file), NUMBER(events), NUMBER(severity),
	NUMBER(rate_per_s), NUMBER(backlog_mib), NUMBER(rotate_mib), NUMBER(rotate_keep), NUMBER(facility), FLAG(cookie), FLAG(structured),
	WORD(format, formats), WORD(transport, transports), WORD(framing, framings), WORD(api, apis),
};

static bool set_field(struct sink_config *c, const struct field *f, const char *value)
{
	char *at = (char *)c + f->at;
	unsigned number = (unsigned)strtoul(value, NULL, 10);
	if (f->len > 1)
		return (size_t)snprintf(at, f->len, "%s", value) < f->len;
	if (f->words != NULL) {
		for (number = 0; f->words[number] != NULL && strcmp(f->words[number], value) != 0;)
			number++;
		if (f->words[number] == NULL)
			return false;
	}
	if (f->len == 1)
		*at = number != 0;
	else
		memcpy(at, &number, sizeof number);
	return true;
}

static int type_named(const char *name)
{
	static const char *const names[RECORD_TYPES] = {"smtp", "tls", "alert", "anomaly", "stats"};
	for (int i = 0; i < RECORD_TYPES; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static bool set_own(struct drive *d, const char *key, const char *value)
{
	unsigned long *const numbers[] = {&d->batch, &d->tries, &d->pause_ms, &d->wait_ms, &d->rights};
	static const char *const names[] = {"batch", "tries", "pause_ms", "wait_ms", "rights"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i], key) == 0)
			return (*numbers[i] = strtoul(value, NULL, 10)) > 0 || i > 1;
	if (strcmp(key, "port") == 0)
		return (d->config.port = (uint16_t)atoi(value)) != 0;
	if (strcmp(key, "epoch") == 0)
		return (d->env.epoch = strtoull(value, NULL, 10)) != 0;
	if (strcmp(key, "host_name") == 0)
		return snprintf(d->host_name, sizeof d->host_name, "%s", value) > 0;
	if (strcmp(key, "type_of") == 0)
		return (d->type_of = type_named(value)) >= 0;
	if (strcmp(key, "severity_of") == 0)
		return (d->severity_of = severity_parse(value)) >= 0;
	return false;
}

static bool set(struct drive *d, char *argument)
{
	char *value = strchr(argument, '=');
	if (value == NULL)
		return false;
	*value++ = '\0';
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
		if (strcmp(fields[i].name, argument) == 0)
			return set_field(&d->config, &fields[i], value);
	return set_own(d, argument, value);
}

static bool set_all(struct drive *d, int argc, char **argv)
{
	*d = (struct drive){.env = {.stop = &stop, .epoch = 1790000000, .host = d->host_name, .why = d->why}, .batch = 64, .tries = 1,
		.pause_ms = 100, .type_of = -1, .severity_of = SEVERITY_CRITICAL, .host_name = "sensor-1"};
	memcpy(d->config.name, "drive", 6);
	d->config.rotate_keep = 1;
	for (d->config.type = 0; d->config.type < SINK_TYPES; d->config.type++)
		if (argc > 1 && strcmp(sink_type_name[d->config.type], argv[1]) == 0)
			break;
	d->ops = d->config.type < SINK_TYPES ? sink_ops_of(d->config.type) : NULL;
	if (d->ops == NULL)
		return false;
	for (int i = 2; i < argc; i++)
		if (!set(d, argv[i])) {
			fprintf(stderr, "sinkdrive: what is %s?\n", argv[i]);
			return false;
		}
	return d->batch <= SINK_BATCH;
}

// ---- sending -----------------------------------------------------------------------------------------------------

static void sleep_ms(unsigned long ms)
{
	usleep((useconds_t)ms * 1000);
}

static void trouble(struct drive *d, int rc)
{
	fprintf(stderr, "trouble %s (%s)\n", d->why[0] != '\0' ? d->why : "-", strerror(-rc));
	if (d->open)
		d->ops->close(d->sink);
	d->open = false;
}

static int attempt(struct drive *d, const struct sink_message *m, size_t n)
{
	int rc = 0;
	d->why[0] = '\0';
	if (!d->open && (rc = d->ops->open(d->sink)) < 0)
		return rc;
	if (!d->open)
		fprintf(stderr, "opened\n");
	d->open = true;
	return d->ops->send(d->sink, m, n, &d->refused);
}

static bool hand_over(struct drive *d, const struct sink_message *m, size_t n)
{
	unsigned long failed = 0;
	if (d->wait_ms > 0)
		sleep_ms(d->wait_ms);
	while (n > 0 && failed < d->tries) {
		int rc = attempt(d, m, n);
		if (rc < 0) {
			trouble(d, rc);
			if (++failed < d->tries)
				sleep_ms(d->pause_ms);
			continue;
		}
		if (rc > 0)
			failed = 0;
		m += rc;
		n -= (size_t)rc;
		d->sent += (uint64_t)rc;
	}
	return n == 0;
}

static void tell_newest(struct drive *d)
{
	for (enum outbox_lane l = 0; l < OUTBOX_LANES && d->ops->newest != NULL; l++) {
		uint64_t epoch, sent;
		uint8_t chain[OUTBOX_HASH];
		if (d->ops->newest(d->sink, l, &epoch, &sent, chain))
			fprintf(stderr, "newest %s %llu %llu\n", outbox_lane_name[l], (unsigned long long)epoch, (unsigned long long)sent);
		else
			fprintf(stderr, "newest %s unknown\n", outbox_lane_name[l]);
	}
}

static void command(struct drive *d, const char *word)
{
	if (strcmp(word, "!close") == 0 && d->open) {
		d->ops->close(d->sink);
		d->open = false;
	} else if (strcmp(word, "!reopen") == 0 && d->ops->reopen != NULL) {
		d->ops->reopen(d->sink);
	} else if (strcmp(word, "!sent") == 0) {
		fprintf(stderr, "had %llu\n", (unsigned long long)d->sent);
	} else if (strcmp(word, "!newest") == 0) {
		if (!d->open && d->ops->open(d->sink) == 0)
			d->open = true;
		tell_newest(d);
	}
}

// ---- input -------------------------------------------------------------------------------------------------------

struct gathered {
	size_t n;
	char *line[SINK_BATCH];
	struct sink_message message[SINK_BATCH];
	struct outbox_about about[SINK_BATCH];
	char id[SINK_BATCH][RECORD_ID_LEN + 1];
	char key[SINK_BATCH][64];
};

static void copy_member(char *to, size_t len, const char *line, const char *name)
{
	char quoted[32];
	snprintf(quoted, sizeof quoted, "\"%s\":\"", name);
	const char *at = strstr(line, quoted);
	at = at != NULL ? at + strlen(quoted) : "";
	snprintf(to, len, "%.*s", (int)strcspn(at, "\""), at);
}

static void gather(struct drive *d, struct gathered *g, char *line, size_t len)
{
	size_t i = g->n++;
	struct outbox_about *a = &g->about[i];
	char type[16];
	copy_member(type, sizeof type, line, "event_type");
	int named = d->type_of >= 0 ? d->type_of : type_named(type);
	*a = (struct outbox_about){.type = named >= 0 ? (uint8_t)named : RECORD_ALERT, .time_ns = clock_wall_ns()};
	if (a->type == RECORD_ALERT) {
		const char *id = strstr(line, "\"signature_id\":");
		a->signature_id = id != NULL ? (uint32_t)strtoul(id + 15, NULL, 10) : 0;
		a->severity = (uint8_t)d->severity_of;
		a->confidence = CONFIDENCE_CERTAIN;
	}
	enum outbox_lane lane = a->type == RECORD_ALERT || a->type == RECORD_STATS ? OUTBOX_ALERTS : OUTBOX_SESSIONS;
	copy_member(g->id[i], sizeof g->id[i], line, "id");
	copy_member(g->key[i], sizeof g->key[i], line, "community_id");
	g->line[i] = line;
	g->message[i] = (struct sink_message){.octets = line, .len = len, .about = a, .written_ns = clock_wall_ns(), .key = g->key[i],
		.id = g->id[i], .epoch = d->env.epoch, .seq = ++d->seq[lane], .lane = lane};
}

static bool flush(struct drive *d, struct gathered *g)
{
	bool ok = hand_over(d, g->message, g->n);
	for (size_t i = 0; i < g->n; i++)
		free(g->line[i]);
	g->n = 0;
	return ok;
}

// `\n` of two characters in a line is sent as an octet 10: what no sink should ever be given.
static size_t hostile(char *line, size_t len)
{
	char *at;
	if (strncmp(line, "!raw ", 5) != 0)
		return len;
	memmove(line, line + 5, len - 4);
	len -= 5;
	while ((at = strstr(line, "\\n")) != NULL) {
		*at = '\n';
		memmove(at + 1, at + 2, strlen(at + 2) + 1);
		len--;
	}
	return len;
}

static bool drive(struct drive *d, struct gathered *g)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	bool ok = true;
	while (ok && (len = getline(&line, &cap, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		if (line[0] == '!' && strncmp(line, "!raw ", 5) != 0) {
			ok = flush(d, g);
			command(d, line);
			continue;
		}
		gather(d, g, line, hostile(line, (size_t)len));
		line = NULL;
		cap = 0;
		if (g->n == d->batch)
			ok = flush(d, g);
	}
	free(line);
	return flush(d, g) && ok;
}

// As cli/courier.c does it, but for the user.
static bool give_up(const struct drive *d)
{
	static char names[RIGHTS_DIR], dir[SINK_FILE_DIR];
	char words[RIGHTS_WORDS] = "", why[RIGHTS_WORDS] = "";
	struct rights_config r = {.profile = RIGHTS_COURIER};
	rights_read_names(&r, names);
	if (d->config.type == SINK_FILE && sink_file_dir(dir, d->config.path))
		r.write_dirs[r.n_write_dirs++] = dir;
	const char *const read[] = {d->config.ca, d->config.cert, d->config.key};
	for (size_t i = 0; i < sizeof read / sizeof read[0]; i++)
		if (read[i][0] != '\0')
			r.read_paths[r.n_read_paths++] = read[i];
	if (rights_drop(&r, words, why) == 0)
		return true;
	fprintf(stderr, "trouble rights: %s\n", why);
	return false;
}

static void ended(int signal)
{
	*(volatile bool *)&stop = true;
}

int main(int argc, char **argv)
{
	static struct drive d;
	static struct gathered g;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, ended);
	log_set_level(LOG_LEVEL_INFO);
	if (!set_all(&d, argc, argv)) {
		fprintf(stderr, "usage: sinkdrive TYPE KEY=VALUE... < LINES\n");
		return 2;
	}
	int rc = d.ops->prepare != NULL ? d.ops->prepare(&d.sink, &d.config, &d.env) : 0;
	if (rc < 0) {
		fprintf(stderr, "trouble %s (%s)\n", d.why, strerror(-rc));
		return 3;
	}
	fprintf(stderr, "prepared\n");
	if (d.rights && !give_up(&d))
		return 3;
	bool ok = drive(&d, &g);
	fprintf(stderr, "sent %llu refused %llu\n", (unsigned long long)d.sent, (unsigned long long)d.refused);
	if (d.open)
		d.ops->close(d.sink);
	d.ops->destroy(&d.sink);
	if (d.rights)
		_exit(ok ? 0 : 1); // as rights_drop() asks
	return ok ? 0 : 1;
}

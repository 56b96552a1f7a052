// A sink and nothing else: takes record lines from standard input and hands them over as deliver.c does, until the receiver has
// all of them. For tests of receivers that need no sensor.
//
//   handover type=kafka brokers=127.0.0.1:9092 topic=t [batch=64] [twice=3] [deadline_s=60] [host=NAME] [epoch=N] < lines
//
// twice=N: every Nth batch is handed over again after it was taken, as after a death before the cursor was moved. On standard
// output one line of JSON a hand-over that was not whole, and one at the end. Exit 0 when everything was taken, 1 when not.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <jansson.h>

#include "alerts/finding.h"
#include "alerts/sink/sink.h"

// Until outbox.c is here.
__attribute__((weak)) enum outbox_lane outbox_lane_of(enum record_type type)
{
	return type == RECORD_ALERT || type == RECORD_STATS ? OUTBOX_ALERTS : OUTBOX_SESSIONS;
}

struct line {
	char octets[8192], key[64], id[64];
	struct outbox_about about;
};

struct options {
	struct sink_config config;
	size_t batch, twice;
	int deadline_s;
	const char *host;
	uint64_t epoch;
};

static bool *stop; // shared, as in the sensor

static void on_signal(int number)
{
	*(volatile bool *)stop = true;
}

static int word_of(const char *const *words, const char *value)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], value) == 0)
			return i;
	fprintf(stderr, "handover: unknown word %s\n", value);
	exit(2);
}

static void option(struct options *o, const char *name, const char *value)
{
	static const char *const types[] = {"file", "stdout", "unix", "syslog", "kafka", "http", NULL};
	static const char *const apis[] = {"elasticsearch", "clickhouse", NULL};
	struct {
		const char *name;
		char *at;
		size_t len;
	} texts[] = {
#define TEXT(field) {#field, o->config.field, sizeof o->config.field}
		TEXT(name), TEXT(ca), TEXT(cert), TEXT(key), TEXT(server_name), TEXT(brokers), TEXT(topic), TEXT(topic_sessions),
		TEXT(security), TEXT(url), TEXT(target), TEXT(user), TEXT(password_file),
	};
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (strcmp(texts[i].name, name) == 0) {
			snprintf(texts[i].at, texts[i].len, "%s", value);
			return;
		}
	if (strcmp(name, "type") == 0)
		o->config.type = word_of(types, value);
	else if (strcmp(name, "api") == 0)
		o->config.api = word_of(apis, value);
	else if (strcmp(name, "batch") == 0)
		o->batch = strtoul(value, NULL, 10);
	else if (strcmp(name, "twice") == 0)
		o->twice = strtoul(value, NULL, 10);
	else if (strcmp(name, "deadline_s") == 0)
		o->deadline_s = atoi(value);
	else if (strcmp(name, "host") == 0)
		o->host = value;
	else if (strcmp(name, "epoch") == 0)
		o->epoch = strtoull(value, NULL, 10);
	else {
		fprintf(stderr, "handover: unknown option %s\n", name);
		exit(2);
	}
}

static void copy(char *out, size_t len, json_t *text)
{
	snprintf(out, len, "%s", json_is_string(text) ? json_string_value(text) : "");
}

static struct line *read_line(const char *text)
{
	static const char *const events[] = {"smtp", "tls", "alert", "anomaly", "stats", NULL};
	json_t *j = json_loads(text, 0, NULL);
	struct line *l = calloc(1, sizeof *l);
	size_t len = strcspn(text, "\n");
	if (j == NULL || len >= sizeof l->octets) {
		fprintf(stderr, "handover: a line is no record\n");
		exit(2);
	}
	memcpy(l->octets, text, len);
	copy(l->key, sizeof l->key, json_object_get(j, "community_id"));
	copy(l->id, sizeof l->id, json_object_get(json_object_get(j, "smtp_tls"), "id"));
	l->about.type = (uint8_t)word_of(events, json_string_value(json_object_get(j, "event_type")));
	l->about.signature_id = (uint32_t)json_integer_value(json_object_get(json_object_get(j, "alert"), "signature_id"));
	json_decref(j);
	return l;
}

static size_t read_lines(struct line ***out)
{
	char *text = NULL;
	size_t cap = 0, n = 0, room = 0;
	while (getline(&text, &cap, stdin) > 0) {
		if (n == room)
			*out = realloc(*out, (room = room * 2 + 64) * sizeof **out);
		(*out)[n++] = read_line(text);
	}
	free(text);
	return n;
}

struct hand {
	const struct sink_ops *ops;
	struct sink *sink;
	struct sink_env env;
	bool open;
	uint64_t refused, troubles;
};

// How many were taken; after trouble closed, with a pause.
static size_t hand_over(struct hand *h, struct line **lines, size_t n)
{
	struct sink_message m[SINK_BATCH];
	for (size_t i = 0; i < n; i++)
		m[i] = (struct sink_message){.octets = lines[i]->octets, .len = strlen(lines[i]->octets), .about = &lines[i]->about,
			.key = lines[i]->key, .id = lines[i]->id};
	int rc = h->open ? 0 : h->ops->open(h->sink);
	if (rc == 0) {
		h->open = true;
		rc = h->ops->send(h->sink, m, n, &h->refused);
	}
	if (rc >= 0 && (size_t)rc < n)
		printf("{\"given\":%zu,\"taken\":%d}\n", n, rc);
	if (rc < 0) {
		printf("{\"given\":%zu,\"error\":\"%s\"}\n", n, strerror(-rc));
		fprintf(stderr, "handover: %s\n", h->env.why);
		h->troubles++;
		h->ops->close(h->sink);
		h->open = false;
		nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
	}
	fflush(stdout);
	return rc < 0 ? 0 : (size_t)rc;
}

static size_t hand_over_all(struct hand *h, const struct options *o, struct line **lines, size_t n)
{
	time_t end = time(NULL) + o->deadline_s;
	size_t at = 0, batches = 0;
	while (at < n && time(NULL) < end && !*(volatile bool *)stop) {
		size_t some = n - at < o->batch ? n - at : o->batch;
		size_t done = hand_over(h, lines + at, some);
		if (done > 0 && o->twice > 0 && ++batches % o->twice == 0)
			hand_over(h, lines + at, done);
		at += done;
	}
	return at;
}

int main(int argc, char **argv)
{
	static char why[SINK_WHY];
	struct options o = {.batch = 64, .deadline_s = 60, .host = "sensor-1", .epoch = 1};
	struct line **lines = NULL;
	snprintf(o.config.name, sizeof o.config.name, "handover");
	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');
		if (value == NULL)
			return 2;
		*value = '\0';
		option(&o, argv[i], value + 1);
	}
	stop = mmap(NULL, sizeof *stop, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	signal(SIGTERM, on_signal);
	struct hand h = {.ops = sink_ops_of((enum sink_type)o.config.type), .env = {.stop = stop, .host = o.host, .epoch = o.epoch, .why = why}};
	if (h.ops == NULL) {
		fprintf(stderr, "handover: this build has no such sink\n");
		return 77;
	}
	if (h.ops->prepare(&h.sink, &o.config, &h.env) < 0) {
		fprintf(stderr, "handover: %s\n", why);
		return 3;
	}
	size_t n = read_lines(&lines), taken = hand_over_all(&h, &o, lines, n);
	printf("{\"lines\":%zu,\"taken\":%zu,\"refused\":%llu,\"troubles\":%llu}\n", n, taken, (unsigned long long)h.refused,
		(unsigned long long)h.troubles);
	if (h.open)
		h.ops->close(h.sink);
	h.ops->destroy(&h.sink);
	for (size_t i = 0; i < n; i++)
		free(lines[i]);
	free(lines);
	return taken == n ? 0 : 1;
}

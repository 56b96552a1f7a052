// The head of a message. All that is in it comes from tables, numbers and our own ids; it is kept in bounds and escaped all the same.
#include "alerts/sink/syslog_form.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "alerts/json.h"
#include "alerts/record_parts.h"

// RFC 5612 gives this number to documentation: whoever has one of his own puts it here.
#define SD_ID "postwacht@32473"

static const char app[] = "postwacht";
static const char cookie[] = "@cee: ";

// ---- pieces ------------------------------------------------------------------------------------------------------

struct head {
	char *at, *end;
};

static void put(struct head *h, const char *text)
{
	size_t len = strlen(text), room = (size_t)(h->end - h->at);
	len = len < room ? len : room;
	memcpy(h->at, text, len);
	h->at += len;
}

static void put_number(struct head *h, uint64_t n)
{
	char text[24];
	snprintf(text, sizeof text, "%llu", (unsigned long long)n);
	put(h, text);
}

// PRINTUSASCII (RFC 5424 6): anything else becomes "?"; nothing at all "-".
static void put_word(struct head *h, const char *text, size_t max)
{
	if (*text == '\0')
		put(h, "-");
	for (size_t i = 0; i < max && text[i] != '\0' && h->at < h->end; i++)
		*h->at++ = text[i] > ' ' && text[i] <= '~' ? text[i] : '?';
}

// PARAM-VALUE (6.3.3): three characters are escaped.
static void put_value(struct head *h, const char *name, const char *text)
{
	put(h, " ");
	put(h, name);
	put(h, "=\"");
	for (; *text != '\0' && h->end - h->at > 2; text++) {
		if (*text == '"' || *text == '\\' || *text == ']')
			*h->at++ = '\\';
		*h->at++ = *text >= ' ' && *text <= '~' ? *text : '?';
	}
	put(h, "\"");
}

static void put_number_value(struct head *h, const char *name, uint64_t n)
{
	char text[24];
	snprintf(text, sizeof text, "%llu", (unsigned long long)n);
	put_value(h, name, text);
}

// ---- what it says ------------------------------------------------------------------------------------------------

int syslog_severity(const struct outbox_about *about)
{
	static const int of_alert[] = {[SEVERITY_INFO] = 6, [SEVERITY_LOW] = 5, [SEVERITY_MEDIUM] = 4, [SEVERITY_HIGH] = 3,
		[SEVERITY_CRITICAL] = 1};
	return about->type == RECORD_ALERT && about->severity <= SEVERITY_CRITICAL ? of_alert[about->severity] : 6;
}

static const char *finding_of(const struct outbox_about *about)
{
	for (size_t i = 0; about->type == RECORD_ALERT && i < catalogue_n; i++)
		if (catalogue[i].signature_id == about->signature_id)
			return catalogue[i].id;
	return "";
}

static const char *msgid(const struct outbox_about *about)
{
	static const char *const types[RECORD_TYPES] = {
		[RECORD_SMTP] = "smtp", [RECORD_TLS] = "tls", [RECORD_ALERT] = "alert", [RECORD_ANOMALY] = "anomaly", [RECORD_STATS] = "stats"};
	const char *finding = finding_of(about);
	return finding[0] != '\0' ? finding : about->type < RECORD_TYPES ? types[about->type] : "";
}

static void put_time(struct head *h, uint64_t time_ns)
{
	enum { UNTIL_US = 26 }; // of "2026-11-23T20:42:09.123456"
	char text[40], stamp[UNTIL_US + 2] = "";
	struct json j;
	json_init(&j, text, sizeof text);
	record_time(&j, time_ns);
	memcpy(stamp, text + 1, UNTIL_US); // behind the quote
	stamp[UNTIL_US] = 'Z';
	put(h, stamp);
}

static void put_structured(struct head *h, const struct sink_message *m)
{
	const struct outbox_about *a = m->about;
	put(h, "[" SD_ID);
	put_value(h, "id", m->id);
	put_value(h, "finding", finding_of(a));
	put_value(h, "severity", a->type == RECORD_ALERT && a->severity <= SEVERITY_CRITICAL ? severity_name(a->severity) : "info");
	put_number_value(h, "epoch", m->epoch);
	put_number_value(h, "seq", m->seq);
	put(h, "]");
}

// As glibc's syslog(): local time, no host.
static void put_local(struct head *h, const struct syslog_form *f, const struct sink_message *m)
{
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)(m->about->time_ns / 1000000000);
	struct tm tm = {.tm_mday = 1};
	char text[64];
	localtime_r(&t, &tm);
	snprintf(text, sizeof text, "%s %2d %02d:%02d:%02d %s[%d]: ", months[tm.tm_mon], tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, app,
		f->pid);
	put(h, text);
}

static void put_5424(struct head *h, const struct syslog_form *f, const struct sink_message *m)
{
	put(h, "1 ");
	put_time(h, m->about->time_ns);
	put(h, " ");
	put(h, f->host);
	put(h, " ");
	put(h, app);
	put(h, " ");
	put_number(h, (uint64_t)f->pid);
	put(h, " ");
	put_word(h, msgid(m->about), SYSLOG_MSGID);
	put(h, " ");
	if (f->structured)
		put_structured(h, m);
	else
		put(h, "-");
	put(h, " "); // MSG-ANY: no BOM, which receivers of JSON stumble over
}

size_t syslog_head(char *out, const struct syslog_form *f, const struct sink_message *m)
{
	struct head h = {out, out + SYSLOG_HEAD_MAX};
	put(&h, "<");
	put_number(&h, (uint64_t)(f->facility * 8 + syslog_severity(m->about)));
	put(&h, ">");
	if (f->local)
		put_local(&h, f, m);
	else
		put_5424(&h, f, m);
	if (f->cookie)
		put(&h, cookie);
	return (size_t)(h.at - out);
}

void syslog_form_init(struct syslog_form *f, const struct sink_config *c, const char *host)
{
	*f = (struct syslog_form){.facility = c->facility, .cookie = c->cookie, .structured = c->structured,
		.local = c->transport == TRANSPORT_LOCAL, .pid = (int)getpid()};
	struct head h = {f->host, f->host + SYSLOG_HOST};
	put_word(&h, host, SYSLOG_HOST);
	*h.at = '\0';
}

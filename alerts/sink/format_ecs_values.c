// Values of ECS fields: what Elastic wants in another form than EVE has it, or to be derived.
#include "alerts/sink/format_ecs_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

// ---- values ----------------------------------------------------------------------------------------------------------

bool ecs_put_word(struct ecs *e, const char *word)
{
	json_put_word(&e->json, word);
	return true;
}

void ecs_put_bounded(struct ecs *e, const char *p, size_t len)
{
	json_put_string(&e->json, p, format_bound(e->view, p, len));
}

bool ecs_put_text(struct ecs *e, const char *path)
{
	size_t len;
	const char *p = format_text_at(e->view, path, &len);

	if (p)
		ecs_put_bounded(e, p, len);
	return p;
}

bool ecs_put_name(struct ecs *e, const char *path)
{
	size_t len;
	const char *p = format_name_at(e->view, path, &len);

	if (p)
		json_put_string(&e->json, p, len);
	return p;
}

// The first text of "a b".
bool ecs_put_either(struct ecs *e, const char *paths)
{
	char path[64];

	for (size_t len; *paths; paths += len + (paths[len] == ' ')) {
		len = strcspn(paths, " ");
		snprintf(path, sizeof(path), "%.*s", (int)len, paths);
		if (ecs_put_text(e, path))
			return true;
	}
	return false;
}

static bool put_changed(struct ecs *e, const char *path, int (*change)(int c))
{
	char text[FORMAT_NAME + 1], *at = text;
	size_t len;
	const char *p = format_name_at(e->view, path, &len);

	if (!p)
		return false;
	for (size_t i = 0; i < len; i++)
		if (p[i] != ':')
			*at++ = (char)change((unsigned char)p[i]);
	*at = '\0';
	json_put_word(&e->json, text);
	return true;
}

bool ecs_put_lower(struct ecs *e, const char *path)
{
	return put_changed(e, path, tolower);
}

bool ecs_put_hash(struct ecs *e, const char *path) // upper case, no colons
{
	return put_changed(e, path, toupper);
}

bool ecs_put_count(struct ecs *e, const char *path)
{
	uint64_t n;

	if (!format_count_at(e->view, path, &n))
		return false;
	json_put_u64(&e->json, n);
	return true;
}

bool ecs_put_port(struct ecs *e, const char *path)
{
	uint64_t n;

	return format_port_at(e->view, path, &n) && ecs_put_count(e, path);
}

// A number where ECS wants a keyword.
bool ecs_put_count_text(struct ecs *e, const char *path)
{
	char text[24];
	uint64_t n;

	if (!format_count_at(e->view, path, &n))
		return false;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	json_put_word(&e->json, text);
	return true;
}

bool ecs_put_flag(struct ecs *e, const char *path)
{
	const json_t *j = format_at(e->view->root, path);

	if (json_is_boolean(j))
		json_put_flag(&e->json, json_is_true(j));
	return json_is_boolean(j);
}

bool ecs_put_texts(struct ecs *e, const char *path)
{
	const json_t *list = format_at(e->view->root, path);
	json_t *entry;
	size_t i, told = 0;

	if (!json_array_size(list))
		return false;
	json_open_array(&e->json);
	json_array_foreach(list, i, entry) {
		if (!json_is_string(entry) || told++ >= e->view->shape->list_max)
			continue;
		ecs_put_bounded(e, json_string_value(entry), json_string_length(entry));
	}
	json_close_array(&e->json);
	return told;
}

static bool put_sum(struct ecs *e, const char *a, const char *b)
{
	uint64_t x, y;

	if (!format_count_at(e->view, a, &x) || !format_count_at(e->view, b, &y) || x + y > INT64_MAX)
		return false;
	json_put_u64(&e->json, x + y);
	return true;
}

bool ecs_put_ip(struct ecs *e, const char *path)
{
	size_t len;
	const char *p = format_name_at(e->view, path, &len);

	return p && format_is_ip(p, len) && ecs_put_name(e, path);
}

// ---- time ------------------------------------------------------------------------------------------------------------

static bool put_us(struct ecs *e, uint64_t us)
{
	char text[64];
	struct tm tm;
	time_t s = (time_t)(us / 1000000);

	if (!gmtime_r(&s, &tm))
		return false;
	snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	         tm.tm_min, tm.tm_sec, (unsigned)(us % 1000000));
	json_put_word(&e->json, text);
	return true;
}

bool ecs_put_now(struct ecs *e, const char *arg)
{
	(void)arg;
	return put_us(e, format_time_of(e->view));
}

bool ecs_put_time(struct ecs *e, const char *path)
{
	uint64_t us;

	return format_time_at(e->view, path, &us) && put_us(e, us);
}

// Of a certificate: "2026-01-01T00:00:00" as EVE has it, which is UTC without saying so.
bool ecs_put_date(struct ecs *e, const char *path)
{
	char text[40];
	size_t len;
	const char *p = format_text_at(e->view, path, &len);
	uint64_t us;

	if (!p || len != 19)
		return false;
	snprintf(text, sizeof(text), "%.19s.000000+0000", p);
	return format_time(text, strlen(text), &us) && put_us(e, us);
}

bool ecs_put_start(struct ecs *e, const char *arg)
{
	(void)arg;
	return ecs_put_time(e, "flow.start") || ecs_put_time(e, "smtp_tls.window.from");
}

bool ecs_put_duration(struct ecs *e, const char *arg) // ns
{
	uint64_t start, end = format_time_of(e->view);

	(void)arg;
	if (!format_time_at(e->view, "flow.start", &start) || end < start || end - start > INT64_MAX / 1000)
		return false;
	json_put_u64(&e->json, (end - start) * 1000);
	return true;
}

// ---- derived ---------------------------------------------------------------------------------------------------------

static bool put_list(struct ecs *e, const char *const *word, size_t n)
{
	json_open_array(&e->json);
	for (size_t i = 0; i < n; i++)
		json_put_word(&e->json, word[i]);
	json_close_array(&e->json);
	return true;
}

static bool of_no_session(const struct ecs *e)
{
	return !format_at(e->view->root, "src_ip");
}

// What may stand together is in ECS' own tables: `email` allows only `info`, `network` and `intrusion_detection` the rest.
bool ecs_put_category(struct ecs *e, const char *arg)
{
	static const char *const all[] = {"network", "intrusion_detection", "email"}, *const mail[] = {"network", "email"};

	(void)arg;
	if (e->view->type == RECORD_ALERT && !of_no_session(e))
		return put_list(e, all, 2);
	return e->view->type == RECORD_SMTP ? put_list(e, mail, 2) : put_list(e, all, 1);
}

bool ecs_put_type(struct ecs *e, const char *arg)
{
	static const char *const alert[] = {"info", "protocol", "allowed"}, *const session[] = {"info", "connection", "protocol", "end"};
	bool ended = e->view->type == RECORD_SMTP && json_is_true(format_at(e->view->root, "smtp_tls.final"));

	(void)arg;
	switch (e->view->type) {
	case RECORD_ALERT:
		return put_list(e, alert, of_no_session(e) ? 1 : 3);
	case RECORD_SMTP:
	case RECORD_TLS:
		return put_list(e, session, ended ? 4 : 3);
	default:
		return put_list(e, session, 1);
	}
}

bool ecs_put_dataset(struct ecs *e, const char *arg)
{
	char text[32];

	(void)arg;
	snprintf(text, sizeof(text), "postwacht.%s", format_event(e->view->type));
	return ecs_put_word(e, text);
}

static bool put_if(struct ecs *e, const char *word)
{
	if (word)
		json_put_word(&e->json, word);
	return word;
}

bool ecs_put_outcome(struct ecs *e, const char *arg)
{
	(void)arg;
	return put_if(e, format_outcome(e->view));
}

bool ecs_put_direction(struct ecs *e, const char *arg)
{
	(void)arg;
	return put_if(e, format_direction(e->view));
}

bool ecs_put_mail_direction(struct ecs *e, const char *arg)
{
	const char *word = format_direction(e->view);

	(void)arg;
	return put_if(e, word && strcmp(word, "external") != 0 ? word : NULL);
}

// detail, then what of why it does not say already: one text.
bool ecs_put_reason(struct ecs *e, const char *arg)
{
	const json_t *why = format_at(e->view->root, "smtp_tls.why");
	json_t *entry;
	size_t i, len, detail_len, told = 0;
	const char *detail = format_text_at(e->view, "smtp_tls.detail", &detail_len);

	(void)arg;
	json_open_string(&e->json);
	if (detail) {
		json_put_text(&e->json, detail, format_bound(e->view, detail, detail_len));
		told++;
	}
	json_array_foreach(why, i, entry) {
		const char *p = json_string_value(entry);
		len = json_string_length(entry);
		if (!len || i >= e->view->shape->list_max || (detail && len == detail_len && memcmp(p, detail, len) == 0))
			continue;
		if (told++)
			json_put_text(&e->json, "; ", 2);
		json_put_text(&e->json, p, format_bound(e->view, p, len));
	}
	json_close_string(&e->json);
	return told;
}

bool ecs_put_message(struct ecs *e, const char *arg)
{
	(void)arg;
	switch (e->view->type) {
	case RECORD_ALERT:
		return ecs_put_name(e, "alert.signature");
	case RECORD_ANOMALY:
		return ecs_put_name(e, "anomaly.event");
	default:
		return ecs_put_word(e, e->view->type == RECORD_SMTP  ? "SMTP session"
		                       : e->view->type == RECORD_TLS ? "TLS handshake"
		                                                     : "sensor heartbeat");
	}
}

bool ecs_put_ip_version(struct ecs *e, const char *arg)
{
	uint64_t n;

	(void)arg;
	if (!format_count_at(e->view, "ip_v", &n) || (n != 4 && n != 6))
		return false;
	return ecs_put_word(e, n == 4 ? "ipv4" : "ipv6");
}

bool ecs_put_bytes(struct ecs *e, const char *arg)
{
	(void)arg;
	return put_sum(e, "flow.bytes_toserver", "flow.bytes_toclient");
}

bool ecs_put_packets(struct ecs *e, const char *arg)
{
	(void)arg;
	return put_sum(e, "flow.pkts_toserver", "flow.pkts_toclient");
}

bool ecs_put_related_ip(struct ecs *e, const char *arg)
{
	(void)arg;
	json_open_array(&e->json);
	bool any = ecs_put_ip(e, "src_ip");
	any = ecs_put_ip(e, "dest_ip") || any;
	json_close_array(&e->json);
	return any;
}

// "TLS 1.2" is protocol and version; "SSLv3", too.
static bool split_version(struct ecs *e, bool protocol)
{
	size_t len, at;
	const char *p = format_text_at(e->view, "tls.version", &len);

	if (!p || len < 5 || (strncmp(p, "TLS ", 4) != 0 && strncmp(p, "SSLv", 4) != 0))
		return false;
	if (protocol)
		return ecs_put_word(e, p[0] == 'T' ? "tls" : "ssl");
	for (at = 4; at < len; at++)
		if (p[at] != '.' && (p[at] < '0' || p[at] > '9'))
			return false;
	ecs_put_bounded(e, p + 4, len - 4);
	return true;
}

bool ecs_put_version(struct ecs *e, const char *arg)
{
	(void)arg;
	return split_version(e, false);
}

bool ecs_put_protocol(struct ecs *e, const char *arg)
{
	(void)arg;
	return split_version(e, true);
}

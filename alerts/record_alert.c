// The `alert` event: EVE's alert object for whoever has one already, and smtp_tls for whoever wants to know why.
#include "alerts/record_parts.h"

enum { ALERT_GID = 3207, ALERT_REV = 1 }; // 3207 after RFC 3207: no collision with gid 1 rules

// EVE counts from 1, the worst, to 4. `info` never becomes an alert; should it, 4 is the least EVE has.
static unsigned eve_severity(uint8_t severity)
{
	static const uint8_t number[] = {
		[SEVERITY_INFO] = 4, [SEVERITY_LOW] = 4, [SEVERITY_MEDIUM] = 3, [SEVERITY_HIGH] = 2, [SEVERITY_CRITICAL] = 1};
	return number[severity];
}

// Values of EVE's metadata are arrays of strings, single ones too.
static void single(struct json *j, const char *value)
{
	json_open_array(j);
	json_put_word(j, value);
	json_close_array(j);
}

// Words separated by single spaces.
static void words(struct json *j, const char *list)
{
	json_open_array(j);
	while (*list) {
		size_t len = strcspn(list, " ");
		json_put_string(j, list, len);
		list += len + (list[len] == ' ');
	}
	json_close_array(j);
}

static void metadata(struct json *j, const struct finding *root)
{
	json_key(j, "metadata");
	json_open_object(j);
	json_key(j, "finding");
	single(j, root->row->id);
	json_key(j, "severity");
	single(j, severity_name(root->severity));
	json_key(j, "confidence");
	single(j, confidence_name(root->confidence));
	json_key(j, "subject");
	single(j, subject_name(root->subject));
	json_key(j, "evidence");
	single(j, evidence_name(root->evidence));
	if (root->row->mitre[0]) {
		json_key(j, "mitre_technique_id");
		words(j, root->row->mitre);
	}
	json_close_object(j);
}

void record_alert_object(struct json *j, const struct finding *root)
{
	json_key(j, "alert");
	json_open_object(j);
	json_field(j, "action", word, "allowed");
	json_field(j, "gid", u64, ALERT_GID);
	json_field(j, "signature_id", u64, root->row->signature_id);
	json_field(j, "rev", u64, ALERT_REV);
	json_field(j, "signature", cstr, root->row->title);
	json_field(j, "category", cstr, root->row->category);
	json_field(j, "severity", u64, eve_severity(root->severity));
	metadata(j, root);
	json_close_object(j);
}

static void alert_event(struct record_writer *w, const void *what)
{
	const struct record_alert *a = what;
	const struct session *s = a->session;

	record_head_session(w, "alert", s, a->time_ns, a->frame);
	record_alert_object(&w->json, a->root);
	record_flow(w, &s->facts->conn);
	record_smtp_object(w, s->facts);
	record_tls_object(w, s);
	record_smtp_tls(w, s, a);
	json_close_object(&w->json);
}

size_t record_alert_write(char *out, const struct record_config *c, const struct record_alert *a)
{
	return record_render(out, c, alert_event, a);
}

// The `smtp` event, one per session: the audit trail; and EVE's `smtp` object, as far as privacy lets it be filled.
#include "alerts/record_parts.h"

// A submission client is somebody's machine: only the domain behind its first label stays, "[*]" of an address.
static void helo(struct record_writer *w, const struct facts *f)
{
	struct json *j = &w->json;
	struct text t = f->smtp.helo;
	const uint8_t *p = facts_text(f, t);

	if (!t.len)
		return;
	json_key(j, "helo");
	if (w->config->envelope == ENVELOPE_FULL || f->conn.role != ROLE_SUBMISSION) {
		record_text(w, f, t);
		return;
	}
	const uint8_t *dot = p[0] == '[' ? NULL : memchr(p, '.', t.len);
	size_t kept = dot ? t.len - (size_t)(dot - p) : 0;
	json_open_string(j);
	json_put_text(j, p[0] == '[' ? "[*]" : "*", p[0] == '[' ? 3 : 1);
	json_put_text(j, dot, kept < w->shape->text_max ? kept : w->shape->text_max);
	json_close_string(j);
}

static void part(struct record_writer *w, const struct facts *f, struct text t)
{
	json_put_text(&w->json, facts_text(f, t), t.len < w->shape->text_max ? t.len : w->shape->text_max);
}

// "@a.example" where only the domain may be told, "<local@a.example>" (EVE's form) where the whole may.
static void path(struct record_writer *w, const struct facts *f, struct text local, struct text domain)
{
	bool whole = w->config->envelope == ENVELOPE_FULL && local.len;

	json_open_string(&w->json);
	if (whole) {
		json_put_text(&w->json, "<", 1);
		part(w, f, local);
	}
	if (domain.len) {
		json_put_text(&w->json, "@", 1);
		part(w, f, domain);
	}
	if (whole)
		json_put_text(&w->json, ">", 1);
	json_close_string(&w->json);
}

static void rcpt_to(struct record_writer *w, const struct facts *f)
{
	const struct smtp_facts *m = &f->smtp;
	size_t n = record_list(w, m->n_rcpt_domains);

	if (!n)
		return;
	json_key(&w->json, "rcpt_to");
	json_open_array(&w->json);
	// Of all recipients only the first one's local part may be known.
	for (size_t i = 0; i < n; i++)
		path(w, f, i == 0 ? m->rcpt_local : (struct text){0}, m->rcpt_domain[i]);
	json_close_array(&w->json);
}

void record_smtp_object(struct record_writer *w, const struct facts *f)
{
	struct json *j = &w->json;
	const struct smtp_facts *m = &f->smtp;

	if (!m->seen)
		return;
	json_key(j, "smtp");
	json_open_object(j);
	helo(w, f);
	if (m->from_domain.len) {
		json_key(j, "mail_from");
		path(w, f, m->from_local, m->from_domain);
	} else if (m->null_sender) {
		json_field(j, "mail_from", word, "<>");
	}
	rcpt_to(w, f);
	json_close_object(j);
}

static void smtp_event(struct record_writer *w, const void *what)
{
	const struct session *s = what;
	const struct conn_facts *c = &s->facts->conn;

	record_head_session(w, "smtp", s, c->last_ns, c->last_frame);
	record_flow(w, c);
	record_smtp_object(w, s->facts);
	record_tls_object(w, s);
	record_smtp_tls(w, s, NULL);
	json_close_object(&w->json);
}

size_t record_smtp(char *out, const struct record_config *c, const struct session *s)
{
	return record_render(out, c, smtp_event, s);
}

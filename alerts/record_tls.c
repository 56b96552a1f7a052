// TLS in records: EVE's `tls` object, and the `tls` event for consumers of EVE.
//
// EVE's object is closed, so only names that EVE has stand here; suite, group and the rest are in smtp_tls.tls
// (docs/design/0002-tls-fields.md).
#include "alerts/record_parts.h"
#include "dissect/tls/names.h"

#include <stdio.h>

void record_code_point(struct json *j, const char *name, uint16_t value)
{
	char number[8];

	if (!name)
		snprintf(number, sizeof(number), "0x%04x", value);
	json_put_word(j, name ? name : number);
}

void record_tls_members(struct record_writer *w, const struct session *s)
{
	struct json *j = &w->json;
	const struct facts *f = s->facts;
	const struct tls_facts *t = &f->tls;

	if (t->server_hello) {
		json_key(j, "version");
		record_code_point(j, tls_version_name(t->server_version), t->server_version);
	}
	if (t->client_hello && t->sni.len) {
		json_key(j, "sni");
		record_text(w, f, t->sni);
	}
	// As in EVE: there when it is so, and otherwise not.
	if (t->server_hello && t->resumed)
		json_field(j, "session_resumed", flag, true);
	if (s->peer) {
		record_eve_certificate(w, &s->peer->server);
		if (s->peer->ja4[0])
			json_field(j, "ja4", word, s->peer->ja4);
	}
}

void record_tls_object(struct record_writer *w, const struct session *s)
{
	if (!record_tls_known(s))
		return;
	json_key(&w->json, "tls");
	json_open_object(&w->json);
	record_tls_members(w, s);
	json_close_object(&w->json);
}

// A ClientHello without a name that nobody could read says nothing that EVE has a member for.
bool record_tls_known(const struct session *s)
{
	const struct tls_facts *t = &s->facts->tls;

	return t->server_hello || (t->client_hello && t->sni.len) || (s->peer && (s->peer->ja4[0] || s->peer->server.present));
}

static void tls_event(struct record_writer *w, const void *what)
{
	const struct session *s = what;
	const struct conn_facts *c = &s->facts->conn;

	record_head_session(w, "tls", s, c->last_ns, c->last_frame);
	record_flow(w, c);
	record_tls_object(w, s);
	if (c->outside_mail) // there is no smtp record that would have the rest
		record_outside_mail(w, s);
	else
		record_own_least(w, s);
	json_close_object(&w->json);
}

size_t record_tls(char *out, const struct record_config *c, const struct session *s)
{
	return record_render(out, c, tls_event, s);
}

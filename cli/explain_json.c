// An explanation as one JSON object. Keys are stable: additions only.
#include "cli/explain.h"

#include "alerts/json.h"
#include "cli/words.h"

static void put_session(struct json *j, const struct session *s, const char *file)
{
	const struct conn_facts *c = &s->facts->conn;
	char text[WORDS_ADDRESS_LEN], start[WORDS_TIME_LEN];
	json_key(j, "session");
	json_open_object(j);
	json_field(j, "id", cstr, s->id);
	words_time(start, c->start_ns);
	json_field(j, "start", cstr, start);
	words_address(text, c->src, c->ip_v);
	json_field(j, "src_ip", cstr, text);
	json_field(j, "src_port", u64, c->src_port);
	words_address(text, c->dst, c->ip_v);
	json_field(j, "dest_ip", cstr, text);
	json_field(j, "dest_port", u64, c->dst_port);
	json_field(j, "file", cstr, file);
	json_field(j, "first_frame", u64, c->first_frame);
	json_field(j, "last_frame", u64, c->last_frame);
	json_field(j, "end", cstr, session_end_name((enum session_end)c->end));
	json_field(j, "state", cstr, state_name(s->state));
	json_field(j, "verdict", cstr, verdict_name(s->verdict));
	record_why_whole(j, s);
	json_close_object(j);
}

static void put_finding(struct json *j, const struct finding *f)
{
	json_open_object(j);
	json_field(j, "finding", cstr, f->row->id);
	json_field(j, "signature_id", u64, f->row->signature_id);
	json_field(j, "severity", cstr, severity_name((enum severity)f->severity));
	json_field(j, "confidence", cstr, confidence_name((enum confidence)f->confidence));
	json_field(j, "subject", cstr, subject_name((enum subject)f->subject));
	json_field(j, "evidence", cstr, evidence_name((enum evidence)f->evidence));
	json_field(j, "detail", cstr, f->detail);
	json_key(j, "frames");
	json_open_array(j);
	for (size_t i = 0; i < f->n_frames && i < FINDING_FRAMES_MAX; i++)
		json_put_u64(j, f->frames[i]);
	json_close_array(j);
	json_close_object(j);
}

static void put_line(struct json *j, const struct transcript *t, const struct transcript_line *l, uint64_t start_ns)
{
	json_open_object(j);
	json_field(j, "since_ns", u64, l->time_ns > start_ns ? l->time_ns - start_ns : 0);
	json_field(j, "frame", u64, l->frame);
	json_field(j, "from", cstr, l->dir == DIR_C2S ? "client" : "server");
	json_field(j, "kind", cstr, l->kind);
	json_field(j, "text", string, transcript_text(t, l), l->len);
	json_close_object(j);
}

static void put_meaning(struct json *j, const struct catalogue_row *r)
{
	json_field(j, "title", cstr, r->title);
	json_field(j, "meaning", cstr, r->meaning);
	json_field(j, "evidence", cstr, r->evidence);
	json_field(j, "traps", cstr, r->traps);
	json_field(j, "todo", cstr, r->todo);
	json_field(j, "rfc", cstr, r->rfc);
	json_field(j, "mitre", cstr, r->mitre);
}

static void put_dialogue(struct json *j, const struct explanation *e)
{
	json_key(j, "dialogue");
	json_open_array(j);
	for (size_t i = 0; i < transcript_n(e->transcript); i++)
		put_line(j, e->transcript, transcript_line(e->transcript, i), e->wanted->facts.conn.start_ns);
	json_close_array(j);
	json_field(j, "dialogue_dropped", u64, transcript_dropped(e->transcript));
}

static void put_confirm(struct json *j, const struct confirm *c)
{
	json_key(j, "confirm");
	json_open_array(j);
	for (size_t i = 0; i < c->n; i++) {
		json_open_object(j);
		json_field(j, "what", cstr, c->step[i].what);
		json_field(j, "command", cstr, c->step[i].command);
		json_close_object(j);
	}
	json_close_array(j);
}

static void build(struct json *j, const void *ctx)
{
	const struct explanation *e = ctx;
	const struct wanted *w = e->wanted;
	const struct finding *f = wanted_finding(w);
	json_open_object(j);
	json_field(j, "v", u64, 1);
	json_key(j, "alert");
	if (w->alert >= 0 && f == &w->alerts[w->alert].root)
		json_put_cstr(j, w->alerts[w->alert].id);
	else
		json_put_null(j);
	put_session(j, &w->session, e->file);
	record_tls_whole(j, &w->session);
	json_key(j, "finding");
	if (f != NULL)
		put_finding(j, f);
	else
		json_put_null(j);
	if (f != NULL) {
		json_key(j, "catalogue");
		json_open_object(j);
		put_meaning(j, f->row);
		json_close_object(j);
	}
	json_key(j, "findings");
	json_open_array(j);
	for (size_t i = 0; i < w->session.n_findings; i++)
		put_finding(j, &w->session.findings[i]);
	json_close_array(j);
	put_dialogue(j, e);
	put_confirm(j, e->confirm);
	json_close_object(j);
}

bool explain_print_json(FILE *out, const struct explanation *e)
{
	return stdout_json(out, build, e);
}

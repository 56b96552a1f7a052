// An explanation for people, from the wire to the conclusion.
#include "cli/explain.h"

#include <string.h>

#include "cli/words.h"

void explain_heading(FILE *out, bool colour, const char *text)
{
	fputc('\n', out);
	stdout_styled(out, colour, STYLE_BOLD, text);
	fputc('\n', out);
}

static void print_head(FILE *out, const struct explanation *e, bool colour)
{
	const struct wanted *w = e->wanted;
	const struct session *s = &w->session;
	const struct conn_facts *c = &s->facts->conn;
	const struct finding *f = wanted_finding(w);
	char src[WORDS_ENDPOINT_LEN], dst[WORDS_ENDPOINT_LEN], start[WORDS_TIME_LEN];
	words_endpoint(src, c->src, c->ip_v, c->src_port);
	words_endpoint(dst, c->dst, c->ip_v, c->dst_port);
	words_time(start, c->start_ns);
	if (f != NULL) {
		stdout_styled(out, colour, words_severity_style((enum severity)f->severity), severity_name((enum severity)f->severity));
		fprintf(out, "  %s\n", f->row->title);
		fprintf(out, "finding   %s (%u), %s, evidence %s\n", f->row->id, f->row->signature_id,
			confidence_name((enum confidence)f->confidence), evidence_name((enum evidence)f->evidence));
	}
	if (f != NULL && f->detail[0] != '\0')
		fprintf(out, "detail    %s\n", f->detail);
	bool alert = w->alert >= 0 && f == &w->alerts[w->alert].root;
	if (alert)
		fprintf(out, "alert     %s\n", w->alerts[w->alert].id);
	if (alert && w->alerts[w->alert].repeat.count > 1)
		fprintf(out, "          one of %u within %u s; this session is the last of them\n", w->alerts[w->alert].repeat.count,
			w->alerts[w->alert].repeat.window_s);
	fprintf(out, "session   %s\n          %s -> %s, %s\n", s->id, src, dst, start);
	fprintf(out, "file      ");
	stdout_escaped(out, e->file, strlen(e->file));
	fprintf(out, ", frames %u to %u\n", c->first_frame, c->last_frame);
	fprintf(out, "state     %s: %s\n", state_name(s->state), words_state(s->state));
	fprintf(out, "verdict   %c %s: %s\n", verdict_class(s->verdict), verdict_name(s->verdict), words_verdict(s->verdict));
	fprintf(out, "end       %s\n", session_end_name((enum session_end)c->end));
}

// What was missing of this session, in words; nothing when it was seen whole.
static void print_quality(FILE *out, const struct facts *f, bool colour)
{
	const struct conn_facts *c = &f->conn;
	bool one_way = !c->payload[DIR_C2S] || !c->payload[DIR_S2C];
	if (!c->midstream && !one_way && !c->snaplen_cut && !c->ambiguous && !c->evicted_bytes && c->gaps[0] + c->gaps[1] == 0)
		return;
	explain_heading(out, colour, "What could not be seen of it");
	if (c->gaps[0] + c->gaps[1] > 0)
		fprintf(out, "  %u gaps of the client's octets, %u of the server's; %llu octets in all\n", c->gaps[DIR_C2S],
			c->gaps[DIR_S2C], (unsigned long long)(c->missed[0] + c->missed[1]));
	if (c->midstream)
		fputs("  the beginning of the connection was not captured\n", out);
	if (one_way)
		fputs("  payload of one direction only\n", out);
	if (c->snaplen_cut)
		fputs("  packets cut by the capture\n", out);
	if (f->path.n_conflicts)
		fputs("  two different versions of the same octets; the dialogue below is the one that came first\n", out);
	else if (c->ambiguous)
		fputs("  whether the ends read the same octets\n", out);
	if (c->evicted_bytes)
		fputs("  octets given up: memory.reassembly_mib was reached\n", out);
}

static void print_line(FILE *out, const struct explanation *e, const struct transcript_line *l, bool colour)
{
	uint64_t start = e->wanted->facts.conn.start_ns;
	uint64_t since = l->time_ns > start ? l->time_ns - start : 0;
	fprintf(out, "%6llu.%06u  #%-6u ", (unsigned long long)(since / 1000000000u),
		(unsigned)(since % 1000000000u / 1000), l->frame);
	stdout_styled(out, colour, l->dir == DIR_C2S ? STYLE_PLAIN : STYLE_DIM, l->dir == DIR_C2S ? "C: " : "S: ");
	if (l->len > 0)
		stdout_escaped(out, transcript_text(e->transcript, l), l->len);
	else
		fprintf(out, "[%s]", l->kind);
	fputs(l->quality & Q_AMBIG ? "  (ambiguous)\n" : "\n", out);
}

static void print_dialogue(FILE *out, const struct explanation *e, bool colour)
{
	explain_heading(out, colour, "Dialogue (seconds since the first packet, frame; credentials and content are masked)");
	size_t n = transcript_n(e->transcript);
	if (n == 0)
		fputs("  nothing was said in clear\n", out);
	for (size_t i = 0; i < n; i++)
		print_line(out, e, transcript_line(e->transcript, i), colour);
	if (transcript_dropped(e->transcript) > 0)
		fprintf(out, "  and %llu more lines\n", (unsigned long long)transcript_dropped(e->transcript));
}

static void print_why(FILE *out, const struct session *s, bool colour)
{
	if (s->n_why == 0)
		return;
	explain_heading(out, colour, "Chain of facts");
	for (size_t i = 0; i < s->n_why; i++) {
		fputs("  - ", out);
		stdout_escaped(out, s->why[i], strnlen(s->why[i], sizeof s->why[i]));
		fputc('\n', out);
	}
}

static void print_findings(FILE *out, const struct session *s, bool colour)
{
	if (s->n_findings == 0)
		return;
	explain_heading(out, colour, "Everything found in this session");
	for (size_t i = 0; i < s->n_findings; i++) {
		const struct finding *f = &s->findings[i];
		fprintf(out, "  %-8s  %-34s %-12s ", severity_name((enum severity)f->severity), f->row->id,
			confidence_name((enum confidence)f->confidence));
		stdout_escaped(out, f->detail, strnlen(f->detail, sizeof f->detail));
		for (size_t k = 0; k < f->n_frames && k < FINDING_FRAMES_MAX; k++)
			fprintf(out, "%s#%u", k == 0 ? "  " : " ", f->frames[k]);
		fputc('\n', out);
	}
}

static void print_catalogue(FILE *out, const struct catalogue_row *r, bool colour)
{
	const struct {
		const char *title, *text;
	} parts[] = {
		{"What does it mean?", r->meaning}, {"What is the evidence?", r->evidence}, {"What may fool it?", r->traps},
		{"What do I do?", r->todo}, {"Reference", r->rfc}, {"MITRE ATT&CK", r->mitre},
	};
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (parts[i].text[0] == '\0')
			continue;
		explain_heading(out, colour, parts[i].title);
		stdout_wrap(out, 2, parts[i].text);
	}
}

static void print_confirm(FILE *out, const struct confirm *c, bool colour)
{
	explain_heading(out, colour, "Confirm by hand");
	for (size_t i = 0; i < c->n; i++)
		fprintf(out, "  %s:\n    %s\n", c->step[i].what, c->step[i].command);
}

void explain_print(FILE *out, const struct explanation *e)
{
	bool colour = stdout_colour(out);
	const struct finding *f = wanted_finding(e->wanted);
	print_head(out, e, colour);
	print_quality(out, &e->wanted->facts, colour);
	print_dialogue(out, e, colour);
	explain_print_tls(out, &e->wanted->session, colour);
	explain_print_policy(out, &e->wanted->session, colour);
	print_why(out, &e->wanted->session, colour);
	print_findings(out, &e->wanted->session, colour);
	if (f != NULL)
		print_catalogue(out, f->row, colour);
	print_confirm(out, e->confirm, colour);
}

// The human summary.
#include "cli/summary.h"

#include <stdlib.h>
#include <string.h>

#include "cli/blind.h"
#include "cli/exemptions.h"
#include "cli/words.h"

enum { FINDINGS_SHOWN = 12, OPERANDS_SHOWN = 8 }; // 12: a screen; --json and --out have the rest

static const struct judge_summary *ranked; // qsort() hands no context on; one thread, one sort at a time

static int by_weight(const void *a, const void *b)
{
	const struct judge_example *x = &ranked->finding[*(const uint16_t *)a], *y = &ranked->finding[*(const uint16_t *)b];
	if (x->worst_severity != y->worst_severity)
		return x->worst_severity > y->worst_severity ? -1 : 1;
	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return *(const uint16_t *)a < *(const uint16_t *)b ? -1 : 1;
}

size_t summary_rank(const struct judge_summary *j, uint16_t out[static 256])
{
	size_t n = 0;
	for (size_t i = 0; i < catalogue_n && i < 256; i++)
		if (j->finding[i].n > 0)
			out[n++] = (uint16_t)i;
	ranked = j;
	qsort(out, n, sizeof out[0], by_weight);
	return n;
}

static void print_input(FILE *out, const struct summary *s)
{
	char first[WORDS_TIME_LEN], last[WORDS_TIME_LEN];
	const struct judge_summary *j = s->judge;
	size_t files = source_n_files(s->source);
	fprintf(out, "%zu file%s, %llu packets, %.1f MB", files, files == 1 ? "" : "s",
		(unsigned long long)j->counter[COUNT_packets], (double)j->counter[COUNT_octets] / 1e6);
	if (j->last_ns > 0) {
		words_time(first, j->first_ns);
		words_time(last, j->last_ns);
		fprintf(out, ", %.19s to %.19s UTC", first, last);
	}
	fputc('\n', out);
}

static void print_damage(FILE *out, const struct source *source)
{
	struct source_damage d;
	for (size_t i = 0; source_damage(source, i, &d) == 0; i++) {
		const char *name = words_input(source_file_name(source, d.file));
		fputs("   damaged  ", out);
		stdout_escaped(out, name, strlen(name));
		fprintf(out, "\n            at octet %llu: %s; %s\n", (unsigned long long)d.offset, d.reason,
			words_salvaged(d.offset));
	}
}

static void print_blind(FILE *out, const struct summary *s, bool colour)
{
	struct source_damage d;
	bool any = s->early || source_damage(s->source, 0, &d) == 0;
	for (size_t i = 0; i < blind_table_n && !any; i++)
		any = blind_count(&blind_table[i], s->judge) > 0;
	if (!any)
		return;
	fputc('\n', out);
	stdout_styled(out, colour, STYLE_YELLOW, "What could not be seen");
	fputc('\n', out);
	if (s->early)
		fputs("   stopped  early: whatever stands after that point\n", out);
	print_damage(out, s->source);
	for (size_t i = 0; i < blind_table_n; i++) {
		uint64_t n = blind_count(&blind_table[i], s->judge);
		if (n > 0)
			fprintf(out, "%10llu  %s\n", (unsigned long long)n, blind_table[i].text);
	}
}

static void print_states(FILE *out, const struct judge_summary *j)
{
	for (int i = 0; i < STATE_N; i++)
		if (j->by_state[i] > 0)
			fprintf(out, "%10llu  %-29s %s\n", (unsigned long long)j->by_state[i], state_name((enum state)i),
				words_state((enum state)i));
}

static void print_verdicts(FILE *out, const struct judge_summary *j)
{
	for (int i = 0; i < VERDICT_N; i++)
		if (j->by_verdict[i] > 0)
			fprintf(out, "%10llu  %c  %-26s %s\n", (unsigned long long)j->by_verdict[i], verdict_class((enum verdict)i),
				verdict_name((enum verdict)i), words_verdict((enum verdict)i));
}

// How much of the encrypted mail a tap can say something about whom it went to.
static void print_certificates(FILE *out, const struct judge_summary *j)
{
	static const char *const words[] = {[CERT_NOT_SEEN] = "not seen", [CERT_SEEN] = "seen", [CERT_ENCRYPTED] = "hidden by TLS 1.3",
		[CERT_RESUMED] = "not shown again on resumption"};
	const char *separator = "  server certificates: ";
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (j->by_peer_cert[i] == 0)
			continue;
		fprintf(out, "%s%s %llu", separator, words[i], (unsigned long long)j->by_peer_cert[i]);
		separator = ", ";
	}
	if (separator[0] == ',')
		fputc('\n', out);
}

// Also that there was nothing to open: somebody gave a key log to see more.
static void print_keylog(FILE *out, const struct summary *s)
{
	static const struct {
		uint8_t keylog;
		const char *words;
	} rest[] = {{KEYLOG_NO_SECRET, "without a secret"}, {KEYLOG_WRONG, "with a wrong one"}, {KEYLOG_INCOMPLETE, "incomplete"}};
	const uint64_t *n = s->judge->by_keylog;
	if (s->options->keylog == NULL)
		return;
	fprintf(out, "  key log: %llu handshake%s opened", (unsigned long long)n[KEYLOG_OPENED], n[KEYLOG_OPENED] == 1 ? "" : "s");
	for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
		if (n[rest[i].keylog] > 0)
			fprintf(out, ", %llu %s", (unsigned long long)n[rest[i].keylog], rest[i].words);
	fputc('\n', out);
}

static void print_history(FILE *out, const struct summary *s)
{
	const struct history_counts *h = &s->judge->history;
	if (s->options->state == NULL)
		return;
	fprintf(out, "  history: %llu session%s learned", (unsigned long long)h->learned, h->learned == 1 ? "" : "s");
	if (h->known > 0)
		fprintf(out, ", %llu known already", (unsigned long long)h->known);
	if (h->unfit > 0)
		fprintf(out, ", %llu not fit to learn from", (unsigned long long)h->unfit);
	fprintf(out, "; %llu server%s known%s\n", (unsigned long long)h->servers, h->servers == 1 ? "" : "s",
		h->error ? "; not written" : "");
}

static void print_weak(FILE *out, const struct judge_summary *j)
{
	for (int i = 0; i < WEAK_N; i++)
		if (j->by_weak[i] > 0)
			fprintf(out, "%13llu  weak: %s\n", (unsigned long long)j->by_weak[i], words_weak((enum weak)i));
}

// Index 0 is "none", which the states tell better.
static void print_versions(FILE *out, const struct judge_summary *j)
{
	const char *separator = "  established: ";
	for (int i = 1; i < 8; i++) {
		if (j->by_tls_version[i] == 0)
			continue;
		fprintf(out, "%s%s %llu", separator, judge_tls_version_names[i], (unsigned long long)j->by_tls_version[i]);
		separator = ", ";
	}
	if (separator[0] == ',')
		fputc('\n', out);
}

static const char *id_of(const struct judge_example *e)
{
	return e->alert_id[0] != '\0' ? e->alert_id : e->session_id;
}

static void print_finding(FILE *out, const struct catalogue_row *row, const struct judge_example *e, bool colour)
{
	char src[WORDS_ENDPOINT_LEN], dst[WORDS_ENDPOINT_LEN], word[16];
	words_endpoint(src, e->src, e->ip_v, e->src_port);
	words_endpoint(dst, e->dst, e->ip_v, e->dst_port);
	snprintf(word, sizeof word, "%-9s", severity_name((enum severity)e->worst_severity));
	fputs("  ", out);
	stdout_styled(out, colour, words_severity_style((enum severity)e->worst_severity), word);
	fprintf(out, "%-34s %6llu session%s  %s\n", row->id, (unsigned long long)e->n, e->n == 1 ? " " : "s",
		confidence_name((enum confidence)e->best_confidence));
	fprintf(out, "%11s%.85s\n", "", row->title);
	fprintf(out, "%11s%s -> %s", "", src, dst);
	if (strlen(src) + strlen(dst) + strlen(e->detail) > 82)
		fprintf(out, "\n%11s", "");
	else if (e->detail[0] != '\0')
		fputs("  ", out);
	stdout_escaped(out, e->detail, strnlen(e->detail, sizeof e->detail));
	fprintf(out, "\n%11s%s\n", "", id_of(e));
}

// The same inputs and the settings that ids depend on, so that the line can be pasted.
static void print_explain(FILE *out, const struct options *o, const char *id)
{
	fprintf(out, "\nTo see why the first of them was found:\n  postwacht explain %s", id);
	const struct {
		const char *option, *value;
	} given[] = {{"config", o->config}, {"keylog", o->keylog}, {"policy", o->policy}, {"resolver", o->resolver},
		{"trust-anchor", o->trust_anchor}, {"outside", o->outside}, {"inside", o->inside}};
	if (o->resolve)
		fputs(" --resolve", out);
	for (size_t i = 0; i < sizeof given / sizeof given[0]; i++) {
		if (given[i].value == NULL)
			continue;
		fprintf(out, " --%s ", given[i].option);
		stdout_shell(out, given[i].value);
	}
	for (size_t i = 0; i < o->n_set; i++) {
		fputs(" --set ", out);
		stdout_shell(out, o->set[i]);
	}
	if (o->n_operands > OPERANDS_SHOWN) {
		fputs(" FILE...   (the same files as here)\n", out);
		return;
	}
	bool dash = false;
	for (size_t i = 0; i < o->n_operands; i++)
		dash |= o->operands[i][0] == '-' && o->operands[i][1] != '\0';
	fputs(dash ? " --" : "", out);
	for (size_t i = 0; i < o->n_operands; i++) {
		fputc(' ', out);
		stdout_shell(out, strcmp(o->operands[i], "-") == 0 ? "FILE" : o->operands[i]);
	}
	fputc('\n', out);
}

static void print_findings(FILE *out, const struct summary *s, bool colour)
{
	uint16_t rank[256];
	size_t n = summary_rank(s->judge, rank);
	fputc('\n', out);
	stdout_styled(out, colour, STYLE_BOLD, "Findings");
	fprintf(out, ": %llu alert%s\n", (unsigned long long)s->judge->alerts, s->judge->alerts == 1 ? "" : "s");
	if (n == 0)
		fputs("  none\n", out);
	for (size_t i = 0; i < n && i < FINDINGS_SHOWN; i++)
		print_finding(out, &catalogue[rank[i]], &s->judge->finding[rank[i]], colour);
	if (n > FINDINGS_SHOWN)
		fprintf(out, "  and %zu more kinds; --json has all, --out the records\n", n - FINDINGS_SHOWN);
	if (n > 0)
		print_explain(out, s->options, id_of(&s->judge->finding[rank[0]]));
}

// Each session that both taps saw stands twice in what is counted above it.
static void print_pairs(FILE *out, const struct summary *s)
{
	if (s->options->outside == NULL)
		return;
	fprintf(out, "%10llu  seen at both taps (each counted twice above)\n", (unsigned long long)s->judge->paired);
	if (s->judge->unpaired > 0)
		fprintf(out, "%10llu  at one tap only, %llu of them because more than one could be the other side\n",
			(unsigned long long)s->judge->unpaired, (unsigned long long)s->judge->pair_doubts);
}

void summary_print(FILE *out, const struct summary *s)
{
	bool colour = stdout_colour(out);
	print_input(out, s);
	print_blind(out, s, colour);
	fputc('\n', out);
	stdout_styled(out, colour, STYLE_BOLD, "Mail sessions");
	fprintf(out, ": %llu\n", (unsigned long long)s->judge->sessions);
	print_states(out, s->judge);
	print_pairs(out, s);
	if (s->judge->sessions > 0) {
		fputc('\n', out);
		stdout_styled(out, colour, STYLE_BOLD, "Verdicts");
		fputs(" (A verified ... E clear against policy; F inconclusive)\n", out);
		print_verdicts(out, s->judge);
		print_versions(out, s->judge);
		print_certificates(out, s->judge);
		print_keylog(out, s);
		print_history(out, s);
		print_weak(out, s->judge);
		print_findings(out, s, colour);
		exemptions_print(out, s);
	}
}

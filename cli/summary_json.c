// The summary as one JSON object. Keys are stable: additions only.
#include "cli/summary.h"

#include "alerts/json.h"
#include "cli/blind.h"
#include "cli/exemptions.h"
#include "cli/words.h"

static void put_damage(struct json *j, const struct source *source)
{
	struct source_damage d;
	json_key(j, "damaged");
	json_open_array(j);
	for (size_t i = 0; source_damage(source, i, &d) == 0; i++) {
		json_open_object(j);
		json_field(j, "file", cstr, source_file_name(source, d.file));
		json_field(j, "offset", u64, d.offset);
		json_field(j, "reason", cstr, d.reason);
		json_close_object(j);
	}
	json_close_array(j);
}

static void put_time(struct json *j, uint64_t ns)
{
	char text[WORDS_TIME_LEN];
	if (ns == 0) {
		json_put_null(j);
		return;
	}
	words_time(text, ns);
	json_put_cstr(j, text);
}

static void put_input(struct json *j, const struct summary *s)
{
	json_key(j, "input");
	json_open_object(j);
	json_field(j, "files", u64, source_n_files(s->source));
	json_field(j, "packets", u64, s->judge->counter[COUNT_packets]);
	json_field(j, "octets", u64, s->judge->counter[COUNT_octets]);
	json_key(j, "first");
	put_time(j, s->judge->first_ns);
	json_key(j, "last");
	put_time(j, s->judge->last_ns);
	json_field(j, "stopped_early", flag, s->early);
	json_field(j, "complete", flag, !s->early && !blind_ours(s->judge) &&
		source_damage(s->source, 0, &(struct source_damage){.file = 0}) != 0);
	put_damage(j, s->source);
	json_close_object(j);
}

// A member whose key is not a literal.
static void put_count(struct json *j, const char *name, uint64_t n)
{
	json_put_cstr(j, name);
	json_put_char(j, ':');
	j->first = true;
	json_put_u64(j, n);
}

static void put_sessions(struct json *j, const struct judge_summary *s)
{
	json_field(j, "sessions", u64, s->sessions);
	json_field(j, "alerts", u64, s->alerts);
	json_field(j, "records", u64, s->records);
	json_key(j, "pairs"); // of two taps
	json_open_object(j);
	json_field(j, "paired", u64, s->paired);
	json_field(j, "unpaired", u64, s->unpaired);
	json_field(j, "in_doubt", u64, s->pair_doubts);
	json_close_object(j);
	json_key(j, "blind");
	json_open_object(j);
	for (size_t i = 0; i < blind_table_n; i++)
		put_count(j, blind_table[i].name, blind_count(&blind_table[i], s));
	json_close_object(j);
	json_key(j, "states");
	json_open_object(j);
	for (int i = 0; i < STATE_N; i++)
		put_count(j, state_name((enum state)i), s->by_state[i]);
	json_close_object(j);
	json_key(j, "verdicts");
	json_open_object(j);
	for (int i = 0; i < VERDICT_N; i++)
		put_count(j, verdict_name((enum verdict)i), s->by_verdict[i]);
	json_close_object(j);
	json_key(j, "tls_versions");
	json_open_object(j);
	for (int i = 0; i < 8; i++)
		put_count(j, judge_tls_version_names[i], s->by_tls_version[i]);
	json_close_object(j);
	static const char *const certificates[] = {"not_seen", "seen", "encrypted", "resumed"}; // enum peer_cert
	json_key(j, "peer_cert");
	json_open_object(j);
	for (int i = 0; i <= CERT_RESUMED; i++)
		put_count(j, certificates[i], s->by_peer_cert[i]);
	json_close_object(j);
	json_key(j, "weak");
	json_open_object(j);
	for (int i = 0; i < WEAK_N; i++)
		put_count(j, weak_name((enum weak)i), s->by_weak[i]);
	json_close_object(j);
}

static void put_keylog(struct json *j, const struct summary *s)
{
	json_key(j, "keylog");
	if (s->options->keylog == NULL) {
		json_put_null(j);
		return;
	}
	json_open_object(j);
	json_field(j, "lines", u64, s->judge->keylog_lines);
	json_field(j, "secrets", u64, s->judge->keylog_secrets);
	for (uint8_t i = KEYLOG_OFF + 1; i <= KEYLOG_OPENED; i++)
		put_count(j, record_keylog_name(i), s->judge->by_keylog[i]);
	json_close_object(j);
}

static void put_history(struct json *j, const struct summary *s)
{
	const struct history_counts *h = &s->judge->history;
	json_key(j, "history");
	if (s->options->state == NULL) {
		json_put_null(j);
		return;
	}
	json_open_object(j);
	json_field(j, "learned", u64, h->learned);
	json_field(j, "known", u64, h->known);
	json_field(j, "unfit", u64, h->unfit);
	json_field(j, "servers", u64, h->servers);
	json_field(j, "evicted", u64, h->evicted);
	json_field(j, "written", flag, !h->error);
	json_close_object(j);
}

static void put_example(struct json *j, const struct judge_example *e)
{
	char address[WORDS_ADDRESS_LEN];
	json_key(j, "example");
	json_open_object(j);
	json_field(j, "alert", cstr, e->alert_id);
	json_field(j, "session", cstr, e->session_id);
	words_address(address, e->src, e->ip_v);
	json_field(j, "src_ip", cstr, address);
	json_field(j, "src_port", u64, e->src_port);
	words_address(address, e->dst, e->ip_v);
	json_field(j, "dest_ip", cstr, address);
	json_field(j, "dest_port", u64, e->dst_port);
	json_field(j, "detail", cstr, e->detail);
	json_close_object(j);
}

static void put_findings(struct json *j, const struct judge_summary *s)
{
	uint16_t rank[256];
	size_t n = summary_rank(s, rank);
	json_key(j, "findings");
	json_open_array(j);
	for (size_t i = 0; i < n; i++) {
		const struct judge_example *e = &s->finding[rank[i]];
		json_open_object(j);
		json_field(j, "finding", cstr, catalogue[rank[i]].id);
		json_field(j, "signature_id", u64, catalogue[rank[i]].signature_id);
		json_field(j, "severity", cstr, severity_name((enum severity)e->worst_severity));
		json_field(j, "confidence", cstr, confidence_name((enum confidence)e->best_confidence));
		json_field(j, "sessions", u64, e->n);
		json_field(j, "alerts", u64, e->alerts);
		put_example(j, e);
		json_close_object(j);
	}
	json_close_array(j);
}

static void put_counters(struct json *j, const struct judge_summary *s)
{
	json_key(j, "counters");
	json_open_object(j);
	for (size_t i = 0; i < DISSECT_COUNTERS; i++)
		put_count(j, dissect_counter_table[i].name, s->counter[i]);
	json_close_object(j);
}

static void build(struct json *j, const void *ctx)
{
	const struct summary *s = ctx;
	json_open_object(j);
	json_field(j, "v", u64, 1);
	json_field(j, "program", cstr, "postwacht " POSTWACHT_VERSION);
	put_input(j, s);
	put_sessions(j, s->judge);
	put_keylog(j, s);
	put_history(j, s);
	put_findings(j, s->judge);
	exemptions_put(j, s);
	put_counters(j, s->judge);
	json_close_object(j);
}

bool summary_print_json(FILE *out, const struct summary *s)
{
	return stdout_json(out, build, s);
}

// What came of `verify`, in words and in JSON. Lines and names come from files that anybody may have written.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "alerts/json.h"
#include "cli/verify.h"
#include "cli/words.h"

const char *const verify_fault_name[VERIFY_FAULTS] = {
	[VERIFY_CHANGED] = "changed", [VERIFY_MISSING] = "missing", [VERIFY_MOVED] = "moved", [VERIFY_INSERTED] = "inserted",
	[VERIFY_FOREIGN] = "foreign", [VERIFY_BACK] = "older_epoch", [VERIFY_DAMAGED] = "damaged", [VERIFY_SHORT] = "cut_short",
	[VERIFY_REPLACED] = "replaced",
};

const char *const verify_unfit_name[] = {
	[VERIFY_FIT] = "", [VERIFY_NOT_EVE] = "not_eve", [VERIFY_NO_LINKS] = "no_links", [VERIFY_PREFIXED] = "prefixed",
};

const char *const verify_unfit_words[] = {
	[VERIFY_FIT] = "",
	[VERIFY_NOT_EVE] = "this is not EVE; only format eve can be verified",
	[VERIFY_NO_LINKS] = "no line here ends with a link; only what an output with format eve wrote can be verified",
	[VERIFY_PREFIXED] = "these lines have a prefix: use --others",
};

// Behind a number.
static const char *const fault_words[VERIFY_FAULTS] = {
	[VERIFY_CHANGED] = "changed", [VERIFY_MISSING] = "behind a gap", [VERIFY_MOVED] = "out of order", [VERIFY_INSERTED] = "inserted",
	[VERIFY_FOREIGN] = "no record", [VERIFY_BACK] = "of an older row", [VERIFY_DAMAGED] = "damaged",
	[VERIFY_SHORT] = "at an end that was cut",
	[VERIFY_REPLACED] = "other than the sensor wrote",
};

// ---- words -------------------------------------------------------------------------------------------------------

static void numbers(char out[static 64], uint64_t from, uint64_t to)
{
	if (from == to)
		snprintf(out, 64, "record %" PRIu64 " is", from);
	else
		snprintf(out, 64, "records %" PRIu64 " to %" PRIu64 " are", from, to);
}

void verify_words(const struct verify_problem *p, bool outbox, char *out, size_t len)
{
	char which[64];
	numbers(which, p->from, p->to);
	switch (p->fault) {
	case VERIFY_CHANGED:
		if (!p->numbered)
			snprintf(out, len, "changed: the head of this segment does not fit to what is before it");
		else if (p->before == 0)
			snprintf(out, len, "changed: it is not the record that its row began with");
		else
			snprintf(out, len, "changed, or put in the place of another: its link does not fit to record %" PRIu64 " before it", p->before);
		break;
	case VERIFY_MISSING:
		if (p->before > 0)
			snprintf(out, len, "%s missing between record %" PRIu64 " and this one: removed (or this one was changed)", which, p->before);
		else
			snprintf(out, len, "%s missing before this one: removed (or this one was changed)", which);
		break;
	case VERIFY_MOVED:
		snprintf(out, len, "reordered: %s not before this one, but behind it", which);
		break;
	case VERIFY_INSERTED:
		snprintf(out, len, "inserted: its number was passed already (record %" PRIu64 " is before it), and it is not that record again",
			p->before);
		break;
	case VERIFY_FOREIGN:
		snprintf(out, len, "no record: inserted by somebody else, or a record that was changed until it was none (--others, where other "
			"programs write here, too)");
		break;
	case VERIFY_BACK:
		snprintf(out, len, "of an older row than what is before it: inserted, or the files are not of one output");
		break;
	case VERIFY_DAMAGED:
		if (p->numbered)
			snprintf(out, len, "damaged: %s not readable", which);
		else
			snprintf(out, len, outbox && p->at.offset == 0 ? "damaged: this segment has no head that could be read" :
				"damaged: what is here is no record");
		break;
	case VERIFY_SHORT:
		snprintf(out, len, "cut short: by the sensor's own account %s %s, and not here", which, outbox ? "written" : "delivered");
		break;
	case VERIFY_REPLACED:
		snprintf(out, len, "replaced: it fits together, but by the sensor's own account record %" PRIu64 " was another", p->seq);
		break;
	case VERIFY_FAULTS:
		break;
	}
}

static void say_place(const struct verify_place *at)
{
	stdout_escaped(stdout, at->file, strlen(at->file));
	if (at->line > 0)
		printf(" line %" PRIu64 ",", at->line);
	printf(" octet %" PRIu64, at->offset);
}

// ---- the record --------------------------------------------------------------------------------------------------

// What a reader needs to find it elsewhere. Texts belong to `line`.
struct named_record {
	json_t *line;
	const char *type, *time, *id;
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text != NULL ? text : "";
}

static struct named_record named(const struct verify_problem *p)
{
	struct named_record r = {.line = json_loadb(p->text, p->len, 0, NULL)};
	r.type = text_of(r.line, "event_type");
	r.time = text_of(r.line, "timestamp");
	r.id = text_of(json_object_get(r.line, "smtp_tls"), "id");
	if (r.id[0] == '\0')
		r.id = text_of(json_object_get(r.line, "smtp_tls"), "session");
	return r;
}

static void say_text(const char *before, const char *text)
{
	if (text[0] == '\0')
		return;
	fputs(before, stdout);
	stdout_escaped(stdout, text, strlen(text));
}

static void say_first(const struct verify_problem *p, bool outbox)
{
	char words[512];
	struct named_record r = named(p);
	fputs("  first: ", stdout);
	say_place(&p->at);
	putchar('\n');
	if (p->numbered)
		printf("    record %" PRIu64 " of %s, epoch %" PRIu64, p->seq, outbox_lane_name[p->lane], p->epoch);
	if (p->numbered && r.line != NULL) {
		say_text(": ", r.type);
		say_text(", ", r.time);
		say_text(", id ", r.id);
	}
	if (p->numbered)
		putchar('\n');
	json_decref(r.line);
	verify_words(p, outbox, words, sizeof words);
	stdout_wrap(stdout, 4, words);
}

// ---- a log -------------------------------------------------------------------------------------------------------

enum { EPOCH_MAX = INT32_MAX }; // what is later is nobody's clock

static void say_row(const struct verify_row *r)
{
	char began[WORDS_TIME_LEN];
	words_time(began, (r->epoch <= EPOCH_MAX ? r->epoch : 0) * UINT64_C(1000000000));
	printf("  %-8s  epoch %" PRIu64 " (%.19s UTC): ", outbox_lane_name[r->lane], r->epoch, began);
	if (r->records == 0)
		fputs("no records", stdout);
	else
		printf("%" PRIu64 " record%s, %" PRIu64 " to %" PRIu64, r->records, r->records == 1 ? "" : "s", r->first, r->last);
	if (r->faults > 0)
		printf("; %" PRIu64 " fault%s", r->faults, r->faults == 1 ? "" : "s");
	if (r->middle)
		printf("; what was before %" PRIu64 " is not here", r->first);
	if (r->passed > 0)
		printf("; %" PRIu64 " numbers passed over, gone before this output could have them", r->passed);
	if (r->repeats > 0)
		printf("; %" PRIu64 " twice, with their numbers", r->repeats);
	putchar('\n');
}

static void say_verdict(const struct verify_log *l)
{
	const struct verify *v = &l->verify;
	uint64_t faults = verify_faults(v);
	bool colour = stdout_colour(stdout);
	if (faults > 0) {
		stdout_styled(stdout, colour, STYLE_RED, "  TAMPERED OR DAMAGED");
		const char *comma = ": ";
		for (size_t i = 0; i < VERIFY_FAULTS; i++) {
			if (v->faults[i] == 0)
				continue;
			printf("%s%" PRIu64 " %s", comma, v->faults[i], fault_words[i]);
			comma = ", ";
		}
		putchar('\n');
		say_first(&v->problem, l->outbox);
	} else if (verify_code(l) != 0) {
		stdout_styled(stdout, colour, STYLE_YELLOW, "  incomplete");
		puts(v->unfit != VERIFY_FIT || l->records == 0 ? ": nothing could be verified" : ": what could be looked at is intact");
	} else {
		stdout_styled(stdout, colour, STYLE_GREEN, l->records > 0 ? "  intact\n" : "  empty\n");
	}
}

void verify_say(const struct verify_log *l)
{
	const struct verify *v = &l->verify;
	const char *name = words_input(l->name);
	stdout_escaped(stdout, name, strlen(name));
	if (l->n_files > 1)
		printf(" and %zu older", l->n_files - 1);
	putchar('\n');
	if (l->absent)
		printf("  no %s are there\n", outbox_lane_name[l->lane]);
	for (size_t i = 0; i < l->n_rows; i++)
		say_row(&l->row[i]);
	if (l->rows_more > 0)
		printf("  and %" PRIu64 " rows more\n", l->rows_more);
	if (v->foreign_ok > 0)
		printf("  %" PRIu64 " lines of others\n", v->foreign_ok);
	if (v->unfit != VERIFY_FIT)
		printf("  %" PRIu64 " line%s, and none is a record with a link: %s\n", v->unfit_lines, v->unfit_lines == 1 ? "" : "s",
			verify_unfit_words[v->unfit]);
	if (v->unfinished) {
		fputs("  unfinished at its end (it is being written, or was cut): ", stdout);
		say_place(&v->unfinished_at);
		putchar('\n');
	}
	if (l->trouble[0] != '\0') {
		say_text("  not read: ", l->trouble);
		putchar('\n');
	}
	if (l->unproved)
		puts("  the sensor's account is of records that are not in these files: name older ones, too");
	else if (l->compared && !l->absent && verify_faults(v) == 0)
		puts(l->outbox ? "  its end is not before what the outputs have" : "  the end is where the sensor's account has it");
	say_verdict(l);
}

// ---- JSON --------------------------------------------------------------------------------------------------------

static void put_place(struct json *j, const struct verify_place *at)
{
	json_field(j, "file", cstr, at->file);
	if (at->line > 0)
		json_field(j, "line", u64, at->line);
	json_field(j, "offset", u64, at->offset);
}

static void put_first(struct json *j, const struct verify_problem *p, bool outbox)
{
	char words[512];
	struct named_record r = named(p);
	verify_words(p, outbox, words, sizeof words);
	json_open_object(j);
	json_field(j, "fault", word, verify_fault_name[p->fault]);
	json_field(j, "words", cstr, words);
	put_place(j, &p->at);
	if (p->numbered) {
		json_field(j, "lane", word, outbox_lane_name[p->lane]);
		json_field(j, "epoch", u64, p->epoch);
		json_field(j, "seq", u64, p->seq);
	}
	if (p->fault == VERIFY_MISSING || p->fault == VERIFY_MOVED || p->fault == VERIFY_SHORT) {
		json_field(j, "from", u64, p->from);
		json_field(j, "to", u64, p->to);
	}
	json_field(j, "event_type", cstr, r.type);
	json_field(j, "timestamp", cstr, r.time);
	json_field(j, "id", cstr, r.id);
	json_close_object(j);
	json_decref(r.line);
}

static void put_row(struct json *j, const struct verify_row *r)
{
	json_open_object(j);
	json_field(j, "lane", word, outbox_lane_name[r->lane]);
	json_field(j, "epoch", u64, r->epoch);
	json_field(j, "first", u64, r->first);
	json_field(j, "last", u64, r->last);
	json_field(j, "records", u64, r->records);
	json_field(j, "repeats", u64, r->repeats);
	json_field(j, "passed", u64, r->passed);
	json_field(j, "faults", u64, r->faults);
	json_field(j, "middle", flag, r->middle);
	json_close_object(j);
}

static void put_faults(struct json *j, const struct verify *v)
{
	json_open_object(j);
	for (size_t i = 0; i < VERIFY_FAULTS; i++) {
		json_put_cstr(j, verify_fault_name[i]);
		json_put_char(j, ':');
		j->first = true;
		json_put_u64(j, v->faults[i]);
	}
	json_close_object(j);
}

static void put_log(struct json *j, const struct verify_log *l)
{
	const struct verify *v = &l->verify;
	json_open_object(j);
	json_field(j, "kind", word, l->outbox ? "outbox" : "lines");
	json_key(j, "files");
	json_open_array(j);
	for (size_t i = 0; i < l->n_files; i++)
		json_put_cstr(j, words_input(l->file[i]));
	json_close_array(j);
	json_field(j, "intact", flag, verify_faults(v) == 0);
	json_field(j, "complete", flag, verify_complete(l));
	json_field(j, "absent", flag, l->absent);
	json_field(j, "compared", flag, l->compared);
	json_field(j, "records", u64, l->records);
	json_field(j, "octets", u64, v->octets);
	json_field(j, "others", u64, v->foreign_ok);
	json_field(j, "unfit", word, verify_unfit_name[v->unfit]);
	json_field(j, "unfit_lines", u64, v->unfit_lines);
	json_key(j, "faults");
	put_faults(j, v);
	json_key(j, "first");
	if (verify_faults(v) > 0)
		put_first(j, &v->problem, l->outbox);
	else
		json_put_null(j);
	json_key(j, "unfinished");
	if (v->unfinished) {
		json_open_object(j);
		put_place(j, &v->unfinished_at);
		json_close_object(j);
	} else {
		json_put_null(j);
	}
	json_field(j, "trouble", cstr, l->trouble);
	json_key(j, "rows");
	json_open_array(j);
	for (size_t i = 0; i < l->n_rows; i++)
		put_row(j, &l->row[i]);
	json_close_array(j);
	json_field(j, "rows_more", u64, l->rows_more);
	json_close_object(j);
}

static void build(struct json *j, const void *ctx)
{
	const struct verify_logs *l = ctx;
	bool intact = true;
	for (size_t i = 0; i < l->n; i++)
		intact &= verify_faults(&l->log[i].verify) == 0;
	json_open_object(j);
	json_field(j, "v", u64, 1);
	json_field(j, "intact", flag, intact);
	json_key(j, "logs");
	json_open_array(j);
	for (size_t i = 0; i < l->n; i++)
		put_log(j, &l->log[i]);
	json_close_array(j);
	json_close_object(j);
}

bool verify_say_json(const struct verify_logs *l)
{
	return stdout_json(stdout, build, l);
}

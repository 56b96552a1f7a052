// `postwacht findings list` and `findings show`: the catalogue for people and for programs.
#include "cli/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/json.h"
#include "cli/command.h"
#include "cli/stdout.h"
#include "configs/nearest.h"
#include "hw/log.h"

enum { OTHERS_LEN = 1024 }; // twice the longest list of the catalogue

// What tells a finding instead of itself. Findings of one kind share a list that names them all, so leave out its own id.
static void others(const struct catalogue_row *r, char out[static OTHERS_LEN])
{
	size_t used = 0;
	out[0] = '\0';
	for (const char *id = r->subsumed_by; *id != '\0' && used < OTHERS_LEN;) {
		size_t len = strcspn(id, " ");
		if (len != strlen(r->id) || strncmp(id, r->id, len) != 0)
			used += (size_t)snprintf(out + used, OTHERS_LEN - used, "%s%.*s", used > 0 ? " " : "", (int)len, id);
		id += len;
		id += strspn(id, " ");
	}
}

static void row_json(struct json *j, const struct catalogue_row *r)
{
	json_open_object(j);
	json_field(j, "finding", cstr, r->id);
	json_field(j, "signature_id", u64, r->signature_id);
	json_field(j, "severity", cstr, severity_name(r->severity));
	json_field(j, "subject", cstr, subject_name(r->subject));
	json_field(j, "title", cstr, r->title);
	json_field(j, "category", cstr, r->category);
	json_field(j, "mitre", cstr, r->mitre);
	json_field(j, "rfc", cstr, r->rfc);
	json_field(j, "meaning", cstr, r->meaning);
	json_field(j, "evidence", cstr, r->evidence);
	json_field(j, "traps", cstr, r->traps);
	json_field(j, "todo", cstr, r->todo);
	char by[OTHERS_LEN];
	others(r, by);
	json_field(j, "subsumed_by", cstr, by);
	json_close_object(j);
}

static void list_json(struct json *j, const void *ctx)
{
	json_open_array(j);
	for (size_t i = 0; i < catalogue_n; i++)
		row_json(j, &catalogue[i]);
	json_close_array(j);
}

static void show_json(struct json *j, const void *row)
{
	row_json(j, row);
}

static void list_row(const struct catalogue_row *r)
{
	printf("%u  %-8s  %-34s %s\n", r->signature_id, severity_name(r->severity), r->id, r->title);
}

int findings_list_run(const struct options *o)
{
	if (o->json)
		return stdout_json(stdout, list_json, NULL) ? EXIT_FINE : EXIT_TROUBLE;
	for (size_t i = 0; i < catalogue_n; i++)
		list_row(&catalogue[i]);
	return EXIT_FINE;
}

static const struct catalogue_row *find(const char *id)
{
	const struct catalogue_row *row = catalogue_find(id);
	unsigned long number = strtoul(id, NULL, 10);
	for (size_t i = 0; row == NULL && i < catalogue_n; i++)
		if (catalogue[i].signature_id == number)
			row = &catalogue[i];
	return row;
}

static void unknown(const char *id)
{
	struct nearest near;
	nearest_start(&near, id);
	for (size_t i = 0; i < catalogue_n; i++)
		nearest_try(&near, catalogue[i].id);
	const char *best = nearest_best(&near);
	if (best != NULL)
		log_error("findings", "no finding is called \"%s\"; did you mean %s?", id, best);
	else
		log_error("findings", "no finding is called \"%s\"; `postwacht findings list` names all", id);
}

const struct catalogue_row *findings_find(const char *word)
{
	const struct catalogue_row *row = find(word);
	if (row == NULL)
		unknown(word);
	return row;
}

static bool begins(const struct catalogue_row *r, const char *start)
{
	return start[0] != '\0' && strncmp(r->id, start, strlen(start)) == 0;
}

static bool begins_any(const char *start)
{
	for (size_t i = 0; i < catalogue_n; i++)
		if (begins(&catalogue[i], start))
			return true;
	return false;
}

static void begun_json(struct json *j, const void *start)
{
	json_open_array(j);
	for (size_t i = 0; i < catalogue_n; i++)
		if (begins(&catalogue[i], start))
			row_json(j, &catalogue[i]);
	json_close_array(j);
}

// Those that begin with what was typed, as `findings list` would tell them.
static int show_begun(const struct options *o)
{
	const char *start = o->operands[0];
	if (o->json)
		return stdout_json(stdout, begun_json, start) ? EXIT_FINE : EXIT_TROUBLE;
	for (size_t i = 0; i < catalogue_n; i++)
		if (begins(&catalogue[i], start))
			list_row(&catalogue[i]);
	return EXIT_FINE;
}

static void section(const char *title, const char *text)
{
	if (text[0] == '\0')
		return;
	printf("\n%s\n", title);
	stdout_wrap(stdout, 2, text);
}

int findings_show_run(const struct options *o)
{
	if (find(o->operands[0]) == NULL && begins_any(o->operands[0]))
		return show_begun(o);
	const struct catalogue_row *r = findings_find(o->operands[0]);
	if (r == NULL)
		return EXIT_USAGE;
	if (o->json)
		return stdout_json(stdout, show_json, r) ? EXIT_FINE : EXIT_TROUBLE;
	printf("%s  (%u)\n%s\n\n", r->id, r->signature_id, r->title);
	printf("severity %s, subject %s, category %s\n", severity_name(r->severity), subject_name(r->subject), r->category);
	section("What does it mean?", r->meaning);
	section("What is the evidence?", r->evidence);
	section("What may fool it?", r->traps);
	section("What do I do?", r->todo);
	section("Reference", r->rfc);
	section("MITRE ATT&CK", r->mitre);
	char by[OTHERS_LEN];
	others(r, by);
	section("Told instead, when found in the same session", by);
	return EXIT_FINE;
}

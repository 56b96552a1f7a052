// Outputs back to YAML and JSON, and the table of their members for people and programs.
#include "configs/outputs.h"

#include <string.h>

#include "alerts/json.h"
#include "configs/print.h"

static bool is_text(enum output_kind kind)
{
	return kind <= OUTPUT_CHOICE;
}

bool output_member_differs(const struct output_member *m, const struct sink_config *a, const struct sink_config *b)
{
	const void *x = (const char *)a + m->offset, *y = (const char *)b + m->offset;
	switch (m->kind) {
	case OUTPUT_WORD:
		return *(const int *)x != *(const int *)y;
	case OUTPUT_WORDS:
	case OUTPUT_NUMBER:
		return *(const uint32_t *)x != *(const uint32_t *)y;
	case OUTPUT_PORT:
		return *(const uint16_t *)x != *(const uint16_t *)y;
	case OUTPUT_SWITCH:
		return *(const bool *)x != *(const bool *)y;
	default:
		return strcmp(x, y) != 0;
	}
}

// ---- YAML ----------------------------------------------------------------------------------------------------

static void print_words(FILE *out, const struct output_member *m, uint32_t bits)
{
	const char *comma = "";
	fputc('[', out);
	for (size_t i = 0; m->words[i] != NULL; i++) {
		if (!(bits & 1u << i))
			continue;
		fprintf(out, "%s%s", comma, m->words[i]);
		comma = ", ";
	}
	fputc(']', out);
}

static void print_member(FILE *out, const struct config_key *k, const struct output_member *m, const struct sink_config *o)
{
	const void *field = (const char *)o + m->offset;
	if (is_text(m->kind))
		print_path(out, k, field);
	else if (m->kind == OUTPUT_WORD)
		fputs(m->words[*(const int *)field], out);
	else if (m->kind == OUTPUT_WORDS)
		print_words(out, m, *(const uint32_t *)field);
	else if (m->kind == OUTPUT_SWITCH)
		fputs(*(const bool *)field ? "on" : "off", out);
	else
		fprintf(out, "%u", m->kind == OUTPUT_PORT ? *(const uint16_t *)field : *(const uint32_t *)field);
}

static void print_output(FILE *out, const struct config_key *k, const struct sink_config *o, const struct sink_config *fallback)
{
	const char *comma = "";
	for (size_t n = 0; n < output_members_n; n++) {
		const struct output_member *m = &output_members[n];
		bool said = m->required || output_member_differs(m, o, fallback);
		if (!(m->types & 1u << o->type) || !output_member_holds(m, o) || !said)
			continue;
		fprintf(out, "%s%s: ", comma, m->name);
		print_member(out, k, m, o);
		comma = ", ";
	}
}

void print_outputs(FILE *out, const struct config_key *k, const void *field)
{
	const struct config_outputs *outputs = field;
	struct sink_config fallback;
	fputc('[', out);
	for (size_t i = 0; i < outputs->n; i++) {
		config_output_init(&fallback, (enum sink_type)outputs->output[i].type);
		output_auto_name(outputs, i, fallback.name);
		fputs(i > 0 ? ", {" : "{", out);
		print_output(out, k, &outputs->output[i], &fallback);
		fputc('}', out);
	}
	fputc(']', out);
}

// ---- JSON ----------------------------------------------------------------------------------------------------

static void key(struct json *j, const char *name)
{
	json_put_cstr(j, name);
	json_put_char(j, ':');
	j->first = true;
}

static void put_words(struct json *j, const struct output_member *m, uint32_t bits)
{
	json_open_array(j);
	for (size_t i = 0; m->words[i] != NULL; i++)
		if (bits & 1u << i)
			json_put_cstr(j, m->words[i]);
	json_close_array(j);
}

static void put_member(struct json *j, const struct output_member *m, const struct sink_config *o)
{
	const void *field = (const char *)o + m->offset;
	if (is_text(m->kind) && *(const char *)field == '\0')
		json_put_null(j);
	else if (is_text(m->kind))
		json_put_cstr(j, field);
	else if (m->kind == OUTPUT_WORD)
		json_put_cstr(j, m->words[*(const int *)field]);
	else if (m->kind == OUTPUT_WORDS)
		put_words(j, m, *(const uint32_t *)field);
	else if (m->kind == OUTPUT_SWITCH)
		json_put_flag(j, *(const bool *)field);
	else if (m->kind == OUTPUT_PORT && *(const uint16_t *)field == 0)
		json_put_null(j);
	else
		json_put_u64(j, m->kind == OUTPUT_PORT ? *(const uint16_t *)field : *(const uint32_t *)field);
}

void put_outputs(struct json *j, const struct config_key *k, const void *field)
{
	const struct config_outputs *outputs = field;
	json_open_array(j);
	for (size_t i = 0; i < outputs->n; i++) {
		const struct sink_config *o = &outputs->output[i];
		json_open_object(j);
		for (size_t n = 0; n < output_members_n; n++) {
			const struct output_member *m = &output_members[n];
			if (!(m->types & 1u << o->type) || !output_member_holds(m, o))
				continue;
			key(j, m->name);
			put_member(j, m, o);
		}
		json_close_object(j);
	}
	json_close_array(j);
}

// ---- the table -----------------------------------------------------------------------------------------------

// "needed with transport: tls", "needed", "with an https: url", "".
static void condition(const struct output_member *m, char *out, size_t len)
{
	const char *when = "";
	for (int type = 0; type < SINK_TYPES; type++)
		if (m->types & 1u << type)
			when = output_when_text(m->when, type);
	// Each type says it in its own words.
	if (m->types & (m->types - 1) && when[0] != '\0')
		when = "TLS";
	snprintf(out, len, "%s%s%s%s", m->required ? "needed" : "", m->required && when[0] != '\0' ? " " : "", when[0] != '\0' ? "with " : "",
		when);
}

void print_output_members(FILE *out, const char *indent)
{
	char types[64], values[256], more[96];
	for (size_t i = 0; i < output_members_n; i++) {
		const struct output_member *m = &output_members[i];
		output_types_text(m->types, types, sizeof types);
		output_member_describe(m, values, sizeof values);
		condition(m, more, sizeof more);
		fprintf(out, "%s%s (%s%s%s)\n%s    %s\n%s    values: %s", indent, m->name, m->types == (1u << SINK_TYPES) - 1 ? "all" : types,
			more[0] != '\0' ? "; " : "", more, indent, m->text, indent, values);
		fprintf(out, m->fallback[0] != '\0' ? "; default: %s\n" : "%s\n", m->fallback);
	}
}

void put_output_members(struct json *j)
{
	char values[256], more[96];
	json_open_array(j);
	for (size_t i = 0; i < output_members_n; i++) {
		const struct output_member *m = &output_members[i];
		output_member_describe(m, values, sizeof values);
		condition(m, more, sizeof more);
		json_open_object(j);
		json_field(j, "key", cstr, m->name);
		json_key(j, "types");
		json_open_array(j);
		for (int type = 0; type < SINK_TYPES; type++)
			if (m->types & 1u << type)
				json_put_cstr(j, sink_type_name[type]);
		json_close_array(j);
		json_field(j, "text", cstr, m->text);
		json_field(j, "values", cstr, values);
		json_key(j, "default");
		if (m->fallback[0] != '\0')
			json_put_cstr(j, m->fallback);
		else
			json_put_null(j);
		json_field(j, "required", flag, m->required); // where `condition` holds
		json_field(j, "condition", cstr, more);
		json_close_object(j);
	}
	json_close_array(j);
}

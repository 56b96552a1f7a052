// A configuration back to YAML, one printer a type, and the schema for people.
#include "configs/schema.h"

#include <stdlib.h>
#include <string.h>

#include "configs/net.h"
#include "configs/outputs.h"
#include "configs/print.h"

void print_name(FILE *out, const struct config_key *k, const void *field)
{
	// Quoted where YAML or a reader of YAML 1.1 would take it for something else than text.
	const char *name = field;
	fprintf(out, strspn(name, "0123456789.-_") > 0 ? "\"%s\"" : "%s", name);
}

void print_path(FILE *out, const struct config_key *k, const void *field)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/._0123456789-";
	const char *path = field;
	if (strspn(path, plain) == strlen(path) && strspn(path, "0123456789.-") == 0) {
		fputs(path, out);
		return;
	}
	fputc('"', out);
	for (; *path; path++)
		fprintf(out, "%s%c", *path == '"' || *path == '\\' ? "\\" : "", *path);
	fputc('"', out);
}

static void print_number(FILE *out, const struct config_key *k, const void *field)
{
	fprintf(out, "%u", *(const uint32_t *)field);
}

static void print_word(FILE *out, const struct config_key *k, const void *field)
{
	fputs(k->words[*(const int *)field], out);
}

static void print_switch(FILE *out, const struct config_key *k, const void *field)
{
	fputs(*(const bool *)field ? "on" : "off", out);
}

static void print_words(FILE *out, const struct config_key *k, const void *field)
{
	const char *comma = "";
	fputc('[', out);
	for (size_t i = 0; k->words[i] != NULL; i++) {
		if (!(*(const uint32_t *)field & 1u << i))
			continue;
		fprintf(out, "%s%s", comma, k->words[i]);
		comma = ", ";
	}
	fputc(']', out);
}

static void print_ports(FILE *out, const struct config_key *k, const void *field)
{
	const struct config_ports *ports = field;
	fputc('[', out);
	for (size_t i = 0; i < ports->n; i++)
		fprintf(out, "%s%u", i ? ", " : "", ports->port[i]);
	fputc(']', out);
}

static void print_nets(FILE *out, const struct config_key *k, const void *field)
{
	const struct inventory_nets *nets = field;
	char text[NET_TEXT_LEN];
	fputc('[', out);
	for (size_t i = 0; i < nets->n; i++) {
		net_print(&nets->net[i], text);
		fprintf(out, "%s\"%s\"", i ? ", " : "", text);
	}
	fputc(']', out);
}

static void print_findings(FILE *out, const struct config_key *k, const void *field)
{
	const struct config_findings *findings = field;
	fputc('[', out);
	for (size_t i = 0; i < findings->n; i++)
		fprintf(out, "%s%s", i ? ", " : "", findings->id[i]);
	fputc(']', out);
}

static void print_severities(FILE *out, const struct config_key *k, const void *field)
{
	const int8_t *severity = field;
	const char *comma = "";
	fputc('{', out);
	for (size_t i = 0; i < catalogue_n; i++) {
		if (severity[i] < 0)
			continue;
		fprintf(out, "%s%s: %s", comma, catalogue[i].id, severity_name((enum severity)severity[i]));
		comma = ", ";
	}
	fputc('}', out);
}

static void print_forwarders(FILE *out, const struct config_key *k, const void *field)
{
	const struct config_forwarders *f = field;
	fputc('[', out);
	for (size_t i = 0; i < f->n; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : "", f->text[i]);
	fputc(']', out);
}

static void print_domains(FILE *out, const struct config_key *k, const void *field)
{
	const struct config_domains *d = field;
	fputc('[', out);
	for (size_t i = 0; i < d->n; i++)
		fprintf(out, "%s%s", i ? ", " : "", d->name[i]);
	fputc(']', out);
}

static void print_value(FILE *out, const struct config_key *k, const struct config *c)
{
	static void (*const print[CONFIG_TYPES])(FILE *, const struct config_key *, const void *) = {
		[CONFIG_NAME] = print_name,
		[CONFIG_PATH] = print_path,
		[CONFIG_LISTEN] = print_path,
		[CONFIG_TAPS] = print_taps,
		[CONFIG_PAIRS] = print_pairs,
		[CONFIG_NUMBER] = print_number,
		[CONFIG_WORD] = print_word,
		[CONFIG_SWITCH] = print_switch,
		[CONFIG_WORDS] = print_words,
		[CONFIG_OUTPUTS] = print_outputs,
		[CONFIG_PORTS] = print_ports,
		[CONFIG_HOST] = print_path,
		[CONFIG_NETS] = print_nets,
		[CONFIG_MXS] = print_mxs,
		[CONFIG_PARTNERS] = print_partners,
		[CONFIG_EXEMPT] = print_exempt,
		[CONFIG_FINDINGS] = print_findings,
		[CONFIG_SEVERITIES] = print_severities,
		[CONFIG_FORWARDERS] = print_forwarders,
		[CONFIG_DOMAINS] = print_domains,
	};
	print[k->type](out, k, (const char *)c + k->offset);
}

bool config_key_differs(const struct config_key *k, const struct config *a, const struct config *b)
{
	char *text[2] = {NULL, NULL};
	const struct config *side[2] = {a, b};
	for (int i = 0; i < 2; i++) {
		size_t len;
		FILE *f = open_memstream(&text[i], &len);
		if (f == NULL)
			continue;
		print_value(f, k, side[i]);
		fclose(f);
	}
	bool same = text[0] != NULL && text[1] != NULL && strcmp(text[0], text[1]) == 0;
	free(text[0]);
	free(text[1]);
	return !same;
}

void config_print(FILE *out, const struct config *c, enum config_view view)
{
	struct config defaults;
	char section[64] = "", choices[128];
	config_init(&defaults);
	for (size_t i = 0; i < config_schema_n; i++) {
		const struct config_key *k = &config_schema[i];
		if (view == CONFIG_VIEW_CHANGED && !config_key_differs(k, c, &defaults))
			continue;
		const char *dot = strchr(k->name, '.');
		const char *leaf = dot != NULL ? dot + 1 : k->name, *indent = dot != NULL ? "  " : "";
		size_t len = dot != NULL ? (size_t)(dot - k->name) : 0;
		if (dot != NULL && (strlen(section) != len || strncmp(section, k->name, len) != 0)) {
			snprintf(section, sizeof section, "%.*s", (int)len, k->name);
			fprintf(out, "%s%s:\n", view == CONFIG_VIEW_EXPLAIN ? "\n" : "", section);
		}
		if (view == CONFIG_VIEW_EXPLAIN) {
			config_key_describe(k, choices, sizeof choices);
			fprintf(out, "%s%s# %s\n%s# (%s)\n", dot == NULL ? "\n" : "", indent, k->text, indent, choices);
			if (k->type == CONFIG_OUTPUTS)
				print_output_members(out, "#   ");
		}
		fprintf(out, "%s%s: ", indent, leaf);
		print_value(out, k, c);
		fputc('\n', out);
	}
}

void config_print_schema(FILE *out)
{
	char choices[128];
	for (size_t i = 0; i < config_schema_n; i++) {
		const struct config_key *k = &config_schema[i];
		config_key_describe(k, choices, sizeof choices);
		fprintf(out, "%s\n    %s\n    values: %s; default: %s\n", k->name, k->text, choices, k->fallback);
		if (k->type == CONFIG_OUTPUTS)
			print_output_members(out, "    ");
	}
}

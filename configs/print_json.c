// A configuration and its schema as JSON: the same keys and words as the YAML, numbers and switches with their types.
#include "configs/schema.h"

#include <string.h>

#include "alerts/json.h"
#include "configs/net.h"
#include "configs/outputs.h"
#include "configs/print.h"

static void put_name(struct json *j, const struct config_key *k, const void *field)
{
	json_put_cstr(j, field);
}

static void put_number(struct json *j, const struct config_key *k, const void *field)
{
	json_put_u64(j, *(const uint32_t *)field);
}

static void put_word(struct json *j, const struct config_key *k, const void *field)
{
	json_put_cstr(j, k->words[*(const int *)field]);
}

static void put_switch(struct json *j, const struct config_key *k, const void *field)
{
	json_put_flag(j, *(const bool *)field);
}

static void put_words(struct json *j, const struct config_key *k, const void *field)
{
	json_open_array(j);
	for (size_t i = 0; k->words[i] != NULL; i++)
		if (*(const uint32_t *)field & 1u << i)
			json_put_cstr(j, k->words[i]);
	json_close_array(j);
}

static void put_ports(struct json *j, const struct config_key *k, const void *field)
{
	const struct config_ports *ports = field;
	json_open_array(j);
	for (size_t i = 0; i < ports->n; i++)
		json_put_u64(j, ports->port[i]);
	json_close_array(j);
}

static void put_nets(struct json *j, const struct config_key *k, const void *field)
{
	const struct inventory_nets *nets = field;
	char text[NET_TEXT_LEN];
	json_open_array(j);
	for (size_t i = 0; i < nets->n; i++) {
		net_print(&nets->net[i], text);
		json_put_cstr(j, text);
	}
	json_close_array(j);
}

static void put_findings(struct json *j, const struct config_key *k, const void *field)
{
	const struct config_findings *findings = field;
	json_open_array(j);
	for (size_t i = 0; i < findings->n; i++)
		json_put_cstr(j, findings->id[i]);
	json_close_array(j);
}

// A member whose key is in a table, not a literal here.
static void key(struct json *j, const char *name, size_t len)
{
	json_put_string(j, name, len);
	json_put_char(j, ':');
	j->first = true;
}

static void put_severities(struct json *j, const struct config_key *k, const void *field)
{
	const int8_t *severity = field;
	json_open_object(j);
	for (size_t i = 0; i < catalogue_n; i++) {
		if (severity[i] < 0)
			continue;
		key(j, catalogue[i].id, strlen(catalogue[i].id));
		json_put_cstr(j, severity_name((enum severity)severity[i]));
	}
	json_close_object(j);
}

static void put_forwarders(struct json *j, const struct config_key *k, const void *field)
{
	const struct config_forwarders *f = field;
	json_open_array(j);
	for (size_t i = 0; i < f->n; i++)
		json_put_cstr(j, f->text[i]);
	json_close_array(j);
}

static void put_domains(struct json *j, const struct config_key *k, const void *field)
{
	const struct config_domains *d = field;
	json_open_array(j);
	for (size_t i = 0; i < d->n; i++)
		json_put_cstr(j, d->name[i]);
	json_close_array(j);
}

static void put_value(struct json *j, const struct config_key *k, const struct config *c)
{
	static void (*const put[CONFIG_TYPES])(struct json *, const struct config_key *, const void *) = {
		[CONFIG_NAME] = put_name,
		[CONFIG_PATH] = put_name,
		[CONFIG_LISTEN] = put_name,
		[CONFIG_TAPS] = put_taps,
		[CONFIG_PAIRS] = put_pairs,
		[CONFIG_NUMBER] = put_number,
		[CONFIG_WORD] = put_word,
		[CONFIG_SWITCH] = put_switch,
		[CONFIG_WORDS] = put_words,
		[CONFIG_OUTPUTS] = put_outputs,
		[CONFIG_PORTS] = put_ports,
		[CONFIG_HOST] = put_name,
		[CONFIG_NETS] = put_nets,
		[CONFIG_MXS] = put_mxs,
		[CONFIG_PARTNERS] = put_partners,
		[CONFIG_EXEMPT] = put_exempt,
		[CONFIG_FINDINGS] = put_findings,
		[CONFIG_SEVERITIES] = put_severities,
		[CONFIG_FORWARDERS] = put_forwarders,
		[CONFIG_DOMAINS] = put_domains,
	};
	put[k->type](j, k, (const char *)c + k->offset);
}

void config_put_json(struct json *j, const struct config *c, enum config_view view)
{
	const char *section = NULL; // of the object that is open
	size_t section_len = 0;
	struct config defaults;
	config_init(&defaults);
	json_open_object(j);
	for (size_t i = 0; i < config_schema_n; i++) {
		const struct config_key *k = &config_schema[i];
		if (view == CONFIG_VIEW_CHANGED && !config_key_differs(k, c, &defaults))
			continue;
		const char *dot = strchr(k->name, '.');
		size_t len = dot != NULL ? (size_t)(dot - k->name) : 0;
		bool same = section != NULL && dot != NULL && section_len == len && strncmp(section, k->name, len) == 0;
		if (section != NULL && !same) {
			json_close_object(j);
			section = NULL;
		}
		if (dot != NULL && !same) {
			section = k->name;
			section_len = len;
			key(j, section, len);
			json_open_object(j);
		}
		const char *leaf = dot != NULL ? dot + 1 : k->name;
		key(j, leaf, strlen(leaf));
		put_value(j, k, c);
	}
	if (section != NULL)
		json_close_object(j);
	json_close_object(j);
}

void config_put_schema_json(struct json *j)
{
	char choices[128];
	json_open_array(j);
	for (size_t i = 0; i < config_schema_n; i++) {
		const struct config_key *k = &config_schema[i];
		config_key_describe(k, choices, sizeof choices);
		json_open_object(j);
		json_field(j, "key", cstr, k->name);
		json_field(j, "text", cstr, k->text);
		json_field(j, "values", cstr, choices);
		json_field(j, "default", cstr, k->fallback);
		if (k->type == CONFIG_OUTPUTS) {
			json_key(j, "members");
			put_output_members(j);
		}
		json_close_object(j);
	}
	json_close_array(j);
}

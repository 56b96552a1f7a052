// From a YAML node to the field of a key, one setter a type.
#include "configs/reader.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "configs/nearest.h"
#include "configs/net.h"

// Decimal digits only, min..max. Tells the error.
bool value_number(struct reader *r, const yaml_node_t *node, const char *what, uint32_t min, uint32_t max, uint32_t *out)
{
	const char *text = reader_scalar(r, node, what);
	if (text == NULL)
		return false;
	size_t digits = strspn(text, "0123456789");
	unsigned long value = digits > 0 && digits <= 10 && text[digits] == '\0' ? strtoul(text, NULL, 10) : ULONG_MAX;
	if (value < min || value > max) {
		reader_error(r, &node->start_mark, "%s must be a whole number from %u to %u, not \"%.40s\"", what, min, max, text);
		return false;
	}
	*out = (uint32_t)value;
	return true;
}

void value_name(struct reader *r, const yaml_node_t *node, const char *what, char out[CONFIG_NAME_MAX + 1])
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	const char *text = reader_scalar(r, node, what);
	if (text == NULL)
		return;
	size_t len = strlen(text);
	if (len > CONFIG_NAME_MAX || strspn(text, allowed) != len) {
		reader_error(r, &node->start_mark, "%s may hold up to %d letters, digits, dots, hyphens and underscores", what,
			CONFIG_NAME_MAX);
		return;
	}
	memcpy(out, text, len + 1);
}

bool value_items(struct reader *r, const yaml_node_t *node, const char *what, uint32_t min, uint32_t max, size_t *n)
{
	if (node->type != YAML_SEQUENCE_NODE) {
		reader_error(r, &node->start_mark, "%s must be a list", what);
		return false;
	}
	*n = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	if (*n < min || *n > max) {
		if (min == max)
			reader_error(r, &node->start_mark, "%s must have %u item%s, not %zu", what, min, min == 1 ? "" : "s", *n);
		else
			reader_error(r, &node->start_mark, "%s must have %u to %u items, not %zu", what, min, max, *n);
		return false;
	}
	return true;
}

const yaml_node_t *value_list(struct reader *r, const struct config_key *k, const yaml_node_t *node, size_t *n)
{
	return value_items(r, node, k->name, k->min, k->max, n) ? node : NULL;
}

yaml_node_t *value_item(struct reader *r, const yaml_node_t *list_node, size_t i)
{
	return reader_node(r, list_node->data.sequence.items.start[i]);
}

const struct catalogue_row *value_finding(struct reader *r, const yaml_node_t *node, const char *what)
{
	const char *text = reader_scalar(r, node, what);
	if (text == NULL)
		return NULL;
	const struct catalogue_row *row = catalogue_find(text);
	if (row != NULL)
		return row;
	struct nearest near;
	nearest_start(&near, text);
	for (size_t i = 0; i < catalogue_n; i++)
		nearest_try(&near, catalogue[i].id);
	const char *best = nearest_best(&near);
	reader_error(r, &node->start_mark, "%s: no finding is called \"%.60s\"; %s%s%s", what, text,
		best != NULL ? "did you mean " : "see `postwacht findings list`", best != NULL ? best : "", best != NULL ? "?" : "");
	return NULL;
}

int value_choice(struct reader *r, const yaml_node_t *node, const char *what, const char *const *words)
{
	char choices[256] = "";
	const char *text = reader_scalar(r, node, what);
	if (text == NULL)
		return -1;
	for (int i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], text) == 0)
			return i;
		size_t used = strlen(choices);
		snprintf(choices + used, sizeof choices - used, "%s%s", i > 0 ? " | " : "", words[i]);
	}
	reader_error(r, &node->start_mark, "%s must be %s, not \"%.40s\"", what, choices, text);
	return -1;
}

bool value_net(struct reader *r, const yaml_node_t *node, const char *what, struct judge_net *out)
{
	const char *text = reader_scalar(r, node, what);
	if (text == NULL)
		return false;
	if (net_parse(out, text))
		return true;
	reader_error(r, &node->start_mark,
		"%s: \"%.60s\" is no network; write 192.0.2.0/24 or 2001:db8::/32, no bits set after the prefix", what, text);
	return false;
}

// Labels of 1 to 63 letters, digits and hyphens, no hyphen at their ends; underscores as well, which some names have.
static bool is_domain(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	for (;;) {
		size_t len = strspn(name, allowed);
		if (len == 0 || len > 63 || name[0] == '-' || name[len - 1] == '-')
			return false;
		if (name[len] == '\0')
			return true;
		if (name[len] != '.')
			return false;
		name += len + 1;
	}
}

bool value_domain(struct reader *r, const yaml_node_t *node, const char *what, bool wildcard,
	char out[INVENTORY_DOMAIN_MAX + 1])
{
	const char *text = reader_scalar(r, node, what);
	if (text == NULL)
		return false;
	size_t len = strlen(text);
	len -= len > 1 && text[len - 1] == '.';
	bool good = len <= INVENTORY_DOMAIN_MAX;
	for (size_t i = 0; good && i <= len; i++)
		out[i] = i == len ? '\0' : (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
	if (good && is_domain(out + (wildcard && strncmp(out, "*.", 2) == 0 ? 2 : 0)))
		return true;
	reader_error(r, &node->start_mark, "%s: \"%.60s\" is no host name; write it in ASCII (xn--...)%s", what, text,
		wildcard ? ", or *. before it for everything below" : "");
	return false;
}

static void set_name(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	value_name(r, node, k->name, field);
}

bool value_text(struct reader *r, const yaml_node_t *node, const char *what, size_t min, size_t max, char *out)
{
	const char *text = reader_scalar(r, node, what);
	if (text == NULL)
		return false;
	size_t len = strlen(text);
	bool good = len >= min && len <= max;
	for (size_t i = 0; i < len; i++)
		good &= (unsigned char)text[i] >= ' ' && text[i] != 0x7f;
	if (good)
		memcpy(out, text, len + 1);
	else
		reader_error(r, &node->start_mark, "%s must be a text of %zu to %zu octets", what, min, max);
	return good;
}

static void set_path(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	value_text(r, node, k->name, 1, CONFIG_PATH_MAX, field);
}

static void set_number(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	value_number(r, node, k->name, k->min, k->max, field);
}

void value_word(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	int i = value_choice(r, node, k->name, k->words);
	if (i >= 0)
		*(int *)field = i;
}

static void set_words(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	uint32_t *bits = field;
	size_t n;
	if (value_list(r, k, node, &n) == NULL)
		return;
	*bits = 0;
	for (size_t i = 0; i < n; i++) {
		int word = value_choice(r, value_item(r, node, i), k->name, k->words);
		if (word >= 0)
			*bits |= 1u << word;
	}
}

static void set_host(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	value_domain(r, node, k->name, false, field);
}

bool value_switch(struct reader *r, const yaml_node_t *node, const char *what, bool *out)
{
	static const struct {
		const char *word;
		bool on;
	} words[] = {{"on", true}, {"off", false}, {"yes", true}, {"no", false}, {"true", true}, {"false", false}};
	const char *text = reader_scalar(r, node, what);
	if (text == NULL)
		return false;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (strcmp(words[i].word, text) == 0) {
			*out = words[i].on;
			return true;
		}
	}
	reader_error(r, &node->start_mark, "%s must be on or off, not \"%.40s\"", what, text);
	return false;
}

static void set_switch(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	value_switch(r, node, k->name, field);
}

static void set_ports(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	struct config_ports *ports = field;
	size_t n;
	if (value_list(r, k, node, &n) == NULL)
		return;
	ports->n = 0;
	for (size_t i = 0; i < n; i++) {
		uint32_t port;
		if (value_number(r, value_item(r, node, i), k->name, 1, 65535, &port))
			ports->port[ports->n++] = (uint16_t)port;
	}
}

static void set_nets(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	struct inventory_nets *nets = field;
	size_t n;
	if (value_list(r, k, node, &n) == NULL)
		return;
	nets->n = 0;
	for (size_t i = 0; i < n; i++)
		nets->n += value_net(r, value_item(r, node, i), k->name, &nets->net[nets->n]);
}

static void set_findings(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	struct config_findings *findings = field;
	size_t n;
	if (value_list(r, k, node, &n) == NULL)
		return;
	findings->n = 0;
	for (size_t i = 0; i < n; i++) {
		const struct catalogue_row *row = value_finding(r, value_item(r, node, i), k->name);
		if (row != NULL)
			findings->id[findings->n++] = row->id;
	}
}

static void set_severity(struct reader *r, const struct config_key *k, const yaml_node_pair_t *pair, int8_t *severity)
{
	const yaml_node_t *key = reader_node(r, pair->key), *value = reader_node(r, pair->value);
	const struct catalogue_row *row = value_finding(r, key, k->name);
	const char *text = reader_scalar(r, value, k->name);
	if (row == NULL || text == NULL)
		return;
	int8_t *slot = &severity[row - catalogue];
	int parsed = severity_parse(text);
	if (parsed < 0)
		reader_error(r, &value->start_mark, "%s: \"%.40s\" is no severity; critical, high, medium, low or info", k->name,
			text);
	else if (*slot >= 0)
		reader_error(r, &key->start_mark, "%s: %s stands here twice", k->name, row->id);
	else
		*slot = (int8_t)parsed;
}

static void set_severities(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	int8_t *severity = field;
	if (node->type != YAML_MAPPING_NODE) {
		reader_error(r, &node->start_mark, "%s must be a map of finding id to severity", k->name);
		return;
	}
	const yaml_node_pair_t *pair = node->data.mapping.pairs.start, *top = node->data.mapping.pairs.top;
	if ((size_t)(top - pair) > k->max) {
		reader_error(r, &node->start_mark, "%s may have at most %u entries", k->name, k->max);
		return;
	}
	memset(severity, -1, CONFIG_FINDINGS_MAX);
	for (; pair < top; pair++)
		set_severity(r, k, pair, severity);
}

void value_set(struct reader *r, const struct config_key *key, const yaml_node_t *node, struct config *c)
{
	static void (*const set[CONFIG_TYPES])(struct reader *, const struct config_key *, const yaml_node_t *, void *) = {
		[CONFIG_NAME] = set_name,
		[CONFIG_PATH] = set_path,
		[CONFIG_LISTEN] = value_listen,
		[CONFIG_TAPS] = value_taps,
		[CONFIG_PAIRS] = value_pairs,
		[CONFIG_NUMBER] = set_number,
		[CONFIG_WORD] = value_word,
		[CONFIG_SWITCH] = set_switch,
		[CONFIG_WORDS] = set_words,
		[CONFIG_OUTPUTS] = value_outputs,
		[CONFIG_PORTS] = set_ports,
		[CONFIG_HOST] = set_host,
		[CONFIG_NETS] = set_nets,
		[CONFIG_MXS] = value_set_mxs,
		[CONFIG_PARTNERS] = value_set_partners,
		[CONFIG_EXEMPT] = value_set_exempt,
		[CONFIG_FINDINGS] = set_findings,
		[CONFIG_SEVERITIES] = set_severities,
		[CONFIG_FORWARDERS] = value_forwarders,
		[CONFIG_DOMAINS] = value_domains,
	};
	set[key->type](r, key, node, (char *)c + key->offset);
}

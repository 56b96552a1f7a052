// Taps and pairs of taps: lists of small maps, and what they must agree on.
#include "configs/reader.h"

#include <string.h>

enum { MEMBERS_MAX = 4 };

// The members of a map, each at most once: the values in the order of `members`, NULL where one is missing.
static bool read_map(struct reader *r, const yaml_node_t *map, const char *key, const char *const members[MEMBERS_MAX],
	const yaml_node_t *values[MEMBERS_MAX])
{
	if (map->type != YAML_MAPPING_NODE) {
		reader_error(r, &map->start_mark, "%s: each entry is a map with the key `name`", key);
		return false;
	}
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
		const yaml_node_t *node = reader_node(r, p->key);
		const char *text = reader_scalar(r, node, "the key of an entry");
		if (text == NULL)
			return false;
		size_t i = 0;
		while (i < MEMBERS_MAX && members[i] != NULL && strcmp(members[i], text) != 0)
			i++;
		if (i == MEMBERS_MAX || members[i] == NULL) {
			char known[80] = "";
			for (size_t m = 0; m < MEMBERS_MAX && members[m] != NULL; m++)
				snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", m > 0 ? ", " : "", members[m]);
			reader_error(r, &node->start_mark, "unknown key %s: %.60s; an entry has %s", key, text, known);
			return false;
		}
		if (values[i] != NULL) {
			reader_error(r, &node->start_mark, "%s: %s stands here twice", key, text);
			return false;
		}
		values[i] = reader_node(r, p->value);
	}
	return true;
}

static bool required(struct reader *r, const yaml_node_t *map, const char *key, const char *member, const yaml_node_t *value)
{
	if (value == NULL)
		reader_error(r, &map->start_mark, "%s: an entry without %s", key, member);
	return value != NULL;
}

static void read_ports(struct reader *r, const yaml_node_t *node, struct config_tap *tap)
{
	size_t n;
	if (!value_items(r, node, "taps: ports", 1, CONFIG_ARMS, &n))
		return;
	tap->n_ports = n;
	for (size_t i = 0; i < n; i++)
		value_text(r, value_item(r, node, i), "taps: a port", 1, CONFIG_PORT_MAX, tap->port[i]);
}

void value_taps(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	static const char *const members[MEMBERS_MAX] = {"name", "side", "ports", "bpf"};
	struct config_taps *taps = field;
	size_t n;
	if (value_list(r, k, node, &n) == NULL)
		return;
	*taps = (struct config_taps){.n = n};
	for (size_t i = 0; i < n; i++) {
		const yaml_node_t *map = reader_node(r, node->data.sequence.items.start[i]), *values[MEMBERS_MAX] = {NULL};
		if (!read_map(r, map, "taps", members, values) || !required(r, map, "taps", "name", values[0]))
			continue;
		value_name(r, values[0], "taps: name", taps->tap[i].name);
		struct config_key side = *k;
		side.name = "taps: side";
		side.type = CONFIG_WORD;
		if (values[1] != NULL)
			value_word(r, &side, values[1], &taps->tap[i].side);
		if (values[2] != NULL)
			read_ports(r, values[2], &taps->tap[i]);
		if (values[3] != NULL)
			value_text(r, values[3], "taps: bpf", 0, CONFIG_BPF_MAX, taps->tap[i].bpf);
	}
}

void value_pairs(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	static const char *const members[MEMBERS_MAX] = {"name", "outside", "inside", NULL};
	struct config_pairs *pairs = field;
	size_t n;
	if (value_list(r, k, node, &n) == NULL)
		return;
	*pairs = (struct config_pairs){.n = n};
	for (size_t i = 0; i < n; i++) {
		struct config_pair *p = &pairs->pair[i];
		char *const name[] = {p->name, p->outside, p->inside};
		const yaml_node_t *map = reader_node(r, node->data.sequence.items.start[i]), *values[MEMBERS_MAX] = {NULL};
		p->line = map->start_mark.line;
		p->column = map->start_mark.column;
		if (!read_map(r, map, "pairs", members, values))
			continue;
		for (size_t m = 0; m < sizeof name / sizeof name[0]; m++)
			if (required(r, map, "pairs", members[m], values[m]))
				value_name(r, values[m], "pairs: a name", name[m]);
	}
}

// ---- together ------------------------------------------------------------------------------------------------

int config_tap_find(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->taps.n; i++)
		if (strcmp(c->taps.tap[i].name, name) == 0)
			return (int)i;
	return -1;
}

static bool used_before(const struct config *c, size_t n, const char *tap)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(c->pairs.pair[i].outside, tap) == 0 || strcmp(c->pairs.pair[i].inside, tap) == 0)
			return true;
	return false;
}

static void check_pair(struct reader *r, const struct config *c, size_t n)
{
	const struct config_pair *p = &c->pairs.pair[n];
	const yaml_mark_t at = {.line = p->line, .column = p->column};
	const char *const side[2] = {p->outside, p->inside};
	for (int i = 0; i < 2; i++) {
		if (config_tap_find(c, side[i]) < 0)
			reader_error(r, &at, "pairs: %s: there is no tap \"%s\"; taps has the names", p->name, side[i]);
		else if (used_before(c, n, side[i]))
			reader_error(r, &at, "pairs: %s: tap %s is in another pair already", p->name, side[i]);
	}
	if (strcmp(p->outside, p->inside) == 0)
		reader_error(r, &at, "pairs: %s: outside and inside are the same tap", p->name);
	for (size_t i = 0; i < n; i++)
		if (strcmp(c->pairs.pair[i].name, p->name) == 0)
			reader_error(r, &at, "pairs: two are called %s", p->name);
}

int config_check(const struct config *c, const char *name, struct config_errors *errors)
{
	struct reader r = {.name = name, .errors = errors};
	size_t before = errors->n + errors->n_more;
	for (size_t i = 0; i < c->taps.n; i++)
		if (config_tap_find(c, c->taps.tap[i].name) != (int)i)
			reader_error(&r, NULL, "taps: two are called %s; a name stands for one tap", c->taps.tap[i].name);
	for (size_t i = 0; i < c->pairs.n; i++)
		check_pair(&r, c, i);
	return errors->n + errors->n_more > before;
}

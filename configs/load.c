// The loader: a YAML file, or one `--set`, walked along the schema. Every error is told, not only the first.
#include "configs/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CONFIG_FILE_MAX = 256 * 1024, // octets; 256 KiB, because every list is bounded and comments are short
	CONFIG_PAIRS_MAX = 64,        // entries of a map of keys; beyond that something else was given
};

static void unknown_key(struct reader *r, const yaml_node_t *at, const char *full)
{
	const char *near = config_key_nearest(full);
	if (near != NULL)
		reader_error(r, &at->start_mark, "unknown key %.100s; did you mean %s?", full, near);
	else
		reader_error(r, &at->start_mark, "unknown key %.100s; `postwacht config show --schema` lists all", full);
}

static bool is_section(const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < config_schema_n; i++)
		if (strncmp(config_schema[i].name, name, len) == 0 && config_schema[i].name[len] == '.')
			return true;
	return false;
}

static bool seen_before(struct reader *r, const yaml_node_t *map, const yaml_node_pair_t *pair, const char *key)
{
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < pair; p++) {
		const yaml_node_t *other = reader_node(r, p->key);
		if (other->type == YAML_SCALAR_NODE && strcmp((const char *)other->data.scalar.value, key) == 0)
			return true;
	}
	return false;
}

// One key of a map; `section` is "" at the top. True when it opens a section whose map is `*inner`.
static bool load_pair(struct reader *r, const yaml_node_t *map, const yaml_node_pair_t *pair, const char *section,
	struct config *c, const yaml_node_t **inner, char *name, size_t name_len)
{
	const yaml_node_t *key = reader_node(r, pair->key), *value = reader_node(r, pair->value);
	const char *text = reader_scalar(r, key, "a key");
	if (text == NULL)
		return false;
	snprintf(name, name_len, "%s%s%s", section, section[0] != '\0' ? "." : "", text);
	if (seen_before(r, map, pair, text)) {
		reader_error(r, &key->start_mark, "%.100s stands here twice", name);
		return false;
	}
	const struct config_key *row = config_key_find(name);
	if (row != NULL) {
		value_set(r, row, value, c);
		return false;
	}
	if (section[0] != '\0' || !is_section(name)) {
		unknown_key(r, key, name);
		return false;
	}
	*inner = value;
	return true;
}

// Nothing after `capture:`, as when everything in the section is commented out.
static bool is_nothing(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0 &&
		node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

static bool is_map(struct reader *r, const yaml_node_t *node, const char *what)
{
	if (node->type != YAML_MAPPING_NODE)
		reader_error(r, &node->start_mark, "%.100s must be a map of keys", what);
	else if (node->data.mapping.pairs.top - node->data.mapping.pairs.start > CONFIG_PAIRS_MAX)
		reader_error(r, &node->start_mark, "%.100s has more than %d keys", what, CONFIG_PAIRS_MAX);
	else
		return true;
	return false;
}

static void load_section(struct reader *r, const yaml_node_t *map, const char *section, struct config *c)
{
	char name[256];
	const yaml_node_t *inner;
	if (is_nothing(map) || !is_map(r, map, section))
		return;
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
		load_pair(r, map, p, section, c, &inner, name, sizeof name);
}

static void load_top(struct reader *r, const yaml_node_t *map, struct config *c)
{
	char name[256];
	const yaml_node_t *inner;
	if (is_nothing(map) || !is_map(r, map, "the configuration"))
		return;
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++)
		if (load_pair(r, map, p, "", c, &inner, name, sizeof name))
			load_section(r, inner, name, c);
}

int config_load_text(struct config *c, const char *name, const char *text, size_t len, struct config_errors *errors)
{
	struct reader r = {.name = name, .errors = errors};
	size_t before = errors->n + errors->n_more;
	yaml_node_t *root = NULL;
	if (reader_open(&r, text, len, &root)) {
		if (root != NULL)
			load_top(&r, root, c);
		reader_close(&r);
	}
	return errors->n + errors->n_more > before;
}

// The whole file in memory the caller frees; -EFBIG beyond the bound.
static int read_file(const char *path, char **out, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY), rc = 0;
	if (fd < 0)
		return -errno;
	char *text = malloc(CONFIG_FILE_MAX + 1);
	size_t used = 0;
	if (text == NULL)
		rc = -ENOMEM;
	while (rc == 0 && used <= CONFIG_FILE_MAX) {
		ssize_t n = read(fd, text + used, CONFIG_FILE_MAX + 1 - used);
		if (n == 0)
			break;
		if (n < 0 && errno != EINTR)
			rc = -errno;
		used += n > 0 ? (size_t)n : 0;
	}
	close(fd);
	if (rc == 0 && used > CONFIG_FILE_MAX)
		rc = -EFBIG;
	if (rc != 0) {
		free(text);
		return rc;
	}
	*out = text;
	*len = used;
	return 0;
}

int config_load(struct config *c, const char *path, struct config_errors *errors)
{
	char *text = NULL;
	size_t len = 0;
	int rc = read_file(path, &text, &len);
	if (rc != 0)
		return rc;
	rc = config_load_text(c, path, text, len, errors);
	free(text);
	return rc;
}

static void set_from_text(struct config *c, const struct config_key *key, const char *text, struct config_errors *errors)
{
	struct reader r = {.name = NULL, .errors = errors};
	yaml_node_t *root = NULL;
	if (!reader_open(&r, text, strlen(text), &root))
		return;
	if (root == NULL)
		reader_error(&r, NULL, "%s has no value; write --set %s=%s", key->name, key->name, key->fallback);
	else
		value_set(&r, key, root, c);
	reader_close(&r);
}

int config_set(struct config *c, const char *assignment, struct config_errors *errors)
{
	struct reader r = {.errors = errors};
	size_t before = errors->n + errors->n_more;
	const char *equals = strchr(assignment, '=');
	char key[128];
	if (equals == NULL || equals == assignment || (size_t)(equals - assignment) >= sizeof key) {
		reader_error(&r, NULL, "--set takes KEY=VALUE, not \"%.100s\"", assignment);
		return 1;
	}
	snprintf(key, sizeof key, "%.*s", (int)(equals - assignment), assignment);
	const struct config_key *row = config_key_find(key);
	if (row != NULL) {
		set_from_text(c, row, equals + 1, errors);
	} else {
		static const yaml_node_t nowhere;
		unknown_key(&r, &nowhere, key);
	}
	return errors->n + errors->n_more > before;
}

void config_init(struct config *c)
{
	struct config_errors none = {.n = 0};
	memset(c, 0, sizeof *c);
	for (size_t i = 0; i < config_schema_n; i++)
		set_from_text(c, &config_schema[i], config_schema[i].fallback, &none);
}

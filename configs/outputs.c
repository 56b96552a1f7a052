// Reads the entries of `outputs` along the table of members: what each may have, and what its members must agree on.
#include "configs/outputs.h"

#include <ctype.h>
#include <string.h>

#include "alerts/sink/near.h"
#include "configs/endpoint.h"
#include "configs/nearest.h"
#include "configs/reader.h"

// ---- an entry ------------------------------------------------------------------------------------------------

static const yaml_node_t *find_value(struct reader *r, const yaml_node_t *map, const char *name)
{
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = reader_node(r, p->key);
		if (key->type == YAML_SCALAR_NODE && strcmp((const char *)key->data.scalar.value, name) == 0)
			return reader_node(r, p->value);
	}
	return NULL;
}

static void tell_unknown(struct reader *r, const yaml_node_t *at, const char *text, int type)
{
	struct nearest near;
	uint32_t others = 0;
	char types[64];
	nearest_start(&near, text);
	for (size_t i = 0; i < output_members_n; i++) {
		if (strcmp(output_members[i].name, text) == 0)
			others |= output_members[i].types;
		if (output_members[i].types & 1u << type)
			nearest_try(&near, output_members[i].name);
	}
	const char *best = nearest_best(&near);
	output_types_text(others, types, sizeof types);
	if (others != 0)
		reader_error(r, &at->start_mark, "outputs: %s has no meaning for type: %s, only for %s", text, sink_type_name[type], types);
	else if (best != NULL)
		reader_error(r, &at->start_mark, "unknown key outputs: %.60s; did you mean %s?", text, best);
	else
		reader_error(r, &at->start_mark, "unknown key outputs: %.60s; `postwacht config show --schema` lists all", text);
}

static void read_members(struct reader *r, const yaml_node_t *map, struct sink_config *o, const yaml_node_t **given)
{
	for (const yaml_node_pair_t *p = map->data.mapping.pairs.start; p < map->data.mapping.pairs.top; p++) {
		const yaml_node_t *key = reader_node(r, p->key);
		const char *text = reader_scalar(r, key, "the key of an entry");
		if (text == NULL)
			continue;
		const struct output_member *m = output_member_find(text, o->type);
		if (m == NULL) {
			tell_unknown(r, key, text, o->type);
			continue;
		}
		if (given[m - output_members] != NULL) {
			reader_error(r, &key->start_mark, "outputs: %s stands here twice", text);
			continue;
		}
		given[m - output_members] = reader_node(r, p->value);
		output_set(r, m, given[m - output_members], o);
	}
}

// Members that are there without what they need, and the other way round.
static void check_members(struct reader *r, const yaml_node_t *map, const struct sink_config *o, const yaml_node_t *const *given)
{
	for (size_t i = 0; i < output_members_n; i++) {
		const struct output_member *m = &output_members[i];
		if (!(m->types & 1u << o->type))
			continue;
		const char *when = output_when_text(m->when, o->type);
		bool holds = output_member_holds(m, o);
		if (given[i] != NULL && !holds)
			reader_error(r, &given[i]->start_mark, "outputs: %s has no meaning without %s", m->name, when);
		else if (given[i] == NULL && holds && m->required)
			reader_error(r, &map->start_mark, "outputs: an entry of type: %s%s%s lacks %s", sink_type_name[o->type],
				when[0] != '\0' ? " with " : "", when, m->name);
	}
}

// [DATABASE.]TABLE of plain identifiers; or what Elasticsearch takes as the name of an index.
static bool target_ok(const struct sink_config *o)
{
	static const char small[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *t = o->target;
	if (o->api == API_ELASTICSEARCH)
		return strspn(t, small) == strlen(t) && strchr("-_.", t[0]) == NULL;
	const char *dot = strchr(t, '.');
	if (isdigit((unsigned char)t[0]) || (dot != NULL && isdigit((unsigned char)dot[1])))
		return false;
	return strchr(t, '-') == NULL && (dot == NULL || (strchr(dot + 1, '.') == NULL && dot[1] != '\0' && dot != t));
}

// As alerts/sink/http.c does when the sensor starts.
static bool password_in_clear(const struct sink_config *o)
{
	struct endpoint e;
	bool tls;
	return o->type == SINK_HTTP && o->password_file[0] != '\0' && endpoint_parse_url(&e, o->url, &tls) && !tls && !sink_host_near(e.host);
}

static void check_agreement(struct reader *r, const yaml_node_t *map, const struct sink_config *o)
{
	const yaml_mark_t *at = &map->start_mark;
	bool json = o->format == FORMAT_EVE || o->format == FORMAT_ECS;
	if ((o->cert[0] != '\0') != (o->key[0] != '\0'))
		reader_error(r, at, "outputs: cert and key belong together; %s is missing", o->key[0] != '\0' ? "cert" : "key");
	if (o->user[0] != '\0' && o->password_file[0] == '\0')
		reader_error(r, at, "outputs: user and password_file belong together; password_file is missing");
	if (o->type == SINK_HTTP && strchr(o->user, ':') != NULL) // RFC 7617 2
		reader_error(r, at, "outputs: user: \"%.60s\" has a colon, behind which HTTP takes it for the password", o->user);
	if (password_in_clear(o))
		reader_error(r, at, "outputs: a password is sent over https only, or to this machine (an address of loopback, or localhost), "
			"not to %.120s", o->url);
	if (o->cookie && !json)
		reader_error(r, at, "outputs: cookie is for JSON (format: eve or ecs)");
	if (o->type == SINK_HTTP && !json)
		reader_error(r, at, "outputs: type: http takes JSON only (format: eve or ecs)");
	if (o->type == SINK_HTTP && o->api == API_CLICKHOUSE && o->format == FORMAT_ECS)
		reader_error(r, at, "outputs: api: clickhouse takes format: eve only; its tables are made for it");
	if (o->type == SINK_HTTP && !target_ok(o))
		reader_error(r, at, "outputs: target: \"%.60s\" is no %s", o->target, o->api == API_CLICKHOUSE ? "[DATABASE.]TABLE" :
			"name of an index or data stream; small letters, digits, and dots, - and _ behind the first");
	if (!output_type_built(o->type))
		reader_error(r, at, "outputs: this postwacht was built without type: %s", sink_type_name[o->type]);
}

// ---- all of them ---------------------------------------------------------------------------------------------

void output_auto_name(const struct config_outputs *outputs, size_t i, char out[SINK_NAME + 1])
{
	unsigned nth = 1;
	for (size_t k = 0; k < i; k++)
		nth += outputs->output[k].type == outputs->output[i].type;
	const char *type = sink_type_name[outputs->output[i].type];
	snprintf(out, SINK_NAME + 1, nth > 1 ? "%s-%u" : "%s", type, nth);
}

// One step of a path, after those in `out`: "" and "." are none, ".." takes back the one before where there is one.
static size_t add_step(char *out, size_t used, size_t root, const char *step, size_t len)
{
	size_t last = used;
	while (last > root && out[last - 1] != '/')
		last--;
	bool up = len == 2 && memcmp(step, "..", 2) == 0, before = used > root && strcmp(out + last, "..") != 0;
	if (len == 0 || (len == 1 && *step == '.') || (up && used == root && root > 0))
		return used;
	if (up && before) {
		used = last > root ? last - 1 : root;
	} else {
		if (used > root)
			out[used++] = '/';
		memcpy(out + used, step, len);
		used += len;
	}
	out[used] = '\0';
	return used;
}

// By the text alone: what a link would make of ".." is known only where the sensor runs.
static void plain_path(const char *path, char out[static SINK_PATH + 1])
{
	size_t root = *path == '/', used = root;
	snprintf(out, SINK_PATH + 1, "%s", root ? "/" : "");
	while (*path != '\0') {
		size_t len = strcspn(path, "/");
		used = add_step(out, used, root, path, len);
		path += len + (path[len] == '/');
	}
}

// Whether rotation of `o` renames a file to PATH.n that `p` writes to. The number, or 0.
static uint32_t rotated_over(const struct sink_config *o, const char *path, const char *other)
{
	char numbered[SINK_PATH + 16];
	for (uint32_t n = 1; o->rotate_mib > 0 && n <= o->rotate_keep; n++) {
		snprintf(numbered, sizeof numbered, "%s.%u", path, n);
		if (strcmp(numbered, other) == 0)
			return n;
	}
	return 0;
}

static void check_files(struct reader *r, const yaml_node_t *map, const struct sink_config *o, const struct sink_config *p)
{
	char mine[SINK_PATH + 1], others[SINK_PATH + 1];
	uint32_t n;
	plain_path(o->path, mine);
	plain_path(p->path, others);
	if (strcmp(mine, others) == 0)
		reader_error(r, &map->start_mark, "outputs: two write to %.160s; each needs its own file", o->path);
	else if ((n = rotated_over(o, mine, others)) > 0 || (n = rotated_over(p, others, mine)) > 0)
		reader_error(r, &map->start_mark, "outputs: rotation of %.140s would take the file of another, which is its .%u",
			strlen(mine) < strlen(others) ? o->path : p->path, n);
}

static void check_others(struct reader *r, const yaml_node_t *map, const struct config_outputs *outputs, size_t i)
{
	const struct sink_config *o = &outputs->output[i];
	for (size_t k = 0; k < i; k++) {
		const struct sink_config *p = &outputs->output[k];
		if (strcmp(p->name, o->name) == 0)
			reader_error(r, &map->start_mark, "outputs: two are called %s; give each its own name", o->name);
		if (p->type == o->type && o->type == SINK_STDOUT)
			reader_error(r, &map->start_mark, "outputs: two write to standard output; one can");
		if (p->type == o->type && o->type == SINK_FILE)
			check_files(r, map, o, p);
	}
}

static void read_output(struct reader *r, const yaml_node_t *map, struct config_outputs *outputs, size_t i)
{
	const yaml_node_t *given[OUTPUT_MEMBERS_MAX] = {NULL}, *node = NULL;
	const struct output_member *type = output_member_find("type", SINK_FILE);
	struct sink_config *o = &outputs->output[i];
	size_t before = r->errors->n + r->errors->n_more;
	int found = -1;
	if (map->type != YAML_MAPPING_NODE)
		reader_error(r, &map->start_mark, "outputs: each entry is a map with the key `type`");
	else if ((node = find_value(r, map, "type")) == NULL)
		reader_error(r, &map->start_mark, "outputs: an entry without type");
	else
		found = value_choice(r, node, "outputs: type", type->words);
	if (found < 0)
		return;
	config_output_init(o, (enum sink_type)found);
	output_auto_name(outputs, i, o->name);
	read_members(r, map, o, given);
	if (r->errors->n + r->errors->n_more == before)
		check_members(r, map, o, given);
	if (r->errors->n + r->errors->n_more > before)
		return;
	check_agreement(r, map, o);
	check_others(r, map, outputs, i);
}

void value_outputs(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field)
{
	struct config_outputs *outputs = field;
	size_t n;
	if (value_list(r, k, node, &n) == NULL)
		return;
	*outputs = (struct config_outputs){.n = n};
	for (size_t i = 0; i < n; i++)
		read_output(r, value_item(r, node, i), outputs, i);
}

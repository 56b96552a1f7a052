// From a YAML node to a member of an output, one setter a kind; and an output with every member at its default.
#include "configs/outputs.h"

#include <string.h>

#include "configs/endpoint.h"
#include "configs/reader.h"

enum { WHAT_LEN = 48 };

static bool text_of(struct reader *r, const yaml_node_t *node, const char *what, const char *allowed, const char *kind, size_t max,
	char *out)
{
	const char *text = reader_scalar(r, node, what);
	if (text == NULL)
		return false;
	size_t len = strlen(text);
	if (len > max || strspn(text, allowed) != len) {
		reader_error(r, &node->start_mark, "%s: \"%.60s\" is no %s", what, text, kind);
		return false;
	}
	memcpy(out, text, len + 1);
	return true;
}

static void set_host(struct reader *r, const yaml_node_t *node, const char *what, char *out)
{
	const char *text = reader_scalar(r, node, what);
	if (text == NULL)
		return;
	if (strlen(text) <= SINK_TEXT && endpoint_host_ok(text))
		memcpy(out, text, strlen(text) + 1);
	else
		reader_error(r, &node->start_mark, "%s: \"%.60s\" is no host name (in ASCII) and no address", what, text);
}

// Spaces around it are no part of it.
static void add_broker(struct reader *r, const yaml_node_t *node, const char *what, const char *text, size_t len, char *out)
{
	struct endpoint e;
	size_t used = strlen(out);
	for (; len > 0 && *text == ' '; len--)
		text++;
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (!endpoint_parse(&e, text, len))
		reader_error(r, &node->start_mark, "%s: \"%.*s\" is no broker; write kafka1.example:9092", what, (int)(len < 60 ? len : 60), text);
	else if (used + 1 + len > SINK_TEXT)
		reader_error(r, &node->start_mark, "%s: at most %d octets in all; some of the cluster's brokers suffice", what, SINK_TEXT);
	else
		snprintf(out + used, SINK_TEXT + 1 - used, "%s%.*s", used > 0 ? "," : "", (int)len, text);
}

static void set_brokers(struct reader *r, const yaml_node_t *node, const char *what, char *out)
{
	size_t n;
	out[0] = '\0';
	if (node->type == YAML_SEQUENCE_NODE) {
		if (!value_items(r, node, what, 1, 32, &n))
			return;
		for (size_t i = 0; i < n; i++) {
			const yaml_node_t *item = value_item(r, node, i);
			const char *text = reader_scalar(r, item, what);
			if (text != NULL)
				add_broker(r, item, what, text, strlen(text), out);
		}
		return;
	}
	const char *text = reader_scalar(r, node, what);
	while (text != NULL) {
		size_t len = strcspn(text, ",");
		add_broker(r, node, what, text, len, out);
		text = text[len] == ',' ? text + len + 1 : NULL;
	}
}

static void set_url(struct reader *r, const yaml_node_t *node, const char *what, char *out)
{
	const char *text = reader_scalar(r, node, what);
	struct endpoint e;
	bool tls;
	if (text == NULL)
		return;
	size_t len = strlen(text);
	if (strchr(text, '@') != NULL) { // not repeated: this goes to logs
		reader_error(r, &node->start_mark, "%s: no user and no password stand in it; they have members of their own: user, password_file",
			what);
		return;
	}
	if (len > SINK_TEXT || !endpoint_parse_url(&e, text, &tls)) {
		reader_error(r, &node->start_mark, "%s: \"%.60s\" must be http:// or https://, a host and perhaps a port, and no more", what, text);
		return;
	}
	memcpy(out, text, len + 1);
	if (out[len - 1] == '/')
		out[len - 1] = '\0';
}

static void set_words(struct reader *r, const struct output_member *m, const yaml_node_t *node, const char *what, uint32_t *bits)
{
	size_t n;
	if (!value_items(r, node, what, m->min, m->max, &n))
		return;
	*bits = 0;
	for (size_t i = 0; i < n; i++) {
		int word = value_choice(r, value_item(r, node, i), what, m->words);
		if (word >= 0)
			*bits |= 1u << word;
	}
}

static void set_choice(struct reader *r, const struct output_member *m, const yaml_node_t *node, const char *what, void *field)
{
	int word = value_choice(r, node, what, m->words);
	if (word >= 0 && m->kind == OUTPUT_WORD)
		*(int *)field = word;
	else if (word >= 0)
		snprintf(field, 16, "%s", m->words[word]);
}

static void set_number(struct reader *r, const struct output_member *m, const yaml_node_t *node, const char *what, void *field)
{
	uint32_t value;
	if (!value_number(r, node, what, m->min, m->max, &value))
		return;
	if (m->kind == OUTPUT_PORT)
		*(uint16_t *)field = (uint16_t)value;
	else
		*(uint32_t *)field = value;
}

void output_set(struct reader *r, const struct output_member *m, const yaml_node_t *node, struct sink_config *o)
{
	static const char small[] = "abcdefghijklmnopqrstuvwxyz0123456789-_",
		letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	char what[WHAT_LEN];
	void *field = (char *)o + m->offset;
	snprintf(what, sizeof what, "outputs: %s", m->name);
	switch (m->kind) {
	case OUTPUT_NAME:
		text_of(r, node, what, small, "name; small letters, digits, - and _, at most 63", m->max, field);
		break;
	case OUTPUT_PATH:
	case OUTPUT_TEXT:
		value_text(r, node, what, m->min, m->max, field);
		break;
	case OUTPUT_HOST:
		set_host(r, node, what, field);
		break;
	case OUTPUT_BROKERS:
		set_brokers(r, node, what, field);
		break;
	case OUTPUT_TOPIC:
	case OUTPUT_TARGET:
		text_of(r, node, what, letters, "name; letters, digits, dots, - and _", m->max, field);
		break;
	case OUTPUT_URL:
		set_url(r, node, what, field);
		break;
	case OUTPUT_CHOICE:
	case OUTPUT_WORD:
		set_choice(r, m, node, what, field);
		break;
	case OUTPUT_WORDS:
		set_words(r, m, node, what, field);
		break;
	case OUTPUT_NUMBER:
	case OUTPUT_PORT:
		set_number(r, m, node, what, field);
		break;
	case OUTPUT_SWITCH:
		value_switch(r, node, what, field);
		break;
	case OUTPUT_KINDS:
		break;
	}
}

void config_output_init(struct sink_config *o, enum sink_type type)
{
	struct config_errors none = {.n = 0};
	struct reader r = {.errors = &none};
	memset(o, 0, sizeof *o); // padding, too: configurations are compared as they are
	o->type = type;
	snprintf(o->name, sizeof o->name, "%s", sink_type_name[type]);
	for (size_t i = 0; i < output_members_n; i++) {
		const struct output_member *m = &output_members[i];
		yaml_node_t *root;
		if (m->fallback[0] == '\0' || !(m->types & 1u << type) || !reader_open(&r, m->fallback, strlen(m->fallback), &root))
			continue;
		output_set(&r, m, root, o);
		reader_close(&r);
	}
}

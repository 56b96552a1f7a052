// libyaml's document API with places for errors. Anchors may make a document cyclic: everybody who walks it follows
// the schema, which is three levels deep, never the document.
#include "configs/reader.h"

#include <stdarg.h>
#include <string.h>

void reader_error(struct reader *r, const yaml_mark_t *at, const char *format, ...)
{
	struct config_errors *e = r->errors;
	if (e->n == CONFIG_ERRORS_MAX) {
		e->n_more++;
		return;
	}
	char *line = e->line[e->n++];
	int used = 0;
	if (r->name != NULL && at != NULL)
		used = snprintf(line, CONFIG_ERROR_LEN, "%.200s:%zu:%zu: ", r->name, at->line + 1, at->column + 1);
	va_list args;
	va_start(args, format);
	vsnprintf(line + used, CONFIG_ERROR_LEN - (size_t)used, format, args);
	va_end(args);
}

static void parser_error(struct reader *r, const yaml_parser_t *parser)
{
	const char *problem = parser->problem != NULL ? parser->problem : "out of memory";
	// These are libyaml's words for a tab, and they do not name it.
	const char *hint = strstr(problem, "cannot start any token") != NULL ? "; indent with spaces, never tabs" : "";
	reader_error(r, &parser->problem_mark, "not valid YAML: %s%s", problem, hint);
}

// A configuration is one document; a second one would silently be ignored otherwise.
static bool only_one(struct reader *r, yaml_parser_t *parser)
{
	yaml_document_t next;
	if (!yaml_parser_load(parser, &next)) {
		parser_error(r, parser);
		return false;
	}
	yaml_node_t *root = yaml_document_get_root_node(&next);
	if (root != NULL)
		reader_error(r, &root->start_mark, "a second document; keep everything in one");
	yaml_document_delete(&next);
	return root == NULL;
}

bool reader_open(struct reader *r, const char *text, size_t len, yaml_node_t **root)
{
	yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser)) {
		reader_error(r, NULL, "out of memory");
		return false;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	bool good = yaml_parser_load(&parser, &r->document);
	if (!good) {
		parser_error(r, &parser);
	} else {
		*root = yaml_document_get_root_node(&r->document);
		if (*root != NULL && !only_one(r, &parser)) {
			yaml_document_delete(&r->document);
			good = false;
		}
	}
	yaml_parser_delete(&parser);
	return good;
}

void reader_close(struct reader *r)
{
	yaml_document_delete(&r->document);
}

yaml_node_t *reader_node(struct reader *r, int index)
{
	return yaml_document_get_node(&r->document, index);
}

const char *reader_scalar(struct reader *r, const yaml_node_t *node, const char *what)
{
	if (node->type != YAML_SCALAR_NODE) {
		reader_error(r, &node->start_mark, "%s must be a single value", what);
		return NULL;
	}
	const char *text = (const char *)node->data.scalar.value;
	if (strlen(text) != node->data.scalar.length || text[0] == '\0') {
		reader_error(r, &node->start_mark, "%s is empty or holds a NUL", what);
		return NULL;
	}
	return text;
}

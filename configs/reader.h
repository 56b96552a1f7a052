// What reads one YAML document: where it stands for errors, and the setter of each type. Private to configs/.
#pragma once

#include <stdbool.h>

#include <yaml.h>

#include "configs/schema.h"

struct reader {
	yaml_document_t document;
	const char *name; // of the file; NULL for `--set`, where line and column mean nothing
	struct config_errors *errors;
};

// Adds an error at a node's (or, NULL, no) place; bounded, counts what does not fit.
void reader_error(struct reader *r, const yaml_mark_t *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

// Parses exactly one document. False, and an error told, when it is no YAML. The root is NULL when it is empty.
// On true the caller ends with reader_close().
bool reader_open(struct reader *r, const char *text, size_t len, yaml_node_t **root);
void reader_close(struct reader *r);

yaml_node_t *reader_node(struct reader *r, int index);

// The text of a scalar, or NULL and an error that names `what`.
const char *reader_scalar(struct reader *r, const yaml_node_t *node, const char *what);

// Parts of setters. Each tells its error, naming `what`, and answers false or NULL then.
bool value_number(struct reader *r, const yaml_node_t *node, const char *what, uint32_t min, uint32_t max, uint32_t *out);
// Items of a list of at least `min` and at most `max`.
bool value_items(struct reader *r, const yaml_node_t *node, const char *what, uint32_t min, uint32_t max, size_t *n);
yaml_node_t *value_item(struct reader *r, const yaml_node_t *list, size_t i);
const struct catalogue_row *value_finding(struct reader *r, const yaml_node_t *node, const char *what);
bool value_switch(struct reader *r, const yaml_node_t *node, const char *what, bool *out);
// The index of a word in a NULL-terminated table, or -1.
int value_choice(struct reader *r, const yaml_node_t *node, const char *what, const char *const *words);
bool value_net(struct reader *r, const yaml_node_t *node, const char *what, struct judge_net *out);
// A host name in lower case without a final dot (RFC 5321 2.3.5), at most INVENTORY_DOMAIN_MAX octets; `wildcard`: "*." may
// stand before it.
bool value_domain(struct reader *r, const yaml_node_t *node, const char *what, bool wildcard,
	char out[INVENTORY_DOMAIN_MAX + 1]);

// Setters of the inventory's lists, configs/value_inventory.c.
void value_set_mxs(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field);
void value_set_partners(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field);
void value_set_exempt(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field);

// Sets the field of a key from its value. Errors are told; the field is then unspecified.
void value_set(struct reader *r, const struct config_key *key, const yaml_node_t *node, struct config *c);

// Parts of it, in value.c, for taps.c and lists.c.
void value_name(struct reader *r, const yaml_node_t *node, const char *what, char out[CONFIG_NAME_MAX + 1]);
const yaml_node_t *value_list(struct reader *r, const struct config_key *k, const yaml_node_t *node, size_t *n);
void value_word(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field);
// A text of min..max octets without control octets.
bool value_text(struct reader *r, const yaml_node_t *node, const char *what, size_t min, size_t max, char *out);
void value_outputs(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field);
void value_taps(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field);
void value_forwarders(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field);
void value_domains(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field);
void value_listen(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field);
void value_pairs(struct reader *r, const struct config_key *k, const yaml_node_t *node, void *field);

// Printers of lists of maps, one pair a type: YAML in flow style that is read back, and JSON. Private to configs/.
#pragma once

#include "alerts/json.h"
#include "configs/schema.h"

void print_name(FILE *out, const struct config_key *k, const void *field);
void print_path(FILE *out, const struct config_key *k, const void *field);
void print_taps(FILE *out, const struct config_key *k, const void *field);
void print_pairs(FILE *out, const struct config_key *k, const void *field);
void print_outputs(FILE *out, const struct config_key *k, const void *field);
void print_mxs(FILE *out, const struct config_key *k, const void *field);
void print_partners(FILE *out, const struct config_key *k, const void *field);
void print_exempt(FILE *out, const struct config_key *k, const void *field);

void put_taps(struct json *j, const struct config_key *k, const void *field);
void put_pairs(struct json *j, const struct config_key *k, const void *field);
void put_outputs(struct json *j, const struct config_key *k, const void *field);
void put_mxs(struct json *j, const struct config_key *k, const void *field);
void put_partners(struct json *j, const struct config_key *k, const void *field);
void put_exempt(struct json *j, const struct config_key *k, const void *field);

// Members of an entry of `outputs`: one table, which the reader, `config show`, the schema, the manual and the tests follow.
#pragma once

#include "configs/schema.h"

#include <yaml.h>

enum output_kind {
	OUTPUT_NAME,     // char[SINK_NAME + 1]: small letters, digits, "-" and "_"
	OUTPUT_PATH,     // char[SINK_PATH + 1]
	OUTPUT_HOST,     // char[SINK_TEXT + 1]: a host name or an address
	OUTPUT_BROKERS,  // char[SINK_TEXT + 1]: HOST[:PORT], separated by commas and perhaps spaces; as a list, too
	OUTPUT_TOPIC,    // char[SINK_TEXT + 1]
	OUTPUT_URL,      // char[SINK_TEXT + 1]: http[s]://HOST[:PORT]
	OUTPUT_TARGET,   // char[SINK_TEXT + 1]: index or table
	OUTPUT_TEXT,     // char[SINK_TEXT + 1]
	OUTPUT_CHOICE,   // char[16]: one of words[]
	OUTPUT_WORD,     // int: index into words[]
	OUTPUT_WORDS,    // uint32_t: bit 1 << index into words[] for each word of a list
	OUTPUT_NUMBER,   // uint32_t, min..max
	OUTPUT_PORT,     // uint16_t; 0: the standard's
	OUTPUT_SWITCH,   // bool
	OUTPUT_KINDS,
};

// What else must hold for a member to have a meaning. Elsewhere it is an error: a `ca` that nobody looks at is a false comfort.
enum output_when { WHEN_ANY, WHEN_REMOTE, WHEN_STREAM, WHEN_TLS, WHEN_SASL };

struct output_member {
	const char *name;
	enum output_kind kind;
	size_t offset;             // of its field in struct sink_config
	uint32_t min, max;
	const char *const *words;  // NULL-terminated
	const char *fallback;      // default, as YAML; "" none
	uint32_t types;            // bits 1 << enum sink_type. Members of one name stand here for different types
	enum output_when when;
	bool required;             // where it may stand, it must
	const char *text;          // one sentence, below 110 octets
};

enum { OUTPUT_MEMBERS_MAX = 48 }; // rows, at most
extern const struct output_member output_members[];
extern const size_t output_members_n;

// Kafka is a feature of the build.
bool output_type_built(int type);

// The row for this type, or NULL: such an output has none.
const struct output_member *output_member_find(const char *name, int type);
// Whether the member has a meaning in an output as `o` is so far.
bool output_member_holds(const struct output_member *m, const struct sink_config *o);
// The condition in words, for one type; "" where there is none.
const char *output_when_text(enum output_when when, int type);
// "file, unix"
void output_types_text(uint32_t types, char *out, size_t len);
void output_member_describe(const struct output_member *m, char *out, size_t len);

// Sets a member from its value; errors are told.
struct reader;
void output_set(struct reader *r, const struct output_member *m, const yaml_node_t *node, struct sink_config *o);

// The name that the i-th output has when none is given: its type, or type-2 for the second of that type, and so on.
void output_auto_name(const struct config_outputs *outputs, size_t i, char out[SINK_NAME + 1]);

// Whether a member has another value in `a` than in `b`.
bool output_member_differs(const struct output_member *m, const struct sink_config *a, const struct sink_config *b);

// The schema's part about outputs; `indent` begins each line.
void print_output_members(FILE *out, const char *indent);
void put_output_members(struct json *j);

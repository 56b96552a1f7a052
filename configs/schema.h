// The schema: every key with its type, range, default and one sentence. One table; the loader, `config show`,
// postwacht.yaml and the man page all follow it.
#pragma once

#include "configs/config.h"

enum config_type {
	CONFIG_NAME,       // char[CONFIG_NAME_MAX + 1]: letters, digits, "." "_" "-"; one of words[] (may be NULL) means something else
	CONFIG_PATH,       // char[CONFIG_PATH_MAX + 1]: one of words[] (may be NULL), or the name of a file
	CONFIG_LISTEN,     // char[CONFIG_PATH_MAX + 1]: words[0], or what listen_parse() takes
	CONFIG_TAPS,       // struct config_taps: a list of {name: ..., side: one of words[], ports: [...], bpf: ...}
	CONFIG_PAIRS,      // struct config_pairs: a list of {name: ..., outside: ..., inside: ...}
	CONFIG_NUMBER,     // uint32_t, min..max
	CONFIG_WORD,       // int: index into words[]
	CONFIG_SWITCH,     // bool: on | off
	CONFIG_WORDS,      // uint32_t: bit 1 << index into words[] for each word of a list
	CONFIG_OUTPUTS,    // struct config_outputs: a list of maps, see configs/outputs.h
	CONFIG_PORTS,      // struct config_ports
	CONFIG_HOST,       // char[INVENTORY_DOMAIN_MAX + 1]: one of words[], or a host name
	CONFIG_NETS,       // struct inventory_nets: addresses with or without /bits
	CONFIG_MXS,        // struct inventory_mxs
	CONFIG_PARTNERS,   // struct inventory_partners
	CONFIG_EXEMPT,     // struct inventory_exemptions: networks, or maps
	CONFIG_FINDINGS,   // struct config_findings: ids of the catalogue
	CONFIG_SEVERITIES, // int8_t[CONFIG_FINDINGS_MAX]: map of id to severity
	CONFIG_FORWARDERS, // struct config_forwarders: name servers, ADDR[@PORT]
	CONFIG_DOMAINS,    // struct config_domains
	CONFIG_TYPES,
};

struct config_key {
	const char *name;          // "section.key", or "key" at the top
	enum config_type type;
	size_t offset;             // of its field in struct config
	uint32_t min, max;         // CONFIG_NUMBER: its range; lists: how many items
	const char *const *words;  // CONFIG_WORD, CONFIG_NAME, CONFIG_PATH, CONFIG_HOST, NULL-terminated
	const char *fallback;      // default, as YAML in flow style
	const char *text;          // one sentence, below 110 octets
};

extern const struct config_key config_schema[];
extern const size_t config_schema_n;

// The row of a full name, or NULL.
const struct config_key *config_key_find(const char *name);

// The full name (of a key or a section) that looks most like `name`, or NULL when none comes near.
const char *config_key_nearest(const char *name);

// Whether a key has another value in `a` than in `b`.
bool config_key_differs(const struct config_key *k, const struct config *a, const struct config *b);

// What a value of this type looks like, for people: "1..16", "auto | require | ignore", "list of networks".
void config_key_describe(const struct config_key *k, char *out, size_t len);

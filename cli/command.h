// Subcommands as a table: one row a command, its options as a table too. Parsing, help and completion follow them.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// DESIGN section 8. When several fit: trouble, then findings, then incomplete.
enum exit_code {
	EXIT_FINE = 0,
	EXIT_TROUBLE = 1,    // at run time: files, memory, interrupted, output lost
	EXIT_USAGE = 2,
	EXIT_CONFIG = 3,     // configuration invalid
	EXIT_FINDINGS = 4,   // findings at or above --fail-on
	EXIT_INCOMPLETE = 5, // the input was damaged, or we had to evict
};

enum { OPTIONS_SET_MAX = 64 }; // `--set` given; 64, because there are fewer keys

// What the command line said. One struct for all commands; a command sees only the fields its table fills.
struct options {
	bool help;
	bool json;
	bool defaults, changed, schema; // config show
	const char *config;             // --config, or NULL
	const char *set[OPTIONS_SET_MAX];
	size_t n_set;
	const char *out;                // --out, or NULL
	const char *keylog;             // --keylog, or NULL
	const char *policy;             // --policy, or NULL
	bool resolve;                   // --resolve
	const char *resolver, *trust_anchor; // --resolver and --trust-anchor, or NULL: as configured
	const char *outside, *inside;   // --outside and --inside: both, or NULL
	const char *state;              // --state, or NULL
	const char *finding;            // --finding, or NULL
	const char *socket;             // --socket, or NULL: as configured
	bool once;                      // --once
	const char *output;             // --output, or NULL
	bool others, whole;             // verify
	bool open;                      // doctor: --open
	long fail_on;                   // enum severity, or -1
	long workers;                   // 0: as configured
	long seconds;                   // --seconds, or 0
	char **operands;
	size_t n_operands;
};

enum option_kind {
	OPTION_FLAG,   // bool
	OPTION_TEXT,   // const char *
	OPTION_NUMBER, // long, min..max
	OPTION_WORD,   // long: index into words, which the completion offers
	OPTION_SET,    // `--set`, repeated
};

struct option {
	const char *name; // without the dashes
	enum option_kind kind;
	size_t offset;    // of its field in struct options
	const char *arg;  // what the help calls the value, or NULL. "FILE", "DIR" and "PATH" complete to files, "FINDING" to findings
	const char *text; // one sentence
	long min, max;
	const char *const *words;
};

struct command {
	const char *name;     // one word or two: "config show"
	const char *operands; // "FILE|DIR|-...", or ""
	const char *text;     // one sentence for the list of commands
	const char *more;     // paragraph for its own help, or ""
	const struct option *options;
	size_t n_options;
	size_t min_operands, max_operands;
	int (*run)(const struct options *o);      // the exit code
	const char *const *operand_words;         // what completion offers, or NULL: files
};

// Every command, in the order of the help. cli/commands.c.
extern const struct command commands[];
extern const size_t commands_n;

// One file each.
int read_run(const struct options *o);
int run_run(const struct options *o);
int explain_run(const struct options *o);
int packets_run(const struct options *o);
int check_run(const struct options *o);
int doctor_run(const struct options *o);
int status_run(const struct options *o);
int stats_run(const struct options *o);
int top_run(const struct options *o);
int reload_command_run(const struct options *o);
int config_show_run(const struct options *o);
int findings_list_run(const struct options *o);
int findings_show_run(const struct options *o);
int policy_lookup_run(const struct options *o);
int policy_list_run(const struct options *o);
int policy_export_run(const struct options *o);
int policy_import_run(const struct options *o);
int policy_flush_run(const struct options *o);
int version_run(const struct options *o);
int verify_run(const struct options *o);
int probe_command_run(const struct options *o);
int completion_run(const struct options *o);

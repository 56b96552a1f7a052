// `postwacht doctor`: checks of the machine and the configuration, each with what was seen and the repair.
//
// A check looks and says; it changes nothing. It may say several things (one a port). Checks that a configuration is needed for
// are left out where it is not valid. What the kernel tells in files is read below `root`, so that a test can be the kernel.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "cli/command.h"
#include "configs/config.h"

enum doctor_verdict { DOCTOR_PASS, DOCTOR_WARN, DOCTOR_FAIL, DOCTOR_SKIP, DOCTOR_VERDICTS };

enum { DOCTOR_RESULTS_MAX = 128, DOCTOR_WHAT = 256, DOCTOR_REPAIR = 384, DOCTOR_PATH = 512, DOCTOR_GROUPS_MAX = 64 };

struct doctor_result {
	const char *check;             // its name in the table
	enum doctor_verdict verdict;
	char what[DOCTOR_WHAT];        // what was seen
	char repair[DOCTOR_REPAIR];    // commands or settings; empty: none is needed, or known
};

// Whose rights the sensor's files must suffice for.
struct doctor_user {
	bool known;
	bool root;                     // may do anything
	char name[CONFIG_NAME_MAX + 1];
	uid_t uid;
	gid_t groups[DOCTOR_GROUPS_MAX]; // its own one first
	int n_groups;
};

struct doctor {
	const char *root;              // "" or a directory that stands for /
	const struct options *options;
	const struct config *config;   // valid, or the defaults
	const char *config_file;       // or NULL
	const struct config_errors *errors; // of the configuration
	struct doctor_user user;
	const char *check;             // the one that speaks
	struct doctor_result result[DOCTOR_RESULTS_MAX];
	size_t n_results;
};

struct doctor_check {
	const char *name;
	bool needs_config;
	void (*run)(struct doctor *d);
};

extern const struct doctor_check doctor_checks[];
extern const size_t doctor_checks_n;

// Prepares `d`: who the user is. The rest of its members are the caller's. Then each check of the table speaks.
void doctor_find_user(struct doctor *d);
void doctor_examine(struct doctor *d);

// ---- for checks: doctor_say.c ------------------------------------------------------------------------------------

void doctor_say(struct doctor *d, enum doctor_verdict v, const char *format, ...) __attribute__((format(printf, 3, 4)));
void doctor_repair(struct doctor *d, const char *format, ...) __attribute__((format(printf, 2, 3))); // of what was said last

// Files of the kernel: a path below d->root made of parts. False: it cannot be read (`out` is then empty, 0).
bool doctor_line(const struct doctor *d, char *out, size_t len, const char *format, ...) __attribute__((format(printf, 4, 5)));
bool doctor_number(const struct doctor *d, uint64_t *out, const char *format, ...) __attribute__((format(printf, 3, 4)));
bool doctor_exists(const struct doctor *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Last component of where a symbolic link leads.
bool doctor_link(const struct doctor *d, char *out, size_t len, const char *format, ...) __attribute__((format(printf, 4, 5)));
// Value of "NAME: value kB" in a file of lines, without its unit.
bool doctor_field(const struct doctor *d, uint64_t *out, const char *path, const char *name, int base);
void doctor_path(const struct doctor *d, char out[static DOCTOR_PATH], const char *format, ...) __attribute__((format(printf, 3, 4)));

// Whether the sensor's user may do that (R_OK, W_OK, X_OK) to a file of this owner, group and mode. Knows no access lists.
bool doctor_user_may(const struct doctor_user *u, uid_t uid, gid_t gid, mode_t mode, int how);

// Whom the sensor's files should belong to, for repairs.
const char *doctor_user_name(const struct doctor *d);
// True: `path` is a directory that the sensor's user may write to. Otherwise something was said.
bool doctor_directory(struct doctor *d, const char *what, const char *path, unsigned mode);

// ---- ports -------------------------------------------------------------------------------------------------------

// The part of a port's name that a check needs. False: it is of another kind.
bool doctor_port_pci(const char *port, char address[static 16]); // "0000:81:00.0"
bool doctor_port_interface(const char *port, char name[static 16]); // of the kernel: pcap:, or a virtual device's

// Calls `each` for all ports of all taps. How many it was called for.
size_t doctor_each_port(struct doctor *d, void (*each)(struct doctor *d, const char *port));
size_t doctor_count_pci(const struct doctor *d);
size_t doctor_count_interfaces(const struct doctor *d);

// ---- receivers ---------------------------------------------------------------------------------------------------

enum { DOCTOR_WAIT_MS = 2000 }; // for a receiver

// Asks the HTTP interface of an output what it thinks of us; says one thing. doctor_http.c
void doctor_http(struct doctor *d, const struct sink_config *o);

// ---- checks, one a row of the table ------------------------------------------------------------------------------

void doctor_configuration(struct doctor *d); // doctor_files.c
void doctor_user_check(struct doctor *d);
void doctor_state_dir(struct doctor *d);
void doctor_control(struct doctor *d);
void doctor_outputs(struct doctor *d);       // doctor_outputs.c
void doctor_outbox(struct doctor *d);        // doctor_outbox.c
void doctor_metrics(struct doctor *d);
void doctor_rights(struct doctor *d);        // doctor_kernel.c
void doctor_landlock(struct doctor *d);
void doctor_seccomp(struct doctor *d);
void doctor_unit(struct doctor *d);
void doctor_memory(struct doctor *d);        // doctor_memory.c
void doctor_hugepages(struct doctor *d);
void doctor_limits(struct doctor *d);
void doctor_cores(struct doctor *d);
void doctor_iommu(struct doctor *d);         // doctor_pci.c
void doctor_cards(struct doctor *d);
void doctor_interfaces(struct doctor *d);    // doctor_net.c
void doctor_silence(struct doctor *d);
void doctor_offloads(struct doctor *d);
void doctor_clock(struct doctor *d);         // doctor_clock.c
void doctor_dnssec(struct doctor *d);        // doctor_dns.c
void doctor_open(struct doctor *d);          // doctor_open.c

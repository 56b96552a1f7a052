// What a process may still do: capabilities, Landlock, seccomp, no-new-privs. Given up once, by the process itself, after it
// has opened what it needs. What the kernel lacks is said, not passed over.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rights_profile {
	RIGHTS_WATCH,      // memory, time, sleeping, receiving on sockets that are open; sends nothing, opens nothing
	RIGHTS_JUDGE,      // files below `write_dirs` and `read_paths`
	RIGHTS_SCOUT,      // DNS and HTTPS: internet sockets, connect; files below write_dirs, read_paths
	RIGHTS_COURIER,    // files below write_dirs; later sinks: sockets
	RIGHTS_SUPERVISOR, // fork, signals, unix sockets, its configuration; no internet sockets
};

enum { RIGHTS_PATHS_MAX = 16, RIGHTS_WORDS = 192 };

struct rights_config {
	enum rights_profile profile;
	const char *write_dirs[RIGHTS_PATHS_MAX]; // directories in which files may be made, written, removed
	size_t n_write_dirs;
	const char *read_paths[RIGHTS_PATHS_MAX]; // files or directories that may be read
	size_t n_read_paths;
	const char *user;   // become this user when root, keeping no capability; NULL: stay who we are
	uint64_t keep_caps; // bits 1 << CAP_*: kept (supervisor: to start watch again)
	bool lenient;       // a forbidden call fails with EPERM instead of ending the process: for finding out only
};

// 0, or -errno with `why` (RIGHTS_WORDS octets). `words` gets what holds now: "uid postwacht; no capabilities; seccomp 47
// calls; landlock 1 directory", or which of it this kernel cannot.
int rights_drop(const struct rights_config *c, char words[static RIGHTS_WORDS], char why[static RIGHTS_WORDS]);

// What each profile must not do, for the self-test: a name ("open a socket") and an attempt. An attempt that returns was allowed.
struct rights_attempt {
	const char *name;
	void (*attempt)(void);
	uint32_t allowed;  // bits 1 << enum rights_profile that may
};
extern const struct rights_attempt rights_attempts[];
extern const size_t rights_attempts_n;

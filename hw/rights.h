// What a process may still do: capabilities, Landlock, seccomp, no-new-privs. Given up once, by the process itself, after it
// has opened what it needs. What the kernel lacks is said, not passed over.
//
// Filters are inherited: a child has at most what its parent has left. So the supervisor keeps whatever a child that it starts
// again needs in order to open its own things, and loses what none of them ever needs.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum rights_profile {
	RIGHTS_WATCH,      // memory, time, sleeping, receiving on sockets that are open; sends nothing, opens nothing
	RIGHTS_JUDGE,      // files below `write_dirs` and `read_paths`; the socket to the scout that is open
	RIGHTS_SCOUT,      // DNS and HTTPS: internet sockets, connect; files below write_dirs, read_paths
	RIGHTS_KEEPER,     // files below write_dirs: the outbox. No socket
	RIGHTS_COURIER,    // sinks and metrics: internet and unix sockets, connect, accept where it listens already; files below
	                   // write_dirs, read_paths
	RIGHTS_SUPERVISOR, // what its children need to begin; nothing is executed, looked into, loaded, mounted or mapped to be written and run
	RIGHTS_PROFILES,
};

enum { RIGHTS_PATHS_MAX = 64, RIGHTS_PORTS_MAX = 10, RIGHTS_WORDS = 192, RIGHTS_DIR = 256 };

struct rights_config {
	enum rights_profile profile;
	// Directories in which files may be made, written, removed. They must exist. Supervisor: none means anywhere.
	const char *write_dirs[RIGHTS_PATHS_MAX];
	size_t n_write_dirs;
	// Files or directories that may be read; what is not there is passed over. A file that is replaced by another of its name is
	// not the one that was meant here: then name its directory.
	const char *read_paths[RIGHTS_PATHS_MAX];
	size_t n_read_paths;
	uint16_t tcp_ports[RIGHTS_PORTS_MAX]; // SCOUT, COURIER: may be connected to; none given: any
	size_t n_tcp_ports;
	const char *user;   // become this user when root, keeping no capability but keep_caps; NULL: stay who we are
	uint64_t keep_caps; // bits 1 << CAP_*: kept where we have them (supervisor: to start watch again)
	bool telemetry;     // WATCH: DPDK's telemetry thread accepts and answers. Rights that one can do without
	bool kernel_card;   // WATCH: a card whose driver keeps asking the kernel (mlx5): ioctl, reading below read_paths
	bool lenient;       // a forbidden call fails with EPERM instead of ending the process: for finding out only
};

// 0, or -errno with `why`. `words` gets what holds now: "user postwacht; no capabilities; 62 system calls, any other ends it;
// landlock 7: write 1 directory, read 4 paths", or which of it this kernel cannot.
//
// Seccomp and no-new-privs hold for all threads of the process. Capabilities and Landlock hold for the calling thread and those
// it starts later (the kernel has them by thread): so it is called by the main thread before its workers are started. Threads
// that libraries have started by then (EAL's) are bound by seccomp, which is what keeps WATCH from opening anything.
// Once per process; afterwards end it by _exit(): exit handlers may do what is forbidden.
int rights_drop(const struct rights_config *c, char words[static RIGHTS_WORDS], char why[static RIGHTS_WORDS]);

// What the C library reads to resolve a name: added to read_paths. `dir` holds the directory that /etc/resolv.conf is a link into,
// where whoever writes it puts a new file (systemd-resolved, NetworkManager); a file of its own in /etc that is replaced is read
// again only by a process that begins after that. Lives as long as `c`.
void rights_read_names(struct rights_config *c, char dir[static RIGHTS_DIR]);

// ---- the proof -----------------------------------------------------------------------------------------------------

// What each profile must not do, for the self-test: a name ("open a socket") and an attempt. An attempt that returns was
// allowed; where the kernel refuses with an error instead of ending the process, it ends it itself with RIGHTS_REFUSED.
struct rights_attempt {
	const char *name;
	void (*attempt)(void);
	uint32_t allowed;  // bits 1 << enum rights_profile that may
};
extern const struct rights_attempt rights_attempts[];
extern const size_t rights_attempts_n;

enum { RIGHTS_REFUSED = 113 }; // exit status

enum rights_outcome {
	RIGHTS_DIED,       // ended by the kernel
	RIGHTS_GOT_ERROR,  // the call failed with EPERM, EACCES or ENOSYS
	RIGHTS_COULD,
	RIGHTS_NOT_TRIED,  // rights could not be given up, or the attempt ended in another way
};

// Each attempt in a child of its own, which gives up its rights as `c` says and then tries. `c` NULL: with all we have, to see
// that an attempt is one. How many could what they must not, or were not tried. `told` may be NULL. No threads when called.
typedef void (*rights_told)(void *ctx, const struct rights_attempt *a, enum rights_outcome o);
size_t rights_selftest(const struct rights_config *c, rights_told told, void *ctx);

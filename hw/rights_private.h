// The parts of rights_drop(): what each kernel facility is given.
#pragma once

#include "hw/rights.h"

// The address sanitizer needs more calls than the program it is in, and needs no secret kept from it: gcc and clang each say in
// their own way that it is there.
#if defined(__SANITIZE_ADDRESS__)
#define RIGHTS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RIGHTS_SANITIZED 1
#endif
#endif
#ifndef RIGHTS_SANITIZED
#define RIGHTS_SANITIZED 0
#endif

// ---- rights_calls.c ----

// What of a call's arguments is looked at. Pointers cannot be.
enum rights_only {
	ONLY_ANY,
	ONLY_NOT_EXEC,      // mmap, mprotect: memory that is not run
	ONLY_ANON_NOT_EXEC, // mmap: of no file, either
	ONLY_OWN,           // tgkill: this process
	ONLY_THREAD,        // clone: a thread, no process
	ONLY_WRITE_FDS,     // write, writev: standard error, and pipes and event counters that are open now
	ONLY_INET,          // socket: IPv4 and IPv6, streams and datagrams
	ONLY_SINKS,         // socket: these, and unix ones
	ONLY_UNIX,          // socketpair
	ONLY_NAME,          // prctl: the thread's name
	ONLY_TERMINAL,      // ioctl: is this a terminal
	ONLY_NONBLOCK,      // ioctl: FIONBIO, FIONREAD
	ONLY_UNSENT,        // ioctl: SIOCOUTQ, how much the other side does not have yet
	ONLY_PORT,          // ioctl: an interrupt was seen; flags of an interface
	ONLY_OWN_LIMITS,    // prlimit64: this process
	ONLY_NETLINK,       // socket
	ONLY_EXEC,          // mmap: memory that is run
};

enum { RIGHTS_TELEMETRY = 30, RIGHTS_KERNEL_CARD = 31 }; // bits of `who` beside 1 << enum rights_profile

struct rights_call {
	int nr;
	uint32_t who;
	enum rights_only only;
};

extern const struct rights_call rights_calls[]; // of all profiles but the supervisor's
extern const size_t rights_calls_n;
extern const struct rights_call rights_calls_sanitizer[]; // more, there
extern const size_t rights_calls_sanitizer_n;
// Fails with EACCES instead of ending the process, where the profile does not allow it.
struct rights_refused {
	int nr;
	uint32_t who;
	enum rights_only only;
	bool sanitizer; // only there
};
extern const struct rights_refused rights_refused[];
extern const size_t rights_refused_n;
extern const int rights_never[]; // not even the supervisor
extern const size_t rights_never_n;
extern const int rights_never_families[]; // socket(2), not even the supervisor
extern const size_t rights_never_families_n;

// ---- rights_seccomp.c ----

// How many calls are allowed (supervisor: forbidden), or -errno. -ENOSYS: this kernel has no filters.
int rights_seccomp(const struct rights_config *c, char why[static RIGHTS_WORDS]);

// ---- rights_landlock.c ----

struct rights_landlock {
	int fd;            // ruleset; -1: this kernel has no Landlock
	int abi;
	size_t n_dirs, n_paths;
};

// Opens what is named, while we still may. 0 or -errno; that there is no Landlock is no error.
int rights_landlock_open(struct rights_landlock *l, const struct rights_config *c, char why[static RIGHTS_WORDS]);
// Binds the calling thread; needs no-new-privs.
int rights_landlock_apply(struct rights_landlock *l, char why[static RIGHTS_WORDS]);
void rights_landlock_close(struct rights_landlock *l);

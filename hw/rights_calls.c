// The tables of system calls: who may make which, and what nobody may. Found by running each part under strace with Debian 12's
// libraries; tests/unit/hw/test_rights*.c does each profile's work under its filter.
#include <sys/socket.h>

#include <seccomp.h>

#include "hw/rights_private.h"

#define W (1u << RIGHTS_WATCH)
#define J (1u << RIGHTS_JUDGE)
#define S (1u << RIGHTS_SCOUT)
#define K (1u << RIGHTS_KEEPER)
#define C (1u << RIGHTS_COURIER)
#define ALL (W | J | S | K | C)
#define FILES (J | S | K | C)
#define T (1u << RIGHTS_TELEMETRY)
#define CARD (1u << RIGHTS_KERNEL_CARD)

#define CALL(name, who, only) {SCMP_SYS(name), who, only}

const struct rights_call rights_calls[] = {
	// Memory.
	CALL(brk, ALL, ONLY_ANY), CALL(munmap, ALL, ONLY_ANY), CALL(mremap, ALL, ONLY_ANY), CALL(madvise, ALL, ONLY_ANY),
	CALL(mmap, W, ONLY_ANON_NOT_EXEC), CALL(mmap, FILES, ONLY_NOT_EXEC), CALL(mprotect, ALL, ONLY_NOT_EXEC),
	CALL(msync, FILES, ONLY_ANY),
	// Time, and waiting.
	CALL(clock_gettime, ALL, ONLY_ANY), CALL(clock_getres, ALL, ONLY_ANY), CALL(gettimeofday, ALL, ONLY_ANY), CALL(time, ALL, ONLY_ANY),
	CALL(nanosleep, ALL, ONLY_ANY), CALL(clock_nanosleep, ALL, ONLY_ANY), CALL(restart_syscall, ALL, ONLY_ANY),
	CALL(timerfd_settime, W, ONLY_ANY), CALL(timerfd_gettime, W, ONLY_ANY), // EAL's alarms
	CALL(poll, ALL, ONLY_ANY), CALL(ppoll, ALL, ONLY_ANY), CALL(select, ALL, ONLY_ANY), CALL(pselect6, ALL, ONLY_ANY),
	CALL(epoll_wait, ALL, ONLY_ANY), CALL(epoll_pwait, ALL, ONLY_ANY), CALL(epoll_ctl, ALL, ONLY_ANY),
	CALL(epoll_create1, S | C, ONLY_ANY), CALL(eventfd2, FILES, ONLY_ANY), CALL(pipe2, FILES, ONLY_ANY), CALL(pipe, FILES, ONLY_ANY),
	// Threads of this process. clone3 cannot be looked at: it is said not to exist, and glibc takes clone.
	CALL(futex, ALL, ONLY_ANY), CALL(clone, ALL, ONLY_THREAD), CALL(set_robust_list, ALL, ONLY_ANY), CALL(rseq, ALL, ONLY_ANY),
	CALL(sched_yield, ALL, ONLY_ANY), CALL(sched_getaffinity, ALL, ONLY_ANY), CALL(sched_setaffinity, W, ONLY_ANY),
	CALL(getcpu, ALL, ONLY_ANY), CALL(gettid, ALL, ONLY_ANY), CALL(prctl, ALL, ONLY_NAME), CALL(membarrier, ALL, ONLY_ANY),
	// About itself.
	CALL(getpid, ALL, ONLY_ANY), CALL(getppid, ALL, ONLY_ANY), CALL(getuid, ALL, ONLY_ANY), CALL(geteuid, ALL, ONLY_ANY),
	CALL(getgid, ALL, ONLY_ANY), CALL(getegid, ALL, ONLY_ANY), CALL(getrusage, ALL, ONLY_ANY), CALL(sysinfo, ALL, ONLY_ANY),
	CALL(uname, ALL, ONLY_ANY), CALL(getrandom, ALL, ONLY_ANY), CALL(prlimit64, S, ONLY_OWN_LIMITS), CALL(getrlimit, S, ONLY_ANY),
	CALL(setrlimit, S, ONLY_ANY), // its own time limit grows with each answer
	// Signals; abort() signals itself.
	CALL(rt_sigreturn, ALL, ONLY_ANY), CALL(rt_sigaction, ALL, ONLY_ANY), CALL(rt_sigprocmask, ALL, ONLY_ANY),
	CALL(sigaltstack, ALL, ONLY_ANY), CALL(tgkill, ALL, ONLY_OWN), CALL(exit, ALL, ONLY_ANY), CALL(exit_group, ALL, ONLY_ANY),
	// What is open. A write to a packet socket would be sent: WATCH writes to standard error and to pipes and counters.
	CALL(read, ALL, ONLY_ANY), CALL(pread64, ALL, ONLY_ANY), CALL(readv, ALL, ONLY_ANY), CALL(lseek, ALL, ONLY_ANY),
	CALL(close, ALL, ONLY_ANY), CALL(write, W, ONLY_WRITE_FDS), CALL(writev, W, ONLY_WRITE_FDS), CALL(write, FILES, ONLY_ANY),
	CALL(writev, FILES, ONLY_ANY), CALL(pwrite64, FILES, ONLY_ANY), CALL(pwritev, K, ONLY_ANY),
	CALL(fstat, ALL, ONLY_ANY),
	// Packet sockets that are open: received from, asked for what they lost, and whether their interface is up (libpcap asks so, too).
	CALL(recvfrom, W, ONLY_ANY), CALL(recvmsg, W, ONLY_ANY), CALL(recvmmsg, W, ONLY_ANY), CALL(getsockopt, ALL, ONLY_ANY),
	CALL(ioctl, W, ONLY_PORT), CALL(getsockname, W, ONLY_ANY),
	CALL(accept, T | C, ONLY_ANY), CALL(accept4, T | C, ONLY_ANY), CALL(ioctl, CARD, ONLY_ANY), CALL(openat, CARD, ONLY_ANY),
	CALL(newfstatat, CARD, ONLY_ANY), CALL(socket, CARD, ONLY_INET),
	// Files; where is Landlock's matter. Nothing that changes rights, times or attributes by name, which Landlock does not know.
	CALL(open, FILES, ONLY_ANY), CALL(openat, FILES, ONLY_ANY), CALL(stat, FILES, ONLY_ANY), CALL(lstat, FILES, ONLY_ANY),
	CALL(newfstatat, FILES, ONLY_ANY), CALL(statx, FILES, ONLY_ANY), CALL(statfs, FILES, ONLY_ANY), CALL(fstatfs, FILES, ONLY_ANY),
	CALL(access, FILES, ONLY_ANY), CALL(faccessat, FILES, ONLY_ANY), CALL(faccessat2, FILES, ONLY_ANY),
	CALL(getdents64, FILES, ONLY_ANY), CALL(readlink, FILES, ONLY_ANY), CALL(readlinkat, FILES, ONLY_ANY), CALL(getcwd, FILES, ONLY_ANY),
	CALL(fcntl, FILES, ONLY_ANY), CALL(flock, FILES, ONLY_ANY), CALL(fsync, FILES, ONLY_ANY), CALL(fdatasync, FILES, ONLY_ANY),
	CALL(ftruncate, FILES, ONLY_ANY), CALL(fallocate, FILES, ONLY_ANY), CALL(fadvise64, FILES, ONLY_ANY), CALL(umask, FILES, ONLY_ANY),
	CALL(unlink, FILES, ONLY_ANY), CALL(unlinkat, FILES, ONLY_ANY), CALL(rename, FILES, ONLY_ANY), CALL(renameat, FILES, ONLY_ANY),
	CALL(renameat2, FILES, ONLY_ANY), CALL(mkdir, FILES, ONLY_ANY), CALL(mkdirat, FILES, ONLY_ANY), CALL(rmdir, FILES, ONLY_ANY),
	CALL(fchmod, FILES, ONLY_ANY), CALL(fchown, FILES, ONLY_ANY), CALL(ioctl, FILES, ONLY_TERMINAL),
	// Between judge and scout: the socket that is open already. Neither can make or name another of its kind.
	CALL(sendto, J | S | C, ONLY_ANY), CALL(recvfrom, J | S | C, ONLY_ANY), CALL(sendmsg, J | S | C, ONLY_ANY),
	CALL(recvmsg, J | S | C, ONLY_ANY),
	// DNS and HTTPS; receivers. Nobody listens that did not before, and courier, whose metrics listen, names no address of its own.
	CALL(socket, S, ONLY_INET), CALL(socket, C, ONLY_SINKS), CALL(socketpair, S | C, ONLY_UNIX), CALL(connect, S | C, ONLY_ANY),
	CALL(bind, S, ONLY_ANY), CALL(getsockname, S | C, ONLY_ANY), CALL(getpeername, S | C, ONLY_ANY), CALL(setsockopt, S | C, ONLY_ANY),
	CALL(shutdown, S | C, ONLY_ANY), CALL(sendmmsg, S | C, ONLY_ANY), CALL(recvmmsg, S | C, ONLY_ANY), CALL(ioctl, S | C, ONLY_NONBLOCK),
	CALL(ioctl, C, ONLY_UNSENT),
};
const size_t rights_calls_n = sizeof rights_calls / sizeof rights_calls[0];

// ASan asks for the limits of each thread's stack, and maps its own files when it reports.
const struct rights_call rights_calls_sanitizer[] = {
	CALL(mmap, W, ONLY_NOT_EXEC), CALL(prlimit64, ALL, ONLY_OWN_LIMITS), CALL(getrlimit, ALL, ONLY_ANY),
};
const size_t rights_calls_sanitizer_n = sizeof rights_calls_sanitizer / sizeof rights_calls_sanitizer[0];

// Libraries look into /sys for numbers that they can do without (EAL which NUMA node a thread is on, libpcap one more counter of the
// card); the sanitizer's report for names of functions, without which it has addresses. The C library asks for the addresses of this
// machine before it resolves a name, and for modules of the name service (mDNS, systemd): without either it asks DNS all the same.
const struct rights_refused rights_refused[] = {
	{SCMP_SYS(access), ALL, ONLY_ANY, false}, {SCMP_SYS(open), W, ONLY_ANY, false}, {SCMP_SYS(openat), W, ONLY_ANY, false},
	{SCMP_SYS(socket), C, ONLY_NETLINK, false}, {SCMP_SYS(mmap), C, ONLY_EXEC, false},
	{SCMP_SYS(readlink), ALL, ONLY_ANY, true}, {SCMP_SYS(readlinkat), ALL, ONLY_ANY, true}, {SCMP_SYS(stat), ALL, ONLY_ANY, true},
	{SCMP_SYS(lstat), ALL, ONLY_ANY, true}, {SCMP_SYS(newfstatat), ALL, ONLY_ANY, true}, {SCMP_SYS(personality), ALL, ONLY_ANY, true},
};
const size_t rights_refused_n = sizeof rights_refused / sizeof rights_refused[0];

// What is named here no part of us ever needs, and much of what was broken in kernels began with it.
const int rights_never[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(uselib),
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp), SCMP_SYS(pidfd_getfd),
	SCMP_SYS(process_madvise), SCMP_SYS(lookup_dcookie), SCMP_SYS(perf_event_open), SCMP_SYS(bpf), SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter), SCMP_SYS(io_uring_register),
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module), SCMP_SYS(create_module), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon), SCMP_SYS(swapoff), SCMP_SYS(acct), SCMP_SYS(quotactl),
	SCMP_SYS(syslog), SCMP_SYS(ioperm), SCMP_SYS(modify_ldt), SCMP_SYS(personality), SCMP_SYS(remap_file_pages),
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsconfig),
	SCMP_SYS(fsmount), SCMP_SYS(fspick), SCMP_SYS(mount_setattr), SCMP_SYS(pivot_root), SCMP_SYS(chroot), SCMP_SYS(setns),
	SCMP_SYS(unshare), SCMP_SYS(name_to_handle_at), SCMP_SYS(open_by_handle_at), SCMP_SYS(fanotify_init), SCMP_SYS(mknod),
	SCMP_SYS(mknodat), SCMP_SYS(setxattr), SCMP_SYS(lsetxattr), SCMP_SYS(fsetxattr), SCMP_SYS(removexattr), SCMP_SYS(lremovexattr),
	SCMP_SYS(fremovexattr), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(sethostname),
	SCMP_SYS(setdomainname), SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(vhangup), SCMP_SYS(memfd_secret),
};
const size_t rights_never_n = sizeof rights_never / sizeof rights_never[0];

const int rights_never_families[] = {
	AF_KEY, AF_RDS, AF_CAN, AF_TIPC, AF_BLUETOOTH, AF_ALG, AF_VSOCK, 42 /* AF_QIPCRTR */, 43 /* AF_SMC */,
};
const size_t rights_never_families_n = sizeof rights_never_families / sizeof rights_never_families[0];

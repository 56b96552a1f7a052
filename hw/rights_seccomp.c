// The seccomp filter of a profile, from the tables in rights_calls.c. All profiles name what they may and end at anything else; only
// the supervisor names what nobody may, since its filter is inherited by children that have yet to open their things.
#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/vfio.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <seccomp.h>

#include "hw/rights_private.h"

enum { TYPE_MASK = 0xf, FDS_MAX = 1024 };

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define INT_MASK UINT64_C(0xffffffff) // of an argument the kernel takes as int

struct filter {
	scmp_filter_ctx ctx;
	const struct rights_config *c;
	uint32_t otherwise; // the default action
	int highest_fd;     // open now
};

// ---- descriptors that may be written to --------------------------------------------------------------------------

static bool is_pipe_or_counter(int fd)
{
	char link[64], target[64];
	struct stat st;
	if (fstat(fd, &st) < 0)
		return false;
	if (S_ISFIFO(st.st_mode))
		return true;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, target, sizeof target - 1);
	return n > 0 && (target[n] = '\0', strcmp(target, "anon_inode:[eventfd]") == 0);
}

static int allow_fd(const struct filter *f, int nr, enum scmp_compare op, int fd)
{
	return seccomp_rule_add(f->ctx, SCMP_ACT_ALLOW, nr, 1, SCMP_A0(op, (scmp_datum_t)fd));
}

// A number cannot come to mean another thing: WATCH has no call that makes a descriptor. With telemetry accept() makes some: they
// are above all that are open, because gaps below are filled first; and one whose number was reserved by a call that waits.
static int allow_writing(struct filter *f, int nr)
{
	int rc = allow_fd(f, nr, SCMP_CMP_EQ, STDERR_FILENO);
	for (int fd = 0; rc == 0 && fd <= f->highest_fd; fd++)
		if (fd != STDERR_FILENO && (is_pipe_or_counter(fd) || (f->c->telemetry && fcntl(fd, F_GETFD) < 0)))
			rc = allow_fd(f, nr, SCMP_CMP_EQ, fd);
	if (rc == 0 && f->c->telemetry)
		rc = allow_fd(f, nr, SCMP_CMP_GT, f->highest_fd);
	return rc;
}

static int highest_fd(void)
{
	for (int fd = FDS_MAX - 1; fd > STDERR_FILENO; fd--)
		if (fcntl(fd, F_GETFD) >= 0)
			return fd;
	return STDERR_FILENO;
}

// With what nobody minds: nothing can be opened any more.
static void fill_gaps(int highest)
{
	int fd = dup(STDERR_FILENO);
	while (fd >= 0 && fd < highest)
		fd = dup(STDERR_FILENO);
	if (fd > highest)
		close(fd);
}

// ---- one call ----------------------------------------------------------------------------------------------------

#define ALLOW(...) seccomp_rule_add(f->ctx, SCMP_ACT_ALLOW, nr, __VA_ARGS__)

// Streams and datagrams of the first `n` families.
static int allow_sockets(struct filter *f, int nr, size_t n)
{
	static const int families[] = {AF_INET, AF_INET6, AF_UNIX}, types[] = {SOCK_STREAM, SOCK_DGRAM};
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < 2 * n; i++)
		rc = ALLOW(2, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i / 2]),
			SCMP_A1(SCMP_CMP_MASKED_EQ, TYPE_MASK, (scmp_datum_t)types[i % 2]));
	return rc;
}

static int allow_two(struct filter *f, int nr, int a, int b, unsigned arg)
{
	int rc = ALLOW(1, SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, INT_MASK, (scmp_datum_t)a));
	return rc == 0 ? ALLOW(1, SCMP_CMP(arg, SCMP_CMP_MASKED_EQ, INT_MASK, (scmp_datum_t)b)) : rc;
}

static int allow(struct filter *f, int nr, enum rights_only only)
{
	switch (only) {
	case ONLY_NOT_EXEC:
		return ALLOW(1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	case ONLY_ANON_NOT_EXEC:
		return ALLOW(2, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0), SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS));
	case ONLY_OWN:
		return ALLOW(1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	case ONLY_OWN_LIMITS:
		return ALLOW(1, SCMP_A0(SCMP_CMP_MASKED_EQ, INT_MASK, 0));
	case ONLY_THREAD:
		return ALLOW(1, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | NAMESPACES, CLONE_THREAD));
	case ONLY_WRITE_FDS:
		return allow_writing(f, nr);
	case ONLY_INET:
		return allow_sockets(f, nr, 2);
	case ONLY_SINKS:
		return allow_sockets(f, nr, 3);
	case ONLY_UNIX:
		return ALLOW(1, SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	case ONLY_NAME:
		return allow_two(f, nr, PR_SET_NAME, PR_GET_NAME, 0);
	case ONLY_TERMINAL:
		return allow_two(f, nr, TCGETS, TIOCGWINSZ, 1);
	case ONLY_NONBLOCK:
		return allow_two(f, nr, FIONBIO, FIONREAD, 1);
	case ONLY_UNSENT:
		return ALLOW(1, SCMP_A1(SCMP_CMP_MASKED_EQ, INT_MASK, TIOCOUTQ));
	case ONLY_PORT:
		return allow_two(f, nr, VFIO_DEVICE_SET_IRQS, SIOCGIFFLAGS, 1);
	default:
		return ALLOW(0);
	}
}

// ---- profiles ----------------------------------------------------------------------------------------------------

static uint32_t who(const struct rights_config *c)
{
	uint32_t bits = 1u << c->profile;
	if (c->profile == RIGHTS_WATCH && c->telemetry)
		bits |= 1u << RIGHTS_TELEMETRY;
	if (c->profile == RIGHTS_WATCH && c->kernel_card)
		bits |= 1u << RIGHTS_KERNEL_CARD;
	return bits;
}

static int allow_all(struct filter *f, const struct rights_call *calls, size_t n, int *allowed)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (!(calls[i].who & who(f->c)))
			continue;
		rc = allow(f, calls[i].nr, calls[i].only);
		*allowed += rc == 0;
	}
	return rc;
}

static bool has_rule(const struct filter *f, int nr)
{
	for (size_t i = 0; i < rights_calls_n; i++)
		if (rights_calls[i].nr == nr && (rights_calls[i].who & who(f->c)))
			return true;
	return false;
}

static int refuse_one(struct filter *f, int nr, enum rights_only only)
{
	switch (only) {
	case ONLY_NETLINK:
		return seccomp_rule_add(f->ctx, SCMP_ACT_ERRNO(EACCES), nr, 1, SCMP_A0(SCMP_CMP_EQ, AF_NETLINK));
	case ONLY_EXEC:
		return seccomp_rule_add(f->ctx, SCMP_ACT_ERRNO(EACCES), nr, 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
	default:
		return has_rule(f, nr) ? 0 : seccomp_rule_add(f->ctx, SCMP_ACT_ERRNO(EACCES), nr, 0);
	}
}

static int refuse_gently(struct filter *f)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < rights_refused_n; i++) {
		const struct rights_refused *r = &rights_refused[i];
		bool ours = (r->who & who(f->c)) && (RIGHTS_SANITIZED || !r->sanitizer);
		if (ours)
			rc = refuse_one(f, r->nr, r->only);
	}
	return rc;
}

// How many, or -errno.
static int fill_child(struct filter *f)
{
	int allowed = 0, rc;
	f->highest_fd = highest_fd();
	if (f->c->telemetry)
		fill_gaps(f->highest_fd);
	rc = allow_all(f, rights_calls, rights_calls_n, &allowed);
	if (rc == 0 && RIGHTS_SANITIZED)
		rc = allow_all(f, rights_calls_sanitizer, rights_calls_sanitizer_n, &allowed);
	if (rc == 0)
		rc = refuse_gently(f);
	// DPDK asks the file system which node a thread's core belongs to, and takes no for an answer.
	if (rc == 0 && f->c->profile == RIGHTS_WATCH && !f->c->kernel_card && !RIGHTS_SANITIZED)
		rc = seccomp_rule_add(f->ctx, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(access), 0);
	return rc == 0 ? allowed : rc;
}

static int fill_supervisor(struct filter *f)
{
	uint32_t forbid = f->c->lenient ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
	int rc = 0, forbidden = 0;
	for (size_t i = 0; rc == 0 && i < rights_never_n; i++, forbidden++)
		rc = seccomp_rule_add(f->ctx, forbid, rights_never[i], 0);
	for (size_t i = 0; rc == 0 && i < rights_never_families_n; i++)
		rc = seccomp_rule_add(f->ctx, forbid, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)rights_never_families[i]));
	for (unsigned bit = 0; rc == 0 && bit < 32; bit++)
		if (NAMESPACES & (1u << bit))
			rc = seccomp_rule_add(f->ctx, forbid, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, 1u << bit, 1u << bit));
	for (size_t i = 0; rc == 0 && i < 2; i++) // DPDK asks for ports of the processor at its start, and goes on without
		rc = seccomp_rule_add(f->ctx, SCMP_ACT_ERRNO(EPERM), (int[]){SCMP_SYS(iopl), SCMP_SYS(ioperm)}[i], 0);
	if (rc == 0) // DPDK's drivers are loaded from files: run, but not written
		rc = seccomp_rule_add(f->ctx, forbid, SCMP_SYS(mmap), 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_WRITE | PROT_EXEC, PROT_WRITE | PROT_EXEC));
	if (rc == 0)
		rc = seccomp_rule_add(f->ctx, forbid, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
	if (rc == 0)
		rc = seccomp_rule_add(f->ctx, forbid, SCMP_SYS(pkey_mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, PROT_EXEC));
	return rc == 0 ? forbidden : rc;
}

static int load(struct filter *f)
{
	int n, rc;
	seccomp_attr_set(f->ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	seccomp_attr_set(f->ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); // a tree: fewer comparisons a call
	n = f->c->profile == RIGHTS_SUPERVISOR ? fill_supervisor(f) : fill_child(f);
	if (n < 0)
		return n;
	rc = seccomp_rule_add(f->ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (rc == 0)
		rc = seccomp_load(f->ctx);
	return rc < 0 ? rc : n;
}

int rights_seccomp(const struct rights_config *c, char why[static RIGHTS_WORDS])
{
	struct filter f = {.c = c};
	if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0 && errno == EINVAL)
		return -ENOSYS;
	f.otherwise = c->profile == RIGHTS_SUPERVISOR ? SCMP_ACT_ALLOW : c->lenient ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_KILL_PROCESS;
	f.ctx = seccomp_init(f.otherwise);
	if (f.ctx == NULL) {
		snprintf(why, RIGHTS_WORDS, "seccomp: no memory");
		return -ENOMEM;
	}
	int rc = load(&f);
	if (rc < 0)
		snprintf(why, RIGHTS_WORDS, "seccomp: %s", strerror(-rc));
	seccomp_release(f.ctx);
	return rc;
}

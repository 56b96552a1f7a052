// Landlock by its system calls: which files, TCP ports, signals. Constants newer than the headers we build with are spelled here;
// the running kernel is asked which of them it knows.
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hw/rights_private.h"

#define FS_TRUNCATE (UINT64_C(1) << 14)  // ABI 3
#define NET_BIND_TCP (UINT64_C(1) << 0)  // ABI 4
#define NET_CONNECT_TCP (UINT64_C(1) << 1)
#define FS_IOCTL_DEV (UINT64_C(1) << 15) // ABI 5
#define SCOPE_ABSTRACT_UNIX (UINT64_C(1) << 0) // ABI 6
#define SCOPE_SIGNAL (UINT64_C(1) << 1)

#define READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FILE_WRITE (LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE)
#define WRITE (READ | FILE_WRITE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REFER)
#define NOBODY (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK)
// A rule for a file may not have rights that only directories have.
#define OF_FILES (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | FILE_WRITE | FS_IOCTL_DEV)

enum { RULE_NET_PORT = 2, ABI_REFER = 2, ABI_TRUNCATE = 3, ABI_NET = 4, ABI_IOCTL = 5, ABI_SCOPE = 6 };

// As in the newest headers; an older kernel takes the beginning that it knows, where the rest is zero.
struct ruleset {
	uint64_t fs, net, scoped;
};

struct net_rule {
	uint64_t allowed, port;
};

// What libraries read whoever uses them: none of it is a secret.
static const char *const common[] = {"/dev/null", "/dev/urandom", "/etc/localtime", "/usr/share/zoneinfo", "/etc/ssl/openssl.cnf"};

static uint64_t known_fs(int abi)
{
	uint64_t known = (UINT64_C(1) << 13) - 1; // ABI 1: execute to make_sym
	if (abi >= ABI_REFER)
		known |= LANDLOCK_ACCESS_FS_REFER;
	if (abi >= ABI_TRUNCATE)
		known |= FS_TRUNCATE;
	if (abi >= ABI_IOCTL)
		known |= FS_IOCTL_DEV;
	return known;
}

// The supervisor's signals and the service manager's abstract socket stay in reach; so does the network, which scout and courier
// need. Courier's metrics listen already.
static struct ruleset handled(const struct rights_config *c, int abi)
{
	struct ruleset r = {.fs = known_fs(abi)};
	if (c->profile == RIGHTS_SUPERVISOR)
		return r;
	bool connects = c->profile == RIGHTS_SCOUT || c->profile == RIGHTS_COURIER;
	if (abi >= ABI_NET)
		r.net = (c->profile == RIGHTS_SCOUT ? 0 : NET_BIND_TCP) | (connects && c->n_tcp_ports == 0 ? 0 : NET_CONNECT_TCP);
	if (abi >= ABI_SCOPE)
		r.scoped = SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL;
	return r;
}

// ---- rules -------------------------------------------------------------------------------------------------------

static int allow_path(struct rights_landlock *l, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = {.parent_fd = open(path, O_PATH | O_CLOEXEC)};
	struct stat st;
	if (rule.parent_fd < 0)
		return -errno;
	int rc = fstat(rule.parent_fd, &st) < 0 ? -errno : 0;
	rule.allowed_access = access & known_fs(l->abi) & (S_ISDIR(st.st_mode) ? ~UINT64_C(0) : OF_FILES);
	if (rc == 0 && syscall(SYS_landlock_add_rule, l->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		rc = -errno;
	close(rule.parent_fd);
	return rc;
}

static int allow_ports(struct rights_landlock *l, const struct rights_config *c)
{
	for (size_t i = 0; i < c->n_tcp_ports && l->abi >= ABI_NET; i++) {
		const struct net_rule rule = {.allowed = NET_CONNECT_TCP, .port = c->tcp_ports[i]};
		if (syscall(SYS_landlock_add_rule, l->fd, RULE_NET_PORT, &rule, 0) < 0)
			return -errno;
	}
	return 0;
}

// What may be read and is not there will not be read.
static int allow_reading(struct rights_landlock *l, const struct rights_config *c, char why[static RIGHTS_WORDS])
{
	bool all = c->profile == RIGHTS_SUPERVISOR;
	int rc = all ? allow_path(l, "/", c->n_write_dirs > 0 ? READ | FS_IOCTL_DEV : ~(uint64_t)NOBODY) : 0;
	for (size_t i = 0; rc == 0 && i < c->n_read_paths; i++) {
		rc = allow_path(l, c->read_paths[i], READ);
		l->n_paths += rc == 0;
		if (rc == -ENOENT || rc == -ENOTDIR)
			rc = 0;
		if (rc < 0)
			snprintf(why, RIGHTS_WORDS, "%.120s: %s", c->read_paths[i], strerror(-rc));
	}
	bool none = all || (c->profile == RIGHTS_WATCH && !c->kernel_card);
	for (size_t i = 0; rc == 0 && !none && i < sizeof common / sizeof common[0]; i++)
		(void)allow_path(l, common[i], READ);
	return rc;
}

static int allow_writing(struct rights_landlock *l, const struct rights_config *c, char why[static RIGHTS_WORDS])
{
	int rc = 0;
	if (c->profile == RIGHTS_WATCH && c->n_write_dirs > 0)
		rc = -EINVAL;
	for (size_t i = 0; rc == 0 && i < c->n_write_dirs; i++) {
		rc = allow_path(l, c->write_dirs[i], c->profile == RIGHTS_SUPERVISOR ? ~(uint64_t)NOBODY : WRITE);
		l->n_dirs += rc == 0;
		if (rc < 0)
			snprintf(why, RIGHTS_WORDS, "%.120s: %s", c->write_dirs[i], strerror(-rc));
	}
	return rc;
}

// ---- from outside ------------------------------------------------------------------------------------------------

static size_t attr_len(int abi)
{
	return abi >= ABI_SCOPE ? sizeof(struct ruleset) : abi >= ABI_NET ? offsetof(struct ruleset, scoped) : offsetof(struct ruleset, net);
}

int rights_landlock_open(struct rights_landlock *l, const struct rights_config *c, char why[static RIGHTS_WORDS])
{
	*l = (struct rights_landlock){.fd = -1};
	if (c->profile == RIGHTS_WATCH && c->n_read_paths > 0 && !c->kernel_card)
		return -EINVAL;
	l->abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (l->abi < 1) {
		l->abi = 0;
		return 0;
	}
	const struct ruleset r = handled(c, l->abi);
	l->fd = (int)syscall(SYS_landlock_create_ruleset, &r, attr_len(l->abi), 0);
	int rc = l->fd < 0 ? -errno : 0;
	if (rc < 0)
		snprintf(why, RIGHTS_WORDS, "landlock: %s", strerror(-rc));
	if (rc == 0)
		rc = allow_writing(l, c, why);
	if (rc == 0)
		rc = allow_reading(l, c, why);
	if (rc == 0)
		rc = allow_ports(l, c);
	if (rc < 0)
		rights_landlock_close(l);
	return rc;
}

int rights_landlock_apply(struct rights_landlock *l, char why[static RIGHTS_WORDS])
{
	if (l->fd < 0)
		return 0;
	int rc = syscall(SYS_landlock_restrict_self, l->fd, 0) < 0 ? -errno : 0;
	if (rc < 0)
		snprintf(why, RIGHTS_WORDS, "landlock: %s", strerror(-rc));
	return rc;
}

void rights_landlock_close(struct rights_landlock *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

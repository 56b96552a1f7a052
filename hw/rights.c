// The order of giving up: who we are, what root's rights we have, that there will never be more, which files, which calls.
#include "hw/rights.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cap-ng.h>

#include "hw/rights_private.h"

#if RIGHTS_SANITIZED
// The leak checker looks at a process from another one when it exits. Where rights were given up it cannot, and asks us here.
static bool given_up;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return given_up;
}
#endif

// ---- words -------------------------------------------------------------------------------------------------------

static __attribute__((format(printf, 2, 3))) void say(char words[static RIGHTS_WORDS], const char *format, ...)
{
	size_t used = strlen(words);
	va_list args;
	va_start(args, format);
	vsnprintf(words + used, RIGHTS_WORDS - used, format, args);
	va_end(args);
}

static const char *plural(size_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

static void say_user(char words[static RIGHTS_WORDS])
{
	const struct passwd *p = getpwuid(geteuid());
	if (p != NULL)
		say(words, "user %.32s", p->pw_name);
	else
		say(words, "uid %u", (unsigned)geteuid());
}

static void say_caps(char words[static RIGHTS_WORDS])
{
	const char *sep = " ";
	if (capng_have_capabilities(CAPNG_SELECT_CAPS) <= CAPNG_NONE) {
		say(words, "; no capabilities");
		return;
	}
	say(words, "; only");
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++) {
		if (!capng_have_capability(CAPNG_PERMITTED, i))
			continue;
		say(words, "%s%s", sep, capng_capability_to_name(i));
		sep = ", ";
	}
}

static void say_calls(char words[static RIGHTS_WORDS], const struct rights_config *c, int n)
{
	if (n == -ENOSYS)
		say(words, "; no seccomp in this kernel");
	else if (c->profile == RIGHTS_SUPERVISOR)
		say(words, "; %d system calls forbidden", n);
	else
		say(words, "; %d system calls%s", n, c->lenient ? ", others refused" : ", any other ends it");
	if (RIGHTS_SANITIZED)
		say(words, " (more for the sanitizer)");
}

static void say_files(char words[static RIGHTS_WORDS], const struct rights_config *c, const struct rights_landlock *l)
{
	if (l->abi == 0) {
		say(words, "; no landlock in this kernel");
		return;
	}
	say(words, "; landlock %d: ", l->abi);
	if (c->profile == RIGHTS_SUPERVISOR && c->n_write_dirs == 0)
		say(words, "nothing is executed");
	else if (l->n_dirs + l->n_paths == 0)
		say(words, "no file");
	else
		say(words, "write %zu %s, read %zu %s", l->n_dirs, plural(l->n_dirs, "directory", "directories"), l->n_paths,
			plural(l->n_paths, "path", "paths"));
}

// ---- user and capabilities ---------------------------------------------------------------------------------------

// 0 and who to become; `p` NULL: nobody else. Before files are out of reach.
static int find_user(const char *name, const struct passwd **p, char why[static RIGHTS_WORDS])
{
	*p = NULL;
	if (name == NULL || geteuid() != 0)
		return 0;
	errno = 0;
	*p = getpwnam(name);
	if (*p != NULL)
		return 0;
	snprintf(why, RIGHTS_WORDS, "there is no user %.64s", name);
	return errno != 0 ? -errno : -ENOENT;
}

static void choose_caps(uint64_t keep)
{
	bool have[64] = {false};
	capng_get_caps_process();
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++)
		have[i] = (keep >> i & 1) && capng_have_capability(CAPNG_PERMITTED, i);
	capng_clear(CAPNG_SELECT_ALL);
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++)
		if (have[i])
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET, i);
}

static int become(const struct passwd *p, uint64_t keep)
{
	bool may_bound = (capng_get_caps_process(), capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0);
	choose_caps(keep);
	if (p != NULL)
		return capng_change_id((int)p->pw_uid, (int)p->pw_gid, CAPNG_INIT_SUPP_GRP | (may_bound ? CAPNG_CLEAR_BOUNDING : 0));
	// Without CAP_SETPCAP the bounding set stays; with no-new-privs nothing can be gained from it.
	return capng_apply(may_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS);
}

// Not what was asked for counts, but what the kernel says.
static int verify(const struct passwd *p, uint64_t keep, char why[static RIGHTS_WORDS])
{
	uid_t r, e, s;
	gid_t rg, eg, sg;
	bool right = getresuid(&r, &e, &s) == 0 && getresgid(&rg, &eg, &sg) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
	if (p != NULL)
		right &= r == p->pw_uid && e == p->pw_uid && s == p->pw_uid && rg == p->pw_gid && eg == p->pw_gid && sg == p->pw_gid;
	right &= capng_get_caps_process() == 0;
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++)
		right &= (keep >> i & 1) || !(capng_have_capability(CAPNG_PERMITTED, i) || capng_have_capability(CAPNG_INHERITABLE, i));
	if (!right)
		snprintf(why, RIGHTS_WORDS, "rights are still there after they were given up");
	return right ? 0 : -EPERM;
}

static int give_up_root(const struct rights_config *c, char why[static RIGHTS_WORDS])
{
	const struct passwd *p;
	int rc = find_user(c->user, &p, why);
	if (rc < 0)
		return rc;
	errno = 0;
	if (become(p, c->keep_caps) != 0) {
		snprintf(why, RIGHTS_WORDS, "cannot become %.64s without root's rights: %s", p != NULL ? p->pw_name : "a process",
			strerror(errno));
		return -EPERM;
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		snprintf(why, RIGHTS_WORDS, "no-new-privs: %s", strerror(errno));
		return -errno;
	}
	// What is in memory (mail in clear, keys) is nobody's: no core file, no debugger of the same user. The supervisor has none of
	// it, and its children must be able to see themselves in /proc when they begin.
	prctl(PR_SET_DUMPABLE, c->profile == RIGHTS_SUPERVISOR, 0, 0, 0);
	return verify(p, c->keep_caps, why);
}

int rights_drop(const struct rights_config *c, char words[static RIGHTS_WORDS], char why[static RIGHTS_WORDS])
{
	struct rights_landlock l;
	words[0] = why[0] = '\0';
	if ((unsigned)c->profile >= RIGHTS_PROFILES || c->n_write_dirs > RIGHTS_PATHS_MAX || c->n_read_paths > RIGHTS_PATHS_MAX ||
		c->n_tcp_ports > RIGHTS_PORTS_MAX) {
		snprintf(why, RIGHTS_WORDS, "more paths or ports than fit");
		return -EINVAL;
	}
	int rc = rights_landlock_open(&l, c, why);
	if (rc < 0)
		return rc;
	rc = give_up_root(c, why);
	if (rc == 0) {
		say_user(words);
		say_caps(words);
		rc = rights_landlock_apply(&l, why);
	}
	rights_landlock_close(&l);
	if (rc < 0)
		return rc;
#if RIGHTS_SANITIZED
	given_up = true;
#endif
	int calls = rights_seccomp(c, why);
	if (calls < 0 && calls != -ENOSYS)
		return calls;
	say_calls(words, c, calls);
	say_files(words, c, &l);
	return 0;
}

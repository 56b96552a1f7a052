// What the kernel allows, and what it can take away.
#include <errno.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/doctor.h"

// Root has everything; anybody else needs CAP_NET_RAW to receive what is not for this machine.
void doctor_rights(struct doctor *d)
{
	uint64_t caps = 0;
	if (!doctor_field(d, &caps, "/proc/self/status", "CapEff", 16)) {
		doctor_say(d, DOCTOR_SKIP, "/proc is not there: rights are not known");
	} else if (doctor_count_interfaces(d) == 0) {
		doctor_say(d, DOCTOR_PASS, "no interface of the kernel is listened to");
	} else if (caps >> CAP_NET_RAW & 1) {
		doctor_say(d, DOCTOR_PASS, "interfaces of the kernel may be listened to");
	} else {
		doctor_say(d, DOCTOR_FAIL, "no right to listen to interfaces (CAP_NET_RAW)");
		doctor_repair(d, "start it as root (it becomes sensor.user), or setcap cap_net_raw+ep \"$(command -v postwacht)\"");
	}
}

void doctor_landlock(struct doctor *d)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi >= 1) {
		doctor_say(d, DOCTOR_PASS, "Landlock, ABI %ld: processes reach only their own files", abi);
		return;
	}
	doctor_say(d, DOCTOR_WARN, "no Landlock (%s): a process that is taken over reaches all files of its user", strerror(errno));
	doctor_repair(d, errno == EOPNOTSUPP ? "lsm=landlock,... first on the kernel's command line, then start anew" :
		"a kernel of 5.13 or newer, with CONFIG_SECURITY_LANDLOCK");
}

void doctor_seccomp(struct doctor *d)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0) {
		doctor_say(d, DOCTOR_PASS, "seccomp: a forbidden system call ends its process");
		return;
	}
	doctor_say(d, DOCTOR_WARN, "no seccomp (%s): a process that is taken over may use every system call", strerror(errno));
	doctor_repair(d, "a kernel of 4.14 or newer, with CONFIG_SECCOMP_FILTER");
}

void doctor_unit(struct doctor *d)
{
	static const char *const places[] = {"/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
		"/usr/lib/systemd/system", "/lib/systemd/system"};
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		if (!doctor_exists(d, "%s/postwacht.service", places[i]))
			continue;
		doctor_say(d, DOCTOR_PASS, "%s/postwacht.service is installed", places[i]);
		return;
	}
	doctor_say(d, DOCTOR_SKIP, "no systemd unit is installed; meson install brings one");
}

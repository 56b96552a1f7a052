// The clock: records are compared with other machines' logs by their times.
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>

#include "cli/doctor.h"

enum { ERROR_MAX_MS = 100 }; // as the supervisor has it

static void synced(struct doctor *d)
{
	struct timex t = {.modes = 0};
	int rc = adjtimex(&t);
	if (rc < 0) {
		doctor_say(d, DOCTOR_SKIP, "the kernel does not say how good the clock is");
	} else if (rc == TIME_ERROR || (t.status & STA_UNSYNC)) {
		doctor_say(d, DOCTOR_WARN, "the clock is not synchronised: times in records may be wrong");
		doctor_repair(d, "apt install chrony (or: timedatectl set-ntp true), then chronyc waitsync");
	} else if (t.esterror > ERROR_MAX_MS * 1000L) {
		doctor_say(d, DOCTOR_WARN, "the clock may be wrong by %ld ms", t.esterror / 1000);
		doctor_repair(d, "chronyc sources -v, for a nearer time server");
	} else {
		doctor_say(d, DOCTOR_PASS, "the clock is synchronised, estimated error %.3f ms", (double)t.esterror / 1000);
	}
}

// Others cost a call into the kernel, or into what the machine runs on, each time they are read.
static void source(struct doctor *d)
{
	char name[32];
	if (!doctor_line(d, name, sizeof name, "/sys/devices/system/clocksource/clocksource0/current_clocksource") || name[0] == '\0') {
		doctor_say(d, DOCTOR_SKIP, "the kernel does not say where it has its time from");
	} else if (strcmp(name, "tsc") == 0 || strcmp(name, "arch_sys_counter") == 0 || strcmp(name, "kvm-clock") == 0 ||
		strstr(name, "tsc") != NULL) {
		doctor_say(d, DOCTOR_PASS, "time comes from %s, which is quick to read", name);
	} else {
		doctor_say(d, DOCTOR_WARN, "time comes from %s, which is slow to read", name);
		doctor_repair(d, "dmesg | grep -i tsc, for why; where the machine's is sound: tsc=reliable on the kernel's command line");
	}
}

void doctor_clock(struct doctor *d)
{
	synced(d);
	source(d);
}

// Memory, limits and cores: whether what is configured fits this machine.
#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "alerts/peer.h"
#include "cli/board.h"
#include "cli/doctor.h"
#include "cli/figures.h"

enum {
	FLOW_OCTETS = 192,         // hot and cold line and its share of the index (dissect/flow/flow.h)
	CONN_OCTETS = 1024,        // of a worker, beside its facts
	CARD_OCTETS = 64 << 20,    // buffers of a card: rings of some thousand packets of 2 KiB
	FILES_LEAST = 256,         // rings, sockets, outputs, evidence, and what libraries open
	HUGE_LEAST_MIB = 256,      // for the first card's buffers and DPDK itself
};

static uint64_t wanted(const struct config *c, size_t cards)
{
	uint64_t sessions = c->sessions_max * (uint64_t)(CONN_OCTETS + 2 * sizeof(struct facts) + sizeof(struct peer));
	uint64_t mib = c->reassembly_mib + (uint64_t)c->workers * (c->ring_mib + c->lane_mib) + (c->evidence ? c->evidence_memory_mib : 0);
	return (uint64_t)c->flows_max * FLOW_OCTETS + sessions + (mib << 20) + BOARD_RECORDS_LEN + cards * CARD_OCTETS;
}

void doctor_memory(struct doctor *d)
{
	char need[FIGURE_LEN], have[FIGURE_LEN];
	uint64_t available_kib, octets = wanted(d->config, doctor_count_pci(d));
	figure_octets(need, octets);
	if (!doctor_field(d, &available_kib, "/proc/meminfo", "MemAvailable", 10)) {
		doctor_say(d, DOCTOR_SKIP, "/proc/meminfo does not say what is available; the sensor may take %s", need);
		return;
	}
	figure_octets(have, available_kib << 10);
	enum doctor_verdict v = octets > available_kib << 10 ? DOCTOR_FAIL : octets > (available_kib << 10) / 5 * 4 ? DOCTOR_WARN : DOCTOR_PASS;
	doctor_say(d, v, "the sensor may come to take %s, %s are available", need, have);
	if (v != DOCTOR_PASS)
		doctor_repair(d, "memory: {flows_max: %u, sessions_max: %u}, or more memory", d->config->flows_max / 2,
			d->config->sessions_max / 2);
}

// ---- huge pages --------------------------------------------------------------------------------------------------

struct huge {
	uint64_t total, free, free_mib;
	char words[128]; // "12 of 16 of 2048 kB free"
};

static void read_sizes(const struct doctor *d, struct huge *h)
{
	char path[DOCTOR_PATH];
	doctor_path(d, path, "/sys/kernel/mm/hugepages");
	DIR *dir = opendir(path);
	const struct dirent *e;
	*h = (struct huge){.total = 0};
	while (dir != NULL && (e = readdir(dir)) != NULL) {
		unsigned long kib;
		uint64_t total, free;
		if (sscanf(e->d_name, "hugepages-%lukB", &kib) != 1)
			continue;
		doctor_number(d, &total, "/sys/kernel/mm/hugepages/%s/nr_hugepages", e->d_name);
		doctor_number(d, &free, "/sys/kernel/mm/hugepages/%s/free_hugepages", e->d_name);
		if (total == 0)
			continue;
		size_t used = strlen(h->words);
		snprintf(h->words + used, sizeof h->words - used, "%s%llu of %llu of %lu MiB free", used > 0 ? ", " : "", (unsigned long long)free,
			(unsigned long long)total, kib >> 10);
		h->total += total;
		h->free += free;
		h->free_mib += free * kib >> 10;
	}
	if (dir != NULL)
		closedir(dir);
}

static bool is_mounted(const struct doctor *d)
{
	char path[DOCTOR_PATH], line[512];
	bool found = false;
	doctor_path(d, path, "/proc/mounts");
	FILE *f = fopen(path, "re");
	while (f != NULL && !found && fgets(line, sizeof line, f) != NULL)
		found = strstr(line, " hugetlbfs ") != NULL;
	if (f != NULL)
		fclose(f);
	return found;
}

// Ordinary memory will do, but each miss of the TLB costs: a warning, since the sensor works.
void doctor_hugepages(struct doctor *d)
{
	struct huge h;
	size_t cards = doctor_count_pci(d);
	read_sizes(d, &h);
	if (cards == 0) {
		doctor_say(d, DOCTOR_SKIP, "no port is a card bound to DPDK%s%s", h.total > 0 ? "; there are huge pages: " : "", h.words);
	} else if (!d->config->hugepages) {
		doctor_say(d, DOCTOR_WARN, "capture.hugepages is off: DPDK takes ordinary memory, and is slower");
		doctor_repair(d, "capture: {hugepages: on}");
	} else if (h.free_mib < HUGE_LEAST_MIB * cards) {
		doctor_say(d, DOCTOR_WARN, "%s; %llu MiB free are wanted for %zu card%s: DPDK will take ordinary memory, and be slower",
			h.total > 0 ? h.words : "there are no huge pages", (unsigned long long)(HUGE_LEAST_MIB * cards), cards, cards == 1 ? "" : "s");
		doctor_repair(d, "dpdk-hugepages.py -p 2M --setup %zuM; at each start: vm.nr_hugepages=%zu in /etc/sysctl.d/80-postwacht.conf",
			2 * HUGE_LEAST_MIB * cards, HUGE_LEAST_MIB * cards);
	} else if (!is_mounted(d)) {
		doctor_say(d, DOCTOR_WARN, "%s, but hugetlbfs is mounted nowhere", h.words);
		doctor_repair(d, "mkdir -p /dev/hugepages && mount -t hugetlbfs nodev /dev/hugepages");
	} else {
		doctor_say(d, DOCTOR_PASS, "%s", h.words);
	}
}

// ---- limits ------------------------------------------------------------------------------------------------------

// Those of the process that asks: the service's stand in its unit.
void doctor_limits(struct doctor *d)
{
	struct rlimit files, lock;
	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || getrlimit(RLIMIT_MEMLOCK, &lock) < 0) {
		doctor_say(d, DOCTOR_SKIP, "limits are not known");
		return;
	}
	if (files.rlim_cur < FILES_LEAST) {
		doctor_say(d, DOCTOR_WARN, "only %llu files may be open at once", (unsigned long long)files.rlim_cur);
		doctor_repair(d, "ulimit -n 1024; in the unit: LimitNOFILE=1024");
	} else if (doctor_count_pci(d) > 0 && geteuid() != 0 && lock.rlim_cur != RLIM_INFINITY) {
		doctor_say(d, DOCTOR_WARN, "only %llu KiB may be locked, and vfio locks all memory that a card writes to",
			(unsigned long long)(lock.rlim_cur >> 10));
		doctor_repair(d, "ulimit -l unlimited; in the unit: LimitMEMLOCK=infinity");
	} else {
		doctor_say(d, DOCTOR_PASS, "files and locked memory suffice");
	}
}

// ---- cores -------------------------------------------------------------------------------------------------------

static int cores(void)
{
	cpu_set_t set;
	return sched_getaffinity(0, sizeof set, &set) < 0 ? 1 : CPU_COUNT(&set);
}

void doctor_cores(struct doctor *d)
{
	char isolated[128], also[160] = "";
	int n = cores();
	doctor_line(d, isolated, sizeof isolated, "/sys/devices/system/cpu/isolated");
	if (isolated[0] != '\0')
		snprintf(also, sizeof also, "; isolated from others: %s", isolated);
	uint32_t workers = d->config->workers;
	if (workers > (uint32_t)n) {
		doctor_say(d, DOCTOR_FAIL, "%u workers for %d core%s%s: they take turns, and packets are lost", workers, n, n == 1 ? "" : "s",
			also);
		doctor_repair(d, "capture: {workers: %d}", n > 1 ? n - 1 : 1);
	} else if (workers == (uint32_t)n && n > 1) {
		doctor_say(d, DOCTOR_WARN, "%u workers for %d cores%s: none is left for the judge and the rest of the machine", workers, n, also);
		doctor_repair(d, "capture: {workers: %d}", n - 1);
	} else {
		doctor_say(d, DOCTOR_PASS, "%u worker%s, %d core%s%s", workers, workers == 1 ? "" : "s", n, n == 1 ? "" : "s", also);
	}
}

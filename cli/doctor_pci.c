// Cards for DPDK: that they are there, that DPDK may have them, and that the sensor's user may, too.
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/doctor.h"

#define DEVICE "/sys/bus/pci/devices/%s"

static bool any_entry(const struct doctor *d, const char *directory)
{
	char path[DOCTOR_PATH];
	doctor_path(d, path, "%s", directory);
	DIR *dir = opendir(path);
	const struct dirent *e;
	bool any = false;
	while (dir != NULL && !any && (e = readdir(dir)) != NULL)
		any = e->d_name[0] != '.';
	if (dir != NULL)
		closedir(dir);
	return any;
}

// Cards of Mellanox stay with their kernel driver, which hands queues to DPDK: no vfio, no IOMMU.
static bool is_shared_driver(const char *driver)
{
	return strcmp(driver, "mlx5_core") == 0 || strcmp(driver, "mlx4_core") == 0 || strcmp(driver, "mana") == 0;
}

static size_t needs_vfio(const struct doctor *d)
{
	char address[16], driver[64];
	size_t n = 0;
	for (size_t t = 0; t < d->config->taps.n; t++) {
		for (size_t p = 0; p < d->config->taps.tap[t].n_ports; p++) {
			if (!doctor_port_pci(d->config->taps.tap[t].port[p], address))
				continue;
			doctor_link(d, driver, sizeof driver, DEVICE "/driver", address);
			n += !is_shared_driver(driver);
		}
	}
	return n;
}

static void vfio(struct doctor *d)
{
	if (doctor_exists(d, "/sys/bus/pci/drivers/vfio-pci")) {
		doctor_say(d, DOCTOR_PASS, "the kernel has vfio-pci");
		return;
	}
	doctor_say(d, DOCTOR_FAIL, "the driver vfio-pci is not loaded");
	doctor_repair(d, "modprobe vfio-pci && echo vfio-pci > /etc/modules-load.d/vfio-pci.conf");
}

void doctor_iommu(struct doctor *d)
{
	char unsafe[8];
	if (needs_vfio(d) == 0) {
		doctor_say(d, DOCTOR_SKIP, "no card needs vfio");
		return;
	}
	vfio(d);
	doctor_line(d, unsafe, sizeof unsafe, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
	if (any_entry(d, "/sys/kernel/iommu_groups")) {
		doctor_say(d, DOCTOR_PASS, "the IOMMU is on: a card can write only where it should");
	} else if (unsafe[0] == 'Y') {
		doctor_say(d, DOCTOR_WARN, "there is no IOMMU; vfio works without (unsafe): a card can write anywhere in memory");
		doctor_repair(d, "intel_iommu=on iommu=pt on the kernel's command line (AMD: switch it on in the firmware), then start anew");
	} else {
		doctor_say(d, DOCTOR_FAIL, "there is no IOMMU, so vfio-pci takes no card");
		doctor_repair(d, "intel_iommu=on iommu=pt on the kernel's command line (AMD: in the firmware), then start anew; a machine without, "
			"unsafe: echo Y > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode");
	}
}

// ---- one card ----------------------------------------------------------------------------------------------------

// Of the same IOMMU group, and with a driver of the kernel: then vfio gives none of the group to anybody. Bridges do not count.
static bool group_is_shared(const struct doctor *d, const char *address, char other[static 16], char other_driver[static 64])
{
	char path[DOCTOR_PATH], class[16];
	doctor_path(d, path, DEVICE "/iommu_group/devices", address);
	DIR *dir = opendir(path);
	const struct dirent *e;
	bool found = false;
	while (dir != NULL && !found && (e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' || strcmp(e->d_name, address) == 0 || strlen(e->d_name) >= 16)
			continue;
		doctor_line(d, class, sizeof class, DEVICE "/class", e->d_name);
		bool has = doctor_link(d, other_driver, 64, DEVICE "/driver", e->d_name);
		found = has && strncmp(other_driver, "vfio", 4) != 0 && strcmp(other_driver, "pci-stub") != 0 && strncmp(class, "0x0604", 6) != 0;
		snprintf(other, 16, "%.15s", e->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

// A watch that is started again opens the card as the sensor's user.
static void group_file(struct doctor *d, const char *address)
{
	char group[32], path[DOCTOR_PATH];
	struct stat st;
	if (d->user.root || !doctor_link(d, group, sizeof group, DEVICE "/iommu_group", address))
		return;
	doctor_path(d, path, "/dev/vfio/%s", group);
	if (stat(path, &st) == 0 && doctor_user_may(&d->user, st.st_uid, st.st_gid, st.st_mode, R_OK | W_OK))
		return;
	doctor_say(d, DOCTOR_WARN, "%s: user %s may not open /dev/vfio/%s, so a watch that dies cannot come back", address, d->user.name,
		group);
	doctor_repair(d, "echo 'SUBSYSTEM==\"vfio\", GROUP=\"%s\", MODE=\"0660\"' > /etc/udev/rules.d/90-postwacht.rules && "
		"udevadm control --reload && udevadm trigger -s vfio", d->user.name);
}

// 0-3,8: how many.
static unsigned count_cores(const char *list)
{
	unsigned n = 0;
	while (*list != '\0') {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;
		if (end == list)
			break;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last >= first && last - first < 65536)
			n += (unsigned)(last - first) + 1;
		list = end + strspn(end, ",");
	}
	return n;
}

static void node(struct doctor *d, const char *address)
{
	uint64_t number;
	char list[256];
	// -1, and so no number: the machine has one node, or does not say.
	if (!doctor_number(d, &number, DEVICE "/numa_node", address) ||
		!doctor_line(d, list, sizeof list, "/sys/devices/system/node/node%llu/cpulist", (unsigned long long)number))
		return;
	unsigned n = count_cores(list);
	if (d->config->workers <= n)
		return;
	doctor_say(d, DOCTOR_WARN, "%s is on NUMA node %llu, which has %u cores (%.64s) for %u workers: some reach across", address,
		(unsigned long long)number, n, list, d->config->workers);
	doctor_repair(d, "capture: {workers: %u}, or put the card into a slot of a node with more cores", n > 0 ? n : 1);
}

static void bound(struct doctor *d, const char *address, const char *driver)
{
	char other[16], other_driver[64];
	if (group_is_shared(d, address, other, other_driver)) {
		doctor_say(d, DOCTOR_FAIL, "%s shares its IOMMU group with %s, which the driver %s has: vfio gives neither away", address, other,
			other_driver);
		doctor_repair(d, "dpdk-devbind.py -b vfio-pci %s, if nothing else needs that device", other);
		return;
	}
	doctor_say(d, DOCTOR_PASS, "%s is bound to %s", address, driver);
	group_file(d, address);
}

static void card(struct doctor *d, const char *port)
{
	char address[16], driver[64], class[16];
	if (!doctor_port_pci(port, address))
		return;
	if (!doctor_exists(d, DEVICE, address)) {
		doctor_say(d, DOCTOR_FAIL, "there is no device %s", address);
		doctor_repair(d, "dpdk-devbind.py --status-dev net, for those that there are; then taps: [{ports: [...]}]");
		return;
	}
	doctor_line(d, class, sizeof class, DEVICE "/class", address);
	if (strncmp(class, "0x02", 4) != 0) {
		doctor_say(d, DOCTOR_FAIL, "%s is no network card (class %s)", address, class);
		doctor_repair(d, "dpdk-devbind.py --status-dev net, for those that there are; then taps: [{ports: [...]}]");
		return;
	}
	bool has = doctor_link(d, driver, sizeof driver, DEVICE "/driver", address);
	if (has && strcmp(driver, "vfio-pci") == 0) {
		bound(d, address, driver);
	} else if (has && is_shared_driver(driver)) {
		doctor_say(d, DOCTOR_PASS, "%s stays with %s, which DPDK shares", address, driver);
	} else if (has && (strcmp(driver, "igb_uio") == 0 || strcmp(driver, "uio_pci_generic") == 0)) {
		doctor_say(d, DOCTOR_WARN, "%s is bound to %s: no IOMMU keeps it in bounds, and only root can use it", address, driver);
		doctor_repair(d, "dpdk-devbind.py -b vfio-pci %s; for good: driverctl set-override %s vfio-pci", address, address);
	} else {
		doctor_say(d, DOCTOR_FAIL, "%s is bound to %s, not to DPDK", address, has ? driver : "no driver");
		doctor_repair(d, "dpdk-devbind.py -b vfio-pci %s; for good: driverctl set-override %s vfio-pci", address, address);
	}
	node(d, address);
}

void doctor_cards(struct doctor *d)
{
	if (doctor_count_pci(d) == 0)
		doctor_say(d, DOCTOR_SKIP, "no port is a card bound to DPDK");
	else
		doctor_each_port(d, card);
}

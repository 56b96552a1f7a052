// Attaching a device. The words are the point: a card that is bound to the kernel is what everybody meets first.
#include "hw/dpdk/attach.h"

#include <rte_dev.h>
#include <rte_ethdev.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hw/dpdk/no_transmit.h"

// The kernel's driver of a PCI device ("" none), and whether it is a network card. False when there is no such device.
static bool pci_look(const char *address, char driver[static 32], bool *network)
{
	char path[128], target[256];
	unsigned class = 0;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.32s/class", address);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	*network = fscanf(f, "%x", &class) == 1 && class >> 16 == 0x02;
	fclose(f);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.32s/driver", address);
	ssize_t len = readlink(path, target, sizeof(target) - 1);
	driver[0] = '\0';
	if (len > 0) {
		target[len] = '\0';
		const char *slash = strrchr(target, '/');
		snprintf(driver, 32, "%.31s", slash ? slash + 1 : target);
	}
	return true;
}

static void pci_refused(const char *label, const char *device, const char *said, char why[static DPDK_WHY])
{
	char driver[32];
	bool ours = false, network;
	if (!pci_look(device, driver, &network)) {
		snprintf(why, DPDK_WHY, "%.64s: there is no PCI device %.32s; dpdk-devbind.py --status lists them", label, device);
		return;
	}
	if (!network) {
		snprintf(why, DPDK_WHY, "%.64s: PCI device %.32s is no network card; dpdk-devbind.py --status lists those", label, device);
		return;
	}
	static const char *const drivers[] = {"vfio-pci", "igb_uio", "uio_pci_generic", "mlx5_core", "mlx4_core"};
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		ours = ours || strcmp(driver, drivers[i]) == 0;
	if (ours)
		snprintf(why, DPDK_WHY, "%.64s: DPDK cannot use it (%s): %.100s", label, driver,
			said[0] ? said : "none of its drivers knows this card");
	else
		snprintf(why, DPDK_WHY, "%.64s: it belongs to %s%s, not to DPDK; dpdk-devbind.py --bind=vfio-pci %.32s (its link then leaves "
			"the kernel)", label, driver[0] ? "the kernel's driver " : "no driver", driver, device);
}

static void refused(const char *label, const char *bus, const char *device, const char *said, char why[static DPDK_WHY])
{
	if (strcmp(bus, "pci") == 0)
		pci_refused(label, device, said, why);
	else if (!said[0] || strstr(said, "failed to parse device")) // no driver of that name
		snprintf(why, DPDK_WHY, "%.96s: DPDK has no driver for %.32s; the names of devices begin with a driver's: net_pcap0, net_null0",
			label, device);
	else
		snprintf(why, DPDK_WHY, "%.96s: DPDK says: %.120s", label, said);
}

// The first port of a device. A card with several is told apart by nobody so far.
static bool find(const char *device, uint16_t *number)
{
	uint16_t i;
	RTE_ETH_FOREACH_DEV(i) {
		struct rte_eth_dev_info info;
		if (rte_eth_dev_info_get(i, &info) == 0 && info.device && strcmp(rte_dev_name(info.device), device) == 0) {
			*number = i;
			return true;
		}
	}
	return false;
}

int dpdk_attach(uint16_t *number, const char *label, const char *bus, const char *device, const char *args, char why[static DPDK_WHY])
{
	if (find(device, number)) {
		snprintf(why, DPDK_WHY, "%.96s: %.64s is in use already; give each port a name of its own", label, device);
		return -EEXIST;
	}
	dpdk_eal_listen_begin();
	int r = rte_eal_hotplug_add(bus, device, args);
	const char *said = dpdk_eal_listen_end();
	if (r != 0) {
		refused(label, bus, device, said, why);
		return -ENODEV;
	}
	if (!find(device, number)) {
		snprintf(why, DPDK_WHY, "%.96s: DPDK took it, but it has no network port", label);
		return -ENODEV;
	}
	return 0;
}

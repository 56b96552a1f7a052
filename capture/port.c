// Which kinds of live ports exist, and the calls of capture/port.h.
#include "capture/port.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

// A name that `takes` says yes to is opened by `open`, with its prefix.
struct port_kind {
	bool (*takes)(const char *name);
	int (*open)(struct port **out, const struct port_config *c, char why[static PORT_WHY]);
};

static bool begins(const char *name, const char *prefix)
{
	return strncmp(name, prefix, strlen(prefix)) == 0;
}

static bool takes_pcap(const char *name)
{
	return begins(name, "pcap:");
}

// "0000:81:00.0" or "81:00.0", as lspci writes them.
static bool is_pci_address(const char *name)
{
	static const char *const shapes[] = {"xxxx:xx:xx.x", "xx:xx.x"};
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const char *s = shapes[i], *n = name;
		while (*s && *n && (*s == 'x' ? strchr("0123456789abcdefABCDEF", *n) != NULL : *s == *n)) {
			s++;
			n++;
		}
		if (!*s && (!*n || *n == ',')) // arguments of the driver may follow
			return true;
	}
	return false;
}

static bool takes_dpdk(const char *name)
{
	return begins(name, "vdev:") || begins(name, "pci:") || is_pci_address(name);
}

static bool takes_all(const char *name)
{
	return true;
}

static int refuse(struct port **out, const struct port_config *c, char why[static PORT_WHY])
{
	if (begins(c->name, "file:"))
		snprintf(why, PORT_WHY, "%.64s is a file: `postwacht read` takes files; a port is pcap:eth1, 0000:81:00.0 or vdev:...", c->name);
	else
		snprintf(why, PORT_WHY, "no capture engine takes \"%.64s\": a port is pcap:eth1, 0000:81:00.0 or vdev:net_pcap0,...", c->name);
	return -ENODEV;
}

// Ordered: the first row that takes a name opens it. The refusing row stays last.
static const struct port_kind port_table[] = {
	{takes_pcap, pcap_port_open}, // an interface of the kernel, by libpcap
	{takes_dpdk, dpdk_port_open}, // a network card bound to DPDK, or a virtual device
	{takes_all, refuse},
};

int port_open(struct port **out, const struct port_config *c, char why[static PORT_WHY])
{
	*out = NULL;
	why[0] = '\0';
	for (size_t i = 0; i < sizeof(port_table) / sizeof(port_table[0]); i++) {
		if (port_table[i].takes(c->name))
			return port_table[i].open(out, c, why);
	}
	return -ENODEV;
}

void port_close(struct port **p)
{
	if (*p)
		(*p)->ops->close(*p);
	*p = NULL;
}

bool port_is_live(const struct port_about *a)
{
	return a->clock != PORT_CLOCK_CAPTURE;
}

const char *port_clock_name(uint8_t clock)
{
	static const char *const names[] = {
		[PORT_CLOCK_SYSTEM] = "system",
		[PORT_CLOCK_KERNEL] = "kernel",
		[PORT_CLOCK_HARDWARE] = "hardware",
		[PORT_CLOCK_CAPTURE] = "capture",
	};
	return clock < sizeof(names) / sizeof(names[0]) ? names[clock] : "unknown";
}

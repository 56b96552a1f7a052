// Interfaces of the kernel that are listened to: that packets come, that the kernel is silent on them, and that what is seen is
// what was on the wire. Asked with ioctl(), which speaks of our own network namespace; anybody may ask.
#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/doctor.h"

struct interface {
	char name[16];
	int socket;
	unsigned flags; // IFF_*
};

// False: it is not of the kernel, or not there.
static bool interface_open(struct interface *i, const char *port)
{
	struct ifreq r = {.ifr_flags = 0};
	if (!doctor_port_interface(port, i->name))
		return false;
	i->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", i->name);
	if (i->socket >= 0 && ioctl(i->socket, SIOCGIFFLAGS, &r) == 0) {
		i->flags = (unsigned short)r.ifr_flags;
		return true;
	}
	if (i->socket >= 0)
		close(i->socket);
	return false;
}

static void interface_close(struct interface *i)
{
	close(i->socket);
}

static bool ethtool(const struct interface *i, void *command)
{
	struct ifreq r = {.ifr_data = command};
	snprintf(r.ifr_name, sizeof r.ifr_name, "%s", i->name);
	return ioctl(i->socket, SIOCETHTOOL, &r) == 0;
}

static bool switched_on(const struct interface *i, uint32_t command, uint32_t bits)
{
	struct ethtool_value v = {.cmd = command};
	return ethtool(i, &v) && (v.data & bits) != 0;
}

static void each(struct doctor *d, void (*check)(struct doctor *d, const char *port))
{
	if (doctor_count_interfaces(d) == 0)
		doctor_say(d, DOCTOR_SKIP, "no interface of the kernel is listened to");
	else
		doctor_each_port(d, check);
}

// ---- packets come ------------------------------------------------------------------------------------------------

static void rings(struct doctor *d, const struct interface *i)
{
	struct ethtool_ringparam r = {.cmd = ETHTOOL_GRINGPARAM};
	if (!ethtool(i, &r) || r.rx_max_pending == 0 || r.rx_pending >= r.rx_max_pending)
		return;
	doctor_say(d, DOCTOR_WARN, "%s has a ring of %u packets of the %u it can have: bursts are lost earlier", i->name, r.rx_pending,
		r.rx_max_pending);
	doctor_repair(d, "ethtool -G %s rx %u", i->name, r.rx_max_pending);
}

static void comes(struct doctor *d, const char *port)
{
	struct interface i;
	char name[16];
	if (!doctor_port_interface(port, name))
		return;
	if (!interface_open(&i, port)) {
		doctor_say(d, DOCTOR_FAIL, "there is no interface %s", name);
		doctor_repair(d, "ip -br link, for those that there are; then taps: [{ports: [\"pcap:NAME\"]}]");
		return;
	}
	if (!(i.flags & IFF_UP)) {
		doctor_say(d, DOCTOR_FAIL, "%s is down", name);
		doctor_repair(d, "ip link set %s up", name);
	} else if (!(i.flags & IFF_RUNNING)) {
		doctor_say(d, DOCTOR_WARN, "%s has no link", name);
		doctor_repair(d, "ethtool %s; look at the fibre, at its other end, and at the tap's power", name);
	} else {
		doctor_say(d, DOCTOR_PASS, "%s is up and has a link", name);
	}
	rings(d, &i);
	interface_close(&i);
}

void doctor_interfaces(struct doctor *d)
{
	each(d, comes);
}

// ---- the kernel is silent ----------------------------------------------------------------------------------------

// One of its addresses, for people.
static bool has_address(const char *name, char out[static INET6_ADDRSTRLEN])
{
	struct ifaddrs *list;
	bool found = false;
	if (getifaddrs(&list) < 0)
		return false;
	for (const struct ifaddrs *a = list; a != NULL && !found; a = a->ifa_next) {
		if (a->ifa_addr == NULL || strcmp(a->ifa_name, name) != 0)
			continue;
		if (a->ifa_addr->sa_family == AF_INET)
			found = inet_ntop(AF_INET, &((const struct sockaddr_in *)a->ifa_addr)->sin_addr, out, INET6_ADDRSTRLEN) != NULL;
		else if (a->ifa_addr->sa_family == AF_INET6)
			found = inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a->ifa_addr)->sin6_addr, out, INET6_ADDRSTRLEN) != NULL;
	}
	freeifaddrs(list);
	return found;
}

static bool has_ip6(const struct doctor *d, const char *name)
{
	uint64_t off;
	return doctor_number(d, &off, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", name) && off == 0;
}

static void pauses(struct doctor *d, const struct interface *i)
{
	struct ethtool_pauseparam p = {.cmd = ETHTOOL_GPAUSEPARAM};
	if (!ethtool(i, &p) || !p.tx_pause)
		return;
	doctor_say(d, DOCTOR_WARN, "%s sends PAUSE frames when it has no room: on a tap that is a transmission", i->name);
	doctor_repair(d, "ethtool -A %s autoneg off rx off tx off", i->name);
}

// The sensor sends nothing, but the kernel does: it asks for neighbours and routers, and answers to ARP for any address of the
// machine on whatever interface the question comes.
static void is_silent(struct doctor *d, const char *port)
{
	struct interface i;
	char address[INET6_ADDRSTRLEN] = "";
	if (!interface_open(&i, port))
		return; // said
	bool addressed = has_address(i.name, address), arp = !(i.flags & IFF_NOARP), ip6 = has_ip6(d, i.name);
	if (i.flags & IFF_LOOPBACK) {
		doctor_say(d, DOCTOR_PASS, "%s is no link to anybody", i.name);
	} else if (addressed || arp || ip6) {
		doctor_say(d, DOCTOR_WARN, "the kernel sends on %s by itself: %s%s%s%s%s", i.name, addressed ? "address " : "", address,
			arp ? (addressed ? ", ARP on" : "ARP on") : "", ip6 ? (addressed || arp ? ", " : "") : "", ip6 ? "IPv6 on" : "");
		doctor_repair(d, "where it is a tap: %s%s%s%s%s%s%s%s", addressed ? "ip address flush dev " : "", addressed ? i.name : "",
			addressed && (arp || ip6) ? "; " : "", arp ? "ip link set " : "", arp ? i.name : "", arp ? " arp off" : "",
			arp && ip6 ? "; " : "", ip6 ? "sysctl -w net.ipv6.conf." : "");
		if (ip6) {
			size_t used = strlen(d->result[d->n_results - 1].repair);
			snprintf(d->result[d->n_results - 1].repair + used, DOCTOR_REPAIR - used, "%s.disable_ipv6=1", i.name);
		}
	} else {
		doctor_say(d, DOCTOR_PASS, "the kernel sends nothing on %s", i.name);
	}
	pauses(d, &i);
	interface_close(&i);
}

void doctor_silence(struct doctor *d)
{
	each(d, is_silent);
}

// ---- what is seen is what was on the wire ------------------------------------------------------------------------

// Merged packets are longer than any on the wire: counts and sizes are then the merger's, gaps are hidden, and what is longer
// than a port's buffer is cut.
static void is_unmerged(struct doctor *d, const char *port)
{
	struct interface i;
	if (!interface_open(&i, port))
		return;
	bool gro = switched_on(&i, ETHTOOL_GGRO, ~0U), lro = switched_on(&i, ETHTOOL_GFLAGS, ETH_FLAG_LRO);
	if (gro || lro) {
		doctor_say(d, DOCTOR_WARN, "%s merges packets before they are seen (%s): they are not what was on the wire", i.name,
			gro && lro ? "GRO, LRO" : gro ? "GRO" : "LRO");
		doctor_repair(d, "ethtool -K %s%s%s", i.name, gro ? " gro off" : "", lro ? " lro off" : "");
	} else {
		doctor_say(d, DOCTOR_PASS, "%s merges no packets", i.name);
	}
	interface_close(&i);
}

void doctor_offloads(struct doctor *d)
{
	each(d, is_unmerged);
}

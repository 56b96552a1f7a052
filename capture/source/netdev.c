// Reads counters of an interface again and again through descriptors that were opened once.
//
// What was sent must be right in any case, so it is taken from /proc/net/dev, which is that of the namespace we are in, and
// the link from a socket. /sys may be another namespace's: it is used only when it knows the interface by the same number.
#include "capture/source/netdev.h"

#include <assert.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { TEXT_LEN = 64, LINES_LEN = 4096 };

// ---- small files of sysfs ------------------------------------------------------------------------------------

// The file's text without its line end; false when it cannot be read.
static bool text_of(int fd, char out[static TEXT_LEN])
{
	ssize_t n = fd < 0 ? -1 : pread(fd, out, TEXT_LEN - 1, 0);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	return n > 0;
}

static uint64_t number_of(int fd)
{
	char text[TEXT_LEN];
	return text_of(fd, text) && text[0] != '-' ? strtoull(text, NULL, 10) : 0; // an unknown speed is -1
}

static int open_below(const char *interface, const char *file)
{
	char path[128];
	snprintf(path, sizeof(path), "/sys/class/net/%s/%s", interface, file);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static bool sysfs_is_ours(const char *interface)
{
	int fd = open_below(interface, "ifindex");
	uint64_t index = number_of(fd);
	if (fd >= 0)
		close(fd);
	return index != 0 && index == if_nametoindex(interface);
}

// ---- /proc/net/dev -------------------------------------------------------------------------------------------

// "  eth0: octets packets errs drop fifo frame compressed multicast octets packets errs ...", first those received.
static bool take_line(const struct netdev *d, const char *line, struct netdev_counts *out)
{
	line += strspn(line, " ");
	size_t len = strlen(d->name);
	if (strncmp(line, d->name, len) != 0 || line[len] != ':')
		return false;
	uint64_t n[11] = {0};
	char *at = (char *)line + len + 1;
	for (int i = 0; i < 11; i++)
		n[i] = strtoull(at, &at, 10);
	out->rx_errors = n[2];
	out->tx_octets = n[8];
	out->tx_packets = n[9];
	out->tx_errors = n[10];
	return true;
}

// There may be thousands of interfaces: read piece by piece, whole lines each. True when the interface was found.
static bool take_lines(const struct netdev *d, struct netdev_counts *out)
{
	char text[LINES_LEN];
	off_t at = 0;
	for (ssize_t n; (n = pread(d->dev, text, sizeof(text) - 1, at)) > 0;) {
		text[n] = '\0';
		char *end = strrchr(text, '\n');
		if (!end)
			return false;
		*end = '\0';
		at += end + 1 - text;
		for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
			if (take_line(d, line, out))
				return true;
	}
	return false;
}

// ---- the interface -------------------------------------------------------------------------------------------

static void read_link(const struct netdev *d, struct netdev_counts *out)
{
	struct ifreq r = {0};
	memcpy(r.ifr_name, d->name, sizeof(d->name));
	out->link_known = d->dev >= 0 && ioctl(d->socket, SIOCGIFFLAGS, &r) == 0;
	out->link_up = out->link_known && (r.ifr_flags & IFF_UP) && (r.ifr_flags & IFF_RUNNING);
}

static void read_now(const struct netdev *d, struct netdev_counts *out)
{
	*out = (struct netdev_counts){.there = d->dev < 0};
	if (d->dev >= 0)
		out->there = take_lines(d, out);
	out->rx_missed = number_of(d->missed);
	out->speed_mbps = (uint32_t)number_of(d->speed);
	read_link(d, out);
}

void netdev_open(struct netdev *d, const char *interface, int socket)
{
	static_assert(NETDEV_NAME == IFNAMSIZ, "a name of an interface");
	*d = (struct netdev){.dev = open("/proc/net/dev", O_RDONLY | O_CLOEXEC), .missed = -1, .speed = -1, .socket = socket};
	snprintf(d->name, sizeof(d->name), "%s", interface);
	if (strcmp(interface, "any") == 0 && d->dev >= 0) { // all of them: no line of its own
		close(d->dev);
		d->dev = -1;
	}
	if (sysfs_is_ours(interface)) {
		d->missed = open_below(interface, "statistics/rx_missed_errors");
		d->speed = open_below(interface, "speed");
	}
	read_now(d, &d->start);
}

void netdev_close(struct netdev *d)
{
	int *fd[] = {&d->dev, &d->missed, &d->speed};
	for (size_t i = 0; i < sizeof(fd) / sizeof(fd[0]); i++) {
		if (*fd[i] >= 0)
			close(*fd[i]);
		*fd[i] = -1;
	}
}

static uint64_t grown(uint64_t now, uint64_t start)
{
	return now > start ? now - start : 0;
}

void netdev_read(const struct netdev *d, struct netdev_counts *out)
{
	read_now(d, out);
	out->rx_errors = grown(out->rx_errors, d->start.rx_errors);
	out->rx_missed = grown(out->rx_missed, d->start.rx_missed);
	out->tx_packets = grown(out->tx_packets, d->start.tx_packets);
	out->tx_octets = grown(out->tx_octets, d->start.tx_octets);
	out->tx_errors = grown(out->tx_errors, d->start.tx_errors);
}

// A port of the kernel, by libpcap: any interface of the machine, without a card that DPDK knows. It only receives.
//
// libpcap lends a packet for the time of one callback only, so packets are copied into a room that holds a burst. They lie
// there one after the other: a burst of usual length touches the same few pages again and again.
// After it was opened nothing here opens a file: pcap_stats() would (in /sys), so the kernel is asked directly.
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <pcap/pcap.h>

#include "capture/port.h"
#include "capture/source/ops.h"
#include "capture/source/netdev.h"
#include "hw/counter.h"
#include "hw/pages.h"

enum {
	SNAPLEN = PACKET_WIRE_MAX,
	BUFFER_MAX = 64 * 1024 * 1024, // half a second of 1 Gbit/s
	BUFFER_MIN = 2 * 1024 * 1024,
	BLOCK_MS = 4,                  // a block of the ring is handed out when it is full or about so old; one tick of a 250 Hz kernel
	ROOM_LEN = PACKET_BURST * SNAPLEN,
	LINKTYPE_RAW = 101,
};

struct pcap_port {
	struct port base;
	struct source queue;
	pcap_t *pcap;
	uint8_t *room;       // of one burst, ROOM_LEN octets, touched as far as needed
	struct packet *at;   // where the callback puts the next packet
	size_t used;         // octets of the room
	int n;               // packets of the burst
	uint64_t octets;     // of them, on the wire
	int fd;
	uint16_t linktype;
	bool nano;
	uint64_t rx_packets, rx_octets; // counters of the reading thread
	uint64_t missed;     // the kernel forgets what it told: added up here, by whoever asks for stats
	struct netdev netdev;
	char name[PORT_NAME];
};

static struct pcap_port *port_of(struct source *s)
{
	return (struct pcap_port *)((char *)s - offsetof(struct pcap_port, queue));
}

// ---- receiving -----------------------------------------------------------------------------------------------

static void take(uint8_t *user, const struct pcap_pkthdr *h, const uint8_t *octets)
{
	struct pcap_port *p = (struct pcap_port *)user;
	if (p->n == PACKET_BURST)
		return; // never: no more were asked for
	uint32_t len = h->caplen < SNAPLEN ? h->caplen : SNAPLEN;
	uint8_t *data = p->room + p->used;
	memcpy(data, octets, len);
	p->used += (len + 63) & ~63u; // 64: each begins at a cache line
	p->at[p->n++] = (struct packet){
		.data = data,
		.len = len,
		.wire_len = h->len,
		.time_ns = (uint64_t)h->ts.tv_sec * 1000000000 + (uint64_t)h->ts.tv_usec * (p->nano ? 1 : 1000),
		.linktype = p->linktype,
	};
	p->octets += h->len;
}

static int burst(struct source *s, struct packet out[static PACKET_BURST])
{
	struct pcap_port *p = port_of(s);
	p->at = out;
	p->used = 0;
	p->n = 0;
	p->octets = 0;
	int rc = pcap_dispatch(p->pcap, PACKET_BURST, take, (uint8_t *)p);
	if (p->n > 0) {
		counter_add(&p->rx_packets, (uint64_t)p->n);
		counter_add(&p->rx_octets, p->octets);
		return p->n;
	}
	if (rc >= 0)
		return SOURCE_IDLE;
	// A link that is down comes back by itself, an interface that is gone does not.
	struct netdev_counts c;
	netdev_read(&p->netdev, &c);
	return c.there ? SOURCE_IDLE : -ENETDOWN;
}

static void queue_close(struct source *s)
{
	// With its port.
}

static void progress(const struct source *s, uint64_t *done, uint64_t *total)
{
	*done = *total = 0;
}

static const struct source_ops queue_ops = {
	.name = "pcap",
	.burst = burst,
	.close = queue_close,
	.progress = progress,
};

// ---- the port ------------------------------------------------------------------------------------------------

static struct source *queue_at(struct port *base, uint16_t index)
{
	return index == 0 ? &((struct pcap_port *)base)->queue : NULL;
}

static void stats(struct port *base, struct port_stats *out)
{
	struct pcap_port *p = (struct pcap_port *)base;
	struct tpacket_stats_v3 kernel = {0};
	socklen_t len = sizeof(kernel);
	if (getsockopt(p->fd, SOL_PACKET, PACKET_STATISTICS, &kernel, &len) == 0)
		__atomic_fetch_add(&p->missed, kernel.tp_drops, __ATOMIC_RELAXED);
	struct netdev_counts c;
	netdev_read(&p->netdev, &c);
	*out = (struct port_stats){
		.rx_packets = counter_read(&p->rx_packets),
		.rx_octets = counter_read(&p->rx_octets),
		.missed = counter_read(&p->missed),
		.errors = c.rx_errors + c.rx_missed,
		.tx_packets = c.tx_packets,
		.tx_octets = c.tx_octets,
		.tx_errors = c.tx_errors,
		.link_known = c.link_known,
		.link_up = c.link_up,
		.speed_mbps = c.speed_mbps,
	};
}

static void about(const struct port *base, struct port_about *out)
{
	const struct pcap_port *p = (const struct pcap_port *)base;
	*out = (struct port_about){.driver = "libpcap", .queues = 1, .socket = -1, .clock = PORT_CLOCK_KERNEL,
		.rss = "none: one queue", .flow_control = "not supported", .offload = "none: the kernel receives"};
	snprintf(out->name, sizeof(out->name), "%s", p->name);
}

static void wait_for(struct port *base, uint16_t queue, uint32_t us)
{
	struct pcap_port *p = (struct pcap_port *)base;
	struct pollfd fd = {.fd = p->fd, .events = POLLIN};
	const struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};
	if (ppoll(&fd, 1, &t, NULL) > 0 && !(fd.revents & POLLIN)) // an error does not go away by asking again at once
		nanosleep(&t, NULL);
}

static void port_free(struct port *base)
{
	struct pcap_port *p = (struct pcap_port *)base;
	if (p->pcap)
		pcap_close(p->pcap);
	pages_unmap(p->room, ROOM_LEN);
	netdev_close(&p->netdev);
	free(p);
}

static const struct port_ops pcap_ops = {
	.name = "libpcap",
	.queue = queue_at,
	.stats = stats,
	.about = about,
	.wait = wait_for,
	.close = port_free,
};

// ---- opening -------------------------------------------------------------------------------------------------

static int words_for(int rc, pcap_t *pcap, const char *interface, char why[static PORT_WHY])
{
	switch (rc) {
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		snprintf(why, PORT_WHY, "listening on %s needs CAP_NET_RAW: run it as root or by the systemd unit", interface);
		return -EPERM;
	case PCAP_ERROR_IFACE_NOT_UP:
		snprintf(why, PORT_WHY, "interface %s is down: ip link set dev %s up", interface, interface);
		return -ENETDOWN;
	case PCAP_ERROR_NO_SUCH_DEVICE:
		snprintf(why, PORT_WHY, "there is no interface %s: `ip link` lists them", interface);
		return -ENODEV;
	default:
		snprintf(why, PORT_WHY, "libpcap cannot listen on %s: %.150s", interface, pcap_geterr(pcap));
		return -EIO;
	}
}

// One attempt with a buffer of `len` octets. 0 or a PCAP_ERROR.
static int try_open(struct pcap_port *p, const char *interface, int len, char why[static PORT_WHY])
{
	char words[PCAP_ERRBUF_SIZE];
	p->pcap = pcap_create(interface, words);
	if (!p->pcap) {
		snprintf(why, PORT_WHY, "libpcap: %.200s", words);
		return PCAP_ERROR_NO_SUCH_DEVICE;
	}
	pcap_set_snaplen(p->pcap, SNAPLEN);
	pcap_set_promisc(p->pcap, 1);
	pcap_set_timeout(p->pcap, BLOCK_MS);
	pcap_set_immediate_mode(p->pcap, 0); // with it libpcap takes the older ring, of which 64 MiB hold 256 packets of this snaplen
	pcap_set_buffer_size(p->pcap, len);
	p->nano = pcap_set_tstamp_precision(p->pcap, PCAP_TSTAMP_PRECISION_NANO) == 0;
	return pcap_activate(p->pcap);
}

static int activate(struct pcap_port *p, const char *interface, char why[static PORT_WHY])
{
	int rc = PCAP_ERROR;
	for (int len = BUFFER_MAX; len >= BUFFER_MIN; len /= 2) {
		rc = try_open(p, interface, len, why);
		if (rc != PCAP_ERROR) // only this one may be a matter of memory
			break;
		if (len / 2 >= BUFFER_MIN) {
			pcap_close(p->pcap);
			p->pcap = NULL;
		}
	}
	return rc >= 0 ? 0 : !p->pcap ? -ENODEV : words_for(rc, p->pcap, interface, why);
}

static int filter(struct pcap_port *p, const char *bpf, char why[static PORT_WHY])
{
	struct bpf_program program;
	if (!bpf || !*bpf)
		return 0;
	if (pcap_compile(p->pcap, &program, bpf, 1, PCAP_NETMASK_UNKNOWN) < 0) {
		snprintf(why, PORT_WHY, "bpf \"%.64s\" is no filter: %.120s", bpf, pcap_geterr(p->pcap));
		return -EINVAL;
	}
	int rc = pcap_setfilter(p->pcap, &program);
	pcap_freecode(&program);
	if (rc < 0)
		snprintf(why, PORT_WHY, "bpf \"%.64s\" cannot be used on %.40s: %.100s", bpf, p->name, pcap_geterr(p->pcap));
	return rc < 0 ? -EINVAL : 0;
}

static int prepare(struct pcap_port *p, const struct port_config *c, char why[static PORT_WHY])
{
	char words[PCAP_ERRBUF_SIZE];
	int rc = filter(p, c->bpf, why);
	if (rc < 0)
		return rc;
	p->fd = pcap_get_selectable_fd(p->pcap);
	if (p->fd < 0 || pcap_setnonblock(p->pcap, 1, words) < 0) {
		snprintf(why, PORT_WHY, "%.64s cannot be read without waiting", p->name);
		return -EIO;
	}
	int dlt = pcap_datalink(p->pcap);
	p->linktype = (uint16_t)(dlt == DLT_RAW ? LINKTYPE_RAW : dlt); // the one usual type whose two numbers differ
	p->room = pages_map(ROOM_LEN);
	if (!p->room) {
		snprintf(why, PORT_WHY, "no memory for packets of %.64s", p->name);
		return -ENOMEM;
	}
	return 0;
}

int pcap_port_open(struct port **out, const struct port_config *c, char why[static PORT_WHY])
{
	const char *interface = strncmp(c->name, "pcap:", 5) == 0 ? c->name + 5 : c->name;
	*out = NULL;
	// libpcap knows more than interfaces (nfqueue, usbmon): those are not for us, some would even take part in the traffic.
	if (strcmp(interface, "any") != 0 && (strchr(interface, '/') || if_nametoindex(interface) == 0)) {
		snprintf(why, PORT_WHY, "there is no interface %.64s: `ip link` lists them", interface);
		return -ENODEV;
	}
	struct pcap_port *p = calloc(1, sizeof(*p));
	if (!p) {
		snprintf(why, PORT_WHY, "no memory for %.64s", c->name);
		return -ENOMEM;
	}
	p->base.ops = &pcap_ops;
	p->queue.ops = &queue_ops;
	snprintf(p->name, sizeof(p->name), "%s", c->name);
	p->netdev = (struct netdev){.dev = -1, .missed = -1, .speed = -1};
	int rc = activate(p, interface, why);
	if (rc == 0)
		rc = prepare(p, c, why);
	if (rc == 0)
		netdev_open(&p->netdev, interface, p->fd);
	if (rc < 0) {
		port_free(&p->base);
		return rc;
	}
	*out = &p->base;
	return 0;
}

// DPDK ports: each queue of a device is a source whose packets are lent where the card put them.
//
// Names: "vdev:net_pcap0,rx_iface=eth1", "0000:81:00.0", "pci:81:00.0,rxq_cqe_comp_en=0": a device and what its driver is told.
// A packet in one piece is lent in its buffer; one in several (a jumbo frame) is copied into a bounded buffer of the queue.
//
// net_pcap with rx_pcap=FILE plays a file as fast as it is read. The driver never says that the file is over, so a queue
// that had nothing for 200 ms, asked at least five times, ends. (With infinite_rx=1 it goes round and never ends.) The driver
// knows microseconds, forgets how long a cut packet was, and reads every link layer as if it were Ethernet: we refuse others.
#include "capture/port.h"
#include "capture/source/ops.h"
#include "hw/clock.h"
#include "hw/counter.h"
#include "hw/dpdk/eal.h"
#include "hw/dpdk/port.h"
#include "hw/dpdk/port_stats.h"

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>
#include <rte_pci.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hw/dpdk/no_transmit.h"

enum {
	DPDK_FLAT = 2 * PACKET_WIRE_MAX, // a burst of jumbo frames fits; touched only when there are any
	DPDK_LINKTYPE = 1,
	DPDK_DEVICE = 64,
	DPDK_ARGS = 512,
	DPDK_FILE_END_MS = 200, // a file that had nothing for so long
	DPDK_FILE_ASK_MS = 10,  // asked this often, because the driver counts an error each time behind the end of a damaged file
	DPDK_FILE_ASKED = 5,
	DPDK_GONE_ASKED = 1024, // empty answers between two looks whether the device is still there; a second, when the reader sleeps
};

struct dpdk;

struct dpdk_queue {
	// Touched per burst.
	struct source source;
	struct dpdk *port;
	uint16_t index, n, next;               // next..n of `held` were not handed out yet
	bool begun, ended;
	struct rte_mbuf *held[PACKET_BURST];
	uint8_t *flat;                         // DPDK_FLAT octets
	uint64_t rx_packets, rx_octets;        // counters
	uint64_t last_ns, asked_ns;            // files: monotonic, of the last packet, the last question; 0 before
	uint32_t asked;                        // without an answer
	uint64_t errors;                       // the device had counted when it was looked at last
	struct ticks ticks;
} __attribute__((aligned(64)));

struct dpdk {
	struct port port;
	struct port_ops ops; // what this device can
	struct dpdk_port hw;
	int stamp_offset;    // of the time in a buffer
	uint64_t stamp_flag; // 0: there is none
	bool plays_file;     // which has an end
	uint8_t clock;       // enum port_clock
	char name[PORT_NAME];
	struct dpdk_queue queue[];
};

// What a name says, and what its files are.
struct wanted {
	const char *bus;
	char device[DPDK_DEVICE];
	char args[DPDK_ARGS];
	bool plays_file, goes_round, listens; // net_pcap: rx_pcap, infinite_rx, rx_iface
	uint64_t n_packets;                   // of files that go round: the driver keeps all of them
	uint32_t longest;
};

// ---- time

static uint64_t stamp_ns(struct dpdk_queue *q, uint64_t stamp)
{
	struct dpdk *d = q->port;
	if (!d->hw.has_clock)
		return stamp * 1000; // net_pcap: microseconds since the epoch
	if (ticks_due(&q->ticks, stamp)) {
		uint64_t ticks, ns;
		if (dpdk_port_clock(&d->hw, &ticks, &ns))
			ticks_steer(&q->ticks, ticks, ns);
	}
	return ticks_ns(&q->ticks, stamp);
}

// `now_ns`: 0 until somebody needed it, so that a burst reads the clock at most once.
static uint64_t packet_ns(struct dpdk_queue *q, const struct rte_mbuf *m, uint64_t *now_ns)
{
	struct dpdk *d = q->port;
	if (d->stamp_flag & m->ol_flags)
		return stamp_ns(q, *RTE_MBUF_DYNFIELD(m, d->stamp_offset, const rte_mbuf_timestamp_t *));
	if (!*now_ns)
		*now_ns = clock_wall_ns();
	return *now_ns;
}

// ---- a queue

// This thread became DPDK's by our doing.
static _Thread_local bool registered;

// Threads that are not DPDK's get a number, and with it a cache of free buffers of their own. Without one it is only slower.
static void begin(struct dpdk_queue *q)
{
	q->begun = true;
	if (rte_lcore_id() == LCORE_ID_ANY)
		registered = rte_thread_register() == 0;
}

// A card that was taken out, an interface that was deleted: net_pcap then counts an error for each question.
static int still_there(struct dpdk_queue *q)
{
	struct dpdk_port_stats s;
	if (rte_eth_dev_is_removed(q->port->hw.number) == 1)
		return -ENODEV;
	if (q->port->clock != PORT_CLOCK_KERNEL)
		return SOURCE_IDLE;
	dpdk_port_stats_read(q->port->hw.number, &s);
	bool all_failed = s.errors - q->errors >= DPDK_GONE_ASKED;
	q->errors = s.errors;
	return all_failed ? -ENETDOWN : SOURCE_IDLE;
}

// Nothing now. For a file: is it over?
static int nothing(struct dpdk_queue *q)
{
	q->asked++;
	if (!q->port->plays_file)
		return q->asked % DPDK_GONE_ASKED ? SOURCE_IDLE : still_there(q);
	if (q->last_ns == 0)
		q->last_ns = q->asked_ns;
	if (q->asked >= DPDK_FILE_ASKED && q->asked_ns - q->last_ns >= (uint64_t)DPDK_FILE_END_MS * 1000000)
		q->ended = true;
	return q->ended ? SOURCE_END : SOURCE_IDLE;
}

// A file is not asked again at once when it had nothing.
static bool may_ask(struct dpdk_queue *q)
{
	uint64_t now_ns = clock_mono_ns();
	if (q->asked && now_ns - q->asked_ns < (uint64_t)DPDK_FILE_ASK_MS * 1000000)
		return false;
	q->asked_ns = now_ns;
	return true;
}

// A tag that the driver took out of the packet is put back: what is judged is what was on the wire.
static void restore_vlan(struct rte_mbuf **m)
{
	if (((*m)->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) && rte_vlan_insert(m) == 0)
		(*m)->ol_flags &= ~RTE_MBUF_F_RX_VLAN_STRIPPED;
}

// Hands out what is held, until the copies of packets in pieces have no room any more: the rest follows in the next burst.
static int hand_out(struct dpdk_queue *q, struct packet burst[static PACKET_BURST])
{
	uint64_t now_ns = 0, octets = 0;
	uint32_t used = 0;
	int n = 0;
	for (; q->next < q->n; q->next++, n++) {
		restore_vlan(&q->held[q->next]);
		const struct rte_mbuf *m = q->held[q->next];
		struct packet *p = &burst[n];
		uint32_t len = m->pkt_len < PACKET_WIRE_MAX ? m->pkt_len : PACKET_WIRE_MAX;
		const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);
		__builtin_prefetch(data);
		if (m->nb_segs > 1) {
			if (len > DPDK_FLAT - used)
				break;
			data = rte_pktmbuf_read(m, 0, len, q->flat + used);
			used += len;
		}
		*p = (struct packet){.data = data, .len = data ? len : 0, .wire_len = m->pkt_len, .time_ns = packet_ns(q, m, &now_ns),
			.linktype = DPDK_LINKTYPE};
		octets += m->pkt_len;
	}
	counter_add(&q->rx_packets, (uint64_t)n);
	counter_add(&q->rx_octets, octets);
	return n;
}

static int dpdk_burst(struct source *s, struct packet burst[static PACKET_BURST])
{
	struct dpdk_queue *q = (struct dpdk_queue *)s;
	struct dpdk *d = q->port;
	if (q->next < q->n)
		return hand_out(q, burst);
	if (q->n)
		rte_pktmbuf_free_bulk(q->held, q->n);
	q->n = q->next = 0;
	if (!q->begun)
		begin(q);
	if (q->ended)
		return SOURCE_END;
	if (d->plays_file && !may_ask(q))
		return SOURCE_IDLE;
	q->n = rte_eth_rx_burst(d->hw.number, q->index, q->held, PACKET_BURST);
	if (!q->n)
		return nothing(q);
	q->asked = 0;
	q->last_ns = q->asked_ns;
	return hand_out(q, burst);
}

static void dpdk_queue_progress(const struct source *s, uint64_t *done, uint64_t *total)
{
	*done = counter_read(&((const struct dpdk_queue *)s)->rx_octets);
	*total = 0;
}

static void dpdk_queue_close(struct source *s)
{
	// The port closes its queues.
}

static const struct source_ops queue_ops = {
	.name = "dpdk", .burst = dpdk_burst, .close = dpdk_queue_close, .progress = dpdk_queue_progress,
};

// ---- the port

static struct source *dpdk_queue_of_port(struct port *p, uint16_t index)
{
	struct dpdk *d = (struct dpdk *)p;
	return index < d->hw.queues ? &d->queue[index].source : NULL;
}

static void dpdk_stats(struct port *p, struct port_stats *out)
{
	const struct dpdk *d = (const struct dpdk *)p;
	struct dpdk_port_stats s;
	dpdk_port_stats_read(d->hw.number, &s);
	*out = (struct port_stats){.missed = s.missed, .errors = s.errors, .no_mbuf = s.no_mbuf, .tx_packets = s.tx_packets,
		.tx_octets = s.tx_octets, .tx_errors = s.tx_errors, .link_known = s.link_known, .link_up = s.link_up, .speed_mbps = s.speed_mbps};
	for (uint16_t i = 0; i < d->hw.queues; i++) {
		out->rx_packets += counter_read(&d->queue[i].rx_packets);
		out->rx_octets += counter_read(&d->queue[i].rx_octets);
	}
}

// These drive a card, or make an interface, that stays the kernel's: link and counters are asked of it each time.
static bool asks_kernel(const char *driver)
{
	static const char *const drivers[] = {"mlx5", "mlx4", "net_mlx", "net_tap", "net_tun", "net_netvsc", "net_mana", "net_failsafe"};
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (strncmp(driver, drivers[i], strlen(drivers[i])) == 0)
			return true;
	return false;
}

static void dpdk_about(const struct port *p, struct port_about *out)
{
	const struct dpdk *d = (const struct dpdk *)p;
	*out = (struct port_about){.queues = d->hw.queues, .tx_queues = d->hw.tx_queues, .socket = d->hw.socket, .clock = d->clock,
		.rss_symmetric = d->hw.symmetric, .steered = d->hw.steered, .kernel_card = asks_kernel(d->hw.driver)};
	snprintf(out->name, sizeof(out->name), "%s", d->name);
	snprintf(out->driver, sizeof(out->driver), "%s", d->hw.driver);
	snprintf(out->rss, sizeof(out->rss), "%s", d->hw.rss_words);
	snprintf(out->flow_control, sizeof(out->flow_control), "%s", d->hw.flow_control);
	snprintf(out->offload, sizeof(out->offload), "%s", d->hw.offload);
}

static uint16_t dpdk_queue_of(const struct port *p, uint8_t ip_v, const uint8_t *src, const uint8_t *dst, uint16_t src_port,
	uint16_t dst_port)
{
	return dpdk_rss_queue(&((const struct dpdk *)p)->hw.rss, ip_v, src, dst, src_port, dst_port);
}

static void dpdk_wait(struct port *p, uint16_t queue, uint32_t us)
{
	dpdk_port_sleep(&((struct dpdk *)p)->hw, queue, us);
}

static void dpdk_free(struct dpdk *d, uint16_t n_queues)
{
	for (uint16_t i = 0; i < n_queues; i++)
		free(d->queue[i].flat);
	free(d);
}

static void dpdk_close(struct port *p)
{
	struct dpdk *d = (struct dpdk *)p;
	uint16_t n = d->hw.queues;
	for (uint16_t i = 0; i < n; i++)
		if (d->queue[i].n)
			rte_pktmbuf_free_bulk(d->queue[i].held, d->queue[i].n);
	if (registered) // the numbers are few; threads that end before us keep theirs
		rte_thread_unregister();
	registered = false;
	dpdk_port_stop(&d->hw);
	dpdk_free(d, n);
}

static const struct port_ops dpdk_ops = {
	.name = "dpdk", .queue = dpdk_queue_of_port, .stats = dpdk_stats, .about = dpdk_about, .close = dpdk_close,
};

// ---- opening

// Cuts the name in bus, device and arguments.
static int read_name(const char *name, struct wanted *w, char why[static PORT_WHY])
{
	bool vdev = strncmp(name, "vdev:", 5) == 0;
	const char *rest = vdev ? name + 5 : strncmp(name, "pci:", 4) == 0 ? name + 4 : name;
	size_t len = strcspn(rest, ",");
	const char *args = rest[len] ? rest + len + 1 : "";
	if (!len || len >= sizeof(w->device) || strlen(args) >= sizeof(w->args)) {
		snprintf(why, PORT_WHY, "%.64s: %s; examples: vdev:net_pcap0,rx_iface=eth1, 0000:81:00.0", name,
			!len ? "no device is named" : "the name is too long");
		return -EINVAL;
	}
	snprintf(w->device, sizeof(w->device), "%.*s", (int)len, rest);
	snprintf(w->args, sizeof(w->args), "%s", args);
	w->bus = vdev ? "vdev" : "pci";
	if (vdev)
		return 0;
	struct rte_pci_addr a;
	if (rte_pci_addr_parse(w->device, &a) != 0) {
		snprintf(why, PORT_WHY, "%.64s: %.32s is no PCI address; they look like 0000:81:00.0 (dpdk-devbind.py --status)", name, w->device);
		return -EINVAL;
	}
	rte_pci_device_name(&a, w->device, sizeof(w->device));
	return 0;
}

// Looks into a capture file before the driver gets it: is it Ethernet; how much is it, when all of it will be kept.
static int look_into(const char *name, const char *path, struct wanted *w, char why[static PORT_WHY])
{
	const struct source_file_config config = {.paths = &path, .n_paths = 1};
	struct packet burst[PACKET_BURST];
	struct source *s = NULL;
	const char *bad;
	struct stat st;
	int r = stat(path, &st) == 0 ? 0 : -errno;
	if (r == 0 && !S_ISREG(st.st_mode))
		return 0; // a pipe can be read only once, and by the driver
	if (r == 0)
		r = source_file_open(&s, &config, &bad);
	if (r < 0) {
		snprintf(why, PORT_WHY, "%.64s: cannot read %.96s: %s", name, path, strerror(-r));
		return r;
	}
	int linktype = DPDK_LINKTYPE;
	for (int n; (n = source_burst(s, burst)) > 0 && linktype == DPDK_LINKTYPE;) {
		linktype = burst[0].linktype;
		w->n_packets += (uint64_t)n;
		for (int i = 0; i < n; i++)
			w->longest = burst[i].len > w->longest ? burst[i].len : w->longest;
		if (!w->goes_round)
			break;
	}
	source_close(&s);
	if (linktype == DPDK_LINKTYPE)
		return 0;
	snprintf(why, PORT_WHY, "%.64s: %.64s has link type %d, DPDK reads every file as Ethernet; use `postwacht read`", name, path, linktype);
	return -EPROTONOSUPPORT;
}

// The arguments of net_pcap that we must know of.
static int read_args(const char *name, struct wanted *w, char why[static PORT_WHY])
{
	char args[DPDK_ARGS], *save = NULL;
	int r = 0;
	if (strncmp(w->device, "net_pcap", 8) != 0)
		return 0;
	w->goes_round = strstr(w->args, "infinite_rx=1");
	snprintf(args, sizeof(args), "%s", w->args);
	for (char *a = strtok_r(args, ",", &save); a && r == 0; a = strtok_r(NULL, ",", &save)) {
		w->listens = w->listens || strncmp(a, "rx_iface", 8) == 0 || strncmp(a, "iface=", 6) == 0;
		if (strncmp(a, "rx_pcap=", 8) == 0) {
			w->plays_file = true;
			r = look_into(name, a + 8, w, why);
		} else if (strncmp(a, "tx_", 3) == 0 || strncmp(a, "iface=", 6) == 0) {
			snprintf(why, PORT_WHY, "%.64s: %.64s could send, and postwacht never does; use rx_iface= or rx_pcap=", name, a);
			r = -EINVAL;
		}
	}
	return r;
}

// What time its packets have.
static void choose_clock(struct dpdk *d, const struct wanted *w)
{
	bool pcap = strcmp(d->hw.driver, "net_pcap") == 0 && !w->goes_round;
	d->clock = PORT_CLOCK_SYSTEM;
	if (!pcap && !d->hw.has_clock)
		return;
	if (rte_mbuf_dyn_rx_timestamp_register(&d->stamp_offset, &d->stamp_flag) != 0) {
		d->stamp_flag = 0;
		return;
	}
	d->clock = d->hw.has_clock ? PORT_CLOCK_HARDWARE : w->plays_file ? PORT_CLOCK_CAPTURE : PORT_CLOCK_KERNEL;
}

static int open_queues(struct dpdk *d)
{
	for (uint16_t i = 0; i < d->hw.queues; i++) {
		struct dpdk_queue *q = &d->queue[i];
		*q = (struct dpdk_queue){.source = {&queue_ops}, .port = d, .index = i, .ticks = d->hw.ticks};
		q->flat = malloc(DPDK_FLAT);
		if (!q->flat)
			return -ENOMEM;
	}
	return 0;
}

static int start(struct dpdk **out, const struct dpdk_port_config *hw, const struct wanted *w, char why[static PORT_WHY])
{
	static_assert((int)DPDK_WHY <= (int)PORT_WHY, "reasons fit");
	struct dpdk_port p;
	int r = dpdk_port_start(&p, hw, why);
	if (r < 0)
		return r;
	size_t len = sizeof(struct dpdk) + p.queues * sizeof(struct dpdk_queue);
	struct dpdk *d = aligned_alloc(64, (len + 63) / 64 * 64);
	if (d) {
		memset(d, 0, len);
		d->hw = p;
		r = open_queues(d);
	}
	if (!d || r < 0) {
		snprintf(why, PORT_WHY, "%.96s: no memory", hw->name);
		dpdk_port_stop(&p);
		if (d)
			dpdk_free(d, p.queues);
		return -ENOMEM;
	}
	choose_clock(d, w);
	d->plays_file = w->plays_file && !w->goes_round;
	snprintf(d->name, sizeof(d->name), "%s", hw->name);
	*out = d;
	return 0;
}

int dpdk_port_open(struct port **out, const struct port_config *c, char why[static PORT_WHY])
{
	struct wanted w = {0};
	struct dpdk *d = NULL;
	*out = NULL;
	int r = read_name(c->name, &w, why);
	if (r == 0)
		r = read_args(c->name, &w, why);
	if (r < 0)
		return r;
	if (w.n_packets > UINT32_MAX / 4) {
		snprintf(why, PORT_WHY, "%.96s: too many packets to keep all of them", c->name);
		return -E2BIG;
	}
	const struct dpdk_port_config hw = {.name = c->name, .bus = w.bus, .device = w.device, .args = w.args,
		.queues = c->queues ? c->queues : 1, .extra_buffers = w.goes_round ? (uint32_t)w.n_packets : 0,
		.room = w.goes_round ? w.longest : 0, .linkup_wait_ms = c->linkup_wait_ms, .steer = c->steer, .mail_ports = c->mail_ports,
		.n_mail_ports = c->n_mail_ports};
	const struct dpdk_eal_config eal = {.hugepages = c->hugepages, .telemetry = c->telemetry, .memory_mib = dpdk_port_memory_mib(&hw)};
	r = dpdk_eal_start(&eal, why);
	if (r == 0)
		r = start(&d, &hw, &w, why);
	if (r < 0)
		return r;
	d->ops = dpdk_ops;
	if (d->hw.rss.key_len && d->hw.rss.n_reta)
		d->ops.queue_of = dpdk_queue_of;
	if (d->hw.has_interrupts)
		d->ops.wait = dpdk_wait;
	d->port.ops = &d->ops;
	*out = &d->port;
	return 0;
}

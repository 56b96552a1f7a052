// A device as a port that only receives.
#include "hw/dpdk/port.h"

#include "hw/clock.h"
#include "hw/dpdk/attach.h"
#include "hw/dpdk/pool.h"
#include "hw/dpdk/port_stats.h"
#include "hw/log.h"

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_interrupts.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "hw/dpdk/no_transmit.h"

enum {
	AS_RECEIVED = UINT16_MAX, // so many transmit queues: some drivers want pairs
	// Of a card's ring. 4096, because at 10 million packets a second that is 0.4 ms of a worker looking away.
	PORT_DESCRIPTORS = 4096,
	PORT_DESCRIPTORS_PLAIN = 1024, // virtual devices, and without huge pages
	PORT_MTU = 9600,               // jumbo frames as switches forward them
	PORT_FRAME_MAX = 9728,
	PORT_AROUND = 26,              // Ethernet, two tags, checksum
	PORT_CLOCK_APART_MS = 50,
	PORT_CLOCK_NARROW_NS = 20000,  // both clocks are read within this, or not at all
};

// Virtual devices without a hash of their own, whose queues are what the operator says: so many files, rings or fan-out sockets.
// Whether both directions of a connection share a queue is then the operator's care.
static const struct arranged {
	const char *driver;
	bool all;       // every queue there is must be read, wanted or not
	bool symmetric; // by the operator's arrangement, or the kernel's
} arranged[] = {
	{"net_pcap", true, true},
	{"net_ring", true, true},
	{"net_af_packet", true, true},
	{"net_af_xdp", true, false},
	{"net_null", false, true}, // every packet is the same
};

static const struct arranged *find_arranged(const char *driver)
{
	for (size_t i = 0; i < sizeof(arranged) / sizeof(arranged[0]); i++)
		if (strcmp(arranged[i].driver, driver) == 0)
			return &arranged[i];
	return NULL;
}

uint32_t dpdk_port_memory_mib(const struct dpdk_port_config *c)
{
	bool pci = strcmp(c->bus, "pci") == 0;
	uint32_t descriptors = pci ? PORT_DESCRIPTORS : PORT_DESCRIPTORS_PLAIN;
	return dpdk_pool_mib(dpdk_pool_size(c->queues, descriptors, c->extra_buffers), c->room > DPDK_ROOM ? c->room : DPDK_ROOM);
}

static void choose_queues(struct dpdk_port *p, const struct dpdk_port_config *c, const struct rte_eth_dev_info *info,
	struct rte_eth_conf *conf)
{
	const struct arranged *a = find_arranged(p->driver);
	uint16_t most = info->max_rx_queues < DPDK_QUEUES_MAX ? info->max_rx_queues : DPDK_QUEUES_MAX;
	uint16_t want = c->queues < most ? c->queues : most;
	if (a)
		p->queues = a->all ? most : want;
	else
		p->queues = want > 1 && dpdk_rss_want(&p->rss, info, conf) ? want : 1;
	if (!p->queues)
		p->queues = 1;
	if (p->queues == 1)
		snprintf(p->rss_words, sizeof(p->rss_words), "none: one queue");
	else if (a)
		snprintf(p->rss_words, sizeof(p->rss_words), "none: queues arranged by %s", a->symmetric ? "the operator" : "the kernel's driver");
	p->symmetric = p->queues == 1 || (a && a->symmetric);
}

// What may be tried, from the best to the least: large frames, interrupts to sleep by, without a transmit queue.
static const struct attempt {
	bool jumbo, interrupts;
	uint16_t tx_queues;
} attempts[] = {
	{true, true, 0}, {true, false, 0}, {false, false, 0}, {true, true, 1}, {true, false, 1}, {false, false, 1},
	{false, false, AS_RECEIVED},
};

static uint16_t jumbo_mtu(const struct rte_eth_dev_info *info)
{
	uint32_t mtu = info->max_mtu < PORT_MTU ? info->max_mtu : PORT_MTU;
	if (mtu + PORT_AROUND > info->max_rx_pktlen) // some say 65535 and take 1522
		mtu = info->max_rx_pktlen > PORT_AROUND ? info->max_rx_pktlen - PORT_AROUND : 0;
	return (uint16_t)mtu;
}

static int setup_queues(struct dpdk_port *p, const struct rte_eth_dev_info *info)
{
	int r = 0;
	for (uint16_t q = 0; q < p->queues && r == 0; q++)
		r = rte_eth_rx_queue_setup(p->number, q, p->descriptors, (unsigned)p->socket, NULL, p->pool);
	for (uint16_t q = 0; q < p->tx_queues && r == 0; q++) {
		// Not started with the port, where the driver can do that; in any case nobody feeds it.
		struct rte_eth_txconf tx = info->default_txconf;
		tx.tx_deferred_start = 1;
		r = rte_eth_tx_queue_setup(p->number, q, 0, (unsigned)p->socket, &tx);
		if (r != 0)
			r = rte_eth_tx_queue_setup(p->number, q, 0, (unsigned)p->socket, NULL);
	}
	return r;
}

static int try_start(struct dpdk_port *p, const struct rte_eth_dev_info *info, struct rte_eth_conf conf, const struct attempt *a)
{
	if (a->jumbo)
		conf.rxmode.mtu = jumbo_mtu(info);
	conf.intr_conf.rxq = a->interrupts;
	p->tx_queues = a->tx_queues == AS_RECEIVED ? p->queues : a->tx_queues;
	int r = rte_eth_dev_configure(p->number, p->queues, p->tx_queues, &conf);
	if (r == 0)
		r = setup_queues(p, info);
	if (r == 0)
		r = rte_eth_dev_start(p->number);
	return r;
}

static int start(struct dpdk_port *p, const struct dpdk_port_config *c, const struct rte_eth_dev_info *info,
	const struct rte_eth_conf *conf, char why[static DPDK_WHY])
{
	bool pci = strcmp(c->bus, "pci") == 0;
	const char *said = "";
	int r = 0;
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		if (attempts[i].interrupts && !pci)
			continue;
		dpdk_eal_listen_begin();
		r = try_start(p, info, *conf, &attempts[i]);
		said = dpdk_eal_listen_end();
		p->started = r == 0;
		p->has_interrupts = attempts[i].interrupts;
		if (r == 0)
			return 0;
	}
	p->has_interrupts = false;
	snprintf(why, DPDK_WHY, "%.96s: DPDK cannot start it: %.120s", c->name, said[0] ? said : rte_strerror(-r));
	return r;
}

// An epoll each queue, made now: later no file may be opened any more.
static void open_wakes(struct dpdk_port *p)
{
	uint16_t n = 0;
	for (; n < p->queues && p->has_interrupts; n++) {
		p->wake_fd[n] = epoll_create1(EPOLL_CLOEXEC);
		p->has_interrupts = p->wake_fd[n] >= 0 && rte_eth_dev_rx_intr_enable(p->number, n) == 0 &&
			rte_eth_dev_rx_intr_disable(p->number, n) == 0 &&
			rte_eth_dev_rx_intr_ctl_q(p->number, n, p->wake_fd[n], RTE_INTR_EVENT_ADD, NULL) == 0;
	}
	if (p->has_interrupts)
		return;
	for (uint16_t i = 0; i < n; i++)
		if (p->wake_fd[i] >= 0)
			close(p->wake_fd[i]);
}

void dpdk_port_sleep(const struct dpdk_port *p, uint16_t queue, uint32_t us)
{
	struct pollfd fd = {.fd = p->wake_fd[queue], .events = POLLIN};
	struct timespec most = {.tv_sec = us / 1000000, .tv_nsec = (long)(us % 1000000) * 1000};
	if (rte_eth_dev_rx_intr_enable(p->number, queue) != 0)
		return;
	if (rte_eth_rx_queue_count(p->number, queue) <= 0 && ppoll(&fd, 1, &most, NULL) > 0) {
		struct rte_epoll_event event;
		rte_epoll_wait(p->wake_fd[queue], &event, 1, 0); // takes the interrupt, in the way its kind wants
	}
	rte_eth_dev_rx_intr_disable(p->number, queue);
}

// A PAUSE frame would be a transmission.
static const char *flow_control_off(uint16_t number)
{
	struct rte_eth_fc_conf fc;
	memset(&fc, 0, sizeof(fc));
	int r = rte_eth_dev_flow_ctrl_get(number, &fc);
	if (r == -ENOTSUP)
		return "not supported";
	fc.mode = RTE_ETH_FC_NONE;
	fc.autoneg = 0;
	r = rte_eth_dev_flow_ctrl_set(number, &fc);
	return r == 0 ? "off" : r == -ENOTSUP ? "not supported" : "could not be switched off";
}

static void receive_everything(struct dpdk_port *p, const struct dpdk_port_config *c)
{
	int r = rte_eth_promiscuous_enable(p->number);
	if (r != 0 && r != -ENOTSUP)
		log_warn("dpdk", "%.96s: not promiscuous: %s; only packets to its own address may arrive", c->name, rte_strerror(-r));
	r = rte_eth_allmulticast_enable(p->number);
	if (r != 0 && r != -ENOTSUP)
		log_debug("dpdk", "%.96s: multicast: %s", c->name, rte_strerror(-r));
}

bool dpdk_port_clock(const struct dpdk_port *p, uint64_t *ticks, uint64_t *ns)
{
	for (int i = 0; i < 5; i++) {
		uint64_t before = clock_wall_ns();
		if (rte_eth_read_clock(p->number, ticks) != 0)
			return false;
		uint64_t after = clock_wall_ns();
		*ns = before + (after - before) / 2;
		if (after - before < PORT_CLOCK_NARROW_NS)
			return true;
	}
	return false;
}

static void find_clock(struct dpdk_port *p)
{
	uint64_t ticks[2], ns[2];
	if (!p->has_clock)
		return;
	p->has_clock = dpdk_port_clock(p, &ticks[0], &ns[0]);
	if (!p->has_clock)
		return;
	nanosleep(&(struct timespec){.tv_nsec = PORT_CLOCK_APART_MS * 1000000}, NULL);
	p->has_clock = dpdk_port_clock(p, &ticks[1], &ns[1]) && ticks_init(&p->ticks, ticks[0], ns[0], ticks[1], ns[1]);
}

static void steer(struct dpdk_port *p, const struct dpdk_port_config *c)
{
	if (!c->steer) {
		snprintf(p->offload, sizeof(p->offload), "none: all is received");
		return;
	}
	const struct dpdk_flow_rules_config rules = {.port = p->number, .queues = p->queues, .rss = &p->rss, .mail_ports = c->mail_ports,
		.n_mail_ports = c->n_mail_ports};
	p->steered = p->rules = dpdk_flow_rules_open(&rules, p->offload);
}

static void describe(const struct dpdk_port *p, const struct dpdk_port_config *c)
{
	log_info("dpdk", "%.96s: %s, %u queue%s of %u descriptors, rss %s, transmit queues %u, flow control %s, offload %s, interrupts %s",
		c->name, p->driver, p->queues, p->queues == 1 ? "" : "s", p->descriptors, p->rss_words, p->tx_queues, p->flow_control,
		p->offload, p->has_interrupts ? "yes" : "no");
	if (p->tx_queues)
		log_info("dpdk", "%.96s: its driver insists on transmit queues; nothing is ever put there", c->name);
	if (!dpdk_port_stats_wait_link(p->number, c->linkup_wait_ms))
		log_warn("dpdk", "%.96s: no link yet; check the fibre and the tap", c->name);
}

static uint16_t choose_descriptors(const struct dpdk_port *p, const struct dpdk_port_config *c)
{
	bool many = strcmp(c->bus, "pci") == 0 && dpdk_eal_huge();
	uint16_t rx = many ? PORT_DESCRIPTORS : PORT_DESCRIPTORS_PLAIN, tx = 0;
	return rte_eth_dev_adjust_nb_rx_tx_desc(p->number, &rx, &tx) == 0 ? rx : PORT_DESCRIPTORS_PLAIN;
}

static int open_pool(struct dpdk_port *p, const struct dpdk_port_config *c, const struct rte_eth_dev_info *info, char why[static DPDK_WHY])
{
	bool scatters = info->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
	uint32_t room = c->room > DPDK_ROOM ? c->room : DPDK_ROOM;
	if (info->min_rx_bufsize > room && info->min_rx_bufsize < UINT16_MAX / 2)
		room = info->min_rx_bufsize;
	if (!scatters && strcmp(c->bus, "pci") == 0 && info->max_rx_pktlen > room) // then a frame must fit one buffer
		room = info->max_rx_pktlen < PORT_FRAME_MAX ? info->max_rx_pktlen : PORT_FRAME_MAX;
	const struct dpdk_pool_config pool = {.port = c->name, .n = dpdk_pool_size(p->queues, p->descriptors, c->extra_buffers), .room = room,
		.socket = p->socket};
	return dpdk_pool_open(&p->pool, &pool, why);
}

static int configure(struct dpdk_port *p, const struct dpdk_port_config *c, char why[static DPDK_WHY])
{
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	memset(&conf, 0, sizeof(conf));
	int r = rte_eth_dev_info_get(p->number, &info);
	if (r != 0) {
		snprintf(why, DPDK_WHY, "%.96s: DPDK does not say what it can: %s", c->name, rte_strerror(-r));
		return r;
	}
	p->device = info.device;
	p->virtual = strcmp(c->bus, "vdev") == 0;
	p->socket = rte_eth_dev_socket_id(p->number);
	snprintf(p->driver, sizeof(p->driver), "%.31s", info.driver_name ? info.driver_name : "?");
	choose_queues(p, c, &info, &conf);
	p->descriptors = choose_descriptors(p, c);
	conf.rxmode.offloads = info.rx_offload_capa & (RTE_ETH_RX_OFFLOAD_SCATTER | RTE_ETH_RX_OFFLOAD_TIMESTAMP);
	p->has_clock = conf.rxmode.offloads & RTE_ETH_RX_OFFLOAD_TIMESTAMP;
	r = open_pool(p, c, &info, why);
	if (r == 0)
		r = start(p, c, &info, &conf, why);
	if (r != 0)
		return r;
	if (p->rss.key_len) {
		dpdk_rss_prove(&p->rss, p->number, p->queues, &info);
		p->symmetric = p->rss.symmetric;
		snprintf(p->rss_words, sizeof(p->rss_words), "%s", p->rss.words);
	}
	return 0;
}

int dpdk_port_start(struct dpdk_port *p, const struct dpdk_port_config *c, char why[static DPDK_WHY])
{
	memset(p, 0, sizeof(*p));
	int r = dpdk_attach(&p->number, c->name, c->bus, c->device, c->args, why);
	if (r < 0)
		return r;
	r = configure(p, c, why);
	if (r < 0) {
		dpdk_port_stop(p);
		return r;
	}
	rte_eth_stats_reset(p->number); // a card remembers what came before us
	p->flow_control = flow_control_off(p->number);
	receive_everything(p, c);
	dpdk_eal_listen_begin();
	open_wakes(p);
	find_clock(p);
	steer(p, c);
	dpdk_eal_listen_end();
	describe(p, c);
	return 0;
}

// The order matters: the driver owns buffers of the pool until it is closed. A card stays DPDK's until the process ends: taking
// it away reads files of the kernel, which whoever has given up its rights must not.
void dpdk_port_stop(struct dpdk_port *p)
{
	if (p->rules)
		dpdk_flow_rules_close(p->number);
	for (uint16_t q = 0; q < p->queues && p->has_interrupts; q++) {
		if (p->started)
			rte_eth_dev_rx_intr_ctl_q(p->number, q, p->wake_fd[q], RTE_INTR_EVENT_DEL, NULL);
		close(p->wake_fd[q]);
	}
	if (p->started)
		rte_eth_dev_stop(p->number);
	rte_eth_dev_close(p->number);
	if (p->device && p->virtual)
		rte_dev_remove(p->device);
	if (p->pool)
		dpdk_pool_close(&p->pool);
}

// A live port: one direction of a link, or a mirror of both, taken by DPDK or libpcap. Received from, never sent to.
//
// A port gives one or more queues, each a struct source of its own that one thread uses. capture/source/table.c lists the
// kinds; a name's prefix chooses: "pcap:eth1" libpcap, "vdev:net_pcap0,rx_pcap=x.pcap" a virtual device of DPDK,
// "0000:81:00.0" (or "pci:...") a network card bound to DPDK.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/source.h"

enum { PORT_NAME = 128, PORT_WHY = 256 };

enum port_clock {
	PORT_CLOCK_SYSTEM,   // one reading of the system's clock a burst
	PORT_CLOCK_KERNEL,   // the kernel's stamp of each packet
	PORT_CLOCK_HARDWARE, // the card's
	PORT_CLOCK_CAPTURE,  // written in the capture file that a virtual device plays
};

struct port_config {
	const char *name;      // with its prefix
	const char *bpf;       // filter, libpcap only; "" none
	uint16_t queues;       // wanted; a port that cannot has fewer
	uint16_t mail_ports[32]; // to be steered by the card when `steer`
	size_t n_mail_ports;
	bool steer;            // only mail ports are to be received, where the card can tell them apart
	bool hugepages;        // may be used, when there are any
	bool telemetry;        // DPDK telemetry socket
	uint32_t linkup_wait_ms; // longest wait for the link
};

// Growing numbers of a port since it was opened. Any thread of the process that opened it may ask, rarely.
struct port_stats {
	uint64_t rx_packets, rx_octets; // handed out to the queues' readers
	uint64_t missed;                // the port had no room for them: nobody read fast enough
	uint64_t errors;                // damaged on the wire, or dropped by the driver
	uint64_t no_mbuf;               // no buffer to put them in
	uint64_t tx_packets, tx_octets, tx_errors; // must be 0 (P1)
	bool link_known, link_up;
	uint32_t speed_mbps;            // 0 not known
};

// What was chosen when it was opened, in words for status and log.
struct port_about {
	char name[PORT_NAME];
	char driver[32];                // "net_pcap", "mlx5_pci", "libpcap"
	uint16_t queues, tx_queues;     // tx_queues: 0, or what the driver insists on; never used
	int socket;                     // NUMA node, -1 not known
	uint8_t clock;                  // enum port_clock
	bool rss_symmetric;             // queues are chosen so that both directions of a connection meet
	bool steered;                   // only mail ports arrive: others are not watched
	bool kernel_card;               // its driver keeps asking the kernel (mlx5): see struct rights_config
	char rss[64];                   // "toeplitz 40 octets, ip+tcp", "none: one queue"
	char flow_control[32];          // "off", "not supported", "could not be switched off"
	char offload[96];               // what the card does for us, or why not
};

struct port;

struct port_ops {
	const char *name;
	struct source *(*queue)(struct port *p, uint16_t index); // borrowed; closed with the port
	void (*stats)(struct port *p, struct port_stats *out);
	void (*about)(const struct port *p, struct port_about *out);
	// Which queue the card chooses for a connection (addresses as in struct decoded, 4 or 16 octets); NULL: one queue.
	uint16_t (*queue_of)(const struct port *p, uint8_t ip_v, const uint8_t *src, const uint8_t *dst, uint16_t src_port, uint16_t dst_port);
	// Sleeps until a packet may be there, at most so long; NULL: it cannot wake.
	void (*wait)(struct port *p, uint16_t queue, uint32_t us);
	void (*close)(struct port *p);
};

// First member of each port.
struct port {
	const struct port_ops *ops;
};

// 0, or -errno with `why` saying to the operator what is wrong and what to do.
int port_open(struct port **out, const struct port_config *c, char why[static PORT_WHY]);
void port_close(struct port **p);

// True when packets arrive by themselves and wait for nobody, as from a wire; false for a virtual device that plays a file.
bool port_is_live(const struct port_about *a);

// Each kind: 0, or -errno with `why`. Without its library the kind refuses and says so (capture/source/none.c).
int dpdk_port_open(struct port **out, const struct port_config *c, char why[static PORT_WHY]);
int pcap_port_open(struct port **out, const struct port_config *c, char why[static PORT_WHY]);

const char *port_clock_name(uint8_t clock); // "system", "kernel", "hardware", "capture"

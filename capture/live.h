// A live capture: the ports of all taps, brought to N workers.
//
// Two ways. Where every port has a queue for each worker and its card brings both directions of a connection to one of
// them, worker i reads queue i of every port (run to completion). Otherwise one reader thread takes everything and hands
// each packet to the worker that owns its connection (fan-out), over lanes: rings of bursts, copied.
// In the first way lanes exist too: what the card cannot place (tunnels, fragments) goes over them to its worker.
//
// A wire waits for nobody: what finds no room in a lane is lost and counted. Where all ports play files, the reader waits.
//
// Arms of a tap are merged by time within a window of some hundred microseconds; TCP bears what that cannot mend.
// packet.seq is the packet's time in ns with its lowest four bits replaced by the worker (fan-out: 0), raised so that it
// always grows; so N workers' messages merge by time.
//
// When nothing arrives a source hands out PACKET_TIME once a millisecond, with the time that passed since the last packet
// (before the first: the system's clock); while a capture file is played (PORT_CLOCK_CAPTURE), only after a second of nothing.
// In fan-out other workers' packets are told by PACKET_TIME, too, where a worker must know of them: when packet time passes
// 2^30 ns, so that every worker's timers run with everybody's packets; when it goes back; when a worker was told nothing for a
// millisecond. These have the packet's frame; those of idle time have none (0).
#pragma once

#include "capture/port.h"

enum { LIVE_PORTS_MAX = 16, LIVE_WORKERS_MAX = 16 };

enum {
	LIVE_HERE = LIVE_WORKERS_MAX, // owner(): whoever received it
	LIVE_ALL,                     // owner(): everybody; worker 0 gets it whole, the others a PACKET_COPY
	LIVE_READER,                  // live_wait(): the thread that calls live_read()
};

struct live_port {
	const char *name;
	const char *bpf;
	uint8_t tap;
};

struct live_config {
	struct live_port port[LIVE_PORTS_MAX];
	size_t n_ports;
	uint16_t workers;
	struct port_config common;     // everything but name, bpf and queues
	uint32_t merge_window_us;      // 0: default
	size_t lane_octets;            // of each lane; 0: default
	// Who owns a packet's connection: a worker, LIVE_HERE or LIVE_ALL. `fanned`: there is no LIVE_HERE. Pure; any thread.
	uint32_t (*owner)(void *ctx, const struct packet *p, bool fanned);
	void *owner_ctx;
};

struct live;

// 0, or -errno with `why` for the operator. Opens every port; no thread is started.
int live_open(struct live **out, const struct live_config *c, char why[static PORT_WHY]);
void live_close(struct live **l);

// Worker `w`'s source, used by its thread only; borrowed.
struct source *live_source(struct live *l, uint16_t w);

// True: a reader thread has to call live_read() again and again. It answers like source_burst(), without packets: how many
// it took, SOURCE_IDLE, SOURCE_END or -errno.
bool live_fanned(const struct live *l);
int live_read(struct live *l);
// After the reader's last call: workers' sources say SOURCE_END when they are empty.
void live_read_end(struct live *l);

// For whoever found nothing several times: sleeps until something may be there, at most `us` microseconds.
void live_wait(struct live *l, uint16_t w, uint32_t us);

// Ports by index; any thread, rarely.
size_t live_n_ports(const struct live *l);
void live_port_stats(struct live *l, size_t port, struct port_stats *out);
void live_port_about(const struct live *l, size_t port, struct port_about *out);

// Since the start: packets that went over lanes, and those that found no room in one: nobody dissects them. In fan-out the
// two and what is waiting in arms are all that was received. copies_full: a PACKET_COPY found no room; another worker has the
// packet. waiting: received, but not yet handed to a worker; exact when all threads rest. So a ledger is
//     all ports' rx_packets = PACKET_WHOLE that workers' sources handed out + lanes_full + waiting
struct live_counts {
	uint64_t lanes_taken, lanes_full, copies_full, waiting;
};
void live_counts(const struct live *l, struct live_counts *out);

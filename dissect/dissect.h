// One worker's dissection: packets in, messages out. Nothing here asks for the clock, opens a file or knows a policy.
//
// Everything is sized when it is opened and allocated nowhere else. Several workers may read the same input; each
// keeps the flows whose hash is its own, so their messages merge into what one worker would have said.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "capture/packet.h"
#include "dissect/message.h"
#include "dissect/place.h"

enum dissect_checksums { CHECKSUMS_AUTO, CHECKSUMS_REQUIRE, CHECKSUMS_IGNORE };

enum { DISSECT_PORTS_MAX = 32 };

// Of packet brokers and mirrors. Off unless the operator says so: anybody can send a UDP datagram with a mail session in it.
enum dissect_tunnel { TUNNEL_GRE = 1, TUNNEL_ERSPAN = 2, TUNNEL_VXLAN = 4, TUNNEL_GENEVE = 8 };

struct dissect_config {
	uint16_t ports[DISSECT_PORTS_MAX]; // capture.ports_tcp
	size_t n_ports;
	enum dissect_checksums checksums;
	uint32_t flows_max;
	uint32_t sessions_max;         // flows with facts in the worker at once
	uint64_t reassembly_octets;    // cap of all out-of-order and waiting octets
	bool keep_flights;             // ship the encrypted handshake of TLS 1.3: there is a key log
	bool tls_outside_mail;         // follow TLS of connections that are no mail, too
	bool digest_content;           // a second tap's content is to be compared: facts.smtp.content_digest
	uint64_t content_key;          // ... keyed by this, the same for every worker of a run, in no record
	bool keep_envelope;            // whole addresses may be kept (privacy.envelope)
	uint16_t worker, n_workers;
	bool shared_out;               // live: packets come to this worker because they are its own (capture/live.h); only those of kind
				       // PACKET_COPY are asked whose they are. Otherwise every worker sees the whole input
	bool evidence;                 // ship packets of sessions: MESSAGE_EVIDENCE
	bool protocols;                // classify what is not mail by nDPI, where it is built in, and count it: MESSAGE_PROTOCOLS
	uint32_t tunnels;              // enum dissect_tunnel bits that are opened
	const struct dialogue *dialogue; // or NULL
	struct meet *meet;             // of all workers that are handed packets (`shared_out`), or NULL: see dissect/meet.h
	// Takes a message of `len` octets before it returns. Called by the worker's own thread, in order.
	void (*emit)(void *ctx, const struct message *m, size_t len);
	void *emit_ctx;
};

struct dissect;

// 0 or -errno.
int dissect_open(struct dissect **out, const struct dissect_config *config);
void dissect_close(struct dissect **d);

// Takes a burst of packets; nothing of them is referenced afterwards.
void dissect_burst(struct dissect *d, const struct packet *burst, size_t n);

// Other ports and another rule for checksums, from now on: connections that are open stay what they are. By the worker's
// thread, between bursts.
void dissect_reconfigure(struct dissect *d, const uint16_t *ports, size_t n_ports, enum dissect_checksums checksums);

// Which worker a packet belongs to, for live_config.owner: below `n_workers`, or LIVE_HERE or LIVE_ALL of capture/live.h.
// Reads headers only. Pure; any thread.
struct dissect_owner {
	uint16_t n_workers;
	uint32_t tunnels;
};
uint32_t dissect_owner(void *owner, const struct packet *p, bool fanned);

// End of input: every open flow ends with END_EOF, then the last counters are told.
void dissect_finish(struct dissect *d);

// Every message written later has a greater `seq` than this: the watermark for the ring after a burst.
uint64_t dissect_watermark(const struct dissect *d);

// The worker's counters, DISSECT_COUNTERS of them. Read from any thread with counter_read().
const uint64_t *dissect_counters(const struct dissect *d);

// Which packets of a session travel to the judge as evidence, and how much of each: dissect_config.evidence.
//
// Headers travel whole. Of a payload travels its beginning, as far as the machines have read it as something that may be kept
// (dissect/kept.h, dissect/smtp/keep.c), and none of it once the session's octets came in two versions. A packet that waits
// for others is copied and travels when it was read, or when it will not be. The handshake of a connection to a mail port is
// remembered until its first payload, so that a flood of SYNs costs the judge nothing. One worker.
#pragma once

#include "dissect/engine.h"

enum {
	KEEP_PACKETS_MAX = 64,        // of a session: a dialogue of a dozen lines and a handshake with a long chain take 40
	KEEP_OCTETS_MAX = 32 << 10,   // ... 32 KiB, for the same reason
	KEEP_BARE_MAX = 16,           // ... of them segments that only acknowledge
	KEEP_DECIDING_MAX = 16,       // ... and so many more that made facts worth telling: nobody hides behind chatter
	KEEP_DECIDING_OCTETS = 8 << 10,
	KEEP_WAITING_MAX = 8,         // ... that wait to be read: two arms of a tap are apart by a few packets
	KEEP_SLOTS = 128,             // packets that wait, of all sessions of a worker; the oldest gives way
	KEEP_OPENINGS = 4096,         // connections without payload whose handshake is remembered; one gives way to another
	KEEP_HEADERS_MAX = 192,       // octets of headers of a handshake: two tags, IPv6, TCP with options, and a tunnel
};

// 0 or -ENOMEM.
int keep_open(struct keep **k);
void keep_close(struct keep **k);

// The packet in hand and the connection it belongs to, before anything is done with it.
void keep_begin(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p);
// Its payload is taken, for octets from `off` on of direction `d`.
void keep_payload(struct dissect *e, enum dir d, uint64_t off);
// Everything was done with it.
void keep_end(struct dissect *e);
// One of a session that was sealed, with other octets than those that were read: its headers.
void keep_sealed(struct dissect *e, uint32_t flow, enum dir d);
// One that was refused, and may be what somebody on the path has sent. `flow` 0: it is nobody's.
void keep_refused(struct dissect *e, uint32_t flow, enum dir d, const struct decoded *s, const struct packet *p);

// What the machines of a connection tell their runs to.
const struct kept_list *keep_list(struct dissect *e, const struct conn *c);

// Facts of a session are about to be told: what they rest on travels first. `last`: its machines will read no more.
void keep_tell(struct dissect *e, uint32_t flow, bool last);
// A session's facts go: what still waits for it goes, too.
void keep_drop(struct dissect *e, uint32_t flow);

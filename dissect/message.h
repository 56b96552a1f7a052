// What a worker tells the judge: messages on the ring of facts, plain data by value.
//
// Order: (seq, birth, ord). `seq` is twice the number of the packet that caused the message, plus one when it was the
// packet itself and not the time it brought (a timer). So the messages of N workers that read the same input merge
// into exactly the order of one worker (P12). Messages of one worker are written in that order (evictions apart).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dissect/counters.h"
#include "dissect/dns/facts.h"
#include "dissect/facts.h"

enum message_type {
	MESSAGE_SESSION,  // struct message_session
	MESSAGE_END,      // struct message_end
	MESSAGE_ANOMALY,  // struct message_anomaly
	MESSAGE_COUNTERS, // struct message_counters
	MESSAGE_HANDSHAKE, // struct message_handshake
	MESSAGE_DNS,       // struct message_dns
	MESSAGE_EVIDENCE,  // struct message_evidence
	MESSAGE_PROTOCOLS, // struct message_protocols
	MESSAGE_SENSOR,    // struct message_sensor, alerts/sensor.h: not of a worker, but of whoever runs it
};

struct message {
	uint64_t seq;     // 2 * packet.seq in hand when this was written, + 1 unless a timer wrote it
	uint64_t birth;   // session it is about; 0 for none (sorts first), UINT64_MAX for counters (after what they count),
			  // UINT64_MAX - 1 for DNS
	uint64_t time_ns; // packet time of `seq`
	uint32_t ord;     // order among messages of the same (seq, birth)
	uint16_t type;    // enum message_type
	uint16_t worker;
};

// Facts of a session as known now. Sent when they decide something, when TLS is sealed, and at the end.
//   facts.conn.end == END_OPEN, !sealed: told before the end; a later one repeats and extends it.
//   sealed: TLS completed, the worker forgot everything but the counters; a MESSAGE_END will follow.
//   facts.conn.end != END_OPEN: the last message of this session.
//   other: some octets came in two versions. `facts` hold what the first ones say, other facts what the later ones do.
struct message_session {
	struct message head;
	bool sealed;
	uint32_t other;     // where in this message, in octets, the other struct facts begins; multiple of 8, 0 none
	struct facts facts; // last member: only facts_len() octets of it travel, and those of the other one behind it
};

// What the later version says; NULL: there is none.
static inline const struct facts *message_session_other(const struct message_session *m)
{
	return m->other ? (const struct facts *)((const uint8_t *)m + m->other) : NULL;
}

static inline size_t message_session_len(const struct message_session *m)
{
	const struct facts *other = message_session_other(m);
	return other ? m->other + facts_len(other) : offsetof(struct message_session, facts) + facts_len(&m->facts);
}

// The end of a session that was sealed earlier: what changed since.
struct message_end {
	struct message head;
	uint8_t end; // enum session_end
	bool fin[2], rst[2];
	bool reopened; // octets of a stream followed a reset that had looked valid
	bool ambiguous; // other octets were seen where those stand that the facts rest on, or the connection in other numbers
	bool conflict;  // the former, proven; facts.path has the words for the rest
	uint8_t conflict_dir;
	uint32_t conflict_off, conflict_len, conflict_frame;
	uint32_t last_frame;
	uint64_t pkts[2], octets[2], payload_octets[2];
	uint64_t last_ns;
};

// Trouble that belongs to no session; the first of each kind is told, the rest is in the counters.
struct message_anomaly {
	struct message head;
	uint16_t counter; // enum dissect_counter that counts this kind: its name is the event's name
	uint16_t file;
	uint32_t frame;
};

// A worker's counters at packet time `head.time_ns`; the last one comes at the end of input.
struct message_counters {
	struct message head;
	bool last;
	uint32_t flows_now;          // open flows
	uint32_t sessions_now;       // of them, with facts in the worker
	uint64_t memory_octets;      // slabs in use, peak
	uint64_t counter[DISSECT_COUNTERS];
};

// Octets of a TLS handshake that the judge opens: what needs hashes, OpenSSL or a key log. Sent when they are whole,
// before the facts that rest on them (same birth, smaller seq or ord). Of a connection that handshakes twice, the last
// of each kind counts.
enum handshake_kind {
	HANDSHAKE_CLIENT_HELLO,   // body of the (first) ClientHello, without its four octets of header
	HANDSHAKE_CERTIFICATES,   // the server's certificate_list: each 24-bit length, DER. RFC 5246 7.4.2. SSLv2: its one
	HANDSHAKE_CLIENT_CERTIFICATES, // the client's
	HANDSHAKE_RAW_KEY,        // the server's SubjectPublicKeyInfo, RFC 7250 3
	HANDSHAKE_STATUS,         // the OCSPResponse of a CertificateStatus, RFC 6066 8
	HANDSHAKE_FLIGHT,         // TLS 1.3, with a key log only: the encrypted records of `dir` after the ServerHello, each
				  // with its header, as many as fit; change_cipher_spec records left out
	HANDSHAKE_KINDS,
};

enum { HANDSHAKE_LEN_MAX = 65536 }; // octets of one message; a chain is below 10 KiB, RFC 8446 allows 2^24

struct message_handshake {
	struct message head;
	uint8_t kind;       // enum handshake_kind
	uint8_t dir;        // enum dir
	bool cut;           // there was more: FLIGHT, or CERTIFICATES too long to be opened (then of no octets)
	uint16_t version;   // negotiated; 0 before the ServerHello
	uint16_t suite;
	uint8_t client_random[32];
	uint32_t len;
	uint8_t octets[];   // last member: `len` of them
};

// DNS that passed by (dissect/dns/facts.h), in the order of its packets.
struct message_dns {
	struct message head;
	struct dns_facts facts; // last member: only dns_facts_len() octets of it travel
};

static inline size_t message_dns_len(const struct message_dns *m)
{
	return offsetof(struct message_dns, facts) + dns_facts_len(&m->facts);
}

// A packet of a session's clear part or handshake, for whoever keeps evidence (dissect_config.evidence). Headers are whole;
// of its payload only what may be kept (dissect/keep.h): nothing of the client from the first octet of DATA, BDAT or AUTH on,
// nothing that was not read, in order and in one version. Sent before the facts that rest on it; a packet that had to wait
// until it was read comes behind later ones.
enum { EVIDENCE_LEN_MAX = 2048 }; // octets of a packet that are kept

// Why payload was left out.
enum evidence_cut {
	EVIDENCE_WHOLE,
	EVIDENCE_CUT_PRIVATE,   // content, credentials, addresses; or lines of which nobody knows what they are
	EVIDENCE_CUT_UNREAD,    // not read when it came: sent again, refused, behind a hole
	EVIDENCE_CUT_ENCRYPTED, // behind the clear part of a handshake
	EVIDENCE_CUT_CONFLICT,  // octets of the session came in two versions: what was read may not be what was said
	EVIDENCE_CUT_LONG,      // EVIDENCE_LEN_MAX
	EVIDENCE_CUTS,
};

struct message_evidence {
	struct message head;   // head.birth: the session. Its time and seq are those of the packet in hand when this was sent
	uint64_t time_ns;      // of this packet
	uint32_t frame;        // as in struct mark
	uint32_t wire_len;     // octets on the wire
	uint32_t cut_len;      // octets of payload that were captured and left out
	uint16_t linktype;
	uint16_t len;
	uint8_t cut;           // enum evidence_cut
	uint8_t dir;           // enum dir
	uint8_t octets[];      // last member: `len` of them
};

// What else is on the link, by protocol: a worker's totals, told before its counters. Names are text of a library.
enum { PROTOCOL_NAME = 24, PROTOCOLS_MAX = 128 };

struct protocol_count {
	char name[PROTOCOL_NAME]; // NUL-terminated: "TLS", "DNS", "udp"
	uint64_t flows, packets, octets;
};

struct message_protocols {
	struct message head;   // head.birth: UINT64_MAX
	uint32_t n;
	struct protocol_count row[]; // last member: `n` of them
};

enum { MESSAGE_LEN_MAX = sizeof(struct message_handshake) + HANDSHAKE_LEN_MAX };

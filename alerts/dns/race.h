// Questions and their answers, to find the question that was answered twice: somebody raced the server (RFC 5452).
//
// Two answers within RACE_NS to the same client port, from the same server, with the same id and question, that do not say
// the same. Said alike are: equal sets in any order, whatever their TTLs. Not compared: truncated answers, refusals and
// failures, answers over TCP. A client that asks again with the same id gets an answer for each of its questions; those of a
// load balancer differ. So different addresses are a suspicion, and only when there were fewer questions than answers. Sets of
// MX or TLSA with nothing in common are no rotation, however often was asked: that claim rests on the two answers alone,
// and no loss of packets can make it. Bounded. One thread.
#pragma once

#include "dissect/message.h"

#define RACE_NS UINT64_C(5000000000)        // no client waits longer for one question on one port
#define RACE_AGAIN_NS UINT64_C(20000000)    // sooner nobody asks again: it is the same packet on two arms of a mirror
#define RACE_FOLLOW_NS UINT64_C(300000000000) // in which a session may follow: RFC 5321 4.5.4.1 asks for retries later

enum {
	RACE_SETS = 1024,   // times RACE_WAYS: 8192 questions at once
	RACE_WAYS = 8,
	RACE_ANSWERS = 4,   // different ones kept of a question
	RACE_MEMBERS = 8,   // records kept of an answer; with more of them it is not shown to have nothing in common
	RACE_DOUBLES = 256, // kept at once; what leaves early is told as if nothing had followed
	RACE_WORD = 48,
};

// A question that was answered twice.
struct race_double {
	uint8_t client[16], server[16];
	uint16_t client_port, server_port;
	uint8_t ip_v;
	bool certain;          // nothing in common; else a suspicion
	bool followed;         // a session told it
	uint16_t qtype, id, file;
	uint8_t hops[2];       // TTL or hop limit of the packets
	uint32_t frame[2];
	uint64_t time_ns[2];
	char qname[DNS_NAME_MAX];
	char said[2][RACE_WORD]; // what each answer said first: a host, an address, "nodata", "nxdomain"
};

struct race;

int race_open(struct race **out);
void race_close(struct race **r);

// Takes a message, in order. True when it is no answer, or its question was seen.
bool race_take(struct race *r, const struct message_dns *m);

// The double of this client and question that was answered at most `within_ns` before `start_ns`, newest first; it counts as
// followed. `ip_v`, `client`: of DNS. NULL: none.
const struct race_double *race_find(struct race *r, uint8_t ip_v, const uint8_t client[16], const char *qname, uint16_t qtype,
                                    uint64_t start_ns, uint64_t within_ns);

// The next double that nothing followed in time (`all`: or ever); valid until the next call. NULL: none.
const struct race_double *race_due(struct race *r, uint64_t now_ns, bool all);

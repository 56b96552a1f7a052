// What clients on the tap asked DNS and were told: which names a server's address goes by, for which domains.
//
// An answer is kept for its TTL and an hour, in packet time, and only if its question was seen: nobody believes an answer
// that was not asked for. Bounded: names of mail hosts in one pool, whatever else was looked up in a smaller one, so that
// browsing does not push mail out; in each the one told longest ago goes. Nothing here is validated: it is what the
// client was made to believe, which is the point. One thread.
#pragma once

#include "dissect/message.h"

enum {
	SEEN_MAIL_MAX = 16384,  // records of mail hosts (MX, their addresses, TLSA): a busy relay's day; 10 MiB
	SEEN_OTHER_MAX = 4096,  // of other names, 3 MiB
	SEEN_HOSTS_MAX = 8,     // names of a session's server that rules look at
	SEEN_LOOKS_MAX = 64,    // records of one address that are looked at, and behind each of them: newest first
	SEEN_ALIASES_MAX = 8,   // CNAMEs in a row
};

struct seen;

int seen_open(struct seen **out);
void seen_close(struct seen **s);

// Takes a message. `asked`: it is no answer, or one whose question was seen (race_take()).
void seen_take(struct seen *s, const struct message_dns *m, bool asked);

// One name of a server's address, as a client of DNS learned it.
struct seen_host {
	char host[DNS_NAME_MAX];      // what an MX answer named, or what was looked up
	char canonical[DNS_NAME_MAX]; // where its CNAMEs lead: the owner of the address; often the same
	char domain[DNS_NAME_MAX];    // whose MX it is; empty: none that was seen
	bool mx;                      // an MX answer named it
	bool own_resolver;            // the client of DNS is the client of SMTP; else it may be its resolver
	bool plain;                   // the addresses came from a resolver, in clear, to a client that leaves validation to it
	uint8_t ip_v;
	uint8_t client[16];           // of DNS
	uint32_t frame, mx_frame;     // the address, and the MX answer (0 none)
	uint64_t time_ns;             // of the address
	uint64_t mx_time_ns;
};

// Names that were valid when a session began (`start_ns`), those its own client asked for first. At most `max`; returns
// how many were written.
size_t seen_hosts(const struct seen *s, const struct conn_facts *c, uint64_t start_ns, struct seen_host *out, size_t max);

// What the client of `h` learned of the TLSA records of a name of it (`base`: its host or canonical name).
struct seen_tlsa {
	uint64_t asked_ns, records_ns, denied_ns, failed_ns; // the last of each; 0 never
	uint32_t asked_frame, denied_frame, failed_frame;
	uint8_t denied_rcode;         // NXDOMAIN, or NOERROR: no data
};
bool seen_tlsa(const struct seen *s, const struct seen_host *h, const char *base, uint16_t port, uint64_t start_ns,
               struct seen_tlsa *out);

// Whether the client of a session had begun DNS over TLS or QUIC within an hour; its packet.
bool seen_encrypted(const struct seen *s, const struct conn_facts *c, uint64_t start_ns, uint32_t *frame);

// What one DNS message about a mail host said: plain data by value, as it goes to the judge. RFC 1035, 3596, 6698.
//
// Only questions of type A, AAAA, MX and TLSA are described; the rest is somebody's browsing and is counted. Names are
// text in lower case without the final dot; they are attacker text, though printable.
#pragma once

#include <stddef.h>

#include "dissect/mark.h"

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_MX = 15, DNS_AAAA = 28, DNS_TLSA = 52 };
enum dns_rcode { DNS_NOERROR = 0, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3 };

enum dns_flag {
	DNS_RESPONSE = 1 << 0,
	DNS_AUTHORITATIVE = 1 << 1, // AA
	DNS_TRUNCATED = 1 << 2,     // TC: what answers there were are not told
	DNS_WANTED = 1 << 3,        // RD: the client wants a resolver to do the work
	DNS_AVAILABLE = 1 << 4,     // RA: the server is a resolver
	DNS_VALIDATED = 1 << 5,     // AD, RFC 6840 5.7
	DNS_UNCHECKED = 1 << 6,     // CD: the client validates by itself
	DNS_SIGNED = 1 << 7,        // DO, RFC 3225
	DNS_MORE = 1 << 8,          // there were answers that are not told
	DNS_OVER_TCP = 1 << 9,
	DNS_ENCRYPTED = 1 << 10,    // no message at all: a connection to port 853 was begun, RFC 7858, 9250
};

enum {
	DNS_PORT = 53,
	DNS_TLS_PORT = 853,
	DNS_NAME_MAX = 254,    // octets of a name with its NUL: RFC 1035 2.3.4 allows 255 on the wire
	DNS_ANSWERS_MAX = 32,  // told of one message; large mail services have below 10 hosts
	DNS_TEXT_MAX = 2048,   // of all names; 32 hosts of 60 octets
};

// A record of the answer section.
struct dns_answer {
	uint16_t type;         // enum dns_type
	uint16_t owner;        // where in dns_facts.text its name begins
	uint16_t name;         // MX, CNAME: where the name it leads to begins
	uint16_t preference;   // MX
	uint32_t ttl_s;
	uint8_t address[16];   // A in the first four octets; AAAA
	uint64_t digest;       // of owner, type and data: equal in two messages of one worker means the same record
};

struct dns_facts {
	uint8_t client[16], server[16]; // who asked, who was asked; IPv4 in the first four octets, rest zero
	uint16_t client_port, server_port;
	uint8_t ip_v;
	uint8_t tap;           // where it was seen, below FACTS_TAPS
	uint8_t ttl;           // or hop limit, of this packet
	uint8_t rcode;
	uint8_t n_answers;
	uint16_t flags;        // enum dns_flag bits
	uint16_t id;
	uint16_t qtype;        // enum dns_type; 0: DNS_ENCRYPTED
	uint16_t file;
	uint32_t frame;
	uint32_t text_used;    // octets of `text` that mean something; the name that was asked for comes first
	uint64_t set;          // digest of all answers together, in whatever order they stood
	struct dns_answer answer[DNS_ANSWERS_MAX];
	char text[DNS_TEXT_MAX]; // names, each with its NUL; last member: only text_used octets of it travel
};

// Octets of `f` that mean something.
static inline size_t dns_facts_len(const struct dns_facts *f)
{
	return offsetof(struct dns_facts, text) + f->text_used;
}

static inline const char *dns_qname(const struct dns_facts *f)
{
	return f->text;
}

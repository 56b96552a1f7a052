// An active check of one mail host, from the management interface: what it offers and shows now, seen from here. Never what
// a session was given: that stays apart. EHLO, STARTTLS, TLS, EHLO, QUIT; never MAIL. Blocks up to the limit. One thread.
//
// The host is trusted in nothing: replies are bounded (alerts/probe/reply.h), the chain is kept as octets and opened by
// alerts/cert/, and the whole takes no longer than its limit. Whoever calls this has asked alerts/probe/rate.h before.
#pragma once

#include "alerts/expect/policy.h"
#include "alerts/probe/reply.h"

enum {
	PROBE_LIMIT_S = 30,
	PROBE_STEPS_MAX = 6,     // greeting, EHLO, STARTTLS, EHLO, QUIT
	PROBE_SENT_LEN = 272,    // "EHLO " and a name
	PROBE_CHAIN_MAX = 65536, // octets of certificates kept
	PROBE_CERTS_MAX = 10,    // CERT_CHAIN_MAX
};

enum probe_outcome {
	PROBE_DONE,              // TLS came up and the dialogue ended in order
	PROBE_NOT_OFFERED,       // EHLO was answered, without STARTTLS
	PROBE_STARTTLS_REFUSED,
	PROBE_TLS_FAILED,
	PROBE_REFUSED,           // the greeting or EHLO was answered with 4xx or 5xx
	PROBE_NOT_SMTP,          // an answer that is no reply
	PROBE_TOO_MUCH,          // an answer without an end
	PROBE_TIMEOUT,
	PROBE_CLOSED,            // the host closed the connection
	PROBE_UNREACHABLE,
	PROBE_OUTCOMES,
};

struct probe_step {
	char sent[PROBE_SENT_LEN]; // without CRLF; empty: the greeting
	bool inside_tls;
	bool answered;
	struct probe_reply reply;  // what came of it, also when that was not all
};

struct probe_config {
	const char *name;        // of the host, for SNI; NULL: an address was asked for
	const char *ehlo;        // our own name
	struct policy_address address;
	uint16_t port;
	uint32_t limit_ms;
};

struct probe_result {
	uint8_t outcome;         // enum probe_outcome
	const char *where;       // step at which it ended: "connection", "greeting", ...; static
	char why[96];            // in words, where the machine has some; printable
	size_t n_steps;
	struct probe_step step[PROBE_STEPS_MAX];
	bool ehlo_seen;          // the reply to the first EHLO is whole: `offered` means something
	bool offered;
	uint32_t injected;       // octets behind the reply to STARTTLS, before any TLS; forgotten, as RFC 3207 4.2 wants
	bool tls;
	char version[16], suite[64], group[32]; // as OpenSSL calls them; suites by their IANA name
	size_t chain_len;        // octets of certificate_list (24 bits of length before each), the leaf first
	bool chain_cut;
	uint8_t chain[PROBE_CHAIN_MAX];
};

const char *probe_outcome_name(uint8_t outcome); // "done", "not_offered"

// Fills `out`, whatever happens.
void probe_run(struct probe_result *out, const struct probe_config *c);

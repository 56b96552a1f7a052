// What the rules remember across sessions, in packet time: three bounded tables for fallback after failed TLS,
// password guessing and servers met for the first time. Each answer for a session is the same however often it is
// asked, because what a session contributed is kept under its birth.
//
// The tables are set-associative: a key has eight possible places, and when all are taken the one touched longest ago
// goes. Forgetting loses findings; the one it can make, starttls.first-seen-plain, is information. One thread.
#pragma once

#include "alerts/history/history.h"
#include "alerts/session.h"

enum {
	MEMORY_SETS = 8192,          // times MEMORY_WAYS: 65536 pairs, peers of a large mail link in a day
	MEMORY_WAYS = 8,
	MEMORY_SESSIONS = 16,        // sessions of one client in the guessing window
	MEMORY_GUESSES = 10,         // failures that make guessing
};

#define MEMORY_FALLBACK_NS (24ull * 3600 * 1000000000) // Postfix retries by message age, others at once
#define MEMORY_NOGO_NS (7 * MEMORY_FALLBACK_NS) // clients that remember it offer no TLS for so long (Haraka)
#define MEMORY_WITHDRAWN_NS (2ull * 3600 * 1000000000) // servers withdraw their offer for so long from whom it failed with (Haraka: 1 h)
#define MEMORY_AT_END_NS (100ull * 1000000)            // a failed connection may end a little after the next one began
#define MEMORY_GUESS_NS (600ull * 1000000000)
#define MEMORY_AT_ONCE_NS (60ull * 1000000000)         // "same hello and at once"

struct rules_memory;

// A fault that somebody on the path has brought about.
enum memory_fault { FAULT_NONE, FAULT_CONFLICT, FAULT_RESET, FAULT_SYNACK, FAULT_TTL };

// Facts say that TLS failed or was refused: remembered under (client address, server address).
struct memory_failed {
	uint8_t confidence, quality; // how sure, and resting on what (enum quality bits)
	enum memory_fault fault;
	const char *session;         // id
};
void memory_tls_failed(struct rules_memory *m, const struct facts *f, const struct memory_failed *how);
// TLS came up between the two: what failed before is over.
void memory_tls_worked(struct rules_memory *m, const struct facts *f);

struct memory_fallback {
	uint64_t ago_ns;         // from the failure to the start of this session
	uint8_t confidence, quality; // of that failure
	enum memory_fault fault;
	char session[RECORD_ID_LEN + 1]; // in which it happened
	bool nogo;               // more than a day ago: a client that still remembers
	bool same_envelope;      // same MAIL and RCPT, and that session had reached MAIL
	bool same_hello;
};

// Did an earlier session of this pair fail to get TLS, at most 24 h before this one (`session`, its id) began, and none get
// it since? Where the client no longer tries though it could, at most 7 days. False: not that we know.
bool memory_fallback(struct rules_memory *m, const struct facts *f, const char *session, struct memory_fallback *out);
// Did one fail within this time before this one began, whatever happened since?
bool memory_failed_lately(struct rules_memory *m, const struct facts *f, uint64_t within_ns);

// Refused AUTH commands of this client within ten minutes, this session's included.
uint32_t memory_auth_failed(struct rules_memory *m, const struct facts *f);

// True for the first session that asks about its server (address and port), and for that session again.
bool memory_first_seen(struct rules_memory *m, const struct facts *f);

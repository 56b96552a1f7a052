// The same session seen at two taps, one on each side of a device: which two sessions are one, who stands nearer to the
// client, and what differs between them. Pure: facts in, words out. docs/design/0015-two-taps.md.
#pragma once

#include "alerts/session.h"

// Two clocks and a proxy that connects a little later: sessions that began farther apart are not taken for one.
#define PAIR_START_NS (2ull * 1000000000)

enum pair_fit {
	PAIR_OTHER, // two sessions
	PAIR_ALIKE, // what was said is the same; the connection may be another one (NAT, a proxy)
	PAIR_ENDS,  // ... between the same addresses and ports: a proxy that nobody is to see
	PAIR_SAME,  // the numbers of both directions are the same: one connection
};

// What differs. Bits.
enum pair_differs {
	PAIR_BANNER = 1 << 0,
	PAIR_HELLO = 1 << 1,        // EHLO or HELO, and whether EHLO was refused
	PAIR_OFFER = 1 << 2,        // the reply to EHLO: STARTTLS, or another keyword
	PAIR_STARTTLS = 1 << 3,     // the command: sent at one, not at the other
	PAIR_REPLY = 1 << 4,        // the reply to it
	PAIR_CLIENT_HELLO = 1 << 5,
	PAIR_SERVER_HELLO = 1 << 6,
	PAIR_CERTIFICATE = 1 << 7,
	PAIR_CONTENT = 1 << 8,      // of the messages
	PAIR_RESET = 1 << 9,        // seen at one only
	PAIR_TLS = 1 << 10,         // came up at one only
	PAIR_DIFFERS_N = 11,
};

// Name of bit `n`, as in records.
const char *pair_differs_name(unsigned n);

struct pair_end {
	const struct facts *facts;
	const struct peer *peer; // or NULL
	enum tap_side side;
};

// Two sessions that are one. Borrowed.
struct pair {
	struct pair_end client, server; // the one nearer to each
	bool sides_known;  // else `client` is only the one that is called outside
	bool proxy;        // numbers of their own: a proxy, or a firewall that gives connections new ones
	uint16_t differs;  // enum pair_differs bits
};

// What two sessions that may be one have in common, to find them by: [0] the numbers, [1] the words. 0: none.
void pair_keys(const struct facts *f, uint64_t key[2]);

// Symmetric. Whether the taps are those of a pair is the caller's to know.
enum pair_fit pair_fit(const struct facts *a, const struct facts *b);

// Who is nearer to the client, and all that differs. `outside` and `inside` as the configuration calls them.
void pair_compare(struct pair *out, const struct pair_end *outside, const struct pair_end *inside);

// One of two versions of a dialogue offers STARTTLS, and the other was read and does not.
bool pair_offer_gone(const struct smtp_facts *a, const struct smtp_facts *b);

// A text of the wire that both have, and not the same.
bool pair_text_differs(const struct facts *a, struct text of_a, const struct facts *b, struct text of_b);

// No octet of the content is in doubt at either tap, the same messages were sent, and they are not the same octets.
bool pair_content_differs(const struct facts *a, const struct facts *b);

// The SMTP state machine of one connection: two ordered streams of lines in, facts out. RFC 5321, 3207, 2920, 3030,
// 4954, 2033, 8689.
//
// It is fed octets in stream order, one direction at a time, in any cuts; how they are cut never changes the facts.
// Replies are matched to commands by order, never by packet. Where the meaning of octets depends on the other side
// (after STARTTLS, after DATA) it takes nothing and asks to wait; the caller keeps the octets and offers them again.
// "What had the client seen when it sent this" is answered by place.acked, not by packet order.
#pragma once

#include "dissect/kept.h"
#include "dissect/place.h"
#include "hw/slab.h"

enum {
	SMTP_LINE_MAX = 1024,  // octets of a partial line we keep; a longer line is counted, its rest not read
	SMTP_PENDING_MAX = 1000, // commands in flight that we remember; the peers' limit too
};

// What the machine borrows for the length of one call.
struct smtp_env {
	struct facts *facts;
	struct slab *lines;    // objects of SMTP_LINE_MAX octets
	uint64_t *counter;     // DISSECT_COUNTERS of them
	const struct dialogue *dialogue; // or NULL
	bool keep_envelope;    // whole addresses may be kept in facts (privacy.envelope other than "domains")
	const struct kept_list *kept; // what of the octets fed may be kept as evidence; NULL: nobody wants to know
	const uint64_t *content_key; // of the digest of content; NULL: none is wanted
	bool news;             // out, never cleared here: a fact worth telling before the end came up
};

// Zeroed memory is a machine before the greeting. No pointers. Fields are private to dissect/smtp/.
struct smtp;

enum smtp_need {
	SMTP_GO_ON, // all was taken
	SMTP_WAIT,  // the rest must wait until the other direction has moved
	SMTP_TLS,   // the rest of this direction is TLS
};

// Feeds octets of direction `d`; `at` is the place of p[0]. Returns how many were taken; `*need` says why not all.
size_t smtp_feed(struct smtp *m, struct smtp_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len,
                 enum smtp_need *need);

// `missing` octets at `at` of direction `d` will never come. Also used for the start of a midstream connection
// (missing 0: unknown how many).
void smtp_gap(struct smtp *m, struct smtp_env *env, enum dir d, const struct place *at, uint64_t missing);

// Nothing will come from the other direction that `d` could wait for (one-sided capture, full buffer, end):
// the next smtp_feed() of `d` must decide for itself and not answer SMTP_WAIT.
void smtp_do_not_wait(struct smtp *m, enum dir d);

// What the client sends may be kept as evidence: no content and no credential was met, and nothing is missing. Told only with
// smtp_env.kept.
bool smtp_keeps(const struct smtp *m);

// The octets of `d` are content of a message now, no commands or replies.
bool smtp_in_content(const struct smtp *m, enum dir d);

// The TLS layer found that octets of `d` at `at` are no TLS and the handshake had not completed: lines again.
void smtp_plain_again(struct smtp *m, struct smtp_env *env, enum dir d, const struct place *at);

// The connection ended (facts->conn.end is set) or was sealed: settle what is pending, give back line chunks.
void smtp_end(struct smtp *m, struct smtp_env *env);

#include "dissect/smtp/machine.h" // struct smtp itself, so that a session can embed it

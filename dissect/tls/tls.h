// The TLS records and handshake messages of one connection, as far as a tap sees them. RFC 5246, 8446, 6066, 6176.
//
// Fed octets in stream order from the first record on, in any cuts. Handshake messages in clear are opened; what needs
// hashes, OpenSSL or a key log is shipped to the judge as it is. Says when nothing more is to be learned (TLS_SEALED).
//
// Fills facts.tls but for `implicit` and `asked`, which are known to whoever found the TLS. A second STARTTLS on the
// same connection begins with zeroed memory again (after tls_end()) and the same facts.
#pragma once

#include "dissect/kept.h"
#include "dissect/message.h"
#include "dissect/place.h"
#include "dissect/tls/memory.h"

struct tls_env {
	struct facts *facts;
	struct tls_memory *memory;
	uint64_t *counter;
	bool news; // out, never cleared here
	const struct kept_list *kept; // what of the octets fed may be kept as evidence; NULL: nobody wants to know
	bool keep_flights; // a key log may open them
	// Takes octets for the judge before it returns; of `m` everything but head and len is set. NULL: nobody wants them.
	void (*ship)(void *ctx, const struct message_handshake *m, const uint8_t *p, size_t len);
	void *ship_ctx;
};

// Zeroed memory is a machine before the first record. Fields are private to dissect/tls/.
struct tls;

enum tls_need {
	TLS_GO_ON,   // all was taken
	TLS_NOT_TLS, // the rest of this direction is no TLS, and the handshake had not completed
	TLS_SEALED,  // completed (DESIGN section 2) and all facts are known: the flow may cut through. Up to TLS 1.2
		    // this waits for the server's first application data (server_appdata_first), unless something is
		    // missing
};

// Feeds octets of direction `d`; `at` is the place of p[0]. Returns how many were taken: all, unless TLS_NOT_TLS. Then
// p[taken] is the first octet that fits no record; octets before it that looked like a record's header (type 20 to 24,
// so never a letter) were taken. That direction is not to be fed again. After TLS_SEALED feeding is harmless.
size_t tls_feed(struct tls *t, struct tls_env *env, enum dir d, const struct place *at, const uint8_t *p, size_t len,
	enum tls_need *need);

// `missing` octets of direction `d` will never come. Inside a record whose length is known the machine stays in
// step; otherwise it looks for the next plausible record at the start of a run.
void tls_gap(struct tls *t, struct tls_env *env, enum dir d, const struct place *at, uint64_t missing);

// The connection ended: say how TLS ended (encrypted_alert_close), give back memory.
void tls_end(struct tls *t, struct tls_env *env);

// True when p[0..len) can be the start of a TLS record (or an SSLv2 ClientHello, d == DIR_C2S).
// PARSE_MORE-like doubt (len < 3 and no contradiction) counts as true.
bool tls_looks_like(enum dir d, const uint8_t *p, size_t len);

#include "dissect/tls/machine.h" // struct tls itself, so that a session can embed it

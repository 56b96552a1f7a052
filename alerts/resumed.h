// Which full handshake a resumed session goes back to: session ids and tickets, remembered by the digests that the wire
// showed (TLS 1.2 and older; under TLS 1.3 tickets are issued unseen). Bounded; the oldest leave. One thread.
//
// A link says that the same server gave these octets in that session. It says nothing about who resumed with them; what
// the server showed in the full handshake is remembered with it (peer.chain_sha256), because a resumption shows nothing.
#pragma once

#include "alerts/session.h"

enum { RESUMED_MAX = 65536 }; // tickets and ids remembered: servers keep theirs for hours, so does this on a busy link

struct resumed;

int resumed_open(struct resumed **out);
void resumed_close(struct resumed **r);

// The session with the full handshake, and what its server showed (all zero: nothing was seen, or it was cut off).
struct resumed_from {
	char session[RECORD_ID_LEN + 1];
	uint8_t chain_sha256[32];
};

// Learns from a session whose handshake completed (`own`: its id, and what its server showed), and looks up one that
// resumed: *from is what it goes back to, `from->session` empty where nobody knows. Asking again for the same session
// is harmless.
void resumed_take(struct resumed *r, const struct facts *f, const struct resumed_from *own, struct resumed_from *from);

// Which full handshake a resumed session goes back to: session ids and tickets, remembered by the digests that the wire
// showed (TLS 1.2 and older; under TLS 1.3 tickets are issued unseen). Bounded; the oldest leave. One thread.
//
// A link says that the same server gave these octets in that session. It says nothing about who resumed with them.
#pragma once

#include "alerts/session.h"

enum { RESUMED_MAX = 65536 }; // tickets and ids remembered: servers keep theirs for hours, so does this on a busy link

struct resumed;

int resumed_open(struct resumed **out);
void resumed_close(struct resumed **r);

// Learns from a session whose handshake completed, and looks up one that resumed: `link` (RECORD_ID_LEN + 1) gets the
// id of the session with the full handshake, or stays as it is. Asking again for the same session is harmless.
void resumed_take(struct resumed *r, const struct facts *f, const char *session_id, char *link);

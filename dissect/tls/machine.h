// The memory of one connection's TLS machine. Private to dissect/tls/; spelled out only so that a session can embed it.
//
// All zero is the machine before the first record. No pointers: an unfinished message and the offer live in slabs, named
// by index. Stream offsets are kept as their low 32 bits and compared by distance, as TCP does: the places that are
// compared belong to one handshake and lie far closer than 2^31 octets.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "dissect/tls/memory.h"

// Client records remembered until the server's decisive record is met: 3, because packets of two directions swap by
// one or two places, not by more.
enum { TLS_EARLY_MAX = 3 };

// One direction.
struct tls_lane {
	struct tls_room message; // the message being collected
	struct tls_room flight;  // encrypted records kept for a key log
	uint32_t flight_len;
	uint32_t msg_len;  // octets of the message's body, by its header
	uint32_t msg_have; // ... met so far
	uint32_t acked;    // what the sender had received of the other stream when the current record began
	uint16_t rec_len;  // octets of the current record's body, by its header
	uint16_t rec_left; // ... not met yet
	uint8_t header[6]; // of the record, while it is incomplete; then the first octets of a short body
	uint8_t n_header;
	uint8_t type;   // content type of the current record; 0 before the first
	uint8_t msg[4]; // header of the handshake message
	uint8_t n_msg;
	uint8_t alert_level; // first octet of a clear alert record
	bool want : 1;       // the current message is to be opened
	bool lost : 1;       // out of step: looking for a record at the start of a run
	bool gap : 1;        // something of this direction was never captured
	bool ccs : 1;        // change_cipher_spec seen
	bool finished : 1;   // TLS <= 1.2: an encrypted handshake record after it
	bool data : 1;       // an application_data record
	bool appdata : 1;    // ... after the ServerHello (client: sent after it had received the ServerHello)
	bool unread : 1;     // nothing more to be learned here (SSLv2): octets pass unread
	bool rec_unread : 1; // the rest of this record passes unread
	bool rec_kept : 1;   // this record goes into the flight
	bool flight_cut : 1; // the flight had more than is kept
	bool again_ccs : 1;  // of the renegotiation in hand
	bool again_done : 1;
};

struct tls {
	struct tls_lane lane[2];             // by enum dir
	uint32_t offer;                      // slab index of the ClientHello's offer; 0 none
	uint32_t session_id;                 // digest of the client's session id; 0 none
	uint32_t ech;                        // digest of the client's first encrypted_client_hello; 0 none
	uint32_t server_hello_end;           // stream offset (s2c) behind the ServerHello
	uint32_t server_ccs_end;             // ... behind the server's change_cipher_spec
	uint32_t client_data;                // stream offset (c2s) of the client's first application_data record, or
					     // behind everything it sent while there was none
	uint32_t early_acked[TLS_EARLY_MAX]; // .acked of client application_data records that cannot be judged yet
	uint16_t early_len[TLS_EARLY_MAX];   // ... their lengths; oldest first
	uint8_t n_early;
	uint8_t n_flight;         // TLS 1.3: records of the client's last handshake flight so far
	bool server_hello : 1;    // seen, and its end is known
	bool tls13 : 1;           // ... and it selects TLS 1.3 (or could not be read: the stricter rules)
	bool certificate : 1;     // the server's Certificate
	bool hello_done : 1;      // the server's ServerHelloDone
	bool echo : 1;            // the server returned the client's session id
	bool client_finished : 1; // TLS 1.3: the client's flight is over
	bool client_more : 1;     // the client then sent more than an alert
	bool completed : 1;
	bool sealed : 1;
	bool raw_key : 1;         // the server's Certificate is a SubjectPublicKeyInfo
	bool again : 1;           // a renegotiation is going on
	bool retry : 1;           // a HelloRetryRequest
	bool client_hello : 1;    // seen, and no HelloRetryRequest asked for another one since
	bool shipped : 1;         // flights were handed on
};

static_assert(sizeof(struct tls) <= 224, "a clear session should stay near 1 KiB");

// Handshake messages of an opened flight, up to Finished. RFC 8446 4.3, 4.4; 8879 4. Private to alerts/keylog/; without
// OpenSSL, so that it can be fuzzed.
#pragma once

#include "alerts/keylog/flight.h"
#include "dissect/bytes.h"

// Messages as they come out of the records, and what was made of their certificates. Zero what stands before `plain`.
struct messages {
	size_t len;        // octets of `plain`
	size_t done;       // of them, read as whole messages
	bool finished;
	bool certificates; // a Certificate was read; another one is not
	uint8_t plain[FLIGHT_LEN_MAX];
	uint8_t inflated[FLIGHT_LEN_MAX];
	uint8_t list[FLIGHT_LEN_MAX]; // certificate_list in the form of TLS 1.2
};

void messages_init(struct messages *m);

// `m->len` has grown: reads what is whole by now. `out` points into `m`.
void messages_read(struct messages *m, struct flight *out);

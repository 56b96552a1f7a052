// Opens one direction's encrypted handshake flight of TLS 1.3 with its handshake traffic secret. RFC 8446 5.2, 7.3.
//
// Stops at Finished: what follows is protected by other keys and is never touched. A client's early data, which has keys
// of its own and stands in front, is passed over; a server's first record opens or none is tried.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flight_result {
	FLIGHT_OPENED,     // up to Finished, or up to an alert
	FLIGHT_INCOMPLETE, // records opened, but they end early, or a message is beyond FLIGHT_LEN_MAX
	FLIGHT_WRONG,      // no record opens; of a server, the first does not
	FLIGHT_UNKNOWN,    // a cipher suite that is not of TLS 1.3
};

enum { FLIGHT_LEN_MAX = 65536 }; // plaintext of a flight

struct flight {
	const uint8_t *certificates; // certificate_list in the form of TLS 1.2 (24-bit length, DER); NULL none
	size_t certificates_len;
	bool certificate;            // a Certificate message was there (its list may be empty)
	bool compressed;             // ... as CompressedCertificate that we cannot open
	bool raw_key;                // server_certificate_type raw_public_key: the list holds one SubjectPublicKeyInfo
	const uint8_t *staple;       // OCSPResponse of the leaf; NULL none
	size_t staple_len;
	bool certificate_request;
	uint16_t verify_scheme;      // of CertificateVerify; 0 none
	uint8_t alpn[32];            // chosen in EncryptedExtensions
	uint8_t alpn_len;
	bool alert;
	uint8_t alert_level, alert_code;
};

struct flight_room;
int flight_room_open(struct flight_room **out);
void flight_room_close(struct flight_room **r);

// `records`: as struct message_handshake's HANDSHAKE_FLIGHT; `early_data_possible`: they are a client's. `out` points into
// `r` until the next call.
enum flight_result flight_open_records(struct flight_room *r, struct flight *out, uint16_t suite, const uint8_t *secret,
                               size_t secret_len, bool early_data_possible, const uint8_t *records, size_t len);

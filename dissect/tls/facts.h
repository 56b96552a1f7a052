// What the wire showed of TLS in one session: the part of `struct facts` that dissect/tls/ fills. Plain data.
//
// Only what a tap sees in clear: both hellos, and up to TLS 1.2 the server's and the client's handshake messages. What
// is signed, hashed or opened with OpenSSL (certificates, JA4, key logs) is the judge's: struct message_handshake.
#pragma once

#include "dissect/mark.h"

enum peer_cert { CERT_NOT_SEEN, CERT_SEEN, CERT_ENCRYPTED, CERT_RESUMED };

// Extensions that a fact or a finding rests on: bits of client_ext (offered) and server_ext (in the ServerHello).
// Numbers and names are the registry's; TLS 1.3 hides what EncryptedExtensions chose.
enum tls_ext {
	TLS_EXT_SERVER_NAME = 1 << 0,            // 0, RFC 6066 3
	TLS_EXT_STATUS_REQUEST = 1 << 1,         // 5, RFC 6066 8
	TLS_EXT_TRUNCATED_HMAC = 1 << 2,         // 4, RFC 6066 7
	TLS_EXT_SUPPORTED_GROUPS = 1 << 3,       // 10, RFC 8422 5.1.1, 8446 4.2.7
	TLS_EXT_SIGNATURE_ALGORITHMS = 1 << 4,   // 13, RFC 8446 4.2.3
	TLS_EXT_HEARTBEAT = 1 << 5,              // 15, RFC 6520
	TLS_EXT_ALPN = 1 << 6,                   // 16, RFC 7301
	TLS_EXT_CLIENT_CERT_TYPE = 1 << 7,       // 19, RFC 7250
	TLS_EXT_SERVER_CERT_TYPE = 1 << 8,       // 20, RFC 7250
	TLS_EXT_ENCRYPT_THEN_MAC = 1 << 9,       // 22, RFC 7366
	TLS_EXT_EXTENDED_MASTER_SECRET = 1 << 10, // 23, RFC 7627
	TLS_EXT_COMPRESS_CERTIFICATE = 1 << 11,  // 27, RFC 8879
	TLS_EXT_SESSION_TICKET = 1 << 12,        // 35, RFC 5077
	TLS_EXT_PRE_SHARED_KEY = 1 << 13,        // 41, RFC 8446 4.2.11
	TLS_EXT_EARLY_DATA = 1 << 14,            // 42, RFC 8446 4.2.10
	TLS_EXT_SUPPORTED_VERSIONS = 1 << 15,    // 43, RFC 8446 4.2.1
	TLS_EXT_KEY_SHARE = 1 << 16,             // 51, RFC 8446 4.2.8
	TLS_EXT_ECH = 1 << 17,                   // 0xfe0d
	TLS_EXT_RENEGOTIATION_INFO = 1 << 18,    // 0xff01 or, offered, the suite 0x00ff; RFC 5746
};

// What a ServerHello or ServerKeyExchange chose though the ClientHello that was seen had not offered it.
// RFC 5246 7.4.1.3 and 7.4.1.4, 8446 4.1.3.
enum tls_unoffered {
	TLS_UNOFFERED_VERSION = 1 << 0,
	TLS_UNOFFERED_SUITE = 1 << 1,
	TLS_UNOFFERED_GROUP = 1 << 2,
	TLS_UNOFFERED_EXTENSION = 1 << 3, // tls_facts.unoffered_ext is the first of them
	TLS_UNOFFERED_COMPRESSION = 1 << 4,
	TLS_UNOFFERED_ALPN = 1 << 5,
	TLS_UNOFFERED_SIGNATURE = 1 << 6, // scheme of the ServerKeyExchange
};

// The last octets of ServerHello.random, RFC 8446 4.1.3.
enum tls_sentinel { SENTINEL_NONE, SENTINEL_TLS12, SENTINEL_TLS11 };

// Encrypted ClientHello. GREASE looks the same in a first hello; it is told apart only where a HelloRetryRequest makes
// the client say it again (GREASE repeats its octets, a real one comes with an empty `enc`).
enum tls_ech { ECH_NONE, ECH_OFFERED, ECH_GREASE, ECH_REAL };

// Bits of facts.tls.alpn_kinds, over all protocols the client offered. RFC 7301, ALPACA.
enum tls_alpn_kind { ALPN_MAIL = 1, ALPN_HTTP = 2, ALPN_OTHER = 4 };

// What the client offered to resume by, and what the server gave to resume by later: 64-bit digests of the octets
// (XXH3, unkeyed), 0 none. Equal digests of two connections to one server link them.
struct tls_resumption {
	uint64_t session_id_offered, session_id_issued; // TLS <= 1.2
	uint64_t ticket_offered, ticket_issued;         // RFC 5077; under TLS 1.3 tickets are issued unseen
	uint64_t psk_offered;                           // first PSK identity, TLS 1.3
};

struct tls_facts {
	// How far it got.
	bool implicit;             // TLS from the client's first octet
	bool asked;                // implicit, or STARTTLS answered 2xx
	bool records[2];           // a well-formed TLS record by direction
	bool client_hello, server_hello, hello_retry;
	bool sslv2_hello;
	bool ccs[2];               // change_cipher_spec record
	bool appdata[2];           // application_data record
	bool client_finished_more; // the client sent more than an alert after its Finished (DESIGN section 2)
	bool completed;            // the handshake completed, as DESIGN section 2 defines it
	bool resumed;              // TLS <= 1.2: echoed session id and no Certificate; TLS 1.3: pre_shared_key selected
	bool certificate;          // TLS <= 1.2: a Certificate message of the server
	bool server_appdata_first; // TLS <= 1.2: server application data before any of the client, both Finished
	bool encrypted_alert_close; // TLS 1.3: a 19..26 octet type 23 record, then the end
	uint16_t record_version;   // of the first client record
	uint16_t client_version;   // highest version offered (supported_versions, else legacy_version); GREASE ignored
	uint16_t server_version;   // negotiated: supported_versions of ServerHello, else its version
	uint16_t suite;            // selected; 0 with server_hello false
	uint16_t group;            // key_share (TLS 1.3) or named curve (ServerKeyExchange); 0 not seen
	bool alert_clear;          // an alert record in the clear before completion
	uint8_t alert_level, alert_code;
	uint8_t alert_dir;         // enum dir
	struct mark alert_mark;
	struct mark client_hello_mark, server_hello_mark, completed_mark;
	uint64_t client_hello_digest, server_hello_digest; // XXH3 of their bodies, with what a HelloRetryRequest added; 0 none
	struct mark server_appdata_mark;
	uint8_t peer_cert;         // enum peer_cert
	// The ClientHello. Of a HelloRetryRequest's two, the second counts where it differs.
	struct text sni;           // host_name of the ClientHello, at most 255 octets of it
	uint16_t sni_len;          // octets it really had; 0 also when the extension is there and empty
	struct text alpn;          // first protocol offered
	uint8_t alpn_kinds;        // enum tls_alpn_kind bits
	uint8_t ech;               // enum tls_ech
	uint32_t client_ext;       // enum tls_ext bits
	bool fallback_scsv;        // suite 0x5600, RFC 7507
	bool pq_offered;           // a hybrid or pure post-quantum group among supported_groups
	bool early_data_sent;      // TLS 1.3: application data before the client could have seen the ServerHello
	// The ServerHello.
	uint32_t server_ext;       // enum tls_ext bits
	uint8_t compression;       // method selected
	uint8_t sentinel;          // enum tls_sentinel
	uint8_t unoffered;         // enum tls_unoffered bits
	bool offer_known;          // ClientHello and ServerHello were compared
	uint16_t unoffered_ext;
	struct text alpn_selected; // TLS <= 1.2
	// ServerKeyExchange, TLS <= 1.2. RFC 5246 7.4.3, 8422 5.4.
	bool server_key_exchange;
	uint16_t ske_scheme;       // SignatureScheme (hash, signature); 0: none, or TLS <= 1.1, which has no choice
	uint16_t dh_bits;          // significant bits of dh_p; 0 no DHE
	uint16_t rsa_export_bits;  // of the temporary RSA key of an EXPORT suite; 0 none
	uint64_t dh_prime;         // digest of dh_p without leading zeros, for tls_prime_name(); 0 none
	struct mark server_key_mark;
	// Other messages, TLS <= 1.2.
	bool certificate_status;   // CertificateStatus, RFC 6066 8
	bool raw_public_key;       // server_certificate_type 2 selected, RFC 7250
	bool certificate_request;  // the server asked for a client certificate
	bool client_certificate;   // ... and the client sent one (an empty list is none)
	struct mark certificate_mark, client_certificate_mark;
	struct tls_resumption resumption;
	// After the handshake, as long as the connection was read (until it was sealed).
	uint8_t n_renegotiations;  // TLS <= 1.2: further handshakes after both Finished; saturating
	uint8_t renegotiation_dir; // enum dir that began the first one
	uint16_t n_heartbeats;     // records of type 24, saturating
	bool heartbeat_overread;   // one in clear that claims more payload than it has (CVE-2014-0160)
	struct mark renegotiation_mark, heartbeat_mark;
	// SSLv2.
	uint32_t sslv2_kind;       // CIPHER-KIND of the CLIENT-MASTER-KEY, 24 bits; 0 not seen
};

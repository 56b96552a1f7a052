// Whether a receiver can be reached from here: its name, its port, its certificate. What `doctor` tries; a sensor's sinks have
// their own connections.
//
// Blocks: name service for as long as it takes, each of at most four addresses and the handshake `wait_ms`. SIGPIPE is ignored
// by the caller. One thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum reach_step {
	REACH_OWN_FILES,  // CA, certificate or key cannot be used
	REACH_NAME,       // no address
	REACH_CONNECT,    // nobody takes the connection
	REACH_TLS,        // no TLS, or a certificate that is not to be believed
	REACH_DONE,
};

enum { REACH_WHY = 160 };

struct reach_tls {
	const char *ca;          // PEM; NULL: the system's
	const char *cert, *key;  // PEM, or NULL
	const char *name;        // that the certificate must have; an address, too
};

struct reach {
	enum reach_step step;    // where it ended
	char address[64];        // tried last
	char why[REACH_WHY];     // where it failed: in words
	char tls[64];            // "TLSv1.3, TLS_AES_256_GCM_SHA384"
	const char *whose;       // certificate ends first; NULL: none was shown
	int ends_in_days;
};

// `tls` NULL: in clear. True: REACH_DONE.
bool reach_tcp(struct reach *r, const char *host, uint16_t port, const struct reach_tls *tls, unsigned wait_ms);
// Only the name.
bool reach_name(struct reach *r, const char *host);

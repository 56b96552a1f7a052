// Secrets of the operator's own mail servers: files in the format of NSS and OpenSSL (SSLKEYLOGFILE,
// draft-ietf-tls-keylogfile), one or a directory of them, read again when they grow.
//
// Only handshake secrets of TLS 1.3 are kept (SERVER_ and CLIENT_HANDSHAKE_TRAFFIC_SECRET): with them no application
// data can be opened. All other labels are counted and forgotten. Bounded: when the table is full the oldest leave.
// Secrets are wiped when they leave. One thread. Its text comes from the operator's servers, but nothing in it is
// trusted, and the client randoms in it were chosen by whoever connected.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	KEYLOG_SECRETS_MAX = 262144, // sessions: a day of a busy server; about 32 MiB, touched lazily
	KEYLOG_LINE_MAX = 512,       // octets; the longest line of the format has below 300
	KEYLOG_SECRET_MAX = 48,      // SHA-384
};

struct keylog;

struct keylog_secrets {
	uint8_t server[KEYLOG_SECRET_MAX], client[KEYLOG_SECRET_MAX]; // handshake traffic secrets
	uint8_t server_len, client_len; // 0: not known
};

struct keylog_counts {
	uint64_t lines;        // with something on them, and an end
	uint64_t kept;         // secrets that were new
	uint64_t other_labels;
	uint64_t malformed;    // too long among them
	uint64_t evicted;      // sessions that left
};

// Opens PATH, a file or a directory (not those in it, nor names that begin with a dot), and reads what is there.
// Anything but a regular file is never opened. PATH NULL: only what keylog_take() is given.
// 0 or -errno (it cannot be read at all; -EINVAL: neither file nor directory).
int keylog_open(struct keylog **out, const char *path);
void keylog_close(struct keylog **k);

// The secrets of a client random; where one of the two is missing, what files have gained since is read first.
// NULL: none. Borrowed until the next call.
const struct keylog_secrets *keylog_find(struct keylog *k, const uint8_t client_random[32]);

struct keylog_counts keylog_counts(const struct keylog *k);

// Feeds text of a key log, in any cuts; for fuzzing and tests. `last`: a line without an end ends here.
void keylog_take(struct keylog *k, const char *text, size_t len, int last);

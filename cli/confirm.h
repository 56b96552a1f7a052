// How to confirm a session by hand: commands that can be pasted into a shell.
#pragma once

#include <stddef.h>
#include <stdio.h>

#include "alerts/session.h"

enum { CONFIRM_MAX = 12, CONFIRM_LEN = 1024 }; // 12: of one session at most 11 fit

struct confirm {
	size_t n;
	struct {
		const char *what; // "the packets", ...
		char command[CONFIRM_LEN];
	} step[CONFIRM_MAX];
};

struct confirm_about {
	const struct session *session;
	const struct finding *finding; // the one that is explained, or NULL
	const char *file;              // the capture the session is in
	const char *keylog;            // --keylog, or NULL
};

// Names from the wire are used only where they are plain host names.
void confirm_build(struct confirm *c, const struct confirm_about *a);

// Adds how to ask again what DNS and MTA-STS promise.
void confirm_policy(struct confirm *c, const struct expectation *e);

// Adds how to see the earlier session a finding's detail refers to (":session:ID"), where it does.
void confirm_earlier(struct confirm *c, const char *detail, const char *file);

// What the TLS that was seen asks of a client that would agree to the same, cli/confirm_tls.c.
enum confirm_tls {
	CONFIRM_NO_TLS,  // nothing was agreed to
	CONFIRM_OPENSSL, // confirm_openssl() tells the options
	CONFIRM_NMAP,    // what today's OpenSSL has no more: SSL 2 and 3, EXPORT, DES, 3DES, RC4, compression
	CONFIRM_SSL2,    // ... and for which nmap has a script of its own
	CONFIRM_HEARTBEAT,
};

enum confirm_tls confirm_tls(const struct confirm_about *a);
// " -tls1_2 -cipher '...'"
void confirm_openssl(FILE *out, const struct confirm_about *a);

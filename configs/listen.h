// Where something of ours may listen for whoever asks in clear: a unix socket, or the loopback of this machine.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { LISTEN_WHY = 160 };

struct listen_address {
	union {
		struct sockaddr any;
		struct sockaddr_un un;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

// "unix:/PATH", "127.0.0.1:PORT" (any of 127.0.0.0/8), "[::1]:PORT". False, and a sentence, for everything else: names would have to
// be resolved, and an address that others reach is a reverse proxy's.
bool listen_parse(struct listen_address *out, const char *text, char why[static LISTEN_WHY]);

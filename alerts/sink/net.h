// Receivers by name and port: the name service, and connections to any of a name's addresses. Private to alerts/sink/.
//
// getaddrinfo() reads /etc/{nsswitch.conf,hosts,resolv.conf,gai.conf,host.conf,services} each time, asks the kernel by a netlink
// socket which addresses it has, and loads libraries when it is first called: that is why names are asked for once before
// rights are given up. Without those rights later, the addresses from then are used.
#pragma once

#include <sys/socket.h>

#include "alerts/sink/wait.h"

enum { SINK_NET_ADDRESSES = 8, SINK_NET_WORDS = SINK_TEXT + 10 };

struct sink_net_address {
	socklen_t len;
	struct sockaddr_storage at;
};

struct sink_net_lookup;

struct sink_net {
	char host[SINK_TEXT + 1], port[8];
	char words[SINK_NET_WORDS];                     // "siem.example:6514", for people
	int kind;                                  // SOCK_STREAM or SOCK_DGRAM
	bool literal;                              // `host` is an address
	struct sink_net_address address[SINK_NET_ADDRESSES]; // newest answer that had any
	size_t n;
	struct sink_net_lookup *asking;                 // a question that was not answered in time
};

// Asks for the name a first time, no longer than some seconds. That it is not known now is trouble, no error.
void sink_net_prepare(struct sink_net *n, const char *host, uint16_t port, int kind);
void sink_net_destroy(struct sink_net *n);
// A connection, non-blocking: its descriptor, or -errno with env->why. The addresses in turn, of a new answer where one comes.
int sink_net_connect(struct sink_net *n, struct sink_wait *w, const struct sink_env *env);

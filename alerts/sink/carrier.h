// A connection of octets in order (TCP, TLS, unix stream), and the batch that is on its way over it. Private to alerts/sink/.
//
// A batch is over there when the other side's kernel has acknowledged its last octet (unix: when its process has read it) and
// the connection still stands then. Before that nothing of it counts, and on another connection all of it is sent again. A
// receiver that stands but takes nothing is trouble; its connection and what is on its way are kept meanwhile (carrier_park()), so
// that a long pause does not make it read everything twice.
//
// A connection that ends in any other way than by being closed in order may have taken octets with it that the other side's kernel
// had acknowledged and its process not read. So over TCP the last messages that counted are kept, and sent again then: with
// their old numbers, by which a receiver knows what it has.
#pragma once

#include <sys/types.h>

#include "alerts/sink/batch.h"
#include "alerts/sink/wait.h"

// Octets under a cipher. Both: -EAGAIN, having set *events to wait for; other errors with env->why.
struct carrier_cipher {
	ssize_t (*write)(void *ctx, const char *p, size_t len, short *events);
	int (*look)(void *ctx, short *events); // takes what the receiver sends; 0: nothing (more) there
	void *ctx;
};

struct carrier {
	const struct sink_env *env;
	const char *words;         // the receiver, for people
	const struct carrier_cipher *cipher; // NULL: none
	bool tcp;                  // else unix
	int fd;                    // -1: none
	struct sink_batch batch;
	struct sink_batch last;    // TCP: what counted before it
	size_t again;              // octets of `last` that are sent once more before the batch
	size_t written;            // octets of `last`, if again, and the batch together
	bool under_way, stuck;     // not all of it is over there; and nothing moves
	bool fresh;                // the connection had no batch yet
	unsigned brief;            // TCP connections in a row that the other side closed in order after one batch
	uint64_t epoch, seq;       // of its first message
	enum outbox_lane lane;
};

int carrier_open(struct carrier *c, const struct sink_env *env, const char *words, bool tcp);
void carrier_close(struct carrier *c);           // gives memory back

void carrier_connected(struct carrier *c, int fd);
// Ends the connection; what is on its way is taken back as far as possible.
void carrier_drop(struct carrier *c);
// As carrier_drop(), unless something is on its way and the receiver's machine answers: then it is kept, and true.
bool carrier_park(struct carrier *c);

// 0: it stands, as far as anybody can know. Else -errno with env->why.
int carrier_look(struct carrier *c);
// The batch that is on its way begins with this message: it is pushed on, as it is.
bool carrier_has(const struct carrier *c, const struct sink_message *first);
// It stands, and can begin with this message or go on with it. False: there is no connection, or none any more.
bool carrier_stands(struct carrier *c, const struct sink_message *first);
// The batch was filled; it begins with this message.
void carrier_begin(struct carrier *c, const struct sink_message *first);
// Sends what is left, waits until it is over there. 0, or -errno with env->why: after -ETIMEDOUT and -ECANCELED it may go on.
int carrier_push(struct carrier *c, struct sink_wait *w);

// Until nothing of a unix socket's is unread, or -errno.
int carrier_drain_unix(int fd, struct sink_wait *w);

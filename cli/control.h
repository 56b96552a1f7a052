// The control socket: one line of JSON asks, one line answers, then the connection ends. docs/control.md is the protocol.
//
//   {"v":1,"command":"status"}   {"v":1,"ok":true,"status":{...}}   {"v":1,"ok":false,"error":"..."}
//
// Commands: status, stats, reload, stop. Whoever may connect is decided by the socket's owner, group and mode (0660).
// The supervisor answers; it reads at most CONTROL_ASK_MAX octets and waits for nobody longer than a second.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "alerts/json.h"
#include "cli/board.h"

enum {
	CONTROL_ASK_MAX = 1024,
	CONTROL_ANSWER_MAX = 64 << 10, // a board with every port, worker and child it may have is half of that
	CONTROL_CLIENTS_MAX = 16,
	CONTROL_VERSION = 1,
};

// ---- the supervisor's side ----

struct control;

struct control_ops {
	// Writes the members of the answer (without "v" and "ok"). 0, or -errno with `why` set to static text.
	int (*status)(void *ctx, struct json *j, const char **why);
	int (*stats)(void *ctx, struct json *j, const char **why);
	int (*reload)(void *ctx, struct json *j, const char **why);
	int (*stop)(void *ctx, struct json *j, const char **why);
};

// Binds `path` (its directory is made, mode 0750, when missing; a socket that nobody answers on is replaced; one that
// somebody answers on is -EADDRINUSE). `group`: "none" or a group.
// Its owner is whoever this process is now: open it after becoming another user, or that one may not ask. -ENOENT: no such
// group; -EEXIST: there is something else than a socket.
int control_open(struct control **out, const char *path, const char *group, const struct control_ops *ops, void *ctx);
void control_close(struct control **c); // removes the socket, where that is still allowed
int control_fds(const struct control *c, int *fds, size_t max); // to poll for reading; how many
// Accepts, reads, answers; never blocks. To be called when one of the descriptors is readable, and at least four times a
// second, or whoever is slow keeps a place for longer.
void control_turn(struct control *c);

// The members "status" and "stats" of those answers, from the board alone.
void control_put_status(struct json *j, const struct board *b, const struct config *c);
void control_put_stats(struct json *j, const struct board *b);

// The member "reload" of its answer. `applied`, `restart`: keys with ", " between them, as reload_differences() has them.
// With errors the configuration is not valid, and nothing has changed.
void control_put_reload(struct json *j, const char *file, uint32_t generation, const char *applied, const char *restart,
                        const struct config_errors *errors);

// ---- the asking side ----

// Asks and waits at most five seconds. 0 and the answer (malloc, NUL-terminated, without its newline), or -errno:
// -ENOENT, -ECONNREFUSED nobody is there; -EACCES; -ETIMEDOUT; -EPROTO no whole answer.
int control_ask(const char *path, const char *command, char **answer);

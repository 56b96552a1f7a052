// The parent: starts the children, starts them again, answers whoever asks, reloads, ends. See supervisor.c.
#pragma once

#include "cli/control.h"
#include "cli/run.h"

struct kid {
	const char *name;
	int (*main)(struct run *r);
	bool wanted;             // exists in this configuration
	bool over;               // has ended for good
	pid_t pid;               // 0: not running
	uint64_t started_ns, died_ns; // monotonic; died_ns 0: not dead
	uint64_t again_ns;       // not started before
	bool ready;              // its restart was told
	bool was_ready;          // at least once: from then on it is started again whatever it says
	uint64_t blind_from_ns;  // monotonic: since when nobody did its work
	int status;              // of its last end
};

// What was told of the outbox or of an output.
struct delivery_seen {
	bool told;
	uint64_t since_ns;       // wall clock
	uint64_t gone, alerts_gone;
	char where[80], what[96];
};

struct supervisor {
	struct run *run;
	struct board *board;
	struct kid kid[CHILDREN];
	struct control *control;
	int signal_fd;
	bool stopping, cannot;
	uint64_t stop_ns;        // monotonic, when it began
	uint64_t clock_ns, fed_ns;
	bool clock_told;
	uint64_t delivery_ns;    // monotonic, looked at
	struct delivery_seen outbox, damage, unkept, sink[OUTBOX_SINKS];
	uint64_t again_ns;       // monotonic, an output that could not be prepared is tried again
	uint32_t again_s;        // pause before that; 0: there is none
	char answer[1024];       // of a reload
};

// supervisor_kids.c
void kids_init(struct supervisor *s);
void kids_start(struct supervisor *s);      // those that are wanted and may start now
void kids_start_keeper(struct supervisor *s);
void kids_reap(struct supervisor *s);       // after SIGCHLD
void kids_ready(struct supervisor *s);      // tells restarts that have come to work
void kids_hung(struct supervisor *s, uint64_t now_ns); // ends those that do not turn
bool kids_turning(const struct supervisor *s, uint64_t now_ns);
bool kids_all_gone(const struct supervisor *s);
void kids_kill(struct supervisor *s);

// supervisor_reload.c: 0 or -errno with `why`; adds members to the answer. `j` NULL: nobody listens.
int supervisor_reload(struct supervisor *s, struct json *j, const char **why);

// supervisor_delivery.c
void supervisor_look_at_delivery(struct supervisor *s, uint64_t now_ns);

// A word to the judge.
void supervisor_notice(struct supervisor *s, const struct message_sensor *m);

// `postwacht run`, between its files: run.c starts, supervisor.c keeps the children alive, one file a child.
//
// Each child is forked without exec, finds everything it needs in struct run, gives up its rights and works until
// board->stop. Its return value is its exit status.
#pragma once

#include <sys/types.h>

#include "cli/board.h"
#include "cli/command.h"
#include "cli/notify.h"

// Exit statuses of children that mean something to the supervisor.
enum run_status {
	RUN_ENDED = 0,      // asked to, or nothing will ever come again
	RUN_TROUBLE = 1,
	RUN_CANNOT = 3,     // it told why it cannot begin: at the first start the sensor ends, later it is tried again
};

struct run {
	struct board *board;
	struct config start;          // as it was at the start, for what is opened once
	const struct options *options;
	const char *config_path;      // of the file in use, or NULL
	const char *user;             // to become, or NULL
	char store[CONFIG_PATH_MAX + 1]; // directory of outbox and cursors: the state directory, or one that goes with the run
	bool passing;                 // it goes with the run
	struct notify notify;
	int scout_ask, scout_serve;   // two ends of a seqpacket pair; -1: nobody is asked
	pid_t supervisor;
	uint32_t watch_life;          // how often watch was started before
};

// The configuration in force: `start` with what `reload` may change.
const struct config *run_config(const struct run *r);

// What the command line says more strongly than any file. 0 or an exit code.
int run_override(struct config *c, const struct options *o);

// What a child may do, in words, for status; then its own exit status.
int watch_run(struct run *r);
int judging_run(struct run *r);
int scouting_run(struct run *r);
int keeper_run(struct run *r);
int courier_run(struct run *r);

// Writes what rights_drop() said of a child to the board.
void run_tell_rights(struct run *r, enum child child, const char *words);

// Digest of the configuration in force, to the board.
void run_tell_config(struct run *r);

// Forks, restarts, answers, until told to end. An exit code.
int supervisor_run(struct run *r);

void run_sleep_us(uint32_t us);

// One sink at work: from its cursor in the outbox to its receiver. A thread each, so that one that is slow holds nobody.
//
// What the receiver has, the cursor has passed. Whoever dies in between sends some records again: with the same numbers, the same
// link of the chain and the same id. What gave way before it could be sent, or cannot be written, leaves a hole in the numbers of
// exactly its size.
#pragma once

#include "alerts/sink/sink.h"

struct deliver_config {
	const struct sink_config *sink;    // borrowed
	const char *outbox_dir;
	const char *cursor_path;
	const char *host;                  // sensor.name
	const uint64_t *first;             // of each lane: where a sink that is new begins; looked at when the outbox is open. 0, NULL: behind
	                                   // what there is
	struct outbox_shared *outbox;      // read, but for its bell
	struct sink_shared *shared;        // written by the thread
	// Switches in shared memory.
	const bool *stop;                  // no receiver is waited for any longer
	const bool *leave;                 // ends after the batch in hand; whoever comes next goes on there
	const bool *outbox_done;           // nothing will be added
	const uint32_t *reopen;            // grows: files were renamed by somebody
};

struct deliver;

// Opens cursor and scratch, prepares the sink: before rights are given up. The outbox may not be open yet. 0 or -errno; told in the log.
int deliver_open(struct deliver **out, const struct deliver_config *c);
// Until stop or leave, in its own thread.
void deliver_run(struct deliver *d);
void deliver_close(struct deliver **d);

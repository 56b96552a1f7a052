// Messages of one hand-over, laid side by side as they go out, and where each ends. Private to alerts/sink/.
#pragma once

#include "alerts/sink/sink.h"

struct sink_batch {
	char *octets;
	size_t cap, used;
	size_t n, refused;        // messages taken in; of them, left out for good
	size_t end[SINK_BATCH];   // of octets, after each of them
};

int sink_batch_open(struct sink_batch *b, size_t cap);
void sink_batch_close(struct sink_batch *b);
void sink_batch_clear(struct sink_batch *b);

// One line and nothing else: what a receiver that looks for line ends takes for one message. Sinks are promised no control
// octets; one that came all the same would be two messages, so it is refused.
bool sink_one_line(const struct sink_message *m);

// Begins a message with room for `len` octets more: where they go. NULL: there is no room behind what is there already.
char *sink_batch_room(struct sink_batch *b, size_t len);
void sink_batch_put(struct sink_batch *b, size_t len); // that many were written there; the message is complete
// The message will never be taken.
void sink_batch_refuse(struct sink_batch *b);
// All that fit, each with a newline.
void sink_batch_lines(struct sink_batch *b, const struct sink_message *m, size_t n);
// How many messages are complete within the first `octets`.
size_t sink_batch_within(const struct sink_batch *b, size_t octets);
// Of the first `n` messages, how many were refused.
size_t sink_batch_refused(const struct sink_batch *b, size_t n);
// The messages of `from` behind those that are there; the oldest give way.
void sink_batch_append(struct sink_batch *b, const struct sink_batch *from);
